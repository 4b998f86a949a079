"""The key file beyond its port: who may read it, and how keys come and go."""

import json
import stat
import traceback
from pathlib import Path

import pytest

from kit.clocks import SteppingClock
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import (
    ConflictError,
    MalformedError,
    NotFoundError,
    VerificationError,
)

KEY = b"k" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file lies."""
    return tmp_path / "keys.json"


@pytest.fixture
def keys(path: Path) -> KeyFile:
    """A new key file."""
    return KeyFile.create(path, SystemEntropy(), SteppingClock())


def test_only_its_owner_can_read_it(keys: KeyFile, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    keys.rotate(SystemEntropy(), SteppingClock())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_one_that_others_may_read_is_refused_and_says_what_to_do(
    keys: KeyFile, path: Path, mode: int
) -> None:
    path.chmod(mode)

    with pytest.raises(MalformedError, match=rf"mode {mode:o}, want 600; run chmod 600"):
        KeyFile(path)


def test_a_missing_one_is_not_made_by_opening_it(path: Path) -> None:
    with pytest.raises(NotFoundError, match="missing"):
        KeyFile(path)

    assert not path.exists()


def test_creating_never_writes_over_another(keys: KeyFile, path: Path) -> None:
    before = path.read_bytes()

    with pytest.raises(ConflictError, match="exists"):
        KeyFile.create(path, SystemEntropy(), SteppingClock())

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_opened_again_it_has_the_same_keys(keys: KeyFile, path: Path) -> None:
    again = KeyFile(path)

    assert again.public_key == keys.public_key
    assert again.unwrap(keys.wrap(KEY, b"c"), b"c") == KEY


def test_two_files_have_different_keys(tmp_path: Path) -> None:
    files = [KeyFile.create(tmp_path / name, SystemEntropy(), SteppingClock()) for name in "ab"]

    assert files[0].public_key != files[1].public_key
    with pytest.raises(VerificationError):
        files[1].unwrap(files[0].wrap(KEY, b"c"), b"c")


def test_after_a_rotation_old_wrappings_open_but_are_not_current(keys: KeyFile) -> None:
    old = keys.wrap(KEY, b"c")

    keys.rotate(SystemEntropy(), SteppingClock())

    assert keys.unwrap(old, b"c") == KEY
    assert not keys.is_current(old)
    assert keys.is_current(keys.wrap(KEY, b"c"))


def test_after_destruction_only_the_current_key_opens(keys: KeyFile, path: Path) -> None:
    signer, old = keys.public_key, keys.wrap(KEY, b"c")
    destroyed = json.loads(path.read_bytes())["keys"][0]["key"].encode()
    keys.rotate(SystemEntropy(), SteppingClock())
    new = keys.wrap(KEY, b"c")

    keys.destroy_old()

    for each in (keys, KeyFile(path)):
        assert each.unwrap(new, b"c") == KEY
        assert each.public_key == signer
        with pytest.raises(VerificationError, match="epoch key 1, which is destroyed"):
            each.unwrap(old, b"c")
    assert not any(destroyed in file.read_bytes() for file in path.parent.iterdir())


def test_the_old_files_bytes_are_wiped_not_only_unlinked(keys: KeyFile, path: Path) -> None:
    with path.open("rb") as old:
        keys.rotate(SystemEntropy(), SteppingClock())
        keys.destroy_old()

        assert set(old.read()) == {0}


def test_an_id_is_never_given_twice(keys: KeyFile) -> None:
    first = keys.wrap(KEY, b"c")
    ids = {first[:4]}
    for _ in range(3):
        keys.rotate(SystemEntropy(), SteppingClock())
        keys.destroy_old()
        ids.add(keys.wrap(KEY, b"c")[:4])

    assert len(ids) == 4


def test_another_process_that_rotated_is_noticed(keys: KeyFile, path: Path) -> None:
    other = KeyFile(path)
    other.rotate(SystemEntropy(), SteppingClock())
    other.destroy_old()

    wrapped = keys.wrap(KEY, b"c")

    assert other.is_current(wrapped)
    assert other.unwrap(wrapped, b"c") == KEY


def test_the_epochs_age_is_counted_in_microseconds(path: Path) -> None:
    clock = SteppingClock()
    keys = KeyFile.create(path, SystemEntropy(), clock)

    clock.time += 5_000_000
    assert keys.epoch_age(clock) == 5_000_000

    keys.rotate(SystemEntropy(), clock)
    assert keys.epoch_age(clock) == 0


def test_the_same_key_in_two_contexts_is_wrapped_under_two_nonces(keys: KeyFile) -> None:
    wrapped = [keys.wrap(KEY, context) for context in (b"a", b"b")]
    wrapped.append(keys.wrap(b"j" * 32, b"a"))

    assert len({each[4:16] for each in wrapped}) == 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"version": 2}, "version", id="another version"),
        pytest.param({"keys": []}, "keys", id="no keys"),
        pytest.param({"signing_seed": "c2hvcnQ="}, "signing_seed", id="short seed"),
        pytest.param({"comment": ""}, "comment", id="unknown field"),
    ],
)
def test_a_file_of_another_form_is_refused(
    keys: KeyFile, path: Path, change: dict[str, object], why: str
) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))

    with pytest.raises(MalformedError, match=why):
        KeyFile(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff"])
def test_a_file_that_is_no_json_object_is_refused(keys: KeyFile, path: Path, text: str) -> None:
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(MalformedError, match=r"key file keys\.json"):
        KeyFile(path)


def test_ids_that_do_not_ascend_are_refused(keys: KeyFile, path: Path) -> None:
    stored = json.loads(path.read_bytes())
    stored["keys"] *= 2
    path.write_text(json.dumps(stored))

    with pytest.raises(MalformedError, match=r"ids \[1, 1\]"):
        KeyFile(path)


def test_no_secret_shows_in_a_repr_or_an_error(keys: KeyFile, path: Path) -> None:
    stored = json.loads(path.read_bytes())
    secrets = [stored["keys"][0]["key"], stored["signing_seed"]]
    shown = [repr(keys), repr(vars(keys))]
    path.write_text(json.dumps(stored | {"keys": stored["keys"] * 2}))
    with pytest.raises(MalformedError) as caught:
        KeyFile(path)
    shown += traceback.format_exception(caught.value)

    assert [secret for secret in secrets if any(secret in text for text in shown)] == []


def test_the_next_key_is_drawn_once_and_signs_nothing_yet(keys: KeyFile) -> None:
    first = keys.public_key

    drawn = keys.draw_next(SystemEntropy())

    assert keys.draw_next(SystemEntropy()) == drawn
    assert keys.next_public_key == drawn != first
    assert keys.public_key == first


def test_the_next_key_is_adopted_and_the_old_seed_gone(keys: KeyFile, path: Path) -> None:
    old = json.loads(path.read_text())["signing_seed"]
    drawn = keys.draw_next(SystemEntropy())
    waiting = json.loads(path.read_text())["next_seed"]

    keys.adopt(drawn)
    keys.adopt(drawn)

    assert (keys.public_key, keys.next_public_key) == (drawn, None)
    assert json.loads(path.read_text())["signing_seed"] == waiting
    assert old not in path.read_text()


def test_a_key_that_was_not_drawn_is_not_adopted(keys: KeyFile) -> None:
    first, drawn = keys.public_key, keys.draw_next(SystemEntropy())

    with pytest.raises(NotFoundError, match="next key is not"):
        keys.adopt(bytes(32))

    assert (keys.public_key, keys.next_public_key) == (first, drawn)


def test_another_process_signs_with_the_key_that_was_adopted(keys: KeyFile, path: Path) -> None:
    other = KeyFile(path)

    keys.adopt(keys.draw_next(SystemEntropy()))

    assert other.public_key == keys.public_key
    assert other.sign(b"note") == keys.sign(b"note")


def test_a_new_epoch_key_leaves_the_waiting_signing_key_alone(keys: KeyFile) -> None:
    drawn = keys.draw_next(SystemEntropy())

    keys.rotate(SystemEntropy(), SteppingClock())
    keys.destroy_old()

    assert keys.next_public_key == drawn
