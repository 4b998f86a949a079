"""What a monitor knows, in one file that is replaced as a whole and that proves itself.

The file holds the newest super-checkpoint, the last epoch followed and the last good head, each
with its proofs and signatures. Read back, all of it is checked against the pins, so that a file
that was cut, edited or mixed up is refused instead of believed.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from tallystick.errors import ConflictError, MalformedError, VerificationError
from tallystick.tlog.note import VerifierKey, verify_note
from tallystick.tlog.spelling import encode_base64
from tallystick.tlog.tree import Frontier
from tallystick.verify import strict_json
from tallystick.verify.pins import Pins
from tallystick.verify.refreshing import follow
from tallystick.watch.alarm import AlarmError
from tallystick.watch.believing import SignedCheckpoint, every_key, read_signed
from tallystick.watch.delivery import Delivery
from tallystick.watch.durably import write_durably
from tallystick.watch.evidence import ProvenHead, ProvenRecord, hashes_of
from tallystick.watch.super_log import Edge

FORMAT: Final = "tallystick/monitor/v1"
_MODE: Final = 0o600
_SUM_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that was given and not taken back.

    Attributes:
        kind: See :class:`tallystick.watch.alarm.Kind`.
        subject: See :class:`tallystick.watch.alarm.Subject`.
        what: Its text.
        since_s: When it was given, in seconds since 1970.
    """

    kind: str
    subject: str
    what: str
    since_s: int


@dataclass(frozen=True, slots=True)
class Known:
    """What was found in order.

    Attributes:
        signed: Newest super-checkpoint below which every record and epoch was followed.
        edge: Of the super-log at its size.
        last: The last epoch record of ``signed``.
        followed: The last epoch that was looked at; ahead of ``last`` while catching up.
        head: The newest head of the log that extends all good ones before it.
    """

    signed: SignedCheckpoint
    edge: Edge
    last: ProvenRecord
    followed: ProvenRecord
    head: ProvenHead

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins."""
        return {
            "note": self.signed.text,
            "frontier": [encode_base64(node) for node in self.edge.frontier.hashes],
            "tail_bytes": self.edge.tail_bytes,
            "last": self.last.members(),
            "followed": self.followed.members(),
            "head": self.head.members(),
        }

    @classmethod
    def of(cls, members: Mapping[str, object], keys: list[VerifierKey]) -> Self:
        """Read what :meth:`members` wrote, and check all of it.

        Raises:
            MalformedError: It is something else.
            VerificationError: It does not follow from a pinned key.
        """
        match members:
            case {
                "note": str() as note,
                "frontier": [*hashes],
                "tail_bytes": int() as tail_bytes,
                "last": dict() as last,
                "followed": dict() as followed,
                "head": dict() as head,
            }:
                try:
                    signed = read_signed(note, keys)
                except AlarmError as error:
                    raise VerificationError(f"monitor state: {error}") from None
                frontier = Frontier(signed.checkpoint.size, hashes_of(hashes, "frontier"))
                known = cls(
                    signed,
                    Edge(frontier, tail_bytes),
                    ProvenRecord.of(last),
                    ProvenRecord.of(followed),
                    ProvenHead.of(head),
                )
                known._verify(keys)
                return known
        raise MalformedError("monitor state: known, want note, frontier, last and so on")

    def is_of(self, signed: SignedCheckpoint) -> bool:
        """Tell whether a checkpoint is of the super-log that was followed."""
        return signed.checkpoint.origin == self.signed.checkpoint.origin

    def signer(self, keys: list[VerifierKey]) -> VerifierKey:
        """Return the key by which the super-checkpoint was believed."""
        origin = self.signed.checkpoint.origin
        return verify_note(self.signed.note, [key for key in keys if key.name == origin])[0]

    def _verify(self, keys: list[VerifierKey]) -> None:
        root = self.edge.frontier.root()
        if root != self.signed.checkpoint.root or self.edge.tail_bytes < 0:
            raise VerificationError(
                f"monitor state: frontier leads to root {root.hex()},"
                f" want {self.signed.checkpoint.root.hex()}"
            )
        self.last.verify(keys)
        self.followed.verify(keys)
        self.head.verify(keys)


@dataclass(frozen=True, slots=True)
class State:
    """All that a monitor keeps.

    Attributes:
        log_hex: The log it is about.
        known: What was found in order, or None before the first time.
        alarms: Those that are open.
        deliveries: Messages under way.
        statements: The root's statements that were followed since the pins were made.
    """

    log_hex: str
    known: Known | None = None
    alarms: tuple[OpenAlarm, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    statements: tuple[str, ...] = ()

    def believed(self, pins: Pins) -> Pins:
        """Return the pins with what the statements add to them.

        Raises:
            VerificationError: The pinned root did not sign them.
        """
        return follow(pins, self.statements)[0] if self.statements and pins.root else pins

    def format(self) -> bytes:
        """Write the file: the members, and a line with their SHA-256."""
        members: dict[str, object] = {
            "state": FORMAT,
            "log": self.log_hex,
            "known": {} if self.known is None else self.known.members(),
            "alarms": [_members(alarm) for alarm in self.alarms],
            "deliveries": [delivery.members() for delivery in self.deliveries],
            "statements": list(self.statements),
        }
        written = strict_json.write(members)
        return written + f"\n{sha256(written).hexdigest()}\n".encode()

    @classmethod
    def parse(cls, data: bytes, log_hex: str, pins: Pins) -> Self:
        """Read the file, and check all of it.

        Raises:
            MalformedError: It is cut, changed, or no state.
            ConflictError: It is the state of another log.
            VerificationError: What it says does not follow from a pinned key.
        """
        written, rest = data[: -_SUM_SIZE - 2], data[-_SUM_SIZE - 2 :]
        if rest != f"\n{sha256(written).hexdigest()}\n".encode():
            raise MalformedError("monitor state: cut or changed, want it as a monitor wrote it")
        match strict_json.read(written, "monitor state"):
            case {
                "state": kind,
                "log": str() as log,
                "known": dict() as known,
                "alarms": [*alarms],
                "deliveries": [*deliveries],
                **others,
            } if kind == FORMAT:
                pass
            case _:
                raise MalformedError(f"monitor state: another form, want {FORMAT}")
        if log != log_hex:
            raise ConflictError(f"monitor state: of log {log[:40]}, want {log_hex}")
        state = cls(
            log_hex,
            None,
            tuple(map(_open_alarm, alarms)),
            tuple(map(Delivery.of, deliveries)),
            _statements(others.get("statements", [])),
        )
        found = Known.of(known, every_key(state.believed(pins))) if known else None
        if found is not None and not found.head.origin.endswith(f"/{log_hex}"):
            raise VerificationError(f"monitor state: head of {found.head.origin}, want {log_hex}")
        return replace(state, known=found)


@dataclass(frozen=True, slots=True)
class StateFile:
    """Where a state lies.

    Attributes:
        path: The file. A lock stands beside it.
    """

    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other monitors away from the file.

        Raises:
            ConflictError: Another one has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConflictError(
                    f"{self.path}: in use by another monitor, want a state of its own"
                ) from None
            yield
        finally:
            os.close(lock)

    def read(self, log_hex: str, pins: Pins) -> State:
        """Return what is known; nothing where there is no file yet. See :meth:`State.parse`."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return State(log_hex)
        return State.parse(data, log_hex, pins)

    def write(self, state: State) -> None:
        """Replace the file; when this returns, the new one is on disk."""
        write_durably(self.path, state.format())


def _members(item: OpenAlarm) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__slots__}


def _open_alarm(value: object) -> OpenAlarm:
    match value:
        case {
            "kind": str() as kind,
            "subject": str() as subject,
            "what": str() as what,
            "since_s": int() as since_s,
        }:
            return OpenAlarm(kind, subject, what, since_s)
    raise MalformedError("monitor state: alarms, want kind, subject, what and since_s")


def _statements(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(note, str) for note in value):
        return tuple(value)
    raise MalformedError("monitor state: statements, want a list of notes")
