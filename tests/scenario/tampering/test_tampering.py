"""Whatever root changes in the files is found, and named with its log and first index.

Each row is one change to a finished deployment: 700 audit entries of tenant acme at slot 1 in two
epochs, a declared action, an erased person. The expected log and index come from the change.
"""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from kit import house as kit
from kit.root import LEVEL, SLOT, copy_of, editing, flip_in
from tallystick.access.declarations import declare
from tallystick.access.erasing import erase
from tallystick.access.keys import Grant, create_key
from tallystick.events.catalogue import parse_entry
from tallystick.settings import Settings
from tallystick.verify.fsck import Finding
from tallystick.wiring import House, open_house

ACME, DEPLOYMENT, SUPER = "t/1/", "t/0/", "/super"
ENTRIES = 700


def event(number: int) -> dict[str, object]:
    return {
        "action": "invoice.paid_early",
        "occurred_at": f"2026-11-24T10:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"person-{number % 7}", "name": f"Person {number % 7}"},
        "message": f"invoice {number} was paid",
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("template") / "data"
    house = kit.new_house(data)
    tenant = kit.new_tenant(house)
    create_key(house.ledger, Grant(frozenset({"read"}), (tenant.number,)), "auditor", "cli")
    entry = {"action": "invoice.paid_early", "title": "Paid early", "class": "financial"}
    declare(house.ledger, tenant.number, parse_entry(entry), "cli")
    kit.record(house, tenant, *(event(number) for number in range(500)))
    house.publisher.publish()
    erase(house.ledger, tenant.number, "person-6", "asked for it", "cli")
    kit.record(house, tenant, *(event(number) for number in range(500, ENTRIES)))
    house.publisher.publish()
    house.close()
    return data


@pytest.fixture
def data(template: Path, tmp_path: Path) -> Path:
    return copy_of(template, tmp_path / "data")


def reopen(data: Path) -> House:
    return open_house(Settings(data=data))


def findings(data: Path) -> list[Finding]:
    house = reopen(data)
    try:
        return kit.fsck(house)
    finally:
        house.close()


def delete_entry(index: int) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        with editing(data) as db:
            db.execute("DELETE FROM entry WHERE id = ?", (SLOT + index,))

    return change


def swap_entries(data: Path) -> None:
    with editing(data) as db:
        columns = "event_id, leaf, leaf_hash, disclosure"
        first, second = (
            db.execute(f"SELECT {columns} FROM entry WHERE id = ?", (SLOT + index,)).fetchone()
            for index in (20, 21)
        )
        db.execute("UPDATE entry SET event_id = 'parked' WHERE id = ?", (SLOT + 20,))
        for index, row in ((21, first), (20, second)):
            db.execute(
                "UPDATE entry SET event_id = ?, leaf = ?, leaf_hash = ?, disclosure = ?"
                " WHERE id = ?",
                (*row, SLOT + index),
            )


def rewrite_entry_with_its_hash(data: Path) -> None:
    with editing(data) as db:
        (leaf,) = db.execute("SELECT leaf FROM entry WHERE id = ?", (SLOT + 42,)).fetchone()
        other = leaf.replace(b'"outcome"', b'"outcomf"').replace(b"T10:", b"T11:")
        hashed = sha256(b"\x00" + other).digest()
        db.execute(
            "UPDATE entry SET leaf = ?, leaf_hash = ? WHERE id = ?", (other, hashed, SLOT + 42)
        )


def swap_subjects(data: Path) -> None:
    """Exchange the keys of two people."""
    with editing(data) as db:
        rows = db.execute(
            "SELECT ref, wrapped FROM subject WHERE tenant = 1 AND lookup IS NOT NULL LIMIT 2"
        ).fetchall()
        (first, key), (second, other) = rows
        db.execute("UPDATE subject SET wrapped = ? WHERE ref = ?", (other, first))
        db.execute("UPDATE subject SET wrapped = ? WHERE ref = ?", (key, second))


def swap_lookups(data: Path) -> None:
    """Make each of two people answer to the other's id."""
    with editing(data) as db:
        rows = db.execute(
            "SELECT ref, lookup FROM subject WHERE tenant = 1 AND lookup IS NOT NULL LIMIT 2"
        ).fetchall()
        (first, own), (second, other) = rows
        db.execute("UPDATE subject SET lookup = NULL WHERE ref = ?", (first,))
        db.execute("UPDATE subject SET lookup = ? WHERE ref = ?", (own, second))
        db.execute("UPDATE subject SET lookup = ? WHERE ref = ?", (other, first))


def delete_subject_key(data: Path) -> None:
    house = reopen(data)
    with house.ledger.drivers.store.read() as snapshot:
        subject = house.ledger.reader.subjects(1).find(snapshot, "person-3")
    house.close()
    assert subject is not None
    with editing(data) as db:
        db.execute("DELETE FROM subject WHERE ref = ?", (subject.ref,))


def truncate_tail(data: Path) -> None:
    """Cut the last ten entries, and mend head and journal as a careful thief would."""
    with editing(data) as db:
        size = db.execute("SELECT size FROM head WHERE slot = 1").fetchone()[0]
        db.execute("DELETE FROM entry WHERE id >= ? AND id < ?", (SLOT + size - 10, 2 * SLOT))
        db.execute("UPDATE head SET size = ? WHERE slot = 1", (size - 10,))
        db.execute("UPDATE journal SET stop = ? WHERE slot = 1 AND stop = ?", (size - 10, size))


def change_class(data: Path) -> None:
    with editing(data) as db:
        (entry,) = db.execute("SELECT entry FROM catalogue WHERE tenant = 1").fetchone()
        changed = json.loads(entry) | {"class": "transient"}
        db.execute(
            "UPDATE catalogue SET entry = ?",
            (json.dumps(changed, sort_keys=True, separators=(",", ":")),),
        )


def change_title(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE catalogue SET entry = replace(entry, 'Paid early', 'Paid late')")


def widen_grant(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE api_key SET scopes = 'admin:ingest:read'")


def own_key(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE api_key SET hash = ?", (bytes(32),))


def rename_tenant(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE tenant SET name = 'evil'")


def unerase_claim(data: Path) -> None:
    """Pretend that a person was erased whose key was simply deleted."""
    delete_subject_key(data)
    with editing(data) as db:
        known = {ref for (ref,) in db.execute("SELECT ref FROM erased WHERE tenant = 1")}
        assert known
        named = db.execute("SELECT ref FROM erased LIMIT 1").fetchone()[0]
        db.execute("UPDATE erased SET ref = ? WHERE ref = ?", (bytes(16), named))


def flip_leaf(data: Path) -> None:
    flip_in(data, "entry", "leaf", f"id = {SLOT + 123}", 40)


def flip_hash(data: Path) -> None:
    flip_in(data, "entry", "leaf_hash", f"id = {SLOT + 300}", 7)


def flip_hash_of_pruned(data: Path) -> None:
    """Change the hash of an entry whose bytes are gone: nothing in its row contradicts it."""
    flip_in(data, "entry", "leaf_hash", f"id = {SLOT + 300}", 2)
    with editing(data) as db:
        db.execute("UPDATE entry SET leaf = NULL WHERE id = ?", (SLOT + 300,))


def shorten_hash(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE entry SET leaf_hash = 'short' WHERE id = ?", (SLOT + 123,))


def flip_disclosure(data: Path) -> None:
    flip_in(data, "entry", "disclosure", f"id = {SLOT + 124}")


def flip_tile(data: Path) -> None:
    flip_in(data, "tile", "checksums", f"id = {SLOT + 1}", 5 * 4)


def flip_tile_root(data: Path) -> None:
    flip_in(data, "tile", "root", f"id = {SLOT}")


def delete_tile(data: Path) -> None:
    with editing(data) as db:
        db.execute("DELETE FROM tile WHERE id = ?", (SLOT + 1,))


def invent_tile(data: Path) -> None:
    with editing(data) as db:
        db.execute("INSERT INTO tile VALUES (?, ?, ?)", (SLOT + LEVEL, bytes(32), bytes(1024)))


def flip_head(data: Path) -> None:
    flip_in(data, "head", "root", "slot = 1")


def change_journal(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE journal SET stop = stop - 1 WHERE slot = 1 AND start = 1")


def delete_journal(data: Path) -> None:
    with editing(data) as db:
        db.execute("DELETE FROM journal WHERE slot = 1 AND start = 1")


def flip_checkpoint(data: Path) -> None:
    with editing(data) as db:
        size, note = db.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchone()
        at = note.index("\n\n") - 5
        letter = "A" if note[at] != "A" else "B"
        db.execute(
            "UPDATE checkpoint SET note = ? WHERE size = ?",
            (note[:at] + letter + note[at + 1 :], size),
        )


def flip_super_record(data: Path) -> None:
    flip_in(data, "entry", "leaf", f"id = {(SLOT << 22) + 4}", -3)


def flip_published(data: Path) -> None:
    flip_in(data, "published", "root", "slot = 1")


def change_head_change(data: Path) -> None:
    with editing(data) as db:
        db.execute("UPDATE head_change SET size = size - 1 WHERE slot = 1 AND epoch = 0")


def second_entry_by_hand(data: Path) -> None:
    with editing(data) as db:
        size = db.execute("SELECT size FROM head WHERE slot = 1").fetchone()[0]
        db.execute(
            "INSERT INTO entry (id, tenant, event_id, leaf, leaf_hash)"
            " SELECT ?, tenant, 'by hand', leaf, leaf_hash FROM entry WHERE id = ?",
            (SLOT + size, SLOT + 5),
        )


AFTER_ERASURE = 1 + 500 + 1 + 200  # the declaration, 500 events, the erasure, 200 events

CHANGES = [
    pytest.param(flip_leaf, ACME, 123, id="a byte of a leaf"),
    pytest.param(shorten_hash, ACME, 123, id="a leaf hash cut short"),
    pytest.param(flip_hash, ACME, 300, id="a byte of a leaf hash"),
    pytest.param(flip_hash_of_pruned, ACME, 300, id="a byte of a pruned entry's hash"),
    pytest.param(flip_disclosure, ACME, 124, id="a byte of a disclosure"),
    pytest.param(rewrite_entry_with_its_hash, ACME, 42, id="a leaf together with its hash"),
    pytest.param(flip_tile, ACME, 256 + 5, id="a byte of a tile"),
    pytest.param(flip_tile_root, ACME, 0, id="the root of a tile"),
    pytest.param(delete_tile, ACME, 256, id="a tile taken away"),
    pytest.param(invent_tile, ACME, None, id="a tile invented"),
    pytest.param(flip_head, ACME, None, id="a byte of a head"),
    pytest.param(change_journal, ACME, 500, id="a journal row"),
    pytest.param(delete_journal, ACME, 1, id="a journal row taken away"),
    pytest.param(flip_checkpoint, SUPER, 4, id="a byte of a checkpoint"),
    pytest.param(flip_super_record, SUPER, 4, id="a byte of a super-log record"),
    pytest.param(flip_published, ACME, None, id="a published head"),
    pytest.param(change_head_change, SUPER, 4, id="what an epoch changed"),
    pytest.param(delete_entry(0), ACME, 0, id="the first entry taken away"),
    pytest.param(delete_entry(333), ACME, 333, id="a middle entry taken away"),
    pytest.param(delete_entry(AFTER_ERASURE - 1), ACME, AFTER_ERASURE - 1, id="the last entry"),
    pytest.param(swap_entries, ACME, 20, id="two entries swapped"),
    pytest.param(second_entry_by_hand, ACME, AFTER_ERASURE, id="an entry added by hand"),
    pytest.param(truncate_tail, ACME, AFTER_ERASURE - 10, id="the tail cut off"),
    pytest.param(swap_subjects, "subjects of tenant 1", None, id="two people's keys swapped"),
    pytest.param(swap_lookups, "subjects of tenant 1", None, id="two people's ids swapped"),
    pytest.param(delete_subject_key, ACME, 1 + 3, id="a key deleted without an erasure"),
    pytest.param(unerase_claim, "erased of tenant 1", None, id="an erasure invented"),
    pytest.param(change_class, ACME, 0, id="a retention class in its table"),
    pytest.param(change_title, ACME, 0, id="a catalogue entry in its table"),
    pytest.param(widen_grant, DEPLOYMENT, 1, id="a grant in its table"),
    pytest.param(own_key, DEPLOYMENT, 1, id="the hash of a key in its table"),
    pytest.param(rename_tenant, DEPLOYMENT, 0, id="a tenant's name in its table"),
]


def test_a_deployment_that_nobody_touched_is_intact(data: Path) -> None:
    assert findings(data) == []


@pytest.mark.parametrize(("change", "log", "index"), CHANGES)
def test_fsck_names_what_root_changed(
    data: Path, change: Callable[[Path], None], log: str, index: int | None
) -> None:
    change(data)

    found = findings(data)

    named = [finding for finding in found if log in finding.origin]
    assert named, f"nothing found in {log}: {found}"
    if index is not None:
        indexes = [finding.index for finding in named if finding.index is not None]
        assert min(indexes, default=None) == index, [finding.what for finding in named]


def test_yesterdays_database_with_todays_lock_file_opens_read_only(
    template: Path, data: Path, tmp_path: Path
) -> None:
    yesterday = copy_of(data, tmp_path / "yesterday")
    house = reopen(data)
    kit.record(house, kit.tenant_of(house, "acme"), event(10_000))
    house.publisher.publish()
    house.close()

    shutil.copy(yesterday / "ledger.db", data / "ledger.db")
    for leftover in data.glob("ledger.db-*"):
        leftover.unlink()

    house = reopen(data)
    assert house.ledger.read_only is not None
    assert "rolled back" in house.ledger.read_only
    house.close()


def test_the_whole_folder_put_back_is_found_by_nobody_inside(data: Path, tmp_path: Path) -> None:
    """SECURITY.md says so: only who kept a later checkpoint can tell."""
    yesterday = copy_of(data, tmp_path / "yesterday")
    house = reopen(data)
    kit.record(house, kit.tenant_of(house, "acme"), event(10_000))
    house.publisher.publish()
    house.close()

    house = reopen(yesterday)

    assert house.ledger.read_only is None
    assert kit.fsck(house) == []
    house.close()
