"""What the engine finds is what somebody finds who looks at one event after the other."""

from collections import Counter
from itertools import combinations, count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kit import oracle
from kit.engine import EngineProcess
from kit.questions import questions
from kit.searched import Event, Searched, columns, made_events
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.ports import Question
from tallystick.search.query import Search, Value, Words, each_filter

EVENTS = made_events(1, 3_000)
SOME = EVENTS[:300]
ALL = Sight(1, "tenant-1")
MASKED = Sight(1, "tenant-1", frozenset())
OPERATORS = 17

patient = settings(suppress_health_check=[*HealthCheck], deadline=None)
tables = count(1)


def found(searched: Searched, search: Search, sight: Sight) -> tuple[list[str], int]:
    """Ask the engine: the ids in their order, and how many there are."""
    compiler = Compiler(search, sight, searched.table)
    rows = searched.engine.ask(Question(*compiler.events())).rows
    total = searched.engine.ask(Question(*compiler.total())).rows[0][0]
    return [row[len(search.sort)] for row in rows], total


def ids(events: list[Event]) -> list[str]:
    return [event["id"] for event in events]


@settings(patient, max_examples=250)
@given(questions(EVENTS), st.sampled_from((ALL, MASKED)))
def test_the_engine_finds_what_a_plain_filter_finds(
    searched: Searched, search: Search, sight: Sight
) -> None:
    wanted = ids(oracle.found(searched.events, search, unmasked=sight is ALL))
    assert found(searched, search, sight) == (wanted, len(wanted))


@pytest.mark.parametrize("field", ["message", "text", "metadata", "targets.name"])
def test_all_words_stand_in_one_field(searched: Searched, field: str) -> None:
    for words in combinations(("report", "delete", "invoice", "9", "東京", "über"), 2):
        for need in ("all", "any"):
            search = Search(filter=Words((field, "purpose.text"), words, need), limit=10_000)
            wanted = ids(oracle.found(searched.events, search))
            assert wanted
            assert found(searched, search, ALL) == (wanted, len(wanted))


def test_the_questions_above_are_of_every_kind_and_mostly_find_some() -> None:
    kinds: Counter[str] = Counter()
    sizes: list[int] = []

    @settings(patient, max_examples=250, database=None)
    @given(questions(EVENTS))
    def look(search: Search) -> None:
        kinds.update({type(node).__name__ for _, node in each_filter(search.filter)})
        sizes.append(len(oracle.found(SOME, search)))

    look()
    assert len(kinds) == OPERATORS
    assert min(kinds.values()) >= 10, kinds
    assert sum(0 < size < len(SOME) for size in sizes) > len(sizes) / 3


@settings(patient, max_examples=15)
@given(questions(EVENTS), st.integers(3, 60))
def test_pages_are_the_list_while_events_arrive(
    running: EngineProcess, like: Search, limit: int
) -> None:
    table = running.table(f"pages_{next(tables)}")
    running.driver.insert(table, columns(SOME), "first")
    coming = iter(made_events(7, 200))
    search = replace(like, since=None, until=None, limit=limit)
    wanted = ids(oracle.found(SOME, search))
    searcher = Searcher(running.driver, ALL, table)
    shown: list[str] = []
    after: tuple[Value | None, ...] | None = ()
    while after is not None and len(shown) < 1_000:
        part = searcher.find(replace(search, after=after))
        shown += ids(part.events)
        after = part.after
        new = [event for event, _ in zip(coming, range(5), strict=False)]
        if new:
            running.driver.insert(table, columns(new), f"more-{len(shown)}-{new[0]['id']}")
    old = set(ids(SOME))
    assert [each for each in shown if each in old] == wanted
    assert len(set(shown)) == len(shown)
