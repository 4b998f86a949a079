"""Which questions a line of somebody's log answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from tallystick.api.ingest.cloudtrail import translate
from tallystick.api.ingest.tutorial_line import Line
from tallystick.errors import MalformedError


class Question(StrEnum):
    """What an auditor asks of each line."""

    WHO = "who"
    WHAT = "what"
    WHEN = "when"
    ZONE = "when, with a time zone"
    WHICH = "on which object"
    WHERE = "from where"
    OUTCOME = "with what outcome"
    REQUEST = "in which request"


@dataclass(frozen=True, slots=True)
class Told:
    """What one line tells.

    Attributes:
        kind: ``CloudTrail``, ``event``, ``JSON`` or ``text``.
        answers: The questions that it answers.
        moment: Its time, taken as UTC where it names no zone; None where it tells none that can
            be read.
        identity: Its id, or None.
    """

    kind: str
    answers: frozenset[Question]
    moment: datetime | None
    identity: str | None


_NAMES: Final = {
    Question.WHO: "user userid username useremail actor actorid actorname actoremail actorusername"
    " principal principalid arn sub uid email login who operator account userprincipalname",
    Question.WHAT: "action event eventname eventtype operation activity verb method command"
    " actiontype operationname",
    Question.WHEN: "timestamp time ts date datetime eventtime occurredat createdat created at"
    " asctime when creationtime activitydatetime timegenerated",
    Question.WHICH: "target targets targetid resource resources resourceid resourcename object"
    " objectid objectname entity entityid path url uri document documentid file filename key table",
    Question.WHERE: "ip ipaddress clientip sourceip sourceipaddress remoteaddr remoteip remotehost"
    " host clientaddress clientipaddress xforwardedfor",
    Question.OUTCOME: "outcome status result success statuscode responsecode resultstatus errorcode"
    " httpstatus resulttype",
    Question.REQUEST: "requestid traceid correlationid xrequestid transactionid operationid spanid"
    " reqid",
}
_QUESTIONS: Final = {name: asked for asked, names in _NAMES.items() for name in names.split()}
_IDS: Final = ("id", "eventid", "uuid", "auditid", "logid", "recordid")
_separates: Final = re.compile(r"[^a-z0-9]+")
_DEEPEST: Final = 4

_ACCESS: Final = re.compile(
    r"(?P<ip>\S{1,60}) \S{1,100} (?P<user>\S{1,200}) \[(?P<time>[^\]]{10,40})\]"
    r" \"(?P<method>[A-Z]{3,10}) (?P<path>\S{1,8000})[^\"]{0,20}\" (?P<status>\d{3}) "
).match
_FRACTION: Final = re.compile(r",(?=\d)")
_SYSLOG: Final = re.compile(r"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ").match
_MS, _US, _NS = 10**11, 10**14, 10**17


def read_fields(record: Mapping[str, object] | None, line: Line) -> Told:
    """Tell which questions a line answers.

    Args:
        record: The line as a JSON object, where it is one.
        line: The line as text, taken apart.
    """
    if record is None:
        return _of_text(line)
    if "eventName" in record and ("eventSource" in record or "eventID" in record):
        try:
            return _of_event(translate(record), "CloudTrail")
        except MalformedError:
            return _of_members(record, "CloudTrail", line.time)
    if isinstance(record.get("actor"), dict) and "action" in record and "occurred_at" in record:
        return _of_event(record, "event")
    return _of_members(record, "JSON", line.time)


def _of_event(event: Mapping[str, object], kind: str) -> Told:
    actor, context = _object(event.get("actor")), _object(event.get("context"))
    moment, has_zone = read_moment(event.get("occurred_at"))
    answered = {
        Question.WHO: bool(actor.get("id") or actor.get("name") or actor.get("email")),
        Question.WHAT: bool(event.get("action")),
        Question.WHEN: moment is not None,
        Question.ZONE: has_zone,
        Question.WHICH: bool(event.get("targets")),
        Question.WHERE: bool(context.get("ip")),
        Question.OUTCOME: event.get("outcome") not in (None, "unknown"),
        Question.REQUEST: bool(context.get("request_id") or context.get("trace_id")),
    }
    identity = event.get("id") or event.get("external_id")
    return Told(kind, _those(answered), moment, str(identity) if identity else None)


def _of_members(record: Mapping[str, object], kind: str, time: str | None) -> Told:
    answered: dict[Question, bool] = {}
    identity: str | None = None
    moment, has_zone = read_moment(time)
    for names, value in _leaves(record):
        for name in names:
            if name in _IDS and identity is None and len(names) == 1:
                identity = str(value)
            asked = _QUESTIONS.get(name)
            if asked is Question.WHEN and moment is None:
                moment, has_zone = read_moment(value)
            elif asked is not None:
                answered[asked] = True
    answered[Question.WHEN] = moment is not None
    answered[Question.ZONE] = has_zone
    return Told(kind, _those(answered), moment, identity)


def _of_text(line: Line) -> Told:
    if found := _ACCESS(line.text):
        moment = _access_moment(found["time"])
        known = {Question.WHAT, Question.WHICH, Question.WHERE, Question.OUTCOME}
        known |= {Question.WHEN, Question.ZONE} if moment else set()
        known |= {Question.WHO} if found["user"] != "-" else set()
        return Told("text", frozenset(known), moment, None)
    told = _of_members(line.members, "text", line.time)
    if told.moment is None and _SYSLOG(line.text):
        return Told("text", told.answers | {Question.WHEN}, None, told.identity)
    return told


def _access_moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return None


def read_moment(value: object) -> tuple[datetime | None, bool]:
    """Read a time as logs write it: ISO 8601, or seconds, ms, µs or ns since 1970.

    Returns:
        The time, as UTC where it names no zone, or None; and whether it names one.
    """
    if isinstance(value, bool) or value is None:
        return None, False
    try:
        if isinstance(value, int | float):
            return _since_1970(float(value)), True
        text = _FRACTION.sub(".", str(value).strip()[:40])
        if text.replace(".", "", 1).isdecimal() and len(text) >= len("1000000000"):
            return _since_1970(float(text)), True
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None, False
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC), False
    return moment, True


def _since_1970(number: float) -> datetime:
    for floor, unit in ((_NS, 10**9), (_US, 10**6), (_MS, 10**3)):
        if number >= floor:
            return datetime.fromtimestamp(number / unit, UTC)
    return datetime.fromtimestamp(number, UTC)


def _leaves(value: Mapping[str, object], above: str = "", depth: int = 1) -> Iterator[
    tuple[tuple[str, ...], object]
]:  # fmt: skip
    """Give each value that is something, under its name alone and behind the name above."""
    for name, inner in value.items():
        own = _separates.sub("", name.lower())
        names = (f"{above}{own}", own) if above else (own,)
        if isinstance(inner, dict) and depth < _DEEPEST:
            yield from _leaves(inner, own, depth + 1)
        elif inner not in (None, "", [], {}):
            yield names, inner


def _those(answered: Mapping[Question, bool]) -> frozenset[Question]:
    return frozenset(asked for asked, is_answered in answered.items() if is_answered)


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
