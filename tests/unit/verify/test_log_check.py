"""Recomputing a log believes nothing that is stored beside the entries' own bytes."""

from hashlib import sha256

import pytest

from tallystick.verify.fsck import LogCheck, StoredEntry, Verdict

LEAVES = [b"first", b"second", b"third"]


def hashed(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def joined(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


HASHES = [hashed(leaf) for leaf in LEAVES]
ROOT = joined(joined(HASHES[0], HASHES[1]), HASHES[2])


def check(entries: list[StoredEntry], root: bytes = ROOT) -> list[tuple[Verdict, int | None]]:
    log = LogCheck("audit.example/t/1/00", 3, root, lambda *_: [])
    found = [*log.feed(entries), *log.finish()]
    return [(finding.verdict, finding.index) for finding in found]


def stored() -> list[StoredEntry]:
    return [StoredEntry(i, *pair) for i, pair in enumerate(zip(LEAVES, HASHES, strict=True))]


def test_a_log_that_is_as_it_was_written_has_no_finding() -> None:
    assert check(stored()) == []


@pytest.mark.parametrize("index", range(3))
def test_other_bytes_under_the_old_hash_are_found(index: int) -> None:
    entries = stored()
    entries[index] = entries[index]._replace(leaf=b"other")

    assert check(entries) == [(Verdict.TAMPERED, index)]


@pytest.mark.parametrize("index", range(3))
def test_a_pruned_entry_is_vouched_for_by_its_hash_and_the_root(index: int) -> None:
    entries = stored()
    entries[index] = entries[index]._replace(leaf=None)
    assert check(entries) == []

    entries[index] = entries[index]._replace(leaf_hash=hashed(b"other"))
    assert check(entries) == [(Verdict.TAMPERED, None)]


def test_other_bytes_with_a_hash_of_their_own_are_found_by_the_root() -> None:
    entries = stored()
    entries[1] = StoredEntry(1, b"other", hashed(b"other"))

    assert check(entries) == [(Verdict.TAMPERED, None)]


def test_a_tail_cut_off_is_found_by_the_size() -> None:
    assert check(stored()[:2]) == [(Verdict.INCOMPLETE, 2)]
