"""An event parted for sealing: what is committed to under whose key, in what layout."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple, Protocol

from tallystick.errors import MalformedError
from tallystick.events.canonical import encode
from tallystick.events.pointer import put
from tallystick.ledger.leaf import MAX_LEAF, clear_text, sealed_text
from tallystick.ledger.plan import Found
from tallystick.ledger.sealed_values import canonical_text, framed

Spot = tuple[int, bytes]
"""Where a sealed value belongs: the slot of its subject, and its path behind 2 bytes of length."""


class Layout(Protocol):
    """What drafts of one shape have in common.

    Attributes:
        spots: Where the values to be sealed belong, in the order of "sealed".
        sealed: The member "sealed", with a gap ``%b`` for each commitment in base64.
        needs_event_key: Whether a value belongs to nobody known, or may be folded to be so.
    """

    spots: Sequence[Spot]
    sealed: bytes
    needs_event_key: bool

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
        texts: The values to be sealed in canonical form, as the layout's spots are ordered.
        clear: What stands in clear: the texts of a :class:`~tallystick.ledger.leaf.ClearText`.
        layout: Where the values belong.
    """

    event_id: bytes
    owners: Sequence[str | None]
    texts: Sequence[bytes]
    clear: Sequence[bytes]
    layout: Layout


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
    layout = _Alone(event_id, clear, found, slots, retention)
    texts = [canonical_text(value) for _, value, _ in in_order(found)]
    text = clear_text(clear, retention, has_refs=bool(found))
    return Draft(event_id, tuple(slots), texts, text, layout)


def in_order(found: Sequence[Found]) -> list[Found]:
    """Sort what is to be sealed as the entry has it: by UTF-16 code units (RFC 8785 §3.2.3)."""
    return sorted(found, key=lambda one: one[0].encode("utf-16-be"))


class _Alone:
    """The layout of one event alone."""

    def __init__(
        self,
        event_id: bytes,
        clear: dict[str, object],
        found: Sequence[Found],
        slots: Mapping[str | None, int],
        retention: str,
    ) -> None:
        members = [(path, slots[person]) for path, _, person in in_order(found)]
        self.spots: Sequence[Spot] = [(slot, framed(path)) for path, slot in members]
        self.sealed = sealed_text((member_name(path), slot) for path, slot in members)
        of_changes = {person for path, _, person in found if path.startswith("/changes/")}
        self.needs_event_key = None in slots or len(of_changes) > 1
        self._event_id = event_id
        self._clear = clear
        self._found = found
        self._retention = retention

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
