"""A receipt as its members, with the pins under which it is judged."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kit.plain_receipt import Json, written

INTACT, TAMPERED, UNVERIFIABLE, UNREADABLE = "intact", "tampered", "unverifiable", "unreadable"


@dataclass(frozen=True)
class Whole:
    """A receipt with the pins under which it is judged.

    Attributes:
        members: Of the receipt.
        pins: Of the file of pins, or None for none.
        data: The receipt where it is not what the members make.
    """

    members: Json
    pins: Json | None
    data: bytes = field(default=b"", repr=False)

    def receipt(self) -> bytes:
        """The receipt as a file."""
        return self.data or written(self.members)

    def but(self, **members: object) -> "Whole":
        """The same with other members."""
        return replace(self, members={**self.members, **members})

    def pinned(self, **pins: object) -> "Whole":
        """The same under more pins."""
        return replace(self, pins={**(self.pins or {}), **pins})

    def spelled(self, data: bytes) -> "Whole | None":
        """The same, written otherwise."""
        return None if data == self.receipt() else replace(self, data=data)


Break = Callable[[Whole, int], Whole | None]
"""Changes a receipt at a place that the number chooses; None where it cannot be."""
