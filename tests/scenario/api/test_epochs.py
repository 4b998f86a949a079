"""What the doors tell of epochs, compared with trees recomputed from the entries by RFC 6962."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kit import house as kit
from kit.events import reference_event
from kit.rfc6962 import mth, path, proof
from kit.server import Answer, Server, running_server
from tallystick.access.keys import Grant, create_key
from tallystick.access.tenants import Tenant
from tallystick.drivers.lockfile import LockFile
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.wiring import House

SIZES = [1, 255, 1, 700, 2, 0, 40]
"""How many events of the first tenant come into each epoch."""


@dataclass
class Told:
    """What was made, and what followed from it.

    Attributes:
        data: The data folder.
        admin: A key for everything.
        epochs: For each epoch, the size of each log in it, in order of slot.
        leaves: The entries of each log.
        origins: The origin of each log.
        hexes: Its public id.
        records: The records of the super-log.
    """

    data: Path
    admin: str = ""
    epochs: list[list[int]] = field(default_factory=list)
    leaves: list[list[bytes]] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    hexes: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)

    def root(self, slot: int, size: int) -> bytes:
        """The root of a log at a size."""
        return mth(self.leaves[slot][:size])

    def head(self, slot: int, size: int) -> bytes:
        """The leaf of an epoch tree."""
        root = b64encode(self.root(slot, size)).decode()
        return f"{self.origins[slot]}\n{size}\n{root}\n".encode()

    def index(self, epoch: int) -> int:
        """Where the record of an epoch stands."""
        named = [n for n, text in enumerate(self.records) if text.startswith("tallystick/epoch")]
        return named[epoch]


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


class DeadLock(LockFile):
    """A lock at whose swap the power goes."""

    def replace(self, old: str | None, new: str) -> None:
        """Lose power."""
        raise Power(old, new)


def end_epoch(house: House, told: Told, *, interrupted: bool = False) -> None:
    """Note the sizes of all logs, and make an epoch of them."""
    ledger = house.ledger
    with ledger.drivers.store.read() as snapshot:
        logs = ledger.logs.every(snapshot)
        told.epochs.append([snapshot.head(log.slot).size for log in logs])
    if not interrupted:
        assert house.publisher.publish() is not None
        return
    with pytest.MonkeyPatch.context() as failing:
        failing.setattr(house.publisher, "_lock", DeadLock(told.data / "lock.note"))
        with pytest.raises(Power):
            house.publisher.publish()


def record(house: House, tenant: Tenant, count: int, start: int) -> None:
    if count:
        kit.record(house, tenant, *map(reference_event, range(start, start + count)))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Ten epochs: logs that grow, stand still and are new; one that was never signed."""
    told = Told(tmp_path_factory.mktemp("epochs") / "data")
    house = kit.new_house(told.data)
    everything = Grant(frozenset({"ingest", "read", "admin", "witness"}), None)
    _, told.admin = create_key(house.ledger, everything, "admin", "cli")
    end_epoch(house, told)
    acme = kit.new_tenant(house)
    for number, count in enumerate(SIZES):
        record(house, acme, count, sum(SIZES[:number]))
        if number in {1, 4}:
            record(house, kit.new_tenant(house, f"other-{number}"), 3, 0)
        if number == 5:
            kit.new_tenant(house, "empty")
        end_epoch(house, told, interrupted=number == 3)
    with house.ledger.drivers.store.read() as snapshot:
        for log in house.ledger.logs.every(snapshot):
            size = snapshot.head(log.slot).size
            told.leaves.append([it.leaf or b"" for it in snapshot.entries(log.slot, 0, size)])
            told.origins.append(house.ledger.logs.origin(log))
            told.hexes.append(log.hex)
        size = snapshot.head(SUPER_SLOT).size
        entries = snapshot.entries(SUPER_SLOT, 0, size)
        told.records = [(entry.leaf or b"").decode() for entry in entries]
    house.close()
    return told


@pytest.fixture(scope="module")
def server(told: Told) -> Iterator[Server]:
    with running_server(data=told.data, admin_key=told.admin) as running:
        yield running


def changes_of(told: Told, epoch: int) -> list[dict[str, Any]]:
    """What an epoch changed, from the sizes alone."""
    sizes = told.epochs[epoch]
    before = told.epochs[epoch - 1] if epoch else []
    changes: list[dict[str, Any]] = []
    for slot, size in enumerate(sizes):
        old = before[slot] if slot < len(before) else 0
        if slot < len(before) and size == old:
            continue
        grown = proof(old, told.leaves[slot][:size]) if 0 < old < size else []
        changes.append(
            {
                "slot": slot,
                "origin": told.origins[slot],
                "size": size,
                "root": b64encode(told.root(slot, size)).decode(),
                "old_size": old,
                "proof": [b64encode(one).decode() for one in grown],
            }
        )
    return changes


def test_the_sizes_that_were_noted_are_those_of_the_epochs(told: Told) -> None:
    """The oracle against the records: what is compared below is what was really signed."""
    for epoch, sizes in enumerate(told.epochs):
        record = told.records[told.index(epoch)].split("\n")
        heads = [told.head(slot, size) for slot, size in enumerate(sizes)]
        assert (record[1], record[3]) == (str(epoch), str(len(sizes)))
        assert b64decode(record[4]) == mth(heads)


@pytest.mark.parametrize("epoch", range(len(SIZES) + 1))
def test_the_changes_of_an_epoch_are_those_of_the_entries(
    server: Server, told: Told, epoch: int
) -> None:
    answer = server.ask("GET", f"/v1/epochs/{epoch}/changes")

    assert answer.json == {
        "epoch": epoch,
        "record_index": told.index(epoch),
        "slots": len(told.epochs[epoch]),
        "changes": changes_of(told, epoch),
    }


@pytest.mark.parametrize("epoch", [3, 0, 7, 4, 5, 6, 2, 1])
def test_an_epoch_says_of_a_log_what_its_entries_say(
    server: Server, told: Told, epoch: int
) -> None:
    """Asked for in any order: the tree is moved forwards and back."""
    sizes = told.epochs[epoch]
    heads = [told.head(slot, size) for slot, size in enumerate(sizes)]
    for slot, size in enumerate(sizes):
        for old in sorted({0, 1, size // 2, size - 1, size} & set(range(size + 1))):
            path_ = f"/v1/logs/{told.hexes[slot]}/epochs/{epoch}?from={old}"
            grown = proof(old, told.leaves[slot][:size]) if 0 < old < size else []
            assert server.ask("GET", path_).json == {
                "epoch": epoch,
                "record_index": told.index(epoch),
                "slots": len(sizes),
                "origin": told.origins[slot],
                "size": size,
                "root": b64encode(told.root(slot, size)).decode(),
                "slots_proof": [b64encode(one).decode() for one in path(slot, heads)],
                "consistency": [b64encode(one).decode() for one in grown],
            }


def test_without_a_size_there_is_no_consistency_and_from_a_larger_one_there_can_be_none(
    server: Server, told: Told
) -> None:
    size = told.epochs[2][1]
    for query in ("", f"?from={size + 1}", f"?from={2**62}"):
        answer = server.ask("GET", f"/v1/logs/{told.hexes[1]}/epochs/2{query}")
        assert answer.status == 200
        assert answer.json["size"] == size
        assert "consistency" not in answer.json


def test_the_latest_epoch_is_the_published_one(server: Server, told: Told) -> None:
    answer = server.ask("GET", f"/v1/logs/{told.hexes[1]}/epochs/latest").json
    size = int(server.ask("GET", "/v1/super/checkpoint").body.split(b"\n")[1])

    assert len(told.epochs) <= answer["epoch"] + 1
    assert answer["record_index"] < size
    assert answer["size"] == sum(SIZES)
    told_again = server.ask("GET", f"/v1/epochs/{answer['epoch']}/changes").json
    assert told_again["record_index"] == answer["record_index"]


@pytest.mark.parametrize(
    "name", ["99999", "-1", "00", "x", "1.0", "latest2", "9" * 30, "%D9%A1", "1e3"]
)
def test_an_unknown_epoch_is_404(server: Server, told: Told, name: str) -> None:
    for where in (f"/v1/epochs/{name}/changes", f"/v1/logs/{told.hexes[1]}/epochs/{name}"):
        assert code(server.ask("GET", where)) == (404, "not-found"), where


def test_a_log_that_is_newer_than_the_epoch_is_404(server: Server, told: Told) -> None:
    newest = told.hexes[-1]

    assert code(server.ask("GET", f"/v1/logs/{newest}/epochs/0")) == (404, "not-found")


@pytest.mark.parametrize("size", ["x", "-1", "01", "", "9" * 20])
def test_a_size_that_is_none_is_400(server: Server, told: Told, size: str) -> None:
    answer = server.ask("GET", f"/v1/logs/{told.hexes[1]}/epochs/1?from={size}")

    assert code(answer) == (400, "malformed")
    assert answer.json["path"] == "/from"


def test_only_a_key_for_all_logs_sees_the_changes(server: Server, told: Told) -> None:
    of_acme = server.key("acme", "ingest", "read", "admin")
    wanted = {"tenants": "*", "scopes": ["ingest", "read", "admin"]}
    no_witness = server.ask("POST", "/v1/keys", wanted).json["key"]
    witness = server.ask("POST", "/v1/keys", {"tenants": "*", "scopes": ["witness"]}).json["key"]

    for key, status in ((of_acme, 403), (no_witness, 403), ("", 401), (witness, 200)):
        assert server.ask("GET", "/v1/epochs/1/changes", key=key).status == status
    for where in ("/v1/events?tenant=acme", f"/v1/logs/{told.hexes[1]}/epochs/1", "/v1/keys"):
        assert server.ask("GET", where, key=witness).status == 403
    refused = server.ask("POST", "/v1/keys", {"tenants": ["acme"], "scopes": ["witness"]})
    assert (code(refused), refused.json["path"]) == ((400, "malformed"), "/scopes")


def test_a_log_out_of_reach_is_answered_like_one_that_does_not_exist(
    server: Server, told: Told
) -> None:
    key = server.key("acme", "read")
    assert server.ask("GET", f"/v1/logs/{told.hexes[1]}/epochs/1", key=key).status == 200

    theirs = server.ask("GET", f"/v1/logs/{told.hexes[4]}/epochs/2", key=key)
    nobodys = server.ask("GET", f"/v1/logs/{'0' * 32}/epochs/2", key=key)

    assert code(theirs) == code(nobodys) == (403, "forbidden")
    assert theirs.json["detail"] == nobodys.json["detail"]


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code
