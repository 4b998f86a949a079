import json

import pytest

from kit.plain_receipt import POLICY, SUPER, WITNESSES, Signer, plain_pins
from tallystick.errors import MalformedError
from tallystick.verify.pins import Pins

VKEY = Signer(SUPER).vkey
OTHER = Signer(f"{SUPER}/2").vkey


def test_pins_are_read() -> None:
    pins = Pins.parse(plain_pins(origins=["a", "b"], policy=POLICY, auditors=["w1"], max_age_s=600))

    assert [key.vkey() for key in pins.keys] == [VKEY]
    assert pins.origins == {"a", "b"}
    assert pins.policy is not None
    assert pins.policy.quorum == "enough"
    assert pins.auditors == {"w1"}
    assert pins.max_age_s == 600


def test_one_key_alone_is_pinned() -> None:
    assert Pins.of_key(VKEY) == Pins.parse(plain_pins())


def test_a_key_signs_for_no_log_but_the_one_that_it_is_named_after() -> None:
    pins = Pins.of_key(VKEY)

    assert [key.vkey() for key in pins.keys_of(SUPER)] == [VKEY]
    assert pins.keys_of("other.example/super") == []


def test_a_key_that_is_pinned_twice_counts_once() -> None:
    pins = Pins.parse(json.dumps({"super": [VKEY, VKEY]}).encode())

    assert len(pins.keys_of(SUPER)) == 1


def test_a_frozen_key_speaks_up_to_its_size_and_for_nothing_newer() -> None:
    pins = Pins.parse(json.dumps({"super": [{"vkey": VKEY, "max_size": 9}, OTHER]}).encode())

    assert [key.vkey() for key in pins.keys_of(SUPER, 9)] == [VKEY]
    assert pins.keys_of(SUPER, 10) == []
    assert pins.keys_of(SUPER) == []
    assert [key.vkey() for key in pins.keys_of(f"{SUPER}/2")] == [OTHER]


def test_a_root_signs_no_log() -> None:
    root = Signer("audit.example/eu/root").vkey
    pins = Pins.parse(plain_pins(root=root))

    assert pins.root is not None
    assert pins.root.vkey() == root
    assert root not in [key.vkey() for key in pins.keys]


@pytest.mark.parametrize(
    ("pins", "why"),
    [
        pytest.param([], "want an object", id="a list"),
        pytest.param({}, "super, want a list of keys", id="no key"),
        pytest.param({"super": []}, "super, want a list of keys", id="an empty list of keys"),
        pytest.param({"super": VKEY}, "super, want a list of keys", id="a key without list"),
        pytest.param({"super": [1]}, "super, want a list of keys", id="a number as key"),
        pytest.param({"super": ["x+1+AA=="]}, "algorithm 0", id="no vkey"),
        pytest.param(
            {"super": [WITNESSES[0].vkey]}, "algorithm 0x04, want 0x01", id="a witness's key"
        ),
        pytest.param({"super": [VKEY], "polcy": ""}, "unknown member 'polcy'", id="misspelled"),
        pytest.param({"super": [VKEY], "origins": []}, "origins, want a list", id="no origin"),
        pytest.param({"super": [VKEY], "policy": 1}, "policy, want the text", id="policy"),
        pytest.param({"super": [VKEY], "policy": ""}, "no quorum line", id="empty policy"),
        pytest.param(
            {"super": [VKEY], "policy": POLICY, "auditors": []}, "auditors, want", id="no auditor"
        ),
        pytest.param(
            {"super": [VKEY], "policy": POLICY, "auditors": ["w1", "enough"]},
            "auditor 'enough', want a witness",
            id="a group as auditor",
        ),
        pytest.param(
            {"super": [VKEY], "auditors": ["w1"]}, "auditor 'w1', want", id="an auditor alone"
        ),
        pytest.param({"super": [{"vkey": VKEY, "max_size": 9}]}, "no key", id="a frozen key alone"),
        pytest.param(
            {"super": [VKEY, {"vkey": VKEY, "max_size": 9}]}, "with and without", id="half frozen"
        ),
        pytest.param(
            {"super": [VKEY, {"vkey": OTHER, "max_size": 9}, {"vkey": OTHER, "max_size": 8}]},
            "frozen twice",
            id="two sizes",
        ),
        pytest.param(
            {"super": [VKEY, {"vkey": OTHER, "max_size": 0}]}, "max_size", id="frozen at nothing"
        ),
        pytest.param(
            {"super": [VKEY, {"vkey": OTHER, "max_size": True}]}, "max_size", id="frozen at true"
        ),
        pytest.param({"super": [VKEY, {"vkey": OTHER}]}, "max_size", id="an object without size"),
        pytest.param(
            {"super": [VKEY, {"vkey": OTHER, "max_size": 9, "min_size": 1}]},
            "max_size",
            id="a bound that is not known",
        ),
        pytest.param({"super": [VKEY], "root": VKEY}, "want <deployment>/root", id="no root key"),
        pytest.param({"super": [VKEY], "root": [VKEY]}, "root, want a vkey", id="a list of roots"),
        pytest.param(
            {"super": [VKEY], "root": WITNESSES[0].vkey}, "root", id="a witness's key as root"
        ),
        pytest.param({"super": [VKEY], "max_age_s": 0}, "above 0", id="age of nothing"),
        pytest.param({"super": [VKEY], "max_age_s": True}, "above 0", id="age that is true"),
        pytest.param({"super": [VKEY], "max_age_s": 1.5}, "above 0", id="half a second"),
    ],
)
def test_refuses(pins: object, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Pins.parse(json.dumps(pins).encode())


def test_refuses_a_member_that_stands_twice() -> None:
    with pytest.raises(MalformedError, match="pins: two members 'super'"):
        Pins.parse(b'{"super":[],"super":[]}')


def test_refuses_pins_without_any_key() -> None:
    with pytest.raises(MalformedError, match="no key, want at least one"):
        Pins(())
