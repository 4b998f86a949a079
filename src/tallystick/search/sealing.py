"""Which fields of an entry are sealed."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from tallystick.events.pointer import tokens
from tallystick.ledger import stored_json
from tallystick.ledger.opening import Opened
from tallystick.search.fields import ACTION_WORDS, FIELDS

_LISTS: Final = frozenset({"targets", "changes", "delegation", "links"})


def sealed_fields(paths: Iterable[str], opened: Opened) -> list[str]:
    """Name the fields whose values are committed to, each once.

    Args:
        paths: JSON Pointers of the commitments.
        opened: What can be read of the entry.
    """
    found: dict[str, None] = {}
    for path in paths:
        for name in _fields_at(path) or _fields_in(path, opened.values.get(path)):
            found[name] = None
    return list(found)


@lru_cache(maxsize=4_096)
def dotted(path: str) -> str:
    """Name the field at a path, or the object of fields: the path with dots, without positions."""
    first, *rest = tokens(path)
    if first in _LISTS and rest:
        rest = rest[1:]
    name = first
    for step in rest:
        name = joined(name, step)
    return name


def joined(name: str, step: str) -> str:
    """Name what stands below; all of free JSON has one name."""
    return name if name in FIELDS else f"{name}.{step}"


@lru_cache(maxsize=4_096)
def _fields_at(path: str) -> tuple[str, ...]:
    """Name the field whose values stand at a path; none if it is an object's."""
    name = dotted(path)
    if name == "action":
        return (name, ACTION_WORDS)
    return (name,) if name in FIELDS else ()


def _fields_in(path: str, value: tuple[bytes, bytes] | None) -> Iterator[str]:
    """Name the fields of an object, or a list of them, that was sealed whole."""
    if value is None:  # erased: whatever it may have held
        prefix = f"{dotted(path)}."
        yield from (name for name in FIELDS if name.startswith(prefix))
    else:
        yield from _named_in(dotted(path), stored_json.read(value[1]))


def _named_in(name: str, value: object) -> Iterator[str]:
    if name in FIELDS:
        yield name
    elif isinstance(value, dict):
        for member, inner in value.items():
            yield from _named_in(f"{name}.{member}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_in(name, inner)
