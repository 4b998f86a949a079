from typing import Any

import pytest

from tallystick.api.ingest.cloudtrail import translate
from tallystick.errors import MalformedError
from tallystick.events.parsing import parse_event

ACCOUNT = "111122223333"
ID = "875240ac-e821-4fc6-a311-8c352a1d20f5"


def record(**more: object) -> dict[str, Any]:
    """A small record, with or without more."""
    return {
        "eventVersion": "1.08",
        "eventTime": "2026-01-31T09:30:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "eventID": ID,
        "awsRegion": "eu-west-1",
        "recipientAccountId": ACCOUNT,
        **more,
    }


def translated(**more: object) -> Any:  # noqa: ANN401 - JSON has many forms
    """The event of a record, which an event's own parser accepts."""
    event = translate(record(**more))
    parse_event(event)
    return event


def test_id_time_and_source_are_the_record_s_own() -> None:
    event = translated()

    assert (event["id"], event["occurred_at"]) == (ID, "2026-01-31T09:30:00Z")
    assert event["source"] == {"id": f"s3.amazonaws.com/eu-west-1/{ACCOUNT}"}
    assert event["metadata"]["eventName"] == "DeleteBucket"
    assert event["metadata"]["eventSource"] == "s3.amazonaws.com"


def test_an_event_id_in_upper_case_is_the_same_id_and_stays_as_it_was_written() -> None:
    event = translated(eventID=ID.upper())

    assert (event["id"], event["metadata"]["eventID"]) == (ID, ID.upper())


def test_an_event_id_that_is_no_uuid_is_an_external_id() -> None:
    event = translated(eventID="shared-17")

    assert event["external_id"] == "shared-17"
    assert "id" not in event


def test_a_record_without_an_event_id_has_the_same_external_id_each_time() -> None:
    bare = {name: value for name, value in record().items() if name != "eventID"}

    first, second, other = translate(bare), translate(bare), translate({**bare, "x": 1})

    assert first["external_id"] == second["external_id"] != other["external_id"]


def test_what_logstash_calls_the_time_is_the_time() -> None:
    bare = {name: value for name, value in record().items() if name != "eventTime"}

    event = translate({**bare, "@timestamp": "2020-09-14T01:02:03.000Z"})

    assert event["occurred_at"] == "2020-09-14T01:02:03.000Z"


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"eventName": None}, "/eventName"),
        ({"eventName": ["DeleteBucket"]}, "/eventName"),
        ({"eventTime": None}, "/eventTime"),
        ({"eventTime": 1_700_000_000}, "/eventTime"),
        ({"eventTime": "2026-01-31T09:30:00"}, "/eventTime"),
        ({"eventTime": "2026-02-30T09:30:00Z"}, "/eventTime"),
    ],
)
def test_a_record_without_name_or_time_is_refused(more: dict[str, object], path: str) -> None:
    with pytest.raises(MalformedError) as refused:
        translate(record(**more))

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({}, "success"),
        ({"errorCode": "AccessDenied"}, "denied"),
        ({"errorCode": "AccessDeniedException"}, "denied"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "ThrottlingException"}, "failure"),
        ({"errorCode": "NoSuchBucketPolicy"}, "failure"),
        ({"errorCode": 500}, "failure"),
        (
            {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}},
            "failure",
        ),
        (
            {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}},
            "success",
        ),
    ],
)
def test_the_outcome_follows_from_the_error(more: dict[str, object], outcome: str) -> None:
    assert translated(**more)["outcome"] == outcome


def test_the_error_is_the_reason() -> None:
    event = translated(errorCode="AccessDenied", errorMessage="not yours")

    assert event["reason"] == {"code": "AccessDenied", "text": "not yours"}


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (None, {"type": "anonymous"}),
        (
            {
                "type": "IAMUser",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/ada",
                "userName": "ada",
                "accessKeyId": "AKIAAAAAAAAAAAAAAAAA",
            },
            {
                "type": "user",
                "id": f"arn:aws:iam::{ACCOUNT}:user/ada",
                "name": "ada",
                "authenticated_by": "access_key",
            },
        ),
        (
            {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"},
            {"type": "user", "id": f"arn:aws:iam::{ACCOUNT}:root", "name": "root"},
        ),
        (
            {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            {"type": "service", "id": "ec2.amazonaws.com"},
        ),
        (
            {"accountId": ACCOUNT, "invokedBy": "ec2.amazonaws.com"},
            {"type": "service", "id": "ec2.amazonaws.com"},
        ),
        (
            {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "444455556666"},
            {"type": "service", "id": "AIDAX", "home_tenant": "444455556666"},
        ),
        (
            {"type": "SAMLUser", "principalId": "p", "userName": "ada", "identityProvider": "i"},
            {"type": "user", "id": "p", "name": "ada", "authenticated_by": "saml: i"},
        ),
        (
            {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "accountId": ACCOUNT},
            {"type": "user", "id": "u-1"},
        ),
    ],
)
def test_the_actor_follows_from_the_identity(
    identity: dict[str, object] | None, actor: dict[str, object]
) -> None:
    assert translated(**({"userIdentity": identity} if identity else {}))["actor"] == actor


def session_of(role: str, name: str) -> dict[str, object]:
    """The identity of a role's session."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "userName": role,
            },
            "attributes": {"mfaAuthenticated": "true"},
        },
    }


def test_the_session_of_a_role_acts_on_behalf_of_the_role() -> None:
    event = translated(userIdentity=session_of("builder", "i-0317f6"))

    assert (event["actor"]["type"], event["actor"]["name"]) == ("service", "i-0317f6")
    assert event["actor"]["authenticated_by"] == "mfa"
    assert event["delegation"] == [
        {
            "kind": "on_behalf_of",
            "principal": {
                "type": "service",
                "id": f"arn:aws:iam::{ACCOUNT}:role/builder",
                "name": "builder",
            },
        }
    ]


@pytest.mark.parametrize(
    ("role", "name"),
    [("builder", "ada@example.com"), ("AWSReservedSSO_Admin_0a1b", "ada")],
)
def test_the_session_of_a_role_is_a_person_s_where_its_name_or_role_says_so(
    role: str, name: str
) -> None:
    actor = translated(userIdentity=session_of(role, name))["actor"]

    assert (actor["type"], actor["name"]) == ("user", name)
    assert actor.get("email") == (name if "@" in name else None)


@pytest.mark.parametrize(
    ("more", "channel"),
    [
        ({"userAgent": "Mozilla/5.0 (X11)"}, "ui"),
        ({"userAgent": "[S3Console/0.4, aws-internal/3]"}, "ui"),
        ({"eventType": "AwsConsoleSignIn"}, "ui"),
        ({"userAgent": "AWS Internal", "sessionCredentialFromConsole": "true"}, "ui"),
        ({"userAgent": "aws-cli/2.15.37 Python/3.11.8"}, "cli"),
        ({"userAgent": "Boto3/1.26.165"}, "api"),
        ({"userAgent": "AWS Internal", "sourceIPAddress": "AWS Internal"}, "system"),
        ({"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}}, "system"),
        ({"eventType": "AwsServiceEvent"}, "system"),
        ({}, "api"),
    ],
)
def test_the_channel_follows_from_the_user_agent(more: dict[str, object], channel: str) -> None:
    assert translated(**more)["context"]["channel"] == channel


def test_only_an_address_is_an_address() -> None:
    by_address = translated(sourceIPAddress="2001:db8::1")
    by_name = translated(sourceIPAddress="ec2.amazonaws.com")

    assert by_address["context"]["ip"] == "2001:db8::1"
    assert "ip" not in by_name["context"]
    assert by_name["metadata"]["sourceIPAddress"] == "ec2.amazonaws.com"


def test_targets_are_the_resources_and_what_well_known_parameters_name() -> None:
    event = translated(
        resources=[
            {"ARN": "arn:aws:s3:::books", "accountId": ACCOUNT, "type": "AWS::S3::Bucket"},
            {"ARN": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x"},
        ],
        requestParameters={"bucketName": "books", "key": "2026/a.pdf", "prefix": "2026"},
    )

    assert [(target["type"], target["id"]) for target in event["targets"]] == [
        ("bucket", "arn:aws:s3:::books"),
        ("secret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x"),
        ("bucket", "books"),
        ("object", "books/2026/a.pdf"),
    ]
    assert "resources" not in event["metadata"]
    assert event["targets"][0]["metadata"] == {"accountId": ACCOUNT, "type": "AWS::S3::Bucket"}
    assert event["metadata"]["requestParameters"]["prefix"] == "2026"


def test_a_user_who_is_acted_upon_is_the_subject_under_the_id_that_it_has_as_an_actor() -> None:
    (target,) = translated(
        eventName="DeleteUser",
        eventSource="iam.amazonaws.com",
        requestParameters={"userName": "ada"},
    )["targets"]

    assert target["subject"] == {"id": f"arn:aws:iam::{ACCOUNT}:user/ada", "name": "ada"}


def test_secrets_are_withheld_and_counted() -> None:
    event = translated(
        responseElements={
            "credentials": {"sessionToken": "t0p", "accessKeyId": "ASIA1", "expiration": "soon"},
            "accessKey": {"secretAccessKey": "s3cret"},
        },
        requestParameters={"masterUserPassword": "hunter2", "nextToken": "page-2"},
    )

    assert not [word for word in ("t0p", "s3cret", "hunter2") if word in str(event)]
    assert event["metadata"]["withheld_secrets"] == 3
    assert event["metadata"]["responseElements"]["credentials"] == {
        "sessionToken": "[withheld: secret]",
        "accessKeyId": "ASIA1",
        "expiration": "soon",
    }
    assert event["metadata"]["requestParameters"]["nextToken"] == "page-2"


@pytest.mark.parametrize(
    "mask", ["HIDDEN_DUE_TO_SECURITY_REASONS", "***", "<sensitiveDataRemoved>", "", None, True]
)
def test_what_aws_has_taken_out_itself_is_no_secret(mask: object) -> None:
    event = translated(requestParameters={"masterUserPassword": mask})

    assert event["metadata"]["requestParameters"]["masterUserPassword"] == mask
    assert "withheld_secrets" not in event["metadata"]


@pytest.mark.parametrize("name", ["userAgent", "requestID", "errorCode", "sourceIPAddress"])
@pytest.mark.parametrize(
    ("bad", "kept"),
    [
        ("a\x00b", r"a\u0000b"),
        ("a\ud800b", r"a\ud800b"),
        ("a\u202eb", "a\u202eb"),
        ("a" * 5_000, "a" * 5_000),
    ],
    ids=["NUL", "lone surrogate", "right to left", "too long"],
)
def test_nobody_keeps_a_record_out_by_what_he_writes_into_it(
    name: str, bad: str, kept: str
) -> None:
    event = translated(**{name: bad})

    told = [
        *event["metadata"].values(),
        *event["context"].values(),
        *event.get("reason", {}).values(),
    ]
    assert kept in told


def leaves(value: object) -> set[str]:
    """Every scalar of a value, as repr writes it."""
    if isinstance(value, dict):
        return set().union(*map(leaves, value.values()))
    return set().union(*map(leaves, value)) if isinstance(value, list) else {repr(value)}


def test_nothing_of_a_full_record_is_lost() -> None:
    given = record(
        userIdentity={**session_of("builder", "ada@example.com"), "principalId": "AROA:x"},
        sourceIPAddress="192.0.2.7",
        userAgent="aws-cli/2",
        requestID="r-1",
        errorCode="AccessDenied",
        errorMessage="not yours",
        requestParameters={"bucketName": "books", "deep": [{"x": [1, 2.5, None, False]}]},
        responseElements={"answer": "none"},
        additionalEventData={"MFAUsed": "No"},
        resources=[{"ARN": "arn:aws:s3:::books", "accountId": "9", "type": "AWS::S3::Bucket"}],
        tlsDetails={"tlsVersion": "TLSv1.3"},
        readOnly=True,
        _session="s-9",
    )

    assert leaves(given) - leaves(translated(**given)) == set()


def test_two_names_that_are_spelled_alike_are_both_kept() -> None:
    event = translated(requestParameters={"a\x00": 1, "a\\u0000": 2})

    assert event["metadata"]["requestParameters"] == {"a\\u0000": 1, "a\\u0000_": 2}


def test_targets_beyond_what_an_event_holds_are_counted_and_kept() -> None:
    event = translated(resources=[{"ARN": f"arn:aws:s3:::{number}"} for number in range(1_003)])

    kept = [*event["targets"], *event["metadata"]["further_targets"]]
    assert (len(event["targets"]), event["targets_total"]) == (1_000, 1_003)
    assert [target["id"] for target in kept] == [f"arn:aws:s3:::{n}" for n in range(1_003)]


def test_a_record_is_not_changed_by_being_translated() -> None:
    given = record(userIdentity=session_of("builder", "x"), resources=[{"ARN": "arn:a"}])
    before = repr(given)

    translate(given)

    assert repr(given) == before
