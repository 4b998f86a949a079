"""Erase a person: find what there is, record it, destroy the keys, and clean up behind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tallystick.access import listing
from tallystick.access.tenants import every_tenant
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger import erasure, rewrapping
from tallystick.ledger.erased import erased_refs
from tallystick.ledger.erasure import REF_BYTES, Erasure
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Place

_TARGETS = 600
"""Names in one erasure entry: 89 bytes each, of the 65,535 that an entry has room for."""

_AGAIN = "erased before; carried out again on a copy that was put back"

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
    logs, after it was put on the list of erasures beside the lock file. What follows (overwriting
    ciphertexts, wrapping keys anew, compacting the files) can be repeated, and is done first when
    somebody is erased after a crash, the same person included.

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
    _clean_up(ledger, tenant, progress)
    ledger.drivers.store.compact()


def _clean_up(ledger: Ledger, tenant: int, progress: Progress) -> None:
    drivers = ledger.drivers
    erasure.scrub(ledger.reader, tenant, lambda d, t: progress("overwrite", d, t))
    rewrapping.rewrap(
        drivers.store,
        drivers.keeper,
        drivers.entropy,
        tenant,
        lambda d, t: progress("wrap keys", d, t),
    )


def erase_again(
    ledger: Ledger,
    listed: Mapping[int, Sequence[str]],
    key_id: str,
    progress: Progress = lambda _step, _done, _total: None,
) -> None:
    """Carry out erasures that a copy of the store does not know of, before anybody reads it.

    Each is recorded anew in every log of its tenant, so that the missing keys are explained.
    Erasures that the copy has, but that were not finished, are finished.

    Args:
        ledger: The ledger of the copy.
        listed: Names from the list of erasures, by tenant.
        key_id: The credential that asks for it, or ``cli``.
        progress: Told how far each step is.
    """
    drivers = ledger.drivers
    for tenant, names in listed.items():
        targets = [("subject" if len(name) == 2 * REF_BYTES else "event", name) for name in names]
        with ledger.control() as control:
            for log in ledger.logs.of(control.tx, tenant).values():
                for start in range(0, len(targets), _TARGETS):
                    event = _event(ledger, targets[start : start + _TARGETS], _AGAIN)
                    control.record(log, event, key_id)
            erased = [bytes.fromhex(name) for name in names]
            erasure.destroy(control.tx, drivers.keeper, drivers.entropy, tenant, erased)
    with drivers.store.read() as snapshot:
        tenants = [tenant.number for tenant in every_tenant(snapshot)]
        ends = [it for it in tenants if rewrapping.is_unfinished(snapshot, drivers.keeper, it)]
        ever = any(erased_refs(snapshot, tenant) for tenant in tenants)
    for tenant in ends:
        _clean_up(ledger, tenant, progress)
    if ever:
        drivers.store.compact()


def _record(ledger: Ledger, found: Erasure, reason: str, key_id: str) -> dict[str, Place]:
    drivers = ledger.drivers
    places: dict[str, Place] = {}
    with ledger.control() as control:
        erasure.look_again(ledger.reader, control.tx, found)
        if not erasure.still_there(control.tx, found):
            raise NotFoundError("subject: erased in the meantime")
        names = found.names
        listing.append(ledger, control.tx, found.tenant, [name for _, name in names])
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
