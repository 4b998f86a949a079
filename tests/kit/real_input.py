"""The flow of a real import: three times, with an erasure between, on other people's records."""

import json
from pathlib import Path

from kit.command import Command
from kit.server import running_server

DATA = Path(__file__).parents[3] / "shared" / "data"
SETS = (
    DATA / "cloudtrail-console-sessions" / "events.jsonl.gz",
    DATA / "cloudtrail-invictus-stratus" / "events.jsonl.gz",
    DATA / "otrf-cloud" / "aws_ec2_proxy_s3_exfiltration.jsonl.gz",
)
PERSON = "arn:aws:iam::123837392027:user/benjamin"
HIS_EVENT = "875240ac-e821-4fc6-a311-8c352a1d20f5"


def import_thrice(tally: Command, files: list[Path], count: int) -> None:
    """Import files, prove an event, erase its actor, and import again.

    Args:
        tally: The command, in an empty folder.
        files: Files of CloudTrail records; one of them holds :data:`HIS_EVENT`.
        count: How many records they hold, counted by somebody else.
    """
    nothing = {"recorded": 0, "duplicate": count, "refused": 0}
    line = ("import", "cloudtrail", *files, "--tenant", "acme", "--json")
    tally("tenant", "create", "acme")

    assert tally(*line).json == {"recorded": count, "duplicate": 0, "refused": 0}
    assert tally(*line).json == nothing
    assert tally("fsck", "--disclosures").lines[-1] == "intact"

    with running_server(data=tally.data):
        (tally.folder / "before.receipt").write_text(tally("receipt", HIS_EVENT, "--wait").out)
    (tally.folder / "pins").write_text(tally("pins").out)
    assert tally.plain("verify", "before.receipt", "--pins", "pins").lines[-1] == "verified"
    assert tally("show", HIS_EVENT, "--json").json["actor"]["id"] == PERSON

    tally("erase", PERSON, "--tenant", "acme", "--reason", "asked for it", "--yes")

    assert PERSON not in json.dumps(tally("show", HIS_EVENT, "--json").json)
    assert tally("fsck", "--disclosures").lines[-1] == "intact"
    assert tally.plain("verify", "before.receipt", "--pins", "pins").lines[-1] == "verified"
    assert tally(*line).json == nothing
    assert tally("fsck", "--disclosures").lines[-1] == "intact"
