"""Signed notes: a text and lines of signatures (c2sp.org/signed-note).

::

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3…

A signature covers the text with its last newline, and not the blank line behind it. Who reads a
note looks only at the lines of keys known beforehand; all others are ignored, so that logs and
witnesses can sign side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.key import ED25519, KEY_ID_SIZE, VerifierKey, key_id, vkey
from tallystick.tlog.spelling import (
    decode_base64,
    encode_base64,
    require_key_name,
    require_text,
)

__all__ = [
    "Note",
    "Signature",
    "VerifierKey",
    "key_id",
    "sign_note",
    "verify_note",
    "vkey",
]

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: Name of the key.
        key_id: Four bytes that tell keys of one name apart; a hint, not an identity.
        payload: What the algorithm made, at least one byte; a cosignature begins with its time.

    Raises:
        MalformedError: One of them cannot stand in a line.
    """

    name: str
    key_id: bytes
    payload: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not self.payload:
            raise MalformedError(
                f"signature of {self.name}: id of {len(self.key_id)} and payload of "
                f"{len(self.payload)} bytes, want {KEY_ID_SIZE} and at least 1"
            )

    def format(self) -> str:
        """Return the line, without newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.payload)}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line, without newline.

        Raises:
            MalformedError: It is not spelled as :meth:`format` would.
        """
        match line.removeprefix(_DASH).split(" "):
            case [name, encoded] if line.startswith(_DASH):
                data = decode_base64("signature", encoded)
                return cls(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])
        raise MalformedError(f"signature line: {line[:80]!r}, want an em dash, a name and base64")


@dataclass(frozen=True, slots=True)
class Note:
    """A text with the signatures that it carries, verified or not.

    Attributes:
        text: Ends in a newline; no control characters but newlines.
        signatures: 1 to 100.

    Raises:
        MalformedError: It would be no note, or one of more than 1,000,000 bytes.
    """

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise MalformedError("note: text without last newline, want one")
        require_text("note", self.text)
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedError(
                f"note: {len(self.signatures)} signatures, want 1 to {MAX_SIGNATURES}"
            )
        if (size := len(self.format().encode())) > MAX_NOTE_BYTES:
            raise MalformedError(f"note: {size:,} bytes, want at most {MAX_NOTE_BYTES:,}")

    def format(self) -> str:
        """Return text, blank line and signature lines."""
        lines = "".join(f"{signature.format()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}"

    def with_signatures(self, *more: Signature) -> Self:
        """Return the same text with further signatures behind those that it carries."""
        return type(self)(self.text, (*self.signatures, *more))

    @classmethod
    def parse(cls, data: bytes | str) -> Self:
        """Read a note. Whether its signatures are true is left to :func:`verify_note`.

        Raises:
            MalformedError: It is none, passes a limit, or :meth:`format` would spell it otherwise.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise MalformedError(f"note: {len(data):,}, want at most {MAX_NOTE_BYTES:,} bytes")
        written = data if isinstance(data, str) else _decode(data)
        # The text may have empty lines of its own: the last one divides.
        text, blank, lines = written.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise MalformedError("note: no ended signature line, want one behind a blank line")
        # Counted before any is read: a stranger could send a hundred thousand.
        if (count := lines.count("\n")) > MAX_SIGNATURES:
            raise MalformedError(f"note: {count} signatures, want 1 to {MAX_SIGNATURES}")
        signatures = tuple(Signature.parse(line) for line in lines[:-1].split("\n"))
        return cls(f"{text}\n", signatures)


def sign_note(text: str, name: str, public: bytes, sign: Callable[[bytes], bytes]) -> Note:
    """Sign a text with an Ed25519 key.

    Args:
        text: Ends in a newline.
        name: Name of the key.
        public: The public key, 32 bytes.
        sign: Returns the 64-byte signature of a message by the private key.

    Raises:
        MalformedError: Text, name or key cannot stand in a note.
    """
    key = VerifierKey.of(name, ED25519, public)
    return Note(text, (Signature(name, key.key_id, sign(text.encode())),))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Check every signature that a known key should have made.

    Args:
        note: The note; lines of unknown keys in it are ignored.
        keys: The keys that are known, from somewhere else than the note.

    Returns:
        The keys that signed, each once, in the order of their lines; at least one.

    Raises:
        MalformedError: Two known keys have the name and id of one signature line.
        VerificationError: No known key signed, or a line that claims to be of one is not.
    """
    signed: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        named = (signature.name, signature.key_id)
        known = [key for key in keys if (key.name, key.key_id) == named]
        if len(known) > 1:
            raise MalformedError(
                f"keys: {len(known)} of {signature.name} {signature.key_id.hex()}, want 1"
            )
        for key in known:
            key.verify(note.text, signature.payload)
            signed[key] = None
    if not signed:
        raise VerificationError(
            f"note: signed by {', '.join(sorted({s.name for s in note.signatures}))}, "
            f"want {' or '.join(sorted({key.name for key in keys})) or 'a known key'}"
        )
    return [*signed]


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"note: byte {error.start} is no UTF-8, want UTF-8") from error
