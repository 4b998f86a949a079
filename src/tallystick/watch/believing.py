"""Whether a super-checkpoint is to be believed, going by pins alone."""

from dataclasses import dataclass, replace

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.key import ED25519
from tallystick.tlog.note import Note, VerifierKey, verify_note
from tallystick.tlog.policy import PolicyKey
from tallystick.verify.pins import Pins
from tallystick.verify.super_origin import read_super_origin
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature holds.

    Attributes:
        note: The note as it was served, cosignatures included.
        checkpoint: What it says.
    """

    note: Note
    checkpoint: Checkpoint

    @property
    def text(self) -> str:
        """The note, byte for byte."""
        return self.note.format()


def read_signed(data: bytes | str, keys: list[VerifierKey]) -> SignedCheckpoint:
    """Read a note, and believe its text only if one of these keys signed it.

    Args:
        data: What was served.
        keys: Keys of logs; a key's name is the origin for which it speaks.

    Raises:
        AlarmError: No such key signed, a signature is false, or it is no checkpoint.
    """
    raw = data.encode() if isinstance(data, str) else data
    try:
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        verify_note(note, _keys_of(checkpoint.origin, keys))
    except (MalformedError, VerificationError) as error:
        text = f"checkpoint is not signed by the pinned key: {error}"
        evidence = {"shown.note": raw}
        raise AlarmError(
            Alarm(Kind.WRONG_KEY, Subject.SIGNATURE, text, evidence=evidence)
        ) from None
    return SignedCheckpoint(note, checkpoint)


def _keys_of(origin: str, keys: list[VerifierKey]) -> list[VerifierKey]:
    own = [key for key in keys if key.name == origin]
    if not own:
        wanted = " or ".join(sorted({key.name for key in keys}))
        raise VerificationError(f"checkpoint: of {origin}, want {wanted}")
    return own


def require_witnesses(signed: SignedCheckpoint, pins: Pins) -> None:
    """Demand the cosignatures that the pins demand.

    Raises:
        AlarmError: The quorum is missing, every auditor is, or a cosignature is false.
    """
    if pins.policy is None:
        return
    logs = tuple(PolicyKey(key) for key in pins.keys_of(signed.checkpoint.origin))
    try:
        trusted = replace(pins.policy, logs=logs).verify(signed.note)
    except VerificationError as error:
        raise AlarmError(_no_quorum(signed, str(error))) from None
    if pins.auditors and not pins.auditors & set(trusted.cosigned_at_s):
        told = ", ".join(sorted(trusted.cosigned_at_s)) or "nobody"
        wanted = " or ".join(sorted(pins.auditors))
        text = f"checkpoint of {signed.checkpoint.origin}: cosigned by {told}, want {wanted}"
        raise AlarmError(_no_quorum(signed, text))


def keys_of_log(origin: str, pins: Pins, *, earlier: bool = False) -> list[VerifierKey]:
    """Return the keys that may sign a log's own checkpoints, or the super-log's.

    A deployment signs both with one key, under the log's origin as its name.

    Args:
        origin: Of the log.
        pins: What to believe.
        earlier: Whether keys count, too, that are frozen now.
    """
    keys = every_key(pins) if earlier else list(pins.keys)
    own = [key for key in keys if key.name == origin]
    for key in keys:
        deployment = deployment_of(key.name)
        if deployment is not None and origin.startswith(f"{deployment}/t/"):
            own.append(VerifierKey.of(origin, ED25519, key.public))
    return own


def every_key(pins: Pins) -> list[VerifierKey]:
    """Return the keys by which somebody reads what he himself believed earlier: frozen ones, too.

    A key that is frozen now was not when its log was followed.
    """
    return [*pins.keys, *(key for key in pins.frozen if key not in pins.keys)]


def deployment_of(super_origin: str) -> str | None:
    """Return the deployment whose super-log has this origin; None for another log's."""
    try:
        return read_super_origin(super_origin)[0]
    except MalformedError:
        return None


def _no_quorum(signed: SignedCheckpoint, text: str) -> Alarm:
    evidence = {"shown.note": signed.text.encode()}
    return Alarm(Kind.NO_QUORUM, Subject.WITNESSES, text, evidence=evidence)
