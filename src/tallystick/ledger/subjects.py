"""The people (and other subjects) of a tenant, each with a random ref and a random key.

An entry names a subject by its ref alone. Values that belong to nobody known are sealed under a
key of the event itself, which derives from the key of a block: a subject without a person, shared
by up to 4,096 events, so that wrapping all keys anew after an erasure stays cheap (ADR 0009).
"""

from collections.abc import Iterable
from hashlib import blake2b
from threading import RLock

from tallystick.errors import NotFoundError
from tallystick.ledger.disclosure import Cipher
from tallystick.ledger.ports import Entropy, KeyKeeper, Row, Snapshot, Value
from tallystick.ledger.queries import as_bytes, as_int
from tallystick.ledger.tenant_keys import (
    SUBJECTS,
    TenantKeys,
    open_keys,
    subject_context,
    survivor_context,
)

BLOCK_EVENTS = 4_096
RUN_REFS = 256
MAX_CACHED = 100_000


class Subject:
    """One subject's ref and key, as long as they live.

    Attributes:
        ref: 16 bytes; entries name the subject by them. A run of up to 256 refs shares the first
            four, all others are random.
        key: 32 random bytes; destroying them erases.
        lookup: Keyed hash of the person's id, None for a block of events.
        stored: Whether the row is known to be committed.
    """

    __slots__ = ("_cipher", "_salts", "key", "lookup", "ref", "ref_text", "stored")

    def __init__(self, ref: bytes, key: bytes, lookup: bytes | None, *, stored: bool) -> None:
        self.ref = ref
        self.ref_text = ref.hex()
        self.key = key
        self.lookup = lookup
        self.stored = stored
        self._salts: dict[bytes, blake2b] = {}
        self._cipher: Cipher | None = None

    @property
    def cipher(self) -> Cipher:
        """What encrypts the subject's sections."""
        if self._cipher is None:
            self._cipher = Cipher(self.key)
        return self._cipher

    def salts(self, origin: bytes) -> blake2b:
        """Return the keyed BLAKE2b, fed with the length-prefixed origin, that salts start from.

        Copy it before use; :func:`tallystick.events.commitment.derive_salt` defines the rest.
        """
        state = self._salts.get(origin)
        if state is None:
            state = salt_state(self.key, origin)
            self._salts[origin] = state
        return state


def salt_state(key: bytes, origin: bytes) -> blake2b:
    """Start deriving the salts of one subject in one log; ``origin`` has its length in front."""
    return blake2b(origin, key=key, digest_size=16, person=b"salt")


def event_key(block_key: bytes, event_id: bytes) -> bytes:
    """Derive the 32-byte key of one event from the key of its block."""
    return blake2b(event_id, key=block_key, digest_size=32, person=b"event").digest()


class TenantSubjects:
    """What one door knows of one tenant's subjects; valid for one version of the tenant's state.

    Callers hold ``lock`` while they resolve and seal.
    """

    def __init__(self, tenant: int, keeper: KeyKeeper, entropy: Entropy) -> None:
        self.tenant = tenant
        self.lock = RLock()
        self.version = 0
        self._keeper = keeper
        self._entropy = entropy
        self._keys: TenantKeys | None = None
        self._people: dict[str, Subject] = {}
        self._openers: dict[bytes, Subject] = {}
        self._block: Subject | None = None
        self._block_left = 0
        self._run = b""
        self._run_left = 0

    def refresh(self, snapshot: Snapshot) -> None:
        """Forget everything cached if the tenant's state has moved on (an erasure, say).

        Raises:
            NotFoundError: There is no such tenant.
        """
        rows = snapshot.rows(SUBJECTS["state"], tenant=self.tenant)
        if not rows:
            raise NotFoundError(f"tenant {self.tenant}: unknown")
        version = rows[0][0]
        if version != self.version and isinstance(version, int):
            self.version = version
            self._keys = None
            self._people = {}
            self._openers = {}
            self._block = None

    def stored_refs(self, snapshot: Snapshot, subjects: Iterable[Subject]) -> dict[Subject, bytes]:
        """Return the ref that is stored for each person (for a block: its own), if there is one."""
        stored: dict[Subject, bytes] = {}
        people: dict[bytes, Subject] = {}
        for subject in subjects:
            if subject.lookup is not None:
                people[subject.lookup] = subject
            elif snapshot.rows(SUBJECTS["by_ref"], tenant=self.tenant, ref=subject.ref):
                stored[subject] = subject.ref
        for lookup, ref, *_ in self._rows(snapshot, people):
            stored[people[as_bytes(lookup)]] = as_bytes(ref)
        return stored

    def adopt(self, snapshot: Snapshot, person: str) -> Subject:
        """Take the stored subject of a person in place of one that was drawn here."""
        self._people.pop(person, None)
        return self.resolve(snapshot, [person])[person]

    def keys(self, snapshot: Snapshot) -> TenantKeys:
        """Return the tenant's opened keys."""
        if self._keys is None:
            self._keys = open_keys(snapshot, self._keeper, self.tenant)
        return self._keys

    def resolve(self, snapshot: Snapshot, people: Iterable[str]) -> dict[str, Subject]:
        """Find the subjects of people, and draw keys for those met for the first time."""
        known = self._people
        if len(known) > MAX_CACHED:
            known.clear()
        met = dict.fromkeys(people)
        unknown = [person for person in met if person not in known]
        if unknown:
            known.update(self._find(snapshot, unknown))
        for person in unknown:
            if person not in known:
                known[person] = self._mint(self.keys(snapshot).lookup(person))
        return {person: known[person] for person in met}

    def block(self, events: int) -> Subject:
        """Return the block under which the next ``events`` events derive their keys."""
        if self._block is None or self._block_left < events:
            self._block = self._mint(None)
            self._block_left = BLOCK_EVENTS
        self._block_left -= events
        return self._block

    def row(self, snapshot: Snapshot, subject: Subject) -> dict[str, Value]:
        """Write a subject as the row to be stored, its key wrapped under the tenant key."""
        keys = self.keys(snapshot)
        context = subject_context(self.tenant, subject.ref, subject.lookup)
        return {
            "tenant": self.tenant,
            "ref": subject.ref,
            "lookup": subject.lookup,
            "generation": keys.generation,
            "wrapped": keys.wrap(subject.key, context, self._entropy.draw(12)),
        }

    def find(self, snapshot: Snapshot, person: str) -> Subject | None:
        """Find a person's subject, or None where there is none (never met, or erased)."""
        known = self._people.get(person)
        if known is not None and known.stored:
            return known
        return self._find(snapshot, [person]).get(person)

    def opener(self, snapshot: Snapshot, ref: bytes, event_id: bytes) -> Subject | None:
        """Return what opens one subject's section of one event, or None if its key is destroyed.

        Keys once unwrapped are kept until the tenant's state moves on.

        Raises:
            VerificationError: The row does not belong to this ref.
        """
        known = self._openers.get(ref) or self._unwrapped(snapshot, ref)
        if known is not None:
            if known.lookup is not None:
                return known
            return Subject(ref, event_key(known.key, event_id), None, stored=True)
        for generation, wrapped in snapshot.rows(
            SUBJECTS["survivor"], tenant=self.tenant, ref=ref, event_id=event_id
        ):
            context = survivor_context(self.tenant, ref, event_id)
            key = self.keys(snapshot).unwrap(as_bytes(wrapped), as_int(generation), context)
            return Subject(ref, key, None, stored=True)
        return None

    def _unwrapped(self, snapshot: Snapshot, ref: bytes) -> Subject | None:
        for lookup, generation, wrapped in snapshot.rows(
            SUBJECTS["by_ref"], tenant=self.tenant, ref=ref
        ):
            found = None if lookup is None else as_bytes(lookup)
            context = subject_context(self.tenant, ref, found)
            key = self.keys(snapshot).unwrap(as_bytes(wrapped), as_int(generation), context)
            if len(self._openers) > MAX_CACHED:
                self._openers.clear()
            known = self._openers[ref] = Subject(ref, key, found, stored=True)
            return known
        return None

    def _find(self, snapshot: Snapshot, people: Iterable[str]) -> dict[str, Subject]:
        """Open the stored subjects of people; who has none is left out."""
        keys = self.keys(snapshot)
        names = {keys.lookup(person): person for person in people}
        found: dict[str, Subject] = {}
        for lookup, ref, generation, wrapped in self._rows(snapshot, names):
            name, row = as_bytes(lookup), as_bytes(ref)
            context = subject_context(self.tenant, row, name)
            key = keys.unwrap(as_bytes(wrapped), as_int(generation), context)
            found[names[name]] = Subject(row, key, name, stored=True)
        return found

    def _rows(self, snapshot: Snapshot, lookups: Iterable[bytes]) -> list[Row]:
        return snapshot.rows(SUBJECTS["by_lookups"], tenant=self.tenant, lookups=tuple(lookups))

    def _mint(self, lookup: bytes | None) -> Subject:
        chance = self._entropy.draw(48)
        if not self._run_left:
            self._run, self._run_left = chance[:4], RUN_REFS
        self._run_left -= 1
        # A run of refs begins alike: its rows lie in the same few pages (ADR 0012).
        return Subject(self._run + chance[4:16], chance[16:], lookup, stored=False)
