"""Found events in the envelope that clients of Elasticsearch open."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias

from tallystick.search.answer import Found
from tallystick.search.conditions import micros
from tallystick.search.elastic.indices import INDEX_OF
from tallystick.search.elastic.ordering import ElasticSort, milliseconds
from tallystick.search.elastic.request import ElasticSearch
from tallystick.search.elastic.source import picked, source_of
from tallystick.search.elastic.times import spell_time
from tallystick.search.filters import Value

Json: TypeAlias = dict[str, Any]

SHARDS: Final[Mapping[str, int]] = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
_SCORE: Final = 1.0
"""Of every event that fits: nothing is ranked here."""


class Total(NamedTuple):
    """How many events fit: ``value`` of them, or at least so many."""

    value: int
    is_exact: bool

    def told(self, *, as_number: bool) -> int | Json:
        """Write it as the client wants it."""
        if as_number:
            return self.value
        return {"value": self.value, "relation": "eq" if self.is_exact else "gte"}


def envelope(took_ms: int, hits: Json) -> Json:
    """Write an answer to a search."""
    return {"took": took_ms, "timed_out": False, "_shards": dict(SHARDS), "hits": hits}


def hits_of(
    asked: ElasticSearch,
    found: Found,
    streams: Mapping[str, str],
    total: Total | None,
    *,
    as_number: bool = False,
) -> Json:
    """Write ``hits``.

    Args:
        asked: What was asked.
        found: What was found.
        streams: The streams of the tenant's logs.
        total: How many there are altogether; None where that was not asked.
        as_number: Whether the total is one number, as clients before 7.0 read it.
    """
    ranked = not asked.sort
    shown = [
        _hit(asked, event, streams.get(event["log"], ""), keys)
        for event, keys in zip(found.events, found.keys, strict=True)
    ]
    hits: Json = {} if total is None else {"total": total.told(as_number=as_number)}
    return {**hits, "max_score": _SCORE if ranked and shown else None, "hits": shown}


def _hit(asked: ElasticSearch, event: Json, stream: str, keys: Sequence[Value | None]) -> Json:
    scored = not asked.sort or any(sort.name == "_score" for sort in asked.sort)
    hit: Json = {
        "_index": INDEX_OF.get(stream, stream),
        "_id": event["id"],
        "_score": _SCORE if scored else None,
    }
    if asked.version:
        hit["_version"] = 1
    if asked.sequence:
        hit |= {"_seq_no": event["index"], "_primary_term": 1}
    if asked.source.wanted:
        hit["_source"] = picked(source_of(event, stream), asked.source)
    if asked.sort:
        hit["sort"] = _sort_values(asked.sort, keys)
    return hit


def _sort_values(sorts: Sequence[ElasticSort], keys: Sequence[Value | None]) -> list[object]:
    """Write the values by which an event stands where it does, as ``search_after`` takes them."""
    left = iter(keys)
    return [
        (_SCORE if sort.name == "_score" else None) if sort.by is None else _told(sort, next(left))
        for sort in sorts
    ]


def _told(sort: ElasticSort, value: Value | None) -> object:
    if not isinstance(value, datetime):
        return value
    return spell_time(micros(value), sort.format, UTC) if sort.format else milliseconds(value)
