"""The witness's key: an Ed25519 key that cosigns checkpoints, under one name, and nothing else.

Its file is one line as Go's ``x/mod/sumdb/note`` writes private keys, with the algorithm 0x04::

    PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64 of 0x04 and the 32-byte seed>

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
from tallystick.tlog.spelling import decode_base64, encode_base64

SEED_BYTES: Final = 32
_PREFIX: Final = "PRIVATE+KEY+"
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
        if len(self.seed) != SEED_BYTES:
            raise MalformedError(f"witness key: seed of {len(self.seed)} bytes, want {SEED_BYTES}")
        self.verifier()

    def verifier(self) -> VerifierKey:
        """Return the public half, of algorithm 0x04."""
        return VerifierKey.of(self.name, ED25519_COSIGNATURE, self._public())

    def cosign(self, note: Note, time_s: int) -> Signature:
        """Cosign a checkpoint whose consistency was checked and stored.

        Args:
            note: The checkpoint's note.
            time_s: Now, in seconds since 1970.
        """
        signer = Ed25519PrivateKey.from_private_bytes(self.seed)
        return cosign(note, self.name, self._public(), signer.sign, time_s)

    def format(self) -> str:
        """Return the line of the key file, without newline: a secret."""
        encoded = encode_base64(bytes([ED25519_COSIGNATURE]) + self.seed)
        return f"{_PREFIX}{self.name}+{self.verifier().key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line of a key file, with or without its newline.

        Raises:
            MalformedError: It is none, is of another algorithm, or its id is not that of its key.
        """
        # Base64 has plus signs of its own, so only the first two divide.
        match text.removesuffix("\n").removeprefix(_PREFIX).split("+", 2):
            case [name, digits, encoded] if text.startswith(_PREFIX):
                pass
            case _:
                raise MalformedError("witness key: another form, want PRIVATE+KEY+name+id+base64")
        try:
            data = decode_base64("witness key", encoded)
        except MalformedError:  # whose message shows what it read
            data = b""
        if data[:1] != bytes([ED25519_COSIGNATURE]):
            raise MalformedError("witness key: not of algorithm 0x04, want one of `witness init`")
        key = cls(name, data[1:])
        if key.verifier().key_id.hex() != digits:
            raise MalformedError(f"witness key of {name}: its id is of another key, want its own")
        return key

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

    def _public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
