"""What the files of exports promise: pieces that are on disk, and a file that goes when told."""

import os
import stat
from pathlib import Path

import pytest

from tallystick.drivers.export_files import ExportFolder
from tallystick.errors import NotFoundError, PushbackError
from tallystick.search.ports import ExportFiles

NAME, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files lie."""
    return tmp_path / "exports"


@pytest.fixture(params=["folder"])
def files(folder: Path) -> ExportFiles:
    """No files."""
    return ExportFolder(folder)


def test_before_the_first_piece_there_is_no_file(files: ExportFiles) -> None:
    assert files.names() == set()
    with pytest.raises(NotFoundError):
        files.read(NAME, 0, 1)


def test_pieces_are_read_where_they_were_put(files: ExportFiles) -> None:
    files.put(NAME, 0, b"first")
    files.put(NAME, 5, b"second")
    files.put(OTHER, 0, b"another")

    assert files.read(NAME, 0, 5) + files.read(NAME, 5, 6) == b"firstsecond"
    assert files.names() == {NAME, OTHER}


def test_a_piece_takes_the_place_of_all_that_stood_from_there_on(files: ExportFiles) -> None:
    files.put(NAME, 0, b"first")
    files.put(NAME, 5, b"half a piece that a crash has left")
    files.put(NAME, 5, b"new")

    assert files.read(NAME, 5, 3) == b"new"
    with pytest.raises(NotFoundError):
        files.read(NAME, 5, 4)


def test_what_is_dropped_is_gone_and_may_be_dropped_again(files: ExportFiles) -> None:
    files.put(NAME, 0, b"x")
    files.drop(NAME)
    files.drop(NAME)

    assert files.names() == set()


def test_nobody_else_can_read_them(files: ExportFiles, folder: Path) -> None:
    files.put(NAME, 0, b"x")

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / NAME)]
    assert modes == [0o700, 0o600]


def test_a_full_disk_is_a_pushback(
    files: ExportFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.put(NAME, 0, b"first")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PushbackError, match="No space left on device"):
        files.put(NAME, 5, b"second")
    monkeypatch.undo()

    files.put(NAME, 5, b"second")
    assert (folder / NAME).read_bytes() == b"firstsecond"
