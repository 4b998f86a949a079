"""The published vectors are what the plain code makes, and our code agrees with them."""

import json
import re
from base64 import b64decode
from typing import Any

import pytest

from kit.spec_vectors import FOLDER, vectors
from tallystick.errors import MalformedError
from tallystick.events.commitment import commit, derive_salt
from tallystick.events.event import MAX_EVENT
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import MAX_NOTE_BYTES
from tallystick.tlog.proof import verify_inclusion
from tallystick.verify.entry import MAX_ENTRY
from tallystick.verify.pins import Pins
from tallystick.verify.receipt import MAX_RECEIPT
from tallystick.verify.records import EpochRecord, head_body, slot_of
from tallystick.verify.strict_json import MAX_DEPTH
from tallystick.verify.verification import verify_receipt

MADE = vectors()


def published(name: str) -> Any:  # noqa: ANN401 - JSON of many shapes
    return json.loads(MADE[name])


@pytest.mark.parametrize("name", MADE)
def test_a_published_file_is_what_the_plain_code_makes(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == MADE[name]


def test_no_file_is_published_beside_those() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(MADE)


@pytest.mark.parametrize("vector", published("commitments.json"))
def test_a_salt_and_a_commitment_are_the_published_ones(vector: dict[str, str]) -> None:
    event_id = bytes.fromhex(vector["event_id"])
    salt = derive_salt(bytes.fromhex(vector["key"]), vector["origin"], event_id, vector["path"])

    assert salt.hex() == vector["salt"]
    commitment = commit(salt, vector["path"], vector["value"].encode())
    assert commitment == b64decode(vector["commitment"])


@pytest.mark.parametrize("vector", published("entries.json"))
def test_a_leaf_hash_is_the_published_one(vector: dict[str, str]) -> None:
    assert leaf_hash(vector["entry"].encode()) == b64decode(vector["leaf_hash"])


@pytest.mark.parametrize("vector", published("records.json")["epoch_records"])
def test_an_epoch_record_is_read_and_written_back(vector: dict[str, str]) -> None:
    assert EpochRecord.parse(vector["text"]).format() == vector["text"]
    assert leaf_hash(vector["text"].encode()) == b64decode(vector["leaf_hash"])


@pytest.mark.parametrize("vector", published("records.json")["heads"])
def test_a_head_stands_at_its_slot(vector: dict[str, Any]) -> None:
    records = published("records.json")
    _, size, root, _ = vector["body"].split("\n")
    body = head_body(vector["origin"], int(size), b64decode(root))

    assert body.decode() == vector["body"]
    assert slot_of(vector["origin"]) == vector["slot"]
    proof = [b64decode(node) for node in vector["proof"]]
    slots = len(records["heads"])
    verify_inclusion(
        leaf_hash(body), vector["slot"], slots, proof, b64decode(records["epoch_root"])
    )


@pytest.mark.parametrize("vector", published("receipts.json"), ids=lambda it: it["name"])
def test_a_receipt_gets_the_published_verdict(vector: dict[str, Any]) -> None:
    pins = None if vector["pins"] is None else Pins.parse(json.dumps(vector["pins"]).encode())
    receipt = b64decode(vector["receipt_base64"])
    try:
        verdict = str(verify_receipt(receipt, pins, vector["now_s"]).verdict)
    except MalformedError:
        verdict = "unreadable"

    assert verdict == vector["verdict"]


def test_the_example_of_a_receipt_is_the_first_vector() -> None:
    page = (FOLDER.parent / "receipt-v1.md").read_text("utf-8")
    example = page.split("```")[1].replace("\\n", "\n")
    receipt = b64decode(published("receipts.json")[0]["receipt_base64"]).decode()
    receipt = receipt.replace("\\n", "\n")
    cut = re.findall(r"([A-Za-z0-9+/]{8,})…", example)

    assert len(cut) == 12
    assert [start for start in cut if start not in receipt] == []


def test_the_example_of_an_entry_is_a_vector() -> None:
    page = (FOLDER.parent / "entry-v1.md").read_text("utf-8")
    shown = json.loads(page.split("```json")[1].split("```")[0])
    entry = json.loads(published("entries.json")[3]["entry"])

    assert shown.pop("sealed") == {
        path: entry["sealed"].pop(path) for path in ("/actor/id", "/actor/name")
    }
    assert shown == {name: entry[name] for name in entry if name != "sealed"}


@pytest.mark.parametrize(
    ("page", "limit"),
    [
        ("receipt-v1.md", MAX_RECEIPT),
        ("receipt-v1.md", MAX_ENTRY),
        ("receipt-v1.md", MAX_NOTE_BYTES),
        ("receipt-v1.md", MAX_DEPTH),
        ("entry-v1.md", MAX_ENTRY),
        ("event-v1.md", MAX_EVENT),
    ],
)
def test_a_limit_stands_in_its_page(page: str, limit: int) -> None:
    limits = (FOLDER.parent / page).read_text("utf-8")

    assert f"{limit:,}" in limits
