"""API keys: a projection of ``key.created`` and ``key.revoked`` entries.

A key reads ``tly_<id>_<secret>``. The id is public and found by look-up; of the secret (256 random
bits, so a plain hash suffices) only the SHA-256 is kept, in the entry as well: who puts a hash of
their own into the table is found by ``fsck``.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.errors import ForbiddenError, MalformedError, NotFoundError
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT
from tallystick.ledger.ports import Log, Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, as_text, load

KEYS = load("tallystick.access", "keys.sql")
SCOPES = ("ingest", "read", "read-masked", "admin", "witness")
"""What a key may allow; ``read-masked``: to search, and neither see nor find what is sealed;
``witness``: to see origins and sizes of all logs, and no content."""

ALL_TENANTS = "*"

_FORM = re.compile(r"tly_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key may do.

    Attributes:
        scopes: Of ``ingest``, ``read``, ``admin``, ``witness``.
        tenants: Numbers of tenants, or None for all of them.
        creates_tenants: Whether a tenant named in an event is created on first use.
        events_per_minute: Limit on events recorded, or None.
        bytes_per_minute: Limit on bytes sent, or None.
        expires_at: Microseconds since 1970-01-01T00:00:00Z, or None.
    """

    scopes: frozenset[str]
    tenants: tuple[int, ...] | None
    creates_tenants: bool = False
    events_per_minute: int | None = None
    bytes_per_minute: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is kept: everything but the secret.

    Attributes:
        key_id: 16 hex digits.
        grant: What it may do.
        label: What people call it.
        created_at: Microseconds since 1970-01-01T00:00:00Z.
        revoked_at: When it was revoked, or None.
    """

    key_id: str
    grant: Grant
    label: str
    created_at: int
    revoked_at: int | None = None
    hash: bytes = field(default=b"", repr=False)


def create_key(ledger: Ledger, grant: Grant, label: str, key_id: str) -> tuple[Key, str]:
    """Create a key and record that; the secret is returned once and kept nowhere.

    Args:
        ledger: The ledger.
        grant: What the key may do.
        label: What people call it.
        key_id: The credential that asks for it, or ``cli``.

    Returns:
        The key, and the text that its holder presents.

    Raises:
        MalformedError: The grant gives nothing, or something unknown.
    """
    _check(grant)
    drivers = ledger.drivers
    name, secret = drivers.entropy.draw(8).hex(), drivers.entropy.draw(32).hex()
    text = f"tly_{name}_{secret}"
    now = drivers.clock.now()
    key = Key(name, grant, label, now, hash=sha256(text.encode()).digest())
    with ledger.control() as control:
        own = ledger.logs.stream(control.tx, DEPLOYMENT_TENANT, DEPLOYMENT_STREAM)
        control.record(own, _created(key), key_id)
    return key, text


def revoke_key(ledger: Ledger, revoked: str, key_id: str) -> None:
    """Revoke a key and record that.

    Raises:
        NotFoundError: There is no such key, or it is revoked already.
    """
    now = ledger.drivers.clock.now()
    with ledger.control() as control:
        rows = control.tx.rows(KEYS["by_id"], key_id=revoked)
        if not rows or _key(rows[0]).revoked_at is not None:
            raise NotFoundError(f"key {revoked[:40]!r}: unknown, or revoked already")
        own = ledger.logs.stream(control.tx, DEPLOYMENT_TENANT, DEPLOYMENT_STREAM)
        event: dict[str, object] = {
            "action": "key.revoked",
            "occurred_at": time_text(now),
            "actor": {"type": "system"},
            "outcome": "success",
            "targets": [{"type": "key", "id": revoked}],
            "metadata": {"revoked_at": now},
        }
        control.record(own, event, key_id)


def every_key(snapshot: Snapshot) -> list[Key]:
    """Return all keys, also expired and revoked ones."""
    return [_key(row) for row in snapshot.rows(KEYS["every"])]


def authenticate(snapshot: Snapshot, text: str, now: int) -> Key:
    """Find the key that a credential is, compare in constant time, and check that it is valid.

    Args:
        snapshot: The store.
        text: What was presented.
        now: Microseconds since 1970-01-01T00:00:00Z.

    Raises:
        ForbiddenError: The credential is none, unknown, expired or revoked; the message does not
            tell which.
    """
    form = _FORM.fullmatch(text)
    rows = snapshot.rows(KEYS["by_id"], key_id=form[1]) if form else []
    presented = sha256(text.encode(errors="replace")).digest()
    key = _key(rows[0]) if rows else None
    expected = key.hash if key else bytes(32)
    if not hmac.compare_digest(presented, expected) or key is None:
        raise ForbiddenError("credential: unknown, want a valid API key")
    expired = key.grant.expires_at is not None and key.grant.expires_at <= now
    if expired or key.revoked_at is not None:
        raise ForbiddenError("credential: unknown, want a valid API key")
    return key


def apply_created(tx: Transaction, log: Log, index: int, event: Mapping[str, object]) -> None:
    """Write a ``key.created`` entry into the table (a projection)."""
    match event:
        case {
            "targets": [{"id": str() as key_id, "name": str() as label}],
            "metadata": {
                "hash": str() as hashed,
                "scopes": str() as scopes,
                "tenants": str() as tenants,
                "limits": str() as limits,
                "created_at": int() as created_at,
                "expires_at": int() as expires_at,
            },
        }:
            row: dict[str, Value] = {
                "key_id": key_id,
                "hash": bytes.fromhex(hashed),
                "label": label,
                "scopes": scopes,
                "tenants": tenants,
                "limits": limits,
                "created_at": created_at,
                "expires_at": expires_at or None,
            }
            tx.execute(KEYS["add"], [{**row, "slot": log.slot, "idx": index}])
        case _:
            raise MalformedError("key.created: not the event that the server writes")


def apply_revoked(tx: Transaction, _log: Log, _index: int, event: Mapping[str, object]) -> None:
    """Write a ``key.revoked`` entry into the table (a projection)."""
    match event:
        case {
            "targets": [{"id": str() as key_id}],
            "metadata": {"revoked_at": int() as revoked_at},
        }:
            tx.execute(KEYS["revoke"], [{"key_id": key_id, "revoked_at": revoked_at}])
        case _:
            raise MalformedError("key.revoked: not the event that the server writes")


def _check(grant: Grant) -> None:
    unknown = grant.scopes - set(SCOPES)
    if unknown or not grant.scopes:
        raise MalformedError(
            f"scopes {sorted(grant.scopes)}: want some of {', '.join(SCOPES)}", path="/scopes"
        )
    if "witness" in grant.scopes and grant.tenants is not None:
        raise MalformedError(
            "scopes: witness for some tenants, want it for all, for it checks all logs",
            path="/scopes",
        )
    if grant.tenants == ():
        raise MalformedError("tenants: none, want at least one, or all", path="/tenants")
    for name in ("events_per_minute", "bytes_per_minute", "expires_at"):
        limit = getattr(grant, name)
        # Zero is how the entry writes "no limit".
        if limit is not None and limit < 1:
            raise MalformedError(f"{name}: {limit:,}, want at least 1, or none", path=f"/{name}")


def _created(key: Key) -> dict[str, object]:
    grant = key.grant
    tenants = ALL_TENANTS if grant.tenants is None else ":".join(map(str, grant.tenants))
    return {
        "action": "key.created",
        "occurred_at": time_text(key.created_at),
        "actor": {"type": "system"},
        "outcome": "success",
        "targets": [{"type": "key", "id": key.key_id, "name": key.label}],
        "metadata": {
            "hash": key.hash.hex(),
            "scopes": ":".join(sorted(grant.scopes)),
            "tenants": tenants + ("+" if grant.creates_tenants else ""),
            "limits": f"{grant.events_per_minute or 0}:{grant.bytes_per_minute or 0}",
            "created_at": key.created_at,
            "expires_at": grant.expires_at or 0,
        },
    }


def _key(row: Row) -> Key:
    key_id, hashed, label, scopes, tenants, limits, created_at, expires_at, revoked_at = row
    listed = as_text(tenants)
    names = listed.removesuffix("+")
    events, size = (int(part) or None for part in as_text(limits).split(":"))
    grant = Grant(
        scopes=frozenset(as_text(scopes).split(":")),
        tenants=None if names == ALL_TENANTS else tuple(map(int, names.split(":"))),
        creates_tenants=listed.endswith("+"),
        events_per_minute=events,
        bytes_per_minute=size,
        expires_at=None if expires_at is None else as_int(expires_at),
    )
    revoked = None if revoked_at is None else as_int(revoked_at)
    return Key(
        as_text(key_id), grant, as_text(label), as_int(created_at), revoked, as_bytes(hashed)
    )
