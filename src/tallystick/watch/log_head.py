"""The head of one log in one epoch, asked of the server and checked against the epoch's record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tallystick.errors import MalformedError, NotFoundError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.proof import verify_consistency
from tallystick.tlog.spelling import decode_base64, encode_base64
from tallystick.verify import strict_json
from tallystick.verify.records import slot_of
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject
from tallystick.watch.evidence import ProvenHead, ProvenRecord, hashes_of
from tallystick.watch.http import Site
from tallystick.watch.key_change import KeyChange

_MAX_ANSWER = 65_536


class Told(NamedTuple):
    """What the server says about a log in an epoch; nothing of it is believed yet."""

    head: Checkpoint
    record_index: int
    slots: int
    slots_proof: tuple[bytes, ...]
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EpochsOfLog:
    """Asks for the heads of one log.

    Attributes:
        site: The server, with a key that may read the log.
        log_hex: The log's 32 hex digits.
    """

    site: Site
    log_hex: str

    def ask(self, epoch: int, since: int | None) -> Told:
        """Ask for the head in an epoch, and for its proof of consistency with a size.

        Raises:
            MalformedError: The answer is none of this log's.
            TallystickError: As :meth:`Site.get`.
        """
        path = f"/v1/logs/{self.log_hex}/epochs/{epoch}"
        query = "" if since is None else f"?from={since}"
        return _told(self.site.get(path + query, limit=_MAX_ANSWER), path, epoch)

    def head(self, at: ProvenRecord, before: ProvenHead | None) -> ProvenHead:
        """Find the log's head in an epoch, and check that it extends the one known before.

        Args:
            at: The epoch's record, with its proof.
            before: The newest head that was found in order, or None where there is none yet.

        Raises:
            AlarmError: It does not extend it, or the server does not prove that.
            TallystickError: As :meth:`Site.get`.
        """
        try:
            told = self._ask(at, before)
            head = _head(told, at)
            if before is not None:
                _require_origin(head, before)
        except (MalformedError, NotFoundError, VerificationError) as error:
            raise AlarmError(_unproven(at.record.epoch, str(error), before, at)) from None
        if before is not None:
            _require_extension(before, head, told.consistency)
        return head

    def _ask(self, at: ProvenRecord, before: ProvenHead | None) -> Told:
        epoch = at.record.epoch
        if before is None:
            return self.ask(epoch, None)
        _require_slot(at, before)
        try:
            return self.ask(epoch, before.size)
        except (MalformedError, NotFoundError):
            # A log that has become smaller can prove nothing from the size that was seen. Its
            # head alone then says so.
            told = self.ask(epoch, None)
            if told.head.size >= before.size:
                raise
            return told


def lost_entries(before: ProvenHead, head: ProvenHead, change: KeyChange) -> Alarm:
    """Return the alarm of a log of which a recovery left less than was seen."""
    text = f"{head.origin}: {before.size:,} entries were seen, a recovery left {head.size:,}"
    evidence = {
        "seen.json": _file(before.members()),
        "shown.json": _file(head.members()),
        "statement.note": change.note.encode(),
    }
    return Alarm(Kind.TRUNCATION, Subject.LOG, text, head.epoch, evidence)


def _head(told: Told, at: ProvenRecord) -> ProvenHead:
    found = told.head
    if (told.record_index, told.slots) != (at.proof.index, at.record.slots):
        raise VerificationError(
            f"record {told.record_index:,} with {told.slots:,} slots, want"
            f" {at.proof.index:,} with {at.record.slots:,}"
        )
    head = ProvenHead(found.origin, found.size, found.root, told.slots_proof, at)
    head.verify_slot()
    return head


def _require_origin(head: ProvenHead, before: ProvenHead) -> None:
    if head.origin != before.origin:
        raise VerificationError(f"log {head.origin}, want {before.origin}")


def _require_slot(at: ProvenRecord, before: ProvenHead) -> None:
    """Refuse an epoch so small that the log cannot be in it."""
    slot = slot_of(before.origin)
    if at.record.slots <= slot:
        text = f"epoch {at.record.epoch:,} has {at.record.slots:,} slots, slot {slot:,} was seen"
        evidence = {"seen.json": _file(before.members()), "shown.json": _file(at.members())}
        raise AlarmError(Alarm(Kind.TRUNCATION, Subject.LOG, text, at.record.epoch, evidence))


def _require_extension(before: ProvenHead, head: ProvenHead, path: tuple[bytes, ...]) -> None:
    evidence = {
        "seen.json": _file(before.members()),
        "shown.json": _file(head.members()),
        "consistency.json": _file({"consistency": [encode_base64(node) for node in path]}),
    }
    at = f"{head.origin}: epoch {head.epoch:,}"
    if head.size < before.size:
        text = f"{at} has {head.size:,} entries, {before.size:,} were seen"
        raise AlarmError(Alarm(Kind.TRUNCATION, Subject.LOG, text, head.epoch, evidence))
    try:
        verify_consistency(before.size, head.size, path, before.root, head.root)
    except VerificationError as error:
        text = f"{at} does not extend the {before.size:,} entries of epoch {before.epoch:,}"
        text += f": {error}"
        raise AlarmError(Alarm(Kind.FORK, Subject.LOG, text, head.epoch, evidence)) from None
    except MalformedError as error:
        text = f"{at} is not proven to extend epoch {before.epoch:,}: {error}"
        raise AlarmError(Alarm(Kind.UNPROVEN, Subject.LOG, text, head.epoch, evidence)) from None


def _unproven(epoch: int, text: str, before: ProvenHead | None, at: ProvenRecord) -> Alarm:
    evidence = {"epoch.json": _file(at.members())}
    if before is not None:
        evidence["seen.json"] = _file(before.members())
    what = f"the server does not prove the log's head in epoch {epoch:,}: {text}"
    return Alarm(Kind.UNPROVEN, Subject.LOG, what, epoch, evidence)


def _told(data: bytes, path: str, epoch: int) -> Told:
    match strict_json.read(data, path):
        case {
            "epoch": int() as number,
            "record_index": int() as record_index,
            "slots": int() as slots,
            "origin": str() as origin,
            "size": int() as size,
            "root": str() as root,
            "slots_proof": [*slots_proof],
            **others,
        } if number == epoch:
            return Told(
                Checkpoint(origin, size, decode_base64("root", root)),
                record_index,
                slots,
                hashes_of(slots_proof, "slots_proof"),
                hashes_of(others.get("consistency", []), "consistency"),
            )
    raise MalformedError(f"{path}: another form, want the head of epoch {epoch:,}")


def _file(members: Mapping[str, object]) -> bytes:
    return (json.dumps(members, indent=1) + "\n").encode()
