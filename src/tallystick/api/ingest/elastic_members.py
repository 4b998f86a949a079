"""The members of a document, found by dotted path however they are nested."""

from collections.abc import Iterable
from typing import Final

from tallystick.api.ingest.foreign_values import plain

_LEVELS: Final = 3
"""How deep members are known by their paths: no path that anybody asks for has more."""
_MAX_NAME: Final = 64
"""Longest name of those: a long one must not be written anew for each member below it."""


class Members:
    """A document whose members are taken out one by one; what nobody takes is left.

    ``{"user": {"id": 1}}`` and ``{"user.id": 1}`` say the same, as they do to Elasticsearch.

    Args:
        rest: The document, which is taken apart.

    Attributes:
        rest: What is left of it.
    """

    __slots__ = ("_known", "rest")

    def __init__(self, rest: dict[str, object]) -> None:
        self.rest = rest
        self._known: dict[str, object] = {}
        _learn(self._known, rest, "", _LEVELS)

    def find(self, path: str) -> object:
        """Return the value at a path; None where there is none."""
        return self._known.get(path)

    def take(self, path: str) -> None:
        """Take the member at a path away, with what holds nothing else."""
        if self._known.pop(path, None) is not None:
            _take(self.rest, path)

    def text(self, paths: Iterable[str], limit: int) -> str | None:
        """Take the first member that fits a field of texts.

        Args:
            paths: Where it may stand.
            limit: Most characters.

        Returns:
            The text; that of a whole number in decimal; None where none fits.
        """
        known = self._known
        for path in paths:
            if path in known:
                text = plain(_spelled(known[path]), limit)
                if text is not None:
                    self.take(path)
                    return text
        return None


def _learn(known: dict[str, object], members: dict[str, object], before: str, levels: int) -> None:
    for name, value in members.items():
        if value is None or len(name) > _MAX_NAME:
            continue
        path = before + name
        if path not in known:
            known[path] = value
        if levels > 1 and isinstance(value, dict):
            _learn(known, value, f"{path}.", levels - 1)


def _spelled(value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # to Elasticsearch one value and a list of it are one
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64:
        return str(value)
    return value


def _take(members: dict[str, object], path: str) -> bool:
    if path in members:
        del members[path]
        return True
    at = path.find(".")
    while at > 0:
        name = path[:at]
        inner = members.get(name)
        if isinstance(inner, dict) and _take(inner, path[at + 1 :]):
            if not inner:
                del members[name]
            return True
        at = path.find(".", at + 1)
    return False
