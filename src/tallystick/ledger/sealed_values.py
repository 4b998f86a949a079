"""The sealed values of an entry, decrypted and committed to anew."""

from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from tallystick.errors import VerificationError
from tallystick.events.canonical import encode
from tallystick.events.commitment import DOMAIN
from tallystick.events.framing import prefixed
from tallystick.ledger.disclosure import Section
from tallystick.ledger.subjects import Subject

Salted = dict[str, tuple[bytes, bytes]]
"""Path → (16-byte salt, canonical value): what a commitment is made of."""

Commitments = dict[str, list[object]]
"""Path → ``[slot, commitment]``, as the member ``sealed`` of an entry has them."""

_DOMAIN: Final = DOMAIN + b"\x00"
_split: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_write_text: Final = msgspec.json.Encoder().encode


def decrypt(
    origin: bytes, event_id: bytes, subject: Subject, section: Section, paths: Sequence[str]
) -> dict[str, bytes]:
    """Decrypt the section of one subject in one entry: path → value as JSON.

    Args:
        origin: Origin of the entry's log, behind its length.
        event_id: The event's id, behind its length.
        subject: Whose section it is.
        section: As it is stored.
        paths: What the entry has sealed to the subject, in its order.

    Raises:
        VerificationError: It is not the section that was sealed for this entry.
    """
    plaintext = subject.cipher.open(origin + event_id, section)
    try:
        texts = [bytes(value) for value in _split(plaintext)]
    except msgspec.DecodeError:
        raise VerificationError("disclosure: no list of values") from None
    if len(texts) != len(paths):
        raise VerificationError(
            f"disclosure: {len(texts)} values, the entry commits to {len(paths)}"
        )
    if b"[%b]" % b",".join(texts) != plaintext:
        raise VerificationError("disclosure: values with something between them")
    return dict(zip(paths, texts, strict=True))


def commit(
    origin: bytes, event_id: bytes, subject: Subject, texts: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes, str]]:
    """Commit to the values of one subject in one entry, as was done when they were sealed.

    Yields:
        For each value its path, its 16-byte salt, and the commitment in base64.

    Args:
        origin: Origin of the entry's log, behind its length.
        event_id: The event's id, behind its length.
        subject: Whose values they are.
        texts: By path, as JSON. What leads to the commitment of the entry is the very text that
            was sealed, and so in canonical form.

    Source: docs/specs/entry-v1; ``events.commitment`` gives the reasons.
    """
    started = subject.salts(origin).copy()
    started.update(event_id)
    for path, text in texts.items():
        place = framed(path)
        state = started.copy()
        state.update(place)
        salt = state.digest()
        code = b2a_base64(sha256(_DOMAIN + salt + place + text).digest(), newline=False)
        yield path, salt, code.decode()


def canonical_text(value: object) -> bytes:
    """Write a value in its one spelling; a string alone needs no closer look."""
    return _write_text(value) if type(value) is str else encode(value)


@lru_cache(maxsize=4_096)
def framed(text: str) -> bytes:
    """Put the length of a path or an origin before it; there are few of either."""
    return prefixed(text.encode())
