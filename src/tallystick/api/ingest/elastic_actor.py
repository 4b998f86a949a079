"""Who acted, and upon what, as a document tells it."""

from collections.abc import Iterable, Mapping
from typing import Final

from tallystick.api.ingest.elastic_members import Members
from tallystick.api.ingest.tutorial_event import resource_of

_MAX_ID: Final = 512
_MAX_NAME: Final = 1_024
_MAX_EMAIL: Final = 320
_MAX_CODE: Final = 256
_MAX_ROLES: Final = 100

_IDS: Final = ("user.id", "user_id", "userId", "userid", "actor.id", "actor_id")
_NAMES: Final = ("user.name", "username", "user_name", "userName", "actor.name", "actor_name")
_EMAILS: Final = ("user.email", "user_email", "userEmail", "actor.email", "actor_email")
_WHOLE: Final = ("user", "actor", "who")
_SERVICES: Final = (
    *("service.name", "service", "PROGRAM", "programname", "program", "app_name", "appname"),
    *("process.name", "container.name", "logger", "HOST", "host.name", "hostname", "host"),
)
"""Where a log line tells who wrote it, the nearest first."""

_NOBODY: Final = frozenset({"anonymous", "none", "null", "unknown", "-"})

_THINGS: Final = ("resource", "target", "object", "entity")


def actor_of(members: Members) -> dict[str, object]:
    """Take the actor out of a document that tells an action."""
    identity = members.text(_IDS, _MAX_ID)
    name = members.text(_NAMES, _MAX_NAME)
    email = members.text(_EMAILS, _MAX_EMAIL)
    whole = members.text(_WHOLE, _MAX_ID) if identity is None else None
    # A name by which somebody signs in is the id that a later question, or an erasure, names.
    identity = identity or whole or _short(name) or email
    if identity is None or (identity.lower() in _NOBODY and not email):
        return _kept({"type": "anonymous", "id": identity, "name": name})
    known = {"type": "user", "id": identity, "name": name, "email": email}
    return {**_kept(known), **_roles(members)}


def service_of(members: Members) -> dict[str, object]:
    """Name the service that wrote a log line; its members stay where they are."""
    for path in _SERVICES:
        told = members.find(path)
        if isinstance(told, str) and 0 < len(told) <= _MAX_CODE:
            return {"type": "service", "id": told}
    return {"type": "service"}


def targets_of(members: Members) -> list[dict[str, object]]:
    """Take what was acted upon out of a document."""
    found = [*_things(members), *_person(members), *_ecs(members)]
    return [{"role": "object", **target} for target in found]


def _things(members: Members) -> Iterable[dict[str, object]]:
    for thing in _THINGS:
        kind = members.text((f"{thing}.type", f"{thing}_type"), _MAX_CODE)
        identity = members.text((f"{thing}.id", f"{thing}_id"), _MAX_ID)
        name = members.text((f"{thing}.name", f"{thing}_name"), _MAX_NAME)
        whole = members.text((thing,), _MAX_ID)
        if whole is not None:
            told, number = resource_of(whole)
            yield _kept({"type": told[:_MAX_CODE], "id": number})
        if kind or identity or name:
            yield _kept({"type": kind or thing, "id": identity, "name": name})


def _person(members: Members) -> Iterable[dict[str, object]]:
    identity = members.text(("user.target.id",), _MAX_ID)
    name = members.text(("user.target.name",), _MAX_NAME)
    known = identity or _short(name)
    if known:
        subject = _kept({"id": known, "name": name})
        yield _kept({"type": "user", "id": known, "name": name, "subject": subject})


def _ecs(members: Members) -> Iterable[dict[str, object]]:
    if path := members.text(("file.path",), _MAX_ID):
        yield {"type": "file", "id": path}
    identity = members.text(("group.id",), _MAX_ID)
    name = members.text(("group.name",), _MAX_NAME)
    if identity or name:
        yield _kept({"type": "group", "id": identity, "name": name})


def _roles(members: Members) -> dict[str, object]:
    for path in ("user.roles", "roles"):
        told = members.find(path)
        roles = [told] if isinstance(told, str) else told
        if isinstance(roles, list) and 0 < len(roles) <= _MAX_ROLES and all(map(_is_code, roles)):
            members.take(path)
            return {"roles": roles}
    return {}


def _is_code(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_CODE


def _short(name: str | None) -> str | None:
    return name if name is not None and len(name) <= _MAX_ID else None


def _kept(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}
