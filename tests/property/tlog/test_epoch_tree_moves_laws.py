"""A tree of heads can go back to fewer slots, and be copied."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from kit.rfc6962 import mth, path
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.epoch_tree import EpochTree

Head = tuple[str, int, bytes]
sizes = st.lists(st.integers(0, 2**40), max_size=70)


def head(slot: int, size: int) -> Head:
    return f"audit.example/t/{slot}/{'0' * 32}", size, sha256(b"%d" % size).digest()


def leaves(wanted: list[int]) -> list[bytes]:
    heads = (head(slot, size) for slot, size in enumerate(wanted))
    return [Checkpoint(*one).format().encode() for one in heads]


def tree_of(wanted: list[int]) -> EpochTree:
    tree = EpochTree()
    tree.update({slot: head(slot, size) for slot, size in enumerate(wanted)})
    return tree


def same(tree: EpochTree, wanted: list[int]) -> bool:
    heads = leaves(wanted)
    paths = [path(slot, heads) for slot in range(len(heads))]
    told = [tree.path(slot) for slot in range(tree.slots)]
    return (tree.slots, tree.root(), told) == (len(wanted), mth(heads), paths)


@given(sizes, st.integers(0, 80))
def test_a_tree_that_was_cut_is_the_tree_of_the_slots_that_are_left(
    wanted: list[int], slots: int
) -> None:
    tree = tree_of(wanted)
    tree.cut(slots)

    assert same(tree, wanted[:slots])


@given(sizes, st.integers(0, 80), sizes)
def test_a_tree_grows_again_after_it_was_cut(
    wanted: list[int], slots: int, more: list[int]
) -> None:
    tree = tree_of(wanted)
    tree.cut(slots)
    left = wanted[:slots]
    grown = [*left, *more]
    tree.update({slot: head(slot, grown[slot]) for slot in range(len(left), len(grown))})

    assert same(tree, grown)


@given(sizes.filter(bool), st.data())
def test_a_copy_goes_its_own_way(wanted: list[int], data: st.DataObject) -> None:
    tree = tree_of(wanted)
    twin = tree.copy()
    slot = data.draw(st.integers(0, len(wanted) - 1))
    twin.update({slot: head(slot, 2**41)})
    changed = [*wanted]
    changed[slot] = 2**41

    assert same(tree, wanted)
    assert same(twin, changed)
