"""The entries of one log, each held against its row, its subjects' keys and its disclosure."""

from collections.abc import Iterable
from functools import lru_cache

from tallystick.errors import TallystickError, VerificationError
from tallystick.events.event import id_text
from tallystick.events.framing import prefixed
from tallystick.events.pointer import put, tokens
from tallystick.ledger.disclosure import sections
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.opening import read_leaf
from tallystick.ledger.ports import Entry, Log, Snapshot
from tallystick.ledger.sealed_values import Commitments, commit, decrypt, framed
from tallystick.ledger.subject_check import SubjectCheck


class EntryCheck:
    """Checks the entries of one log.

    Args:
        ledger: The ledger.
        snapshot: The store.
        log: The log.
        subjects: The subjects of the log's tenant, all rows read.
    """

    def __init__(
        self, ledger: Ledger, snapshot: Snapshot, log: Log, subjects: SubjectCheck
    ) -> None:
        self._ledger = ledger
        self._snapshot = snapshot
        self._log = log
        self._subjects = subjects
        self._framed = framed(ledger.logs.origin(log))

    def check(self, entry: Entry, leaf: bytes) -> None:
        """Check that an entry is its row's, and its subjects have keys or were erased.

        Raises:
            VerificationError: One of them is not so.
        """
        # At the top of every leaf, behind "class"; those of links are first in their objects.
        if f',"id":"{id_text(entry.event_id)}"'.encode() not in leaf:
            raise VerificationError(f"entry {entry.index:,}: its row has another event id")
        self._subjects.check_entry(entry, leaf)

    def open(self, entry: Entry, leaf: bytes) -> int:
        """Check an entry as :meth:`check` does, and open every value of it that nobody erased.

        Returns:
            How many values were opened.

        Raises:
            TallystickError: One is not the value that was sealed, or is closed without an erasure.
        """
        try:
            opened = self._count(entry, leaf)
        except TallystickError:
            opened = None
        if opened is None:  # out of the ordinary: step by step it turns out why
            self.check(entry, leaf)
            return len(self._ledger.reader.open(self._snapshot, self._log, entry).values)
        return opened

    def _count(self, entry: Entry, leaf: bytes) -> int | None:
        """Commit to the whole disclosure anew; None if the entry holds other commitments.

        Each path must come once in all sections, and each subject must have a key and a section.
        """
        event = read_leaf(leaf)
        refs, sealed = event.pop("subject_refs", []), event.pop("sealed", {})
        if event.get("id") != id_text(entry.event_id) or not isinstance(refs, list):
            return None
        paths = _by_slot(sealed)
        origin, event_id = self._framed, prefixed(entry.event_id)
        stored = {section.slot: section for section in sections(entry.disclosure)}
        opened = 0
        anew: Commitments = {}
        for slot, ref in enumerate(refs):
            subject = self._subjects.opener(ref, entry.event_id)
            if subject is None or slot not in stored:
                return None
            texts = decrypt(origin, event_id, subject, stored[slot], paths.get(slot, ()))
            for path, _, code in commit(origin, event_id, subject, texts):
                anew[path] = [slot, code]
            opened += len(texts)
        if sealed != anew or opened != len(anew):
            return None
        if not _are_free(event, tuple(anew)):
            for path in anew:
                put(event, path, None)  # raises where another value is in the way
        return opened


def _by_slot(sealed: object) -> dict[int, list[str]]:
    """Sort the paths of an entry by the slot of their subject.

    Raises:
        VerificationError: They are not of their form.
    """
    paths: dict[int, list[str]] = {}
    if not isinstance(sealed, dict):
        raise VerificationError("entry: sealed is of another form")
    for path, pair in sealed.items():
        # To Python, 0, 0.0 and false are equal.
        if not isinstance(pair, list) or not pair or type(pair[0]) is not int:
            raise VerificationError("entry: sealed is of another form")
        paths.setdefault(pair[0], []).append(path)
    return paths


def _are_free(event: dict[str, object], paths: tuple[str, ...]) -> bool:
    """Whether objects in clear lead to all paths, and nothing stands there in clear.

    Then all values can be put into the event: none is in the way of another.
    """
    for outer, names in _places(paths):
        place: object = event
        for token in outer:
            place = place.get(token) if isinstance(place, dict) else None
        if not isinstance(place, dict) or not names.isdisjoint(place):
            return False
    return True


@lru_cache(maxsize=256)
def _places(paths: Iterable[str]) -> list[tuple[list[str], set[str]]]:
    """Sort paths by the objects that they lead into."""
    places: dict[tuple[str, ...], set[str]] = {}
    for path in paths:
        *outer, name = tokens(path)
        places.setdefault(tuple(outer), set()).add(name)
    return [(list(outer), names) for outer, names in places.items()]
