"""One line of a tutorial's ``audit.log``, taken apart; :mod:`tutorial_log` states the rule."""

import json
import re
from dataclasses import dataclass
from typing import Final

TIMES: Final = ("timestamp", "time", "ts", "date", "datetime", "asctime", "created_at")
USERS: Final = ("user_id", "user", "username", "userid", "actor", "actor_id", "who")
ACTIONS: Final = ("action", "event", "operation", "event_type", "action_type")
RESOURCES: Final = ("resource", "target", "object", "resource_id", "entity", "details")
HASHES: Final = (
    "hash", "sha256", "checksum", "log_hash", "entry_hash", "integrity_hash", "record_hash",
    "signature",
)  # fmt: skip
PREVIOUS: Final = ("prev_hash", "previous_hash", "prev", "prevhash", "previous")

_LEVELS: Final = r"(?P<level>DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|AUDIT)"
_TIME: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
# Blanks are counted out everywhere: a line of nothing but blanks must not cost the square of
# its length.
_FRONT: Final = re.compile(
    rf"\[?(?P<time>{_TIME})\]?[ \t]{{0,8}}(?:[-|:,][ \t]{{0,8}})?"
    r"(?:(?:(?P<logger>[\w.]{1,100})[ \t]{0,8}[-|:][ \t]{0,8})?"
    rf"\[?{_LEVELS}\]?[ \t]{{0,8}}(?:[-|:][ \t]{{0,8}})?)?"
).match
_LEVEL_FRONT: Final = re.compile(rf"{_LEVELS}:(?P<logger>[\w.]{{1,100}}):").match
_HASH_BEHIND: Final = re.compile(
    r"(?P<between>[ \t]{0,4}[-|,;]?[ \t]{0,4}[\[(]?[ \t]{0,4})"
    r"(?:(?:log |entry |integrity |record )?(?:hash|sha-?256|checksum|signature)"
    r"[ \t]{0,4}[=:][ \t]{0,4}(?:sha256:)?)?"
    r"[\"']?(?P<hash>[0-9a-fA-F]{64})[\"']?[\])]?[ \t]{0,8}\Z",
    re.IGNORECASE,
).search
_PAIR: Final = re.compile(
    r"(?:\A|[,;|\s])\s{0,4}(?P<name>[A-Za-z][\w ]{0,40}?)\s{0,4}[=:]\s{0,4}"
    r"(?:\"(?P<quoted>[^\"]*)\"|'(?P<single>[^']*)'"
    r"|(?P<bare>[^,;|\s]+(?:[ \t]{1,4}[^,;|\s=:]+(?!\w*[=:]))*))"
).finditer
_PROSE: Final = re.compile(
    r"\A(?:user[ \t]{1,8})?(?P<user>\S{1,200})[ \t]{1,8}"
    r"(?:(?:has[ \t]{1,8})?(?:performed|executed|did|made)[ \t]{1,8})?(?:action[ \t]{1,8})?"
    r"(?P<action>[\w.-]{1,100})[ \t]{1,8}(?:on|to|of|in|from)[ \t]{1,8}(?P<resource>\S.*)\Z",
    re.IGNORECASE | re.DOTALL,
).match
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}").fullmatch
_MAX_PAIRED: Final = 20_000
_BEHIND: Final = 160
"""Characters at a line's end within which its hash is sought."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says.

    Attributes:
        text: All of it.
        front: Time and level as they stand in front of the message.
        members: What it tells, by name as it is written; a JSON object's values keep their type.
        is_json: Whether the message is a JSON object.
        without_hash: The forms in which the text may have been hashed: all of it but the hash.
        hash: 64 hex digits in lower case, or None.
        hash_name: The member that holds it, or None.
        time: As it is written, or None.
        level: As it is written, or None.
    """

    text: str
    front: str
    members: dict[str, object]
    is_json: bool
    without_hash: tuple[str, ...]
    hash: str | None
    hash_name: str | None
    time: str | None
    level: str | None

    def told(self, names: tuple[str, ...]) -> tuple[str, object] | None:
        """Return name and value of the first of the members that is told."""
        known = {name.strip().lower().replace(" ", "_"): name for name in self.members}
        for name in names:
            if name in known and self.members[known[name]] not in (None, ""):
                return known[name], self.members[known[name]]
        return None


def parse_line(text: str) -> Line:
    """Take a line apart; what is not recognised leaves ``members`` empty."""
    found = _FRONT(text) or _LEVEL_FRONT(text)
    front = text[: found.end()] if found else ""
    message = text[len(front) :]
    parts = found.groupdict() if found else {}
    found_object = _object(message)
    name: str | None = None
    forms: tuple[str, ...] = ()
    if found_object is not None:
        members = found_object
        name, hashed = _hash_member(members)
    else:
        hashed, forms, message = _hash_behind(text, front)
        members = _pairs(message) or _parts(message) or _sentence(message)
    return Line(
        text=text,
        front=front,
        members=members,
        is_json=found_object is not None,
        without_hash=forms,
        hash=hashed.lower() if hashed else None,
        hash_name=name,
        time=parts.get("time"),
        level=parts.get("level"),
    )


def _object(message: str) -> dict[str, object] | None:
    if not message.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _hash_member(members: dict[str, object]) -> tuple[str | None, str | None]:
    for name, value in members.items():
        if name.lower() in HASHES and isinstance(value, str) and _HEX(value):
            return name, value
    return None, None


def _hash_behind(text: str, front: str) -> tuple[str | None, tuple[str, ...], str]:
    found = _HASH_BEHIND(text, max(len(front), len(text) - _BEHIND))
    if found is None:
        return None, (), text[len(front) :]
    bare = text[: found.start()]
    spaced = text[: found.end("between")]
    forms = (bare, spaced, bare.rstrip(" \t-|,;[("), spaced.rstrip())
    short = tuple(form[len(front) :] for form in forms)
    return found["hash"], tuple(dict.fromkeys((*forms, *short))), bare[len(front) :]


def _pairs(message: str) -> dict[str, object]:
    if len(message) > _MAX_PAIRED:
        return {}
    members: dict[str, object] = {}
    for found in _PAIR(message):
        value = next(
            part for part in (found["quoted"], found["single"], found["bare"]) if part is not None
        )
        members.setdefault(found["name"].strip(), value)
    known = {name.lower().replace(" ", "_") for name in members}
    return members if known & {*ACTIONS} else {}


def _parts(message: str) -> dict[str, object]:
    parts = [part.strip() for part in message.split("|")]
    names = ["user_id", "action", "resource"]
    if re.match(_TIME, parts[0]):
        names.insert(0, "timestamp")
    if len(parts) < len(names) - 1 or len(parts) == 1:
        return {}
    named = dict(zip(names, parts, strict=False))
    more = parts[len(names) :]
    return {**named, **({"more": more} if more else {})}


def _sentence(message: str) -> dict[str, object]:
    found = _PROSE(message.strip()) if len(message) <= _MAX_PAIRED else None
    if found is None:
        return {}
    named = {"user_id": found["user"], "action": found["action"], "resource": found["resource"]}
    return {name: value.strip() for name, value in named.items()}
