"""What clients of Elasticsearch are told of the fields: the type of each, and what it is good for.

The fields are the same for every tenant. Of ``metadata`` no member is told: their names are the
tenant's own, and sealed.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from tallystick.errors import MalformedError
from tallystick.search.columns import NOWHERE
from tallystick.search.fields import (
    ACTION_WORDS,
    ALIASES,
    FIELDS,
    MAX_NAME,
    TEXT,
    Field,
    FieldKind,
    find_field,
)

_TYPES: Final[Mapping[FieldKind, str]] = {
    "keyword": "keyword",
    "text": "text",
    "integer": "long",
    "moment": "date",
    "address": "ip",
    "any": "flattened",
}
_MADE: Final = frozenset({ACTION_WORDS, TEXT})
_TIME: Final = "@timestamp"
"""An alias that clients look for among the dates, and that each ``_source`` has."""

Caps = dict[str, dict[str, object]]


def type_of(field: Field, *, whole: bool = False) -> str:
    """Name the type of a field as Elasticsearch does; ``whole`` if ``.keyword`` is behind it."""
    return "keyword" if whole and field.kind == "text" else _TYPES[field.kind]


def mapping() -> dict[str, object]:
    """Return the fields as the ``mappings`` of an index."""
    properties: dict[str, Any] = {}
    for name, described in _described():
        *objects, last = name.split(".")
        inside = properties
        for each in objects:
            inside = inside.setdefault(each, {}).setdefault("properties", {})
        inside.setdefault(last, {}).update(described)
    return {"dynamic": "false", "properties": properties}


def field_caps(patterns: Iterable[str]) -> dict[str, Caps]:
    """Say what the fields of some names are good for; a name may hold ``*``.

    A name without ``*`` may be any that a query may have: below ``metadata``, too, and with
    ``.keyword``. Names of no field are passed over, as Elasticsearch does.
    """
    found: dict[str, Caps] = {}
    for pattern in patterns:
        if "*" in pattern:
            found |= {name: _caps(name) for name in _names() if _fits(name, pattern)}
        elif _is_known(pattern):
            found[pattern] = _caps(pattern)
    return found


def _described() -> Iterator[tuple[str, dict[str, object]]]:
    for name, field in FIELDS.items():
        if name in _MADE:
            continue
        described: dict[str, object] = {"type": type_of(field)}
        if name in NOWHERE:
            described["index"] = False
        elif field.kind == "text":
            described["fields"] = {"keyword": {"type": "keyword"}}
        yield name, described
    for alias, name in ALIASES.items():
        if alias == _TIME:
            yield alias, {"type": type_of(FIELDS[name])}
        elif not alias.startswith("_"):
            yield alias, {"type": "alias", "path": name}


def _names() -> Iterator[str]:
    for name, described in _described():
        yield name
        if "fields" in described:
            yield f"{name}.keyword"


def _caps(name: str) -> Caps:
    field = find_field(name)
    kind = type_of(field, whole=name.endswith(".keyword"))
    kept = field.name not in NOWHERE
    return {
        kind: {
            "type": kind,
            "metadata_field": name.startswith("_"),
            "searchable": kept,
            "aggregatable": kept and kind != "text",
        }
    }


def _is_known(name: str) -> bool:
    try:
        return find_field(name).name not in _MADE
    except MalformedError:
        return False


def _fits(name: str, pattern: str) -> bool:
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return len(pattern) <= MAX_NAME and fnmatchcase(name, escaped)
