"""Erasure: a person's keys are destroyed; every hash, proof and checkpoint stays valid.

In one transaction an entry in each of the tenant's logs names what is erased, the keys go, and
every door's cache becomes stale. After it, in steps that can be repeated: ciphertexts that
nothing opens are overwritten, and a new tenant key replaces the old one, so that a stored copy
of the subject table is worth nothing once its epoch key is destroyed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tallystick.errors import NotFoundError
from tallystick.events.framing import prefixed
from tallystick.ledger import stored_json, tenant_keys
from tallystick.ledger.disclosure import sections, without
from tallystick.ledger.erased import erased_refs
from tallystick.ledger.opening import read_leaf, refs_of
from tallystick.ledger.ports import (
    Entropy,
    Entry,
    KeyKeeper,
    Log,
    Place,
    Snapshot,
    Transaction,
    Value,
)
from tallystick.ledger.queries import as_bytes, as_int
from tallystick.ledger.reader import Reader, read_forward
from tallystick.ledger.sealed_values import decrypt, framed
from tallystick.ledger.subjects import Subject, event_key
from tallystick.ledger.tenant_keys import SUBJECTS, subject_context, survivor_context

_PAGE = 2_000

REF_BYTES = 16
"""Length of a subject's ref; the name of a swept event is a ref and an event id."""

IDENTIFYING = ("/id", "/name", "/email")
"""Which of a person's values are searched for in values that belong to nobody known."""

MIN_IDENTIFIER = 4
"""Shorter identifiers (``7``, ``al``) would match everywhere; they are not searched for."""

Progress = Callable[[int, int], None]
"""(entries done, entries in all)"""


@dataclass(slots=True)
class Erasure:
    """What an erasure covers.

    Attributes:
        tenant: Number of the tenant.
        subject: The person's subject.
        entries: Where values of the person are sealed.
        mentions: Events whose own values mention the person: place → (block ref, event id).
        identifiers: The person's own identifiers, as far as entries tell them.
        seen: By slot, up to which index was looked.
    """

    tenant: int
    subject: Subject
    entries: list[Place] = field(default_factory=list)
    mentions: dict[Place, tuple[bytes, bytes]] = field(default_factory=dict)
    identifiers: set[str] = field(default_factory=set)
    seen: dict[int, int] = field(default_factory=dict)

    @property
    def names(self) -> list[tuple[str, str]]:
        """What the erasure entry names: (type, hex) of each subject and swept event."""
        swept = [("event", (ref + event_id).hex()) for ref, event_id in self.mentions.values()]
        return [("subject", self.subject.ref_text), *swept]


def survey(
    reader: Reader, snapshot: Snapshot, tenant: int, person: str, progress: Progress
) -> Erasure:
    """Find everything that an erasure of a person covers; nothing is changed.

    Raises:
        NotFoundError: The tenant's logs know no such person (or have erased them).
    """
    subjects = reader.subjects(tenant)
    with subjects.lock:
        subjects.refresh(snapshot)
        subject = subjects.find(snapshot, person)
    if subject is None:
        raise NotFoundError("subject: not in this tenant's logs, or erased already")
    erasure = Erasure(tenant, subject, identifiers={person})
    _look(reader, snapshot, erasure, progress)
    return erasure


def look_again(reader: Reader, tx: Transaction, erasure: Erasure) -> None:
    """Take in what was recorded since the survey, inside the erasure's own transaction."""
    _look(reader, tx, erasure, lambda _done, _total: None)


def still_there(snapshot: Snapshot, erasure: Erasure) -> bool:
    """Whether the person's key still exists."""
    ref = erasure.subject.ref
    return bool(snapshot.rows(SUBJECTS["by_ref"], tenant=erasure.tenant, ref=ref))


def _look(reader: Reader, snapshot: Snapshot, erasure: Erasure, progress: Progress) -> None:
    """Collect the person's entries, then sweep all others for what they told about them."""
    logs = list(reader.logs.of(snapshot, erasure.tenant).values())
    ends = {log.slot: snapshot.head(log.slot).size for log in logs}
    total = 2 * sum(end - erasure.seen.get(slot, 0) for slot, end in ends.items())
    done, known = 0, len(erasure.identifiers)
    for look in (_collect, _sweep):
        for log in logs:
            # A name learned late is searched for in what was swept without it, too.
            late = look is _sweep and len(erasure.identifiers) > known
            start = 0 if late else erasure.seen.get(log.slot, 0)
            for entry in read_forward(snapshot, log.slot, start, ends[log.slot]):
                look(reader, snapshot, log, entry, erasure)
                done += 1
                if done % _PAGE == 0:
                    progress(done, total)
    erasure.seen = ends
    progress(total, total)


def carry_out(tx: Transaction, keeper: KeyKeeper, entropy: Entropy, erasure: Erasure) -> None:
    """Destroy the keys, in the transaction that records the erasure."""
    names = [bytes.fromhex(name) for _, name in erasure.names]
    destroy(tx, keeper, entropy, erasure.tenant, names)


def destroy(
    tx: Transaction, keeper: KeyKeeper, entropy: Entropy, tenant: int, names: Sequence[bytes]
) -> None:
    """Destroy the keys of what an erasure entry names; what has no key any more is passed over.

    Args:
        tx: The transaction that records the erasure.
        keeper: Opens the tenant's keys.
        entropy: Draws the tenant's next key.
        tenant: Number of the tenant.
        names: Refs of subjects, and refs of blocks with the id of an event.
    """
    gone = [name for name in names if len(name) == REF_BYTES]
    tx.execute(SUBJECTS["drop_subject"], [{"tenant": tenant, "ref": ref} for ref in gone])
    keys = tenant_keys.open_keys(tx, keeper, tenant)
    blocks: dict[bytes, set[bytes]] = {}
    for name in names:
        if len(name) > REF_BYTES:
            blocks.setdefault(name[:REF_BYTES], set()).add(name[REF_BYTES:])
    for ref, swept in blocks.items():
        _break_up(tx, keys, entropy, ref, swept)
    tx.execute(SUBJECTS["bump_state"], [{"tenant": tenant}])
    tenant_keys.replace(tx, keeper, entropy, tenant)


def scrub(reader: Reader, tenant: int, progress: Progress) -> None:
    """Overwrite the ciphertexts that nothing opens any more, a page in each transaction.

    Which ones they are, the erasure entries say; so it can be done again after a crash.
    """
    with reader.store.read() as snapshot:
        erased = erased_refs(snapshot, tenant)
        places = [
            place
            for log in reader.logs.of(snapshot, tenant).values()
            for place in _closed(snapshot, log, erased)
        ]
    for start in range(0, len(places), _PAGE):
        with reader.store.write() as tx:
            for place in places[start : start + _PAGE]:
                for entry in tx.entries(place.slot, place.index, place.index + 1):
                    kept = without(entry.disclosure, _slots_of(entry, erased))
                    tx.scrub(place.slot, place.index, kept)
        progress(min(start + _PAGE, len(places)), len(places))


def _closed(snapshot: Snapshot, log: Log, erased: frozenset[str]) -> Iterator[Place]:
    """Find the entries that still hold a section of somebody erased."""
    for entry in read_forward(snapshot, log.slot, 0, snapshot.head(log.slot).size):
        slots = _slots_of(entry, erased)
        if slots and any(section.slot in slots for section in sections(entry.disclosure)):
            yield Place(log.slot, entry.index)


def _slots_of(entry: Entry, erased: frozenset[str]) -> frozenset[int]:
    refs = refs_of(entry.leaf) if entry.leaf is not None and entry.disclosure else ()
    event = entry.event_id.hex()
    return frozenset(
        slot for slot, ref in enumerate(refs) if ref in erased or ref + event in erased
    )


def _collect(reader: Reader, _: Snapshot, log: Log, entry: Entry, erasure: Erasure) -> None:
    """Note an entry that names the person, and the identifiers it tells."""
    ref = erasure.subject.ref_text
    if entry.leaf is None or ref.encode() not in entry.leaf:
        return
    erasure.entries.append(Place(log.slot, entry.index))
    values = _values(reader, log, entry, erasure.subject.ref_text, erasure.subject)
    for path, value in values.items():
        if path.endswith(IDENTIFYING) and isinstance(value, str):
            erasure.identifiers.add(value)


def _sweep(reader: Reader, snapshot: Snapshot, log: Log, entry: Entry, erasure: Erasure) -> None:
    """Note an entry whose own values (of nobody known) mention the person."""
    if entry.leaf is None or not entry.disclosure:
        return
    needles = [name.casefold() for name in erasure.identifiers if len(name) >= MIN_IDENTIFIER]
    subjects = reader.subjects(erasure.tenant)
    for ref in _texts(read_leaf(entry.leaf).get("subject_refs")):
        with subjects.lock:
            subjects.refresh(snapshot)
            subject = subjects.opener(snapshot, bytes.fromhex(ref), entry.event_id)
        if subject is None or subject.lookup is not None:
            continue
        told = list(_strings(_values(reader, log, entry, ref, subject)))
        if any(needle in text.casefold() for text in told for needle in needles):
            place = Place(log.slot, entry.index)
            erasure.mentions[place] = (bytes.fromhex(ref), entry.event_id)


def _values(
    reader: Reader, log: Log, entry: Entry, ref: str, subject: Subject
) -> dict[str, object]:
    leaf = read_leaf(entry.leaf or b"")
    refs = _texts(leaf.get("subject_refs"))
    sealed = leaf.get("sealed")
    for section in sections(entry.disclosure):
        if section.slot < len(refs) and refs[section.slot] == ref and isinstance(sealed, dict):
            paths = [path for path, (slot, _) in sealed.items() if slot == section.slot]
            names = framed(reader.logs.origin(log)), prefixed(entry.event_id)
            texts = decrypt(*names, subject, section, paths)
            return {path: stored_json.read(text) for path, text in texts.items()}
    return {}


def _break_up(
    tx: Transaction,
    keys: tenant_keys.TenantKeys,
    entropy: Entropy,
    ref: bytes,
    swept: set[bytes],
) -> None:
    """Destroy a block's key; every event of it that is not swept keeps a key of its own."""
    tenant = keys.tenant
    for _, generation, wrapped in tx.rows(SUBJECTS["by_ref"], tenant=tenant, ref=ref):
        context = subject_context(tenant, ref, None)
        block_key = keys.unwrap(as_bytes(wrapped), as_int(generation), context)
        survivors = [event for event in _events_of(tx, tenant, ref) if event not in swept]
        rows: list[dict[str, Value]] = [
            {
                "tenant": tenant,
                "ref": ref,
                "event_id": event_id,
                "generation": keys.generation,
                "wrapped": keys.wrap(
                    event_key(block_key, event_id),
                    survivor_context(tenant, ref, event_id),
                    entropy.draw(12),
                ),
            }
            for event_id in survivors
        ]
        tx.execute(SUBJECTS["add_survivor"], rows)
        tx.execute(SUBJECTS["drop_subject"], [{"tenant": tenant, "ref": ref}])
    gone: list[dict[str, Value]] = [
        {"tenant": tenant, "ref": ref, "event_id": event_id} for event_id in swept
    ]
    tx.execute(SUBJECTS["drop_survivor"], gone)


def _events_of(tx: Transaction, tenant: int, ref: bytes) -> Iterator[bytes]:
    needle = ref.hex().encode()
    for (slot,) in tx.rows(SUBJECTS["slots"], tenant=tenant):
        end = tx.head(as_int(slot)).size
        for entry in read_forward(tx, as_int(slot), 0, end):
            if entry.leaf is not None and needle in entry.leaf:
                yield entry.event_id


def _texts(value: object) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
