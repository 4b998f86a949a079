"""What the lock promises: one cell that is compared and swapped."""

import threading

import pytest

from tallystick.errors import ConflictError
from tallystick.ledger.ports import Lock


def test_before_the_first_note_there_is_none(lock: Lock) -> None:
    assert lock.fetch() is None


def test_the_last_note_is_fetched_byte_for_byte(lock: Lock) -> None:
    lock.replace(None, "audit.example\n1\nroot=\n")
    lock.replace("audit.example\n1\nroot=\n", "audit.example\n2\r\n\n— ключ\n")

    assert lock.fetch() == "audit.example\n2\r\n\n— ключ\n"


@pytest.mark.parametrize("old", [None, "another", "note\n"])
def test_it_swaps_only_what_is_expected(lock: Lock, old: str | None) -> None:
    lock.replace(None, "note")

    with pytest.raises(ConflictError):
        lock.replace(old, "new")

    assert lock.fetch() == "note"


def test_a_first_note_expected_where_there_is_none_is_refused(lock: Lock) -> None:
    with pytest.raises(ConflictError, match="no note"):
        lock.replace("note", "new")

    assert lock.fetch() is None


def test_of_two_publishers_that_swap_the_same_note_one_wins(lock: Lock) -> None:
    lock.replace(None, "0")
    barrier, results = threading.Barrier(8), list[str]()

    def publish(name: str) -> None:
        barrier.wait()
        try:
            lock.replace("0", name)
        except ConflictError:
            return
        results.append(name)

    threads = [threading.Thread(target=publish, args=(str(n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 1
    assert lock.fetch() == results[0]
