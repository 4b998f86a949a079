"""What somebody demands of a deployment and one log of it, before looking at either."""

from dataclasses import dataclass
from typing import Final

from tallystick.errors import MalformedError
from tallystick.tlog.note import VerifierKey
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import Alarm, AlarmError, AllClear, Kind, Subject
from tallystick.watch.believing import deployment_of
from tallystick.watch.evidence import ProvenHead, ProvenRecord

MAX_AGE_S: Final = 900
"""Age of the newest epoch above which it is stale: an idle deployment makes one in ten minutes."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is demanded.

    Attributes:
        log_hex: The log, 32 hex digits.
        pins: Keys, and where pinned: the log's origin, witnesses, auditors.
        max_age_s: Greatest age of the newest epoch, in seconds.
    """

    log_hex: str
    pins: Pins
    max_age_s: int = MAX_AGE_S

    def __post_init__(self) -> None:
        if len(self.log_hex) != 32 or self.log_hex.strip("0123456789abcdef"):  # noqa: PLR2004
            raise MalformedError(f"log {self.log_hex[:80]!r}: want 32 hex digits")
        if self.pins.origins and self._pinned is None:
            raise MalformedError(f"pins: origins without log {self.log_hex}, want its own")

    @property
    def keys(self) -> list[VerifierKey]:
        """The keys of super-logs."""
        return list(self.pins.keys)

    @property
    def _pinned(self) -> str | None:
        own = [it for it in self.pins.origins if it.endswith(f"/{self.log_hex}")]
        return own[0] if own else None

    def freshness(self, newest: ProvenRecord, now_s: int) -> Alarm | AllClear:
        """Judge the newest epoch by a clock, in seconds since 1970."""
        record = newest.record
        age_s = now_s - record.time_s
        # An epoch dated ahead would stay fresh for as long as its maker likes.
        if abs(age_s) <= self.max_age_s:
            return AllClear(Subject.TIME)
        text = f"epoch {record.epoch:,} is dated {abs(age_s):,} s {'ago' if age_s > 0 else 'ahead'}"
        text += f", want at most {self.max_age_s:,} s"
        return Alarm(Kind.STALE, Subject.TIME, text, record.epoch)

    def require_origin(self, head: ProvenHead, super_origin: str) -> None:
        """Refuse a log that is not the one asked for, the first time that it is seen."""
        deployment = deployment_of(super_origin)
        own = head.origin.startswith(f"{deployment}/t/") and head.origin.endswith(self.log_hex)
        if not own or self._pinned not in {None, head.origin}:
            wanted = self._pinned or f"{deployment}/t/…/{self.log_hex}"
            text = f"log {head.origin}, want {wanted}"
            raise AlarmError(Alarm(Kind.UNPROVEN, Subject.LOG, text, head.epoch))
