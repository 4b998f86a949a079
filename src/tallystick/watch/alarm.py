"""What a monitor can find wrong, and what it keeps as proof of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tallystick.errors import TallystickError


class Kind(StrEnum):
    """What is wrong, worst first."""

    FORK = "fork"
    TRUNCATION = "truncation"
    WRONG_KEY = "wrong-key"
    UNPROVEN = "unproven"
    NO_QUORUM = "no-quorum"
    STALE = "stale"
    UNREACHABLE = "unreachable"


class Subject(StrEnum):
    """Of what it is wrong. An alarm stays open until its subject was found in order again."""

    SERVER = "server"
    SIGNATURE = "signature"
    KEYS = "keys"
    WITNESSES = "witnesses"
    SUPER_LOG = "super-log"
    TIME = "time"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong.

    Attributes:
        kind: What.
        subject: Of what.
        what: What was observed, and what was expected.
        epoch: The epoch concerned, or None where it is none.
        evidence: File name → bytes: what was served, enough for others to see it too.
    """

    kind: Kind
    subject: Subject
    what: str
    epoch: int | None = None
    evidence: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllClear:
    """Everything about a subject was checked and found in order."""

    subject: Subject


class AlarmError(TallystickError):
    """A check ended with an alarm; nothing behind it was looked at."""

    def __init__(self, alarm: Alarm) -> None:
        super().__init__(f"{alarm.kind}: {alarm.what}")
        self.alarm = alarm
