"""From drafts to their entries: the personal and the free part becomes salted commitments."""

from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from tallystick.errors import MalformedError
from tallystick.events.commitment import DOMAIN
from tallystick.events.framing import prefixed
from tallystick.ledger.draft import Draft
from tallystick.ledger.leaf import MAX_LEAF, STAMP_LENGTH, Via, refs_text, via_member
from tallystick.ledger.ports import Entropy
from tallystick.ledger.subjects import Subject, event_key

_DOMAIN = DOMAIN + b"\x00"
_ID_LENGTH = b"\x00\x10"
_NONCE = 12


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
        """Return the leaf, given the member that holds its time of receipt."""
        return self.before + stamp + self.after


class Sealer:
    """Seals the drafts of one log.

    Args:
        origin: The log's origin.
        via: How the events came in.
        entropy: Where nonces come from.
    """

    def __init__(self, origin: str, via: Via, entropy: Entropy) -> None:
        self._prefixed = prefixed(origin.encode())
        self._entropy = entropy
        self._via = via_member(via)

    def seal(
        self, drafts: Sequence[Draft], people: Mapping[str, Subject], block: Subject | None
    ) -> Iterator[Sealed | MalformedError]:
        """Seal drafts.

        Args:
            drafts: The parted events.
            people: The subject of every person in them.
            block: The block whose key the events' own keys derive from, if one needs it.

        Yields:
            For each draft its entry, or why no bundle can hold that.
        """
        nonces = self._nonces(sum([len(draft.owners) for draft in drafts]))
        for draft in drafts:
            try:
                yield self._seal(draft, people, block, nonces)
            except MalformedError as error:
                yield error

    def _nonces(self, expected: int) -> Iterator[bytes]:
        """Yield nonces without end; as many as are expected are drawn at once."""
        while True:
            drawn = self._entropy.draw(_NONCE * max(expected, 1))
            for start in range(0, len(drawn), _NONCE):
                yield drawn[start : start + _NONCE]

    def _seal(
        self,
        draft: Draft,
        people: Mapping[str, Subject],
        block: Subject | None,
        nonces: Iterator[bytes],
    ) -> Sealed:
        event_id, owners, texts, (before, between, after), layout = draft
        subjects = [
            _of_event(event_id, block) if owner is None else people[owner] for owner in owners
        ]
        identity = _ID_LENGTH + event_id
        sealed = layout.sealed % self._codes(draft, subjects, identity)
        refs = refs_text([subject.ref_text for subject in subjects])
        after = b"".join((sealed, between, refs, after, self._via))
        size = len(before) + len(after) + STAMP_LENGTH
        if size > MAX_LEAF:
            return self._seal(layout.folded(size), people, block, nonces)
        disclosure = b""
        for slot, subject in enumerate(subjects):
            mine = texts if len(owners) == 1 else _of_slot(slot, draft)
            values = b"[%b]" % b",".join(mine)
            nonce = next(nonces)
            disclosure += subject.cipher.seal(self._prefixed + identity, slot, nonce, values)
        return Sealed(event_id, before, after, disclosure or None)

    def _codes(
        self, draft: Draft, subjects: Sequence[Subject], identity: bytes
    ) -> tuple[bytes, ...]:
        """Commit to every value, in base64, as :mod:`tallystick.events.commitment` defines it."""
        states = []
        for subject in subjects:
            state = subject.salts(self._prefixed).copy()
            state.update(identity)
            states.append(state)
        codes = []
        for (slot, path), text in zip(draft.layout.spots, draft.texts, strict=True):
            salt = states[slot].copy()
            salt.update(path)
            committed = sha256(_DOMAIN + salt.digest() + path + text).digest()
            codes.append(b2a_base64(committed, newline=False))
        return tuple(codes)


def _of_slot(slot: int, draft: Draft) -> list[bytes]:
    """Return the values of one subject, in the order of "sealed"."""
    spots = zip(draft.layout.spots, draft.texts, strict=True)
    return [text for (at, _), text in spots if at == slot]


def _of_event(event_id: bytes, block: Subject | None) -> Subject:
    """Return the subject that an event without a known person is to itself."""
    if block is None:
        raise AssertionError("an event without a known person needs a block")
    return Subject(block.ref, event_key(block.key, event_id), None, stored=True)
