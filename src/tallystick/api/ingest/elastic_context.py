"""From where and how something was done, as a document tells it."""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from tallystick.api.ingest.elastic_members import Members

_MAX_ID: Final = 512
_MAX_NAME: Final = 1_024
_MAX_CODE: Final = 256
_MAX_ADDRESS: Final = 64

_ADDRESSES: Final = (
    *("source.ip", "client.ip", "ip", "ip_address", "remote_addr", "source_ip", "client_ip"),
)
_TEXTS: Final = (
    ("user_agent", ("user_agent.original", "user_agent", "userAgent"), _MAX_NAME),
    ("session_id", ("session.id", "session_id", "sessionId"), _MAX_ID),
    ("request_id", ("http.request.id", "request_id", "requestId"), _MAX_ID),
    ("service", ("service.name", "service"), _MAX_CODE),
    ("release", ("service.version",), _MAX_CODE),
    ("location", ("source.geo.name",), _MAX_NAME),
)
_HEX: Final = (
    ("trace_id", ("trace.id", "trace_id"), re.compile(r"[0-9a-f]{32}").fullmatch),
    ("span_id", ("span.id", "span_id"), re.compile(r"[0-9a-f]{16}").fullmatch),
)

_LEVELS: Final = ("log.level", "level", "severity", "PRIORITY")
_SEVERITIES: Final = {
    **dict.fromkeys(("trace", "debug", "info", "information", "notice"), "informational"),
    **dict.fromkeys(("informational", "verbose", "10", "20", "30"), "informational"),
    **dict.fromkeys(("warn", "warning", "low", "40"), "low"),
    **dict.fromkeys(("err", "error", "medium", "50"), "medium"),
    **dict.fromkeys(("crit", "critical_error", "high", "severe", "60"), "high"),
    **dict.fromkeys(("critical", "alert", "emerg", "emergency", "fatal", "panic"), "critical"),
}
"""Words of syslog, log4j and the like, and the numbers of pino."""

_MAX_MS: Final = 2**53 - 1
_NANOSECONDS: Final = 1_000_000


def context_of(members: Members) -> dict[str, object]:
    """Take address, service, trace and the like out of a document, as far as they fit."""
    context: dict[str, object] = {}
    for path in _ADDRESSES:
        if _is_address(members.find(path)):
            context["ip"] = members.find(path)
            members.take(path)
            break
    for field, paths, limit in _TEXTS:
        text = members.text(paths, limit)
        if text is not None:
            context[field] = text
    for field, paths, is_hex in _HEX:
        for path in paths:
            told = members.find(path)
            if isinstance(told, str) and is_hex(told):
                context[field] = told
                members.take(path)
                break
    return {"context": context} if context else {}


def severity_of(members: Members) -> dict[str, object]:
    """Read the level; it stays where it is, for it may tell more than our five."""
    for path in _LEVELS:
        told = members.find(path)
        if isinstance(told, str | int):
            severity = _SEVERITIES.get(str(told).lower())
            if severity is not None:
                return {"severity": severity}
    return {}


def duration_of(members: Members) -> dict[str, object]:
    """Take the duration, which ECS tells in nanoseconds, if it is one of whole milliseconds."""
    told = members.find("event.duration")
    if not isinstance(told, int) or isinstance(told, bool) or told % _NANOSECONDS:
        return {}
    if not 0 <= told // _NANOSECONDS <= _MAX_MS:
        return {}
    members.take("event.duration")
    return {"duration_ms": told // _NANOSECONDS}


def _is_address(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_ADDRESS and _is_spelled(value)


@lru_cache(maxsize=4_096)
def _is_spelled(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
