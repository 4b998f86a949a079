"""Bytes of a file that may be gzip, within limits, and their lines."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.errors import MalformedError

_PIECE: Final = 65_536
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's number for a gzip header and trailer

# Even a small file may unpack to this much before its ratio is looked at: a few empty blocks
# at its start say nothing.
_FREE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may unpack to.

    Attributes:
        ratio: Unpacked bytes for each packed one. Logs reach 10 to 100, a bomb about 1,000.
        unpacked_bytes: In all.
        document_bytes: Of a file that is one JSON document, which is held in memory.
        line_bytes: Of one line.
    """

    ratio: int = 500
    unpacked_bytes: int = 64 * 1024**3
    document_bytes: int = 256 * 1024**2
    line_bytes: int = 4 * 1024**2


DEFAULT: Final = Limits()


class Unpacked:
    """The bytes of a file, piece by piece, unpacked where they are gzip.

    Args:
        file: The file.
        limits: How much it may unpack to.

    Attributes:
        bytes_read: How many bytes of the file itself have been read.
    """

    def __init__(self, file: Path, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._written = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[bytes]:
        """Read the pieces.

        Raises:
            MalformedError: Damaged or truncated gzip, or more bytes than the limits allow.
            OSError: The file cannot be read.
        """
        with self._file.open("rb") as opened:
            start = opened.read(_PIECE)
            pieces = self._counted(start, iter(lambda: opened.read(_PIECE), b""))
            yield from self._checked(_inflated(pieces, self._file) if _is_gzip(start) else pieces)

    def whole(self, limit: int) -> bytes:
        """Read all pieces at once.

        Raises:
            MalformedError: As iteration, and when they are more than ``limit`` bytes.
        """
        parts: list[bytes] = []
        for piece in self:
            if self._written > limit:
                raise MalformedError(
                    f"{self._file}: one JSON document of more than {limit:,} bytes,"
                    " want at most that, or JSON lines"
                )
            parts.append(piece)
        return b"".join(parts)

    def _counted(self, start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        self.bytes_read += len(start)
        yield start
        for piece in rest:
            self.bytes_read += len(piece)
            yield piece

    def _checked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._written += len(piece)
            if self._written > self._limits.unpacked_bytes:
                raise MalformedError(
                    f"{self._file}: unpacks to more than {self._limits.unpacked_bytes:,} bytes,"
                    " want at most that"
                )
            if self._written > max(_FREE_BYTES, self.bytes_read * self._limits.ratio):
                raise MalformedError(
                    f"{self._file}: unpacks to more than {self._limits.ratio} times its size,"
                    " want at most that"
                )
            yield piece


class Lines:
    """Numbered lines, of which no more than one is held in memory.

    Args:
        pieces: The bytes.
        limit: Longest line, in bytes without its end.
    """

    def __init__(self, pieces: Iterable[bytes], limit: int) -> None:
        self._pieces = pieces
        self._limit = limit

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        """Read the lines: number from 1, and text without its end; None where it is too long."""
        number, held, too_long = 1, bytearray(), False
        for piece in self._pieces:
            *ended, last = piece.split(b"\n")
            for text in ended:
                held += b"" if too_long else text
                yield number, None if too_long or len(held) > self._limit else bytes(held)
                number, too_long = number + 1, False
                held.clear()
            held += b"" if too_long else last
            if len(held) > self._limit:
                too_long = True
                held.clear()
        if held or too_long:
            yield number, None if too_long else bytes(held)


def _is_gzip(start: bytes) -> bool:
    return start.startswith(_GZIP)


def _inflated(pieces: Iterable[bytes], file: Path) -> Iterator[bytes]:
    """Unpack gzip, of which several members may follow each other (RFC 1952 §2.2)."""
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for piece in pieces:
            packed = piece
            while packed:
                if inflater.eof:
                    packed = packed.lstrip(b"\0")  # padding that tape writers leave
                    if not packed:
                        break
                    inflater = zlib.decompressobj(_GZIP_WINDOW)
                yield inflater.decompress(packed, _PIECE)
                packed = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error:
        raise MalformedError(f"{file}: damaged gzip, want whole gzip") from None
    if not inflater.eof:
        raise MalformedError(f"{file}: truncated gzip, want whole gzip")
