"""What a cosigner signs (c2sp.org/tlog-cosignature).

An Ed25519 cosigner signs a time and the whole text, but not its own name, so that each needs a
key of its own. An ML-DSA-44 cosigner signs its name too, but no extension lines.
"""

from typing import Final

from tallystick.errors import MalformedError
from tallystick.tlog.checkpoint import parse_foreign
from tallystick.tlog.tree import MAX_SIZE

_SUBTREE: Final = b"subtree/v1\n\x00"
_MAX_NAME_BYTES: Final = 255


def cosigned_message(body: str, time_s: int) -> bytes:
    """Return what an Ed25519 cosignature (``cosignature/v1``) covers.

    Args:
        body: Text of the checkpoint's note, with its last newline and its extension lines.
        time_s: When it was cosigned, in seconds since 1970.

    Raises:
        MalformedError: The time is negative or beyond 2^63 - 1.
    """
    _require_time(time_s)
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def subtree_message(cosigner: str, body: str, time_s: int) -> bytes:
    """Return what an ML-DSA-44 cosignature of a checkpoint covers.

    Args:
        cosigner: Name of the cosigner's key, 1 to 255 bytes.
        body: Text of the checkpoint's note.
        time_s: When it was cosigned, in seconds since 1970; 0 says nothing about when.

    Raises:
        MalformedError: The time, a name's length or the checkpoint cannot be written so.
    """
    _require_time(time_s)
    checkpoint, _ = parse_foreign(body)
    return b"".join(
        [
            _SUBTREE,
            _short("cosigner", cosigner),
            time_s.to_bytes(8),
            _short("origin", checkpoint.origin),
            (0).to_bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        ]
    )


def _short(what: str, name: str) -> bytes:
    data = name.encode()
    if not 0 < len(data) <= _MAX_NAME_BYTES:
        raise MalformedError(f"{what}: {len(data)} bytes, want 1 to {_MAX_NAME_BYTES}")
    return bytes([len(data)]) + data


def _require_time(time_s: int) -> None:
    if not 0 <= time_s <= MAX_SIZE:
        raise MalformedError(f"cosignature: time {time_s}, want 0 to 2^63 - 1")
