"""What was found, as the asker is shown it: read from the ledger, which the index only points into.

The index could be edited by whoever owns the engine; what it leads to is checked against its leaf
hash and its commitments, as every read of the ledger is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from tallystick.events.pointer import put
from tallystick.ledger import stored_json
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.opening import read_leaf
from tallystick.ledger.ports import Log, Snapshot
from tallystick.search.columns import Sight
from tallystick.search.fields import ACTION_WORDS, FIELDS
from tallystick.search.sealing import dotted, joined, sealed_fields

_HIDDEN: Final = ("v", "sealed", "subject_refs")

JsonEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index says that an event is.

    Attributes:
        slot: Of its log.
        index: In its log.
        id: Of the event, as text.
    """

    slot: int
    index: int
    id: str


class Shown(NamedTuple):
    """An event as the asker may see it.

    Attributes:
        event: With ``tenant``, ``log``, ``index``, and ``erased`` where values are gone.
        masked: Fields whose values are left out.
    """

    event: JsonEvent
    masked: frozenset[str]


class Show(Protocol):
    """Shows events."""

    def __call__(self, places: Sequence[Place]) -> list[Shown]:
        """Show the events at some places, in their order.

        Raises:
            VerificationError: An entry is not the one that was recorded.
        """
        ...


class LedgerShow:
    """Shows events from the ledger.

    Args:
        ledger: Where they are.
        sight: What the asker may see of one tenant.
    """

    def __init__(self, ledger: Ledger, sight: Sight) -> None:
        self._ledger = ledger
        self._sight = sight

    def __call__(self, places: Sequence[Place]) -> list[Shown]:
        """See :class:`Show`."""
        if not places:
            return []
        logs: dict[int, Log] = {}
        with self._ledger.drivers.store.read() as snapshot:
            for slot in {place.slot for place in places}:
                logs[slot] = self._ledger.logs.at(snapshot, slot)
            return [self._show(snapshot, logs[place.slot], place) for place in places]

    def _show(self, snapshot: Snapshot, log: Log, place: Place) -> Shown:
        reader = self._ledger.reader
        entry = reader.entry(snapshot, log, place.index)
        at: JsonEvent = {"tenant": self._sight.name, "log": log.hex, "index": place.index}
        if log.tenant != self._sight.tenant or entry.leaf is None:
            # Pruned since, or an index that was tampered with: nothing of it is shown.
            return Shown({"id": place.id, **at, "pruned": True}, frozenset())
        opened = reader.open(snapshot, log, entry)
        event = read_leaf(entry.leaf)
        commitments = event.get("sealed")
        paths = list(commitments) if isinstance(commitments, Mapping) else []
        for name in _HIDDEN:
            event.pop(name, None)
        left = _Left(self._sight)
        for path, (_, text) in opened.values.items():
            value = left.of(dotted(path), stored_json.read(text))
            if value is not None:
                put(event, path, value)
        # The words of an action are sealed with it, and not a value of their own.
        gone = sorted(set(sealed_fields(paths, opened)) - left.opened - {ACTION_WORDS})
        whole = {**event, **at, "erased": gone} if gone else {**event, **at}
        return Shown(whole, frozenset(left.masked))


class _Left:
    """What of sealed values an asker may see.

    Attributes:
        opened: Fields that have a value.
        masked: Those of them that are left out.
    """

    def __init__(self, sight: Sight) -> None:
        self.opened: set[str] = set()
        self.masked: set[str] = set()
        self._sight = sight

    def of(self, name: str, value: object) -> object:
        """Return what is left of the value of a field, or of an object of fields; or None."""
        if name not in FIELDS and isinstance(value, dict):
            inner = {key: self.of(joined(name, key), each) for key, each in value.items()}
            return {key: each for key, each in inner.items() if each is not None} or None
        if name not in FIELDS and isinstance(value, list):
            kept = [self.of(name, each) for each in value]
            return [each or {} for each in kept] if any(kept) else None
        self.opened.add(name)
        if self._sight.masks(name, "always"):
            self.masked.add(name)
            return None
        return value
