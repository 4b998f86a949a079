"""The follower's process: it keeps the events table, so that what was recorded is found."""

import gc
from threading import Event
from time import monotonic
from typing import Final

from tallystick.access.reads import Asker, record_read
from tallystick.cli.child import complain, on_stop
from tallystick.cli.sole_follower import sole_follower
from tallystick.errors import PushbackError, TallystickError
from tallystick.search.duty import Duty
from tallystick.search.exporting import Exporter
from tallystick.search.exports import Export
from tallystick.search.follow import BATCH
from tallystick.search.ports import Engine
from tallystick.settings import Settings
from tallystick.wiring import House, open_engine, open_export_files, open_house

_PAUSE_S: Final = 0.25
"""From one batch to the next: a part of the table is made for each, however small it is."""
_BUSY_PAUSE_S: Final = 0.4
_BUSY: Final = 800
"""Entries from which on a batch's rows cost the engine less the fewer batches they come in."""
_NEW_OBJECTS: Final = 200_000
"""What a batch is made of lives until it is inserted: looking for cycles in it finds none."""
_AWAY_S: Final = 0.5
_STARTING_S: Final = 0.05
"""Until the engine has answered for the first time: the doors wait for the table, too."""
_HICCUP_S: Final = 15.0
"""The engine may be away as long as it takes to start, and nobody needs to know."""
_TROUBLE_S: Final = 10.0
_RECORDED_S: Final = 30.0
"""So long at most it takes until an entry of the follower's own is on disk."""


def run_follower(settings: Settings) -> int:
    """Run the follower process until it is told to stop."""
    stopping = Event()
    on_stop(stopping.set)
    gc.set_threshold(_NEW_OBJECTS)
    engine = open_engine(settings)
    if engine is None:
        return 0
    house = open_house(settings)
    try:
        if house.ledger.read_only is None:
            exporter = _exporter(settings, house, engine)
            with sole_follower(settings.data, stopping):
                _follow(Duty(house.ledger, engine), exporter, stopping)
        else:
            stopping.wait()
    finally:
        engine.close()
        house.close()
    return 0


def _exporter(settings: Settings, house: House, engine: Engine) -> Exporter:
    files = open_export_files(settings)
    if files is None:
        raise AssertionError("where there is an engine, there is room for exports")

    def tell(export: Export) -> None:
        told = {"export": export.id, "entries": export.written, "format": export.format}
        asker = Asker(export.owner)
        future = record_read(house.ledger, export.tenant, "export.finished", asker, told)
        (outcome,) = future.result(_RECORDED_S)
        if outcome.status != "recorded":
            raise PushbackError(f"export: its end is not recorded ({outcome.reason})")

    return Exporter(house.ledger, engine, files, tell)


def _follow(duty: Duty, exporter: Exporter, stopping: Event) -> None:
    """Take turns until it is time to stop; what goes wrong is told once, and tried again."""
    told = ""
    pause_s, away_s = 0.0, _STARTING_S
    well_at = monotonic()
    while not stopping.wait(pause_s):
        started = monotonic()
        try:
            followed = duty.turn()
            has_exported = exporter.turn()
        except TallystickError as error:
            lasts = started - well_at > _HICCUP_S or not isinstance(error, PushbackError)
            if lasts and str(error) != told:
                complain(f"follower: {error}")
                told = str(error)
            duty.begin_again()
            pause_s = away_s if isinstance(error, PushbackError) else _TROUBLE_S
            continue
        told, well_at, away_s = "", started, _AWAY_S
        pause_s = 0.0
        if not has_exported:
            pause_s = max(0.0, _pause_after(followed) - (monotonic() - started))


def _pause_after(followed: int) -> float:
    """Return the seconds from the start of a batch to that of the next one."""
    if followed >= BATCH:
        return 0.0
    return _BUSY_PAUSE_S if followed >= _BUSY else _PAUSE_S
