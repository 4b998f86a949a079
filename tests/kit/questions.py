"""Questions about the events of ``kit.searched``, most of which some events fit and others not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from kit.plain_search import Plain, spelled
from kit.searched import NASTY, START
from tallystick.search.filters import (
    And,
    AtLeast,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Ids,
    Matching,
    Not,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Wildcard,
    Within,
    Words,
)
from tallystick.search.query import Search, Sort

TEXTS = (
    *("actor.id", "actor.name", "actor.email", "message", "reason.text", "targets.id", "tenant"),
    *("targets.name", "targets.type", "actor.roles", "action", "outcome", "severity", "stream"),
    *("context.ip", "changes.path", "id", "metadata", "metadata.a", "metadata.a.b", "metadata.c"),
    *("changes.before", "changes.after", "targets.metadata.k", "targets.subject.id"),
)
NUMBERS = ("duration_ms", "version", "index")
NUMBERED = ("metadata", "metadata.a", "changes.before", "targets.metadata.k")
MOMENTS = ("occurred_at", "received_at")
WORDED = ("text", "message", "targets.name", "metadata", "actor.name", "changes.after", "actor.id")
SORTED = (
    *("occurred_at", "duration_ms", "actor.name", "targets.id", "metadata.a", "changes.before"),
    "severity",
)
NETWORKS = ("10.0.0.0/16", "10.0.1.0/30", "0.0.0.0/0", "2001:db8::/32", "::/0", "10.0.0.1/32")
REGEXPS = ("u-[0-9]", "[A-Z].*", ".*[.]com", "(a|b)?.*x", "t-1?.", r"\d+", "[^a]+", r".*\W.*")


def leaves(events: Sequence[Plain]) -> dict[str, st.SearchStrategy[Filter]]:
    """Return by the name of each kind of filter on fields what draws such filters."""
    texts, words = st.sampled_from(TEXTS), st.sampled_from(WORDED)
    plain = texts.filter(lambda field: field != "id")
    flags = st.booleans()

    def value(field: str) -> st.SearchStrategy[str]:
        return st.one_of(st.sampled_from(_texts(events, field)), st.sampled_from(NASTY))

    def bound(field: str) -> st.SearchStrategy[str]:
        # What has an order of its own is compared with nothing else: such bounds are refused.
        own = st.sampled_from(_texts(events, field))
        return own if field in {"severity", "context.ip"} else value(field)

    def pair(field: str, one: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
        bounds = st.one_of(st.none(), one)
        return st.builds(Between, st.just(field), bounds, bounds, flags, flags)

    def several(field: str) -> st.SearchStrategy[tuple[str, ...]]:
        return st.lists(st.sampled_from(_words(events, field)), min_size=1, max_size=2).map(tuple)

    def word_begins(field: str) -> st.SearchStrategy[Filter]:
        words = _cut(st.sampled_from(_words(events, field)))
        return st.builds(Prefix, st.just(field), words, by_word=st.just(True))

    def has_words(field: str) -> st.SearchStrategy[Filter]:
        fields = st.sampled_from(((field,), (field, "reason.text")))
        return st.builds(Words, fields, several(field), st.sampled_from(("all", "any")))

    numbers = st.one_of(st.integers(-2, 21), st.sampled_from((2.5, 2**63, -(2**63))))
    moments = st.integers(0, 100_000).map(lambda m: START + timedelta(minutes=m))
    ids = st.lists(st.sampled_from([event.id for event in events]), max_size=4).map(tuple)
    actions = st.sampled_from((("delete",), ("user.read",), ("user", "delete")))
    return {
        "Equals": st.one_of(
            texts.flatmap(lambda f: st.builds(Equals, st.just(f), value(f), flags)),
            st.builds(Equals, st.sampled_from((*NUMBERS, *NUMBERED)), numbers),
        ),
        "OneOf": texts.flatmap(
            lambda f: st.builds(OneOf, st.just(f), st.lists(value(f)).map(tuple))
        ),
        "Between": st.one_of(
            plain.flatmap(lambda f: pair(f, bound(f))),
            st.sampled_from((*NUMBERS, *NUMBERED)).flatmap(lambda f: pair(f, numbers)),
            st.sampled_from(MOMENTS).flatmap(lambda f: pair(f, moments)),
        ),
        "Prefix": st.one_of(
            texts.flatmap(lambda f: st.builds(Prefix, st.just(f), _cut(value(f)), flags)),
            words.flatmap(word_begins),
        ),
        "Wildcard": plain.flatmap(
            lambda f: st.builds(Wildcard, st.just(f), _starred(value(f)), flags)
        ),
        "Matching": st.builds(Matching, texts, st.sampled_from(REGEXPS), flags),
        "Exists": st.builds(Exists, st.one_of(texts, st.sampled_from((*NUMBERS, "text")))),
        "Within": st.builds(Within, st.just("context.ip"), st.sampled_from(NETWORKS)),
        "Ids": st.builds(Ids, ids),
        "Words": st.one_of(
            words.flatmap(has_words), st.builds(Words, st.just(("action_words",)), actions)
        ),
        "Phrase": words.flatmap(lambda f: st.builds(Phrase, st.just((f,)), several(f), flags)),
    }


def filters(events: Sequence[Plain]) -> dict[str, st.SearchStrategy[Filter]]:
    """Return by the name of each kind of filter what draws such filters."""
    fields = leaves(events)
    ends = st.sampled_from((Everything(), Nothing()))
    simple = st.one_of(*fields.values(), ends)
    inner = st.one_of(simple, st.builds(Not, simple))
    some = st.lists(inner, max_size=3).map(tuple)
    return {
        **fields,
        "Not": st.builds(Not, st.one_of(*fields.values())),
        "And": st.builds(And, some),
        "Or": st.builds(Or, some),
        "AtLeast": st.builds(AtLeast, st.integers(1, 3), some),
        "Deep": st.builds(Not, st.builds(Or, st.tuples(st.builds(And, some), simple))),
    }


def questions(wanted: st.SearchStrategy[Filter]) -> st.SearchStrategy[Search]:
    """Draw a question for all events that fit."""
    moments = st.one_of(
        st.none(), st.integers(0, 20_000).map(lambda m: START + timedelta(minutes=m))
    )
    sorts = st.builds(Sort, st.sampled_from(SORTED), st.booleans(), st.booleans())
    return st.builds(
        Search,
        filter=wanted,
        since=moments,
        until=moments,
        sort=st.lists(sorts, min_size=1, max_size=2, unique_by=lambda s: s.field).map(tuple),
        limit=st.just(10_000),
    )


def _texts(events: Sequence[Plain], field: str) -> list[str]:
    found = {spelled(value): None for event in events for value in event.of(field)}
    return [*found][:50] or ["none"]


def _words(events: Sequence[Plain], field: str) -> list[str]:
    found = {word: None for event in events for run in event.words(field) for word in run}
    return [*found][:50] or ["none"]


def _cut(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda text, size: text[:size], texts, st.integers(0, 6))


def _starred(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def star(text: str, start: int, size: int, sign: str) -> str:
        return text[:start] + sign + text[start + size :]

    signs = st.sampled_from(("*", "?", "??", "*?", "\\*", ""))
    return st.builds(star, texts, st.integers(0, 4), st.integers(0, 9), signs)
