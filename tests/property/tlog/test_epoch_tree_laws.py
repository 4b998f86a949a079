"""The dense tree over all slots, against the RFC's own definition."""

from hypothesis import given
from hypothesis import strategies as st

from kit.rfc6962 import mth
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.proof import verify_inclusion
from tallystick.verify.records import head_body

heads = st.tuples(st.integers(0, 10**6), st.binary(min_size=32, max_size=32))
epochs = st.lists(
    st.tuples(st.integers(0, 5), st.dictionaries(st.integers(0, 40), heads, max_size=6)),
    min_size=1,
    max_size=6,
)


def origin(slot: int) -> str:
    return f"audit.example/t/{slot}/{slot:032x}"


@given(epochs)
def test_any_sequence_of_epochs_has_the_root_and_the_paths_that_the_rfc_defines(
    drawn: list[tuple[int, dict[int, tuple[int, bytes]]]],
) -> None:
    tree, state = EpochTree(), list[tuple[int, bytes]]()
    for grown, changes in drawn:
        update = {slot: head for slot, head in changes.items() if slot < len(state)}
        update.update({len(state) + new: (0, bytes(32)) for new in range(grown)})
        state += [(0, bytes(32))] * grown
        for slot, head in update.items():
            state[slot] = head
        tree.update({slot: (origin(slot), *head) for slot, head in update.items()})

    bodies = [head_body(origin(slot), *head) for slot, head in enumerate(state)]
    assert tree.slots == len(bodies)
    assert tree.root() == mth(bodies)
    for slot, body in enumerate(bodies):
        verify_inclusion(leaf_hash(body), slot, len(bodies), tree.path(slot), tree.root())


@given(st.integers(2, 40), st.data())
def test_a_head_is_proven_at_no_other_slot(slots: int, data: st.DataObject) -> None:
    tree = EpochTree()
    tree.update({slot: (origin(slot), slot, bytes(32)) for slot in range(slots)})
    slot = data.draw(st.integers(0, slots - 1))
    other = data.draw(st.integers(0, slots - 1).filter(lambda drawn: drawn != slot))
    leaf = leaf_hash(head_body(origin(slot), slot, bytes(32)))

    try:
        verify_inclusion(leaf, other, slots, tree.path(slot), tree.root())
    except (MalformedError, VerificationError):
        return
    raise AssertionError(f"slot {slot} was proven at {other} of {slots}")
