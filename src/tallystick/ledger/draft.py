"""An event parted for sealing: what is committed to under whose key, in what layout."""

from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple, Protocol

from tallystick.errors import MalformedError
from tallystick.events.canonical import encode
from tallystick.events.pointer import put
from tallystick.ledger.leaf import MAX_LEAF, halves, sealed_member, sealed_object
from tallystick.ledger.plan import Found
from tallystick.ledger.sealed_values import canonical_text, framed

Spot = tuple[int, bytes]
"""Where a sealed value belongs: the slot of its subject, and its path behind 2 bytes of length."""


class Layout(Protocol):
    """How the entry and the disclosure of a draft are written."""

    def leaf(
        self, values: Sequence[bytes], codes: Sequence[bytes], refs: list[str]
    ) -> tuple[bytes, bytes]:
        """Write the leaf up to the time of receipt, and from there to "via".

        Args:
            values: The draft's.
            codes: The commitments in base64, as its spots are ordered.
            refs: The subjects by slot, in hex.
        """
        ...

    def disclosure(self, slot: int, texts: Sequence[bytes]) -> bytes:
        """Write the values of one subject as they are encrypted: in the order of "sealed"."""
        ...

    def folded(self, size: int) -> "Draft":
        """Part the event anew, for its entry takes ``size`` bytes.

        Raises:
            MalformedError: It can't be made smaller.
        """
        ...


class Draft(NamedTuple):
    """An event parted for sealing.

    Attributes:
        event_id: 16 bytes.
        owners: By slot, whom the values tell about; None for the event's own key.
        spots: Where the values to be sealed belong.
        texts: These values in canonical form.
        values: What the layout needs to know of the clear part.
        layout: Writes entry and disclosure.
        needs_event_key: Whether a value belongs to nobody known, or may be folded to be so.
    """

    event_id: bytes
    owners: Sequence[str | None]
    spots: Sequence[Spot]
    texts: Sequence[bytes]
    values: Sequence[bytes]
    layout: Layout
    needs_event_key: bool


@lru_cache(maxsize=4_096)
def member_name(path: str) -> bytes:
    """Write a path as a JSON member name with the colon."""
    return encode(path) + b":"


def part(
    event_id: bytes, clear: dict[str, object], found: Sequence[Found], retention: str
) -> Draft:
    """Make the draft of one event alone.

    Args:
        event_id: 16 bytes.
        clear: What stands in the entry in clear.
        found: What is to be sealed.
        retention: The record class of its action.
    """
    slots = {person: slot for slot, person in enumerate(dict.fromkeys(p for _, _, p in found))}
    spots = [(slots[person], framed(path)) for path, _, person in found]
    texts = [canonical_text(value) for _, value, _ in found]
    of_changes = {person for path, _, person in found if path.startswith("/changes/")}
    layout = _Alone(event_id, clear, found, slots, retention)
    lonely = None in slots or len(of_changes) > 1
    return Draft(event_id, tuple(slots), spots, texts, (), layout, lonely)


class _Alone:
    """The layout of one event alone."""

    __slots__ = ("_clear", "_event_id", "_found", "_retention", "_slots")

    def __init__(
        self,
        event_id: bytes,
        clear: dict[str, object],
        found: Sequence[Found],
        slots: dict[str | None, int],
        retention: str,
    ) -> None:
        self._event_id = event_id
        self._clear = clear
        self._found = found
        self._slots = slots
        self._retention = retention

    def leaf(
        self, values: Sequence[bytes], codes: Sequence[bytes], refs: list[str]
    ) -> tuple[bytes, bytes]:
        """See :class:`Layout`."""
        del values
        before, after = halves(self._clear, self._retention, refs)
        members = sorted(
            (path.encode("utf-16-be"), sealed_member(member_name(path), self._slots[person], code))
            for (path, _, person), code in zip(self._found, codes, strict=True)
        )
        return before, sealed_object(member for _, member in members) + after

    def disclosure(self, slot: int, texts: Sequence[bytes]) -> bytes:
        """See :class:`Layout`."""
        mine = [
            (path.encode("utf-16-be"), text)
            for (path, _, person), text in zip(self._found, texts, strict=True)
            if self._slots[person] == slot
        ]
        return b"[%b]" % b",".join([text for _, text in sorted(mine)])

    def folded(self, size: int) -> Draft:
        """Move all changes whole behind one commitment."""
        inner = [found for found in self._found if found[0].startswith("/changes/")]
        if not inner:
            raise MalformedError(f"entry: {size:,} bytes once sealed, want at most {MAX_LEAF:,}")
        whole = {"changes": deepcopy(self._clear["changes"])}
        for path, value, _ in inner:
            put(whole, path, value)
        owners = {person for _, _, person in inner}
        owner = owners.pop() if len(owners) == 1 else None
        kept = [found for found in self._found if not found[0].startswith("/changes/")]
        clear = {name: value for name, value in self._clear.items() if name != "changes"}
        found = [*kept, ("/changes", whole["changes"], owner)]
        return part(self._event_id, clear, found, self._retention)
