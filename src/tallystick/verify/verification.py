"""Verifying a receipt, offline: from the entry's bytes up to a key that was known before.

No link is believed by itself. The entry's hash and the first proof only *compute* a root; that
root only computes the log's head; the head must be in the epoch tree at the log's own slot; the
epoch's record must be in the super-log; and the super-log's checkpoint must be signed by a pinned
key. So each fact but the last is worth what the ones after it are worth.
"""

from collections.abc import Collection, Mapping, Sequence

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
from tallystick.verify.super_origin import read_super_origin
from tallystick.verify.telling import event_line, time_line


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
    _check_origin(report, receipt, pins)
    _check_published(report, receipt, pins)
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
        report.object_to(Verdict.TAMPERED, "recorded", str(error), reason)
        return
    since = "" if report.received_at is None else f", since {report.received_at}"
    text = f"entry {receipt.index:,} of {receipt.size:,} in {receipt.origin}{since}"
    report.note(State.OK, "recorded", text)


def _check_published(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    """Find the epoch in the super-log, and the super-log's head under a pinned key."""
    found = [_check_record(report, receipt), _check_signature(report, receipt, pins)]
    if all(found):
        record = receipt.epoch_record
        text = f"epoch {record.epoch:,}, since {time_line(record.time_s)}"
        report.note(State.OK, "published", f"{text}, signed by {receipt.checkpoint.origin}")


def _check_record(report: Report, receipt: Receipt) -> bool:
    record, proof, checkpoint = receipt.epoch_record, receipt.epoch_proof, receipt.checkpoint
    leaf = leaf_hash(record.format().encode())
    try:
        verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except (MalformedError, VerificationError) as error:
        reason = f"epoch record is not in the super-log: {error}"
        report.object_to(Verdict.TAMPERED, "published", str(error), reason)
        return False
    return True


def _check_origin(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    deployment = receipt.origin.rsplit("/", 3)[0]
    if not _is_super_log_of(deployment, receipt.checkpoint.origin):
        text = f"log of {deployment}, super-checkpoint of {receipt.checkpoint.origin}"
        report.object_to(Verdict.TAMPERED, "origin", text, text)
    if pins is not None and pins.origins and receipt.origin not in pins.origins:
        text = f"{receipt.origin} is none of the pinned logs"
        report.object_to(Verdict.UNVERIFIABLE, "origin", text, text)


def _is_super_log_of(deployment: str, origin: str) -> bool:
    try:
        return read_super_origin(origin)[0] == deployment
    except MalformedError:
        return False


def _check_signature(report: Report, receipt: Receipt, pins: Pins | None) -> bool:
    origin, size = receipt.checkpoint.origin, receipt.checkpoint.size
    keys = [] if pins is None else pins.keys_of(origin, size)
    if not keys:
        text = "no pinned key" if pins is None else f"no pinned key for {origin}"
        frozen = () if pins is None else [n for key, n in pins.frozen.items() if key.name == origin]
        if frozen:
            text += f" beyond {max(frozen):,} records, checkpoint has {size:,}"
        report.object_to(Verdict.UNVERIFIABLE, "published", text, text)
        return False
    try:
        _require_signature(receipt.note, keys)
    except VerificationError as error:
        reason = f"super-checkpoint is not signed by the pinned key: {error}"
        report.object_to(Verdict.TAMPERED, "published", str(error), reason)
        return False
    return True


def _require_signature(note: Note, keys: Sequence[VerifierKey]) -> None:
    named = {(signature.name, signature.key_id) for signature in note.signatures}
    if not {(key.name, key.key_id) for key in keys} & named:
        ids = " or ".join(key.key_id.hex() for key in keys)
        raise VerificationError(f"no signature of {keys[0].name} by key {ids}")
    verify_note(note, keys)


def _check_witnesses(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    if pins is None or pins.policy is None:
        report.note(State.NONE, "witnessed", "not proven, no policy is pinned")
        report.note(State.NONE, "epoch-audited", "not proven, no auditor is pinned")
        return
    policy = pins.policy
    try:
        report.cosigned_at_s = _cosigned_at_s(receipt.note, policy)
    except VerificationError as error:
        reason = f"a pinned witness did not cosign this: {error}"
        report.object_to(Verdict.TAMPERED, "witnessed", str(error), reason)
        return
    told = _names_and_times(report.cosigned_at_s)
    text = f"{len(report.cosigned_at_s)} of {len(policy.witnesses)} (quorum {policy.quorum}){told}"
    if policy.satisfied_by(policy.witnesses[name].key for name in report.cosigned_at_s):
        report.note(State.OK, "witnessed", text)
    else:
        reason = f"witnessed by {text}, want the quorum"
        report.object_to(Verdict.UNVERIFIABLE, "witnessed", text, reason)
    _check_auditors(report, pins.auditors)


def _check_auditors(report: Report, auditors: Collection[str]) -> None:
    """Tell who has compared the epoch with the one before, slot by slot, before cosigning it.

    A plain witness vouches for nothing but that the super-log only grows.
    """
    audited = {name: at for name, at in report.cosigned_at_s.items() if name in auditors}
    if audited:
        text = f"{len(audited)} of {len(auditors)}{_names_and_times(audited)}"
        report.note(State.OK, "epoch-audited", text)
    elif auditors:
        text = f"cosigned by none of {', '.join(sorted(auditors))}"
        report.object_to(Verdict.UNVERIFIABLE, "epoch-audited", text, f"epoch-audited: {text}")
    else:
        report.note(State.NONE, "epoch-audited", "not proven, no auditor is pinned")


def _cosigned_at_s(note: Note, policy: Policy) -> dict[str, int]:
    """Return the policy's witnesses that cosigned, and when each says it did so last."""
    latest: dict[str, int] = {}
    for signature in note.signatures:
        for name, witness in policy.witnesses.items():
            key = witness.key
            if (signature.name, signature.key_id) == (key.name, key.key_id):
                time_s = verify_cosignature(note.text, signature, key)
                latest[name] = max(time_s, latest.get(name, 0))
    return latest


def _names_and_times(cosigned_at_s: Mapping[str, int]) -> str:
    """Write names with times; 0 is the time of a cosigner that says none."""
    told = [
        f"{name} at {time_line(time_s)}" if time_s else name
        for name, time_s in sorted(cosigned_at_s.items())
    ]
    return f": {', '.join(told)}" if told else ""


def _check_age(report: Report, pins: Pins | None, now_s: int | None) -> None:
    most_s = None if pins is None else pins.max_age_s
    if now_s is None:
        text = "age limited by the pins, but no time is given"
        if most_s is not None:
            report.object_to(Verdict.UNVERIFIABLE, "fresh", text, text)
        return
    age_s = now_s - report.epoch_time_s
    text = f"epoch made {abs(age_s):,} s {'ahead' if age_s < 0 else 'ago'}"
    if most_s is None:
        report.note(State.NONE, "fresh", f"{text}, no age is pinned")
    # An epoch dated ahead would stay fresh for as long as its maker likes.
    elif abs(age_s) > most_s:
        text += f", want at most {most_s:,} s"
        report.object_to(Verdict.STALE, "fresh", text, text)
    else:
        report.note(State.OK, "fresh", text)


def _tell(report: Report) -> None:
    """Put the event first, and call it ok only if it may be relied on."""
    if report.event is None:
        return
    known = report.verdict in {Verdict.INTACT, Verdict.STALE}
    line = event_line(report.event)
    state, text = (State.OK, line) if known else (State.NONE, f"not proven: {line}")
    report.facts.insert(0, Fact(state, "event", text))
