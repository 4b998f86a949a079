"""Make the control tables anew from the entries, and compare them with what stands there.

Who changes a grant, a retention class or a catalogue entry in its table alone is found here.
"""

from collections.abc import Iterator

from tallystick.access.projections import PROJECTIONS, TABLES
from tallystick.errors import TallystickError
from tallystick.ledger.ledger import LEDGER_DOOR, Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log, Row, Snapshot, Store, Transaction
from tallystick.verify.fsck import Finding, Verdict

_MARKS = tuple(f'"action":"{action}"'.encode() for action in PROJECTIONS)


def compare_tables(ledger: Ledger, snapshot: Snapshot, scratch: Store) -> Iterator[Finding]:
    """Replay every control entry into an empty store, and compare table by table.

    Args:
        ledger: The ledger.
        snapshot: The store as it is.
        scratch: An empty store with the same tables; it is written to.

    Yields:
        A finding for each row that differs, with the index of the entry that it claims to be of.
    """
    yield from _replay(ledger, snapshot, scratch)
    with scratch.read() as fresh:
        for table, query in TABLES.items():
            want, got = set(fresh.rows(query)), set(snapshot.rows(query))
            for row in sorted(want - got, key=repr):
                yield _finding(ledger, snapshot, table, row, "entries say")
            for row in sorted(got - want, key=repr):
                yield _finding(ledger, snapshot, table, row, "no entry says")


def _replay(ledger: Ledger, snapshot: Snapshot, scratch: Store) -> Iterator[Finding]:
    for log in ledger.logs.every(snapshot):
        if log.tenant != DEPLOYMENT_TENANT and log.stream == "activity":
            continue
        with scratch.write() as tx:
            for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size):
                if entry.leaf is None or not any(mark in entry.leaf for mark in _MARKS):
                    continue
                try:
                    _apply(ledger, snapshot, tx, log, entry)
                except TallystickError as error:
                    origin = ledger.logs.origin(log)
                    yield Finding(Verdict.TAMPERED, origin, entry.index, str(error))


def _apply(ledger: Ledger, snapshot: Snapshot, tx: Transaction, log: Log, entry: Entry) -> None:
    opened = ledger.reader.open(snapshot, log, entry)
    projection = PROJECTIONS.get(str(opened.event.get("action")))
    if projection is not None and _by_the_server(opened):
        projection(tx, log, entry.index, opened.event)


def _by_the_server(opened: Opened) -> bool:
    via = opened.event.get("via")
    return isinstance(via, dict) and via.get("door") == LEDGER_DOOR


def _finding(ledger: Ledger, snapshot: Snapshot, table: str, row: Row, who: str) -> Finding:
    *values, slot, index = row
    shown = ", ".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)
    try:
        origin = ledger.logs.origin(ledger.logs.at(snapshot, int(str(slot))))
    except (TallystickError, ValueError):
        origin = ledger.logs.deployment
    at = index if isinstance(index, int) else None
    return Finding(Verdict.TAMPERED, origin, at, f"table {table}: {who} ({shown})")
