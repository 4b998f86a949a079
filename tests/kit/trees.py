"""Trees of aggregations over the events of ``kit.searched``, made of a seed, each option used."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 (a seed makes the same aggregations again)
from typing import Any

from kit.searched import START, Event, micros
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
from tallystick.search.filters import (
    And,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Not,
    Nothing,
    Or,
    Prefix,
    Words,
)

TEXTS = ("actor.id", "outcome", "action", "actor.name", "severity", "context.ip", "id")
LISTS = ("actor.roles", "targets.id", "targets.name", "metadata", "metadata.a", "changes.before")
WHOLE = ("duration_ms", "version")
NUMBERS = ("duration_ms", "version", "metadata", "metadata.a", "changes.before", "changes.after")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "+01:00", "-09:30", "Asia/Kolkata")
TURNS = (
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York, forward
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin, forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Berlin, back
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York, back
)
MINUTE_US = 60_000_000
LONG_US = 720 * MINUTE_US
LENGTHS_US = tuple(minutes * MINUTE_US for minutes in (60, 120, 180, 720, 1_440, 10_080))
FILTERS: tuple[Filter, ...] = (
    Equals("outcome", "success"),
    Exists("duration_ms"),
    Not(Exists("actor.id")),
    Between("duration_ms", 5, 12),
    Between("occurred_at", TURNS[1], TURNS[2]),
    Words(("message", "metadata"), ("report",)),
    Prefix("actor.id", "u-1"),
    Or((Equals("actor.roles", "admin"), Equals("metadata.a", "1"))),
    And((Equals("stream", "audit"), Not(Equals("targets.type", "user")))),
    Everything(),
    Nothing(),
)


def around_turns(events: list[Event]) -> list[Event]:
    """Let every second event occur within two days of a turn of clocks, some elsewhere on Earth."""
    moved = []
    for number, event in enumerate(events):
        if number % 2:
            turn = TURNS[number // 2 % len(TURNS)]
            minutes = (number * 37) % 5_760 - 2_880
            at = turn + timedelta(minutes=minutes, milliseconds=number)
            # An address that its number sorts elsewhere than its spelling does.
            address = {"context.ip": "9.9.9.9"} if "context.ip" in event and number % 3 else {}
            moved.append({**event, **address, "occurred_at": at})
        else:
            moved.append(event)
    return moved


def made_tree(seed: int) -> tuple[Aggregation, ...]:
    """Make the aggregations of one question: buckets up to three within each other, and metrics."""
    random = Random(seed)  # noqa: S311 (no secret)
    return _Drawing(random).level(random.randint(0, 3))


class _Drawing:
    """Draws aggregations."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.one = random.choice
        self.nested = False

    def maybe(self, values: Sequence[Any], chance: float = 0.25) -> Any:  # noqa: ANN401 (one)
        return self.one(values) if self.random.random() < chance else None

    def flag(self) -> bool:
        return self.one((False, True))

    def level(self, left: int) -> tuple[Aggregation, ...]:
        kinds: list[tuple[Kind, tuple[Aggregation, ...]]] = [
            (self.metric(), ()) for _ in range(self.random.randint(0 if left else 1, 2))
        ]
        if left:
            nested, self.nested = self.nested, True
            below = self.level(left - 1)
            self.nested = nested
            draw = self.one(
                (self.terms, self.times, self.terms, self.times)
                if self.flag()
                else (self.numbers, self.ranges, self.filters)
            )
            kinds.append((draw(below), below))
        self.random.shuffle(kinds)
        return tuple(
            Aggregation(f"n{place}", kind, below) for place, (kind, below) in enumerate(kinds)
        )

    def metric(self) -> Kind:
        function: Any = self.one(("min", "max", "avg", "sum", "stats"))
        percents = self.random.sample((0.0, 1.0, 50.0, 99.0, 100.0), self.random.randint(1, 3))
        return self.one(
            (
                Metric(function, self.one(NUMBERS), missing=self.maybe((0, -3, 7))),
                Metric(function, self.one(("occurred_at", "received_at"))),
                Metric("percentiles", self.one(NUMBERS), tuple(percents), self.maybe((3,))),
                Metric("value_count", self.one((*TEXTS, *LISTS, "duration_ms"))),
                Cardinality(self.one((*TEXTS, *LISTS)), self.maybe(("u-1", "none"))),
                Cardinality(self.one(("duration_ms", "version")), self.maybe((1, 99))),
                Cardinality("occurred_at"),
            )
        )

    def terms(self, below: tuple[Aggregation, ...]) -> Kind:
        orders = tuple(
            BucketOrder(self.one(_orders(below)), self.flag())
            for _ in range(self.random.randint(1, 3))
        )
        size = self.one((1, 2, 3, 10, 10_000))
        field = self.one((*TEXTS, *LISTS, *WHOLE, *WHOLE, "occurred_at"))
        if field == "occurred_at":
            return Terms(field, size, orders)
        least = self.one((1, 1, 1, 2, 5))
        # Texts that are no address have no place in the order of addresses.
        missing: Any = None if field == "context.ip" else self.maybe(("u-1", "none"))
        values: tuple[Any, ...] = (("u-1", "t-2", "success"), "u-.*", "[a-r].*|t-1.?", ".*")
        if field in WHOLE:
            missing, values = self.maybe((1, 50)), ((0, 1, 2), (5,), (1,))
        chosen = (self.maybe(values, 0.15), self.maybe(values, 0.15))
        return Terms(field, size, orders, least, missing, *chosen)

    def times(self, below: tuple[Aggregation, ...]) -> Kind:
        unit: Any = self.one(("hour", "day", "week", "month", "quarter", "year"))
        length = self.one(LENGTHS_US)
        calendar = self.flag()
        short = unit == "hour" if calendar else length < LONG_US
        # Hours that are empty are shown only where there are not too many of them.
        many = short and (self.nested or not all(map(is_metric, below)))
        return DateHistogram(
            self.one(("occurred_at", "occurred_at", "received_at")),
            unit if calendar else None,
            None if calendar else length,
            self.one(ZONES),
            self.one((0, 0, 0, 3_600_000_000, -6 * 3_600_000_000, 5_000)),
            self.one((1, 3) if many else (0, 1, 3)),
            self.days(),
            self.days(),
            self.flag(),
        )

    def days(self) -> tuple[int, int] | None:
        first, last = self.one((-40, -3, 0, 5)), self.one((6, 8, 12, 100))
        both = (START + timedelta(days=day, hours=5) for day in (first, last))
        low, high = map(micros, both)
        return self.maybe(((low, high),))

    def numbers(self, _below: tuple[Aggregation, ...]) -> Kind:
        bounds = ((-4.0, 8.0), (3.0, 5.0), (0.0, 25.0))
        return Histogram(
            self.one(NUMBERS),
            self.one((1.0, 2.0, 2.5, 7.0)),
            self.one((0.0, 0.5, -1.0)),
            self.one((0, 1, 3)),
            self.maybe(bounds),
            self.maybe(bounds),
            self.flag(),
            self.maybe((0.0, 11.0)),
        )

    def ranges(self, _below: tuple[Aggregation, ...]) -> Kind:
        field = self.one((*NUMBERS, "occurred_at"))
        lows: tuple[Any, ...] = (-1, 2, 2.5)
        highs: tuple[Any, ...] = (1, 7, 12.5)
        missing = self.maybe((0, 3))
        if field == "occurred_at":
            lows, highs, missing = TURNS, TURNS, None
        found = [
            Range(name, self.maybe(lows, 0.7), self.maybe(highs, 0.7))
            for name in "abc"[: self.random.randint(1, 3)]
        ]
        return Ranges(field, tuple(found), missing)

    def filters(self, _below: tuple[Aggregation, ...]) -> Kind:
        nodes = self.random.sample(FILTERS, self.random.randint(1, 3))
        named = tuple(NamedFilter(f"f{place}", node) for place, node in enumerate(nodes))
        return Filters(named, self.maybe(("rest",), 0.5))


def is_metric(asked: Aggregation) -> bool:
    """Whether an aggregation has no buckets."""
    return isinstance(asked.kind, Metric | Cardinality)


def _orders(below: tuple[Aggregation, ...]) -> list[str]:
    """Return by what buckets may be sorted, of the metrics below."""
    by = ["_count", "_key"]
    for each in below:
        match each.kind:
            case Metric(function="stats"):
                by += [f"{each.name}.{member}" for member in ("min", "max", "avg", "sum", "count")]
            case Metric(function="percentiles"):
                # Halves are exact, so that equal ones are equal in any arithmetic.
                by += [f"{each.name}.{p}" for p in each.kind.percents if p in {0.0, 50.0, 100.0}]
            case Metric() | Cardinality():
                by.append(each.name)
    return by
