"""AWS CloudTrail records, translated to events.

Source: AWS CloudTrail user guide, "CloudTrail record contents" and "userIdentity element".
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

from tallystick.api.ingest.action_names import action_name
from tallystick.api.ingest.cloudtrail_identity import Identity, identity_of, members_of
from tallystick.api.ingest.cloudtrail_targets import MAX_TARGETS, targets_of
from tallystick.api.ingest.foreign_values import free_name, plain, tell
from tallystick.errors import MalformedError
from tallystick.events.canonical import encode
from tallystick.events.identity import UUID_PATTERN
from tallystick.events.moment import parse_moment
from tallystick.ledger.ledger import RESERVED_ACTIONS

_NAMED: Final = {
    "AssumeRoleWithSAML": "role.assumed",
    "AssumeRoleWithWebIdentity": "role.assumed",
    "CheckMfa": "mfa.checked",
    "ConsoleLogin": "user.signed_in",
    "Logout": "user.signed_out",
    "PasswordRecoveryRequested": "password.reset_requested",
    "SwitchRole": "role.assumed",
}
_DENIED: Final = re.compile(
    r"access.?denied|unauthori[sz]ed|not.?authori[sz]ed|forbidden|\bauthfailure\b", re.IGNORECASE
).search
_is_uuid: Final = re.compile(UUID_PATTERN).match
_CONSOLE: Final = re.compile(r"\A\[?Mozilla/|console|signin\.amazonaws\.com", re.IGNORECASE).search
_SERVICE: Final = re.compile(r"\.amazonaws\.com\Z|\AAWS Internal\Z").search
_LOGSTASH_TIME: Final = "@timestamp"
"""Where Logstash's codec puts the eventTime, which it takes away."""

_MAX_ID: Final = 512
_MAX_NAME: Final = 1_024
_MAX_CODE: Final = 256


def translate(record: Mapping[str, object]) -> dict[str, object]:
    """Translate a CloudTrail record to an event, in the form that ``POST /v1/events`` takes.

    Nothing of the record is lost: what fits no field of an event stands in ``metadata`` under
    its own name. Only secrets are withheld (see :func:`foreign_values.tell`), and counted in
    ``metadata.withheld_secrets``.

    Args:
        record: The record as JSON builtins, as in a file's ``Records``.

    Returns:
        The event. Its ``id`` is the ``eventID``; one that is no UUID becomes the
        ``external_id``, and so does the hash of a record without any, so that a second import
        finds it again.

    Raises:
        MalformedError: The record has no ``eventName``, or no ``eventTime`` with an offset.
    """
    name = record.get("eventName")
    if not isinstance(name, str) or not name:
        raise MalformedError("cloudtrail record: no eventName, want one", path="/eventName")
    told = tell(dict(record))
    rest = members_of(told.value)
    identity = identity_of(rest)
    event: dict[str, object] = {
        **_identified(record, rest),
        "action": _action(name, rest),
        "occurred_at": _moment(rest),
        "outcome": _outcome(rest),
        "actor": identity.actor,
        "context": _context(rest, identity),
        **_reason(rest),
        **_targets(rest),
        **_source(rest),
    }
    if identity.delegation:
        event["delegation"] = identity.delegation
    if told.withheld:
        rest[free_name("withheld_secrets", rest)] = told.withheld
    event["metadata"] = rest
    return event


def _action(name: str, rest: Mapping[str, object]) -> str:
    action = _NAMED.get(name) or action_name(name, _short(rest.get("eventSource")))
    # CreateKey is not the key.created that this server alone may record.
    return f"aws_{action}" if action in RESERVED_ACTIONS else action


def _identified(record: Mapping[str, object], rest: dict[str, object]) -> dict[str, object]:
    identity = plain(rest.get("eventID"), _MAX_ID)
    if identity is None:
        hashed = sha256(encode(dict(record))).hexdigest()
        return {"external_id": f"sha256:{hashed}"}
    if not _is_uuid(identity):
        del rest["eventID"]
        return {"external_id": identity}
    if identity.islower() or identity.isdecimal():
        del rest["eventID"]  # an event writes ids in lower case; another spelling stays beside it
    return {"id": identity.lower()}


def _moment(rest: dict[str, object]) -> str:
    member = "eventTime" if "eventTime" in rest else _LOGSTASH_TIME
    text = rest.pop(member, None)
    if not isinstance(text, str):
        raise MalformedError("cloudtrail record: no eventTime, want one", path="/eventTime")
    try:
        parse_moment(text)
    except MalformedError as error:
        raise MalformedError(str(error), path=f"/{member}") from None
    return text


def _outcome(rest: Mapping[str, object]) -> str:
    code = rest.get("errorCode")
    if code is not None:
        return "denied" if _DENIED(str(code)) else "failure"
    # A refused sign-in has no errorCode: what it answers to the browser tells.
    answer = members_of(rest.get("responseElements")).get(str(rest.get("eventName")))
    return "failure" if answer == "Failure" or rest.get("errorMessage") else "success"


def _reason(rest: dict[str, object]) -> dict[str, object]:
    reason: dict[str, object] = {}
    if code := plain(rest.get("errorCode"), _MAX_CODE):
        reason["code"] = code
        del rest["errorCode"]
    text = rest.get("errorMessage")
    if isinstance(text, str) and text:
        reason["text"] = text
        del rest["errorMessage"]
    return {"reason": reason} if reason else {}


def _context(rest: dict[str, object], identity: Identity) -> dict[str, object]:
    context: dict[str, object] = {"channel": _channel(rest, identity)}
    address = rest.get("sourceIPAddress")
    if isinstance(address, str) and _is_address(address):
        context["ip"] = address
        del rest["sourceIPAddress"]
    for field, member, limit in (
        ("user_agent", "userAgent", _MAX_NAME),
        ("request_id", "requestID", _MAX_ID),
    ):
        if text := plain(rest.get(member), limit):
            context[field] = text
            del rest[member]
    if service := plain(rest.get("eventSource"), _MAX_CODE):
        context["service"] = service
    return context


def _channel(rest: Mapping[str, object], identity: Identity) -> str:
    agent = str(rest.get("userAgent") or "")
    kind = str(rest.get("eventType") or "")
    if kind.startswith("AwsConsole") or rest.get("sessionCredentialFromConsole") == "true":
        return "ui"
    if "aws-cli" in agent:
        return "cli"
    if _CONSOLE(agent):
        return "ui"
    if kind == "AwsServiceEvent" or identity.is_aws or _SERVICE(agent):
        return "system"
    return "system" if _SERVICE(str(rest.get("sourceIPAddress") or "")) else "api"


def _targets(rest: dict[str, object]) -> dict[str, object]:
    targets = targets_of(rest)
    if not targets:
        return {}
    total = {"targets_total": len(targets)} if len(targets) > MAX_TARGETS else {}
    if total:
        rest["further_targets"] = targets[MAX_TARGETS:]
    return {"targets": targets[:MAX_TARGETS], **total}


def _source(rest: Mapping[str, object]) -> dict[str, object]:
    names = ("eventSource", "awsRegion", "recipientAccountId")
    parts = [part for name in names if (part := plain(rest.get(name), 160))]
    return {"source": {"id": "/".join(parts)}} if parts else {}


def _short(source: object) -> str:
    return source.partition(".")[0] if isinstance(source, str) else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return len(text) <= 64  # noqa: PLR2004 (an IPv6 address may have a zone of any length)
