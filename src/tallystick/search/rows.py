"""From an entry to its row in the events table: the columns of ``schema.sql``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.catalogue import CatalogueEntry
from tallystick.ledger import stored_json
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log
from tallystick.search.addresses import shortest
from tallystick.search.leaves import Leaf, leaves_below, leaves_of, text_of
from tallystick.search.sealing import sealed_fields
from tallystick.search.words import action_words

EventRow = dict[str, Any]
"""One row by column; a column that is left out takes its default."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_OWN: Final = (
    *("action", "version", "class", "utc_offset_minutes", "outcome", "severity"),
    *("duration_ms", "message", "external_id", "targets_total"),
)
_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    part: {name: f"{part}_{name}" for name in names}
    for part, names in (
        ("via", ("door", "key_id")),
        ("reason", ("code", "text")),
        ("actor", ("type", "id", "name", "email", "roles", "authenticated_by", "home_tenant")),
        ("agent", ("id", "model", "version", "run_id", "tool", "protocol", "approval_id")),
        (
            "context",
            (
                *("ip", "user_agent", "session_id", "request_id", "trace_id", "span_id"),
                *("channel", "service", "release", "location"),
            ),
        ),
        ("purpose", ("code", "text", "case_id")),
        ("operation", ("id", "part", "parts")),
        ("source", ("id", "sequence")),
    )
}
"""By object, the columns of its members."""
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "delegation": (
        *("kind", "principal.type", "principal.id", "principal.name"),
        *("reason", "grant_id", "approved_by"),
    ),
    "targets": ("type", "id", "name", "role", "subject.id", "subject.name"),
    "changes": ("path", "op", "before", "after"),
    "links": ("rel", "id"),
}
_STEPS: Final = {
    part: [(f"{part}_{name.replace('.', '_')}", tuple(name.split("."))) for name in names]
    for part, names in _LISTS.items()
}
"""By list, the columns and where in an item their values stand."""


class _Commitments(msgspec.Struct, frozen=True):
    """Of an entry, what is sealed in it."""

    sealed: dict[str, tuple[int, str]] = {}


_read_sealed: Final = msgspec.json.Decoder(_Commitments).decode


def row_of(
    log: Log, entry: Entry, opened: Opened, declared: CatalogueEntry | None, erasures: int
) -> EventRow:
    """Make the row of an entry.

    Args:
        log: The entry's log.
        entry: The entry; it is not pruned.
        opened: What can be read of it.
        declared: What the catalogue says about its action, if it knows it.
        erasures: How many erasures the tenant had when it was opened.

    Raises:
        MalformedError: The entry is not what the ledger writes.
    """
    event = opened.event
    row: EventRow = {
        "tenant": log.tenant,
        "stream": log.stream,
        "slot": log.slot,
        "log": log.hex,
        "index": entry.index,
        "id": entry.event_id,
        "occurred_at": _micros(event.get("occurred_at")),
        "received_at": _micros(event.get("received_at")),
        "subject_refs": [bytes.fromhex(ref) for ref in opened.refs],
        "sealed_fields": sealed_fields(_sealed_paths(entry.leaf), opened),
        "erasures": erasures,
    }
    row.update((name, event[name]) for name in _OWN if name in event)
    row.update(_parts(event))
    row.update(_lists(event))
    row.update(_leaves(event, opened))
    row.update(_about_action(event.get("action"), declared))
    return row


def columns_of(rows: Sequence[EventRow]) -> dict[str, list[Any]]:
    """Turn rows into columns; those that no row has are left out."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, list[Any]] = {}
    for name in names:
        make = _DEFAULTS.get(name, str)
        columns[name] = [row[name] if name in row else make() for row in rows]
    return columns


def _parts(event: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for part, columns in _PARTS.items():
        members = event.get(part)
        if isinstance(members, dict):
            for name, value in members.items():
                if name in columns:
                    yield columns[name], shortest(value) if name == "ip" else value


def _lists(event: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for part in _LISTS:
        items = event.get(part)
        if isinstance(items, list) and items:
            for column, steps in _STEPS[part]:
                yield column, [_text_at(item, steps) for item in items]


def _text_at(item: object, steps: tuple[str, ...]) -> str:
    for step in steps:
        if not isinstance(item, dict) or step not in item:
            return ""
        item = item[step]
    return text_of(item)


def _leaves(event: Mapping[str, object], opened: Opened) -> Iterator[tuple[str, object]]:
    metadata = event.get("metadata")
    if isinstance(metadata, dict) and metadata:
        hidden = _sealed_names(opened)
        leaves: list[Leaf] = []
        sealed: list[bool] = []
        for name, value in metadata.items():
            below = list(leaves_below(name, value))
            leaves += below
            sealed += [name in hidden] * len(below)
        yield "metadata_path", [leaf.path for leaf in leaves]
        yield "metadata_text", [leaf.text for leaf in leaves]
        yield "metadata_number", [leaf.number for leaf in leaves]
        yield "metadata_sealed", sealed
    targets = event.get("targets")
    if isinstance(targets, list):
        of_targets = [
            leaf
            for target in targets
            if isinstance(target, dict) and isinstance(target.get("metadata"), dict)
            for leaf in leaves_of(target["metadata"])
        ]
        if of_targets:
            yield "targets_metadata_path", [leaf.path for leaf in of_targets]
            yield "targets_metadata_text", [leaf.text for leaf in of_targets]
            yield "targets_metadata_number", [leaf.number for leaf in of_targets]


def _sealed_names(opened: Opened) -> frozenset[str]:
    """Return the names of the metadata that are sealed: they are sealed together, as one value."""
    known = opened.values.get("/metadata")
    members = stored_json.read(known[1]) if known else None
    return frozenset(members) if isinstance(members, dict) else frozenset()


def _about_action(action: object, declared: CatalogueEntry | None) -> Iterator[tuple[str, object]]:
    if not isinstance(action, str):
        return  # of an action that nobody declared, and whose key is gone
    if declared is None:
        yield "action_words", list(_words(action, "none", ()))
        return
    yield "action_words", list(_words(action, declared.crud, declared.synonyms))
    if declared.crud != "none":
        yield "crud", declared.crud


@lru_cache(maxsize=4_096)
def _words(action: str, crud: str, synonyms: tuple[str, ...]) -> tuple[str, ...]:
    return action_words(action, crud, synonyms)


def _micros(text: object) -> int:
    if not isinstance(text, str):
        raise MalformedError("entry: without its times")
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _TICK
    except (ValueError, TypeError):
        raise MalformedError("entry: a time of another form") from None


def _sealed_paths(leaf: bytes | None) -> Iterable[str]:
    """Read which values are sealed."""
    try:
        return _read_sealed(leaf or b"").sealed
    except msgspec.MsgspecError:
        raise MalformedError("entry: sealed, want [slot, commitment] by path") from None


def _nothing() -> None:
    return None


_DEFAULTS: Final[Mapping[str, Callable[[], object]]] = {
    **dict.fromkeys(("version", "duration_ms", "targets_total"), _nothing),
    **dict.fromkeys(("operation_part", "operation_parts", "source_sequence"), _nothing),
    "utc_offset_minutes": int,
    **dict.fromkeys(("action_words", "actor_roles"), list),
    **{column: list for columns in _STEPS.values() for column, _ in columns},
    **{f"metadata_{name}": list for name in ("path", "text", "number", "sealed")},
    **{f"targets_metadata_{name}": list for name in ("path", "text", "number")},
}
"""What stands in a column of a row that has no value for it; an empty text where not named."""
