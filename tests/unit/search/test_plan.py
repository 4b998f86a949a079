"""What the follower takes next, and how a refused batch is narrowed down."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.search.plan import Plan, Stretch, shares

SLOTS = st.integers(0, 5)


def test_each_log_that_lags_gets_an_even_share_and_what_others_leave() -> None:
    chosen = shares({1: 0, 2: 10, 3: 5}, {1: 100, 2: 12, 3: 5}, {1, 2, 3}, 10)

    assert sorted(chosen) == [(1, 0, 8), (2, 10, 12)]


@given(
    sizes=st.dictionaries(SLOTS, st.integers(0, 50), min_size=1),
    limit=st.integers(1, 60),
)
def test_shares_use_the_whole_limit_and_never_more(sizes: dict[int, int], limit: int) -> None:
    starts = {slot: size // 3 for slot, size in sizes.items()}
    waiting = sum(sizes[slot] - starts[slot] for slot in sizes)

    chosen = shares(starts, sizes, sizes, limit)

    assert Plan("", tuple(chosen)).size == min(waiting, limit)
    for slot, start, stop in chosen:
        assert starts[slot] == start < stop <= sizes[slot]


@given(
    st.lists(
        st.tuples(SLOTS, st.integers(1, 9)), min_size=1, max_size=6, unique_by=lambda it: it[0]
    )
)
def test_a_half_is_the_beginning_and_ends_at_one_entry(parts: list[tuple[int, int]]) -> None:
    plan = Plan("a", tuple(Stretch(slot, 3, 3 + count) for slot, count in parts))

    while plan.size > 1:
        half = plan.half("b")
        assert 1 <= half.size == plan.size // 2
        assert half.stretches[0][:2] == plan.stretches[0][:2]
        plan = half

    assert plan.size == 1
