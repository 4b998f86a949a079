"""A question answered without any index: the plain filter that search is compared with.

It follows ``docs/reference/search-language.md`` and the promises of the classes of
``search.filters``, one by one. It knows of no compiler, no column and no index; it looks at one
event after the other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from math import inf
from typing import Any

from tallystick.search import filters as f
from tallystick.search.query import Search, Sort

Value = Any
"""A JSON scalar, or a time."""

FREE = ("metadata", "targets.metadata")
CHANGED = ("changes.before", "changes.after")
TEXT = (
    *("message", "reason.text", "reason.code", "action", "action_words", "actor.id", "actor.name"),
    *("actor.email", "targets.type", "targets.id", "targets.name", "targets.subject.id"),
    *("targets.subject.name", "delegation.principal.id", "delegation.principal.name"),
    *("delegation.reason", "delegation.grant_id", "delegation.approved_by", "agent.id"),
    *("agent.model", "agent.run_id", "agent.tool", "agent.approval_id", "context.ip"),
    *("context.user_agent", "context.session_id", "context.request_id", "context.trace_id"),
    *("context.service", "context.location", "purpose.code", "purpose.text", "purpose.case_id"),
    *("operation.id", "source.id", "external_id", "changes.path", *CHANGED, *FREE),
)
"""The fields in which a word without a field is looked for."""
SEVERITIES = ("informational", "low", "medium", "high", "critical")

_WORD = re.compile(r"[^\W_]+").findall
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch


class Plain:
    """An event to look at.

    Args:
        values: The values of each field by its dotted path; an empty text is an absent value.
    """

    __slots__ = ("_values", "_words")

    def __init__(self, values: Mapping[str, Iterable[Value]]) -> None:
        self._values = {
            name: kept for name, each in values.items() if (kept := [v for v in each if v != ""])
        }
        self._words: dict[str, list[list[str]]] = {}

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self._values["id"][0])

    def without(self, names: Iterable[str]) -> "Plain":
        """The same without some fields, and what is below them."""
        hidden = tuple(names)
        below = tuple(f"{name}." for name in hidden)
        return Plain(
            {
                name: values
                for name, values in self._values.items()
                if name not in hidden and not name.startswith(below)
            }
        )

    def of(self, field: str) -> list[Value]:
        """All values of a field."""
        if field == "text":
            return [value for part in TEXT for value in self.of(part)]
        return self._values.get(field, [])

    def words(self, field: str) -> list[list[str]]:
        """The words of each value of a field; a name of an action is one word."""
        if field not in self._words:
            named = field == "action_words"
            self._words[field] = [[v] if named else words(v) for v in self.of(field)]
        return self._words[field]


def plain_event(event: Mapping[str, Any]) -> Plain:
    """Look at an event's JSON, with what the server adds, and ``action_words``."""
    found: dict[str, list[Value]] = {}
    for path, value in _leaves(event):
        found.setdefault(path, []).append(_READ.get(path, _as_it_is)(value))
        for root in FREE:
            # Of free JSON, every object on the way has the values below it.
            steps = path.removeprefix(f"{root}.").split(".") if path.startswith(f"{root}.") else ()
            for size in range(len(steps)):
                found.setdefault(".".join((root, *steps[:size])), []).append(value)
    return Plain(found)


def _as_it_is(value: Value) -> Value:
    return value


_READ: Mapping[str, Callable[[Any], Value]] = {
    "occurred_at": datetime.fromisoformat,
    "received_at": datetime.fromisoformat,
    "context.ip": lambda text: str(ip_address(text)),
}
"""Fields whose values have one spelling for search."""


def words(value: Value) -> list[str]:
    """The words of a value: runs of letters and digits, in lower case."""
    return _WORD(spelled(value).lower())


def spelled(value: Value) -> str:
    """A JSON scalar as a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def found(events: Iterable[Plain], search: Search) -> list[Plain]:
    """Return all events that fit, in order."""
    fit = [event for event in events if _is_in_time(event, search) and fits(event, search.filter)]
    fit.sort(key=lambda event: event.id, reverse=search.sort[-1].descending)
    for sort in reversed(search.sort):  # a stable sort, by the least important first
        _sort_by(fit, sort)
    return fit


def fits(event: Plain, asked: f.Filter) -> bool:
    """Whether an event fits a filter."""
    match asked:
        case f.Everything() | f.Nothing():
            return isinstance(asked, f.Everything)
        case f.And():
            return all(fits(event, part) for part in asked.parts)
        case f.Or():
            return any(fits(event, part) for part in asked.parts)
        case f.AtLeast():
            return sum(fits(event, part) for part in asked.parts) >= asked.count
        case f.Not():
            return not fits(event, asked.part)
        case _:
            return _field_fits(event, asked)


def _field_fits(event: Plain, asked: Any) -> bool:  # noqa: ANN401, PLR0911 (a filter on fields; one a kind)
    match asked:
        case f.Words():
            return any(_has_words(event.words(field), asked) for field in asked.fields)
        case f.Phrase() if "text" in asked.fields and "-".join(asked.words) == event.id:
            return True
        case f.Phrase():
            each = (run for field in asked.fields for run in event.words(field))
            return any(_has_phrase(run, asked) for run in each)
        case f.Ids():
            return event.id in asked.ids
        case f.Exists():
            return bool(event.of(asked.field))
        case f.Prefix() | f.Wildcard() | f.Matching():
            return _patterned(event, asked)
        case _:
            return any(_value_fits(value, asked) for value in event.of(asked.field))


def _has_words(runs: list[list[str]], asked: f.Words) -> bool:
    there = {word for run in runs for word in run}
    wanted = (word in there for word in asked.words)
    return all(wanted) if asked.need == "all" else any(wanted)


def _has_phrase(run: list[str], asked: f.Phrase) -> bool:
    size = len(asked.words)
    *first, last = asked.words
    return any(
        run[start : start + size - 1] == first
        and (
            run[start + size - 1].startswith(last)
            if asked.prefix
            else run[start + size - 1] == last
        )
        for start in range(len(run) - size + 1)
    )


def _value_fits(value: Value, asked: Any) -> bool:  # noqa: ANN401 (a filter on values)
    match asked:
        case f.Equals():
            return _same(value, asked.value, asked.field, any_case=asked.any_case)
        case f.OneOf():
            return any(_same(value, each, asked.field) for each in asked.values)
        case f.Between():
            return _lies_between(value, asked)
        case f.Within():
            return number_of(value) in range(*network_of(asked.network))
    raise AssertionError(f"no filter on values: {asked}")


def _same(value: Value, wanted: Value, field: str, *, any_case: bool = False) -> bool:
    """Whether a value is the one wanted: numbers by worth, anything else by spelling."""
    if isinstance(wanted, datetime):
        return bool(value == wanted)
    if _is_number(wanted):
        return _number(value, field) == wanted
    if any_case:
        return spelled(value).lower() == spelled(wanted).lower()
    return spelled(value) == spelled(wanted)


def _lies_between(value: Value, asked: f.Between) -> bool:
    low, high = asked.low, asked.high
    bound = low if low is not None else high
    if bound is None:
        return True
    read = _reader(bound, asked.field)
    worth = read(value)
    if worth is None:
        return False
    above = low is None or worth > read(low) or (asked.low_inclusive and worth == read(low))
    below = high is None or worth < read(high) or (asked.high_inclusive and worth == read(high))
    return bool(above and below)


def _reader(bound: Value, field: str) -> Callable[[Value], Any]:
    """What makes values of a field comparable with a bound; None of those that are not."""
    if isinstance(bound, datetime):
        return lambda value: value
    if field == "context.ip":
        return number_of
    if field == "severity":
        return SEVERITIES.index
    if _is_number(bound):
        return lambda value: _number(value, field)
    return spelled


def _number(value: Value, field: str) -> float | None:
    """A number's worth; what was changed is text, and may spell a number."""
    if _is_number(value) or (field in CHANGED and _NUMBER(value)):
        try:
            return float(value)
        except OverflowError:
            return inf if value > 0 else -inf
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _patterned(event: Plain, asked: f.Prefix | f.Wildcard | f.Matching) -> bool:
    form = _form(asked)
    if asked.by_word:
        return any(form(word) for run in event.words(asked.field) for word in run)
    return any(form(spelled(value)) for value in event.of(asked.field))


def _form(asked: f.Prefix | f.Wildcard | f.Matching) -> Callable[[str], bool]:
    lower = str.lower if asked.any_case else str
    match asked:
        case f.Prefix():
            return lambda text: lower(text).startswith(lower(asked.text))
        case f.Wildcard():
            whole = re.compile("".join(_glob(lower(asked.pattern))), re.DOTALL).fullmatch
            return lambda text: whole(lower(text)) is not None
        case f.Matching():
            # Classes mean ASCII; Python's own flag for that would mean it of cases, too.
            regexp = asked.regexp.replace(r"\W", "[^0-9A-Za-z_]").replace(r"\d", "[0-9]")
            flags = re.DOTALL | (re.IGNORECASE if asked.any_case else 0)
            whole = re.compile(regexp, flags).fullmatch
            return lambda text: whole(text) is not None


def _glob(pattern: str) -> Iterator[str]:
    """A wildcard as the pieces of a regular expression."""
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if piece[0] == "\\":
            yield re.escape(piece[1:] or "\\")
        else:
            yield {"*": ".*", "?": "."}.get(piece) or re.escape(piece)


def number_of(address: Any) -> int:  # noqa: ANN401 (an address, or its text)
    """An address as a number, IPv4 as mapped IPv6 (RFC 4291 §2.5.5.2)."""
    read = ip_address(address)
    return int(read) + (0xFFFF << 32 if isinstance(read, IPv4Address) else 0)


def network_of(text: str) -> tuple[int, int]:
    """The first address of a network, and the first behind it, as numbers."""
    network = ip_network(text)
    return number_of(network[0]), number_of(network[-1]) + 1


def _is_in_time(event: Plain, search: Search) -> bool:
    at = event.of("occurred_at")[0]
    begun = search.since is None or at >= search.since
    return bool(begun and (search.until is None or at < search.until))


def _sort_by(events: list[Plain], sort: Sort) -> None:
    keyed = [(_key_of(event, sort), event) for event in events]
    missing = [event for key, event in keyed if key is None]
    present = [(key, event) for key, event in keyed if key is not None]
    present.sort(key=lambda pair: pair[0], reverse=sort.descending)
    ordered = [event for _, event in present]
    events[:] = [*missing, *ordered] if sort.missing_first else [*ordered, *missing]


def _key_of(event: Plain, sort: Sort) -> Any:  # noqa: ANN401 (whatever is compared)
    """The least value, or descending the greatest, as it is compared; None if there is none."""
    values = [_ranked(value, sort) for value in event.of(sort.field)]
    if not values:
        return None
    return max(values) if sort.descending else min(values)


def _ranked(value: Value, sort: Sort) -> Any:  # noqa: ANN401 (whatever is compared)
    if isinstance(value, datetime):
        micros = value.microsecond
        return value.replace(microsecond=micros // 1000 * 1000) if sort.milliseconds else value
    if sort.field == "severity":
        return SEVERITIES.index(value)
    if sort.field.startswith((*FREE, *CHANGED)):
        number = _number(value, sort.field)  # numbers stand before texts
        return (1, 0.0, spelled(value)) if number is None else (0, number, "")
    return value if _is_number(value) else spelled(value)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, Value]]:
    """Every scalar below a JSON value, with its path; positions are left out."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not None:
        yield path, value
