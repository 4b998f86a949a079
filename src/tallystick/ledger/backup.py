"""What a backup says about itself: its parts, and the state of the deployment that it holds."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from tallystick.errors import MalformedError, VerificationError
from tallystick.ledger.logs import Logs, sizes
from tallystick.ledger.ports import SUPER_SLOT, Snapshot
from tallystick.ledger.published import latest

VERSION: Final = 1

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a backup.

    Attributes:
        name: Its name.
        size: Its length in bytes.
        sha256: 64 hex digits.
    """

    name: str
    size: _Count
    sha256: str


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a deployment in one snapshot.

    Attributes:
        deployment: Its name.
        entries: Entries in all its logs, the super-log's records among them.
        logs: Its logs, without the super-log.
        super_size: Records of all super-logs.
        checkpoint: The newest super-checkpoint's note, or None before the first epoch.
    """

    deployment: str
    entries: _Count
    logs: _Count
    super_size: _Count
    checkpoint: str | None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last thing in a backup.

    Attributes:
        version: Of this form.
        made_at: Microseconds since 1970-01-01T00:00:00Z.
        state: What the snapshot holds.
        parts: The files, in their order.
    """

    version: int
    made_at: int
    state: State
    parts: tuple[Part, ...]


def state_of(snapshot: Snapshot, deployment: str) -> State:
    """Describe a snapshot."""
    known = sizes(snapshot)
    published = latest(snapshot)
    return State(
        deployment=deployment,
        entries=sum(size for size, _ in known.values()),
        logs=len(Logs(deployment).every(snapshot)),
        super_size=sum(size for slot, (size, _) in known.items() if slot >= SUPER_SLOT),
        checkpoint=published.note if published else None,
    )


def compare_parts(manifest: Manifest, found: Sequence[Part]) -> None:
    """Compare the files that came out of a backup with those that went in.

    Raises:
        MalformedError: The manifest is of a newer version.
        VerificationError: One of them differs.
    """
    if manifest.version != VERSION:
        raise MalformedError(f"backup: version {manifest.version}, want {VERSION}")
    if len(manifest.parts) != len(found):
        raise VerificationError(f"backup: {len(found)} parts, want {len(manifest.parts)}")
    for want, got in zip(manifest.parts, found, strict=True):
        if want != got:
            raise VerificationError(
                f"backup: part {got.name}, {got.size:,} bytes, SHA-256 {got.sha256},"
                f" want {want.name}, {want.size:,} bytes, {want.sha256}"
            )
