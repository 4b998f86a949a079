"""Exports: what is known of each, and how far it is."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, cast

import msgspec

from tallystick.ledger.ports import Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, as_text, load
from tallystick.search.export_question import Format

EXPORTS: Final = load("tallystick.search", "exports.sql")

State = Literal["waiting", "running", "done", "failed", "expired", "erased"]


class LogPart(msgspec.Struct, kw_only=True):
    """What of one log an export takes.

    Attributes:
        slot: Of the log.
        log: Its id in hex.
        stream: Its stream.
        origin: Its origin.
        size: It takes entries ``[0, size)``, all that there were when it was asked for.
        root: Of the log at that size, in hex.
        next: The next entry to look at.
        rows: How many rows it has given.
        absent: How many of these stand for entries that are not in the index.
        first: Index in its first row.
        last: Index in its last row.
    """

    slot: int
    log: str
    stream: str
    origin: str
    size: int
    root: str
    next: int = 0
    rows: int = 0
    absent: int = 0
    first: int | None = None
    last: int | None = None


class Progress(msgspec.Struct, kw_only=True):
    """How far an export is, with nothing of what it holds.

    Attributes:
        logs: One part a log, in the order of the rows.
        masked: Fields whose values were left out of rows.
        reason: Why it failed.
    """

    logs: list[LogPart]
    masked: list[str] = msgspec.field(default_factory=list)
    reason: str = ""

    @property
    def part(self) -> LogPart | None:
        """The log that it is at; None at its end."""
        return next((part for part in self.logs if part.next < part.size), None)


class Export(NamedTuple):
    """One export.

    Attributes:
        owner: Id of the key that asked for it.
        generation: Of the tenant's key that its own is wrapped under.
        wrapped: Its key; None when it is gone.
        question: What was asked, sealed.
        manifest: Its manifest, sealed; None before its end.
        entries: How many entries are looked at.
        passed: How many of these were.
        written: Rows.
        size: Bytes of what can be fetched.
        created_at: Microseconds since 1970-01-01T00:00:00Z.
        expires_at: The same.
    """

    id: str
    tenant: int
    owner: str
    format: Format
    state: State
    generation: int
    wrapped: bytes | None
    question: bytes | None
    manifest: bytes | None
    progress: Progress
    entries: int
    passed: int
    written: int
    size: int
    created_at: int
    expires_at: int

    @property
    def is_open(self) -> bool:
        """Whether there is something left to do."""
        return self.state in {"waiting", "running"}

    @property
    def has_key(self) -> bool:
        """Whether its values could still be read."""
        return self.wrapped is not None


class Piece(NamedTuple):
    """Bytes ``[start, stop)`` of an export, and where they lie sealed in its file."""

    number: int
    start: int
    stop: int
    place: int
    length: int


def add(tx: Transaction, export: Export) -> None:
    """Write down that an export was asked for."""
    names = ("id", "tenant", "owner", "format", "generation", "wrapped", "question", "entries")
    row: dict[str, Value] = {name: getattr(export, name) for name in names}
    times: dict[str, Value] = {"created_at": export.created_at, "expires_at": export.expires_at}
    tx.execute(EXPORTS["add"], [{**row, **times, "progress": _written(export.progress)}])


def find(snapshot: Snapshot, name: str) -> Export | None:
    """Return an export as it is by now; see :func:`as_of_now`."""
    rows = snapshot.rows(EXPORTS["one"], id=name)
    return _export(rows[0]) if rows else None


def of_tenant(
    snapshot: Snapshot, tenant: int, owner: str, after: str, limit: int, *, all_of_them: bool
) -> list[Export]:
    """Return a key's exports behind an id, or all of the tenant, in order of their ids."""
    rows = snapshot.rows(
        EXPORTS["of_tenant"],
        tenant=tenant,
        owner=owner,
        after=after,
        limit=limit,
        all_of_them=int(all_of_them),
    )
    return [_export(row) for row in rows]


def every(snapshot: Snapshot) -> list[Export]:
    """Return all exports, in order of their ids."""
    return [_export(row) for row in snapshot.rows(EXPORTS["every"])]


def count(snapshot: Snapshot, tenant: int) -> int:
    """Count the exports of a tenant that are under way or can be fetched."""
    return as_int(snapshot.rows(EXPORTS["count"], tenant=tenant)[0][0])


def as_of_now(snapshot: Snapshot, export: Export, now: int) -> Export:
    """Return an export in the state that it has whether or not somebody has cleaned up yet."""
    if export.state in {"expired", "erased"}:
        return export
    if export.expires_at <= now:
        return export._replace(state="expired")
    (generation,) = snapshot.rows(EXPORTS["generation"], tenant=export.tenant)[0]
    if generation != export.generation:
        return export._replace(state="erased")
    return export


def move(tx: Transaction, export: Export, piece: Piece | None = None) -> None:
    """Write down how far an export is, with the piece that brought it there."""
    names = ("id", "state", "passed", "written", "size", "manifest")
    row: dict[str, Value] = {name: getattr(export, name) for name in names}
    tx.execute(EXPORTS["move"], [{**row, "progress": _written(export.progress)}])
    if piece is not None:
        tx.execute(EXPORTS["add_piece"], [{"export": export.id, **piece._asdict()}])


def end(tx: Transaction, export: Export, state: State) -> None:
    """Destroy the key of an export, and all that is known of what it held."""
    tx.execute(EXPORTS["end"], [{"id": export.id, "state": state}])
    tx.execute(EXPORTS["drop_pieces"], [{"export": export.id}])


def drop(tx: Transaction, export: Export) -> None:
    """Forget an export; its key goes with its row."""
    tx.execute(EXPORTS["drop_pieces"], [{"export": export.id}])
    tx.execute(EXPORTS["drop"], [{"id": export.id}])


def pieces(snapshot: Snapshot, name: str, behind: int, limit: int) -> list[Piece]:
    """Return pieces in order, from the one on that ends behind a byte."""
    return _pieces(snapshot.rows(EXPORTS["pieces"], export=name, behind=behind, limit=limit))


def last_piece(snapshot: Snapshot, name: str) -> Piece | None:
    """Return the piece that was written last."""
    return next(iter(_pieces(snapshot.rows(EXPORTS["last_piece"], export=name))), None)


def _pieces(rows: Iterable[Row]) -> list[Piece]:
    return [Piece(*map(as_int, row)) for row in rows]


def _written(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()


def _export(row: Row) -> Export:
    name, tenant, owner, form, state, generation, *sealed, progress = row[:10]
    wrapped, question, manifest = (None if it is None else as_bytes(it) for it in sealed)
    told = as_text(progress)
    return Export(
        as_text(name),
        as_int(tenant),
        as_text(owner),
        cast("Format", as_text(form)),
        cast("State", as_text(state)),
        as_int(generation),
        wrapped,
        question,
        manifest,
        msgspec.json.decode(told, type=Progress) if told else Progress(logs=[]),
        *map(as_int, row[10:]),
    )
