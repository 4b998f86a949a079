"""What ``doctor`` looks at, one remark each."""

import shutil
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from tallystick.access import listing
from tallystick.cli.backup_file import SCRATCH
from tallystick.cli.growth import first_since, received_at
from tallystick.cli.scratch import leftovers
from tallystick.drivers.keyfile import KeyFile
from tallystick.errors import VerificationError
from tallystick.ledger.cosigning import standing
from tallystick.ledger.ports import Snapshot
from tallystick.ledger.published import latest
from tallystick.ledger.publisher import HEARTBEAT_S
from tallystick.wiring import DATABASE, KEYS, House, database_path

_SECOND: Final = 1_000_000
_HOUR: Final = 3_600 * _SECOND
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_KEY_DAYS: Final = 30
_LEAST_FREE: Final = 1 << 30
_LEAST_DAYS: Final = 14
_MOST_UNMERGED: Final = 1 << 29
_PRIVATE: Final = 0o600
_MIB: Final = 1 << 20


class Remark(NamedTuple):
    """One thing that was looked at.

    Attributes:
        ok: Whether it needs no hand.
        name: One word.
        text: What was observed, and what is wanted where it is not so.
    """

    ok: bool
    name: str
    text: str


def examine(house: House) -> Iterator[Remark]:
    """Look at everything that an operator looks after."""
    ledger = house.ledger
    problem = ledger.read_only
    yield Remark(problem is None, "lock", problem or "the lock file agrees with the store")
    with ledger.drivers.store.read() as snapshot:
        yield _erasures(house, snapshot)
        yield _disk(house, snapshot)
        yield _clock(house, snapshot)
        yield _epochs(house, snapshot)
        yield from _witnesses(house, snapshot)
    yield _log_of_writes(house)
    if left := leftovers(database_path(house.settings).parent, SCRATCH):
        text = f"{left[0].name} is left of one that was killed: the next `backup` removes it"
        yield Remark(False, "backup", text)
    yield from _keys(house)


def _erasures(house: House, snapshot: Snapshot) -> Remark:
    """Compare the list beside the lock file with what the logs say was erased."""
    erasures = house.ledger.drivers.erasures
    if erasures is None:
        return Remark(True, "erasures", "no list is kept")
    try:
        difference = listing.compare(house.ledger, snapshot, erasures)
    except VerificationError as error:
        return Remark(False, "erasures", str(error))
    if difference.only_recorded:
        text = (
            f"the list beside the lock file lacks {difference.only_recorded:,} erased names, want"
            " all: put it back, or move it away and the next start makes it anew from the logs"
        )
        return Remark(False, "erasures", text)
    if difference.only_listed:
        count = sum(map(len, difference.only_listed.values()))
        text = f"{count:,} listed names were not erased: an erasure failed, ask for it again"
        return Remark(False, "erasures", text)
    return Remark(True, "erasures", "the list beside the lock file agrees with the logs")


def _disk(house: House, snapshot: Snapshot) -> Remark:
    data = house.settings.data
    free = shutil.disk_usage(data).free
    used = sum(path.stat().st_size for path in data.iterdir() if path.is_file())
    told = f"{_size(free)} free, {_size(used)} used"
    growth = _bytes_per_day(house, snapshot, used)
    if growth is None:
        return Remark(free >= _LEAST_FREE, "disk", f"{told}; too little history for a forecast")
    days = int(free / growth)
    enough = free >= _LEAST_FREE and days >= _LEAST_DAYS
    forecast = f"grows by {_size(int(growth))} a day: room for {days:,} days"
    return Remark(enough, "disk", f"{told}; {forecast}")


def _bytes_per_day(house: House, snapshot: Snapshot, used: int) -> float | None:
    """Say how fast the files grow, going by the entries of the last week."""
    ledger = house.ledger
    now = ledger.drivers.clock.now()
    total = recent = 0
    oldest = now
    for log in ledger.logs.every(snapshot):
        size = snapshot.head(log.slot).size
        since = first_since(snapshot, log, now - _WEEK)
        total, recent = total + size, recent + size - since
        if size:
            oldest = min(oldest, max(now - _WEEK, received_at(snapshot, log, 0)))
    span = now - oldest
    if span < _HOUR or not recent:
        return None
    return used / total * recent / (span / _DAY)


def _clock(house: House, snapshot: Snapshot) -> Remark:
    ledger = house.ledger
    now = ledger.drivers.clock.now()
    last = latest(snapshot)
    told = [snapshot.head(log.slot).received_at for log in ledger.logs.every(snapshot)]
    newest = max([*told, last.signed_at if last else 0])
    ahead = newest - now
    if ahead > 0:
        text = f"{ahead / _SECOND:.1f} s behind the last entry or epoch, want it not to go back"
        return Remark(False, "clock", text)
    return Remark(True, "clock", "not behind the last entry nor the last epoch")


def _epochs(house: House, snapshot: Snapshot) -> Remark:
    last = latest(snapshot)
    if last is None:
        return Remark(True, "epoch", "none yet; a running server makes them")
    age_s = (house.ledger.drivers.clock.now() - last.signed_at) / _SECOND
    late = "" if age_s <= HEARTBEAT_S + 60 else ", none since; does a server run?"
    return Remark(True, "epoch", f"epoch {last.epoch:,} is {age_s:,.0f} s old{late}")


def _witnesses(house: House, snapshot: Snapshot) -> Iterator[Remark]:
    """Say of each witness whether it cosigned, and whether they are enough."""
    known = standing(snapshot)
    if house.cosigning is None or known is None:
        text = "none: nobody outside would notice a second history" if not house.cosigning else ""
        yield Remark(True, "witnesses", text or "not asked yet; a running server asks them")
        return
    for name, problem in known.problems.items():
        yield Remark(not problem, "witness", f"{name}: {problem or 'cosigned when asked last'}")
    now = house.ledger.drivers.clock.now()
    since = (
        "there never was one"
        if known.quorum_at is None
        else f"the last one was {(now - known.quorum_at) / _SECOND:,.0f} s ago"
    )
    told = "the last epoch has its quorum" if known.quorum else f"no quorum, {since}"
    yield Remark(known.quorum, "quorum", told)


def _log_of_writes(house: House) -> Remark:
    unmerged = house.settings.data / f"{DATABASE}-wal"
    size = unmerged.stat().st_size if unmerged.exists() else 0
    text = f"{_size(size)} wait to be copied into the database"
    if size > _MOST_UNMERGED:
        text += ", want less; does a reader stay open for hours?"
    return Remark(size <= _MOST_UNMERGED, "wal", text)


def _keys(house: House) -> Iterator[Remark]:
    keeper = house.ledger.drivers.keeper
    if not isinstance(keeper, KeyFile):
        return
    mode = stat.S_IMODE((house.settings.data / KEYS).stat().st_mode)
    text = f"{KEYS} has mode {mode:03o}"
    yield Remark(mode == _PRIVATE, "key file", text if mode == _PRIVATE else f"{text}, want 600")
    days = keeper.epoch_age(house.ledger.drivers.clock) // _DAY
    text = f"the epoch key is {days:,} days old"
    young = days <= _KEY_DAYS
    yield Remark(
        young, "epoch key", text if young else f"{text}, want {_KEY_DAYS} at most: keys rotate"
    )


def _size(count: int) -> str:
    return f"{count / _MIB:,.1f} MiB"
