"""What a store promises."""

import multiprocessing
import threading
import time
from itertools import groupby

import pytest

from kit.stores import (
    LOG,
    Site,
    an_entry,
    entries,
    grow,
    grow_in_turn,
    stay_inside_a_write,
)
from tallystick.errors import ForbiddenError, TallystickError
from tallystick.ledger.ports import Query, Store

SPAWN = multiprocessing.get_context("spawn")
ADD_FACT = Query("INSERT INTO deployment (name, value) VALUES (:name, :value)")


class InterruptedHereError(Exception):
    """Raised by a test inside a block."""


def write_and_be_interrupted(store: Store) -> None:
    """Do a bit of everything in a block that ends by an exception."""
    with store.write() as tx:
        grow(tx, LOG, 300)
        tx.scrub(LOG.slot, 0, None)
        tx.execute(ADD_FACT, [{"name": "a", "value": "b"}])
        raise InterruptedHereError


def read_and_be_interrupted(store: Store) -> None:
    """Leave a stream and the block by an exception."""
    with store.read() as snapshot:
        next(snapshot.entries(LOG.slot, 0, 1), None)
        raise InterruptedHereError


def size(store: Store) -> int:
    """Return the size of the log, by its head."""
    with store.read() as snapshot:
        return snapshot.head(LOG.slot).size


def test_what_a_block_wrote_is_there_when_the_store_is_opened_again(site: Site) -> None:
    with site.opened() as store, store.write() as tx:
        grow(tx, LOG, 5)

    with site.opened() as store, store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 9)) == entries(LOG, 0, 5)


def test_when_a_block_ends_by_an_exception_nothing_has_changed(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 2)

    with pytest.raises(InterruptedHereError):
        write_and_be_interrupted(store)

    with store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 999)) == entries(LOG, 0, 2)
        assert snapshot.head(LOG.slot).size == 2
        assert snapshot.rows(Query("SELECT name FROM deployment")) == []


def test_the_next_block_proceeds_after_one_that_ended_by_an_exception(store: Store) -> None:
    with pytest.raises(InterruptedHereError):
        write_and_be_interrupted(store)

    with store.write() as tx:
        grow(tx, LOG, 1)

    assert size(store) == 1


def test_an_open_snapshot_blocks_no_writer(store: Store) -> None:
    with store.read() as snapshot:
        for _ in range(3):
            with store.write() as tx:
                grow(tx, LOG, 1)
        assert snapshot.head(LOG.slot).size == 0

    assert size(store) == 3


def test_a_snapshot_opens_while_a_writer_writes(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 3)
        assert size(store) == 0

    assert size(store) == 3


def test_a_snapshot_outlives_an_error_in_its_block(store: Store) -> None:
    for _ in range(20):
        with pytest.raises(InterruptedHereError):
            read_and_be_interrupted(store)
    with store.write() as tx:
        grow(tx, LOG, 1)

    assert size(store) == 1


def test_a_second_thread_enters_only_when_the_first_block_has_ended(store: Store) -> None:
    order = list[str]()

    def second() -> None:
        with store.write() as tx:
            order.append("second enters")
            grow(tx, LOG, 1)

    thread = threading.Thread(target=second)
    with store.write() as tx:
        thread.start()
        grow(tx, LOG, 1)
        thread.join(0.3)
        order.append("first ends")
    thread.join()

    assert order == ["first ends", "second enters"]
    assert size(store) == 2


def test_threads_write_in_turn_and_none_loses(store: Store) -> None:
    def work() -> None:
        for _ in range(20):
            with store.write() as tx:
                grow(tx, LOG, 3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 999)) == entries(LOG, 0, 240)
        assert len(snapshot.journal(0, 999)) == 80


def test_two_processes_write_in_turn_and_never_interleave_or_lose(site: Site, store: Store) -> None:
    commits, each = 40, 7
    marks = [b"left", b"right"]
    workers = [
        SPAWN.Process(target=grow_in_turn, args=(site, commits, each, mark)) for mark in marks
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)

    assert [worker.exitcode for worker in workers] == [0, 0]
    with store.read() as snapshot:
        stored = list(snapshot.entries(LOG.slot, 0, 9_999))
        extents = [(extent.start, extent.end) for extent in snapshot.journal(0, 9_999)]
    total = 2 * commits * each
    assert [entry.index for entry in stored] == list(range(total))
    assert extents == [(start, start + each) for start in range(0, total, each)]
    for mark in marks:
        assert sum(entry.leaf == mark for entry in stored) == commits * each
    runs = [len(list(run)) for _, run in groupby(stored, key=lambda entry: entry.leaf)]
    assert all(run % each == 0 for run in runs)


def test_a_killed_writer_leaves_nothing_and_the_next_one_proceeds(site: Site, store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 2)
    here, there = SPAWN.Pipe()
    worker = SPAWN.Process(target=stay_inside_a_write, args=(site, there))
    worker.start()
    assert here.poll(60)
    assert here.recv() == "appended"

    worker.kill()
    worker.join(60)

    assert worker.exitcode == -9
    assert size(store) == 2
    began = time.monotonic()
    with store.write() as tx:
        grow(tx, LOG, 1)
    assert time.monotonic() - began < 5
    with store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 999)) == entries(LOG, 0, 3)


def test_what_was_scrubbed_is_gone_from_the_disk_after_compaction(site: Site, store: Store) -> None:
    secret = [b"secret-%d-of-somebody" % index for index in range(400)]
    neighbours = [LOG.__class__(slot, f"{slot:032x}", slot, "audit") for slot in range(1, 9)]
    # Logs that grow in turn split pages in the middle, which copies rows about.
    for start in range(0, 400, 20):
        for log in neighbours:
            with store.write() as tx:
                new = [
                    an_entry(log, index, disclosure=secret[index] + bytes(index))
                    for index in range(start, start + 20)
                ]
                size = start + 20
                tx.append(log, new, tx.head(log.slot)._replace(size=size), [])
    assert secret[200] in site.stored_bytes()

    with store.write() as tx:
        for log in neighbours:
            for index in range(400):
                tx.scrub(log.slot, index, None)
    store.compact()

    data = site.stored_bytes()
    assert [value for value in secret if value in data] == []
    with store.read() as snapshot:
        assert snapshot.head(LOG.slot).size == 400
        assert all(entry.disclosure is None for entry in snapshot.entries(LOG.slot, 0, 400))


def test_a_deleted_row_is_gone_from_the_disk_after_compaction(site: Site, store: Store) -> None:
    with store.write() as tx:
        tx.execute(ADD_FACT, [{"name": "wrapped", "value": "key-of-somebody"}])
    assert b"key-of-somebody" in site.stored_bytes()

    with store.write() as tx:
        tx.execute(Query("DELETE FROM deployment WHERE name = :name"), [{"name": "wrapped"}])
    store.compact()

    assert b"key-of-somebody" not in site.stored_bytes()


def test_a_store_opened_for_reading_shows_what_others_write(site: Site, store: Store) -> None:
    with site.opened(read_only=True) as reader:
        with store.write() as tx:
            grow(tx, LOG, 4)

        assert size(reader) == 4


def test_a_store_opened_for_reading_refuses_to_write(site: Site, store: Store) -> None:
    with site.opened(read_only=True) as reader:
        with pytest.raises(ForbiddenError, match="open for reading"), reader.write() as tx:
            grow(tx, LOG, 1)
        with pytest.raises(ForbiddenError):
            reader.compact()

    assert size(store) == 0


def test_opening_for_reading_makes_no_store(site: Site) -> None:
    with pytest.raises(TallystickError):
        site.open(read_only=True)

    assert site.stored_bytes() == b""


def test_closing_twice_does_no_harm(site: Site) -> None:
    store = site.open()
    store.close()
    store.close()

    with site.opened() as again:
        assert size(again) == 0
