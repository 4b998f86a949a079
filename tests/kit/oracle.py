"""A plain filter over events: what each filter means, written from the query model's words.

It knows nothing of SQL and of no index; it looks at one event (see ``kit.searched``) at a time.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any, TypeAlias

from kit.searched import Event, text_of
from tallystick.search.query import (
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
    Search,
    Sort,
    Wildcard,
    Within,
    Words,
)

Found: TypeAlias = Any
"""A value of an event, of whatever kind its field is."""

TEXT = (
    *("message", "reason.text", "action", "action_words", "actor.id", "actor.name"),
    *("actor.email", "targets.type", "targets.id", "targets.name", "targets.subject.id"),
    *("context.ip", "purpose.text", "changes.path", "changes.before", "changes.after"),
    *("metadata", "targets.metadata"),
)
SPELLED_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch


def seen(event: Event, *, unmasked: bool) -> Event:
    """Return the event as somebody sees it: what is masked is absent."""
    if unmasked:
        return event
    return {name: value for name, value in event.items() if name not in event["sealed"]}


def matches(event: Event, node: Filter) -> bool:  # noqa: C901, PLR0911, PLR0912 (one a kind)
    """Whether an event fits a filter."""
    match node:
        case Everything():
            return True
        case Nothing():
            return False
        case And():
            return all(matches(event, part) for part in node.parts)
        case Or():
            return any(matches(event, part) for part in node.parts)
        case AtLeast():
            return sum(matches(event, part) for part in node.parts) >= node.count
        case Not():
            return not matches(event, node.part)
        case Ids():
            return event["id"] in node.ids
        case Exists():
            return any(value != "" for value in values_of(event, node.field))
        case Equals():
            return any(_same(v, node.value, node) for v in values_of(event, node.field))
        case OneOf():
            return any(_same(v, w, node) for v in values_of(event, node.field) for w in node.values)
        case Between():
            return any(_between(v, node) for v in values_of(event, node.field))
        case Within():
            return any(_within(v, node.network) for v in values_of(event, node.field))
        case Prefix() | Wildcard() | Matching():
            return _patterned(event, node)
        case Words():
            test = all if node.need == "all" else any
            return any(
                test(word in words_in(event, name) for word in node.words) for name in node.fields
            )
        case Phrase():
            return any(_phrased(event, name, node) for name in node.fields)


def found(events: Iterable[Event], search: Search, *, unmasked: bool = True) -> list[Event]:
    """Return all events that fit, in order."""
    fit = [
        event
        for event in events
        if matches(seen(event, unmasked=unmasked), search.filter)
        and (search.since is None or event["occurred_at"] >= search.since)
        and (search.until is None or event["occurred_at"] < search.until)
    ]
    fit.sort(key=lambda event: event["id"], reverse=search.sort[-1].descending)
    for sort in reversed(search.sort):  # a stable sort, by the least important first
        _sort_by(fit, sort, unmasked=unmasked)
    return fit


def values_of(event: Event, name: str) -> list[Found]:
    """Return all values of a field."""
    for root in ("metadata", "targets.metadata"):
        if name == root:
            return [value for _, value in event.get(root, ())]
        if name.startswith(f"{root}."):
            path = name[len(root) + 1 :]
            return [v for p, v in event.get(root, ()) if p == path or p.startswith(f"{path}.")]
    if name == "text":
        return [value for part in TEXT for value in values_of(event, part)]
    if name == "action_words" and "action" not in event:
        return []
    value = event.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def words_in(event: Event, name: str) -> list[str]:
    """Return the words of all values of a field."""
    if name == "action_words":
        return values_of(event, name)
    return [word for value in values_of(event, name) for word in split(text_of(value))]


def split(text: str) -> list[str]:
    """Cut a text into runs of letters and digits."""
    spaced = "".join(c if c.isalnum() else " " for c in text.lower())
    return spaced.split()


def _same(value: Found, asked: Found, node: Equals | OneOf) -> bool:
    if isinstance(value, datetime):
        return bool(value == asked)
    if _is_number(asked):
        return _number(value, node.field) == asked
    spelled, wanted = text_of(value), text_of(asked)
    if isinstance(node, Equals) and node.any_case:
        spelled, wanted = spelled.lower(), wanted.lower()
    return spelled == wanted != ""


def _number(value: Found, field: str) -> float | None:
    """Return a value's worth; of changes, texts and numbers are kept alike."""
    if _is_number(value):
        return float(value)
    if field.startswith("changes.") and isinstance(value, str) and SPELLED_NUMBER(value):
        return float(value)
    return None


def _between(value: Found, node: Between) -> bool:
    bounds = [bound for bound in (node.low, node.high) if bound is not None]
    if not bounds:
        return value != ""
    if isinstance(bounds[0], datetime):
        worth = value
    elif _is_number(bounds[0]):
        worth = _number(value, node.field)
    else:
        worth = text_of(value)
    if worth is None or worth == "":
        return False
    low = node.low is None or (worth >= node.low if node.low_inclusive else worth > node.low)
    high = node.high is None or (worth <= node.high if node.high_inclusive else worth < node.high)
    return low and high


def _within(value: str, network: str) -> bool:
    try:
        return ip_address(value) in ip_network(network)
    except ValueError:
        return False


def _patterned(event: Event, node: Prefix | Wildcard | Matching) -> bool:
    fits = _form(node)
    if node.by_word:
        return any(fits(word) for word in words_in(event, node.field))
    texts = (text_of(value) for value in values_of(event, node.field))
    return any(text != "" and fits(text) for text in texts)


def _form(node: Prefix | Wildcard | Matching) -> Callable[[str], bool]:
    lower = str.lower if node.any_case else str
    match node:
        case Prefix():
            return lambda text: lower(text).startswith(lower(node.text))
        case Wildcard():
            form = re.compile(_glob(lower(node.pattern)), re.DOTALL)
            return lambda text: form.fullmatch(lower(text)) is not None
        case Matching():
            flags = re.DOTALL | (re.IGNORECASE if node.any_case else 0)
            # Classes mean ASCII; Python's own flag for that would mean it of cases, too.
            regexp = node.regexp.replace(r"\W", "[^0-9A-Za-z_]").replace(r"\d", "[0-9]")
            return lambda text: re.fullmatch(regexp, text, flags) is not None


def _glob(pattern: str) -> str:
    """Turn a wildcard into a regular expression, a character at a time."""
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return "".join(parts)


def _phrased(event: Event, name: str, node: Phrase) -> bool:
    for value in values_of(event, name):
        words = split(text_of(value))
        size = len(node.words)
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            last = run[-1].startswith(node.words[-1]) if node.prefix else run[-1] == node.words[-1]
            if run[:-1] == list(node.words[:-1]) and last:
                return True
    return False


def _sort_by(events: list[Event], sort: Sort, *, unmasked: bool) -> None:
    def key_of(event: Event) -> Found:
        values = [v for v in values_of(seen(event, unmasked=unmasked), sort.field) if v != ""]
        if sort.field.startswith(("metadata", "targets.metadata", "changes.")):
            values = [_ranked(value, sort.field) for value in values]
        else:
            values = [v if isinstance(v, datetime | int) else text_of(v) for v in values]
        if not values:
            return None
        return max(values) if sort.descending else min(values)

    keyed = [(key_of(event), event) for event in events]
    missing = [event for key, event in keyed if key is None]
    present = [(key, event) for key, event in keyed if key is not None]
    present.sort(key=lambda pair: pair[0], reverse=sort.descending)
    ordered = [event for _, event in present]
    events[:] = [*missing, *ordered] if sort.missing_first else [*ordered, *missing]


def _ranked(value: Found, field: str) -> tuple[int, float, str]:
    """Put numbers before texts."""
    number = _number(value, field)
    return (1, 0.0, text_of(value)) if number is None else (0, number, "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
