"""The afternoon on which somebody breaks in at acme, so that there is something to find."""

from collections.abc import Iterator, Sequence
from random import Random  # noqa: TID251 (deterministic demo data: the same day for everybody)
from typing import Final

from tallystick.cli.generated_people import Person

START_S: Final = 14 * 3_600 + 7 * 60
"""When it starts, in seconds of the day."""

ADDRESS: Final = "203.0.113.200"
"""From where, all of it; nobody else's address."""

_AGENT: Final = "python-requests/2.32.3"
_ROUNDS: Final = 3
_EXPORTS: Final = 12
_DELETIONS: Final = 60
_KEY: Final = "key_7c31f0aa"

Event = dict[str, object]


def attack(people: Sequence[Person], chance: Random) -> Iterator[tuple[float, Event]]:
    """Tell the attack, step by step.

    Args:
        people: Of the tenant; the second, an admin, is the one whose password is guessed.
        chance: Where the pauses are drawn from.

    Yields:
        Second of the day, and an event without id and time.
    """
    victim = people[1]
    second = float(START_S)
    for pause, event in (
        *_spraying(people),
        *_entering(victim),
        *_exporting(victim),
        *_deleting(victim),
        *_silencing(victim),
    ):
        second += pause * chance.uniform(0.7, 1.3)
        yield round(second, 3), event


def _spraying(people: Sequence[Person]) -> Iterator[tuple[float, Event]]:
    """One password is tried on everybody, slowly enough that no account is locked."""
    for _ in range(_ROUNDS):
        for person in people:
            event = _event("session.refused", "failure", method="password")
            event["actor"] = {"type": "anonymous", "email": person.email}
            event["reason"] = {"code": "wrong_password"}
            yield 9, event


def _entering(victim: Person) -> Iterator[tuple[float, Event]]:
    yield 11, _event("session.started", "success", victim, method="password")
    key: Event = {"type": "api_key", "id": _KEY, "name": "backup", "role": "object"}
    yield 75, {**_event("api_key.created", "success", victim), "targets": [key]}


def _exporting(victim: Person) -> Iterator[tuple[float, Event]]:
    for number in range(_EXPORTS):
        event = _by_key(victim, "data.exported", rows=9_000 + 731 * number, format="csv")
        folder = ("finance/q3", "people", "legal")[number % 3]
        event["targets"] = [{"type": "folder", "id": folder, "role": "object"}]
        yield 21, event


def _deleting(victim: Person) -> Iterator[tuple[float, Event]]:
    for number in range(_DELETIONS):
        event = _by_key(victim, "document.deleted")
        event["targets"] = [{"type": "document", "id": f"doc_{number + 1:04d}", "role": "object"}]
        yield 0.9, event


def _silencing(victim: Person) -> Iterator[tuple[float, Event]]:
    setting: Event = {"type": "setting", "id": "audit_log.enabled", "role": "object"}
    for _ in range(2):
        event = _event("setting.updated", "denied", victim)
        event["targets"] = [setting]
        event["reason"] = {"code": "not_allowed", "text": "the audit log cannot be turned off"}
        event["changes"] = [
            {"path": "/audit_log/enabled", "op": "replace", "before": True, "after": False}
        ]
        yield 14, event
    yield 8, _event("session.ended", "success", victim)


def _event(action: str, outcome: str, person: Person | None = None, **more: object) -> Event:
    event: Event = {
        "action": action,
        "outcome": outcome,
        "context": {
            "ip": ADDRESS,
            "user_agent": _AGENT,
            "channel": "api",
            "service": action.partition(".")[0],
        },
    }
    if person is not None:
        event["actor"] = {**person.actor(), "authenticated_by": "password"}
    return {**event, "metadata": dict(more)} if more else event


def _by_key(victim: Person, action: str, **more: object) -> Event:
    event = _event(action, "success", None, **more)
    event["actor"] = {
        "type": "api_key",
        "id": _KEY,
        "name": "backup",
        "authenticated_by": "api_key",
    }
    principal = {"type": "user", "id": victim.id, "name": victim.name}
    event["delegation"] = [{"kind": "on_behalf_of", "principal": principal}]
    return event
