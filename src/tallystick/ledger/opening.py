"""From an entry back to the event, as far as its keys still live.

Each value is checked against its commitment before it is shown: a disclosure that was exchanged
is found on the first read, not at the next audit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tallystick.errors import MalformedError, VerificationError
from tallystick.events.framing import prefixed
from tallystick.events.pointer import put
from tallystick.ledger import stored_json
from tallystick.ledger.disclosure import sections
from tallystick.ledger.sealed_values import Salted, commit, decrypt, framed
from tallystick.ledger.subjects import Subject

Opener = Callable[[bytes, bytes], Subject | None]
"""(subject ref, event id) → the subject whose key opens, or None where it was destroyed."""

_PAIR = 2
_MARK = b'"subject_refs":["'

SERVER_FIELDS = ("v", "received_at", "class", "via", "skew_ms", "subject_refs", "sealed")


@dataclass(slots=True)
class Opened:
    """An entry read with what can be read of it.

    Attributes:
        event: The event as JSON builtins, with the server's fields (but refs and commitments).
        refs: The subjects that the entry names, 32 hex digits each.
        values: What was opened: path → (salt, canonical value).
        missing: Paths that no key opens any more, with the ref of their subject.
    """

    event: dict[str, object]
    refs: list[str]
    values: Salted = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def read_leaf(leaf: bytes) -> dict[str, object]:
    """Read the leaf of an entry.

    Raises:
        MalformedError: The bytes are no entry of version 1.
    """
    entry = stored_json.read(leaf)
    if not isinstance(entry, dict) or entry.get("v") != 1:
        raise MalformedError("entry: not an object of version 1")
    return entry


def refs_of(leaf: bytes) -> Sequence[str]:
    """Read ``subject_refs`` without parsing the whole leaf: canonical form has one spelling.

    What follows the member in canonical order (targets, numbers, ``v``, ``via``) holds no quote
    that could be mistaken for it: values in clear are tokens.

    Raises:
        MalformedError: The member does not end.
    """
    start = leaf.rfind(_MARK)
    if start < 0:
        return ()
    start += len(_MARK)
    end = leaf.find(b'"]', start)
    if end < 0:
        raise MalformedError("entry: subject_refs without an end")
    return leaf[start:end].decode("ascii", "backslashreplace").split('","')


def open_entry(
    origin: str, event_id: bytes, leaf: bytes, disclosure: bytes | None, opener: Opener
) -> Opened:
    """Open an entry and check every opened value against its commitment.

    Args:
        origin: Origin of the entry's log.
        event_id: 16 bytes.
        leaf: The entry.
        disclosure: What lies beside it.
        opener: Finds subjects with their keys.

    Raises:
        VerificationError: A value, a section or a key is not the one that was sealed.
        MalformedError: Leaf or disclosure are not of their form.
    """
    event = read_leaf(leaf)
    refs = _refs(event.pop("subject_refs", []))
    sealed = _sealed(event.pop("sealed", {}), len(refs))
    opened = Opened(event, refs)
    names = (framed(origin), prefixed(event_id))
    stored = {section.slot: section for section in sections(disclosure)}
    for slot, ref in enumerate(refs):
        subject = opener(bytes.fromhex(ref), event_id)
        section = stored.get(slot)
        if subject is None or section is None:
            opened.missing.update(dict.fromkeys(sealed[slot], ref))
            continue
        commitments = sealed[slot]
        texts = decrypt(*names, subject, section, tuple(commitments))
        for path, salt, code in commit(*names, subject, texts):
            if commitments[path] != code:
                what = f"disclosure: the value at {path} is not the one committed"
                raise VerificationError(what)
            put(event, path, stored_json.read(texts[path]))
            opened.values[path] = (salt, texts[path])
    return opened


def check_opened(opened: Opened, event_id: bytes, erased: frozenset[str]) -> None:
    """Refuse to call a value erased that nobody erased.

    Args:
        opened: What was read of an entry.
        event_id: 16 bytes.
        erased: The names in erasure entries: a subject's ref, or, for the values of one event
            that belonged to nobody known, the ref followed by the event's id.

    Raises:
        VerificationError: A key or a disclosure is missing, and no erasure entry explains it.
    """
    for path, ref in opened.missing.items():
        if ref not in erased and ref + event_id.hex() not in erased:
            raise VerificationError(
                f"entry: {path} can't be opened, and no erasure names subject {ref}"
            )


def _refs(refs: object) -> list[str]:
    if not isinstance(refs, list) or not all(_is_ref(ref) for ref in refs):
        raise MalformedError("entry: subject_refs, want a list of 32 hex digits each")
    return refs


def _is_ref(ref: object) -> bool:
    return isinstance(ref, str) and len(ref) == 32 and not ref.strip("0123456789abcdef")  # noqa: PLR2004


def _sealed(sealed: object, slots: int) -> list[dict[str, str]]:
    """Sort the commitments of an entry by slot: path → commitment in base64."""
    if not isinstance(sealed, dict):
        raise MalformedError("entry: sealed, want an object")
    by_slot: list[dict[str, str]] = [{} for _ in range(slots)]
    for path, pair in sealed.items():
        slot, code = pair if isinstance(pair, list) and len(pair) == _PAIR else (None, None)
        if type(slot) is not int or not 0 <= slot < slots or not isinstance(code, str):
            raise MalformedError(f"entry: sealed {path}, want [slot, commitment]")
        by_slot[slot][path] = code
    return by_slot
