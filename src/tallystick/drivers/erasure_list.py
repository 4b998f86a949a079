"""The list of erasures: beside the lock file, so that no copy of the store un-erases anybody.

One JSON object a line, in the order in which they were erased::

    {"erased_after":19,"logs":["…"],"names":["…"],"previous":"…","tenant":1}

``names`` are what the erasure entry names, refs and event ids in hex; there are no people in it.
``previous`` is the SHA-256 of the line before with its newline (64 zeros for the first one), so
that no line is changed or taken out of the middle. A line cut off at the end is seen by who
compares the list with the log.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from tallystick.errors import PushbackError, VerificationError
from tallystick.ledger.ports import Listed

_START: Final = "0" * 64
_BLOCK: Final = 1 << 16

_Log = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
_Name = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}(?:[0-9a-f]{32})?\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    erased_after: _Count
    logs: tuple[_Log, ...]
    names: Annotated[tuple[_Name, ...], msgspec.Meta(min_length=1)]
    previous: str
    tenant: _Count


class ErasureListFile:
    """An :class:`~tallystick.ledger.ports.ErasureList` in one file of mode 0600.

    Args:
        path: The file; its folder must exist. Best on another disk than the store's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """See :class:`~tallystick.ledger.ports.ErasureList`."""
        return self._path.exists()

    def append(self, lines: Sequence[Listed]) -> None:
        """See :class:`~tallystick.ledger.ports.ErasureList`."""
        try:
            with self._alone() as file:
                self._append(file, lines)
        except OSError as error:
            raise PushbackError(
                f"erasure list {self._path.name}: {error.strerror}, want a working disk",
                retry_after_s=5,
            ) from error

    def read(self) -> Iterator[Listed]:
        """See :class:`~tallystick.ledger.ports.ErasureList`."""
        previous, number = _START, 0
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                if not line.endswith(b"\n"):
                    return  # cut off by a crash, and so never answered
                number += 1
                found = self._parse(line, number)
                if found.previous != previous:
                    raise VerificationError(
                        f"erasure list {self._path.name}: line {number:,} follows another line"
                        " than the one before it"
                    )
                previous = sha256(line).hexdigest()
                yield Listed(found.tenant, found.logs, found.names, found.erased_after)

    def _parse(self, line: bytes, number: int) -> _Line:
        try:
            return msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError as error:
            raise VerificationError(
                f"erasure list {self._path.name}: line {number:,}: {error}"
            ) from None

    def _append(self, file: BinaryIO, lines: Sequence[Listed]) -> None:
        end, last = _last_line(file)
        previous = sha256(last).hexdigest() if last else _START
        written = bytearray()
        for listed in lines:
            line = _Line(
                listed.erased_after,
                tuple(listed.logs),
                tuple(listed.names),
                previous,
                listed.tenant,
            )
            text = msgspec.json.encode(line) + b"\n"
            previous = sha256(text).hexdigest()
            written += text
        file.truncate(end)
        file.seek(end)
        try:
            left = memoryview(written)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise

    @contextmanager
    def _alone(self) -> Iterator[BinaryIO]:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not os.fstat(handle).st_size:
                _sync_folder(self._path)
            yield file


def _last_line(file: BinaryIO) -> tuple[int, bytes]:
    """Find the last whole line: where it ends, and its bytes with the newline."""
    size = file.seek(0, os.SEEK_END)
    tail, start = b"", size
    while start and tail.count(b"\n") < 2:  # noqa: PLR2004 (the newlines around the last line)
        step = min(_BLOCK, start)
        start -= step
        file.seek(start)
        tail = file.read(step) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    end = start + len(whole)
    return end, whole[whole.rfind(b"\n", 0, len(whole) - 1) + 1 :] if whole else b""


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
