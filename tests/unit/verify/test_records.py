"""Records of the super-log have one spelling, and numbers below 2^63."""

import pytest

from tallystick.errors import MalformedError
from tallystick.verify.records import EpochRecord, RegistryRecord

HASH = "A" * 43 + "="
LARGEST = 2**63 - 1


def epoch(number: int) -> str:
    return f"tallystick/epoch/v1\n{number}\n1795488300\n5\n{HASH}\n{HASH}\n"


def test_the_largest_number_is_read_and_written_alike() -> None:
    assert EpochRecord.parse(epoch(LARGEST)).format() == epoch(LARGEST)
    registry = f"tallystick/registry/v1\n{LARGEST}\n{HASH}\n"
    assert RegistryRecord.parse(registry).format() == registry


@pytest.mark.parametrize("number", [2**63, 9_999_999_999_999_999_999, 10**30])
def test_larger_numbers_are_refused(number: int) -> None:
    with pytest.raises(MalformedError, match="want a"):
        EpochRecord.parse(epoch(number))
    with pytest.raises(MalformedError, match="want a"):
        RegistryRecord.parse(f"tallystick/registry/v1\n{number}\n{HASH}\n")
