"""Root with the signing key: rewrites the files of a closed deployment so that they fit together.

Everything that somebody with the whole machine would mend is mended here: entries and their
hashes, tiles, heads and frontiers, journal, published heads, epochs, the super-log, its signature
and the lock file. What still gives the attacker away is what lies elsewhere.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from kit.rfc6962 import mth
from kit.root import SLOT, editing
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.system import SystemClock
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.note import sign_note
from tallystick.tlog.tile import tile_checksums
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EPOCH, EpochRecord
from tallystick.wiring import KEYS, LOCK

DEPLOYMENT = "audit.example"
_WIDTH = 256


class Attacker:
    """Who holds a data folder, keys included.

    Args:
        data: The folder; nobody may have it open meanwhile.
    """

    def __init__(self, data: Path) -> None:
        self.data = data

    def copy(self, name: str) -> Path:
        """Copy everything: database, keys, lock file, list of erasures."""
        target = self.data.with_name(name)
        shutil.copytree(self.data, target)
        return target

    def put_back(self, copy: Path) -> None:
        """Replace everything by a copy."""
        shutil.rmtree(self.data)
        shutil.copytree(copy, self.data)

    def leaves(self, slot: int) -> list[bytes]:
        """The entries of a log."""
        with closing(sqlite3.connect(self.data / "ledger.db")) as db:
            return _leaves(db, slot)

    def rewrite(self, slot: int, leaves: Sequence[bytes], *, epochs: bool = True) -> None:
        """Give a log another past, and mend all that the ledger keeps of its tree.

        Args:
            slot: Of the log.
            leaves: Its entries from now on, as many as there are or fewer.
            epochs: Mend what earlier epochs name of it, too.
        """
        hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
        with editing(self.data) as db:
            first, last = slot * SLOT, (slot + 1) * SLOT
            db.execute("DELETE FROM entry WHERE id >= ? AND id < ?", (first + len(leaves), last))
            db.executemany(
                "UPDATE entry SET leaf = ?, leaf_hash = ? WHERE id = ?",
                [
                    (leaf, hashed, first + index)
                    for index, (leaf, hashed) in enumerate(zip(leaves, hashes, strict=True))
                ],
            )
            _mend_journal(db, slot, len(leaves))
            if epochs:  # none may name more entries than there are
                db.execute(
                    "UPDATE head_change SET size = ? WHERE slot = ? AND size > ?",
                    (len(leaves), slot, len(leaves)),
                )
            _mend_tree(db, slot, leaves, hashes)

    def forge_epoch(self) -> EpochRecord:
        """Make an epoch of the heads as they are now, and sign it with the stolen key.

        The lock file is swapped, so that the next publisher takes the epoch for one that a crash
        interrupted, and shows it to the witnesses itself.
        """
        with editing(self.data) as db:
            last = _last_record(db)
            record = self._record(db, last)
            _append_record(db, record)
            self._swap_lock(db)
        return record

    def _record(self, db: sqlite3.Connection, last: EpochRecord) -> EpochRecord:
        epoch = last.epoch + 1
        tree = EpochTree()
        for slot, name, size, root, frontier in db.execute(
            "SELECT log.slot, log.hex, head.size, head.root, head.frontier"
            " FROM log LEFT JOIN head ON head.slot = log.slot"
            " WHERE log.slot < ? ORDER BY log.slot",
            (last.slots,),
        ).fetchall():
            head = (size or 0, root or mth([]))
            tree.update({slot: (f"{DEPLOYMENT}/t/{slot}/{name}", *head)})
            known = db.execute("SELECT size, root FROM published WHERE slot = ?", (slot,))
            if (known.fetchone() or (0, mth([]))) != head:
                row = (slot, epoch, *head, frontier)
                db.execute("INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?)", row)
                db.execute("INSERT INTO head_change VALUES (?, ?, ?)", (epoch, slot, size))
        (note,) = db.execute("SELECT note FROM checkpoint ORDER BY size DESC").fetchone()
        time_s = SystemClock().now() // 1_000_000
        previous = sha256(note.encode()).digest()
        return EpochRecord(epoch, time_s, last.slots, tree.root(), previous)

    def _swap_lock(self, db: sqlite3.Connection) -> None:
        records = _leaves(db, SUPER_SLOT)
        signed = self._signed(Checkpoint(f"{DEPLOYMENT}/super", len(records), mth(records)))
        (self.data / LOCK).write_text(signed, "utf-8")

    def _signed(self, checkpoint: Checkpoint) -> str:
        key = KeyFile(self.data / KEYS)
        origin = checkpoint.origin
        return sign_note(checkpoint.format(), origin, key.public_key, key.sign).format()


def _leaves(db: sqlite3.Connection, slot: int) -> list[bytes]:
    rows = db.execute(
        "SELECT leaf FROM entry WHERE id >= ? AND id < ? ORDER BY id",
        (slot * SLOT, (slot + 1) * SLOT),
    )
    return [leaf for (leaf,) in rows]


def _last_record(db: sqlite3.Connection) -> EpochRecord:
    records = [leaf.decode() for leaf in _leaves(db, SUPER_SLOT)]
    return EpochRecord.parse([text for text in records if text.startswith(EPOCH)][-1])


def _append_record(db: sqlite3.Connection, record: EpochRecord) -> None:
    leaf = record.format().encode()
    records = _leaves(db, SUPER_SLOT)
    size = len(records)
    event_id = sha256(b"super" + size.to_bytes(8)).digest()[:16]
    hashed = sha256(b"\x00" + leaf).digest()
    db.execute(
        "INSERT INTO entry (id, tenant, event_id, leaf_hash, leaf) VALUES (?, 0, ?, ?, ?)",
        (SUPER_SLOT * SLOT + size, event_id, hashed, leaf),
    )
    db.execute(
        "INSERT INTO journal (slot, start, stop) VALUES (?, ?, ?)", (SUPER_SLOT, size, size + 1)
    )
    grown = [*records, leaf]
    _mend_tree(db, SUPER_SLOT, grown, [sha256(b"\x00" + leaf).digest() for leaf in grown])


def _mend_tree(
    db: sqlite3.Connection, slot: int, leaves: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    db.execute("DELETE FROM tile WHERE id >= ? AND id < ?", (slot * SLOT, (slot + 1) * SLOT))
    for number in range(len(leaves) // _WIDTH):
        part = slice(number * _WIDTH, (number + 1) * _WIDTH)
        row = (slot * SLOT + number, mth(leaves[part]), tile_checksums(hashes[part]))
        db.execute("INSERT INTO tile VALUES (?, ?, ?)", row)
    db.execute(
        "UPDATE head SET size = ?, root = ?, frontier = ? WHERE slot = ?",
        (len(leaves), mth(leaves), Frontier().extend(hashes).encode(), slot),
    )


def _mend_journal(db: sqlite3.Connection, slot: int, size: int) -> None:
    db.execute("DELETE FROM journal WHERE slot = ? AND start >= ?", (slot, size))
    db.execute("UPDATE journal SET stop = ? WHERE slot = ? AND stop > ?", (size, slot, size))
