"""For whom a file is sealed: who knows a passphrase, or holds the key file of a recipient.

A recipient is an X25519 public key; who seals needs nothing secret, so that a machine that makes
backups cannot read the ones it made. The key file is one line, ``tallystick-backup-secret-…``,
the recipient's name ``tallystick-backup-…``, both with 32 bytes in base64.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.ledger.ports import Entropy
from tallystick.tlog.spelling import decode_base64, encode_base64

PREFIX: Final = "tallystick-backup-"
SECRET_PREFIX: Final = f"{PREFIX}secret-"
_COST: Final = 17
_COSTS: Final = range(14, 21)
_KEY: Final = 32
_SALT: Final = 16
_MAX_KEY_FILE: Final = 1_000

Stanza = dict[str, str | int]
"""What a file's head says in clear about its key, so that its owner can find it."""


class SealingKey(Protocol):
    """What a file can be sealed for."""

    def seal(self, entropy: Entropy) -> tuple[Stanza, bytes]:
        """Draw a new secret of 32 bytes, and what its owner needs to find it again."""
        ...


class OpeningKey(Protocol):
    """What opens a file."""

    def open(self, stanza: Stanza) -> bytes:
        """Find the secret of a file.

        Raises:
            VerificationError: The file is sealed for somebody else, or in another way.
            MalformedError: The stanza is not of its form.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Passphrase:
    """A passphrase, stretched by scrypt (RFC 7914) with N = 2^17, r = 8, p = 1: 128 MiB."""

    text: str

    def seal(self, entropy: Entropy) -> tuple[Stanza, bytes]:
        """See :class:`SealingKey`."""
        salt = entropy.draw(_SALT)
        stanza: Stanza = {"kind": "scrypt", "cost": _COST, "salt": encode_base64(salt)}
        return stanza, self._stretch(salt, _COST)

    def open(self, stanza: Stanza) -> bytes:
        """See :class:`OpeningKey`."""
        match stanza:
            # A cost beyond these would let a file that somebody sends take all memory.
            case {"kind": "scrypt", "cost": int(cost), "salt": str(salt), **rest} if (
                cost in _COSTS and not rest
            ):
                return self._stretch(decode_base64("salt", salt), cost)
            case {"kind": "x25519"}:
                raise VerificationError("backup: sealed for a key file, want that")
            case _:
                raise MalformedError("backup: its head names no way to its key that is known")

    def _stretch(self, salt: bytes, cost: int) -> bytes:
        return Scrypt(salt, _KEY, 1 << cost, 8, 1).derive(self.text.encode())


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whoever holds the key file of this public key.

    Attributes:
        public: X25519 public key (RFC 7748), 32 bytes.
    """

    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a recipient's name.

        Raises:
            MalformedError: It is none.
        """
        name = text.strip()
        if not name.startswith(PREFIX) or name.startswith(SECRET_PREFIX):
            raise MalformedError(f"recipient: want one that begins with {PREFIX}")
        return cls(_key_bytes("recipient", name.removeprefix(PREFIX)))

    def __str__(self) -> str:
        return f"{PREFIX}{encode_base64(self.public)}"

    def seal(self, entropy: Entropy) -> tuple[Stanza, bytes]:
        """See :class:`SealingKey`."""
        own = X25519PrivateKey.from_private_bytes(entropy.draw(_KEY))
        shared = _exchange(own, self.public)
        ephemeral = own.public_key().public_bytes_raw()
        stanza: Stanza = {
            "kind": "x25519",
            "ephemeral": encode_base64(ephemeral),
            "recipient": str(self),
        }
        return stanza, shared


@dataclass(frozen=True, slots=True, repr=False)
class RecipientKey:
    """The secret half of a recipient, 32 bytes."""

    secret: bytes

    @property
    def recipient(self) -> Recipient:
        """The half that others may know."""
        return Recipient(self._key().public_key().public_bytes_raw())

    def open(self, stanza: Stanza) -> bytes:
        """See :class:`OpeningKey`."""
        match stanza:
            case {
                "kind": "x25519",
                "ephemeral": str(ephemeral),
                "recipient": str(name),
                **rest,
            } if not rest:
                own = str(self.recipient)
                if name != own:
                    raise VerificationError(f"backup: sealed for {name[:80]}, want {own}")
                return _exchange(self._key(), _key_bytes("ephemeral", ephemeral))
            case {"kind": "scrypt"}:
                raise VerificationError("backup: sealed with a passphrase, want that")
            case _:
                raise MalformedError("backup: its head names no way to its key that is known")

    def _key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.secret)


def create_key_file(path: Path, entropy: Entropy) -> RecipientKey:
    """Draw a new recipient's key into a file of mode 0600.

    Raises:
        ConflictError: The file exists; another key may be in it.
    """
    key = RecipientKey(entropy.draw(_KEY))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except FileExistsError:
        raise ConflictError(f"key file {path.name}: exists, want a new name") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{SECRET_PREFIX}{encode_base64(key.secret)}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key_file(path: Path) -> RecipientKey:
    """Read a recipient's key.

    Raises:
        NotFoundError: There is no such file.
        MalformedError: It is not of its form, or others may read it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_MAX_KEY_FILE).decode("ascii", "replace").strip()
    except FileNotFoundError:
        raise NotFoundError(f"key file {path.name}: missing, want it here") from None
    if mode & 0o077:
        raise MalformedError(f"key file {path.name}: mode {mode:03o}, want 600; run chmod 600")
    if not text.startswith(SECRET_PREFIX):
        raise MalformedError(f"key file {path.name}: want one line with {SECRET_PREFIX}…")
    return RecipientKey(_key_bytes(f"key file {path.name}", text.removeprefix(SECRET_PREFIX)))


def _exchange(own: X25519PrivateKey, other: bytes) -> bytes:
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:
        raise MalformedError("recipient: a key of small order, want a real one") from None


def _key_bytes(what: str, text: str) -> bytes:
    try:
        key = decode_base64(what, text)
    except MalformedError:
        key = b""  # the message would hold the secret
    if len(key) != _KEY:
        raise MalformedError(f"{what}: not 32 bytes in base64, want them")
    return key
