"""A proof in a file: an entry's place, its path and the checkpoint (c2sp.org/tlog-proof).

::

    c2sp.org/tlog-proof@v1
    extra ZXhhbXBsZQ==
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    …

    example.com/fancylog
    109482
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    — example.com/fancylog hI2DJw…
"""

from dataclasses import dataclass
from typing import Final, Self

from tallystick.errors import MalformedError
from tallystick.tlog.hashing import require_hashes
from tallystick.tlog.note import Note
from tallystick.tlog.policy import Policy, TrustedCheckpoint
from tallystick.tlog.proof import verify_inclusion
from tallystick.tlog.spelling import decode_base64, encode_base64, parse_decimal
from tallystick.tlog.tree import MAX_SIZE

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63
"""Longest path: the height of the largest tree."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof that stands alone: nothing of the log is needed to check it.

    Attributes:
        index: Zero-based position of the entry.
        hashes: Inclusion proof: the leaf's sibling first, the root's child last.
        checkpoint_note: Note of the checkpoint whose tree has the entry, byte for byte.
        extra: Bytes that the proof carries along and nothing vouches for; ``None`` is none.

    Raises:
        MalformedError: One of them cannot stand in a proof.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise MalformedError(f"tlog-proof: index {self.index}, want 0 to 2^63 - 1")
        if len(self.hashes) > MAX_HASHES:
            raise MalformedError(
                f"tlog-proof: {len(self.hashes)} hashes, want at most {MAX_HASHES}"
            )
        require_hashes("tlog-proof", self.hashes)
        if not self.checkpoint_note.endswith("\n"):
            raise MalformedError("tlog-proof: checkpoint without last newline, want one")

    def format(self) -> str:
        """Return the proof as a file has it."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(encode_base64, self.hashes)]
        return "\n".join([*lines, "", self.checkpoint_note])

    @classmethod
    def parse(cls, data: bytes | str) -> Self:
        """Read a proof. What it proves is left to :meth:`verify`.

        Raises:
            MalformedError: It is none, or is not spelled as :meth:`format` would.
        """
        # The note has a blank line of its own: the first one divides.
        head, blank, note = _decode(data).partition("\n\n")
        if not blank:
            raise MalformedError("tlog-proof: no blank line, want one before the checkpoint")
        header, *lines = head.split("\n")
        if header != HEADER:
            raise MalformedError(f"tlog-proof: header {header[:40]!r}, want {HEADER!r}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64("extra", lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise MalformedError("tlog-proof: no index line, want one")
        index = parse_decimal("index", lines.pop(0).removeprefix("index "))
        if len(lines) > MAX_HASHES:
            raise MalformedError(f"tlog-proof: {len(lines)} hashes, want at most {MAX_HASHES}")
        return cls(index, tuple(decode_base64("hash", it) for it in lines), note, extra)

    def verify(self, leaf: bytes, policy: Policy) -> TrustedCheckpoint:
        """Check that the log has the entry, as far as the policy's logs and witnesses go.

        Args:
            leaf: Leaf hash of the entry, made by the caller from the entry itself.
            policy: Whom to believe.

        Returns:
            The checkpoint, believable under ``policy``, and who cosigned it.

        Raises:
            MalformedError: The note is none, or the path cannot belong to index and size.
            VerificationError: The checkpoint is not believable, or the path leads elsewhere.

        Source: c2sp.org/tlog-proof, "Verification", in its order: origin and the log's
        signature, witnesses, inclusion.
        """
        trusted = policy.verify(Note.parse(self.checkpoint_note))
        checkpoint = trusted.checkpoint
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return trusted


def _decode(data: bytes | str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"tlog-proof: byte {error.start} is no UTF-8, want UTF-8") from error
