import pytest

from tallystick.api.ingest.action_names import MAX_ACTION, action_name


@pytest.mark.parametrize(
    ("foreign", "action"),
    [
        ("DeleteBucket", "bucket.deleted"),
        ("GetObject", "object.read"),
        ("ListBuckets", "buckets.listed"),
        ("DescribeInstances", "instances.described"),
        ("PutBucketPolicy", "bucket_policy.put"),
        ("AssumeRole", "role.assumed"),
        ("StopLogging", "logging.stopped"),
        ("ModifyImageAttribute", "image_attribute.modified"),
        ("CopySnapshot", "snapshot.copied"),
        ("UpdateFunctionCode20150331v2", "function_code.updated"),
        ("ListObjectsV2", "objects.listed"),
        ("BatchGetImage", "image.batch_read"),
        ("DescribeDBInstances", "db_instances.described"),
        ("SendSSHPublicKey", "ssh_public_key.sent"),
        ("LookupEvents", "events.looked_up"),
        ("CancelConnection", "connection.cancelled"),
        ("SharedSnapshotVolumeCreated", "shared_snapshot_volume.created"),
        ("delete_user", "user.deleted"),
        ("FILE_UPLOAD", "file.uploaded"),
        ("CredentialChallenge", "credential_challenge.occurred"),
        ("invoice.voided", "invoice.voided"),
    ],
)
def test_a_foreign_name_becomes_a_noun_and_a_verb_in_the_past(foreign: str, action: str) -> None:
    assert action_name(foreign, "thing") == action


def test_a_verb_alone_takes_the_noun_that_it_is_given() -> None:
    assert action_name("Decrypt", "kms") == "kms.decrypted"


@pytest.mark.parametrize("foreign", ["", "!!!", "削除", "\x00", "."])
def test_a_name_without_words_is_something_that_occurred(foreign: str) -> None:
    assert action_name(foreign, "") == "thing.occurred"


def test_a_long_name_is_cut_at_its_noun() -> None:
    action = action_name("Delete" + "Bucket" * 40, "thing")

    assert len(action) == MAX_ACTION
    assert action.endswith(".deleted")
