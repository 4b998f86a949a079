"""From a draft to its entry: the personal and the free part becomes salted commitments."""

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256

from tallystick.events.commitment import DOMAIN
from tallystick.events.framing import prefixed
from tallystick.ledger.disclosure import Cipher
from tallystick.ledger.draft import Draft
from tallystick.ledger.leaf import MAX_LEAF, STAMP_LENGTH, Via, via_member
from tallystick.ledger.ports import Entropy
from tallystick.ledger.subjects import Subject, event_key, salt_state

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

    def seal(self, draft: Draft, people: Mapping[str, Subject], block: Subject | None) -> Sealed:
        """Seal one draft.

        Args:
            draft: The parted event.
            people: The subject of every person in it.
            block: The block whose key the event's own key derives from, if it needs one.

        Raises:
            MalformedError: The entry would be larger than a bundle can hold.
        """
        identity = _ID_LENGTH + draft.event_id
        while True:
            refs: list[str] = []
            states: list[blake2b] = []
            ciphers: list[Cipher] = []
            for owner in draft.owners:
                ref, state, cipher = self._opened(draft.event_id, owner, people, block)
                state.update(identity)
                refs.append(ref)
                states.append(state)
                ciphers.append(cipher)
            before, after = draft.layout.leaf(draft.values, _codes(draft, states), refs)
            size = len(before) + len(after) + len(self._via) + STAMP_LENGTH
            if size <= MAX_LEAF:
                disclosure = self._encrypt(draft, ciphers, self._prefixed + identity)
                return Sealed(draft.event_id, before, after + self._via, disclosure)
            draft = draft.layout.folded(size)

    def _opened(
        self,
        event_id: bytes,
        owner: str | None,
        people: Mapping[str, Subject],
        block: Subject | None,
    ) -> tuple[str, blake2b, Cipher]:
        """Return a subject's ref, the state that salts start from, and its cipher."""
        if owner is not None:
            subject = people[owner]
            return subject.ref_text, subject.salts(self._prefixed).copy(), subject.cipher
        if block is None:
            raise AssertionError("an event without a known person needs a block")
        key = event_key(block.key, event_id)
        return block.ref_text, salt_state(key, self._prefixed), Cipher(key)

    def _encrypt(self, draft: Draft, ciphers: Sequence[Cipher], identity: bytes) -> bytes | None:
        sections = [
            cipher.seal(
                identity,
                slot,
                self._entropy.draw(_NONCE),
                draft.layout.disclosure(slot, draft.texts),
            )
            for slot, cipher in enumerate(ciphers)
        ]
        return b"".join(sections) or None


def _codes(draft: Draft, states: Sequence[blake2b]) -> list[bytes]:
    """Commit to every value, in base64; :func:`tallystick.events.commitment.commit` defines how."""
    codes: list[bytes] = []
    for (slot, path), text in zip(draft.spots, draft.texts, strict=True):
        salt = states[slot].copy()
        salt.update(path)
        committed = sha256(_DOMAIN + salt.digest() + path + text).digest()
        codes.append(b2a_base64(committed, newline=False))
    return codes
