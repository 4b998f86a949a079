"""What was acted upon, from a CloudTrail record."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tallystick.api.ingest.cloudtrail_identity import members_of
from tallystick.api.ingest.foreign_values import plain

MAX_TARGETS: Final = 1_000
_MAX_ID: Final = 512

# Members of requestParameters that name a thing, and its type.
_NAMES: Final = {
    "bucketName": "bucket",
    "bucket": "bucket",
    "roleName": "role",
    "roleArn": "role",
    "userName": "user",
    "groupName": "group",
    "groupId": "security_group",
    "policyArn": "policy",
    "policyName": "policy",
    "instanceProfileName": "instance_profile",
    "accessKeyId": "access_key",
    "instanceId": "instance",
    "imageId": "image",
    "volumeId": "volume",
    "snapshotId": "snapshot",
    "networkInterfaceId": "network_interface",
    "vpcId": "vpc",
    "subnetId": "subnet",
    "routeTableId": "route_table",
    "keyId": "key",
    "secretId": "secret",
    "functionName": "function",
    "trailName": "trail",
    "logGroupName": "log_group",
    "detectorId": "detector",
    "tableName": "table",
    "topicArn": "topic",
    "queueUrl": "queue",
    "stackName": "stack",
    "clusterName": "cluster",
    "dBInstanceIdentifier": "db_instance",
    "dBSnapshotIdentifier": "db_snapshot",
}
# Sources in whose requests a member called "name" is the name of the thing itself.
_PLAINLY_NAMED: Final = {
    "cloudtrail.amazonaws.com": "trail",
    "secretsmanager.amazonaws.com": "secret",
    "ssm.amazonaws.com": "parameter",
}
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+").findall
_ARN_PARTS: Final = 6


def targets_of(rest: dict[str, object]) -> list[dict[str, object]]:
    """Tell what was acted upon.

    Args:
        rest: The record; its ``resources`` are moved from it, its ``requestParameters`` stay.

    Returns:
        Targets: first the resources, then what well-known parameters name. A user of IAM is
        the subject of what is told about it, by the ARN that the same user has as an actor.
    """
    targets = [*_resources(rest), *_parameters(rest)]
    seen: set[tuple[object, object]] = set()
    different = []
    for target in targets:
        key = target["type"], target.get("id")
        if key not in seen or "id" not in target:
            different.append(target)
        seen.add(key)
    return different


def _resources(rest: dict[str, object]) -> Iterator[dict[str, object]]:
    resources = rest.get("resources")
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        return
    del rest["resources"]
    for resource in resources:
        more = dict(resource)
        target: dict[str, object] = {"type": _type_of(more)}
        if identity := plain(more.get("ARN"), _MAX_ID):
            target["id"] = identity
            del more["ARN"]
        target["role"] = "object"
        yield {**target, "metadata": more} if more else target


def _type_of(resource: Mapping[str, object]) -> str:
    """Make ``bucket`` of ``AWS::S3::Bucket``, or ``secret`` of ``arn:…:secret:x``."""
    name = plain(resource.get("type"), 200) or ""
    if not name:
        parts = str(resource.get("ARN") or "").split(":", _ARN_PARTS - 1)
        name = re.split(r"[:/]", parts[-1])[0] if len(parts) == _ARN_PARTS else ""
    words = [word.lower() for word in _WORD(name.rpartition("::")[2])]
    return "_".join(words)[:200] or "resource"


def _parameters(rest: Mapping[str, object]) -> Iterator[dict[str, object]]:
    parameters = members_of(rest.get("requestParameters"))
    for member, kind in _NAMES.items():
        if identity := plain(parameters.get(member), _MAX_ID):
            yield _target(rest, kind, identity)
    bucket, key = plain(parameters.get("bucketName"), 256), plain(parameters.get("key"), 1_024)
    if bucket and key and (path := plain(f"{bucket}/{key}", _MAX_ID)):
        yield _target(rest, "object", path)
    kind = _PLAINLY_NAMED.get(str(rest.get("eventSource")), "")
    if kind and (identity := plain(parameters.get("name"), _MAX_ID)):
        yield _target(rest, kind, identity)
    items = members_of(parameters.get("instancesSet")).get("items")
    for item in items if isinstance(items, list) else ():
        if identity := plain(members_of(item).get("instanceId"), _MAX_ID):
            yield _target(rest, "instance", identity)


def _target(rest: Mapping[str, object], kind: str, identity: str) -> dict[str, object]:
    target: dict[str, object] = {"type": kind, "id": identity, "role": "object"}
    if kind == "user" and (arn := _arn_of_user(rest, identity)):
        target["subject"] = {"id": arn, "name": identity}
    return target


def _arn_of_user(rest: Mapping[str, object], name: str) -> str | None:
    answered = members_of(members_of(rest.get("responseElements")).get("user"))
    if answered.get("userName") == name and (arn := plain(answered.get("arn"), _MAX_ID)):
        return arn
    account = plain(rest.get("recipientAccountId"), 32)
    return plain(f"arn:aws:iam::{account}:user/{name}", _MAX_ID) if account else None
