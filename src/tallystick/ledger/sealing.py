"""From an event to its entry: the personal and the free part becomes salted commitments.

The result lacks one thing, the time of receipt: it is set when the entry gets its index, so that
time never runs backwards in a log (ADR 0011). Until then the leaf is kept as the bytes before
and after it.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.canonical import encode
from tallystick.events.commitment import DOMAIN
from tallystick.events.pointer import put
from tallystick.ledger.disclosure import Cipher, entry_identity
from tallystick.ledger.plan import Found
from tallystick.ledger.ports import Entropy
from tallystick.ledger.subjects import Subject, event_key, salt_state

ENTRY_VERSION = 1
MAX_LEAF = 65_535
_STAMP_LENGTH = len('"received_at":"2026-11-24T02:45:00.123456Z"')
_NO_TIME = b'"received_at":""'
_DOMAIN = DOMAIN + b"\x00"
_ID_LENGTH = b"\x00\x10"
_write = msgspec.json.Encoder(order="sorted").encode
_write_text = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Via(NamedTuple):
    """How an event came in: the credential's id, and the door."""

    key_id: str
    door: str


class Draft(NamedTuple):
    """An event parted for sealing.

    Attributes:
        event_id: 16 bytes.
        clear: What stands in the entry in clear.
        found: What is to be sealed.
        retention: The record class of its action.
    """

    event_id: bytes
    clear: dict[str, object]
    found: list[Found]
    retention: str


@dataclass(slots=True)
class Sealed:
    """An entry but for its time of receipt.

    Attributes:
        event_id: 16 bytes.
        before: Leaf bytes up to the time of receipt.
        after: Leaf bytes from there on.
        disclosure: Encoded sections, or None when nothing was sealed.
    """

    event_id: bytes
    before: bytes
    after: bytes
    disclosure: bytes | None

    def leaf(self, stamp: bytes) -> bytes:
        """Return the leaf for a time of receipt written by :func:`stamp_of`."""
        return self.before + stamp + self.after


def stamp_of(received_at: int) -> bytes:
    """Write a time of receipt (microseconds) as the leaf member that holds it."""
    return f'"received_at":"{time_text(received_at)}"'.encode()


def time_text(microseconds: int) -> str:
    """Write a time as RFC 3339 in UTC with six digits."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def people_in(drafts: Iterable[Draft]) -> set[str]:
    """Return everybody whom the values to be sealed tell about."""
    return {person for draft in drafts for _, _, person in draft.found if person is not None}


def needs_event_key(draft: Draft) -> bool:
    """Whether something in the draft belongs to nobody known, or may be folded to be so."""
    if None in [person for _, _, person in draft.found]:
        return True
    if "changes" not in draft.clear:
        return False
    return len({person for path, _, person in draft.found if path.startswith("/changes/")}) > 1


class _Part:
    """The values of one subject in one entry, while they are being sealed."""

    __slots__ = ("cipher", "members", "slot", "state")

    def __init__(self, slot: int, state: blake2b, cipher: Cipher) -> None:
        self.slot = slot
        self.state = state
        self.cipher = cipher
        self.members: list[bytes] = []


class Sealer:
    """Seals the drafts of one log.

    Args:
        origin: The log's origin.
        via: How the events came in.
        entropy: Where nonces come from.
    """

    def __init__(self, origin: str, via: Via, entropy: Entropy) -> None:
        self._origin = origin
        self._prefixed = prefixed(origin.encode())
        self._entropy = entropy
        self._via = {"door": via.door, "key_id": via.key_id}
        self._chance = b""

    def seal(self, draft: Draft, people: Mapping[str, Subject], block: Subject | None) -> Sealed:
        """Seal one draft.

        Args:
            draft: The parted event.
            people: The subject of every person in it.
            block: The block whose key the event's own key derives from, if it needs one.

        Raises:
            MalformedError: The entry would be larger than a bundle can hold.
        """
        while True:
            refs: list[str] = []
            parts: dict[str | None, _Part] = {}
            sealed = self._commit(draft, people, block, refs, parts)
            before, after = self._assemble(draft, refs, sealed)
            size = len(before) + len(after) + _STAMP_LENGTH
            if size <= MAX_LEAF:
                disclosure = self._encrypt(draft, parts.values())
                return Sealed(draft.event_id, before, after, disclosure)
            draft = _folded(draft, size)

    def _commit(
        self,
        draft: Draft,
        people: Mapping[str, Subject],
        block: Subject | None,
        refs: list[str],
        parts: dict[str | None, _Part],
    ) -> bytes:
        """Commit to every value; returns the entry's ``sealed`` object."""
        members: list[tuple[str, bytes]] = []
        plain = True
        for path, value, person in draft.found:
            part = parts.get(person)
            if part is None:
                part = parts[person] = self._part(draft, person, people, block, refs)
            name, key, ascii_only = _spelled(path)
            plain = plain and ascii_only
            salt = part.state.copy()
            salt.update(name)
            text = _write_text(value) if type(value) is str else encode(value)
            committed = sha256(_DOMAIN + salt.digest() + name + text).digest()
            code = b2a_base64(committed, newline=False)
            members.append((path, b'%b[%d,"%b"]' % (key, part.slot, code)))
            part.members.append(key + text)
        if plain:
            members.sort()
        else:
            members.sort(key=_utf16)
        return b",".join([member for _, member in members])

    def _part(
        self,
        draft: Draft,
        person: str | None,
        people: Mapping[str, Subject],
        block: Subject | None,
        refs: list[str],
    ) -> _Part:
        slot = len(refs)
        if person is not None:
            subject = people[person]
            state, cipher = subject.salts(self._prefixed).copy(), subject.cipher
            refs.append(subject.ref_text)
        elif block is not None:
            key = event_key(block.key, draft.event_id)
            state, cipher = salt_state(key, self._prefixed), Cipher(key)
            refs.append(block.ref_text)
        else:
            raise AssertionError("an event without a known person needs a block")
        state.update(_ID_LENGTH + draft.event_id)
        return _Part(slot, state, cipher)

    def _encrypt(self, draft: Draft, parts: Iterable[_Part]) -> bytes | None:
        identity = entry_identity(self._origin, draft.event_id)
        sections = [
            part.cipher.seal(identity, part.slot, self._nonce(), b"{%b}" % b",".join(part.members))
            for part in parts
        ]
        return b"".join(sections) or None

    def _nonce(self) -> bytes:
        """Take 12 random bytes; they are drawn for many sections at once."""
        if not self._chance:
            self._chance = self._entropy.draw(12 * 64)
        nonce, self._chance = self._chance[:12], self._chance[12:]
        return nonce

    def _assemble(self, draft: Draft, refs: list[str], sealed: bytes) -> tuple[bytes, bytes]:
        """Write the leaf up to the time of receipt, and from there on.

        What stands in clear are closed words, tokens and integers, whose sorted JSON is their
        canonical form. The empty time of receipt is found again by its text: no token is empty.
        "sealed" comes right behind it in canonical order.
        """
        members = draft.clear
        members["class"] = draft.retention
        members["received_at"] = ""
        members["v"] = ENTRY_VERSION
        members["via"] = self._via
        if refs:
            members["subject_refs"] = refs
        before, _, after = _write(members).partition(_NO_TIME)
        return before, (b',"sealed":{%b}%b' % (sealed, after) if sealed else after)


def prefixed(name: bytes) -> bytes:
    """Put the length of a name, 2 bytes, before it."""
    return len(name).to_bytes(2, "big") + name


@lru_cache(maxsize=4_096)
def _spelled(path: str) -> tuple[bytes, bytes, bool]:
    """Return a path with its length in front, as a member name, and whether it is ASCII."""
    return prefixed(path.encode()), encode(path) + b":", path.isascii()


def _utf16(member: tuple[str, bytes]) -> bytes:
    return member[0].encode("utf-16-be")


def _folded(draft: Draft, size: int) -> Draft:
    """Move all changes whole behind one commitment."""
    inner = [found for found in draft.found if found[0].startswith("/changes/")]
    if not inner:
        raise MalformedError(f"entry: {size:,} bytes once sealed, want at most {MAX_LEAF:,}")
    whole = {"changes": deepcopy(draft.clear["changes"])}
    for path, value, _ in inner:
        put(whole, path, value)
    owners = {person for _, _, person in inner}
    owner = owners.pop() if len(owners) == 1 else None
    kept = [found for found in draft.found if not found[0].startswith("/changes/")]
    clear = {name: value for name, value in draft.clear.items() if name != "changes"}
    found = [*kept, ("/changes", whole["changes"], owner)]
    return Draft(draft.event_id, clear, found, draft.retention)
