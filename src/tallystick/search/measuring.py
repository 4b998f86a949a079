"""What is measured of each bucket's events: metrics as SQL, and as they are read back."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any, NamedTuple, TypeAlias

from tallystick.errors import MalformedError
from tallystick.search.aggregations import Aggregation, Cardinality, Metric
from tallystick.search.columns import Bind, Column
from tallystick.search.counted import Distinct, Numbers
from tallystick.search.values import numbers, values

MetricKind: TypeAlias = Cardinality | Metric


class Measure(NamedTuple):
    """A metric as it is written.

    Attributes:
        name: As it was asked for.
        kind: What is measured.
        of: The array of an event's values.
        results: What is computed of the arrays of a bucket's events; see :func:`measured`.
    """

    name: str
    kind: MetricKind
    of: str
    results: tuple[str, ...]


def metrics_of(asked: Iterable[Aggregation]) -> dict[str, MetricKind]:
    """Return those that give numbers and not buckets, by their names."""
    return {each.name: each.kind for each in asked if isinstance(each.kind, Cardinality | Metric)}


def measure(name: str, kind: MetricKind, array: str, column: Column, bind: Bind) -> Measure:
    """Write a metric.

    Args:
        name: As it was asked for.
        kind: What is measured.
        array: The name by which the results call the array of values.
        column: Of the metric's field.
        bind: Binds values.

    Raises:
        MalformedError: The field has no such values.
    """
    if isinstance(kind, Cardinality):
        of = values(column, kind.missing, bind)
        return Measure(name, kind, of, (f"uniqExactArray({array})",))
    count = f"sum(length({array}))"
    if kind.function == "value_count":
        return Measure(name, kind, values(column, kind.missing, bind), (count,))
    of = numbers(column, kind.missing, bind)
    if kind.function == "percentiles":
        levels = ", ".join(bind(percent / 100, "Float64") for percent in kind.percents)
        quantiles = f"quantilesExactInclusiveArray({levels})({array})"
        return Measure(name, kind, of, (count, quantiles))
    rest = (f"{function}Array({array})" for function in ("min", "max", "sumKahan"))
    return Measure(name, kind, of, (count, *rest))


def width(kind: MetricKind) -> int:
    """Return how many results a metric has."""
    if isinstance(kind, Cardinality) or kind.function == "value_count":
        return 1
    return 2 if kind.function == "percentiles" else 4


def measured(kind: MetricKind, row: Sequence[Any] | None) -> Distinct | Numbers:
    """Read what was computed; None where there were no events."""
    if isinstance(kind, Cardinality):
        return Distinct(int(row[0]) if row else 0)
    none = (None,) * len(kind.percents)
    count = int(row[0]) if row else 0
    if row is None or not count or kind.function == "value_count":
        return Numbers(count, percentiles=none)
    if kind.function == "percentiles":
        return Numbers(count, percentiles=tuple(None if isnan(each) else each for each in row[1]))
    least, greatest, total = map(float, row[1:])
    return Numbers(count, least, greatest, total)


def sorted_by(measures: Sequence[Measure], names: Sequence[Sequence[str]], by: str) -> str:
    """Write what buckets are sorted by: a metric, or one of its values such as ``total.max``.

    A bucket without values has the least number as its greatest and the greatest as its least;
    what else it has not is no number.

    Args:
        measures: What is measured of them.
        names: By which names the results of each are called.
        by: What was asked for.

    Raises:
        MalformedError: There is no such value.
    """
    name, _, member = by.partition(".")
    for each, results in zip(measures, names, strict=True):
        if each.name == name:
            return _number(each.kind, results, member, by)
    raise _no_order(by)


def _number(kind: MetricKind, results: Sequence[str], member: str, by: str) -> str:
    if isinstance(kind, Cardinality) or kind.function == "value_count":
        return results[0]
    if kind.function == "percentiles":
        return f"{results[1]}[{_place(kind, member, by)}]"
    count, least, greatest, total = results
    worth = {
        "count": count,
        "min": f"if({count} = 0, inf, {least})",
        "max": f"if({count} = 0, -inf, {greatest})",
        "avg": f"if({count} = 0, nan, {total} / {count})",
        "sum": total,
    }
    wanted = member if kind.function == "stats" else kind.function
    if wanted not in worth:
        raise _no_order(by)
    return worth[wanted]


def _place(kind: Metric, member: str, by: str) -> int:
    try:
        return kind.percents.index(float(member)) + 1
    except ValueError:
        raise _no_order(by) from None


def _no_order(by: str) -> MalformedError:
    what = f"order: by {by[:64]!r}"
    return MalformedError(f"{what}, want _count, _key or a value of a metric below", path="/order")
