"""The root key: an Ed25519 key that stands on no server, and signs statements only.

Its file is one line as Go's ``x/mod/sumdb/note`` writes private keys, with the algorithm 0x01::

    PRIVATE+KEY+<deployment>/root+<key id, 8 hex digits>+<base64 of 0x01 and the 32-byte seed>
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.tlog.key import ED25519, VerifierKey
from tallystick.tlog.note import Note, sign_note
from tallystick.tlog.spelling import decode_base64, encode_base64
from tallystick.verify.statement import Statement, require_root, root_name

SEED_BYTES: Final = 32
_PREFIX: Final = "PRIVATE+KEY+"
_MAX_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class RootKey:
    """The root key of a deployment.

    Attributes:
        deployment: Name of the deployment.
        seed: 32 bytes that nobody else may know.

    Raises:
        MalformedError: The name is not allowed, or the seed is not 32 bytes.
    """

    deployment: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise MalformedError(f"root key: seed of {len(self.seed)} bytes, want {SEED_BYTES}")
        require_root(self.verifier())

    def verifier(self) -> VerifierKey:
        """Return the public half."""
        public = self._private().public_key().public_bytes_raw()
        return VerifierKey.of(root_name(self.deployment), ED25519, public)

    def sign(self, statement: Statement) -> Note:
        """Sign a statement.

        Raises:
            VerificationError: It is of another deployment.
        """
        if statement.deployment != self.deployment:
            raise VerificationError(
                f"request: of {statement.deployment}, want {self.deployment}, whose root this is"
            )
        key = self.verifier()
        return sign_note(statement.format(), key.name, key.public, self._private().sign)

    def write(self, path: Path) -> None:
        """Write a key file of mode 0600, durably; never over another one.

        Raises:
            ConflictError: There is a file already.
        """
        key = self.verifier()
        encoded = encode_base64(bytes([ED25519]) + self.seed)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
        except FileExistsError:
            raise ConflictError(f"root key {path.name}: exists, want none") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_PREFIX}{key.name}+{key.key_id.hex()}+{encoded}\n")
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a key file.

        Raises:
            NotFoundError: There is none.
            MalformedError: It is not of its form, or others than its owner may read it.
        """
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                text = file.read(_MAX_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            raise NotFoundError(f"root key {path.name}: missing, want it here") from None
        if mode & 0o077:
            raise MalformedError(
                f"root key {path.name}: mode {mode:03o}, want 600; run chmod 600 on it"
            )
        # Base64 has plus signs of its own, so only the first two divide.
        match text.removesuffix("\n").removeprefix(_PREFIX).split("+", 2):
            case [name, digits, encoded] if text.startswith(_PREFIX):
                key = cls(name.removesuffix(root_name("")), _seed(encoded))
                if (key.verifier().name, key.verifier().key_id.hex()) == (name, digits):
                    return key
        raise MalformedError(f"root key {path.name}: another form, want one of `keys root init`")

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def _seed(encoded: str) -> bytes:
    try:
        data = decode_base64("root key", encoded)
    except MalformedError:  # whose message shows what it read
        data = b""
    return data[1:] if data[:1] == bytes([ED25519]) else b""
