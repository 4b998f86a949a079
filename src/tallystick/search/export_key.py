"""The key of one export: what is exported lies under it, and no erasure in the tenant outlives it.

It is wrapped under the tenant's key. Every erasure in the tenant replaces that one, and an export
whose key is wrapped under an older one counts as gone at once; soon nothing unwraps it any more.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick.errors import VerificationError
from tallystick.ledger import tenant_keys
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Entropy, Snapshot

_KEY: Final = 32
_NONCE: Final = 12
_TAG: Final = 16
OVERHEAD: Final = _NONCE + _TAG
"""Bytes by which a piece grows when it is sealed."""
_USE: Final = b"tallystick/export/v1"


@dataclass(frozen=True, slots=True, repr=False)
class ExportKey:
    """An opened key.

    Attributes:
        id: The export's, 32 hex digits.
        cipher: AES-256-GCM.
    """

    id: str
    cipher: AESGCM

    def seal(self, use: str, plain: bytes, entropy: Entropy) -> bytes:
        """Encrypt; ``use`` says what it is, so that nothing passes for something else."""
        # A nonce of chance: after a crash a piece may be written anew, with other bytes in it.
        nonce = entropy.draw(_NONCE)
        return nonce + self.cipher.encrypt(nonce, plain, self._context(use))

    def open(self, use: str, sealed: bytes) -> bytes:
        """Undo :meth:`seal`.

        Raises:
            VerificationError: It was changed, or is something else.
        """
        try:
            nonce, text = sealed[:_NONCE], sealed[_NONCE:]
            return self.cipher.decrypt(nonce, text, self._context(use))
        except (InvalidTag, ValueError):
            raise VerificationError(f"export: {use} was changed, want it asked for anew") from None

    def _context(self, use: str) -> bytes:
        return b"\0".join((_USE, self.id.encode(), use.encode()))


def draw_key(ledger: Ledger, snapshot: Snapshot, tenant: int, name: str) -> tuple[int, bytes]:
    """Draw the key of a new export; return the generation of the tenant's key, and it wrapped."""
    drivers = ledger.drivers
    keys = tenant_keys.open_keys(snapshot, drivers.keeper, tenant)
    key, nonce = drivers.entropy.draw(_KEY), drivers.entropy.draw(_NONCE)
    return keys.generation, keys.wrap(key, _wrapping(tenant, name), nonce)


def open_key(
    ledger: Ledger, snapshot: Snapshot, tenant: int, name: str, generation: int, wrapped: bytes
) -> ExportKey:
    """Open the key of an export.

    Raises:
        VerificationError: The tenant has another key by now, or the row was changed.
    """
    keys = tenant_keys.open_keys(snapshot, ledger.drivers.keeper, tenant)
    if keys.generation != generation:
        raise VerificationError("export: its key is gone, want it asked for anew")
    return ExportKey(name, AESGCM(keys.unwrap(wrapped, generation, _wrapping(tenant, name))))


def _wrapping(tenant: int, name: str) -> bytes:
    return b"export" + tenant.to_bytes(8, "big") + bytes.fromhex(name)
