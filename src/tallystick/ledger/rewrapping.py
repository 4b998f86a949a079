"""After an erasure every subject key of the tenant is wrapped anew, and the old tenant key goes.

A stored copy of the old subject table then opens nothing, once the epoch key of its time is
destroyed. The work is done in pages; until it is finished both tenant keys live.
"""

from collections.abc import Callable

from tallystick.ledger import tenant_keys
from tallystick.ledger.ports import Entropy, KeyKeeper, Snapshot, Store, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int
from tallystick.ledger.tenant_keys import SUBJECTS, subject_context, survivor_context

_PAGE = 2_000

Progress = Callable[[int, int], None]
"""(keys done, keys so far)"""


def is_unfinished(snapshot: Snapshot, keeper: KeyKeeper, tenant: int) -> bool:
    """Whether an erasure was recorded but not cleaned up behind: an old tenant key still lives."""
    return len(tenant_keys.open_keys(snapshot, keeper, tenant).ciphers) > 1


def rewrap(
    store: Store, keeper: KeyKeeper, entropy: Entropy, tenant: int, progress: Progress
) -> None:
    """Wrap every subject key of a tenant under its newest key, then destroy the older ones."""
    done = 0
    while True:
        with store.write() as tx:
            keys = tenant_keys.open_keys(tx, keeper, tenant)
            moved = _rewrap_page(tx, keys, entropy)
            if not moved:
                tenant_keys.destroy_old(tx, tenant, keys.generation)
                tx.execute(SUBJECTS["bump_state"], [{"tenant": tenant}])
                return
        done += moved
        progress(done, done)


def _rewrap_page(tx: Transaction, keys: tenant_keys.TenantKeys, entropy: Entropy) -> int:
    page: dict[str, Value] = {
        "tenant": keys.tenant,
        "generation": keys.generation,
        "limit": _PAGE,
    }
    people: list[dict[str, Value]] = []
    for ref, lookup, wrapped, generation in tx.rows(SUBJECTS["stale_subjects"], **page):
        name = as_bytes(ref)
        found = None if lookup is None else as_bytes(lookup)
        context = subject_context(keys.tenant, name, found)
        key = keys.unwrap(as_bytes(wrapped), as_int(generation), context)
        people.append(_anew(keys, entropy, key, context) | {"ref": name})
    events: list[dict[str, Value]] = []
    for ref, event_id, wrapped, generation in tx.rows(SUBJECTS["stale_survivors"], **page):
        context = survivor_context(keys.tenant, as_bytes(ref), as_bytes(event_id))
        key = keys.unwrap(as_bytes(wrapped), as_int(generation), context)
        events.append(_anew(keys, entropy, key, context) | {"ref": ref, "event_id": event_id})
    tx.execute(SUBJECTS["rewrap_subject"], people)
    tx.execute(SUBJECTS["rewrap_survivor"], events)
    return len(people) + len(events)


def _anew(
    keys: tenant_keys.TenantKeys, entropy: Entropy, key: bytes, context: bytes
) -> dict[str, Value]:
    return {
        "tenant": keys.tenant,
        "generation": keys.generation,
        "wrapped": keys.wrap(key, context, entropy.draw(12)),
    }
