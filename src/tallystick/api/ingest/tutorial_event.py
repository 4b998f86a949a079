"""The event that a tutorial's log line tells of; :mod:`tutorial_log` states the rule."""

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final, TypedDict

from tallystick.api.ingest.action_names import action_name
from tallystick.api.ingest.foreign_values import free_name, plain, tell
from tallystick.api.ingest.tutorial_line import ACTIONS, RESOURCES, TIMES, USERS, Line
from tallystick.errors import MalformedError
from tallystick.events.moment import moment_text

_MAX_ID: Final = 512
OUTCOMES: Final = ("status", "outcome", "result", "success")
_ADDRESSES: Final = ("ip", "ip_address", "remote_addr", "source_ip", "client_ip")
_SUCCESS: Final = frozenset({"success", "successful", "ok", "true", "1", "200", "allowed"})
_DENIED: Final = frozenset({"denied", "forbidden", "unauthorized", "403", "401", "refused"})
_FAILURE: Final = frozenset({"fail", "failed", "failure", "error", "false", "0", "500", "400"})
_ENDING: Final = re.compile(
    r"[_\s.-]+(success|successful|ok|failed|failure|fail|denied)\Z", re.IGNORECASE
)
_PATH: Final = re.compile(r"\A/?(?:api/)?(?:v\d+/)?([A-Za-z][\w-]{0,60})[/:#]\s?(\S.*)\Z").match
_NUMBERED: Final = re.compile(r"\A([A-Za-z][A-Za-z_-]{0,60}?)[_ -]#?(\d\S*)\Z").match
_ONE_WORD: Final = re.compile(r"\A[A-Za-z][\w-]{0,60}\Z").match
_FRACTION: Final = re.compile(r",(?=\d)")


class TutorialEvent(TypedDict, total=False):
    """An event as builtins, as far as such a line can tell one."""

    action: str
    occurred_at: str
    outcome: str
    actor: dict[str, object]
    targets: list[dict[str, object]]
    context: dict[str, object]
    external_id: str
    metadata: dict[str, object]


def event_of(line: Line) -> TutorialEvent:
    """Make an event of a line.

    ``DELETE`` on ``document/17`` is ``document.deleted`` with the target document 17; ``login`` is
    ``user.signed_in``; ``LOGIN_FAILED`` is the same with the outcome failure. An action that is
    ``noun.verb`` already stays. What has no field stands in the metadata.

    Raises:
        MalformedError: The line tells no action, or no time.
    """
    rest = dict(line.members)
    action = _taken(line, rest, ACTIONS)
    if action is None:
        raise MalformedError("no action, want one that is recognised")
    moment, assumed = _moment(line, rest)
    kind, identity = resource_of(_taken(line, rest, RESOURCES))
    stem, ending = stem_of(action)
    event = TutorialEvent(
        action=action_name(stem, noun_of(stem, kind)),
        occurred_at=moment,
        outcome=_outcome(line, ending),
        actor=_actor(_taken(line, rest, USERS)),
    )
    if address := _address(line, rest):
        event["context"] = {"ip": address}
    if kind:
        target: dict[str, object] = {"type": kind, "role": "object"}
        event["targets"] = [{**target, "id": identity} if identity else target]
    if assumed:
        rest[free_name("time_zone", rest)] = "absent, read as UTC"
    if stem != event["action"]:
        rest[free_name("action", rest)] = action
    for name, value in (("hash", line.hash), ("level", line.level)):
        if value and name not in rest:
            rest[name] = value
    told = tell(rest)
    event["metadata"] = told.value if isinstance(told.value, dict) else {}
    if told.withheld:
        event["metadata"][free_name("withheld_secrets", event["metadata"])] = told.withheld
    return event


def _taken(line: Line, rest: dict[str, object], names: tuple[str, ...]) -> str | None:
    """Take the value out of the rest where it fits a field."""
    told = line.told(names)
    if told is None or isinstance(told[1], dict | list | bool):
        return None
    value = plain(str(told[1]).strip(), _MAX_ID)
    if value is not None:
        rest.pop(told[0], None)
    return value


def _address(line: Line, rest: dict[str, object]) -> str | None:
    told = line.told(_ADDRESSES)
    try:
        address = str(ip_address(str(told[1]))) if told else None
    except ValueError:
        return None
    if told and address == told[1]:
        del rest[told[0]]
    return address


def _moment(line: Line, rest: dict[str, object]) -> tuple[str, bool]:
    told = line.told(TIMES)
    value = told[1] if told else line.time
    if value is None:
        raise MalformedError("no time, want one")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment, assumed = datetime.fromtimestamp(value, UTC), False
        else:
            moment = datetime.fromisoformat(_FRACTION.sub(".", str(value).strip()))
            assumed = moment.tzinfo is None
            moment = moment.replace(tzinfo=UTC) if assumed else moment
        text = moment_text(moment)
    except (ValueError, OverflowError, OSError):
        raise MalformedError(
            "time: of another form, want one such as 2025-01-31 09:30:00"
        ) from None
    if told:
        rest.pop(told[0], None)
    return text, assumed


def resource_of(text: str | None) -> tuple[str, str | None]:
    """Part a resource such as ``document/17`` into type and id; the type is empty for none."""
    if not text:
        return "", None
    if found := _PATH(text) or _NUMBERED(text):
        kind = found[1].lower().replace("-", "_")
        return kind, found[2].strip()
    if _ONE_WORD(text):
        return text.lower().replace("-", "_"), None
    return "resource", text


def stem_of(action: str) -> tuple[str, str]:
    """Part ``LOGIN_FAILED`` into the action and the word that tells the outcome, or none."""
    found = _ENDING.search(action)
    return (action[: found.start()], found[1].lower()) if found else (action, "")


def noun_of(stem: str, kind: str) -> str:
    """Say what was acted upon, for an action that is a verb alone."""
    if stem.lower().replace("-", "").replace("_", "") in {"login", "logout", "logon", "signin"}:
        return "user"
    return kind or "resource"


def _outcome(line: Line, ending: str) -> str:
    told = line.told(OUTCOMES)
    word = ending or (str(told[1]) if told else "")
    failed = line.level in {"ERROR", "CRITICAL"}
    return outcome_of(word) or ("failure" if failed else "unknown")


def outcome_of(word: str) -> str | None:
    """Read an outcome such as ``ok``, ``403`` or ``True``; None for a word that tells none."""
    word = word.strip().lower()
    for words, outcome in ((_SUCCESS, "success"), (_DENIED, "denied"), (_FAILURE, "failure")):
        if word in words:
            return outcome
    return None


def _actor(user: str | None) -> dict[str, object]:
    if user is None or user.lower() in {"anonymous", "none", "null", "unknown", "-"}:
        return {"type": "anonymous"}
    if user.lower() in {"system", "root", "cron"}:
        return {"type": "system", "id": user}
    return {"type": "user", "id": user}
