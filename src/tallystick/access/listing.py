"""The list of erasures: filled as people are erased, and compared with the log.

It stands apart from the store, so that a copy of the store that is put back can be made to forget
what was erased since. An erasure is listed before it is committed: a crash in between leaves a
name too many on the list, never one too few.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from tallystick.access.tenants import every_tenant
from tallystick.errors import PushbackError, VerificationError
from tallystick.ledger.erased import erased_refs
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import ErasureList, Listed, Snapshot, Transaction
from tallystick.ledger.published import records_published

_NAMES = 600


@dataclass(frozen=True, slots=True)
class Difference:
    """How the list differs from a store.

    Attributes:
        only_listed: What the list names and no erasure entry of the store does, by tenant.
        only_recorded: How many names erasure entries of the store have and the list has not.
        erased_after: The largest super-log that the list has seen published.
    """

    only_listed: dict[int, list[str]]
    only_recorded: int
    erased_after: int


def append(ledger: Ledger, tx: Transaction, tenant: int, names: Sequence[str]) -> None:
    """Put an erasure on the list, in the transaction that is about to record it.

    Raises:
        PushbackError: The list can't be written; nothing must be erased then.
    """
    if ledger.drivers.erasures is not None:
        ledger.drivers.erasures.append(list(_lines(ledger, tx, tenant, names)))


def begin(ledger: Ledger) -> None:
    """Make the list where there is none, from the erasure entries that the store has.

    Once it is there, even without a line, a list that is missing means that it was lost. Where
    it can't be written now, the next start tries again.
    """
    erasures, store = ledger.drivers.erasures, ledger.drivers.store
    if erasures is None or erasures.exists():
        return
    with suppress(PushbackError), store.write() as tx:  # in its turn: of two processes, one does
        if not erasures.exists():
            named = {tenant: sorted(names) for tenant, names in _recorded(tx).items()}
            pages = (_lines(ledger, tx, tenant, names) for tenant, names in named.items())
            erasures.append([*chain.from_iterable(pages)])


def compare(ledger: Ledger, snapshot: Snapshot, erasures: ErasureList) -> Difference:
    """Compare the list with the erasure entries of a store.

    Raises:
        VerificationError: The list was changed, or is of another deployment.
    """
    recorded = _recorded(snapshot)
    listed: dict[int, dict[str, None]] = {}
    erased_after = 0
    for line in erasures.read():
        erased_after = max(erased_after, line.erased_after)
        if line.tenant not in recorded:
            continue  # a tenant that is younger than this store: nobody of theirs is in it
        own = {log.hex for log in ledger.logs.of(snapshot, line.tenant).values()}
        if own.isdisjoint(line.logs):
            raise VerificationError(
                f"erasure list: tenant {line.tenant} has other logs than here,"
                " want the list of this deployment"
            )
        listed.setdefault(line.tenant, {}).update(dict.fromkeys(line.names))
    only_listed = {
        tenant: [name for name in names if name not in recorded[tenant]]
        for tenant, names in listed.items()
    }
    only_recorded = sum(
        len(names.difference(listed.get(tenant, ()))) for tenant, names in recorded.items()
    )
    missing = {tenant: names for tenant, names in only_listed.items() if names}
    return Difference(missing, only_recorded, erased_after)


def _recorded(snapshot: Snapshot) -> dict[int, frozenset[str]]:
    return {
        tenant.number: erased_refs(snapshot, tenant.number) for tenant in every_tenant(snapshot)
    }


def _lines(
    ledger: Ledger, snapshot: Snapshot, tenant: int, names: Sequence[str]
) -> Iterator[Listed]:
    logs = sorted(log.hex for log in ledger.logs.of(snapshot, tenant).values())
    published = records_published(snapshot)
    for start in range(0, len(names), _NAMES):
        page = names[start : start + _NAMES]
        yield Listed(tenant, logs, page, published)
