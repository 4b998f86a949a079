"""The first 300 real CloudTrail records; tests/scenario/test_real_input.py takes all."""

import gzip
from itertools import islice

import pytest

from kit.command import Command
from kit.real_input import SETS, import_thrice

COUNT = 300


@pytest.mark.skipif(not SETS[1].exists(), reason="shared/data is not beside the checkout")
def test_real_records_are_taken_once_and_outlive_an_erasure(tally: Command) -> None:
    with gzip.open(SETS[1]) as records:
        first = b"".join(islice(records, COUNT))
    (tally.folder / "first.jsonl").write_bytes(first)

    import_thrice(tally, [tally.folder / "first.jsonl"], COUNT)
