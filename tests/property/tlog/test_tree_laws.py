from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit.rfc6962 import mth, path, proof, subtrees_of
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.proof import (
    consistency_proof,
    inclusion_proof,
    root_from_inclusion,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tallystick.tlog.tree import Frontier, row_root, subtree_root

MOST = 130
NUMBERED = [b"entry %d" % index for index in range(MOST)]
ROOTS = [mth(NUMBERED[:size]) for size in range(MOST + 1)]
READ = subtrees_of(NUMBERED)

entries = st.lists(st.binary(max_size=3), max_size=70)
some_entries = st.lists(st.binary(max_size=3), min_size=1, max_size=70)


@st.composite
def places(draw: st.DrawFn) -> tuple[list[bytes], int]:
    log = draw(some_entries)
    return log, draw(st.integers(0, len(log) - 1))


def flip(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data))


@given(entries)
def test_a_frontier_has_the_root_that_the_rfc_defines(log: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in log]

    assert Frontier().extend(leaves).root() == mth(log)
    assert subtree_root(leaves) == mth(log)


@given(st.integers(0, 6), st.data())
def test_a_complete_row_has_the_root_that_the_rfc_defines(height: int, data: st.DataObject) -> None:
    count = 1 << height
    log = data.draw(st.lists(st.binary(max_size=3), min_size=count, max_size=count))

    assert row_root(b"".join([leaf_hash(entry) for entry in log])) == mth(log)


@given(entries, st.data())
def test_a_log_has_one_root_however_its_entries_are_batched(
    log: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(entry) for entry in log]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=9)))
    frontier = Frontier()

    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        frontier = frontier.extend(leaves[start:end])

    assert frontier == Frontier().extend(leaves)
    assert (frontier.size, frontier.root()) == (len(log), mth(log))


@given(entries)
def test_a_frontier_that_was_stored_is_the_same(log: list[bytes]) -> None:
    frontier = Frontier().extend([leaf_hash(entry) for entry in log])

    assert Frontier.decode(len(log), frontier.encode()) == frontier
    assert len(frontier.encode()) == 32 * f"{len(log):b}".count("1")


@given(places())
def test_an_inclusion_proof_is_the_path_that_the_rfc_defines(
    place: tuple[list[bytes], int],
) -> None:
    log, index = place

    assert inclusion_proof(index, len(log), subtrees_of(log)) == path(index, log)


@given(places())
def test_every_entry_is_provable(place: tuple[list[bytes], int]) -> None:
    log, index = place
    proved = inclusion_proof(index, len(log), subtrees_of(log))

    verify_inclusion(leaf_hash(log[index]), index, len(log), proved, mth(log))


@given(places(), st.binary(max_size=3))
def test_a_changed_entry_is_never_provable(place: tuple[list[bytes], int], other: bytes) -> None:
    log, index = place
    assume(other != log[index])

    with pytest.raises(VerificationError, match="leads to root"):
        verify_inclusion(leaf_hash(other), index, len(log), path(index, log), mth(log))


@given(st.integers(1, MOST), st.data())
def test_an_entry_is_never_provable_at_another_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-2, size + 2).filter(lambda drawn: drawn != index))

    with pytest.raises((MalformedError, VerificationError)):
        verify_inclusion(
            leaf_hash(NUMBERED[index]), other, size, path(index, NUMBERED[:size]), ROOTS[size]
        )


@given(st.integers(1, MOST), st.data())
def test_a_path_leads_to_the_root_of_no_other_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, MOST).filter(lambda drawn: drawn != size))

    with pytest.raises((MalformedError, VerificationError)):
        verify_inclusion(
            leaf_hash(NUMBERED[index]), index, other, path(index, NUMBERED[:size]), ROOTS[other]
        )


@given(st.integers(2, MOST), st.data())
def test_one_flipped_bit_breaks_an_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    parts = [leaf_hash(NUMBERED[index]), ROOTS[size], *path(index, NUMBERED[:size])]
    part = data.draw(st.integers(0, len(parts) - 1))

    parts[part] = flip(parts[part], data.draw(st.integers(0, 255)))

    with pytest.raises(VerificationError, match="leads to root"):
        verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(places(), st.binary(min_size=32, max_size=32))
def test_a_path_of_another_length_is_malformed(place: tuple[list[bytes], int], more: bytes) -> None:
    log, index = place
    proved = path(index, log)

    for wrong in ([*proved, more], *([proved[:-1], proved[1:]] if proved else [])):
        with pytest.raises(MalformedError, match=f"{len(wrong)} hashes, want {len(proved)}"):
            root_from_inclusion(leaf_hash(log[index]), index, len(log), wrong)


@pytest.mark.parametrize("old", range(MOST + 1))
def test_every_later_tree_provably_extends_this_one(old: int) -> None:
    for new in range(old, MOST + 1):
        proved = consistency_proof(old, new, READ)

        verify_consistency(old, new, proved, ROOTS[old], ROOTS[new])


@given(st.integers(1, MOST - 1), st.data())
def test_a_consistency_proof_is_the_one_that_the_rfc_defines(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old + 1, MOST))

    assert consistency_proof(old, new, READ) == proof(old, NUMBERED[:new])


@given(st.integers(1, MOST - 1), st.data())
def test_one_flipped_bit_breaks_a_consistency_proof(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old + 1, MOST))
    parts = [ROOTS[old], ROOTS[new], *proof(old, NUMBERED[:new])]
    part = data.draw(st.integers(0, len(parts) - 1))

    parts[part] = flip(parts[part], data.draw(st.integers(0, 255)))

    with pytest.raises(VerificationError, match=r"leads to (older|newer) root"):
        verify_consistency(old, new, parts[2:], parts[0], parts[1])


@given(st.integers(2, MOST - 1), st.data())
def test_a_rewritten_entry_makes_a_tree_that_extends_no_older_one(
    old: int, data: st.DataObject
) -> None:
    new = data.draw(st.integers(old, MOST))
    rewritten = data.draw(st.integers(0, old - 1))
    forged = [*NUMBERED[:rewritten], b"forged", *NUMBERED[rewritten + 1 : new]]
    proved = proof(old, forged)

    with pytest.raises(VerificationError):
        verify_consistency(old, new, proved, ROOTS[old], mth(forged))


@given(st.integers(1, MOST), st.data())
def test_a_consistency_proof_of_another_length_is_malformed(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old, MOST))
    proved = proof(old, NUMBERED[:new])

    for wrong in ([*proved, ROOTS[1]], *([proved[:-1], []] if proved else [])):
        with pytest.raises(MalformedError, match=f"{len(wrong)} hashes, want {len(proved)}"):
            verify_consistency(old, new, wrong, ROOTS[old], ROOTS[new])


@given(st.integers(0, MOST))
def test_the_root_of_every_earlier_size_can_be_read(size: int) -> None:
    assert tree_root(size, READ) == ROOTS[size]


@given(places(), st.data())
def test_hashes_are_asked_for_all_at_once(
    place: tuple[list[bytes], int], data: st.DataObject
) -> None:
    log, index = place
    old = data.draw(st.integers(0, len(log)))
    asked: list[Sequence[tuple[int, int]]] = []

    def read(wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        asked.append(wanted)
        return subtrees_of(log)(wanted)

    inclusion_proof(index, len(log), read)
    consistency_proof(old, len(log), read)

    assert len(asked) <= 2
    assert all(asked)
