"""Laws of receipts: one spelling, and no change that is still called intact."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.plain_receipt import (
    EPOCH_TIME,
    POLICY,
    WITNESSES,
    Deployment,
    Json,
    plain_pins,
    written,
)
from tallystick.errors import MalformedError
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.receipt import Receipt
from tallystick.verify.verification import verify_receipt

PINS = Pins.parse(plain_pins(policy=POLICY, max_age_s=60))
GOOD = written(Deployment(cosigners=WITNESSES[:2]).receipt())


def verdict_on(data: bytes) -> str:
    try:
        return str(verify_receipt(data, PINS, EPOCH_TIME).verdict)
    except MalformedError:
        return "unreadable"


def said(data: bytes) -> Json:
    """What a receipt says about the event: all but its proofs."""
    members = json.loads(data)
    return {name: members[name] for name in ("origin", "index", "entry", "disclosure")}


def test_the_receipt_that_the_laws_start_from_is_intact() -> None:
    assert verdict_on(GOOD) == "intact"


@pytest.mark.parametrize("bit", [0, 1, 5])
def test_a_flipped_bit_anywhere_is_never_intact(bit: int) -> None:
    intact = []
    for at in range(len(GOOD)):
        data = bytearray(GOOD)
        data[at] ^= 1 << bit
        if verdict_on(bytes(data)) == "intact":
            intact.append(at)

    assert intact == []


@settings(max_examples=600)
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_another_byte_anywhere_is_never_intact(at: int, byte: int) -> None:
    data = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]

    assert (verdict_on(data) == "intact") == (data == GOOD)


@settings(max_examples=300)
@given(
    at=st.integers(0, len(GOOD) - 1),
    gone=st.integers(0, 40),
    put=st.text(st.sampled_from('",:[]{}\\0A=n'), max_size=4),
)
def test_what_is_still_intact_after_an_edit_says_the_same(at: int, gone: int, put: str) -> None:
    data = GOOD[:at] + put.encode() + GOOD[at + gone :]

    assert verdict_on(data) != "intact" or said(data) == said(GOOD)


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_else_is_unreadable(data: bytes) -> None:
    assert verdict_on(data) == "unreadable"


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_every_entry_of_every_log_can_be_proven_and_in_no_other_place(
    data: st.DataObject,
) -> None:
    slots = data.draw(st.integers(1, 9))
    slot = data.draw(st.integers(0, slots - 1))
    size = data.draw(st.integers(1, 9))
    index = data.draw(st.integers(0, size - 1))
    deployment = Deployment(slot=slot, slots=slots, size=size, index=index)
    members = deployment.receipt()
    pins = Pins.parse(plain_pins())

    assert verify_receipt(written(members), pins).verdict is Verdict.INTACT
    for other in set(range(slots)) - {slot}:
        moved = deployment.receipt(proven_slot=other)
        assert verify_receipt(written(moved), pins).verdict is Verdict.TAMPERED
    for other in set(range(size)) - {index}:
        moved = {**members, "index": other}
        assert verify_receipt(written(moved), pins).verdict is Verdict.TAMPERED


@given(kept=st.sets(st.sampled_from(sorted(Deployment().disclosure))))
def test_any_part_of_the_disclosure_may_be_withheld(kept: set[str]) -> None:
    members = Deployment(cosigners=WITNESSES[:2]).receipt()
    gone = set(members["disclosure"]) - kept
    members["disclosure"] = {path: members["disclosure"][path] for path in kept}

    report = verify_receipt(written(members), PINS, EPOCH_TIME)

    assert report.verdict is Verdict.INTACT
    assert set(report.withheld) == gone


@given(path=st.text(max_size=8).map("/".__add__), value=st.text(max_size=8))
def test_whatever_parses_is_written_back_byte_for_byte(path: str, value: str) -> None:
    members = Deployment().receipt()
    members["disclosure"] = {path: ["AAAAAAAAAAAAAAAAAAAAAA==", value]}
    data = written(members)
    try:
        receipt = Receipt.parse(data)
    except MalformedError:
        return

    assert receipt.format() == data
    assert receipt.disclosure == {path: (bytes(16), value)}
