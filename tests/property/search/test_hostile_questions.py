"""Whatever is asked: bounded, refused readably, and never another tenant's event."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.plain_show import plain_show
from kit.searched import Searched
from tallystick.errors import MalformedError
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.fields import FIELDS
from tallystick.search.filters import (
    And,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Ids,
    Matching,
    Not,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Wildcard,
    Words,
)
from tallystick.search.ports import LimitError
from tallystick.search.query import Search, Sort

OWN = Sight(1, "tenant-1")
BOUND_S = 40  # two statements of ten seconds each, on a busy machine
SQL = (
    *(
        "') OR 1=1 --",
        "' OR tenant = 2 OR '",
        "1) OR (tenant = 2",
        "{tenant:UInt32}",
        "{p0:String}",
    ),
    *("'; DROP TABLE events; --", "' UNION ALL SELECT * FROM events --", "\\' OR 1=1 --", "\\"),
    *("file('/etc/passwd')", "` OR 1 --", "/* */", "\x00", "\x01", "\ufeff", "a\nb", "%", "(?i)"),
    *("SETTINGS readonly=0", "FORMAT TSV", "$$", "{{", "}}", "\\N", "\\x27", "['a']", "NULL"),
)
FORMS: tuple[Callable[[str], Filter], ...] = (
    lambda text: Equals("actor.name", text),
    lambda text: Equals("metadata.a", text, any_case=True),
    lambda text: Equals(f"metadata.{text}", "x"),
    lambda text: Exists(f"targets.metadata.{text}"),
    lambda text: Equals("id", text),
    lambda text: Equals("tenant", text),
    lambda text: OneOf("targets.id", (text, "t-1")),
    lambda text: Between("message", text, None),
    lambda text: Prefix("actor.name", text),
    lambda text: Prefix("text", text, by_word=True),
    lambda text: Wildcard("actor.name", f"*{text}*"),
    lambda text: Words(("text", "message"), (text,)),
    lambda text: Phrase(("text", "actor.name"), (text, "x")),
    lambda text: Ids((text,)),
)


def own_ids(searched: Searched) -> set[str]:
    return {event["id"] for event in searched.events}


def asked(searched: Searched, search: Search) -> set[str]:
    """Ask, and return the ids of what was found; a refusal finds nothing."""
    started = time.monotonic()
    found: set[str] = set()
    with suppress(MalformedError, LimitError):
        shown = Searcher(searched.engine, OWN, plain_show, searched.table).find(search)
        found = {event["id"] for event in shown.events}
    assert time.monotonic() - started < BOUND_S
    return found


@pytest.mark.parametrize("form", FORMS)
def test_sql_in_a_value_is_a_value(searched: Searched, form: Callable[[str], Filter]) -> None:
    nodes = tuple(form(text) for text in SQL)
    found = asked(searched, Search(filter=Or(nodes), limit=10_000))
    assert found <= own_ids(searched)
    assert len(found) < len(searched.events)


@settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=20)
@given(st.text(max_size=40), st.sampled_from(FORMS))
def test_any_text_is_a_value(searched: Searched, text: str, form: Callable[[str], Filter]) -> None:
    assert asked(searched, Search(filter=form(text), limit=10_000)) <= own_ids(searched)


@settings(max_examples=300)
@given(st.text(max_size=40), st.sampled_from(FORMS))
def test_no_text_gets_into_a_statement(text: str, form: Callable[[str], Filter]) -> None:
    with suppress(MalformedError):
        statement = Compiler(Search(filter=form(f"xq7{text}")), OWN).total()
        assert "xq7" not in statement.sql


def test_everything_and_its_contrary_stay_within_the_tenant(searched: Searched) -> None:
    for node in (Everything(), Not(Equals("tenant", "tenant-1")), Or((Everything(),))):
        found = asked(searched, Search(filter=node, limit=10_000))
        assert found <= own_ids(searched)


@pytest.mark.parametrize(
    "node",
    [
        Or(tuple(Equals("actor.name", f"name {number}") for number in range(1_000))),
        And(tuple(Not(Words(("text",), (f"w{number}", "x"))) for number in range(500))),
        OneOf("actor.id", tuple(f"u-{number}" for number in range(1_024))),
        Words(("text",), tuple(f"w{number}" for number in range(1_024)), "any"),
        Words(("message",) * 1_024, ("x",)),
        Phrase(("text",), ("a",) * 1_024),
        Wildcard("text", "*" * 127 + "x" + "*" * 127, by_word=True),
        Wildcard("message", "*a" * 127),
        Matching("message", "(a*)*" * 40 + "b"),
        Matching("message", "(x+x+)+y"),
        Matching("message", ".{1000}" * 30),
        Matching("message", "(" * 100 + "a" + ")" * 100),
        Matching("actor.name", r"[\w\W]{500}"),
    ],
    ids=lambda node: type(node).__name__,
)
def test_a_costly_question_is_answered_or_refused_in_time(searched: Searched, node: Filter) -> None:
    assert asked(searched, Search(filter=node, limit=100)) <= own_ids(searched)


@pytest.mark.parametrize("sight", [OWN, OWN._replace(unmasked=frozenset())])
def test_every_field_is_asked_or_refused(searched: Searched, sight: Sight) -> None:
    kept = [name for name in FIELDS if name not in {"leaf_hash", "changes.target"}]
    moments = {"occurred_at", "received_at"}
    plain = [name for name in kept if name not in {"text", *moments}]
    searcher = Searcher(searched.engine, sight, plain_show, searched.table)
    numbers = {name for name in plain if FIELDS[name].kind == "integer"}
    words = tuple(name for name in kept if name not in moments | numbers)
    searcher.find(Search(filter=Or(tuple(Exists(name) for name in kept)), limit=1))
    searcher.find(Search(filter=Words(words, ("x",)), limit=1))
    for start in range(0, len(plain), 8):
        searcher.find(Search(sort=tuple(map(Sort, plain[start : start + 8])), limit=1))
    for name in plain:
        searcher.facet(Search(filter=Equals("actor.id", "u-1")), name, 3)
    for name in ("leaf_hash", "changes.target"):
        with pytest.raises(MalformedError, match="not kept for search"):
            searcher.find(Search(filter=Exists(name)))
