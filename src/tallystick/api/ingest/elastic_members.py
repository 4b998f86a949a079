"""The members of a document, found by dotted path however they are nested."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tallystick.api.ingest.foreign_values import plain

_LEVELS: Final = 3
"""How deep members are known by their paths: no path that anybody asks for has more."""
_MAX_NAME: Final = 64
"""Longest name of those: a long one must not be written anew for each member below it."""


class _Holder(NamedTuple):
    """Where a member stands: what holds it, its name there, and where that stands itself."""

    members: dict[str, object]
    name: str
    parent: "_Holder | None"


class Members:
    """A document whose members are taken out one by one; what nobody takes is left.

    ``{"user": {"id": 1}}`` and ``{"user.id": 1}`` say the same, as they do to Elasticsearch.
    Where a document says both, the first counts, and the other is left.

    Args:
        rest: The document, which is taken apart.

    Attributes:
        rest: What is left of it.
    """

    __slots__ = ("_known", "rest")

    def __init__(self, rest: dict[str, object]) -> None:
        self.rest = rest
        self._known: dict[str, _Holder] = {}
        _learn(self._known, rest, "", None, _LEVELS)

    def find(self, path: str) -> object:
        """Return the value at a path; None where there is none."""
        holder = self._known.get(path)
        return None if holder is None else holder.members.get(holder.name)

    def take(self, path: str) -> None:
        """Take the member at a path away, with what holds nothing else."""
        holder = self._known.pop(path, None)
        while holder is not None:
            holder.members.pop(holder.name, None)
            holder = None if holder.members else holder.parent

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
                text = plain(_spelled(self.find(path)), limit)
                if text is not None:
                    self.take(path)
                    return text
        return None


def _learn(
    known: dict[str, _Holder],
    members: dict[str, object],
    before: str,
    parent: _Holder | None,
    levels: int,
) -> None:
    for name, value in members.items():
        if value is None or len(name) > _MAX_NAME:
            continue
        path = before + name
        holder = _Holder(members, name, parent)
        if path not in known:
            known[path] = holder
        if levels > 1 and isinstance(value, dict):
            _learn(known, value, f"{path}.", holder, levels - 1)


def _spelled(value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # to Elasticsearch one value and a list of it are one
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64:
        return str(value)
    return value
