"""What the list of erasures promises: lines that stay, in their order, and no cut in the middle."""

import json
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from tallystick.drivers.erasure_list import ErasureListFile
from tallystick.errors import PushbackError, VerificationError
from tallystick.ledger.ports import ErasureList, Listed

LOGS = ("0" * 32, "1" * 32)
ADA, BOB = "a" * 32, "b" * 32
MENTION = "c" * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the list lies."""
    return tmp_path / "lock.note.erasures"


@pytest.fixture(params=["file"])
def erasures(path: Path) -> ErasureList:
    """A list without lines."""
    return ErasureListFile(path)


def listed(*names: str, tenant: int = 1, after: int = 5) -> Listed:
    return Listed(tenant, LOGS, names, after)


def names(erasures: ErasureList) -> list[Sequence[str]]:
    return [line.names for line in erasures.read()]


def test_before_the_first_line_there_is_none(erasures: ErasureList) -> None:
    assert not erasures.exists()
    assert [*erasures.read()] == []


def test_a_list_without_a_line_is_there_all_the_same(erasures: ErasureList) -> None:
    erasures.append([])

    assert erasures.exists()
    assert [*erasures.read()] == []


def test_lines_are_read_as_they_were_appended(erasures: ErasureList) -> None:
    erasures.append([listed(ADA, MENTION), listed(BOB, tenant=2, after=0)])
    erasures.append([listed(MENTION, tenant=3)])

    assert erasures.exists()
    assert [*erasures.read()] == [
        Listed(1, LOGS, (ADA, MENTION), 5),
        Listed(2, LOGS, (BOB,), 0),
        Listed(3, LOGS, (MENTION,), 5),
    ]


def test_a_long_line_is_continued_from_its_very_end(erasures: ErasureList) -> None:
    many = tuple(f"{n:032x}" for n in range(5_000))
    erasures.append([listed(*many)])
    erasures.append([listed(*many), listed(ADA)])
    erasures.append([listed(BOB)])

    assert [*map(len, names(erasures))] == [5_000, 5_000, 1, 1]


def test_writers_that_come_at_once_do_not_mix(path: Path) -> None:
    def write(number: int) -> None:
        for turn in range(20):
            ErasureListFile(path).append([listed(f"{number:016x}{turn:016x}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = [name for (name,) in names(ErasureListFile(path))]
    assert sorted(told) == sorted(f"{n:016x}{turn:016x}" for n in range(4) for turn in range(20))


def test_only_its_owner_can_read_it(erasures: ErasureList, path: Path) -> None:
    erasures.append([listed(ADA)])

    assert path.stat().st_mode & 0o777 == 0o600


def test_each_line_names_the_one_before_by_its_sha256(erasures: ErasureList, path: Path) -> None:
    erasures.append([listed(ADA), listed(BOB)])
    erasures.append([listed(MENTION)])

    previous = "0" * 64
    for line in path.read_bytes().splitlines(keepends=True):
        assert json.loads(line)["previous"] == previous
        previous = sha256(line).hexdigest()


def test_a_line_that_a_crash_cut_off_was_never_there(erasures: ErasureList, path: Path) -> None:
    erasures.append([listed(ADA)])
    whole = path.read_bytes()
    erasures.append([listed(BOB)])
    path.write_bytes(path.read_bytes()[:-20])

    assert names(erasures) == [(ADA,)]
    erasures.append([listed(MENTION)])
    assert names(erasures) == [(ADA,), (MENTION,)]
    assert path.read_bytes().startswith(whole)


def test_a_first_line_that_a_crash_cut_off_is_overwritten(
    erasures: ErasureList, path: Path
) -> None:
    path.write_bytes(b'{"erased')

    erasures.append([listed(ADA)])

    assert names(erasures) == [(ADA,)]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda lines: lines[1:], id="first taken out"),
        pytest.param(lambda lines: [lines[0], lines[2]], id="middle taken out"),
        pytest.param(lambda lines: [lines[0], lines[0], *lines[1:]], id="doubled"),
        pytest.param(lambda lines: [lines[1], lines[0], lines[2]], id="swapped"),
        pytest.param(
            lambda lines: [lines[0].replace(ADA.encode(), BOB.encode()), *lines[1:]], id="changed"
        ),
        pytest.param(lambda lines: [lines[0], b"\n", *lines[1:]], id="empty line"),
        pytest.param(lambda lines: [lines[0], b"{}\n", *lines[1:]], id="another object"),
        pytest.param(lambda lines: [lines[0].replace(b'"a', b'"A'), *lines[1:]], id="no hex"),
    ],
)
def test_a_line_that_was_changed_or_taken_out_is_found(
    erasures: ErasureList, path: Path, edit: "object"
) -> None:
    erasures.append([listed(ADA), listed(BOB), listed(MENTION)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(edit(lines)))  # type: ignore[operator]

    with pytest.raises(VerificationError, match="erasure list"):
        names(erasures)


def test_a_list_that_cannot_be_written_is_told_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "list").mkdir()

    with pytest.raises(PushbackError, match="erasure list list"):
        ErasureListFile(tmp_path / "list").append([listed(ADA)])
