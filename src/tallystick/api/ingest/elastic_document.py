"""Documents as clients of Elasticsearch send them, translated to events.

A document is read as the first of these that it is:

1. **An event** in our own form: it has ``action`` and an ``actor`` with a ``type``.
2. **A CloudTrail record**: it has ``eventName`` and ``eventSource``.
3. **An action**, told by names of the Elastic Common Schema (``event.action``, ``user.id``,
   ``source.ip`` …) or by those that applications use (``action``, ``user_id``, ``resource`` …),
   nested or with dots.
4. **A log line**: anything else. It becomes ``log.received`` of a service, and goes to the
   stream *activity* whatever the index, for nobody's action is told.

Source: Elastic Common Schema 9 (field reference).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from tallystick.api.ingest.action_names import action_name
from tallystick.api.ingest.cloudtrail import translate as translate_cloudtrail
from tallystick.api.ingest.elastic_actor import actor_of, service_of, targets_of
from tallystick.api.ingest.elastic_context import context_of, duration_of, severity_of
from tallystick.api.ingest.elastic_members import Members
from tallystick.api.ingest.elastic_moment import TIMESTAMP, moment_of
from tallystick.api.ingest.foreign_values import Told, free_name, is_plain, plain, tell
from tallystick.api.ingest.tutorial_event import (
    OUTCOMES,
    noun_of,
    outcome_of,
    stem_of,
)
from tallystick.events.event import ACTION_PATTERN, Event
from tallystick.events.identity import UUID_PATTERN
from tallystick.ledger.ledger import RESERVED_ACTIONS

LOG_RECEIVED: Final = "log.received"
"""The action of a document that tells none."""

_MAX_ID: Final = 512
_MAX_CODE: Final = 256
_MAX_SEQUENCE: Final = 2**53 - 1

_FIELDS: Final = frozenset(Event.__struct_fields__)
_is_action: Final = re.compile(ACTION_PATTERN).match
_is_uuid: Final = re.compile(UUID_PATTERN).match
_is_name: Final = re.compile(r"[A-Za-z][\w.:-]{0,127}").fullmatch

_ACTIONS: Final = ("event.action", "action")
_NAMED_ACTIONS: Final = ("operation", "event_type", "eventType", "action_type", "event")
"""Members that tell an action if they hold one word; a sentence there is a message."""

_CATEGORIES: Final = ("event.category", "event.module", "event.dataset")
_MESSAGES: Final = ("message", "MESSAGE", "msg", "log", "text", "event")
_HOISTED: Final = ("metadata", "labels")


class Place(NamedTuple):
    """Where a document is put, and when.

    Attributes:
        index_name: Name of the index.
        received: Time of receipt, for a document that tells none.
    """

    index_name: str
    received: str

    @property
    def stream(self) -> str:
        """The stream that takes what is written to the index."""
        return stream_of(self.index_name)


def stream_of(index: str) -> str:
    """Return the stream that an index of a name is: audit where it begins so, else activity."""
    return "audit" if index.startswith("audit") else "activity"


def translate(document: dict[str, object], place: Place) -> dict[str, object]:
    """Translate a document to an event, in the form that ``POST /v1/events`` takes.

    Nothing of the document is lost: what fits no field of an event stands in ``metadata`` under
    its own name. Only secrets are withheld (see :func:`foreign_values.tell`), and counted in
    ``metadata.withheld_secrets``.

    Args:
        document: As JSON builtins; it is taken apart.
        place: Where it is put.

    Returns:
        The event, with ``stream``. Its ``id`` is the document's ``event.id``, where that is a
        UUID; another ``event.id`` is the ``external_id``.

    Raises:
        MalformedError: A field that must be told rightly is not; ``path`` points to it.
    """
    if _is_event(document):
        return _own(document, place)
    if isinstance(document.get("eventName"), str) and "eventSource" in document:
        return {**translate_cloudtrail(document), "stream": place.stream}
    told = Told(document, 0) if is_plain(document) else tell(document)
    members = Members(_opened(told.value))
    action = _taken_action(members)
    event = _received(members) if action is None else _action(members, action)
    event["stream"] = "activity" if action is None else place.stream
    moment = moment_of(members, place.received)
    event["occurred_at"] = moment.text
    event.update(_identified(members))
    event.update(_source(members, place))
    event.update(severity_of(members))
    event.update(duration_of(members))
    notes: dict[str, object] = {}
    if moment.assumed:
        notes["time"] = moment.assumed
    if told.withheld:
        notes["withheld_secrets"] = told.withheld
    metadata = _metadata(members.rest, notes)
    return {**event, "metadata": metadata} if metadata else event


def _is_event(document: Mapping[str, object]) -> bool:
    actor, action = document.get("actor"), document.get("action")
    if not (isinstance(actor, dict) and "type" in actor and isinstance(action, str)):
        return False
    return _is_action(action) is not None


def _own(document: Mapping[str, object], place: Place) -> dict[str, object]:
    """Take an event as it is; members that an event does not have go to its metadata."""
    event = {name: value for name, value in document.items() if name in _FIELDS}
    rest = {name: value for name, value in document.items() if name not in _FIELDS}
    if event.get("stream", place.stream) != place.stream:
        rest["stream"] = event["stream"]
    event["stream"] = place.stream
    told = rest.get(TIMESTAMP)
    if "occurred_at" not in event:
        moment = moment_of(Members(rest), place.received)
        event["occurred_at"] = moment.text
        if moment.assumed:
            rest[free_name("time", rest)] = moment.assumed
    elif told == event["occurred_at"]:
        del rest[TIMESTAMP]
    event.setdefault("source", {"id": place.index_name})
    if not rest:
        return event
    more = tell(rest)
    held = event.get("metadata")
    if held is not None and not isinstance(held, dict):
        return event  # its own parser says what is wrong
    notes: dict[str, object] = {"withheld_secrets": more.withheld} if more.withheld else {}
    event["metadata"] = _joined(dict(held or {}), _metadata(_opened(more.value), notes))
    return event


def _opened(value: object) -> dict[str, object]:
    """Return the document; winston puts what a caller tells below ``fields``."""
    document = value if isinstance(value, dict) else {}
    inner = document.get("fields")
    if isinstance(inner, dict) and not any(name in document for name in ("event", *_ACTIONS)):
        told = Members(inner)
        if any(isinstance(told.find(path), str) for path in _ACTIONS):
            del document["fields"]
            return _joined(document, inner)
    return document


def _taken_action(members: Members) -> str | None:
    action = members.text(_ACTIONS, _MAX_ID)
    if action is not None:
        return action
    for name in _NAMED_ACTIONS:
        told = members.find(name)
        if isinstance(told, str) and (_is_action(told) if name == "event" else _is_name(told)):
            members.take(name)
            return told
    return None


def _action(members: Members, told: str) -> dict[str, object]:
    stem, ending = stem_of(told)
    targets = targets_of(members)
    action = _spelled(stem, noun_of(stem, _kind(targets, members)))
    if action in RESERVED_ACTIONS:
        action = f"foreign_{action}"  # the server alone records those
    if action != told:
        members.rest[free_name("action", members.rest)] = told
    event: dict[str, object] = {
        "action": action,
        "actor": actor_of(members),
        "outcome": _outcome(members, ending),
        **_reason(members),
        **context_of(members),
    }
    if targets:
        event["targets"] = targets
    message = members.text(("message",), 1_048_576)
    return event if message is None else {**event, "message": message}


def _received(members: Members) -> dict[str, object]:
    event: dict[str, object] = {"action": LOG_RECEIVED, "actor": service_of(members)}
    message = _message(members)
    if message is not None:
        event["message"] = message
    return {**event, **context_of(members)}


def _message(members: Members) -> str | None:
    for name in _MESSAGES:
        told = members.find(name)
        if isinstance(told, str) and told:
            members.take(name)
            return told
    return None


def _kind(targets: list[dict[str, object]], members: Members) -> str:
    for target in targets:
        return str(target["type"])
    for path in _CATEGORIES:
        told = members.find(path)
        first = told[0] if isinstance(told, list) and told else told
        if isinstance(first, str) and first:
            return first
    return ""


def _outcome(members: Members, ending: str) -> str:
    kinds = members.find("event.type")
    if kinds == "denied" or (isinstance(kinds, list) and "denied" in kinds):
        return "denied"
    if ending:
        return outcome_of(ending) or "unknown"
    for path in ("event.outcome", *OUTCOMES):
        told = members.find(path)
        if isinstance(told, str | int):
            outcome = outcome_of(str(told))
            if outcome is not None:
                if outcome == told:
                    members.take(path)
                return outcome
    return "unknown"


def _reason(members: Members) -> dict[str, object]:
    code = members.text(("error.code",), _MAX_CODE)
    text = members.text(("event.reason", "error.message"), 1_048_576)
    told = {name: value for name, value in (("code", code), ("text", text)) if value}
    return {"reason": told} if told else {}


def _identified(members: Members) -> dict[str, object]:
    told = plain(members.find("event.id"), _MAX_ID)
    if told is None:
        return {}
    members.take("event.id")
    if _is_uuid(told):
        return {"id": told.lower()}
    return {"external_id": told}


def _source(members: Members, place: Place) -> dict[str, object]:
    source: dict[str, object] = {
        "id": members.text(("event.provider",), _MAX_ID) or place.index_name
    }
    sequence = members.find("event.sequence")
    if isinstance(sequence, int) and 0 <= sequence <= _MAX_SEQUENCE and sequence is not True:
        members.take("event.sequence")
        source["sequence"] = sequence
    return {"source": source}


def _metadata(rest: dict[str, object], notes: dict[str, object]) -> dict[str, object]:
    """Put what is left, and what is to be noted, into one object."""
    for name in _HOISTED:
        inner = rest.get(name)
        if isinstance(inner, dict):
            del rest[name]
            rest = _joined(rest, inner)
    return _joined(rest, notes)


def _joined(members: dict[str, object], more: Mapping[str, object]) -> dict[str, object]:
    for name, value in more.items():
        members[free_name(name, members)] = value
    return members


@lru_cache(maxsize=1_024)
def _spelled(stem: str, noun: str) -> str:
    return action_name(stem, noun)
