"""Aggregations that ask for too much, or mean harm: bounded, and refused by name."""

import pytest

from kit.plain_show import plain_show
from kit.searched import Searched
from tallystick.errors import MalformedError
from tallystick.search.aggregations import (
    Aggregation,
    BucketOrder,
    Cardinality,
    DateHistogram,
    Filters,
    Histogram,
    Kind,
    Metric,
    NamedFilter,
    Range,
    Ranges,
    Terms,
)
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.counted import Buckets, Counted, KeyedBucket, Numbers, TooManyBucketsError
from tallystick.search.filters import Equals
from tallystick.search.ports import LimitError, Limits
from tallystick.search.query import Search

SIGHT = Sight(1, "tenant-1")
CENTURIES = (0, 7_000_000_000_000_000)
SQL = ("' OR 1=1 --", "{p0:String}", "\\", "`", "); DROP TABLE events; --", "\x00", "k0", "n")


def ask(
    searched: Searched, kind: Kind, *below: Aggregation, limits: Limits | None = None
) -> Counted:
    asked = Aggregation("a", kind, below)
    searcher = Searcher(searched.engine, SIGHT, plain_show, searched.table, limits)
    (answer,) = searcher.aggregate(Search(aggregations=(asked,)))
    return answer


def below(kind: Kind, *inner: Aggregation) -> Aggregation:
    return Aggregation("b", kind, inner)


@pytest.mark.parametrize(
    "kind",
    [
        DateHistogram("occurred_at", fixed_us=1_000, extended_bounds=CENTURIES),
        DateHistogram("occurred_at", fixed_us=1_000, time_zone="Europe/Berlin"),
        DateHistogram("occurred_at", "minute", extended_bounds=CENTURIES),
        DateHistogram("occurred_at", "hour", time_zone="Europe/Berlin", extended_bounds=CENTURIES),
        DateHistogram("occurred_at", fixed_us=1_000, offset_us=-(10**15)),
        Histogram("duration_ms", 1e-9),
        Histogram("duration_ms", 1.0, extended_bounds=(-1e300, 1e300)),
        Histogram("metadata.a", 1.0, extended_bounds=(0.0, 1e9)),
    ],
)
def test_an_answer_of_too_many_intervals_is_refused(searched: Searched, kind: Kind) -> None:
    with pytest.raises(TooManyBucketsError, match="buckets, want fewer"):
        ask(searched, kind)


def test_ten_thousand_buckets_of_ten_thousand_are_refused(searched: Searched) -> None:
    ids = Terms("id", 10_000)
    assert len(ask(searched, ids).shown) == 3_000  # type: ignore[union-attr]
    with pytest.raises(TooManyBucketsError, match="more than 65,536 buckets"):
        ask(searched, ids, below(DateHistogram("occurred_at", "hour", extended_bounds=(0, 10**12))))
    hundred = tuple(NamedFilter(f"f{n}", Equals("outcome", f"{n}")) for n in range(100))
    with pytest.raises(TooManyBucketsError, match="more than 65,536 buckets"):
        ask(searched, ids, below(Filters(hundred)))


def test_what_is_too_much_to_group_ends_at_the_limit_of_memory_or_time(searched: Searched) -> None:
    words = Terms("metadata", 10_000)
    deep = Aggregation("c", words, (Aggregation("d", Terms("id", 10_000)),))
    little = Limits(seconds=5, memory=1 << 20)
    with pytest.raises(LimitError):
        ask(searched, Terms("message.keyword", 10_000), below(words, deep), limits=little)


def test_a_hundred_percentiles_are_one_statement(searched: Searched) -> None:
    percents = tuple(float(each) for each in range(100))
    answer = ask(searched, Metric("percentiles", "duration_ms", percents))
    assert isinstance(answer, Numbers)
    assert answer.percentiles[0] == 0
    assert list(answer.percentiles) == sorted(answer.percentiles)


@pytest.mark.parametrize("text", SQL)
def test_no_text_of_an_asker_is_read_as_sql(searched: Searched, text: str) -> None:
    named = (NamedFilter(text, Equals("actor.name", text)),)
    kinds: list[Kind] = [
        Terms("actor.name", missing=text, include=(text, "Émile"), exclude=(text,)),
        Terms("metadata", missing=text),
        Cardinality("actor.name", text),
        Filters(named, text),
        Ranges("duration_ms", (Range(text, 1, 5),)),
    ]
    for kind in kinds:
        answer = ask(searched, kind, *(() if isinstance(kind, Cardinality) else (below(kind),)))
        for bucket in answer.shown if isinstance(answer, Buckets) else ():
            assert 0 <= bucket.events <= len(searched.events)
    for order in (text, f"b.{text}"):
        with pytest.raises(MalformedError, match="order: by"):
            ask(
                searched,
                Terms("outcome", order=(BucketOrder(order),)),
                below(Metric("stats", "duration_ms")),
            )


@pytest.mark.parametrize("regexp", ["(a+)+", "(.*)*x", "((a|a)*)*", "(a{1,30}){1,30}"])
def test_a_regular_expression_is_matched_in_bounded_time(searched: Searched, regexp: str) -> None:
    for kind in (
        Terms("message.keyword", include=regexp),
        Terms("message.keyword", exclude=regexp),
    ):
        try:
            answer = ask(searched, kind, limits=Limits(seconds=5))
        except MalformedError:
            continue  # larger than what is compiled: refused, and not tried
        assert isinstance(answer, Buckets)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Terms("text"), "can't be counted"),
        (Cardinality("leaf_hash"), "not kept for search"),
        (Metric("sum", "actor.name"), "has no numbers"),
        (Histogram("outcome", 1.0), "has no numbers"),
        (Terms("duration_ms", missing="none"), "of another type"),
        (Terms("duration_ms", include=(1.5,)), "of another type"),
        (Ranges("duration_ms", (Range("a", "low", None),)), "want a number"),
        (DateHistogram("occurred_at", "day", time_zone="Mars/Olympus"), "time zone: unknown"),
    ],
)
def test_what_a_field_has_not_is_refused(searched: Searched, kind: Kind, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        ask(searched, kind)


def test_only_the_tenants_events_are_counted(searched: Searched) -> None:
    mine = {event["id"] for event in searched.events}
    answer = ask(searched, Terms("id", 10_000), below(Terms("tenant")))
    assert isinstance(answer, Buckets)
    assert {bucket.key for bucket in answer.shown} == mine
    tenants = {bucket.below[0] for bucket in answer.shown}
    assert tenants == {Buckets((KeyedBucket("tenant-1", 1, ()),))}


def test_events_of_somebody_erased_are_not_counted_before_they_are_scrubbed(
    searched: Searched,
) -> None:
    ref = "ab" * 16
    sight = SIGHT._replace(erasures=1, erased=(ref + searched.events[0]["id"].replace("-", ""),))
    searcher = Searcher(searched.engine, sight, plain_show, searched.table)
    search = Search(aggregations=(Aggregation("a", Terms("id", 10_000)),))
    (answer,) = searcher.aggregate(search)
    assert isinstance(answer, Buckets)
    assert {bucket.key for bucket in answer.shown} == {e["id"] for e in searched.events[1:]}
