"""Finding a member name that stands twice in one JSON object.

Two readers of one text with a name twice may each see another value (RFC 8259 §4), so that what
one of them checked is not what the other stores. Such a text has no one meaning and is refused.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tallystick.errors import MalformedError
from tallystick.events.pointer import escape


@dataclass(frozen=True, slots=True)
class _Torn:
    """An object with a name that stands twice.

    Attributes:
        name: The first name that came again.
        members: All members as they were read.
    """

    name: str
    members: list[tuple[str, object]]


def refuse_duplicates(data: bytes) -> None:
    """Check that no object in a well-formed JSON text has two members of one name.

    Args:
        data: UTF-8 that a JSON reader accepted already.

    Raises:
        MalformedError: There is one; ``path`` points to it.
    """
    torn = False

    def joined(members: list[tuple[str, object]]) -> object:
        nonlocal torn
        seen: dict[str, object] = {}
        for name, value in members:
            if name in seen:
                torn = True
                return _Torn(name, members)
            seen[name] = value
        return seen

    try:
        value = json.loads(data.decode(), object_pairs_hook=joined, parse_int=str)
    except RecursionError:
        raise MalformedError("json: nested too deep to read, want less") from None
    if torn:
        path = _find(value, "")
        raise MalformedError(f"json: two members {path}, want one", path=path or "")


def _find(value: object, path: str) -> str | None:
    if isinstance(value, _Torn):
        return f"{path}/{escape(value.name)}"
    for token, inner in _members(value):
        found = _find(inner, f"{path}/{token}")
        if found is not None:
            return found
    return None


def _members(value: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(value, dict):
        return ((escape(name), inner) for name, inner in value.items())
    return enumerate(value) if isinstance(value, list) else ()
