"""Verifying a receipt, offline: from the entry's bytes up to a key that was known before.

No link is believed by itself. The entry's hash and the first proof only *compute* a root; that
root only computes the log's head; the head must be in the epoch tree at the log's own slot; the
epoch's record must be in the super-log; and the super-log's checkpoint must be signed by a pinned
key. So each fact but the last is worth what the ones after it are worth.
"""

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.cosignature import verify_cosignature
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import Note, VerifierKey, verify_note
from tallystick.tlog.policy import Policy
from tallystick.tlog.proof import root_from_inclusion, verify_inclusion
from tallystick.verify.entry import EntryText
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.receipt import Receipt
from tallystick.verify.records import head_body, slot_of
from tallystick.verify.report import Fact, Report, State
from tallystick.verify.telling import event_line, time_line

_SUPER = "/super"


def verify_receipt(data: bytes, pins: Pins | None, now_s: int | None = None) -> Report:
    """Say what a receipt proves.

    Args:
        data: The receipt.
        pins: What is believed beforehand. Without pins the best verdict is *unverifiable*.
        now_s: Seconds since 1970, needed where the pins limit the age.

    Returns:
        The report. *Tampered* wins over *unverifiable*, that over *stale*.

    Raises:
        MalformedError: The bytes are no receipt. That is no verdict on the log: whatever spoiled
            the file may have happened on its way.

    Source: docs/specs/receipt-v1.md.
    """
    receipt = Receipt.parse(data)
    record = receipt.epoch_record
    report = Report(receipt.origin, receipt.index, receipt.size, record.epoch, record.time_s)
    _check_entry(report, receipt)
    _check_inclusion(report, receipt)
    _check_record(report, receipt)
    _check_origin(report, receipt, pins)
    _check_signature(report, receipt, pins)
    _check_witnesses(report, receipt, pins)
    _check_age(report, pins, now_s)
    _tell(report)
    return report


def _check_entry(report: Report, receipt: Receipt) -> None:
    try:
        entry = EntryText.parse(receipt.entry)
    except MalformedError as error:
        report.object_to(Verdict.UNVERIFIABLE, "opened", str(error), str(error))
        return
    report.event, report.received_at = entry.clear, entry.received_at
    try:
        report.withheld = entry.open(receipt.disclosure)
    except (MalformedError, VerificationError) as error:
        report.object_to(Verdict.TAMPERED, "opened", str(error), str(error))
        return
    if not entry.sealed:
        return
    text = f"{len(receipt.disclosure):,} of {len(entry.sealed):,} sealed values"
    if report.withheld:
        text += f"; withheld or erased: {', '.join(report.withheld)}"
    report.note(State.OK, "opened", text)


def _check_inclusion(report: Report, receipt: Receipt) -> None:
    """Compute the log's root from the entry, and find the head that it makes in the epoch."""
    record, slot = receipt.epoch_record, slot_of(receipt.origin)
    try:
        root = root_from_inclusion(
            leaf_hash(receipt.entry), receipt.index, receipt.size, receipt.inclusion
        )
        head = leaf_hash(head_body(receipt.origin, receipt.size, root))
        # The place in the epoch tree comes from the origin, never from the receipt: a second
        # head of one log would have to stand at a second slot.
        verify_inclusion(head, slot, record.slots, receipt.slots_proof, record.root)
    except (MalformedError, VerificationError) as error:
        reason = f"entry, log or slot are not those of epoch {record.epoch:,}: {error}"
        report.object_to(Verdict.TAMPERED, "included", str(error), reason)
        return
    report.note(
        State.OK, "included", f"entry {receipt.index:,} of {receipt.size:,} in {receipt.origin}"
    )


def _check_record(report: Report, receipt: Receipt) -> None:
    record, proof, checkpoint = receipt.epoch_record, receipt.epoch_proof, receipt.checkpoint
    leaf = leaf_hash(record.format().encode())
    try:
        verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except (MalformedError, VerificationError) as error:
        reason = f"epoch record is not in the super-log: {error}"
        report.object_to(Verdict.TAMPERED, "recorded", str(error), reason)
        return
    report.note(State.OK, "recorded", f"epoch {record.epoch:,}, made {time_line(record.time_s)}")


def _check_origin(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    deployment = receipt.origin.rsplit("/", 3)[0]
    if receipt.checkpoint.origin != deployment + _SUPER:
        text = f"log of {deployment}, super-checkpoint of {receipt.checkpoint.origin}"
        report.object_to(Verdict.TAMPERED, "origin", text, text)
    if pins is not None and pins.origins and receipt.origin not in pins.origins:
        text = f"{receipt.origin} is none of the pinned logs"
        report.object_to(Verdict.UNVERIFIABLE, "origin", text, text)


def _check_signature(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    origin = receipt.checkpoint.origin
    if pins is None:
        report.object_to(Verdict.UNVERIFIABLE, "signed", "no pinned key", "no pinned key")
        return
    keys = pins.keys_of(origin)
    if not keys:
        text = f"no pinned key for {origin}"
        report.object_to(Verdict.UNVERIFIABLE, "signed", text, text)
        return
    if not {(key.name, key.key_id) for key in keys} & _named(receipt.note):
        ids = " or ".join(key.key_id.hex() for key in keys)
        text = f"no signature of {origin} by key {ids}"
        reason = f"super-checkpoint is not signed by the pinned key: {text}"
        report.object_to(Verdict.TAMPERED, "signed", text, reason)
        return
    try:
        verify_note(receipt.note, keys)
    except VerificationError as error:
        reason = f"super-checkpoint is not signed by the pinned key: {error}"
        report.object_to(Verdict.TAMPERED, "signed", str(error), reason)
        return
    report.note(State.OK, "signed", origin)


def _named(note: Note) -> set[tuple[str, bytes]]:
    return {(signature.name, signature.key_id) for signature in note.signatures}


def _check_witnesses(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    if pins is None or pins.policy is None:
        report.note(State.NONE, "witnessed", "not looked at, no policy is pinned")
        return
    try:
        names, enough = _cosigners(receipt.note, pins.policy)
    except VerificationError as error:
        reason = f"a pinned witness did not cosign this: {error}"
        report.object_to(Verdict.TAMPERED, "witnessed", str(error), reason)
        return
    text = f"{len(names)} of {len(pins.policy.witnesses)} (quorum {pins.policy.quorum})"
    text += f": {', '.join(names)}" if names else ""
    if enough:
        report.note(State.OK, "witnessed", text)
    else:
        reason = f"witnessed by {text}, want the quorum"
        report.object_to(Verdict.UNVERIFIABLE, "witnessed", text, reason)


def _cosigners(note: Note, policy: Policy) -> tuple[list[str], bool]:
    """Return the names of the keys of witnesses that cosigned, and whether they are enough."""
    cosigners: list[VerifierKey] = []
    for signature in note.signatures:
        for witness in policy.witnesses.values():
            key = witness.key
            if (signature.name, signature.key_id) == (key.name, key.key_id):
                verify_cosignature(note.text, signature, key)
                cosigners.append(key)
    return sorted({key.name for key in cosigners}), policy.satisfied_by(cosigners)


def _check_age(report: Report, pins: Pins | None, now_s: int | None) -> None:
    if pins is None or pins.max_age_s is None:
        return
    if now_s is None:
        text = "age limited by the pins, but no time is given"
        report.object_to(Verdict.UNVERIFIABLE, "fresh", text, text)
        return
    age = now_s - report.epoch_time_s
    # An epoch dated ahead would stay fresh for as long as its maker likes.
    if abs(age) > pins.max_age_s:
        where = "ago" if age > 0 else "ahead"
        text = f"epoch made {abs(age):,} s {where}, want at most {pins.max_age_s:,} s"
        report.object_to(Verdict.STALE, "fresh", text, text)
        return
    report.note(State.OK, "fresh", f"epoch made {age:,} s ago")


def _tell(report: Report) -> None:
    """Put the event first, and call it ok only if it may be relied on."""
    if report.event is None:
        return
    known = report.verdict in {Verdict.INTACT, Verdict.STALE}
    line = event_line(report.event)
    state, text = (State.OK, line) if known else (State.NONE, f"not proven: {line}")
    report.facts.insert(0, Fact(state, "event", text))
