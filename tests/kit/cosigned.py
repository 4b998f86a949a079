"""A deployment whose epochs are cosigned, and how a stranger looks at it."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from kit import house as kit
from kit.events import reference_event
from tallystick.access.tenants import Tenant
from tallystick.ledger.cosigning import Standing, standing
from tallystick.ledger.ports import SUPER_SLOT, Place
from tallystick.ledger.published import PUBLISHING, Published
from tallystick.ledger.receipts import Receipts
from tallystick.settings import Settings
from tallystick.tlog.note import vkey
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import House, open_house

SUPER = "audit.example/super"
DEADLINE_S = 1
ONE, TWO = "one.example/witness-one", "two.example/witness-two"


def opened(data: Path, policy: Path, say: Callable[[str], object] = lambda _line: None) -> House:
    """Open a deployment by a policy."""
    settings = Settings(data=data, witness_policy=str(policy), witness_deadline_s=DEADLINE_S)
    return open_house(settings, say=say)


def epoch(house: House, tenant: Tenant, number: int) -> Published:
    """Record an event, and make the epoch that holds it."""
    kit.record(house, tenant, reference_event(number))
    published = house.publisher.publish()
    assert published is not None
    return published


def verdict(house: House, tenant: Tenant, index: int, policy: Path | None) -> Verdict:
    """Verify a receipt as a stranger does who pins the deployment's key, and a policy."""
    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
        issued = Receipts(house.ledger).issue(snapshot, Place(slot, index))
    assert issued is not None
    pins: dict[str, object] = {"super": [vkey(SUPER, 1, house.ledger.drivers.keeper.public_key)]}
    if policy is not None:
        pins["policy"] = policy.read_text()
    return verify_receipt(issued.format(), Pins.parse(json.dumps(pins).encode())).verdict


def stand(house: House) -> Standing:
    """Say how it stands with the witnesses."""
    with house.ledger.drivers.store.read() as snapshot:
        found = standing(snapshot)
    assert found is not None
    return found


def published_notes(house: House) -> list[str]:
    """Every published note."""
    with house.ledger.drivers.store.read() as snapshot:
        return [str(row[3]) for row in snapshot.rows(PUBLISHING["checkpoints"])]


def beacons(house: House) -> list[str]:
    """What each epoch record calls the hash of the note before it."""
    with house.ledger.drivers.store.read() as snapshot:
        entries = snapshot.entries(SUPER_SLOT, 0, snapshot.head(SUPER_SLOT).size)
        texts = [(entry.leaf or b"").decode() for entry in entries]
    return [text.split("\n")[5] for text in texts if text.startswith("tallystick/epoch")]


def b64(data: bytes) -> str:
    """Write bytes as the formats of C2SP do."""
    return b64encode(data).decode()
