"""A question answered without any index: the plain filter that search is compared with.

It follows the promises that the classes of ``search.filters`` make, one by one, and knows of no
compiler. An event is what ``fields_of`` makes of its JSON: the values of each field by its name.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from tallystick.search import filters as f

Values = Mapping[str, list[Any]]

WORD = re.compile(r"[^\W_]{1,255}")
TIMES = frozenset({"occurred_at", "received_at"})
OBJECTS = ("metadata", "targets.metadata", "changes.before", "changes.after")


def words(value: object) -> list[str]:
    """The words of a value."""
    return WORD.findall(spelled(value).lower())


def spelled(value: object) -> str:
    """A JSON scalar as a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def fields_of(event: Mapping[str, Any], text_parts: Iterable[str]) -> Values:
    """Every value of an event's JSON by the dotted path of its field.

    Args:
        event: As it was sent, with what the server adds, and ``action_words``.
        text_parts: The fields of which ``text`` is made.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    for path, value in leaves(event):
        if value in ("", None):
            continue
        found[path].append(datetime.fromisoformat(value) if path in TIMES else value)
        for root in OBJECTS:
            if path.startswith(f"{root}."):
                found[root].append(value)
    found["text"] = [value for part in text_parts for value in found.get(part, [])]
    return found


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar below a JSON value, with its path; positions are left out."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def fits(event: Values, asked: f.Filter) -> bool:
    """Whether an event fits a filter."""
    match asked:
        case f.Everything() | f.Nothing():
            found = isinstance(asked, f.Everything)
        case f.And():
            found = all(fits(event, part) for part in asked.parts)
        case f.Or() | f.AtLeast():
            least = asked.count if isinstance(asked, f.AtLeast) else 1
            found = sum(fits(event, part) for part in asked.parts) >= least
        case f.Not():
            found = not fits(event, asked.part)
        case _:
            found = field_fits(event, asked)
    return found


def field_fits(event: Values, asked: f.Filter) -> bool:
    """Whether what an event tells in one field, or in one of several, fits."""
    match asked:
        case f.Words():
            return any(has_words(event, field, asked) for field in asked.fields)
        case f.Phrase():
            values = [value for field in asked.fields for value in event.get(field, [])]
            return any(has_phrase(words(value), asked) for value in values)
        case f.Ids():
            return bool({*event["id"]} & {*asked.ids})
        case f.Exists():
            return bool(event.get(asked.field))
        case _:
            return any(value_fits(value, asked) for value in event.get(field_of(asked), []))


def field_of(asked: Any) -> str:  # noqa: ANN401 (a filter on one field)
    """The name of the field that a filter is on."""
    return str(asked.field)


def has_words(event: Values, field: str, asked: f.Words) -> bool:
    """Whether a field has all of the words, or one."""
    there: set[str] = set()
    for value in event.get(field, []):
        there |= {str(value).lower()} if field == "action_words" else {*words(value)}
    wanted = [word in there for word in asked.words]
    return all(wanted) if asked.need == "all" else any(wanted)


def has_phrase(there: list[str], asked: f.Phrase) -> bool:
    """Whether words stand side by side."""
    length = len(asked.words)
    *first, last = asked.words
    return any(
        there[start : start + length - 1] == first
        and (
            there[start + length - 1].startswith(last)
            if asked.prefix
            else there[start + length - 1] == last
        )
        for start in range(len(there) - length + 1)
    )


def value_fits(value: Any, asked: f.Filter) -> bool:  # noqa: ANN401 (any JSON scalar)
    """Whether one value of a field fits."""
    match asked:
        case f.Equals():
            return same(value, asked.value, any_case=asked.any_case)
        case f.OneOf():
            return any(same(value, each) for each in asked.values)
        case f.Between():
            return lies_between(value, asked)
        case f.Within():
            return number_of(ip_address(value)) in range(*network_of(asked.network))
        case f.Prefix() | f.Wildcard() | f.Matching():
            return text_fits(value, asked)
    raise AssertionError(f"no filter on one field: {asked}")


def same(value: object, wanted: object, *, any_case: bool = False) -> bool:
    """Whether a value is the one wanted: numbers by worth, anything else by spelling."""
    if isinstance(wanted, int | float):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and value == wanted
    if isinstance(wanted, datetime):
        return value == wanted
    if any_case:
        return spelled(value).lower() == str(wanted).lower()
    return spelled(value) == wanted


def lies_between(value: Any, asked: f.Between) -> bool:  # noqa: ANN401 (any JSON scalar)
    """Whether a value lies in an interval of its kind."""
    low, high = asked.low, asked.high
    bound = low if low is not None else high
    if isinstance(bound, int | float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
    elif isinstance(bound, str):
        value = spelled(value)
        if asked.field == "context.ip":
            value, low, high = (
                each and number_of(ip_address(str(each))) for each in (value, low, high)
            )
    above = low is None or value > low or (asked.low_inclusive and value == low)
    below = high is None or value < high or (asked.high_inclusive and value == high)
    return bool(above and below)


def text_fits(value: object, asked: f.Prefix | f.Wildcard | f.Matching) -> bool:
    """Whether a value, or a word of it, is of a form from end to end."""
    match asked:
        case f.Prefix():
            pattern = re.escape(asked.text) + ".*"
        case f.Wildcard():
            pattern = "".join(wildcard_pieces(asked.pattern))
        case _:
            pattern = asked.regexp
    found = words(value) if asked.by_word else [spelled(value)]
    flags = re.DOTALL | re.ASCII | (re.IGNORECASE if asked.any_case else re.NOFLAG)
    return any(re.fullmatch(pattern, each, flags) for each in found)


def wildcard_pieces(pattern: str) -> Iterator[str]:
    """A wildcard as the pieces of a regular expression."""
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if piece[0] == "\\":
            yield re.escape(piece[1:] or "\\")
        else:
            yield {"*": ".*", "?": "."}.get(piece, re.escape(piece))


def number_of(address: Any) -> int:  # noqa: ANN401 (one of two classes)
    """An address as a number, IPv4 as mapped IPv6 (RFC 4291 §2.5.5.2)."""
    return int(address) + (0xFFFF << 32 if isinstance(address, IPv4Address) else 0)


def network_of(text: str) -> tuple[int, int]:
    """The first address of a network, and the first behind it, as numbers."""
    network = ip_network(text)
    return number_of(network[0]), number_of(network[-1]) + 1
