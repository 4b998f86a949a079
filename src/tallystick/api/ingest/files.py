"""Files of records, read one by one: JSON, JSON lines, gzip, folders.

What cannot be read is told with its place and does not stop what follows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, cast

from tallystick.api.ingest.unpacking import DEFAULT, Limits, Lines, Unpacked
from tallystick.errors import MalformedError, NotFoundError
from tallystick.events.canonical import MAX_DEPTH, decode, encode

# A translator puts a record into the event's metadata, two levels further in.
_DEPTH: Final = MAX_DEPTH - 2
_DOCUMENTS: Final = frozenset({".json"})
_LINED: Final = frozenset({".jsonl", ".ndjson", ".log"})
_PACKED: Final = ".gz"
_BLANK: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"


class Found(NamedTuple):
    """One record, or why there is none.

    Attributes:
        where: ``file:line``, or ``file:/Records/3`` in a file that is one JSON document.
        record: The record as JSON builtins, or the error.
        bytes_read: Bytes on disk of all files that have been read so far.
        bytes_total: Bytes on disk of all files.
    """

    where: str
    record: "dict[str, object] | MalformedError"
    bytes_read: int
    bytes_total: int


class FoundText(NamedTuple):
    """One line as it stands, or why it cannot be read; see :class:`Found`."""

    where: str
    text: "bytes | MalformedError"
    bytes_read: int
    bytes_total: int


def read_records(path: Path, limits: Limits = DEFAULT) -> Iterator[Found]:
    """Read the records of a file, or of all files below a folder.

    ``.json`` is one JSON document: ``{"Records": […]}``, an array, or one object; when it is
    several objects, one a line, it is read as lines. Anything else is JSON lines, of which one
    is held in memory at a time. Either may be gzip, by its first bytes whatever its name.

    Args:
        path: A file of any name; of a folder, ``.json``, ``.jsonl``, ``.ndjson`` and ``.log``
            with or without ``.gz``, in the order of their paths. Links to folders are not
            followed.
        limits: How much a file may unpack to.

    Yields:
        The records in order. A record that is no object is an error.

    Raises:
        NotFoundError: There is no such file or folder.
    """
    for where, text, read, total in read_lines(path, limits):
        yield Found(where, _record(where, text), read, total)


def read_lines(path: Path, limits: Limits = DEFAULT) -> Iterator[FoundText]:
    """Read what :func:`read_records` reads, as text: lines, and each record of a document.

    Lines of white space are left out, though counted.

    Raises:
        NotFoundError: There is no such file or folder.
    """
    files = list(_files(path))
    total = sum(_size(file) for file in files)
    before = 0
    for file in files:
        unpacked = Unpacked(file, limits)
        try:
            for where, text in _texts(file, unpacked, limits):
                yield FoundText(where, text, before + unpacked.bytes_read, total)
        except MalformedError as error:
            yield FoundText(str(file), error, before + unpacked.bytes_read, total)
        except OSError as error:
            reason = MalformedError(f"{file}: {error.strerror or error}, want a readable file")
            yield FoundText(str(file), reason, before + unpacked.bytes_read, total)
        before += _size(file)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(
            file
            for file in path.rglob("*")
            if _kind(file) in _DOCUMENTS | _LINED and file.is_file()
        )
    elif path.exists():
        yield path
    else:
        raise NotFoundError(f"{path}: no such file or folder")


def _kind(file: Path) -> str:
    name = file.with_suffix("") if file.suffix.lower() == _PACKED else file
    return name.suffix.lower()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _texts(
    file: Path, unpacked: Unpacked, limits: Limits
) -> Iterator[tuple[str, bytes | MalformedError]]:
    if _kind(file) not in _DOCUMENTS:
        yield from _numbered(file, unpacked, limits)
        return
    text = unpacked.whole(limits.document_bytes).removeprefix(_MARK)
    try:
        document = decode(text, max_depth=_DEPTH + 2)  # the records stand in an array
    except MalformedError as error:
        if not _starts_with_an_object(text):
            raise MalformedError(f"{file}: {error}", path=error.path) from None
        yield from _numbered(file, [text], limits)
        return
    yield from _members(file, document)


def _numbered(
    file: Path, pieces: "Unpacked | list[bytes]", limits: Limits
) -> Iterator[tuple[str, bytes | MalformedError]]:
    for number, line in Lines(pieces, limits.line_bytes):
        where = f"{file}:{number}"
        if line is None:
            reason = f"{where}: a line longer than {limits.line_bytes:,} bytes, want at most that"
            yield where, MalformedError(reason)
            continue
        text = line.removeprefix(_MARK) if number == 1 else line
        if text.strip(_BLANK):
            yield where, text.rstrip(b"\r")


def _members(file: Path, document: object) -> Iterator[tuple[str, bytes | MalformedError]]:
    records: list[tuple[str, object]] = [(f"{file}:1", document)]
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        records = [(f"{file}:/Records/{i}", one) for i, one in enumerate(document["Records"])]
    elif isinstance(document, list):
        records = [(f"{file}:/{i}", one) for i, one in enumerate(document)]
    for where, record in records:
        try:
            yield where, encode(record)
        except MalformedError as error:
            yield where, MalformedError(f"{where}: {error}")


def _starts_with_an_object(text: bytes) -> bool:
    first = text.lstrip(_BLANK).partition(b"\n")[0]
    try:
        return isinstance(decode(first), dict)
    except MalformedError:
        return False


def _record(where: str, text: bytes | MalformedError) -> dict[str, object] | MalformedError:
    if isinstance(text, MalformedError):
        return text
    try:
        value = decode(text, max_depth=_DEPTH)
    except MalformedError as error:
        return MalformedError(f"{where}: {error}", path=error.path)
    if not isinstance(value, dict):
        return MalformedError(f"{where}: a {type(value).__name__}, want an object")
    return cast("dict[str, object]", value)
