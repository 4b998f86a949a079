"""Which logs there are: a tenant has one for each stream, at a slot that is its own for ever."""

from hashlib import sha256

from tallystick.errors import ConflictError, NotFoundError
from tallystick.ledger.ports import SUPER_SLOT, Entropy, Log, Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_int, as_text, load
from tallystick.verify.super_origin import FIRST_SERIAL, super_origin

DEPLOYMENT_TENANT = 0
"""The tenant whose log (slot 0) holds what concerns the deployment itself."""

STREAMS = ("audit", "activity", "access")
"""The streams of a tenant; the last is written by the server alone."""

_LOGS = load("tallystick.ledger", "logs.sql")


class Logs:
    """Finds logs; a log never changes, so what was found once is kept."""

    def __init__(self, deployment: str) -> None:
        self.deployment = deployment
        self._known: dict[int, Log] = {}
        self._tenants: dict[int, dict[str, Log]] = {}

    def origin(self, log: Log) -> str:
        """Name a log as its checkpoints do: ``<deployment>/t/<slot>/<hex>``."""
        if log.slot >= SUPER_SLOT:
            return super_origin(self.deployment, log.slot - SUPER_SLOT + FIRST_SERIAL)
        return f"{self.deployment}/t/{log.slot}/{log.hex}"

    def at(self, snapshot: Snapshot, slot: int) -> Log:
        """Return the log at a slot.

        Raises:
            NotFoundError: No log stands there.
        """
        log = self._known.get(slot)
        if log is None:
            rows = snapshot.rows(_LOGS["by_slot"], slot=slot)
            if not rows:
                raise NotFoundError(f"log at slot {slot}: unknown")
            log = self._known[slot] = _log(rows[0])
        return log

    def by_hex(self, snapshot: Snapshot, name: str) -> Log:
        """Return the log with a public id of 32 hex digits.

        Raises:
            NotFoundError: There is none.
        """
        rows = snapshot.rows(_LOGS["by_hex"], hex=name)
        if not rows:
            raise NotFoundError(f"log {name!r}: unknown")
        return _log(rows[0])

    def of(self, snapshot: Snapshot, tenant: int) -> dict[str, Log]:
        """Return a tenant's logs by stream."""
        known = self._tenants.get(tenant)
        if not known:
            rows = snapshot.rows(_LOGS["of_tenant"], tenant=tenant)
            known = self._tenants[tenant] = {log.stream: log for log in map(_log, rows)}
        return known

    def stream(self, snapshot: Snapshot, tenant: int, stream: str) -> Log:
        """Return the log of one stream of a tenant.

        Raises:
            NotFoundError: There is no such tenant, or it has no such stream.
        """
        log = self.of(snapshot, tenant).get(stream)
        if log is None:
            raise NotFoundError(f"tenant {tenant}: no log of stream {stream!r}")
        return log

    def every(self, snapshot: Snapshot) -> list[Log]:
        """Return all logs but the super-logs, in order of slot."""
        logs = map(_log, snapshot.rows(_LOGS["all_logs"]))
        return [log for log in logs if log.slot < SUPER_SLOT]

    def every_super(self, snapshot: Snapshot) -> list[Log]:
        """Return the super-logs in their order; the last one is current."""
        return [_log(row) for row in snapshot.rows(_LOGS["super_logs"], first=SUPER_SLOT)]

    def create(self, tx: Transaction, entropy: Entropy, tenant: int, stream: str) -> Log:
        """Give a tenant's stream its log, at the next free slot.

        Raises:
            ConflictError: All slots are taken.
        """
        slot = as_int(tx.rows(_LOGS["next_slot"], limit=SUPER_SLOT)[0][0])
        if slot >= SUPER_SLOT:
            raise ConflictError(f"logs: all {SUPER_SLOT:,} slots are taken")
        log = Log(slot, entropy.draw(16).hex(), tenant, stream)
        self._add(tx, log)
        return log

    def create_super(self, tx: Transaction, entropy: Entropy) -> Log:
        """Create the log of the deployment's epochs."""
        log = Log(SUPER_SLOT, entropy.draw(16).hex(), DEPLOYMENT_TENANT, "super")
        self._add(tx, log)
        return log

    def create_next_super(self, tx: Transaction, serial: int) -> Log:
        """Create the super-log of a serial number, which follows another.

        Raises:
            ConflictError: It is not the next one.
        """
        slot = SUPER_SLOT + serial - FIRST_SERIAL
        newest = self.every_super(tx)[-1].slot
        if slot != newest + 1:
            raise ConflictError(f"super-log {serial}: the newest is at slot {newest}, want {slot}")
        # Its public id needs no chance: nobody is to be kept from it.
        name = sha256(super_origin(self.deployment, serial).encode()).hexdigest()[:32]
        log = Log(slot, name, DEPLOYMENT_TENANT, f"super/{serial}")
        self._add(tx, log)
        return log

    def _add(self, tx: Transaction, log: Log) -> None:
        row: dict[str, Value] = {
            "slot": log.slot,
            "hex": log.hex,
            "tenant": log.tenant,
            "stream": log.stream,
        }
        tx.execute(_LOGS["add_log"], [row])


def settled(snapshot: Snapshot, name: str) -> str | None:
    """Return a fact about the deployment, such as its ``origin``; None before it is settled."""
    rows = snapshot.rows(_LOGS["deployment"], name=name)
    return as_text(rows[0][0]) if rows else None


def settle(tx: Transaction, name: str, value: str) -> None:
    """Settle a fact about the deployment, once and for all."""
    tx.execute(_LOGS["add_deployment"], [{"name": name, "value": value}])


def sizes(snapshot: Snapshot) -> dict[int, tuple[int, bytes]]:
    """Return size and root of every log that has entries, by slot."""
    return {
        as_int(slot): (as_int(size), root if isinstance(root, bytes) else b"")
        for slot, size, root in snapshot.rows(_LOGS["heads"])
    }


def _log(row: Row) -> Log:
    slot, name, tenant, stream = row
    return Log(as_int(slot), as_text(name), as_int(tenant), as_text(stream))
