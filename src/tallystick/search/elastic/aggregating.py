"""Aggregations of Elasticsearch's JSON, as ours, with what their answers must look like."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from tallystick.search.aggregations import (
    MAX_LEVELS,
    Aggregation,
    Cardinality,
    Filters,
    Kind,
    Metric,
    Terms,
    check_aggregations,
)
from tallystick.search.elastic import buckets, metrics
from tallystick.search.elastic.containers import REFUSED_AGGREGATIONS
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.queries import parse_query
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.shape import Shape
from tallystick.search.elastic.target import Asked
from tallystick.search.terms import When


class ElasticAggregation(Struct, frozen=True):
    """An aggregation as a client asked for it.

    Attributes:
        kind: Elasticsearch's name for it, such as ``date_histogram``.
        asked: What is to be computed, with all below.
        shape: How the answer is spelled.
        below: As ``asked.below``, in the same order.
    """

    kind: str
    asked: Aggregation
    shape: Shape = Shape()
    below: "tuple[ElasticAggregation, ...]" = ()


def parse_aggregations(
    value: object, when: When, path: str = "/aggs"
) -> tuple[ElasticAggregation, ...]:
    """Read the aggregations of a search.

    Raises:
        ElasticError: They are not of their form, ask for what is not answered, or for too much.
    """
    found = _several(value, Asked(when, path))
    with refusing(path, "too_many_buckets_exception"):
        check_aggregations(tuple(each.asked for each in found))
    return found


def _several(value: object, asked: Asked) -> tuple[ElasticAggregation, ...]:
    if asked.depth > MAX_LEVELS:
        reason = f"aggregations are nested deeper than the limit of {MAX_LEVELS}"
        raise ElasticError(reason, path=asked.path, kind="illegal_argument_exception")
    if not isinstance(value, dict):
        raise ElasticError("Found aggregations that are no object", path=asked.path)
    return tuple(
        _one(name, body, asked.below(f"{asked.path}/{name}")) for name, body in value.items()
    )


def _one(name: str, body: object, asked: Asked) -> ElasticAggregation:
    members = Members(name, body, asked.path, what="aggregation")
    inner = [(each, members.take(each)) for each in ("aggs", "aggregations")]
    given = [(each, value) for each, value in inner if value is not None]
    if len(given) > 1:
        raise ElasticError(f"Found two sub aggregation definitions under [{name}]", path=asked.path)
    meta = members.take("meta")
    if meta is not None and not isinstance(meta, dict):
        raise members.refused("meta", "an object")
    kind, spec = _kind(name, members.rest(), asked.path)
    below: tuple[ElasticAggregation, ...] = ()
    for member, value in given:
        below = _several(value, asked._replace(path=f"{asked.path}/{member}"))
    at_kind = Members(kind, spec, f"{asked.path}/{kind}", what="aggregation")
    computed, shape = _KINDS[kind](at_kind, asked.when)
    at_kind.done()
    _check_order(computed, below, at_kind)
    with refusing(asked.path, "illegal_argument_exception"):
        ours = Aggregation(name, computed, tuple(each.asked for each in below), meta)
    return ElasticAggregation(kind, ours, shape, below)


def _kind(name: str, rest: Mapping[str, object], path: str) -> tuple[str, object]:
    if not rest:
        raise ElasticError(f"Missing definition for aggregation [{name}]", path=path)
    kind, *others = rest
    if kind not in _KINDS:
        known = kind in REFUSED_AGGREGATIONS
        said = (
            f"aggregation [{kind}] is not supported" if known else f"unknown aggregation [{kind}]"
        )
        raise ElasticError(said, path=f"{path}/{kind}")
    if others:
        found = f"[{kind}] and [{others[0]}]"
        raise ElasticError(
            f"Found two aggregation type definitions in [{name}]: {found}", path=path
        )
    return kind, rest[kind]


def _check_order(kind: Kind, below: tuple[ElasticAggregation, ...], members: Members) -> None:
    """Check that buckets are sorted by metrics that there are."""
    if not isinstance(kind, Terms):
        return
    metrics_below = {each.asked.name: each.asked.kind for each in below}
    for order in kind.order:
        name, _, value = order.by.partition(".")
        if order.by in {"_count", "_key"}:
            continue
        metric = metrics_below.get(name)
        many = isinstance(metric, Metric) and metric.function in {"stats", "percentiles"}
        fits = bool(value) if many else value in {"", "value"}
        if not isinstance(metric, Metric | Cardinality) or not fits:
            raise ElasticError(
                f"Invalid aggregation order path [{order.by}]",
                path=members.at("order"),
                kind="illegal_argument_exception",
            )


def _filters(members: Members, when: When) -> tuple[Filters, Shape]:
    return buckets.filters(members, lambda value, path: parse_query(value, when, path))


_KINDS: Final[dict[str, Callable[[Members, When], tuple[Kind, Shape]]]] = {
    "avg": metrics.number,
    "cardinality": metrics.cardinality,
    "date_histogram": buckets.date_histogram,
    "date_range": buckets.date_ranges,
    "filters": _filters,
    "histogram": buckets.histogram,
    "max": metrics.number,
    "min": metrics.number,
    "percentiles": metrics.percentiles,
    "range": buckets.ranges,
    "stats": metrics.number,
    "sum": metrics.number,
    "terms": buckets.terms,
    "value_count": metrics.number,
}
