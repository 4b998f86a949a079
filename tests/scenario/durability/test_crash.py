"""A door that is killed at the worst moments keeps what it acknowledged, once and in its place."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPException
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from kit.door import FAIL_POINTS, IN_FLIGHT, Door, Orders, Visitor, admin_key, open_door
from kit.events import reference_event
from kit.house import fsck, new_house, new_tenant
from tallystick.ledger.logs import DEPLOYMENT_TENANT
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

TENANTS = ("acme", "beta")
CLIENTS = IN_FLIGHT + 4

Event = dict[str, object]
Request = list[Event]
Place = tuple[str, int, str]
"""What an acknowledgement says: log, index, leaf hash."""


@dataclass
class Senders:
    """Clients that send until the door breaks off, and remember what they were told."""

    acknowledged: dict[tuple[str, str], Place] = field(default_factory=dict)
    unanswered: list[Request] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def resend(self, door: Door) -> None:
        """Send again what was never answered, as every sender must."""
        pending, self.unanswered = self.unanswered, []
        with door.visit() as visitor:
            for request in pending:
                self._note(request, visitor)

    def send_until_it_breaks(self, door: Door) -> None:
        """Keep all clients busy until the door is gone."""
        clients = [threading.Thread(target=self._send, args=(door,)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(60)
        assert not [client for client in clients if client.is_alive()]

    def _send(self, door: Door) -> None:
        with door.visit() as visitor:
            while True:
                request = self._request()
                try:
                    self._note(request, visitor)
                except (OSError, HTTPException):
                    with self._lock:
                        self.unanswered.append(request)
                    return

    def _request(self) -> Request:
        """Make events for both tenants, so that one commit spans two logs."""
        with self._lock:
            numbers = [next(self._numbers) for _ in range(3)]
        return [{**reference_event(n), "tenant": TENANTS[n % 2]} for n in numbers]

    def _note(self, request: Request, visitor: Visitor) -> None:
        answer = visitor.post(request)
        with self._lock:
            for event, result in zip(request, answer.results, strict=True):
                assert result["status"] in {"recorded", "duplicate"}, result
                place = result["log"], result["index"], result["leaf_hash"]
                known = self.acknowledged.setdefault((str(event["tenant"]), result["id"]), place)
                assert known == place


def check(data: Path, acknowledged: dict[tuple[str, str], Place]) -> None:
    """Look at the ledger from another process than the door's."""
    house = open_house(Settings(data=data))
    try:
        assert house.ledger.read_only is None
        standing = stored(house)
        assert acknowledged.items() <= standing.items()
        assert fsck(house) == []
        house.publisher.publish()
    finally:
        house.close()


def stored(house: House) -> dict[tuple[str, str], Place]:
    """Read every entry of the tenants, and hash it as RFC 6962 says."""
    found: dict[tuple[str, str], Place] = {}
    with house.ledger.drivers.store.read() as snapshot:
        tenants = {
            log.tenant: log for log in house.ledger.logs.every(snapshot) if log.stream == "audit"
        }
        tenants.pop(DEPLOYMENT_TENANT, None)
        assert len(tenants) == len(TENANTS)
        for name, (_, log) in zip(TENANTS, sorted(tenants.items()), strict=True):
            entries = list(snapshot.entries(log.slot, 0, 1 << 32))
            assert [entry.index for entry in entries] == [*range(len(entries))]
            assert snapshot.head(log.slot).size == len(entries)
            for entry in entries:
                leaf_hash = sha256(b"\x00" + (entry.leaf or b"")).hexdigest()
                event = name, str(UUID(bytes=entry.event_id))
                assert event not in found, "recorded twice"
                found[event] = log.hex, entry.index, leaf_hash
    return found


def crash_again_and_again(folder: Path, fail_points: Sequence[str]) -> None:
    """Kill a door at one fail point after the other, and start it anew each time."""
    data = folder / "data"
    house = new_house(data)
    for name in TENANTS:
        new_tenant(house, name)
    key = admin_key(house)
    house.close()
    senders = Senders()
    for crash, point in enumerate(fail_points):
        hits = str(folder / point)
        orders = Orders(str(data), "", fail_point=point, spare=crash * 3 % 8, hits=hits)
        with open_door(orders, key) as door:
            check(data, senders.acknowledged)
            senders.resend(door)
            senders.send_until_it_breaks(door)
            assert door.process.wait(30) == -9
        assert len(senders.unanswered) >= IN_FLIGHT
    with open_door(Orders(str(data), ""), key) as door:
        senders.resend(door)
        check(data, senders.acknowledged)
    assert door.process.returncode == 0
    check(data, senders.acknowledged)

    for point, times in Counter(fail_points).items():
        in_flight = [int(line) for line in (folder / point).read_text().split()]
        print(  # noqa: T201 (a crash test that never hit would look the same)
            f"fail point {point!r}: hit {len(in_flight)} times, {min(in_flight)} to"
            f" {max(in_flight)} requests in flight"
        )
        assert len(in_flight) == times
        assert min(in_flight) >= IN_FLIGHT
    print(f"{len(senders.acknowledged):,} events acknowledged, each at its index")  # noqa: T201


def test_what_was_acknowledged_stands_once_in_its_place_after_crashes(tmp_path: Path) -> None:
    crash_again_and_again(tmp_path, 2 * FAIL_POINTS)


@pytest.mark.slow
@pytest.mark.parametrize("fail_point", FAIL_POINTS)
def test_what_was_acknowledged_stands_once_in_its_place_after_twenty_crashes(
    tmp_path: Path, fail_point: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        crash_again_and_again(tmp_path, 20 * (fail_point,))
