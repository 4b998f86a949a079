"""``fsck`` of a mirror's folder; the expected finding follows from what was done to a file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from kit.fake_log import FakeLog
from kit.plain_tiles import plain_files, plain_path, plain_root
from kit.rfc6962 import largest_power_of_two_smaller_than
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.verify.fsck import Finding, Verdict
from tallystick.watch.mirror_check import JOURNAL, MirrorCheck
from tallystick.watch.mirror_folder import MirrorFolder

SIZES = [1, 255, 256, 257, 512, 1000, 65_536, 66_000]
LOG = FakeLog()
SAME = b"the same entry, again and again"


def entry(index: int) -> bytes:
    return b"entry %d" % index


def write(folder: Path, size: int, make: Callable[[int], bytes] = entry) -> Checkpoint:
    """Lay out a mirror by plain code."""
    entries = [make(index) for index in range(size)]
    root = plain_root(entries)
    files = {**plain_files(entries), "checkpoint": LOG.note(size, root).encode()}
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return Checkpoint(LOG.origin, size, root)


def check(folder: Path, checkpoint: Checkpoint) -> list[Finding]:
    return MirrorCheck(MirrorFolder(folder), checkpoint).run()


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_mirror_is_in_order(tmp_path: Path, size: int) -> None:
    assert check(tmp_path, write(tmp_path, size)) == []


@pytest.mark.parametrize(("path", "at", "index"), [
    pytest.param("tile/entries/000", 5, 0, id="first entry"),
    pytest.param("tile/entries/001", -1, 511, id="last entry of a full bundle"),
    pytest.param("tile/entries/003.p/232", -1, 999, id="last entry"),
    pytest.param("tile/0/002", 32 * 7, 519, id="hash of a full tile"),
    pytest.param("tile/0/003.p/232", 32 * 9, 777, id="hash of a partial tile"),
    pytest.param("tile/1/000.p/3", 32, 256, id="hash of the tile above"),
])  # fmt: skip
def test_a_flipped_bit_is_found_at_its_entry(
    tmp_path: Path, path: str, at: int, index: int
) -> None:
    checkpoint = write(tmp_path, 1000)
    flip(tmp_path / path, at)

    found = check(tmp_path, checkpoint)

    first = found[0]
    assert (first.verdict, first.origin, first.index) == (Verdict.TAMPERED, LOG.origin, index)
    assert {it.index for it in found[1:]} <= {None}


@pytest.mark.parametrize(("path", "index"), [
    ("tile/entries/001", 256), ("tile/0/002", 512), ("tile/1/000.p/3", 0),
    ("tile/entries/003.p/232", 768), ("tile/0/003.p/232", 768),
])  # fmt: skip
@pytest.mark.parametrize("cut", [True, False])
def test_a_file_that_is_cut_or_gone_is_incomplete_and_nothing_else_is_blamed(
    tmp_path: Path, path: str, index: int, cut: bool
) -> None:
    checkpoint = write(tmp_path, 1000)
    if cut:
        os.truncate(tmp_path / path, 33)
    else:
        (tmp_path / path).unlink()

    (finding,) = check(tmp_path, checkpoint)

    assert (finding.verdict, finding.index) == (Verdict.INCOMPLETE, index)
    assert path in finding.what


def test_two_losses_are_two_findings(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 1000)
    (tmp_path / "tile/entries/000").unlink()
    flip(tmp_path / "tile/entries/002", 5)

    found = check(tmp_path, checkpoint)

    assert [(it.verdict, it.index) for it in found[:2]] == [
        (Verdict.INCOMPLETE, 0),
        (Verdict.TAMPERED, 512),
    ]


def test_a_log_rewritten_with_all_its_tiles_does_not_lead_to_the_signed_root(
    tmp_path: Path,
) -> None:
    checkpoint = write(tmp_path, 1000)
    write(tmp_path, 1000, lambda index: b"x" if index == 5 else entry(index))

    found = check(tmp_path, checkpoint)

    assert [(it.verdict, it.index) for it in found] == [(Verdict.TAMPERED, None)]
    assert "entries lead to root" in found[0].what


class StopError(Exception):
    """The process was ended."""


def stopped_at(folder: Path, checkpoint: Checkpoint, at: int) -> None:
    """Run a check that ends when it has come so far."""

    def progress(done: int, total: int) -> None:
        assert total == checkpoint.size
        if done >= at:
            raise StopError

    with pytest.raises(StopError):
        MirrorCheck(MirrorFolder(folder), checkpoint, progress).run()


def test_a_check_that_was_stopped_goes_on_and_says_so(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 140_000)
    flip(tmp_path / "tile/entries/003", 5)
    flip(tmp_path / "tile/entries/400", 5)
    stopped_at(tmp_path, checkpoint, 70_000)
    seen: list[int] = []

    again = MirrorCheck(MirrorFolder(tmp_path), checkpoint, lambda done, _: seen.append(done))
    found = again.run()

    assert again.resumed == seen[0] == 65_536
    assert [(it.verdict, it.index) for it in found] == [
        (Verdict.TAMPERED, 768),
        (Verdict.TAMPERED, 102_400),
    ]
    assert not (tmp_path / JOURNAL).exists()


def test_what_was_written_down_about_another_checkpoint_is_not_used(tmp_path: Path) -> None:
    stopped_at(tmp_path, write(tmp_path, 70_000), 66_000)
    checkpoint = write(tmp_path, 70_001)

    again = MirrorCheck(MirrorFolder(tmp_path), checkpoint)

    assert again.run() == []
    assert again.resumed == 0


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff"])
def test_a_spoilt_journal_means_to_begin_anew(tmp_path: Path, data: bytes) -> None:
    checkpoint = write(tmp_path, 300)
    (tmp_path / JOURNAL).write_bytes(data)

    assert check(tmp_path, checkpoint) == []


def test_rows_that_were_edited_in_the_journal_do_not_hide_a_change(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 70_000)
    stopped_at(tmp_path, checkpoint, 66_000)
    journal = json.loads((tmp_path / JOURNAL).read_bytes())
    journal["rows"][2][0] = "A" * 43 + "="
    (tmp_path / JOURNAL).write_text(json.dumps(journal))

    assert Verdict.TAMPERED in {finding.verdict for finding in check(tmp_path, checkpoint)}


@pytest.mark.slow
def test_ten_million_entries_are_checked_within_300_megabytes(tmp_path: Path) -> None:
    checkpoint = write_same(tmp_path, 10_000_000)
    program = (
        "import re, sys; from pathlib import Path;"
        "from tallystick.tlog.checkpoint import Checkpoint;"
        "from tallystick.watch.mirror_check import MirrorCheck;"
        "from tallystick.watch.mirror_folder import MirrorFolder;"
        "text = sys.stdin.read();"
        "check = MirrorCheck(MirrorFolder(Path(sys.argv[1])), Checkpoint.parse(text));"
        "assert check.run() == [];"
        # Not ru_maxrss, which a process inherits from the one that started it.
        r"print(re.search(r'VmHWM:\s+(\d+) kB', Path('/proc/self/status').read_text())[1])"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        input=checkpoint.format(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(ran.stdout) * 1024 <= 300_000_000


def write_same(folder: Path, size: int) -> Checkpoint:
    """Lay out a mirror of equal entries: files of one level and width are one file, linked."""
    first: dict[tuple[str, int], Path] = {}

    def put(kind: str, index: int, width: int, one: bytes) -> None:
        place = folder / plain_path(kind, index, width)
        place.parent.mkdir(parents=True, exist_ok=True)
        if (kind, width) in first:
            place.hardlink_to(first[kind, width])
        else:
            place.write_bytes(one * width)
            first[kind, width] = place

    level, count = 0, size
    while count:
        for index in range(-(-count // 256)):
            width = min(256, count - index * 256)
            put(str(level), index, width, same_root(256**level))
            if level == 0:
                put("entries", index, width, len(SAME).to_bytes(2) + SAME)
        level, count = level + 1, count // 256
    return Checkpoint(LOG.origin, size, same_root(size))


@cache
def same_root(size: int) -> bytes:
    """MTH of RFC 6962 §2.1 over equal entries."""
    if size == 1:
        return sha256(b"\x00" + SAME).digest()
    left = largest_power_of_two_smaller_than(size)
    return sha256(b"\x01" + same_root(left) + same_root(size - left)).digest()


ORIGIN = f"log.example/t/1/{'0a' * 16}"


def event(index: int) -> bytes:
    """An entry received a second after the one before; a day of seconds is enough here."""
    hours, minutes, seconds = index // 3600, index // 60 % 60, index % 60
    return b'{"received_at":"2026-11-24T%02d:%02d:%02d.000000Z","v":1}' % (hours, minutes, seconds)


def test_an_entry_of_a_tenants_log_that_is_dated_before_the_one_before_it_is_found(
    tmp_path: Path,
) -> None:
    dated = {300: event(300).replace(b"2026", b"2019")}
    written = write(tmp_path, 1000, lambda index: dated.get(index, event(index)))

    found = check(tmp_path, Checkpoint(ORIGIN, written.size, written.root))

    assert [(it.verdict, it.index) for it in found] == [(Verdict.TAMPERED, 300)]
    assert "as the entry before" in found[0].what


def test_an_entry_of_a_tenants_log_that_is_dated_ahead_shows_by_the_next(tmp_path: Path) -> None:
    dated = {300: event(300).replace(b"2026", b"2099")}
    written = write(tmp_path, 1000, lambda index: dated.get(index, event(index)))

    found = check(tmp_path, Checkpoint(ORIGIN, written.size, written.root))

    assert [it.index for it in found] == [301]
