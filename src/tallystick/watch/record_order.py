"""Whether the records of the super-log follow each other as one publisher writes them."""

from collections.abc import Iterator
from hashlib import sha256

from tallystick.verify.records import REGISTRY, RegistryRecord, slot_of
from tallystick.watch.alarm import Alarm, Kind, Subject
from tallystick.watch.monitor_state import Known
from tallystick.watch.super_log import Place, Reading


def records_out_of_order(known: Known, reading: Reading, places: list[Place]) -> Iterator[Alarm]:
    """Compare each epoch record with the one before it, and the registry with the log's slot."""
    slot, origin = slot_of(known.head.origin), known.head.origin
    before = known.last.record
    named = sha256(known.signed.text.encode()).digest()
    for number, (_, record) in enumerate(places):
        text = ""
        kind = Kind.FORK
        if record.epoch != before.epoch + 1:
            text = f"epoch {record.epoch:,} follows epoch {before.epoch:,}"
        elif record.slots < before.slots:
            kind = Kind.TRUNCATION
            text = f"epoch {record.epoch:,} has {record.slots:,} slots, {before.slots:,} before"
        elif number == 0 and record.previous != named:
            text = f"epoch {record.epoch:,} names another checkpoint before it than was shown"
        if text:
            yield _out_of_order(kind, text, known, reading)
        before = record
    for data in reading.records:
        if data.startswith(f"{REGISTRY}\n".encode()):
            entry = RegistryRecord.parse(data.decode())
            if entry.slot == slot and entry.origin_hash != sha256(origin.encode()).digest():
                yield _out_of_order(
                    Kind.FORK, f"slot {slot:,} is given to another log", known, reading
                )


def _out_of_order(kind: Kind, text: str, known: Known, reading: Reading) -> Alarm:
    evidence = {
        "seen.note": known.signed.text.encode(),
        "shown.note": reading.signed.text.encode(),
        **{
            f"record-{index}.txt": data
            for index, data in enumerate(reading.records[:256], reading.start.size)
        },
    }
    return Alarm(kind, Subject.SUPER_LOG, text, evidence=evidence)
