from base64 import b64decode

import pytest

from kit.plain_receipt import Deployment, written
from tallystick.errors import MalformedError
from tallystick.tlog.tlog_proof import TlogProof
from tallystick.verify.receipt import Receipt, build
from tallystick.verify.records import EpochRecord


def test_a_receipt_is_built_from_its_parts() -> None:
    members = Deployment().receipt()
    proof = TlogProof.parse(members["epoch_proof"])

    receipt = build(
        origin=members["origin"],
        index=members["index"],
        size=members["size"],
        entry=b64decode(members["entry"]),
        values={
            path: (b64decode(salt), text.encode())
            for path, (salt, text) in members["disclosure"].items()
        },
        inclusion=[b64decode(node) for node in members["inclusion"]],
        slots_proof=[b64decode(node) for node in members["slots_proof"]],
        epoch_record=EpochRecord.parse(members["epoch_record"]),
        record_index=proof.index,
        record_proof=proof.hashes,
        checkpoint_note=proof.checkpoint_note,
    )

    assert receipt.format() == written(members)
    assert Receipt.parse(receipt.format()) == receipt


def test_member_names_are_sorted_by_utf16_code_units() -> None:
    members = Deployment().receipt()
    salt = "AAAAAAAAAAAAAAAAAAAAAA=="
    members["disclosure"] = {}
    text = b'"disclosure":{"/\xf0\x9f\x99\x82":["%b","1"],"/\xef\xac\xb3":["%b","2"]}'
    data = written(members).replace(b'"disclosure":{}', text % (salt.encode(), salt.encode()))

    assert list(Receipt.parse(data).disclosure) == ["/\U0001f642", "/\ufb33"]


def test_refuses_more_bytes_than_a_receipt_may_have() -> None:
    with pytest.raises(MalformedError, match="8,388,609 bytes, want at most 8,388,608"):
        Receipt.parse(b" " * 8_388_609)


def test_refuses_a_text_nested_too_deep_to_read() -> None:
    with pytest.raises(MalformedError, match="nested too deep"):
        Receipt.parse(b"[" * 200_000)
