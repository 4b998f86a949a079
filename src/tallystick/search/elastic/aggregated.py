"""Answers to aggregations, as Elasticsearch spells them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from tallystick.search.aggregations import (
    DateHistogram,
    Filters,
    Histogram,
    Metric,
    Range,
    Ranges,
    Terms,
)
from tallystick.search.conditions import micros
from tallystick.search.counted import Buckets, Counted, KeyedBucket, Numbers
from tallystick.search.date_math import read_zone
from tallystick.search.elastic.aggregating import ElasticAggregation
from tallystick.search.elastic.times import spell_time
from tallystick.search.fields import find_field
from tallystick.search.filters import Value

Json: TypeAlias = dict[str, Any]

_MILLISECOND_US: Final = 1_000


class _Spelling(NamedTuple):
    """How the values of one aggregation are spelled."""

    times: bool
    form: str
    zone: str

    def number(self, value: float | None) -> float | None:
        """Return a number; of times, milliseconds."""
        return value / _MILLISECOND_US if self.times and value is not None else value

    def text(self, at: float) -> str:
        """Spell a time."""
        return spell_time(at, self.form, read_zone(self.zone))


def answered(
    asked: Sequence[ElasticAggregation], counted: Sequence[Counted], *, typed: bool = False
) -> Json:
    """Spell answers, by the names of what was asked.

    Args:
        asked: What was asked.
        counted: The answers, in the same order.
        typed: Whether names say of what type an answer is, such as ``sterms#actions``.
    """
    found = {}
    for each, answer in zip(asked, counted, strict=True):
        name = each.asked.name
        meta = {} if each.asked.meta is None else {"meta": dict(each.asked.meta)}
        found[f"{_type(each)}#{name}" if typed else name] = {
            **meta,
            **_answer(each, answer, typed=typed),
        }
    return found


def _type(asked: ElasticAggregation) -> str:
    match asked.asked.kind:
        case Terms() as kind:
            whole = find_field(kind.field).kind in {"integer", "moment"}
            return "lterms" if whole else "sterms"
        case Metric(function="percentiles"):
            return "tdigest_percentiles"
        case _:
            return asked.kind


def _answer(asked: ElasticAggregation, answer: Counted, *, typed: bool) -> Json:
    spelling = _spelling(asked)
    match asked.asked.kind, answer:
        case _, Buckets():
            return _buckets(asked, answer, spelling, typed=typed)
        case Metric() as kind, Numbers():
            return _numbers(kind, answer, spelling, keyed=asked.shape.keyed)
        case _:
            return {"value": answer.values}


def _spelling(asked: ElasticAggregation) -> _Spelling:
    kind = asked.asked.kind
    times = not isinstance(kind, Filters) and find_field(kind.field).kind == "moment"
    zone = kind.time_zone if isinstance(kind, DateHistogram) else asked.shape.zone
    return _Spelling(times, asked.shape.format, zone)


def _buckets(
    asked: ElasticAggregation, answer: Buckets, spelling: _Spelling, *, typed: bool
) -> Json:
    rows = []
    for place, bucket in enumerate(answer.shown):
        name, said = _said(asked, place, bucket, spelling)
        below = answered(asked.below, bucket.below, typed=typed)
        rows.append((name, {**said, "doc_count": bucket.events, **below}))
    kind = asked.asked.kind
    if isinstance(kind, Ranges):
        rows = [rows[place] for place in _in_order(kind)]
    if isinstance(kind, Terms):
        head = {"doc_count_error_upper_bound": 0, "sum_other_doc_count": answer.others}
        return {**head, "buckets": [row for _, row in rows]}
    if asked.shape.keyed:
        return {"buckets": {name: _unkeyed(kind, row) for name, row in rows}}
    return {"buckets": [row for _, row in rows]}


def _said(
    asked: ElasticAggregation, place: int, bucket: KeyedBucket, spelling: _Spelling
) -> tuple[str, Json]:
    """Return the name of a bucket and what is said of it beside its count."""
    kind, key = asked.asked.kind, bucket.key
    match kind:
        case Filters():
            anonymous = not asked.shape.keyed and kind.filters[0].key == "0"
            return str(key), {} if anonymous else {"key": key}
        case Ranges():
            return str(key), {"key": key, **_ends(kind.ranges[place], spelling)}
        case Histogram():
            return str(float(key)), {"key": float(key)}
        case DateHistogram():
            text = spelling.text(float(key))
            return text, {"key_as_string": text, "key": int(key) // _MILLISECOND_US}
        case _ if spelling.times:
            whole = {"key": int(key) // _MILLISECOND_US}
            return str(key), {**whole, "key_as_string": spelling.text(float(key))}
        case _:
            return str(key), {"key": key}


def _unkeyed(kind: object, row: Json) -> Json:
    """Leave out a key that stands outside of the bucket already."""
    if isinstance(kind, Filters | Ranges):
        return {name: value for name, value in row.items() if name != "key"}
    return row


def _in_order(kind: Ranges) -> list[int]:
    """Return the places of ranges from the lowest to the highest."""

    def ends(place: int) -> tuple[float, float]:
        asked = kind.ranges[place]
        low = float("-inf") if asked.low is None else _worth(asked.low)
        return low, float("inf") if asked.high is None else _worth(asked.high)

    return sorted(range(len(kind.ranges)), key=ends)


def _ends(asked: Range, spelling: _Spelling) -> Json:
    said: Json = {}
    for name, end in (("from", asked.low), ("to", asked.high)):
        if end is not None:
            said[name] = spelling.number(_worth(end))
            if spelling.times:
                said[f"{name}_as_string"] = spelling.text(_worth(end))
    return said


def _worth(end: Value) -> float:
    return float(micros(end) if isinstance(end, datetime) else end)


def _numbers(kind: Metric, answer: Numbers, spelling: _Spelling, *, keyed: bool) -> Json:
    match kind.function:
        case "value_count":
            return {"value": answer.values}
        case "percentiles":
            return _percentiles(kind, answer, spelling, keyed=keyed)
        case "stats":
            return _stats(answer, spelling)
    value = _value(kind, answer)
    said: Json = {"value": spelling.number(value)}
    if spelling.times and value is not None and answer.values:
        said["value_as_string"] = spelling.text(value)
    return said


def _value(kind: Metric, answer: Numbers) -> float | None:
    match kind.function:
        case "min":
            return answer.least
        case "max":
            return answer.greatest
        case "avg":
            return answer.mean
        case _:
            return answer.total


def _stats(answer: Numbers, spelling: _Spelling) -> Json:
    values = {
        "min": answer.least,
        "max": answer.greatest,
        "avg": answer.mean,
        "sum": answer.total,
    }
    said: Json = {"count": answer.values}
    said |= {name: spelling.number(value) for name, value in values.items()}
    if spelling.times and answer.values:
        texts = {name: spelling.text(value) for name, value in values.items() if value is not None}
        said |= {f"{name}_as_string": text for name, text in texts.items()}
    return said


def _percentiles(kind: Metric, answer: Numbers, spelling: _Spelling, *, keyed: bool) -> Json:
    pairs = sorted(zip(kind.percents, answer.percentiles, strict=True), key=lambda pair: pair[0])
    if not keyed:
        return {"values": [_percentile(key, value, spelling) for key, value in pairs]}
    values: Json = {}
    for key, value in pairs:
        values[str(key)] = spelling.number(value)
        if spelling.times and value is not None:
            values[f"{key}_as_string"] = spelling.text(value)
    return {"values": values}


def _percentile(key: float, value: float | None, spelling: _Spelling) -> Json:
    said: Json = {"key": key, "value": spelling.number(value)}
    if spelling.times and value is not None:
        said["value_as_string"] = spelling.text(value)
    return said
