"""The entry of a log, as somebody reads it who holds no keys.

Its bytes were hashed; here they are only read. Every form that could be read in two ways is
refused, so that what a verifier shows is what the log holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.errors import MalformedError, VerificationError
from tallystick.events.commitment import commit
from tallystick.events.pointer import put, tokens
from tallystick.tlog.hashing import require_hashes
from tallystick.tlog.spelling import decode_base64
from tallystick.verify import strict_json

ENTRY_VERSION: Final = 1
MAX_ENTRY: Final = 65_535
_REF: Final = 32
_HEX: Final = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class SealedValue:
    """What an entry says about a value that it does not show.

    Attributes:
        slot: Position of its subject in the entry's ``subject_refs``.
        commitment: 32 bytes.
    """

    slot: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class EntryText:
    """An entry, read.

    Attributes:
        clear: All members but ``subject_refs`` and ``sealed``; opening puts values into it.
        refs: The subjects that the entry names, 32 hex digits each.
        sealed: By path.
        received_at: When it got its place, RFC 3339 in UTC.
    """

    clear: dict[str, object]
    refs: list[str]
    sealed: dict[str, SealedValue]
    received_at: str

    @classmethod
    def parse(cls, leaf: bytes) -> "EntryText":
        """Read the leaf bytes of an entry.

        Raises:
            MalformedError: The bytes are no entry of version 1.

        Source: docs/specs/entry-v1.
        """
        if len(leaf) > MAX_ENTRY:
            raise MalformedError(f"entry: {len(leaf):,} bytes, want at most {MAX_ENTRY:,}")
        members = strict_json.read(leaf, "entry")
        if not isinstance(members, dict):
            raise MalformedError("entry: want an object")
        version = members.get("v")
        if type(version) is not int or version != ENTRY_VERSION:
            raise MalformedError(f"entry: version {version!r}, want {ENTRY_VERSION}")
        refs = _refs(members.pop("subject_refs", []))
        sealed = dict(_sealed(members.pop("sealed", {}), len(refs)))
        _refuse_nested(sealed)
        received_at = members.get("received_at")
        if not isinstance(received_at, str):
            raise MalformedError("entry: received_at, want a time")
        return cls(members, refs, sealed, received_at)

    def open(self, disclosure: Mapping[str, tuple[bytes, str]]) -> dict[str, int]:
        """Put disclosed values into the clear part, each checked against its commitment.

        Args:
            disclosure: Path → (16-byte salt, canonical JSON text of the value).

        Returns:
            The paths that stay closed, with the slot of their subject.

        Raises:
            VerificationError: A value is not the one that was sealed there.
            MalformedError: A value is no JSON, or its path is no place of this entry.
        """
        for path, (salt, text) in disclosure.items():
            sealed = self.sealed.get(path)
            if sealed is None:
                raise VerificationError(f"disclosure: {path} is not sealed in this entry")
            if commit(salt, path, text.encode()) != sealed.commitment:
                raise VerificationError(f"disclosure: the value at {path} is not the one committed")
            # The text is shown as the value it says, but only its bytes were ever hashed.
            value = strict_json.read(text.encode(), f"disclosure: {path}")
            _refuse_occupied(self.clear, path, value)
            put(self.clear, path, value)
        return {path: sealed.slot for path, sealed in self.sealed.items() if path not in disclosure}


def _refs(refs: object) -> list[str]:
    if not isinstance(refs, list) or not all(_is_ref(ref) for ref in refs):
        raise MalformedError(f"entry: subject_refs, want a list of {_REF} hex digits each")
    return refs


def _is_ref(ref: object) -> bool:
    return isinstance(ref, str) and len(ref) == _REF and not ref.strip(_HEX)


def _sealed(sealed: object, slots: int) -> Iterator[tuple[str, SealedValue]]:
    if not isinstance(sealed, dict):
        raise MalformedError("entry: sealed, want an object")
    for path, pair in sealed.items():
        if len(tokens(path)) > strict_json.MAX_DEPTH:
            raise MalformedError(f"entry: sealed {path[:80]}, leads too deep")
        match pair:
            case [int() as slot, str() as text] if type(slot) is int and 0 <= slot < slots:
                code = decode_base64(f"entry: sealed {path}", text)
                require_hashes(f"entry: sealed {path}", [code])
                yield path, SealedValue(slot, code)
            case _:
                raise MalformedError(f"entry: sealed {path}, want [slot, commitment]")


def _refuse_nested(sealed: Mapping[str, SealedValue]) -> None:
    """Refuse a sealed place inside a sealed place: the order of opening would decide."""
    for path in sealed:
        *outer, _ = path.split("/")
        for end in range(2, len(outer) + 1):
            if "/".join(outer[:end]) in sealed:
                raise MalformedError(f"entry: sealed {path} lies inside another sealed value")


def _refuse_occupied(clear: object, path: str, value: object) -> None:
    """Refuse a sealed value at a place that stands in clear too.

    Two objects without a common member make up one: metadata that is in part declared clear.
    """
    place = clear
    for token in tokens(path):
        if isinstance(place, list):
            # One spelling a position: else two paths could mean one place.
            if token not in map(str, range(len(place))):
                raise MalformedError(f"entry: {path} is no place of this entry")
            place = place[int(token)]
        elif isinstance(place, dict) and token in place:
            place = place[token]
        elif isinstance(place, dict):
            return
        else:
            raise MalformedError(f"entry: {path} is no place of this entry")
    if not isinstance(place, dict) or (not isinstance(value, dict) and place):
        raise MalformedError(f"entry: {path} stands in clear and sealed")
    if isinstance(value, dict) and place.keys() & value.keys():
        raise MalformedError(f"entry: {path} stands in clear and sealed")
