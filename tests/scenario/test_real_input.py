"""Other people's CloudTrail, all of it: imported, proved, erased from, and imported again."""

import gzip
from pathlib import Path

import pytest

from kit.command import Command
from kit.real_input import SETS, import_thrice


@pytest.mark.slow
@pytest.mark.skipif(not SETS[0].exists(), reason="shared/data is not beside the checkout")
def test_all_real_records_are_taken_once_and_outlive_an_erasure(tmp_path: Path) -> None:
    count = sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in SETS)

    import_thrice(Command(tmp_path), list(SETS), count)
