"""Values from other people's logs, made fit for an event without losing any of them."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from tallystick.events.wording import is_suspect

WITHHELD: Final = "[withheld: secret]"
"""Stands where a password, a token or a secret key stood."""

HIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Characters that an event refuses in a name or an id."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

# Ends of member names, without what separates words. Tokens that only page through a list
# (nextToken) or make a request idempotent (clientToken) are none of them.
_SECRET_ENDS: Final = (
    "accesstoken", "apikey", "apitoken", "authorization", "authtoken", "bearertoken",
    "clientsecret", "connectiontoken", "idtoken", "keymaterial", "passphrase", "passwd",
    "password", "plaintext", "privatekey", "pwd", "refreshtoken", "secret", "secretaccesskey",
    "secretbinary", "secretkey", "secretstring", "securitytoken", "sessiontoken", "signintoken",
    "tokenvalue", "xamzcredential", "xamzsignature",
)  # fmt: skip
_separates: Final = re.compile(r"[^a-z0-9]+")

_REMEMBERED: Final = 64
"""Characters of a name up to which it is remembered what it says."""

_write: Final = msgspec.json.Encoder().encode

# How AWS itself marks what it has taken out, and how it tells that handing one out succeeded.
_NO_SECRET: Final = re.compile(
    r"\*+|HIDDEN_DUE_TO_SECURITY_REASONS|<?sensitiveDataRemoved>?"
    r"|Value hidden due to security reasons\.?|Success|Failure"
)


class Told(NamedTuple):
    """A value as an event can tell it.

    Attributes:
        value: JSON builtins.
        withheld: How many secrets were taken out of it.
    """

    value: object
    withheld: int


def plain(value: object, limit: int) -> str | None:
    """Return a text that fits a field of an event.

    Args:
        value: Anything.
        limit: Most characters.

    Returns:
        The text; None for another type, an empty or a longer text, and one that holds
        characters which control or hide.
    """
    if isinstance(value, str) and 0 < len(value) <= limit and not HIDDEN.search(value):
        return value
    return None


def tell(value: object, name: str = "") -> Told:
    r"""Make a foreign value fit for an event's metadata.

    Secrets are withheld: strings and numbers below a member whose name says so. Characters that
    control, which no event holds, are spelled out as ``\u0000``: an attacker who puts one into
    a user agent must not keep the record out of the log.

    Args:
        value: JSON builtins.
        name: Name of the member whose value it is.
    """
    if isinstance(value, dict):
        return _tell_members(value)
    if isinstance(value, list):
        items = [tell(item, name) for item in value]
        return Told([item.value for item in items], sum(item.withheld for item in items))
    if _is_secret(name, value):
        return Told(WITHHELD, 1)
    return Told(_CONTROL.sub(_spelled, value) if isinstance(value, str) else value, 0)


def _tell_members(members: dict[str, object]) -> Told:
    told: dict[str, object] = {}
    withheld = 0
    for name, value in members.items():
        inner = tell(value, name)
        told[free_name(HIDDEN.sub(_spelled, name), told)] = inner.value
        withheld += inner.withheld
    return Told(told, withheld)


def is_plain(value: object) -> bool:
    """Whether :func:`tell` surely returns a value as it is, at a quick look."""
    try:
        text = _write(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return not is_suspect(text) and not _holds_secret(value)


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        for name, inner in value.items():
            if len(name) > _REMEMBERED or _names_secret(name):
                return True
            if isinstance(inner, dict | list) and _holds_secret(inner):
                return True
    elif isinstance(value, list):
        return any(isinstance(inner, dict | list) and _holds_secret(inner) for inner in value)
    return False


@lru_cache(maxsize=4_096)
def _names_secret(name: str) -> bool:
    return _separates.sub("", name.lower()).endswith(_SECRET_ENDS)


def free_name(name: str, members: dict[str, object]) -> str:
    """Return the name, lengthened by ``_`` until no member has it."""
    while name in members:
        name += "_"
    return name


def _is_secret(name: str, value: object) -> bool:
    if value is None or isinstance(value, bool) or value == "":
        return False
    if not _separates.sub("", name.lower()).endswith(_SECRET_ENDS):
        return False
    return not (isinstance(value, str) and _NO_SECRET.fullmatch(value))


def _spelled(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
