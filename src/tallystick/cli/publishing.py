"""The publisher's process: an epoch every few seconds, and what has to be done beside it."""

from threading import Event
from time import monotonic
from typing import Final, Protocol, runtime_checkable

from tallystick.cli.child import complain, on_stop
from tallystick.errors import PushbackError, TallystickError, VerificationError
from tallystick.ledger.ports import Clock
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

_DAY_S: Final = 86_400
MAX_KEY_DAYS: Final = 30

ROLLED_BACK: Final = 3
"""How the publisher ends when it learns, while it runs, that nothing may be written."""


@runtime_checkable
class _Ageing(Protocol):
    """A keeper whose epoch key is to be drawn anew from time to time."""

    def epoch_age(self, clock: Clock) -> int:
        """Return the microseconds since the current epoch key was drawn."""
        ...


@runtime_checkable
class _Checkpointing(Protocol):
    """A store whose commits go to a log of its own first, which somebody must write back."""

    def checkpoint(self) -> None:
        """Write the log back into the database file."""
        ...


def run_publisher(settings: Settings) -> int:
    """Run the publisher process until it is told to stop, or learns that it may not sign."""
    stopping = Event()
    on_stop(stopping.set)
    house = open_house(settings, say=complain)
    try:
        writable = house.ledger.read_only is None
        house.ask_witnesses()  # again: this process may have been started anew
        if not writable or house.ledger.read_only is None:
            _make_epochs(house, stopping)
        if writable and house.ledger.read_only is not None:
            complain(f"publisher: read-only: {house.ledger.read_only}")
            return ROLLED_BACK
    finally:
        house.close()
    return 0


def _make_epochs(house: House, stopping: Event) -> None:
    """Make epochs until it is time to stop, or until the house turns read-only."""
    found = house.ledger.read_only
    epoch_s = house.settings.epoch_s
    look_again = monotonic()
    pause_s: float = epoch_s
    while house.ledger.read_only == found:
        stop = stopping.wait(pause_s)
        started = monotonic()
        _make_epoch(house)
        if stop:
            break
        pause_s = max(0.0, epoch_s - (monotonic() - started))
        if monotonic() >= look_again:
            _mind_key_age(house)
            look_again = monotonic() + _DAY_S


def _make_epoch(house: House) -> None:
    """Publish, and write the log of the store back into its file, off the path of commits."""
    ledger = house.ledger
    try:
        if ledger.read_only is None:
            house.publisher.publish()
        store = ledger.drivers.store
        if isinstance(store, _Checkpointing):
            store.checkpoint()
    except PushbackError as error:
        complain(f"publisher: put off: {error}")
    except TallystickError as error:
        complain(f"publisher: no epoch: {error}")
        if isinstance(error, VerificationError):
            house.look_again()


def _mind_key_age(house: House) -> None:
    drivers = house.ledger.drivers
    if isinstance(drivers.keeper, _Ageing):
        days = drivers.keeper.epoch_age(drivers.clock) // (_DAY_S * 1_000_000)
        if days > MAX_KEY_DAYS:
            complain(f"epoch key: {days} days old, want at most {MAX_KEY_DAYS}: rotate it")
