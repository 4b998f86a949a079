"""A store that went back, with its lock file: the witnesses remember, and nothing is signed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit import house as kit
from kit.events import reference_event
from kit.fake_witness import FakeWitness, answer, policy_text, witness_at_work
from tallystick.errors import PushbackError, VerificationError
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.ledger.published import latest
from tallystick.settings import Settings
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import Note, sign_note
from tallystick.wiring import House, open_house

SUPER = "audit.example/super"


@pytest.fixture
def one() -> Iterator[FakeWitness]:
    with witness_at_work("one.example/witness-one") as witness:
        yield witness


@pytest.fixture
def policy(tmp_path: Path, one: FakeWitness) -> Path:
    path = tmp_path / "policy"
    path.write_text(policy_text(one, quorum="any"))
    return path


@pytest.fixture
def opened(policy: Path) -> Iterator[Callable[[Path], House]]:
    """Opens houses with the policy, and closes them."""
    with ExitStack() as stack:

        def open_(data: Path) -> House:
            settings = Settings(data=data, deployment="audit.example", witness_policy=str(policy))
            house = open_house(settings, create=True)
            stack.callback(house.close)
            return house

        yield open_


@pytest.fixture
def yesterday(tmp_path: Path, opened: Callable[[Path], House]) -> Path:
    """A copy of everything, lock file and keys too, from before the witness saw more."""
    house = opened(tmp_path / "today")
    kit.new_tenant(house)
    publish(house, 0)
    house.close()
    copy = tmp_path / "yesterday"
    shutil.copytree(tmp_path / "today", copy)
    house = opened(tmp_path / "today")
    for number in (1, 2):
        publish(house, number)
    house.close()
    return copy


def publish(house: House, number: int) -> None:
    kit.record(house, kit.tenant_of(house, "acme"), reference_event(number))
    assert house.publisher.publish() is not None


def records(house: House) -> int:
    with house.ledger.drivers.store.read() as snapshot:
        return snapshot.head(SUPER_SLOT).size


def test_a_store_that_went_back_with_its_lock_is_opened_for_reading_only(
    yesterday: Path, opened: Callable[[Path], House]
) -> None:
    house = opened(yesterday)
    assert house.ledger.read_only is None  # nothing at home knows better

    assert house.ask_witnesses() == {}

    before = records(house)
    assert house.ledger.read_only is not None
    assert "witness witness-one: the store was rolled back" in house.ledger.read_only
    assert f"{before} records, but {before + 2} were signed" in house.ledger.read_only
    with pytest.raises(PushbackError, match="read-only: witness witness-one"):
        kit.record(house, kit.tenant_of(house, "acme"), reference_event(9))
    with pytest.raises(VerificationError, match="rolled back"):
        house.publisher.publish()
    assert records(house) == before


def test_what_a_witness_told_once_is_known_when_it_is_silent(
    yesterday: Path, opened: Callable[[Path], House], one: FakeWitness
) -> None:
    opened(yesterday).ask_witnesses()
    one.seen.clear()

    again = opened(yesterday)

    assert again.ledger.read_only is not None
    assert "rolled back" in again.ledger.read_only
    assert "seen by one.example/witness-one" in again.ledger.read_only


def test_a_publisher_that_asked_nobody_at_its_start_learns_it_from_its_first_question(
    yesterday: Path, opened: Callable[[Path], House]
) -> None:
    house = opened(yesterday)
    kit.record(house, kit.tenant_of(house, "acme"), reference_event(9))
    with house.ledger.drivers.store.read() as snapshot:
        known = snapshot.head(SUPER_SLOT).size

    with pytest.raises(VerificationError, match="witness witness-one: the store was rolled back"):
        house.publisher.publish()

    with house.ledger.drivers.store.read() as snapshot:
        last = latest(snapshot)
    assert last is not None
    assert last.size == known
    house.look_again()
    assert "rolled back" in (house.ledger.read_only or "")


def test_a_second_history_of_the_same_length_is_found(
    tmp_path: Path, opened: Callable[[Path], House], one: FakeWitness
) -> None:
    house = opened(tmp_path / "data")
    kit.new_tenant(house)
    publish(house, 0)
    size = records(house)
    other = Checkpoint(SUPER, size, sha256(b"another history").digest()).format()
    keeper = house.ledger.drivers.keeper
    note = sign_note(other, SUPER, keeper.public_key, keeper.sign).format()
    one.seen[SUPER] = (size, sha256(b"another history").digest(), note)

    house.ask_witnesses()

    assert "witness witness-one: the super-log was changed" in (house.ledger.read_only or "")


@pytest.mark.parametrize("who", ["another key", "another log", "nobody", "no note"])
def test_a_witness_that_shows_what_we_did_not_sign_cannot_stop_us(
    tmp_path: Path, opened: Callable[[Path], House], one: FakeWitness, who: str
) -> None:
    house = opened(tmp_path / "data")
    kit.new_tenant(house)
    publish(house, 0)
    size, root = records(house) + 7, sha256(b"a tale").digest()
    keeper = house.ledger.drivers.keeper
    thief = Ed25519PrivateKey.generate()
    if who == "another key":
        body = Checkpoint(SUPER, size, root).format()
        note = sign_note(body, SUPER, thief.public_key().public_bytes_raw(), thief.sign).format()
    elif who == "another log":
        body = Checkpoint("else.example/super", size, root).format()
        note = sign_note(body, SUPER, keeper.public_key, keeper.sign).format()
    elif who == "nobody":
        body = Checkpoint(SUPER, size, root).format()
        note = f"{body}\n{one.line(body, 1_800_000_000)}"
    else:
        note = "hello\n"
    one.seen[SUPER] = (size, root, note)

    warnings = house.ask_witnesses()

    assert house.ledger.read_only is None
    assert "did not sign" in warnings["witness-one"]
    publish(house, 1)
    assert house.ledger.read_only is None


def test_a_witness_that_is_behind_or_new_is_no_reason_to_worry(
    tmp_path: Path, opened: Callable[[Path], House], one: FakeWitness
) -> None:
    house = opened(tmp_path / "data")
    kit.new_tenant(house)
    assert house.ask_witnesses() == {"witness-one": "has no checkpoint of ours yet"}
    publish(house, 0)
    behind = dict(one.seen)
    publish(house, 1)
    one.seen.update(behind)

    assert house.ask_witnesses() == {}
    assert house.ledger.read_only is None


def test_a_witness_that_cannot_be_reached_is_a_warning(
    yesterday: Path, opened: Callable[[Path], House], policy: Path, one: FakeWitness
) -> None:
    policy.write_text(policy.read_text().replace(one.url, "http://127.0.0.1:9"))
    house = opened(yesterday)

    (warning,) = house.ask_witnesses().values()

    assert warning.startswith("unreachable")
    assert house.ledger.read_only is None


def test_the_lock_file_must_be_signed_by_this_deployment(
    tmp_path: Path, opened: Callable[[Path], House]
) -> None:
    data = tmp_path / "data"
    house = opened(data)
    kit.new_tenant(house)
    publish(house, 0)
    house.close()
    lock = data / "lock.note"
    held = lock.read_text()
    thief = Ed25519PrivateKey.generate()
    text = Note.parse(held).text
    forged = sign_note(text, SUPER, thief.public_key().public_bytes_raw(), thief.sign).format()
    flipped = held.replace("\n\n", "\n\n", 1)
    for changed in (forged, flipped[:-6] + ("A" if flipped[-6] != "A" else "B") + flipped[-5:]):
        lock.write_text(changed)
        assert "no super-checkpoint of ours" in (opened(data).ledger.read_only or "")
    lock.write_text(held)
    assert opened(data).ledger.read_only is None


def test_a_liar_with_a_larger_size_is_asked_to_show_it(
    tmp_path: Path, opened: Callable[[Path], House], one: FakeWitness
) -> None:
    """A number proves nothing: only a checkpoint that we signed does."""
    house = opened(tmp_path / "data")
    kit.new_tenant(house)
    publish(house, 0)

    def lie(handler: object, _body: bytes) -> bool:
        answer(handler, 409, "text/x.tlog.size", "999\n")  # type: ignore[arg-type]
        return True

    one.lie = lie
    publish(house, 1)

    assert house.ledger.read_only is None
