"""A log cut into C2SP tiles by plain code (c2sp.org/tlog-tiles): path → bytes."""

from collections.abc import Iterator, Sequence
from hashlib import sha256


def plain_files(entries: Sequence[bytes]) -> dict[str, bytes]:
    """Return every tile and entry bundle of a log, each behind its path."""
    files = {}
    for at, few in _pieces(entries):
        body = b"".join(len(entry).to_bytes(2) + entry for entry in few)
        files[plain_path("entries", at, len(few))] = body
    row = [sha256(b"\x00" + entry).digest() for entry in entries]
    level = 0
    while row:
        above = []
        for at, few in _pieces(row):
            files[plain_path(str(level), at, len(few))] = b"".join(few)
            if len(few) == 256:
                above.append(_root(few))
        row, level = above, level + 1
    return files


def plain_root(entries: Sequence[bytes]) -> bytes:
    """Return the root of a log: MTH of RFC 6962 §2.1, without recursion."""
    return _root([sha256(b"\x00" + entry).digest() for entry in entries])


def plain_path(kind: str, at: int, width: int) -> str:
    """Spell a path, such as ``tile/0/x001/234.p/5``."""
    digits = f"{at:03d}" if at < 1000 else f"x{at // 1000:03d}/{at % 1000:03d}"
    return f"tile/{kind}/{digits}" + ("" if width == 256 else f".p/{width}")


def _pieces(row: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    for start in range(0, len(row), 256):
        yield start // 256, row[start : start + 256]


def _root(row: Sequence[bytes]) -> bytes:
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        lone = [*row[len(row) & ~1 :]]
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + lone
    return row[0]
