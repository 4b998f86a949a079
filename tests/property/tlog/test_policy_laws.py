from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tallystick.tlog.key import VerifierKey
from tallystick.tlog.policy import Policy

KEYS = {f"W{number}": VerifierKey.of("w", 4, bytes([number + 2]) * 32) for number in range(9)}
WITNESSES = "".join(f"witness {name} {key.vkey()}\n" for name, key in KEYS.items())

subsets = st.sets(st.sampled_from(sorted(KEYS)))


def satisfied(policy: str, names: set[str]) -> bool:
    return Policy.parse(WITNESSES + policy).satisfied_by(KEYS[name] for name in names)


@given(st.integers(1, 9), subsets)
def test_a_group_is_satisfied_by_as_many_members_as_its_threshold(
    threshold: int, names: set[str]
) -> None:
    policy = f"group g {threshold} {' '.join(KEYS)}\nquorum g\n"

    assert satisfied(policy, names) == (len(names) >= threshold)


@given(subsets)
def test_groups_of_groups_count_as_members(names: set[str]) -> None:
    policy = (
        "group x 2 W0 W1 W2\ngroup y any W3 W4 W5\ngroup z all W6 W7 W8\n"
        "group most 2 x y z\nquorum most\n"
    )
    x = any({*pair} <= names for pair in combinations(["W0", "W1", "W2"], 2))
    y = bool(names & {"W3", "W4", "W5"})
    z = {"W6", "W7", "W8"} <= names

    assert satisfied(policy, names) == ((x and y) or (x and z) or (y and z))


@given(subsets, subsets)
def test_a_further_cosigner_never_unmakes_a_quorum(names: set[str], more: set[str]) -> None:
    policy = "group x 2 W0 W1 W2\ngroup y all W3 x\nquorum y\n"

    assert not satisfied(policy, names) or satisfied(policy, names | more)


@given(subsets)
def test_a_quorum_of_none_asks_for_nobody(names: set[str]) -> None:
    assert satisfied("quorum none\n", names)


@given(subsets, st.sampled_from(sorted(KEYS)))
def test_a_quorum_of_one_witness_asks_for_that_one(names: set[str], quorum: str) -> None:
    assert satisfied(f"quorum {quorum}\n", names) == (quorum in names)
