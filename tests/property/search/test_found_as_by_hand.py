"""What the engine finds is what somebody finds who looks at one event after the other."""

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kit import plain_search
from kit.engine import EngineProcess
from kit.plain_search import Plain
from kit.plain_show import plain_show
from kit.questions import SORTED, filters, questions
from kit.searched import Searched, columns, made_events, plain
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.ports import Question
from tallystick.search.query import Between, Matching, Phrase, Search, Sort, Value, Wildcard, Words

EVENTS = made_events(1, 3_000)
SOME = EVENTS[:240]
ALL = Sight(1, "tenant-1")
MASKED = Sight(1, "tenant-1", frozenset())
KINDS = filters([plain(event) for event in EVENTS])
ORDERS = list(product(SORTED, (False, True), (False, True)))


def found(searched: Searched, search: Search, sight: Sight) -> tuple[list[str], int]:
    """Ask the engine: the ids in their order, and how many there are."""
    compiler = Compiler(search, sight, searched.table)
    rows = searched.engine.ask(Question(*compiler.events())).rows
    total = searched.engine.ask(Question(*compiler.total())).rows[0][0]
    return [row[len(search.sort)] for row in rows], total


def ids(events: list[Plain]) -> list[str]:
    return [event.id for event in events]


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_finds_what_a_plain_filter_finds(searched: Searched, kind: str) -> None:
    @settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=12)
    @given(questions(KINDS[kind]), st.sampled_from((ALL, MASKED)))
    def look(search: Search, sight: Sight) -> None:
        wanted = ids(searched.look(search, unmasked=sight is ALL))
        assert found(searched, search, sight) == (wanted, len(wanted))

    look()


@pytest.mark.parametrize("field", ["message", "text", "metadata", "targets.name"])
def test_all_words_stand_in_one_field(searched: Searched, field: str) -> None:
    for words in combinations(("report", "delete", "9", "東京", "über"), 2):
        for need in ("all", "any"):
            search = Search(filter=Words((field, "purpose.text"), words, need), limit=10_000)
            wanted = ids(searched.look(search))
            assert wanted
            assert found(searched, search, ALL) == (wanted, len(wanted))


@pytest.mark.parametrize(
    "node",
    [
        *(Wildcard("actor.name", form) for form in ("a%b", "%", "_", "a?b", "*%*", r"\*", r"\?")),
        *(Wildcard("actor.name", form, any_case=True) for form in ("ÉM*", "*LOVELACE", "\\\\")),
        Matching("actor.name", "Ada"),
        Matching("actor.name", "Ada|Ada L.*"),
        Matching("actor.name", "ada lovelac"),
    ],
)
def test_signs_mean_what_the_question_means_by_them(
    searched: Searched, node: Wildcard | Matching
) -> None:
    search = Search(filter=node, limit=10_000)
    wanted = ids(searched.look(search))
    assert found(searched, search, ALL) == (wanted, len(wanted))


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("10.0.0.9", "10.0.0.100"),
        ("10.0.2.0", None),
        (None, "10.0.1.20"),
        ("10.1.0.0", "::ffff:ffff:ffff"),
    ],
)
def test_addresses_are_compared_by_their_number(
    searched: Searched, low: str | None, high: str | None
) -> None:
    search = Search(filter=Between("context.ip", low, high), limit=10_000)
    wanted = ids(searched.look(search))
    assert found(searched, search, ALL) == (wanted, len(wanted))


@pytest.mark.parametrize("sight", [ALL, MASKED])
def test_an_id_among_free_text_finds_its_event(searched: Searched, sight: Sight) -> None:
    wanted = searched.events[7]["id"]
    words = tuple(wanted.split("-"))
    assert found(searched, Search(filter=Phrase(("text",), words)), sight) == ([wanted], 1)
    assert found(searched, Search(filter=Phrase(("message",), words)), sight) == ([], 0)


@pytest.mark.parametrize("order", ORDERS)
def test_pages_are_the_list_while_events_arrive(
    running: EngineProcess, order: tuple[str, bool, bool]
) -> None:
    table = running.table("pages")
    running.driver.insert(table, columns(SOME), f"{ORDERS.index(order)}-first")
    search = Search(sort=(Sort(*order),), limit=30, count=False)
    wanted = ids(plain_search.found([plain(event) for event in SOME], search))
    coming = made_events(7, 100)
    searcher = Searcher(running.driver, ALL, plain_show, table)
    shown: list[str] = []
    after: tuple[Value | None, ...] | None = ()
    while after is not None and len(shown) < 1_000:
        part = searcher.find(replace(search, after=after))
        shown += [event["id"] for event in part.events]
        after = part.after
        new, coming = coming[:10], coming[10:]
        if new:
            running.driver.insert(table, columns(new), f"{ORDERS.index(order)}-{len(coming)}")
    old = set(wanted)
    assert [each for each in shown if each in old] == wanted
    assert len(set(shown)) == len(shown)
