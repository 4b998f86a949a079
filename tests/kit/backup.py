"""Backups in tests: made and put back without a command line, and opened by plain means."""

import hmac
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import scrypt, sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kit.house import record
from tallystick.access.tenants import Tenant
from tallystick.cli.backup_file import make_backup
from tallystick.cli.restoration import Restored, Sources, restore
from tallystick.drivers.sealed import RecipientKey
from tallystick.ledger.backup import Manifest
from tallystick.ledger.ports import Witnesses
from tallystick.tlog.spelling import decode_base64
from tallystick.wiring import House

KEY = RecipientKey(bytes(range(32)))
SEALED_PIECE = 65_536 + 16


@contextmanager
def silent(_title: str) -> Iterator[Callable[[int, int], None]]:
    """A step that nobody watches."""
    yield lambda _done, _total: None


def back_up(house: House, out: Path, *, with_keys: bool = True) -> Manifest:
    """Back a deployment up for :data:`KEY`."""
    return make_backup(house, out, KEY.recipient, silent, None, with_keys=with_keys)


def put_back(
    backup: Path,
    into: Path,
    lock: Path | None,
    *,
    erasures: Path | None = None,
    keys: Path | None = None,
    witnesses: Witnesses | None = None,
) -> Restored:
    """Restore a backup that was made for :data:`KEY`."""
    return restore(Sources(backup, KEY, lock, erasures, keys, witnesses), into, silent)


def opened_by_hand(sealed: bytes, words: str = "", secret: bytes = b"") -> bytes:
    """Open a sealed file as its format is told, by plain means: RFC 7914, 7748, 5869, AES-GCM."""
    magic, line, rest = sealed.split(b"\n", 2)
    head = magic + b"\n" + line + b"\n"
    stanza = json.loads(line)
    if stanza["kind"] == "scrypt":
        salt, cost = b64decode(stanza["salt"]), 1 << stanza["cost"]
        shared = scrypt(words.encode(), salt=salt, n=cost, r=8, p=1, maxmem=1 << 28, dklen=32)
    else:
        other = X25519PublicKey.from_public_bytes(b64decode(stanza["ephemeral"]))
        shared = X25519PrivateKey.from_private_bytes(secret).exchange(other)
    pseudorandom = hmac.digest(bytes(32), shared, "sha256")
    first = hmac.digest(pseudorandom, head + b"\x01", "sha256")
    second = hmac.digest(pseudorandom, first + head + b"\x02", "sha256")
    assert rest[:32] == second
    assert rest[32:64] == sha256(head + second).digest()
    pieces = rest[64:]
    plain = b""
    for number, start in enumerate(range(0, len(pieces), SEALED_PIECE)):
        last = start + SEALED_PIECE >= len(pieces)
        nonce = number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
        bound = sha256(head).digest()
        plain += AESGCM(first).decrypt(nonce, pieces[start : start + SEALED_PIECE], bound)
    return plain


def event(number: int, person: str = "") -> dict[str, object]:
    """Event ``number``: somebody signs off an invoice."""
    name = person or f"other-{number % 7}"
    return {
        "id": f"0199e0aa-0000-7000-8def-{number:012x}",
        "action": "invoice.approved",
        "occurred_at": "2026-11-24T02:45:00Z",
        "actor": {"type": "user", "id": name, "name": f"{name} by name"},
        "message": f"{name} says so",
    }


@dataclass
class Site:
    """A deployment in ``folder/data``, with its only tenant."""

    folder: Path
    house: House
    tenant: Tenant

    @property
    def data(self) -> Path:
        """Where it lies."""
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        """Its lock file."""
        return self.data / "lock.note"

    @property
    def erasures(self) -> Path:
        """Its list of erasures."""
        return self.data / "lock.note.erasures"

    @property
    def backup(self) -> Path:
        """Where its backup is put."""
        return self.folder / "one.backup"

    @property
    def into(self) -> Path:
        """Where the backup is restored."""
        return self.folder / "restored"

    def record(self, *numbers: int, person: str = "") -> None:
        """Record events."""
        record(self.house, self.tenant, *(event(number, person) for number in numbers))

    def back_up(self, *, with_keys: bool = True) -> None:
        """Make the backup."""
        back_up(self.house, self.backup, with_keys=with_keys)


def left(site: Site) -> set[str]:
    """Names in the folder, but for the deployment and its backup."""
    return {path.name for path in site.folder.iterdir()} - {"data", "one.backup"}


def note_of(text: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint's note."""
    _, size, root, *_ = text.split("\n")
    return int(size), decode_base64("root", root)
