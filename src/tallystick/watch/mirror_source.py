"""Which checkpoint of a log a mirror copies next: one that the pins stand behind."""

from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import Final

from tallystick.errors import VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject
from tallystick.watch.believing import (
    SignedCheckpoint,
    keys_of_log,
    read_signed,
    require_witnesses,
)
from tallystick.watch.evidence import ProvenHead
from tallystick.watch.http import Site
from tallystick.watch.key_change import super_log_of
from tallystick.watch.log_head import EpochsOfLog
from tallystick.watch.rules import Rules
from tallystick.watch.super_log import read_first
from tallystick.watch.tiles import TiledLog

_TRIES: Final = 4
_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class SuperSource:
    """The super-log, which is for everybody."""

    site: Site
    pins: Pins

    def newest(self) -> SignedCheckpoint:
        """Return its newest checkpoint that is to be believed.

        Raises:
            AlarmError: There is none.
            TallystickError: As :meth:`Site.get`.
        """
        shown = TiledLog(self.site, "/v1/super").checkpoint()
        signed = read_signed(shown, list(self.pins.keys))
        require_witnesses(signed, self.pins)
        return signed


@dataclass(frozen=True, slots=True)
class TenantSource:
    """One log of the deployment.

    Its own checkpoint bears no cosignature: it is believed because it says what the log's head
    in an epoch is, and the super-checkpoint above that epoch is believed.
    """

    site: Site
    rules: Rules
    wait: Callable[[float], None] = sleep

    @property
    def log(self) -> TiledLog:
        """Where its tiles are."""
        return TiledLog(self.site, f"/v1/logs/{self.rules.log_hex}")

    def newest(self) -> SignedCheckpoint:
        """Return its newest checkpoint; raises as :meth:`SuperSource.newest`."""
        signed, head = self._both()
        for _ in range(_TRIES):
            if signed.checkpoint == Checkpoint(head.origin, head.size, head.root):
                return signed
            # An epoch was made between the two answers.
            self.wait(_PAUSE_S)
            signed, head = self._both()
        text = f"checkpoint of {signed.checkpoint.size:,} entries, the epoch has {head.size:,}"
        evidence = {"shown.note": signed.text.encode()}
        raise AlarmError(Alarm(Kind.UNPROVEN, Subject.LOG, text, head.epoch, evidence))

    def _both(self) -> tuple[SignedCheckpoint, ProvenHead]:
        data = self.log.checkpoint()
        head = self._head()
        return read_signed(data, keys_of_log(head.origin, self.rules.pins)), head

    def _head(self) -> ProvenHead:
        signed = SuperSource(self.site, self.rules.pins).newest()
        reading = read_first(super_log_of(self.site, signed.checkpoint.origin), signed)
        places = list(reading.epochs())
        if not places:
            raise VerificationError("super-log: no epoch among its last records, want one")
        head = EpochsOfLog(self.site, self.rules.log_hex).head(reading.prove(places[-1]), None)
        self.rules.require_origin(head, signed.checkpoint.origin)
        return head
