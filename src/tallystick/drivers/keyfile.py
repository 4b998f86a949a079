"""The key file: the deployment's own keys, readable by its owner only.

JSON: ``{"version": 1, "keys": [{"id", "created_at", "key"}, …], "signing_seed"}``, keys and seed
(32 bytes each) in base64, ids ascending, the last key current. While the signing key is about to
change, there is also ``"next_seed"``.
"""

import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import structs

from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.ledger.ports import Clock, Entropy

_KEY, _ID, _NONCE, _TAG = 32, 4, 12, 16
_NONCE_LABEL = b"tallystick/keyfile/nonce/v1\x00"

_Secret = Annotated[bytes, msgspec.Meta(min_length=_KEY, max_length=_KEY)]


class _EpochKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[int, msgspec.Meta(ge=1, lt=1 << 32)]
    created_at: int
    key: _Secret

    def __repr__(self) -> str:
        return f"_EpochKey(id={self.id})"


class _Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    version: Literal[1]
    keys: Annotated[tuple[_EpochKey, ...], msgspec.Meta(min_length=1)]
    signing_seed: _Secret
    next_seed: _Secret | None = None

    def __repr__(self) -> str:
        return f"_Contents(keys={self.keys})"

    @property
    def current(self) -> _EpochKey:
        return self.keys[-1]


class KeyFile:
    """A :class:`~tallystick.ledger.ports.KeyKeeper` in a file of mode 0600.

    A file that another process has rotated is read again before its keys are used.

    Args:
        path: The file; see :meth:`create`.

    Raises:
        NotFoundError: There is none.
        MalformedError: It is not of its form, or others may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._contents = self._load()

    @classmethod
    def create(cls, path: Path, entropy: Entropy, clock: Clock) -> Self:
        """Make a key file with a first epoch key and a signing seed.

        Raises:
            ConflictError: There is one already.
        """
        first = _EpochKey(1, clock.now(), entropy.draw(_KEY))
        draft = _draft(path, _Contents(1, (first,), entropy.draw(_KEY)))
        try:
            os.link(draft, path)  # unlike a rename, never over another's keys
        except FileExistsError:
            raise ConflictError(f"key file {path.name}: exists, want none") from None
        finally:
            draft.unlink()
        _sync_folder(path)
        return cls(path)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`: key id 4 ‖ nonce 12 ‖ AES-256-GCM."""
        current = self._fresh().current
        nonce = _nonce(current.key, key, context)
        sealed = AESGCM(current.key).encrypt(nonce, key, context)
        return current.id.to_bytes(_ID) + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        if len(wrapped) < _ID + _NONCE + _TAG:
            raise VerificationError(f"wrapped key: {len(wrapped)} bytes, want at least 32")
        number = int.from_bytes(wrapped[:_ID])
        found = [epoch.key for epoch in self._fresh().keys if epoch.id == number]
        if not found:
            raise VerificationError(f"wrapped key: under epoch key {number}, which is destroyed")
        nonce, sealed = wrapped[_ID : _ID + _NONCE], wrapped[_ID + _NONCE :]
        try:
            return AESGCM(found[0]).decrypt(nonce, sealed, context)
        except InvalidTag:
            raise VerificationError("wrapped key: changed, or of another context") from None

    def is_current(self, wrapped: bytes) -> bool:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        return wrapped[:_ID] == self._fresh().current.id.to_bytes(_ID)

    def sign(self, message: bytes) -> bytes:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        return self._signer().sign(message)

    @property
    def public_key(self) -> bytes:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        return self._signer().public_key().public_bytes_raw()

    def epoch_age(self, clock: Clock) -> int:
        """Return the microseconds since the current epoch key was drawn."""
        return clock.now() - self._fresh().current.created_at

    def rotate(self, entropy: Entropy, clock: Clock) -> None:
        """Draw a new current epoch key; the older ones still unwrap."""
        with self._alone() as now:
            newest = _EpochKey(now.current.id + 1, clock.now(), entropy.draw(_KEY))
            self._replace(structs.replace(now, keys=(*now.keys, newest)))

    def destroy_old(self) -> None:
        """Destroy every epoch key but the current; what is under them is gone for ever."""
        with self._alone() as now:
            self._replace(structs.replace(now, keys=(now.current,)))

    def draw_next(self, entropy: Entropy) -> bytes:
        """Draw the signing key that is to follow, unless one waits already.

        Returns:
            Its public half, 32 bytes.
        """
        with self._alone() as now:
            if now.next_seed is None:
                self._replace(structs.replace(now, next_seed=entropy.draw(_KEY)))
        return _public(self._contents.next_seed or b"")

    @property
    def next_public_key(self) -> bytes | None:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        seed = self._fresh().next_seed
        return None if seed is None else _public(seed)

    def adopt(self, public_key: bytes) -> None:
        """See :class:`~tallystick.ledger.ports.KeyKeeper`."""
        if self.public_key == public_key:
            return
        with self._alone() as now:
            if _public(now.signing_seed) == public_key:
                return
            if now.next_seed is None or _public(now.next_seed) != public_key:
                raise NotFoundError(
                    f"key file {self._path.name}: next key is not {public_key[:4].hex()}…,"
                    " want the file that was there when it was drawn"
                )
            self._replace(structs.replace(now, signing_seed=now.next_seed, next_seed=None))

    def _signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._fresh().signing_seed)

    def _fresh(self) -> _Contents:
        status = self._path.stat()
        if (status.st_ino, status.st_mtime_ns) != self._seen:
            self._contents = self._load()
        return self._contents

    def _load(self) -> _Contents:
        try:
            with self._path.open("rb") as file:
                text, status = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            raise NotFoundError(f"key file {self._path.name}: missing, want it here") from None
        if status.st_nlink == 0:  # replaced while it was read, and perhaps wiped
            return self._load()
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise MalformedError(
                f"key file {self._path.name}: mode {mode:03o}, want 600; run chmod 600 on it"
            )
        self._seen = status.st_ino, status.st_mtime_ns
        return _decode(text, self._path.name)

    @contextmanager
    def _alone(self) -> Iterator[_Contents]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        handle = os.open(self._path.with_name(f"{self._path.name}.lock"), flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self._load()
        finally:
            os.close(handle)

    def _replace(self, contents: _Contents) -> None:
        """Put a new file in place, then wipe the bytes of the old one."""
        with self._path.open("r+b") as old:
            _draft(self._path, contents).replace(self._path)
            _sync_folder(self._path)
            old.write(bytes(os.fstat(old.fileno()).st_size))
            old.flush()
            os.fsync(old.fileno())
        self._contents = self._load()


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _nonce(epoch_key: bytes, key: bytes, context: bytes) -> bytes:
    """Derive the nonce from all that is encrypted: no two messages share one."""
    message = _NONCE_LABEL + len(context).to_bytes(8) + context + key
    return hmac.digest(epoch_key, message, hashlib.sha256)[:_NONCE]


def _decode(text: bytes, name: str) -> _Contents:
    try:
        contents = msgspec.json.decode(text, type=_Contents)
    except msgspec.MsgspecError as error:
        raise MalformedError(f"key file {name}: {error}") from None
    ids = [epoch.id for epoch in contents.keys]
    if ids != sorted(set(ids)):
        raise MalformedError(f"key file {name}: ids {ids}, want them ascending")
    return contents


def _draft(path: Path, contents: _Contents) -> Path:
    """Write the contents durably to a file beside ``path``."""
    draft = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(contents)))
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
