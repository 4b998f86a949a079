"""All real records at hand: translated, accepted, and nothing of them lost."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.real_input import DATA, SETS
from tallystick.api.ingest.cloudtrail import translate
from tallystick.events.event import MAX_EVENT
from tallystick.events.parsing import parse_event

COUNTS = dict(zip(SETS, (8_170, 2_900, 103), strict=True))  # as their own README tells
SECRETS = {"sessionToken", "secretAccessKey", "TokenValue", "ConnectionToken"}
# Values of these names that AWS itself has not masked, counted with zgrep.
WITHHELD = {"cloudtrail-invictus-stratus": 36, "cloudtrail-console-sessions": 9, "otrf-cloud": 5}


def leaves(value: object, name: str = "") -> Iterator[tuple[str, str, object]]:
    """Every scalar, with its type, since True equals 1."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from leaves(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, type(value).__name__, value


@pytest.mark.skipif(not DATA.exists(), reason="shared/data is not beside the checkout")
@pytest.mark.parametrize("file", SETS, ids=lambda file: file.parent.name)
def test_every_real_record_becomes_an_event_and_nothing_of_it_is_lost(file: Path) -> None:
    ids, withheld = set(), 0
    with gzip.open(file) as lines:
        for line in lines:
            record = json.loads(line)
            event = translate(record)

            assert parse_event(event).id == record["eventID"]
            assert len(json.dumps(event)) < MAX_EVENT
            told = Counter((kind, value) for _, kind, value in leaves(event))
            wanted = {(kind, value) for name, kind, value in leaves(record) if name not in SECRETS}
            assert wanted - set(told) == set()
            ids.add(record["eventID"])
            withheld += told["str", "[withheld: secret]"]

    assert len(ids) == COUNTS[file]
    assert withheld == WITHHELD[file.parent.name]
