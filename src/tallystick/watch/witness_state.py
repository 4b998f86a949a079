"""What a witness must never forget: the newest checkpoint of each log that it cosigned.

One SQLite file, with a rollback journal. Whoever writes takes the write lock first, reads what is
there, decides and stores, so that neither threads nor processes on one file can cosign two
histories (the race that c2sp.org/tlog-witness prints). ``synchronous = EXTRA`` also syncs the
folder after the journal is gone: without that, a power loss right after the answer could bring
the older checkpoint back.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from tallystick.errors import ConflictError, MalformedError, NotFoundError, PushbackError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.tree import Frontier

_BUSY_S: Final = 20
_NOT_NOW: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}
_NO_STATE: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}
_HEADING: Final = re.compile(r"^-- ([a-z_]+): .+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The newest checkpoint of a log that was cosigned.

    Attributes:
        checkpoint: Origin, size and root.
        note: The note with the log's signatures and the witness's own.
        submitted: SHA-256 of the note as it was submitted.
        time_s: Time of the cosignature, in seconds since 1970.
    """

    checkpoint: Checkpoint
    note: str
    submitted: bytes
    time_s: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the records of a super-log were audited.

    Attributes:
        frontier: Of the records that were audited.
        epoch: Number of the last epoch among them, -1 before the first.
        slots: Number of slots in that epoch.
    """

    frontier: Frontier = field(default_factory=Frontier)
    epoch: int = -1
    slots: int = 0


@dataclass(frozen=True, slots=True)
class AuditStep:
    """What an audit found in order, and wants stored.

    Attributes:
        origin: The super-log.
        start: Size of the super-log that the audit began at.
        progress: How far it came.
        registered: SHA-256 of the origin of each new slot.
        heads: The new head of each slot that changed.
    """

    origin: str
    start: int
    progress: Progress
    registered: Mapping[int, bytes]
    heads: Mapping[int, Checkpoint]


class WitnessState:
    """The state file of one witness.

    Args:
        path: The file; made where there is none.
        vkey: The witness's vkey: the file belongs to it for ever.
        audits: Whether its cosignatures say that epochs were audited, also for ever: who believes
            them could not tell those from before from those after.

    Raises:
        ConflictError: The file is of another key, or of the other kind of witness.
    """

    def __init__(self, path: Path, vkey: str, *, audits: bool) -> None:
        self._path = path
        with self._writing() as db:
            for name in ("make_identity", "make_cosigned", "make_audited", "make_slot"):
                db.execute(_SQL[name])
            db.execute(_SQL["identify"], {"vkey": vkey, "audits": audits})
            found, audited = db.execute(_SQL["identity"]).fetchone()
        if found != vkey:
            raise ConflictError(f"state {path.name}: of witness {found}, want {vkey}")
        if audited != audits:
            raise ConflictError(
                f"state {path.name}: of {_kind(audited)}, want {_kind(audits)}: make a new key"
            )

    def newest(self, origin: str) -> Cosigned | None:
        """Return the newest cosigned checkpoint of a log."""
        return self.newest_by_hash(origin_name(origin))

    def newest_by_hash(self, log: str) -> Cosigned | None:
        """Return the same by the SHA-256 of the origin, in lower-case hex."""
        with self._reading() as db:
            return _newest(db, log)

    def advance(
        self,
        origin: str,
        decide: Callable[[Cosigned | None], Cosigned],
        step: AuditStep | None = None,
    ) -> Cosigned:
        """Check and store at once: when it returns, what ``decide`` returned is on disk.

        Args:
            origin: The log.
            decide: Told the newest cosigned checkpoint, returns the next one or raises.
            step: What an audit found, stored in the same transaction.

        Raises:
            ConflictError: Another audit stored its findings in the meantime.
            PushbackError: Others write for longer than one can wait.
        """
        with self._writing() as db:
            decided = decide(_newest(db, origin_name(origin)))
            if step is not None:
                _take(db, step)
            checkpoint = decided.checkpoint
            row = {
                "log": origin_name(origin),
                "origin": origin,
                "size": checkpoint.size,
                "root": checkpoint.root,
                "note": decided.note,
                "submitted": decided.submitted,
                "time_s": decided.time_s,
            }
            db.execute(_SQL["cosign"], row)
        return decided

    def store_audit(self, step: AuditStep) -> None:
        """Store how far a long audit came, before there is anything to cosign.

        Raises:
            ConflictError: Another audit stored its findings in the meantime.
        """
        with self._writing() as db:
            _take(db, step)

    def audited(self, origin: str) -> tuple[Progress, dict[int, bytes], dict[int, Checkpoint]]:
        """Return how far a super-log was audited, its registry and its heads, by slot."""
        name = {"log": origin_name(origin)}
        with self._reading() as db:
            progress = _progress(db, name["log"])
            rows = db.execute(_SQL["slots"], name).fetchall()
        registry = {slot: origin_hash for slot, origin_hash, *_ in rows}
        heads = {
            slot: Checkpoint(log_origin, size, root)
            for slot, _, log_origin, size, root in rows
            if log_origin is not None
        }
        return progress, registry, heads

    def audited_size(self, origin: str) -> int:
        """Return the number of records of a super-log that were audited."""
        with self._reading() as db:
            return _progress(db, origin_name(origin)).frontier.size

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _connected(self._path) as db:
            db.execute("BEGIN")
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _connected(self._path) as db:
            # Before anything is read: what is read then is what will be replaced.
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def read_status(path: Path) -> tuple[str, bool, list[tuple[Cosigned, Progress]]]:
    """Read a state file for an operator: vkey, whether it audits, and each log's newest.

    Raises:
        NotFoundError: There is no such file.
        MalformedError: It is no state file of a witness.
    """
    if not path.exists():
        raise NotFoundError(f"state {path.name}: missing, want the file of `witness serve`")
    with _connected(path) as db:
        db.execute("BEGIN")
        vkey, audits = db.execute(_SQL["identity"]).fetchone()
        newest = [_cosigned(row) for row in db.execute(_SQL["every_newest"]).fetchall()]
        told = [(it, _progress(db, origin_name(it.checkpoint.origin))) for it in newest]
    return vkey, bool(audits), told


def origin_name(origin: str) -> str:
    """Return the name of a log in the monitoring path: SHA-256 of its origin in hex."""
    return sha256(origin.encode()).hexdigest()


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = EXTRA")
            yield db
    except sqlite3.DatabaseError as error:
        reason = error.sqlite_errorcode & 0xFF
        if reason in _NOT_NOW:
            raise PushbackError(f"state {path.name}: {error}, want to write it") from None
        if reason in _NO_STATE:
            raise MalformedError(f"state {path.name}: {error}, want a witness's state") from None
        raise


def _take(db: sqlite3.Connection, step: AuditStep) -> None:
    log = origin_name(step.origin)
    found = _progress(db, log).frontier.size
    if found != step.start:
        raise ConflictError(
            f"audit of {step.origin}: {found} records are audited, want {step.start}"
        )
    registered = [
        {"log": log, "slot": slot, "origin_hash": origin_hash}
        for slot, origin_hash in step.registered.items()
    ]
    db.executemany(_SQL["register"], registered)
    heads = [
        {"log": log, "slot": slot, "origin": head.origin, "size": head.size, "root": head.root}
        for slot, head in step.heads.items()
    ]
    db.executemany(_SQL["change"], heads)
    progress = step.progress
    row = {
        "log": log,
        "size": progress.frontier.size,
        "frontier": progress.frontier.encode(),
        "epoch": progress.epoch,
        "slots": progress.slots,
    }
    db.execute(_SQL["advance_audit"], row)


def _newest(db: sqlite3.Connection, log: str) -> Cosigned | None:
    row = db.execute(_SQL["newest"], {"log": log}).fetchone()
    return None if row is None else _cosigned(row)


def _cosigned(row: tuple[str, int, bytes, str, bytes, int]) -> Cosigned:
    origin, size, root, note, submitted, time_s = row
    return Cosigned(Checkpoint(origin, size, root), note, submitted, time_s)


def _progress(db: sqlite3.Connection, log: str) -> Progress:
    row = db.execute(_SQL["audited"], {"log": log}).fetchone()
    if row is None:
        return Progress()
    size, frontier, epoch, slots = row
    return Progress(Frontier.decode(size, frontier), epoch, slots)


def _kind(audits: object) -> str:
    return "an auditing witness" if audits else "a plain witness"


def _load() -> dict[str, str]:
    text = files("tallystick.watch").joinpath("witness.sql").read_text("utf-8")
    pieces = _HEADING.split(text)[1:]
    return {name: sql.strip() for name, sql in zip(pieces[::2], pieces[1::2], strict=True)}


_SQL: Final = _load()
