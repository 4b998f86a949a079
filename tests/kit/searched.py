"""Events to be searched: as dicts for the plain filter, and as rows for the engine.

An event here is a dict by dotted field, a list where a field may have several values; ``metadata``
and ``targets.metadata`` are lists of (path, scalar) pairs. ``sealed`` names what is sealed in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 - a seed makes the same events again
from typing import Any
from uuid import UUID

from kit.plain_search import CHANGED, FREE, Plain, found
from tallystick.search.ports import Engine
from tallystick.search.query import Search

Event = dict[str, Any]


class Searched:
    """A table with events, and the same events to look at by hand."""

    def __init__(
        self, engine: Engine, table: str, events: list[Event], others: list[Event]
    ) -> None:
        self.engine = engine
        self.table = table
        self.events = events
        self.others = others
        self.seen = {
            unmasked: [plain(event, unmasked=unmasked) for event in events]
            for unmasked in (True, False)
        }

    def look(self, search: Search, *, unmasked: bool = True) -> list[Plain]:
        """Find by hand, as somebody sees the events."""
        return found(self.seen[unmasked], search)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
LISTED = (
    *("action_words", "actor.roles", "targets.type", "targets.id", "targets.name"),
    *("targets.subject.id", "changes.path", "changes.before", "changes.after"),
)
WORDS = (
    *("Quarterly", "report", "REPORT", "über", "Straße", "naïve", "v2", "x", "2026", "10", "9"),
    *("delete", "Ümlaut", "東京", "invoice"),
)
JOINTS = (" ", "—", "_", ".", "-", " “", "/", "\n", ", ")
NASTY = ("' OR 1=1 --", "\\", "%", "_", "a%b", "{p0:String}", "*", "?", "(", '"', "\t'")


ALWAYS_SEALED = frozenset(
    {
        *("actor.id", "actor.name", "actor.email", "message", "reason.text", "purpose.text"),
        *("context.ip", "targets.name", "targets.subject.id", "changes.before", "changes.after"),
    }
)
SEALABLE = frozenset({"targets.id", "metadata", "targets.metadata"})


def made_events(seed: int, count: int, tenant: int = 1) -> list[Event]:
    """Make events that share values, so that filters on them find some and not all."""
    random = Random(seed)  # noqa: S311 (no secret)
    return [_made_event(random, number, tenant) for number in range(count)]


def plain(event: Event, *, unmasked: bool = True) -> Plain:
    """Return the event as somebody sees it: what is masked is absent."""
    values: dict[str, list[Any]] = {}
    for name, value in event.items():
        if name == "sealed" or (name in event["sealed"] and not unmasked):
            continue
        if name in FREE:
            for path, scalar in value:
                steps = path.split(".")
                roots = [".".join((name, *steps[:size])) for size in range(len(steps) + 1)]
                for root in roots:
                    values.setdefault(root, []).append(scalar)
        elif name in CHANGED:
            values[name] = [text_of(each) for each in value]
        else:
            values[name] = value if isinstance(value, list) else [value]
    return Plain(values)


def columns(events: Sequence[Event], erasures: int = 0) -> dict[str, list[Any]]:
    """Write events as columns of the table, plainly."""
    rows = [_row(event, erasures) for event in events]
    return {name: [row[name] for row in rows] for name in rows[0]}


def micros(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def text_of(value: object) -> str:
    """Spell a scalar as the columns do."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _made_event(random: Random, number: int, tenant: int) -> Event:
    def phrase() -> str:
        size = random.randrange(1, 5)
        return "".join(f"{random.choice(WORDS)}{random.choice(JOINTS)}" for _ in range(size))

    def maybe(value: object, chance: float = 0.7) -> object:
        return value if random.random() < chance else None

    noun, verb = random.choice(("document", "invoice", "user")), random.choice(("read", "deleted"))
    targets = random.randrange(3)
    changes = random.randrange(3)
    # Few moments for many events: ties.
    event: Event = {
        "tenant": f"tenant-{tenant}",
        "number": tenant,
        "id": str(UUID(int=random.getrandbits(128))),
        "stream": random.choice(("audit", "activity")),
        "occurred_at": START + timedelta(minutes=random.randrange(count_of_moments(number)) * 7),
        "received_at": START + timedelta(days=random.randrange(70)),
        "log": f"{tenant:032x}",
        "index": number,
        "action": f"{noun}.{verb}",
        "action_words": [f"{noun}.{verb}", noun, verb, {"deleted": "delete"}.get(verb, verb)],
        "crud": {"deleted": "delete"}.get(verb, verb),
        "outcome": random.choice(("success", "failure", "denied")),
        "severity": maybe(random.choice(("informational", "low", "high", "critical"))),
        "duration_ms": maybe(random.randrange(20)),
        "version": maybe(random.randrange(3)),
        "message": maybe(phrase()),
        "reason.text": maybe(phrase(), 0.2),
        "actor.type": random.choice(("user", "service")),
        "actor.id": maybe(f"u-{random.randrange(30)}"),
        "actor.name": maybe(random.choice(("Ada Lovelace", "ada lovelace", "Émile", *NASTY))),
        "actor.email": maybe(f"{random.choice(('ada', 'Bob'))}@{random.choice(('a', 'B'))}.com"),
        "actor.roles": random.sample(("admin", "editor", "viewer"), random.randrange(3)),
        "context.ip": maybe(
            random.choice((f"10.0.{random.randrange(3)}.{random.randrange(9) * 13}", "2001:db8::1"))
        ),
        "purpose.text": maybe(phrase(), 0.2),
        "targets.type": [random.choice(("document", "user")) for _ in range(targets)],
        "targets.id": [f"t-{random.randrange(20)}" for _ in range(targets)],
        "targets.name": [random.choice(("", phrase())) for _ in range(targets)],
        "targets.subject.id": [random.choice(("", "s-1")) for _ in range(targets)],
        "changes.path": [f"/{random.choice(('a', 'b'))}" for _ in range(changes)],
        "changes.before": [random.choice((1, "1", "old", 2.5, "")) for _ in range(changes)],
        "changes.after": [random.choice((3, "new x", -1)) for _ in range(changes)],
        "metadata": [
            (random.choice(("a", "a.b", "c", "ab")), random.choice((1, "1", 2.5, True, phrase())))
            for _ in range(random.randrange(4))
        ],
        "targets.metadata": [("k", random.choice(("v", 7)))] if random.random() < 0.3 else [],
    }
    event = {name: value for name, value in event.items() if value is not None and value != []}
    event["sealed"] = [
        name
        for name in event
        if name in ALWAYS_SEALED or (name in SEALABLE and random.random() < 0.5)
    ]
    return event


def count_of_moments(number: int) -> int:
    """Return among how many moments an event falls."""
    return 40 if number % 2 else 2_000


def _row(event: Event, erasures: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "slot": event["number"],
        "tenant": event["number"],
        "id": UUID(event["id"]).bytes,
        "occurred_at": micros(event["occurred_at"]),
        "received_at": micros(event["received_at"]),
        "sealed_fields": event["sealed"],
        "subject_refs": [bytes.fromhex(ref) for ref in event.get("subject_refs", ())],
        "erasures": erasures,
    }
    names = ("stream", "log", "index", "action", "crud", "outcome", "severity")
    more = ("duration_ms", "version", "message", "reason.text", "actor.type", "actor.id")
    rest = ("actor.name", "actor.email", "context.ip", "purpose.text")
    for name in (*names, *more, *rest):
        absent = None if name in {"duration_ms", "version"} else ""
        row[name.replace(".", "_")] = event.get(name, absent)
    for name in LISTED:
        row[name.replace(".", "_")] = [text_of(value) for value in event.get(name, ())]
    row |= _leaves("metadata", event.get("metadata", ()))
    row |= _leaves("targets_metadata", event.get("targets.metadata", ()))
    row["metadata_sealed"] = ["metadata" in event["sealed"] for _ in event.get("metadata", ())]
    return row


def _leaves(name: str, pairs: Iterable[tuple[str, Any]]) -> Mapping[str, list[Any]]:
    pairs = list(pairs)
    return {
        f"{name}_path": [path for path, _ in pairs],
        f"{name}_text": [text_of(value) for _, value in pairs],
        f"{name}_number": [
            float(v) if isinstance(v, int | float) and not isinstance(v, bool) else float("nan")
            for _, v in pairs
        ],
    }
