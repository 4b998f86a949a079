"""The deployment's own keys in one file of mode 0600."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick.drivers.files import replace_file
from tallystick.errors import ForbiddenError, MalformedError, VerificationError
from tallystick.ledger.ports import Clock, Entropy


class _EpochKey(NamedTuple):
    key_id: bytes
    created_at: int
    key: bytes

    def __repr__(self) -> str:
        return f"epoch key {self.key_id.hex()}"


class KeyFile:
    """Keeps the promises of :class:`tallystick.ledger.ports.KeyKeeper` with keys of a file.

    Args:
        path: The file.

    Raises:
        ForbiddenError: Others than the owner may read it.
        MalformedError: It is no key file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise ForbiddenError(f"{path}: mode {mode:04o}, want 0600: run chmod 600 {path}")
        try:
            stored = json.loads(path.read_text("utf-8"))
            seed = b64decode(stored["super"], validate=True)
            self._epochs = [
                _EpochKey(
                    bytes.fromhex(row["id"]),
                    int(row["created_at"]),
                    b64decode(row["key"], validate=True),
                )
                for row in stored["epochs"]
            ]
            self._seed = seed
            self._signer = Ed25519PrivateKey.from_private_bytes(seed)
        except (ValueError, KeyError, TypeError):
            raise MalformedError(f"{path}: no key file of Tallystick") from None

    @classmethod
    def create(cls, path: Path, entropy: Entropy, clock: Clock) -> Self:
        """Draw the keys of a new deployment and write them."""
        _write(path, entropy.draw(32), [_draw(entropy, clock)])
        return cls(path)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """See :class:`tallystick.ledger.ports.KeyKeeper`."""
        current = self._epochs[-1]
        nonce = _nonce()
        return current.key_id + nonce + AESGCM(current.key).encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """See :class:`tallystick.ledger.ports.KeyKeeper`."""
        for epoch in self._epochs:
            if epoch.key_id == wrapped[:4]:
                try:
                    return AESGCM(epoch.key).decrypt(wrapped[4:16], wrapped[16:], context)
                except InvalidTag:
                    break
        raise VerificationError("tenant key: does not unwrap under a key of this deployment")

    def is_current(self, wrapped: bytes) -> bool:
        """See :class:`tallystick.ledger.ports.KeyKeeper`."""
        return wrapped[:4] == self._epochs[-1].key_id

    def rotate(self, entropy: Entropy, clock: Clock) -> None:
        """Draw a new epoch key; the older ones stay until :meth:`destroy_old`."""
        self._epochs = [*self._epochs, _draw(entropy, clock)]
        _write(self._path, self._seed, self._epochs)

    def destroy_old(self) -> None:
        """Forget every epoch key but the current one."""
        self._epochs = self._epochs[-1:]
        _write(self._path, self._seed, self._epochs)

    def epoch_age(self, clock: Clock) -> int:
        """Return the age of the current epoch key in microseconds."""
        return clock.now() - self._epochs[-1].created_at

    def sign(self, message: bytes) -> bytes:
        """See :class:`tallystick.ledger.ports.KeyKeeper`."""
        return self._signer.sign(message)

    @property
    def public_key(self) -> bytes:
        """See :class:`tallystick.ledger.ports.KeyKeeper`."""
        return self._signer.public_key().public_bytes_raw()


def _draw(entropy: Entropy, clock: Clock) -> _EpochKey:
    return _EpochKey(entropy.draw(4), clock.now(), entropy.draw(32))


def _nonce() -> bytes:
    return AESGCM.generate_key(128)[:12]


def _write(path: Path, seed: bytes, epochs: list[_EpochKey]) -> None:
    stored = {
        "super": b64encode(seed).decode(),
        "epochs": [
            {
                "id": epoch.key_id.hex(),
                "created_at": epoch.created_at,
                "key": b64encode(epoch.key).decode(),
            }
            for epoch in epochs
        ],
    }
    replace_file(path, json.dumps(stored, indent=1).encode())
