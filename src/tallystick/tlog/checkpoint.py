"""A checkpoint: which log, how many entries, which root (c2sp.org/tlog-checkpoint).

::

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

It is the text of a signed note; unsigned it proves nothing.
"""

from dataclasses import dataclass
from typing import Self

from tallystick.errors import MalformedError
from tallystick.tlog.hashing import require_hashes
from tallystick.tlog.spelling import (
    decode_base64,
    encode_base64,
    parse_decimal,
    require_text,
)
from tallystick.tlog.tree import MAX_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name, size and root.

    Attributes:
        origin: The log's permanent name: one line, a URL without scheme.
        size: Number of entries.
        root: Root hash of the tree of that size, 32 bytes.

    Raises:
        MalformedError: One of them cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise MalformedError(f"origin: {self.origin[:80]!r}, want one non-empty line")
        require_text("origin", self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError(f"checkpoint: size {self.size}, want 0 to 2^63 - 1")
        require_hashes("root", [self.root])

    def format(self) -> str:
        """Return the three lines, each ended by a newline."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint of exactly three lines, which is how our logs write theirs.

        Raises:
            MalformedError: It has other lines, or is not spelled as :meth:`format` would.
        """
        match text.split("\n"):
            case [origin, size, root, ""]:
                return cls(origin, parse_decimal("size", size), decode_base64("root", root))
            case lines:
                raise MalformedError(f"checkpoint: {len(lines) - 1} lines, want 3")


def parse_foreign(text: str) -> tuple[Checkpoint, tuple[str, ...]]:
    """Read any log's checkpoint, which may have extension lines.

    Nobody audits extension lines, and no ML-DSA-44 cosignature covers them: rely on none.

    Returns:
        The checkpoint and its extension lines, without newlines.

    Raises:
        MalformedError: It has fewer than three lines, an empty one, or another spelling.
    """
    match text.split("\n"):
        case [origin, size, root, *extensions, ""] if all(extensions):
            require_text("extension line", "\n".join(extensions))
            return Checkpoint.parse(f"{origin}\n{size}\n{root}\n"), tuple(extensions)
        case lines:
            raise MalformedError(
                f"checkpoint: {len(lines) - 1} lines, want 3 or more, all non-empty and ended"
            )
