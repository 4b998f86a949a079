"""Inclusion proofs from a big log.

The log is made without sealing: leaves of 8 bytes, which count, are hashed and integrated, and
put into the store by the same ``append`` as any entry, 65,536 in a transaction. A proof reads
tiles, never leaves, so that it can't tell such a log from one of real entries; only the file is
smaller, which the machine's page cache likes.
"""

from collections.abc import Iterator
from random import Random  # noqa: TID251 (seeded: the same indexes each time)
from time import perf_counter

from bench.deployment import checkpoint, new_tenant, scratch_folder, temporary_house
from bench.figure import Better, Figure
from bench.reference import around
from tallystick.ledger.ports import Entry, Log
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.proof import verify_inclusion
from tallystick.wiring import House

_GROUP = 65_536
_PROOFS = 2_000


def proofs(size: int) -> list[Figure]:
    """Measure proofs of entries drawn by chance, each in a snapshot of its own."""
    with scratch_folder() as data, temporary_house(data) as house:
        log = big_log(house, new_tenant(house), size)
        house.publisher.publish()
        checkpoint(house)
        with around() as reference:
            waits = sorted(_prove(house, log, size))
    p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    return [
        Figure(
            "inclusion proof, p99",
            p99 * 1_000,
            "ms",
            p99 / reference.batch_s,
            Better.LESS,
            budget=2,
            note=f"{_PROOFS:,} proofs at {size:,} entries; p50 {p50 * 1_000:.2f} ms",
        )
    ]


def big_log(house: House, tenant: int, size: int) -> Log:
    """Fill the tenant's audit log up to ``size`` entries."""
    ledger = house.ledger
    with ledger.drivers.store.read() as snapshot:
        log = ledger.logs.stream(snapshot, tenant, "audit")
        done = snapshot.head(log.slot).size
    while done < size:
        end = min(size, done + _GROUP)
        with ledger.drivers.store.write() as tx:
            entries = [_entry(index) for index in range(done, end)]
            now = ledger.drivers.clock.now()
            ledger.integrator.append_entries(tx, log, tx.head(log.slot), entries, now)
        checkpoint(house)
        done = end
    return log


def _entry(index: int) -> Entry:
    leaf = index.to_bytes(8, "big")
    return Entry(index, index.to_bytes(16, "big"), leaf, leaf_hash(leaf), None)


def _prove(house: House, log: Log, size: int) -> Iterator[float]:
    """Yield seconds for each proof; that they are right is checked outside the time."""
    ledger, chance = house.ledger, Random(1)  # noqa: S311 (no secret)
    for _ in range(_PROOFS):
        index = chance.randrange(1, size)
        started = perf_counter()
        with ledger.drivers.store.read() as snapshot:
            proof = ledger.reader.inclusion(snapshot, log.slot, index, size)
        yield perf_counter() - started
        with ledger.drivers.store.read() as snapshot:
            root = snapshot.head(log.slot).root
            (hashed,) = snapshot.leaf_hashes(log.slot, index, index + 1)
        verify_inclusion(hashed, index, size, proof, root)
