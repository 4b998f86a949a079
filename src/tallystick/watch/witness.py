"""A witness (c2sp.org/tlog-witness): it cosigns a checkpoint that extends all it cosigned before.

What it checks and what it stores are one transaction of :class:`WitnessState`, and nothing is
answered before that is on disk. An auditing witness has each epoch in between audited first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from threading import Lock
from typing import Final

from tallystick.errors import (
    MalformedError,
    PushbackError,
    TallystickError,
    VerificationError,
)
from tallystick.tlog.checkpoint import Checkpoint, parse_foreign
from tallystick.tlog.hashing import EMPTY_ROOT, HASH_SIZE
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note, verify_note
from tallystick.tlog.proof import verify_consistency
from tallystick.tlog.spelling import decode_base64, parse_decimal
from tallystick.watch.epoch_audit import AuditError, EpochAudit
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_state import AuditStep, Cosigned, WitnessState

MAX_PROOF_LINES: Final = 63
MAX_REQUEST_BYTES: Final = 500_000
_AUDIT_WAIT_S: Final = 2
_SIZE: Final = "text/x.tlog.size"
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a request gets.

    Attributes:
        status: HTTP status.
        body: Signature lines for 200, a size for 409, else the reason.
        content_type: Its media type.
        origin: The log that was meant, as far as that is known.
        sizes: (old, new) of the request, as far as they are known.
    """

    status: int
    body: str
    content_type: str = _TEXT
    origin: str = ""
    sizes: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


class _RefusedError(TallystickError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Witness:
    """Cosigns.

    Args:
        key: Its own.
        logs: The logs that it knows: keys by origin, from elsewhere than the logs.
        state: What it must not forget.
        now: The time, in seconds since 1970.
        evidence: Where refusals are kept that show a log's own signature on them.
        audits: The audit of each log whose epochs it audits, by origin.
    """

    def __init__(
        self,
        key: WitnessKey,
        logs: Mapping[str, Sequence[VerifierKey]],
        state: WitnessState,
        now: Callable[[], int],
        evidence: EvidenceFolder,
        audits: Mapping[str, EpochAudit] | None = None,
    ) -> None:
        self._key = key
        self._logs = logs
        self._state = state
        self._now = now
        self._evidence = evidence
        self._audits = dict(audits or {})
        self._auditing = {origin: Lock() for origin in self._audits}

    def checkpoint(self, log: str) -> str | None:
        """Return the newest note that was cosigned.

        Args:
            log: SHA-256 of the log's origin in lower-case hex.
        """
        newest = self._state.newest_by_hash(log)
        return newest.note if newest else None

    def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """Answer ``POST /add-checkpoint``.

        Args:
            body: The body of the request.
        """
        try:
            request = _read(body)
        except MalformedError as error:
            return WitnessAnswer(400, f"{error}\n")
        status, text = self._answered(request)
        kind = _SIZE if status == HTTPStatus.CONFLICT else _TEXT
        sizes = request.old, request.checkpoint.size
        return WitnessAnswer(status, f"{text}\n", kind, request.checkpoint.origin, sizes)

    def _answered(self, request: _Request) -> tuple[int, str]:
        try:
            return HTTPStatus.OK, self._cosign(request)
        except _RefusedError as error:
            return error.status, str(error)
        except (MalformedError, VerificationError) as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
        except TallystickError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, str(error)

    def _signers(self, request: _Request) -> Sequence[VerifierKey]:
        """Return the known keys of the log that signed the checkpoint."""
        origin = request.checkpoint.origin
        keys = self._logs.get(origin)
        if keys is None:
            raise _RefusedError(404, f"log {origin!r}: unknown, want one that is known")
        try:
            return verify_note(request.note, keys)
        except VerificationError as error:
            raise _RefusedError(403, str(error)) from None

    def _cosign(self, request: _Request) -> str:
        """Audit where that is asked for, then check, store and sign."""
        signers = self._signers(request)
        old, size = request.old, request.checkpoint.size
        if old > size:
            raise _RefusedError(400, f"old size: {old}, want at most {size}")
        origin = request.checkpoint.origin
        if origin not in self._audits:
            return self._store(request, signers, None)
        # Before the wait, so that no stranger's false request makes the log's own one wait.
        self._require_extension(request, self._state.newest(origin))
        lock = self._auditing[origin]
        if not lock.acquire(timeout=_AUDIT_WAIT_S):
            raise PushbackError("audit: another one is under way, want it finished")
        try:
            return self._store(request, signers, self._audited(self._audits[origin], request))
        except BaseException:
            self._audits[origin].forget()
            raise
        finally:
            lock.release()

    def _store(
        self, request: _Request, signers: Sequence[VerifierKey], step: AuditStep | None
    ) -> str:
        lines: list[str] = []

        def decide(newest: Cosigned | None) -> Cosigned:
            self._require_extension(request, newest)
            time_s = max(self._now(), newest.time_s if newest else 0)
            signature = self._key.cosign(request.note, time_s)
            lines.append(signature.format())
            known = {(key.name, key.key_id) for key in signers}
            kept = [it for it in request.note.signatures if (it.name, it.key_id) in known]
            note = Note(request.note.text, (*kept, signature)).format()
            submitted = sha256(request.note.format().encode()).digest()
            return Cosigned(request.checkpoint, note, submitted, time_s)

        self._state.advance(request.checkpoint.origin, decide, step)
        return lines[0]

    def _audited(self, audit: EpochAudit, request: _Request) -> AuditStep:
        newest = self._state.newest(request.checkpoint.origin)
        self._require_extension(request, newest)
        try:
            return audit.run(newest, request.checkpoint)
        except AuditError as error:
            self._keep("audit", error, request, newest, error.found)
            raise

    def _require_extension(self, request: _Request, newest: Cosigned | None) -> None:
        """Check the request against the newest cosigned checkpoint.

        Raises:
            VerificationError: It does not extend it.
            MalformedError: The proof can't be one between these sizes.
        """
        size, root = (newest.checkpoint.size, newest.checkpoint.root) if newest else (0, None)
        if request.old != size:
            raise _RefusedError(409, str(size))
        checkpoint = request.checkpoint
        try:
            old_root = EMPTY_ROOT if root is None else root
            verify_consistency(size, checkpoint.size, request.proof, old_root, checkpoint.root)
        except VerificationError as error:
            # With other sizes anybody can send a false proof beside a true note; here, both
            # notes together are enough to show that the log has forked.
            if size == checkpoint.size:
                self._keep("fork", error, request, newest, {})
            raise

    def _keep(
        self,
        kind: str,
        error: TallystickError,
        request: _Request,
        newest: Cosigned | None,
        found: Mapping[str, object],
    ) -> None:
        members = {
            "reason": str(error),
            "cosigned": newest.note if newest else None,
            "submitted": request.note.format(),
            **found,
        }
        self._evidence.keep(kind, members)


def _read(body: bytes) -> _Request:
    """Read the body of ``add-checkpoint``.

    Raises:
        MalformedError: It is not of its form.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise MalformedError(f"request: {len(body):,} bytes, want at most {MAX_REQUEST_BYTES:,}")
    top, blank, note_bytes = body.partition(b"\n\n")
    if not blank:
        raise MalformedError("request: no blank line, want one before the checkpoint")
    try:
        first, *lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("request: other letters than ASCII before the checkpoint") from None
    if not first.startswith("old "):
        raise MalformedError(f"request: first line {first[:40]!r}, want 'old ' and a size")
    if len(lines) > MAX_PROOF_LINES:
        raise MalformedError(f"proof: {len(lines)} lines, want at most {MAX_PROOF_LINES}")
    old = parse_decimal("old size", first.removeprefix("old "))
    proof = tuple(decode_base64("proof", line) for line in lines)
    if wrong := {*map(len, proof)} - {HASH_SIZE}:
        raise MalformedError(f"proof: hash of {min(wrong)} bytes, want {HASH_SIZE}")
    note = Note.parse(note_bytes)
    checkpoint, _ = parse_foreign(note.text)
    return _Request(old, proof, note, checkpoint)
