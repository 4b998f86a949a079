"""Erase a person: find what there is, record it, destroy the keys, and clean up behind."""

from collections.abc import Callable
from dataclasses import dataclass

from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger import erasure, rewrapping
from tallystick.ledger.erasure import Erasure
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Place

_TARGETS = 600
"""Names in one erasure entry: 89 bytes each, of the 65,535 that an entry has room for."""

Progress = Callable[[str, int, int], None]
"""(step, done, in all)"""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure covers, or covered.

    Attributes:
        ref: The person's ref, 32 hex digits; it names nobody any more.
        entries: Entries in which values of the person are sealed.
        mentions: Events whose free values mention the person, swept as well.
        places: Where the erasure entries stand, by stream; empty for a dry run.
    """

    ref: str
    entries: int
    mentions: int
    places: dict[str, Place]


def erase(
    ledger: Ledger,
    tenant: int,
    person: str,
    reason: str,
    key_id: str,
    *,
    dry_run: bool = False,
    progress: Progress = lambda _step, _done, _total: None,
) -> Erased:
    """Erase a person from a tenant's logs; every hash, proof and checkpoint stays valid.

    The keys are destroyed in the transaction that records the erasure in each of the tenant's
    logs. What follows (overwriting ciphertexts, wrapping keys anew, compacting the files) can be
    repeated, and is done first when somebody is erased after a crash, the same person included.

    Args:
        ledger: The ledger.
        tenant: Number of the tenant.
        person: The person's id, as events name it.
        reason: Why; kept sealed in the erasure entry.
        key_id: The credential that asks for it, or ``cli``.
        dry_run: Only find what there is.
        progress: Told how far each step is.

    Raises:
        NotFoundError: The logs know no such person, or have erased them already.
        MalformedError: No reason is given.
    """
    if not reason.strip():
        raise MalformedError("erasure: no reason, want one for the record", path="/reason")
    drivers = ledger.drivers
    with drivers.store.read() as snapshot:
        unfinished = rewrapping.is_unfinished(snapshot, drivers.keeper, tenant)
    if unfinished and not dry_run:
        finish(ledger, tenant, progress)
    with drivers.store.read() as snapshot:
        found = erasure.survey(
            ledger.reader, snapshot, tenant, person, lambda d, t: progress("survey", d, t)
        )
    if dry_run:
        return _summary(found, {})
    places = _record(ledger, found, reason, key_id)
    finish(ledger, tenant, progress)
    return _summary(found, places)


def finish(ledger: Ledger, tenant: int, progress: Progress) -> None:
    """Clean up behind the recorded erasures of a tenant; may be repeated."""
    drivers = ledger.drivers
    erasure.scrub(ledger.reader, tenant, lambda d, t: progress("overwrite", d, t))
    rewrapping.rewrap(
        drivers.store,
        drivers.keeper,
        drivers.entropy,
        tenant,
        lambda d, t: progress("wrap keys", d, t),
    )
    drivers.store.compact()


def _record(ledger: Ledger, found: Erasure, reason: str, key_id: str) -> dict[str, Place]:
    drivers = ledger.drivers
    places: dict[str, Place] = {}
    with ledger.control() as control:
        erasure.look_again(ledger.reader, control.tx, found)
        if not erasure.still_there(control.tx, found):
            raise NotFoundError("subject: erased in the meantime")
        names = found.names
        for stream, log in ledger.logs.of(control.tx, found.tenant).items():
            for start in range(0, len(names), _TARGETS):
                event = _event(ledger, names[start : start + _TARGETS], reason)
                outcome = control.record(log, event, key_id)
                places.setdefault(stream, Place(log.slot, outcome.index))
        erasure.carry_out(control.tx, drivers.keeper, drivers.entropy, found)
    return places


def _event(ledger: Ledger, names: list[tuple[str, str]], reason: str) -> dict[str, object]:
    return {
        "action": "subject.erased",
        "occurred_at": time_text(ledger.drivers.clock.now()),
        "actor": {"type": "system"},
        "outcome": "success",
        "targets": [{"type": kind, "id": name} for kind, name in names],
        "reason": {"text": reason},
    }


def _summary(found: Erasure, places: dict[str, Place]) -> Erased:
    return Erased(found.subject.ref_text, len(found.entries), len(found.mentions), places)
