"""Files in a sealed stream, one after the other, and a manifest behind them.

Each part is a line ``{"name":…,"size":…}`` and its bytes; the last line is the manifest.
"""

import os
from collections.abc import Callable, Collection
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import msgspec

from tallystick.drivers.sealed.stream import PIECE, SealedReader, SealedWriter
from tallystick.errors import MalformedError, VerificationError
from tallystick.ledger.backup import VERSION, Manifest, Part, State, compare_parts

_MAX_LINE: Final = PIECE
_Form = TypeVar("_Form")

Progress = Callable[[int], None]
"""(bytes more)"""


class _Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    size: int


class PartsWriter:
    """Writes parts.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: SealedWriter) -> None:
        self._stream = stream
        self._parts: list[Part] = []

    def add(self, name: str, file: BinaryIO, progress: Progress) -> None:
        """Add a file, from its start to its end."""
        size = os.fstat(file.fileno()).st_size
        heading = msgspec.json.encode(_Heading(name, size))
        self._stream.write(heading + b"\n")
        checksum, left = sha256(), size
        while left and (data := file.read(min(left, PIECE))):
            self._stream.write(data)
            checksum.update(data)
            left -= len(data)
            progress(len(data))
        if left:
            raise VerificationError(f"{name}: {size - left:,} bytes, want {size:,}")
        self._parts.append(Part(name, size, checksum.hexdigest()))

    def finish(self, state: State, made_at: int) -> Manifest:
        """Write the manifest, and end the stream."""
        manifest = Manifest(VERSION, made_at, state, tuple(self._parts))
        self._stream.write(msgspec.json.encode(manifest) + b"\n")
        self._stream.finish()
        return manifest


class PartsReader:
    """Reads parts into a folder.

    Args:
        stream: Where from.
        known: Names that a part may have; others are refused, so that none leads elsewhere.
    """

    def __init__(self, stream: SealedReader, known: Collection[str]) -> None:
        self._stream = stream
        self._known = known

    def extract(self, folder: Path, progress: Progress) -> Manifest:
        """Write all parts durably, mode 0600, and compare them with the manifest.

        Raises:
            MalformedError: The stream is not of this form.
            VerificationError: A part is not what went in.
        """
        found: list[Part] = []
        while (line := self._stream.line(_MAX_LINE)).startswith(b'{"name"'):
            heading = _decoded(line, _Heading)
            if heading.name not in self._known or heading.name in {part.name for part in found}:
                raise MalformedError(
                    f"backup: part {heading.name[:80]!r}, want each known one once"
                )
            found.append(self._extract(folder / heading.name, heading, progress))
        manifest = _decoded(line, Manifest)
        compare_parts(manifest, found)
        if self._stream.read(1):
            raise MalformedError("backup: bytes behind its manifest, want none")
        return manifest

    def _extract(self, path: Path, heading: _Heading, progress: Progress) -> Part:
        checksum, left = sha256(), heading.size
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            while left > 0 and (data := self._stream.read(min(left, PIECE))):
                file.write(data)
                checksum.update(data)
                left -= len(data)
                progress(len(data))
            file.flush()
            os.fsync(file.fileno())
        return Part(heading.name, heading.size - left, checksum.hexdigest())


def _decoded(line: bytes, form: type[_Form]) -> _Form:
    try:
        return msgspec.json.decode(line, type=form)
    except msgspec.MsgspecError as error:
        raise MalformedError(f"backup: {error}") from None
