"""Laws of the monitor, over random histories: no false alarm, and no lie that passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.fake_log import FIRST_S, FakeLog
from tallystick.errors import NotFoundError
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import Kind
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.http import Site
from tallystick.watch.monitor import Monitor
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import Rules

SLOT = 1


class DirectSite(Site):
    """Asks a fake deployment without a network."""

    def __init__(self, log: FakeLog) -> None:
        super().__init__("http://log.example")
        self._log = log

    def get(self, path: str, *, limit: int = 0, skipped: int = 0) -> bytes:  # noqa: ARG002 (as in Site)
        """See :class:`Site`."""
        status, body = self._log.answer(path)
        if status != 200:
            raise NotFoundError(f"{path}: status {status}")
        return body[skipped:]


@dataclass
class World:
    """A deployment of three logs, and a monitor of one of them."""

    folder: Path
    log: FakeLog = field(default_factory=FakeLog)
    told: list[Mapping[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for slot in range(3):
            self.log.new_log(b"first of %d" % slot)
        self.log.publish()

    def look(self) -> set[Kind]:
        """Look with a monitor that was just started."""
        rules = Rules(self.log.hex(SLOT), Pins.of_key(self.log.vkey), 10**6)
        book = AlarmBook(self.folder / "evidence", lambda it, _: self.told.append(it), now)
        file = StateFile(self.folder / "state")
        return Monitor(DirectSite(self.log), rules, file, book, now).look()

    def grow(self, counts: Sequence[int]) -> None:
        """Add so many entries to each log."""
        for slot, count in enumerate(counts):
            entries = self.log.entries[slot]
            entries += [b"entry %d of %d" % (len(entries) + at, slot) for at in range(count)]


def now() -> int:
    return FIRST_S


growth = st.tuples(*[st.integers(0, 4)] * 3)
steps = st.lists(st.tuples(growth, st.booleans()), max_size=12)


@settings(max_examples=60)
@given(steps, st.integers(0, 3))
def test_honest_growth_never_gives_an_alarm_whenever_one_looks(
    history: list[tuple[tuple[int, int, int], bool]], new_logs: int
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for number, (counts, looks) in enumerate(history):
            world.grow(counts)
            if number < new_logs:
                world.log.new_log()
            world.log.publish()
            if looks:
                assert world.look() == set()

        assert world.look() == set()
        assert world.told == []


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=8),
    st.data(),
)
def test_an_entry_changed_in_any_epoch_is_found_if_it_was_ever_seen(
    before: list[int], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for count in before:
            world.grow((0, count, 1))
            world.log.publish()
        assert world.look() == set()
        entries = world.log.entries[SLOT]
        index = data.draw(st.integers(0, len(entries) - 1), "entry changed")
        truth = entries[index]
        entries[index] = b"another story"
        world.grow((0, data.draw(st.integers(0, 4), "entries added"), 1))
        epoch = world.log.publish()
        if data.draw(st.booleans(), "only for one epoch"):
            entries[index] = truth
            world.log.publish()

        assert Kind.FORK in world.look()

        assert world.told[0]["epoch"] == epoch.number
        assert (Path(folder) / "evidence" / str(world.told[0]["evidence"])).is_dir()


@settings(max_examples=60)
@given(st.integers(1, 12), st.data())
def test_a_log_cut_in_any_epoch_is_found(size: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.grow((0, size, 0))
        world.log.publish()
        assert world.look() == set()
        entries = world.log.entries[SLOT]
        kept = data.draw(st.integers(0, len(entries) - 1), "entries kept")
        truth = list(entries)
        del entries[kept:]
        epoch = world.log.publish()
        if data.draw(st.booleans(), "only for one epoch"):
            entries[:] = truth
            world.log.publish()

        assert Kind.TRUNCATION in world.look()

        assert world.told[0]["epoch"] == epoch.number


@settings(max_examples=60)
@given(st.integers(0, 8), st.integers(0, 3), st.data())
def test_a_super_log_with_any_earlier_record_changed_is_found(
    epochs: int, later: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        for _ in range(epochs):
            world.grow((1, 1, 0))
            world.log.publish()
        assert world.look() == set()
        records = world.log.records
        index = data.draw(st.integers(0, len(records) - 1), "record changed")
        records[index] = records[index].replace(b"tallystick", b"tallystock")
        for _ in range(later):
            world.log.publish()
        if not later:
            world.log.notes.append(world.log.note())

        assert world.look() == {Kind.FORK}
