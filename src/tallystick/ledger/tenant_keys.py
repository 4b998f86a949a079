"""The keys of a tenant: one that wraps the keys of its subjects, one that finds them.

Deployment epoch key (outside the store) wraps tenant key wraps subject key. After an erasure the
tenant key is replaced and every subject key wrapped anew, so that a stored copy of the old state
opens nothing once the epoch key of its time is destroyed.
"""

from dataclasses import dataclass
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick.errors import NotFoundError, VerificationError
from tallystick.ledger.ports import Entropy, KeyKeeper, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, load

SUBJECTS = load("tallystick.ledger", "subjects.sql")


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """A tenant's keys in use, opened.

    Attributes:
        tenant: Number of the tenant.
        generation: The generation that seals.
        lookup_key: 32 bytes; finds a person's row without holding their id.
        ciphers: AES-256-GCM by generation; older ones open what is not yet wrapped anew.
    """

    tenant: int
    generation: int
    lookup_key: bytes
    ciphers: dict[int, AESGCM]

    def lookup(self, person: str) -> bytes:
        """Return the keyed hash (32 bytes) under which a person is found."""
        key = self.lookup_key
        return blake2b(person.encode(), key=key, digest_size=32, person=b"lookup").digest()

    def wrap(self, key: bytes, context: bytes, nonce: bytes) -> bytes:
        """Encrypt a subject's key under the current tenant key, bound to ``context``."""
        return nonce + self.ciphers[self.generation].encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, generation: int, context: bytes) -> bytes:
        """Undo :meth:`wrap`.

        Raises:
            VerificationError: The row was changed, or belongs to another subject.
        """
        cipher = self.ciphers.get(generation)
        if cipher is None:
            raise VerificationError(
                f"subject key: wrapped under tenant key {generation}, want {self.generation}"
            )
        try:
            return cipher.decrypt(wrapped[:12], wrapped[12:], context)
        except InvalidTag:
            raise VerificationError(
                "subject key: does not unwrap, want the row of this subject"
            ) from None


def subject_context(tenant: int, ref: bytes, lookup: bytes | None) -> bytes:
    """Bind a wrapped key to its row: a key moved to another row does not unwrap."""
    return b"subject" + tenant.to_bytes(8, "big") + ref + (lookup or b"")


def survivor_context(tenant: int, ref: bytes, event_id: bytes) -> bytes:
    """Bind the wrapped key of one event to its row."""
    return b"survivor" + tenant.to_bytes(8, "big") + ref + event_id


def _context(tenant: int, generation: int, use: bytes) -> bytes:
    return b"tenant" + use + tenant.to_bytes(8, "big") + generation.to_bytes(8, "big")


def create(tx: Transaction, keeper: KeyKeeper, entropy: Entropy, tenant: int) -> None:
    """Draw a new tenant's first keys."""
    _store(tx, keeper, tenant, 1, entropy.draw(32), entropy.draw(32))
    tx.execute(SUBJECTS["add_state"], [{"tenant": tenant}])


def replace(tx: Transaction, keeper: KeyKeeper, entropy: Entropy, tenant: int) -> None:
    """Draw a new tenant key; the old one lives until :func:`destroy_old` is called."""
    keys = open_keys(tx, keeper, tenant)
    _store(tx, keeper, tenant, keys.generation + 1, entropy.draw(32), keys.lookup_key)


def destroy_old(tx: Transaction, tenant: int, generation: int) -> None:
    """Destroy the tenant keys before ``generation``."""
    row = {"tenant": tenant, "generation": generation}
    tx.execute(SUBJECTS["drop_tenant_keys"], [row])


def rewrap(tx: Transaction, keeper: KeyKeeper) -> int:
    """Wrap every tenant's keys under the current epoch key; return how many were wrapped anew."""
    changed: list[dict[str, Value]] = []
    for tenant, generation, wrapped, lookup in tx.rows(SUBJECTS["all_tenant_keys"]):
        old, old_lookup = as_bytes(wrapped), as_bytes(lookup)
        if keeper.is_current(old) and keeper.is_current(old_lookup):
            continue
        name = (as_int(tenant), as_int(generation))
        context, lookup_context = _context(*name, b"wrap"), _context(*name, b"lookup")
        changed.append(
            {
                "tenant": tenant,
                "generation": generation,
                "wrapped": keeper.wrap(keeper.unwrap(old, context), context),
                "lookup": keeper.wrap(keeper.unwrap(old_lookup, lookup_context), lookup_context),
            }
        )
    tx.execute(SUBJECTS["rewrap_tenant_key"], changed)
    return len(changed)


def open_keys(snapshot: Snapshot, keeper: KeyKeeper, tenant: int) -> TenantKeys:
    """Unwrap a tenant's keys.

    Raises:
        NotFoundError: The tenant has none: it does not exist, or was shut down for good.
        VerificationError: The keys do not unwrap under the deployment's epoch key.
    """
    ciphers: dict[int, AESGCM] = {}
    lookup_key = b""
    for generation, wrapped, lookup in snapshot.rows(SUBJECTS["tenant_keys"], tenant=tenant):
        number = as_int(generation)
        key = keeper.unwrap(as_bytes(wrapped), _context(tenant, number, b"wrap"))
        ciphers[number] = AESGCM(key)
        if not lookup_key:
            context = _context(tenant, number, b"lookup")
            lookup_key = keeper.unwrap(as_bytes(lookup), context)
    if not ciphers:
        raise NotFoundError(f"tenant {tenant}: no keys")
    return TenantKeys(tenant, max(ciphers), lookup_key, ciphers)


def _store(
    tx: Transaction,
    keeper: KeyKeeper,
    tenant: int,
    generation: int,
    key: bytes,
    lookup_key: bytes,
) -> None:
    row: dict[str, Value] = {
        "tenant": tenant,
        "generation": generation,
        "wrapped": keeper.wrap(key, _context(tenant, generation, b"wrap")),
        "lookup": keeper.wrap(lookup_key, _context(tenant, generation, b"lookup")),
    }
    tx.execute(SUBJECTS["add_tenant_key"], [row])
