"""Everybody who could find an attack, and what each of them does to find one."""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from kit import house as kit
from kit.attacker_target import AUDITOR, PLAIN, Target
from tallystick.errors import VerificationError
from tallystick.verify.fsck import Verdict
from tallystick.verify.records import EPOCH, EpochRecord
from tallystick.verify.verification import verify_receipt

START, WITNESS_AT_START = "start-up check", "witness at a start"
PUBLISHER, FSCK, MONITOR = "publisher", "fsck", "monitor"
PLAIN_WITNESS, AUDITING_WITNESS = "plain witness", "auditing witness"
VERIFIER, AUDIT_VERIFIER = "verifier", "verifier who pins the auditor"
SENDER, COMPARER = "sender", "who compares times"

OBSERVERS = (
    START,
    WITNESS_AT_START,
    PUBLISHER,
    PLAIN_WITNESS,
    AUDITING_WITNESS,
    MONITOR,
    VERIFIER,
    AUDIT_VERIFIER,
    FSCK,
    SENDER,
    COMPARER,
)

OF_WITNESSES = {WITNESS_AT_START, PLAIN_WITNESS, AUDITING_WITNESS, AUDIT_VERIFIER}

OK, SLACK_S = 200, 300
GONE = "is not proven"


def two_epochs(target: Target) -> None:
    """Make two epochs that all have seen, with a copy of everything from between them."""
    target.record(4)
    assert target.publish() == 0
    target.close()
    target.attacker.copy("yesterday")
    target.open()
    target.record(8)
    assert target.publish() == 1
    assert target.monitor(target.pins()) == set()


def look(target: Target, monitor: str = "monitor") -> dict[str, str]:
    """Let everybody look once; return what each finds, by observer."""
    found: dict[str, str] = {}
    target.open()
    if target.read_only:
        found[START] = target.read_only
    else:
        target.house.ask_witnesses()
        if target.read_only:
            found[WITNESS_AT_START] = target.read_only
        else:
            found |= _go_on(target)
    for witness, observer in ((PLAIN, PLAIN_WITNESS), (AUDITOR, AUDITING_WITNESS)):
        if target.refused.get(witness):
            found[observer] = target.refused[witness][0]
    target.monitor(target.pins(), monitor)
    if target.alarms():
        found[MONITOR] = "; ".join(target.alarms())
    problems = kit.fsck(target.house)
    if problems:
        found[FSCK] = problems[0].what
    return found | _verify(target) | _ask_for_receipts(target) | _compare_times(target)


def _go_on(target: Target) -> dict[str, str]:
    """Go on as if nothing had happened: one more event, and its epoch."""
    event_ids = target.record()
    try:
        target.publish()
    except VerificationError as error:
        # It has no epoch, so that nobody can have its receipt.
        for event_id in event_ids:
            del target.acknowledged[event_id]
        return {PUBLISHER: str(error)}
    return {}


def _verify(target: Target) -> dict[str, str]:
    """Verify the newest receipt that can be had, as strangers do who pin more or less."""
    receipt = next(filter(None, map(target.receipt, reversed(target.recorded))), None)
    if receipt is None:
        return {}
    pinned = {VERIFIER: target.pins()}
    if target.policy:
        pinned[VERIFIER] = target.pins(witnessed=PLAIN)
        pinned[AUDIT_VERIFIER] = target.pins(witnessed=PLAIN, audited=True)
    reports = {who: verify_receipt(receipt.format(), pins) for who, pins in pinned.items()}
    return {who: str(it.reason) for who, it in reports.items() if it.verdict is not Verdict.INTACT}


def _ask_for_receipts(target: Target) -> dict[str, str]:
    """Ask for the receipt of each event that was answered with its place and hash."""
    for event_id, outcome in target.acknowledged.items():
        receipt = target.receipt(event_id)
        if receipt is None:
            return {SENDER: f"entry {outcome.index}: {GONE}"}
        if sha256(b"\x00" + receipt.entry).digest() != outcome.leaf_hash:
            return {SENDER: f"entry {outcome.index}: another entry than was answered"}
    return {}


def _compare_times(target: Target) -> dict[str, str]:
    """Hold each entry's time of receipt against the epochs between which it came into the log."""
    base = f"/v1/logs/{target.log_hex}"
    times, start, earlier_s = _epoch_times(target), 0, 0
    for epoch, time_s in times.items():
        status, body = target.answer(f"{base}/epochs/{epoch}")
        if status != OK:
            continue
        size = json.loads(body)["size"]
        for index, text in enumerate(_received(target, size)[start:], start):
            at_s = datetime.fromisoformat(text).timestamp()
            if not earlier_s - SLACK_S <= at_s <= time_s + SLACK_S:
                return {COMPARER: f"entry {index} of epoch {epoch}: received {text}"}
        start, earlier_s = size, time_s
    return {}


def _epoch_times(target: Target) -> dict[int, int]:
    """By epoch, the time that its record in the super-log says."""
    size = int(target.answer("/v1/super/checkpoint")[1].split(b"\n")[1])
    _, bundle = target.answer(f"/v1/super/tile/entries/000.p/{size}")
    texts = [record.decode() for record in _split(bundle)]
    records = [EpochRecord.parse(text) for text in texts if text.startswith(EPOCH)]
    return {record.epoch: record.time_s for record in records}


def _received(target: Target, size: int) -> list[str]:
    _, bundle = target.answer(f"/v1/logs/{target.log_hex}/tile/entries/000.p/{size}")
    return [json.loads(leaf)["received_at"] for leaf in _split(bundle)]


def _split(bundle: bytes) -> Iterator[bytes]:
    """Cut an entry bundle (c2sp.org/tlog-tiles): each entry behind its length, two bytes."""
    while bundle:
        end = 2 + int.from_bytes(bundle[:2])
        yield bundle[2:end]
        bundle = bundle[end:]
