"""Who acted, from the ``userIdentity`` of a CloudTrail record."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from tallystick.api.ingest.foreign_values import plain

_MAX_ID: Final = 512
_MAX_NAME: Final = 1_024
_MAX_CODE: Final = 256

_TYPES: Final = {
    "IAMUser": "user",
    "Root": "user",
    "FederatedUser": "user",
    "SAMLUser": "user",
    "WebIdentityUser": "user",
    "IdentityCenterUser": "user",
    "Directory": "user",
    "AssumedRole": "service",
    "Role": "service",
    "AWSAccount": "service",
    "AWSService": "service",
}
_BY_FEDERATION: Final = {"SAMLUser": "saml", "WebIdentityUser": "web_identity"}
_is_mail: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}").fullmatch
_LASTING_KEY: Final = "AKIA"


class Identity(NamedTuple):
    """Who acted.

    Attributes:
        actor: The event's actor.
        delegation: In whose name: for the session of a role, the role.
        is_aws: Whether it was one of the services of AWS.
    """

    actor: dict[str, object]
    delegation: list[dict[str, object]]
    is_aws: bool


def members_of(value: object) -> dict[str, object]:
    """Return the value where it is an object, else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def identity_of(rest: dict[str, object]) -> Identity:
    """Tell who acted, and take out of the record what the actor now says.

    The session of a role is the actor: the role issued it, and the session's name tells who
    holds it, an instance, a program or a person. It is a person when the name is a mail
    address, when the role is one that IAM Identity Center made, or when the session came from
    the console. The role stands in the delegation (``on_behalf_of``), because the session acted
    with its rights.

    Args:
        rest: The record; members of its ``userIdentity`` are moved from it.
    """
    identity = members_of(rest.get("userIdentity"))
    kind = identity.get("type")
    invoker = plain(identity.get("invokedBy"), _MAX_ID)
    if not identity:
        return Identity({"type": "anonymous"}, [], is_aws=False)
    if kind == "AWSService" or (kind is None and invoker and "arn" not in identity):
        actor: dict[str, object] = {"type": "service"}
        if invoker:
            actor["id"] = invoker
            del identity["invokedBy"]
        return Identity(actor, [], is_aws=True)
    issuer = members_of(members_of(identity.get("sessionContext")).get("sessionIssuer"))
    actor = {"type": _type_of(rest, identity, issuer), **_named(identity, str(kind))}
    if means := _means(rest, identity, str(kind)):
        actor["authenticated_by"] = means
    home = plain(identity.get("accountId"), _MAX_ID)
    if home and rest.get("recipientAccountId") not in (None, home):
        actor["home_tenant"] = home
    return Identity(actor, _delegation(issuer), is_aws=False)


def _type_of(
    rest: Mapping[str, object], identity: Mapping[str, object], issuer: Mapping[str, object]
) -> str:
    kind = str(identity.get("type"))
    if kind == "AssumedRole":
        from_console = rest.get("sessionCredentialFromConsole") == "true"
        by_people = str(issuer.get("userName", "")).startswith("AWSReservedSSO_")
        if from_console or by_people or _is_mail(_session_name(identity)):
            return "user"
    if kind in _TYPES:
        return _TYPES[kind]
    return "user" if identity.get("userName") else "service"


def _named(identity: dict[str, object], kind: str) -> dict[str, object]:
    """Move what names the actor out of the identity."""
    named: dict[str, object] = {}
    person = members_of(identity.get("onBehalfOf"))
    for holder, member in (
        (person, "userId"),
        (identity, "arn"),
        (identity, "principalId"),
        (identity, "accountId"),
    ):
        if text := plain(holder.get(member), _MAX_ID):
            named["id"] = text
            if member == "arn":
                del holder[member]
            break
    if name := plain(identity.get("userName"), _MAX_NAME):
        named["name"] = name
        del identity["userName"]
    elif session := plain(_session_name(identity, named.get("id")), _MAX_NAME):
        named["name"] = session
    elif kind == "Root":
        named["name"] = "root"
    if _is_mail(str(named.get("name", ""))):
        named["email"] = named["name"]
    return named


def _session_name(identity: Mapping[str, object], arn: object = None) -> str:
    """Return the last part of ``arn:aws:sts::<account>:assumed-role/<role>/<session>``."""
    text = str(arn or identity.get("arn") or "")
    parts = text.split("/", 2)
    return parts[2] if ":assumed-role/" in text and len(parts) > 2 else ""  # noqa: PLR2004


def _means(rest: Mapping[str, object], identity: Mapping[str, object], kind: str) -> str | None:
    context = members_of(identity.get("sessionContext"))
    attributes = members_of(context.get("attributes"))
    used = members_of(rest.get("additionalEventData")).get("MFAUsed")
    if attributes.get("mfaAuthenticated") == "true" or used == "Yes":
        return "mfa"
    if kind in _BY_FEDERATION:
        named = plain(identity.get("identityProvider"), _MAX_CODE // 2)
        return f"{_BY_FEDERATION[kind]}: {named}" if named else _BY_FEDERATION[kind]
    if used == "No":
        return "password"
    if str(identity.get("accessKeyId", "")).startswith(_LASTING_KEY):
        return "access_key"
    return "session" if attributes else None


def _delegation(issuer: Mapping[str, object]) -> list[dict[str, object]]:
    principal: dict[str, object] = {
        "type": "user" if issuer.get("type") in {"IAMUser", "Root"} else "service"
    }
    if identity := plain(issuer.get("arn"), _MAX_ID) or plain(issuer.get("principalId"), _MAX_ID):
        principal["id"] = identity
    if name := plain(issuer.get("userName"), _MAX_NAME):
        principal["name"] = name
    return [{"kind": "on_behalf_of", "principal": principal}] if len(principal) > 1 else []
