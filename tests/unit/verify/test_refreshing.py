"""Pins that follow statements; what must stand in them is written down by hand."""

import json

import pytest

from kit.plain_receipt import POLICY, SUPER, Signer, b64, plain_pins
from kit.plain_statement import ROOT_KEY, Plain, online
from tallystick.errors import MalformedError, VerificationError
from tallystick.verify.refreshing import refresh

OLD, NEW = online(1).vkey, online(2).vkey
PINS = plain_pins(root=ROOT_KEY.vkey, policy=POLICY, max_age_s=600)
FROZEN = f"9 {b64(bytes(32))}"


def test_a_rotation_adds_the_new_key_and_keeps_the_rest() -> None:
    data, followed = refresh(PINS, [Plain(2).note()])

    assert json.loads(data) == {
        "super": [OLD, NEW],
        "root": ROOT_KEY.vkey,
        "policy": POLICY,
        "max_age_s": 600,
    }
    assert [statement.serial for statement in followed] == [2]


def test_a_compromise_bounds_the_old_key() -> None:
    data, _ = refresh(PINS, [Plain(2, "compromise", FROZEN).note()])

    assert json.loads(data)["super"] == [{"vkey": OLD, "max_size": 9}, NEW]


def test_pins_follow_from_a_key_that_is_itself_frozen_later() -> None:
    once, _ = refresh(PINS, [Plain(2).note()])

    data, followed = refresh(once, [Plain(2).note(), Plain(3, "compromise", FROZEN).note()])

    assert json.loads(data)["super"] == [OLD, {"vkey": NEW, "max_size": 9}, online(3).vkey]
    assert [statement.serial for statement in followed] == [3]


def test_without_anything_new_the_file_stays_as_it_is() -> None:
    assert refresh(PINS, []) == (PINS, [])


def test_without_a_root_no_statement_is_believed() -> None:
    with pytest.raises(VerificationError, match="no root, want one"):
        refresh(plain_pins(), [Plain(2).note()])


def test_a_stolen_online_key_cannot_move_the_pins() -> None:
    with pytest.raises(VerificationError, match="note: signed by"):
        refresh(PINS, [Plain(2, new=Signer(f"{SUPER}/2", word="thief")).note(online(1))])


def test_a_root_of_another_deployment_has_no_key_to_begin_with() -> None:
    pins = plain_pins(root=Signer("other.example/root").vkey)

    with pytest.raises(VerificationError, match=r"no key of other\.example"):
        refresh(pins, [])


def test_two_keys_of_one_super_log_leave_no_place_to_follow_from() -> None:
    other = Signer(SUPER, word="other").vkey
    pins = json.dumps({"super": [OLD, other], "root": ROOT_KEY.vkey}).encode()

    with pytest.raises(VerificationError, match="2 keys of one super-log"):
        refresh(pins, [Plain(2).note()])


def test_pins_of_another_form_are_refused() -> None:
    with pytest.raises(MalformedError):
        refresh(b'{"super":[]}', [])
