"""How a long command says how far it is."""

from collections.abc import Callable
from typing import Literal, TypeAlias

Told: TypeAlias = Callable[[int, int], None]
"""(done, in all); zero in all where that is not known."""

Counted: TypeAlias = Literal["pieces", "bytes", "kibibytes"]
"""What both are written as: bytes with the prefixes of ten, kibibytes with those of two."""
