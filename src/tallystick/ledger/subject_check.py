"""Whether every subject that an entry names has its key, or an erasure that says why not."""

from collections.abc import Iterator, Mapping

from tallystick.errors import TallystickError, VerificationError
from tallystick.ledger.erased import erased_refs, named
from tallystick.ledger.ledger import LEDGER_DOOR, Ledger
from tallystick.ledger.opening import read_leaf, refs_of
from tallystick.ledger.ports import Entry, Snapshot
from tallystick.ledger.queries import as_bytes, as_int
from tallystick.ledger.subjects import MAX_CACHED, Subject, event_key
from tallystick.ledger.tenant_keys import (
    SUBJECTS,
    TenantKeys,
    open_keys,
    subject_context,
    survivor_context,
)
from tallystick.verify.fsck import Finding, Verdict

PAGE = 2_048
_REF_DIGITS = 32


class SubjectCheck:
    """The subjects of one tenant, as their table has them.

    Args:
        ledger: The ledger.
        snapshot: The store.
        tenant: Number of the tenant.
        keep_keys: Keep every key that unwraps, for :meth:`opener`.
    """

    def __init__(self, ledger: Ledger, snapshot: Snapshot, tenant: int, *, keep_keys: bool) -> None:
        self._ledger = ledger
        self._snapshot = snapshot
        self._tenant = tenant
        self._keep_keys = keep_keys
        self._known: set[str] = set()
        self._keys: dict[str, tuple[bytes, bytes | None]] = {}
        self._subjects: dict[str, Subject] = {}
        self._erased: set[str] | None = None

    def check_rows(self) -> Iterator[Finding]:
        """Unwrap every key: a row that was moved or changed does not."""
        origin = f"{self._ledger.logs.deployment}: subjects of tenant {self._tenant}"
        try:
            keys = open_keys(self._snapshot, self._ledger.drivers.keeper, self._tenant)
        except TallystickError as error:
            yield Finding(Verdict.TAMPERED, origin, None, str(error))
            return
        for name, lookup, wrapped, generation, context in self._wrapped():
            self._known.add(name)
            try:
                key = keys.unwrap(wrapped, generation, context)
            except VerificationError as error:
                yield Finding(Verdict.TAMPERED, origin, None, f"{name}: {error}")
            else:
                if self._keep_keys and len(name) == _REF_DIGITS:  # else the key of one event
                    self._keys[name] = (key, lookup)
        yield from self._check_erased(keys)

    def check_entry(self, entry: Entry, leaf: bytes) -> None:
        """Find the key, or the erasure, of every subject that an entry names.

        Raises:
            VerificationError: One has neither.
        """
        for ref in refs_of(leaf):
            if ref in self._known:
                continue
            event = ref + entry.event_id.hex()
            erased = self._really_erased()
            if ref not in erased and event not in erased and event not in self._known:
                raise VerificationError(
                    f"entry {entry.index:,}: the key of subject {ref} is gone,"
                    " and no erasure entry names it"
                )

    def opener(self, ref: object, event_id: bytes) -> Subject | None:
        """Return what opens one subject's section of one event, or None where no key was kept.

        Args:
            ref: The subject as an entry names it: 32 hex digits, if it is a subject.
            event_id: 16 bytes.
        """
        if not isinstance(ref, str):
            return None
        subject = self._subjects.get(ref) or self._subject(ref)
        if subject is None or subject.lookup is not None:
            return subject
        return Subject(subject.ref, event_key(subject.key, event_id), None, stored=True)

    def _subject(self, ref: str) -> Subject | None:
        if ref not in self._keys:
            return None
        if len(self._subjects) >= MAX_CACHED:
            self._subjects.clear()
        key, lookup = self._keys[ref]
        subject = self._subjects[ref] = Subject(bytes.fromhex(ref), key, lookup, stored=True)
        return subject

    def _wrapped(self) -> Iterator[tuple[str, bytes | None, bytes, int, bytes]]:
        """Yield each row: name, lookup (None for blocks), wrapped key, generation, context."""
        tenant, after = self._tenant, b""
        every = SUBJECTS["all_subjects"]
        while rows := self._snapshot.rows(every, tenant=tenant, after=after, limit=PAGE):
            for name, lookup, generation, wrapped in rows:
                after = as_bytes(name)
                found = None if lookup is None else as_bytes(lookup)
                context = subject_context(tenant, after, found)
                yield after.hex(), found, as_bytes(wrapped), as_int(generation), context
        survivors = self._snapshot.rows(SUBJECTS["all_survivors"], tenant=tenant)
        for name, event_id, generation, wrapped in survivors:
            ref, event = as_bytes(name), as_bytes(event_id)
            context = survivor_context(tenant, ref, event)
            yield (ref + event).hex(), None, as_bytes(wrapped), as_int(generation), context

    def _check_erased(self, keys: TenantKeys) -> Iterator[Finding]:
        """Nothing may be called erased that still has a key, or that no entry names."""
        origin = f"{self._ledger.logs.deployment}: erased of tenant {keys.tenant}"
        claimed = erased_refs(self._snapshot, self._tenant)
        if not claimed:
            return
        for name in sorted(claimed - self._really_erased()):
            what = f"{name}: no erasure entry names it"
            yield Finding(Verdict.TAMPERED, origin, None, what)
        for name in sorted(claimed & self._known):
            what = f"{name}: erased, but its key is back"
            yield Finding(Verdict.TAMPERED, origin, None, what)

    def _really_erased(self) -> set[str]:
        """Read the names from the erasure entries themselves, not from their table."""
        if self._erased is None:
            self._erased = set()
            for log in self._ledger.logs.of(self._snapshot, self._tenant).values():
                size = self._snapshot.head(log.slot).size
                for entry in self._snapshot.entries(log.slot, 0, size):
                    if entry.leaf is not None and b'"subject.erased"' in entry.leaf:
                        self._erased.update(_names_in(entry.leaf))
        return self._erased


def _names_in(leaf: bytes) -> list[str]:
    event = read_leaf(leaf)
    via = event.get("via")
    by_the_server = isinstance(via, Mapping) and via.get("door") == LEDGER_DOOR
    if event.get("action") != "subject.erased" or not by_the_server:
        return []
    return [name.hex() for name in named(event)]
