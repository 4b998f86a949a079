"""A stream of bytes under a key of its own, encrypted in pieces: the form of a backup.

::

    tallystick/backup/v1
    {"cost":17,"kind":"scrypt","salt":"…"}
    32 bytes  commitment: the right key is known before the first piece is opened
    32 bytes  SHA-256 of all before, so that damage is told apart from a wrong key
    pieces    AES-256-GCM, 65,536 bytes and a tag of 16 each; the last one is shorter, or empty

The key and the commitment are HKDF-SHA256 (RFC 5869) of the secret that the head leads to, with
the head as info: 64 bytes. The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár:
Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015): the nonce is
the piece's number in 11 bytes and one byte that is 1 for the last piece, so that no piece can be
moved, doubled or left out, and the end cannot be cut off. The head is associated data of each.
"""

import hmac
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.drivers.sealed.keys import OpeningKey, SealingKey, Stanza
from tallystick.errors import MalformedError, VerificationError
from tallystick.ledger.ports import Entropy

PIECE: Final = 1 << 16
_TAG: Final = 16
_HASH: Final = 32
_MAGIC: Final = b"tallystick/backup/v1\n"
_MAX_STANZA: Final = 1_000


class SealedWriter:
    """Writes a stream; what is not finished is refused when it is read.

    Args:
        file: Where to.
        key: For whom.
        entropy: Draws the key.
    """

    def __init__(self, file: BinaryIO, key: SealingKey, entropy: Entropy) -> None:
        stanza, secret = key.seal(entropy)
        line = msgspec.json.encode(stanza, order="sorted")
        head = _MAGIC + line + b"\n"
        self._key, commitment = _derive(secret, head)
        self._file = file
        self._bound = sha256(head).digest()
        self._number = 0
        self._waiting = bytearray()
        file.write(head + commitment + sha256(head + commitment).digest())

    def write(self, data: bytes) -> None:
        """Add bytes; a piece is written whenever it is full."""
        self._waiting += data
        while len(self._waiting) >= PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]

    def finish(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._file.write(self._key.encrypt(nonce, piece, self._bound))
        self._number += 1


class SealedReader:
    """Reads a stream; no byte is handed out that was not checked.

    Args:
        file: Where from.
        key: What opens it.

    Raises:
        MalformedError: The head is damaged, or none.
        VerificationError: The key is another's.
    """

    def __init__(self, file: BinaryIO, key: OpeningKey) -> None:
        head, commitment, stanza = _read_head(file)
        self._key, right = _derive(key.open(stanza), head)
        if not hmac.compare_digest(commitment, right):
            raise VerificationError("backup: does not open, want its own passphrase or key file")
        self._file = file
        self._bound = sha256(head).digest()
        self._pieces = self._opened()
        self._ready = bytearray()
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, at least one; none at the end.

        Raises:
            VerificationError: A piece was changed, moved or cut off; the message has its number.
        """
        while not self._ready and not self._ended:
            self._next()
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def line(self, limit: int) -> bytes:
        """Return the bytes up to the next newline, without it.

        Raises:
            VerificationError: As :meth:`read`.
            MalformedError: There is no newline within ``limit`` bytes.
        """
        while b"\n" not in self._ready and len(self._ready) < limit and not self._ended:
            self._next()
        line, newline, _ = bytes(self._ready[:limit]).partition(b"\n")
        if not newline:
            raise MalformedError("backup: no end of a line in it, want one")
        del self._ready[: len(line) + 1]
        return line

    def _next(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
        else:
            self._ready += piece

    def _opened(self) -> Iterator[bytes]:
        number = 0
        sealed = self._file.read(PIECE + _TAG)
        while True:
            following = self._file.read(PIECE + _TAG)
            last = not following
            try:
                yield self._key.decrypt(_nonce(number, last=last), sealed, self._bound)
            except (InvalidTag, ValueError):
                what = "changed, or the end is cut off" if last else "changed"
                raise VerificationError(f"backup: piece {number:,} of it was {what}") from None
            if last:
                return
            sealed, number = following, number + 1


def _read_head(file: BinaryIO) -> tuple[bytes, bytes, Stanza]:
    magic = file.read(len(_MAGIC))
    if magic != _MAGIC:
        raise MalformedError("backup: another kind of file, want tallystick/backup/v1")
    line = file.readline(_MAX_STANZA)
    head = magic + line
    commitment, checked = file.read(_HASH), file.read(_HASH)
    if checked != sha256(head + commitment).digest():
        raise MalformedError("backup: its head was changed or cut")
    try:
        stanza = msgspec.json.decode(line, type=dict[str, str | int])
    except msgspec.MsgspecError as error:
        raise MalformedError(f"backup: head: {error}") from None
    return head, commitment, stanza


def _derive(secret: bytes, head: bytes) -> tuple[AESGCM, bytes]:
    derived = HKDF(SHA256(), 2 * _HASH, salt=None, info=head).derive(secret)
    return AESGCM(derived[:_HASH]), derived[_HASH:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
