"""The witness's key: an Ed25519 key that cosigns checkpoints, under one name, and nothing else.

Its file is one line; :mod:`tallystick.tlog.private_key` tells its form.

An Ed25519 cosignature does not cover the cosigner's name (c2sp.org/tlog-cosignature), so the
seed must never stand under a second name.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import ConflictError, MalformedError, NotFoundError
from tallystick.tlog.cosignature import cosign
from tallystick.tlog.key import ED25519_COSIGNATURE, VerifierKey
from tallystick.tlog.note import Note, Signature
from tallystick.tlog.private_key import format_private_key, parse_private_key, verifier_of

_WHAT: Final = "witness key"
_MAX_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A name and a seed.

    Attributes:
        name: The witness's name, a URL without scheme, such as ``witness.example/acme``.
        seed: 32 bytes that nobody else may know.

    Raises:
        MalformedError: The name is not allowed, or the seed is not 32 bytes.
    """

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        self.verifier()

    def verifier(self) -> VerifierKey:
        """Return the public half, of algorithm 0x04."""
        return verifier_of(_WHAT, self.name, ED25519_COSIGNATURE, self.seed)

    def cosign(self, note: Note, time_s: int) -> Signature:
        """Cosign a checkpoint whose consistency was checked and stored.

        Args:
            note: The checkpoint's note.
            time_s: Now, in seconds since 1970.
        """
        signer = Ed25519PrivateKey.from_private_bytes(self.seed)
        return cosign(note, self.name, self.verifier().public, signer.sign, time_s)

    def format(self) -> str:
        """Return the line of the key file, without newline: a secret."""
        return format_private_key(self.verifier(), self.seed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line of a key file, with or without its newline.

        Raises:
            MalformedError: It is none, is of another algorithm, or its id is not that of its key.
        """
        return cls(*parse_private_key(_WHAT, text, ED25519_COSIGNATURE))

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
                data = file.read(_MAX_BYTES)
        except FileNotFoundError:
            raise NotFoundError(f"witness key {path.name}: missing, want it here") from None
        if mode & 0o077:
            raise MalformedError(
                f"witness key {path.name}: mode {mode:03o}, want 600; run chmod 600 on it"
            )
        return cls.parse(data.decode("utf-8", "replace"))

    def write(self, path: Path) -> None:
        """Write a key file of mode 0600, durably; never over another one.

        Raises:
            ConflictError: There is a file already.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
        except FileExistsError:
            raise ConflictError(f"witness key {path.name}: exists, want none") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{self.format()}\n")
            file.flush()
            os.fsync(file.fileno())
