"""A full disk: nobody is told that something was recorded, and room alone is the cure."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from kit.door import Answer, Door, Orders, admin_key, open_door
from kit.events import reference_event
from kit.house import fsck, new_house, new_tenant, record
from tallystick.errors import PushbackError
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.ledger.published import latest
from tallystick.settings import Settings
from tallystick.tlog.note import Note
from tallystick.wiring import open_house

BATCH = 100
TMPFS = "32m"

OutOfRoom = Callable[[Door], AbstractContextManager[None]]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 32 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS}", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@contextmanager
def filled(folder: Path, spared: int = 0) -> Iterator[None]:
    """Leave only ``spared`` bytes of room in a folder's file system while the block runs."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(piece))
        file.truncate(file.tell() - spared)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def forbidden_to_grow(door: Door, wal: Path, room: int) -> Iterator[None]:
    """Let no file of the door grow beyond the write-ahead log's size and ``room`` bytes."""
    soft, hard = resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE)
    limit = wal.stat().st_size + room
    resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.prlimit(door.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


class Sender:
    """Sends batches of new events, and notes what was acknowledged."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.acknowledged: dict[str, tuple[int, str]] = {}
        self._number = 0

    def send(self) -> Answer:
        """Send the next batch; one that was pushed back is sent again the next time."""
        events = [{**reference_event(self._number + n), "tenant": "acme"} for n in range(BATCH)]
        answer = self.door.post(events)
        if answer.status == 201:
            self._number += BATCH
            for result in answer.results:
                assert result["status"] == "recorded"
                self.acknowledged[result["id"]] = result["index"], result["leaf_hash"]
        return answer

    def send_until_pushed_back(self) -> Answer:
        """Send until there is no room."""
        for _ in range(500):
            answer = self.send()
            if answer.status != 201:
                return answer
        raise AssertionError("the disk is never full")


def new_data(folder: Path) -> tuple[Path, str]:
    """Make a deployment with a tenant; return its folder and a key."""
    house = new_house(folder / "data")
    new_tenant(house)
    key = admin_key(house)
    house.close()
    return folder / "data", key


def assert_recorded_exactly(data: Path, acknowledged: dict[str, tuple[int, str]]) -> None:
    """Compare what stands in the ledger with what was acknowledged."""
    house = open_house(Settings(data=data))
    try:
        with house.ledger.drivers.store.read() as snapshot:
            (log,) = [
                log
                for log in house.ledger.logs.every(snapshot)
                if log.tenant and log.stream == "audit"
            ]
            standing = {
                entry.event_id.hex(): (entry.index, entry.leaf_hash.hex())
                for entry in snapshot.entries(log.slot, 0, 1 << 32)
            }
        assert standing == {name.replace("-", ""): place for name, place in acknowledged.items()}
        assert fsck(house) == []
    finally:
        house.close()


def assert_pushed_back(answer: Answer) -> None:
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"


def run_out_of_room(data: Path, key: str, out_of_room: OutOfRoom) -> None:
    with open_door(Orders(str(data), ""), key) as door:
        sender = Sender(door)
        assert sender.send().status == 201
        for _ in range(3):
            with out_of_room(door):
                assert_pushed_back(sender.send_until_pushed_back())
                assert_pushed_back(sender.send())
                with door.visit() as visitor:
                    assert visitor.ask("GET", "/healthz").status == 200
            # The same process, and nobody did anything but make room.
            assert sender.send().status == 201
    assert door.process.returncode == 0
    assert_recorded_exactly(data, sender.acknowledged)


def test_a_full_disk_is_answered_503_and_room_is_the_cure(small_disk: Path) -> None:
    data, key = new_data(small_disk)

    run_out_of_room(data, key, lambda _: filled(small_disk))


@pytest.mark.parametrize("room", [0, 40_000])
def test_files_that_may_not_grow_are_answered_503_and_room_is_the_cure(
    tmp_path: Path, room: int
) -> None:
    data, key = new_data(tmp_path)

    run_out_of_room(data, key, lambda door: forbidden_to_grow(door, data / "ledger.db-wal", room))


def test_an_epoch_that_finds_no_room_is_put_off_and_nothing_signed_is_lost(
    small_disk: Path,
) -> None:
    house = new_house(small_disk / "data")
    lock = small_disk / "data" / "lock.note"
    put_off = []
    try:
        tenant = new_tenant(house)
        # From no room at all up to enough, page by page, so that each step runs out once.
        for pages in range(40):
            record(house, tenant, reference_event(pages))
            with filled(small_disk, spared=pages * 16_384):
                try:
                    house.publisher.publish()
                except PushbackError:
                    put_off.append(pages)
                if pages:
                    Note.parse(lock.read_text())
            house.publisher.publish()
            with house.ledger.drivers.store.read() as snapshot:
                published, size = latest(snapshot), snapshot.head(SUPER_SLOT).size
            assert published is not None
            assert (published.size, published.note) == (size, lock.read_text()), f"{pages} pages"
            assert fsck(house) == []
    finally:
        house.close()
    assert 0 in put_off
    assert 39 not in put_off
    house = open_house(Settings(data=small_disk / "data"))
    assert house.ledger.read_only is None
    house.close()
