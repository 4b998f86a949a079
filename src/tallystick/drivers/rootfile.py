"""The root key: an Ed25519 key that stands on no server, and signs statements only.

Its file is one line, under the name ``<deployment>/root`` and with the algorithm 0x01;
:mod:`tallystick.tlog.private_key` tells its form.
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
from tallystick.tlog.private_key import format_private_key, parse_private_key, verifier_of
from tallystick.verify.statement import Statement, require_root, root_name

_WHAT: Final = "root key"
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
        require_root(self.verifier())

    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return verifier_of(_WHAT, root_name(self.deployment), ED25519, self.seed)

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
        signer = Ed25519PrivateKey.from_private_bytes(self.seed)
        return sign_note(statement.format(), key.name, key.public, signer.sign)

    def write(self, path: Path) -> None:
        """Write a key file of mode 0600, durably; never over another one.

        Raises:
            ConflictError: There is a file already.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
        except FileExistsError:
            raise ConflictError(f"root key {path.name}: exists, want none") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{format_private_key(self.verifier(), self.seed)}\n")
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
        name, seed = parse_private_key(f"{_WHAT} {path.name}", text, ED25519)
        key = cls(name.removesuffix(root_name("")), seed)
        if key.verifier().name != name:
            raise MalformedError(
                f"root key {path.name}: named {name}, want one of `keys root init`"
            )
        return key
