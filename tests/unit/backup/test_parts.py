"""Parts of a backup: each is what went in, and none leads elsewhere."""

import json
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from kit.backup import KEY
from tallystick.drivers.sealed import PartsReader, PartsWriter, SealedReader, SealedWriter
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import MalformedError, VerificationError
from tallystick.ledger.backup import Manifest, State

STATE = State("audit.example", 18, 4, 5, "a note")
KNOWN = ("one", "two")


def nothing(_count: int) -> None:
    """Nobody watches."""


def sealed(text: bytes) -> BytesIO:
    file = BytesIO()
    writer = SealedWriter(file, KEY.recipient, SystemEntropy())
    writer.write(text)
    writer.finish()
    return BytesIO(file.getvalue())


def extracted(file: BytesIO, folder: Path) -> Manifest:
    return PartsReader(SealedReader(file, KEY), KNOWN).extract(folder, nothing)


def manifest(*parts: tuple[str, bytes], **changed: object) -> bytes:
    """A manifest, written by hand."""
    members = {
        "version": 1,
        "made_at": 7,
        "state": {
            "deployment": "audit.example",
            "entries": 18,
            "logs": 4,
            "super_size": 5,
            "checkpoint": "a note",
        },
        "parts": [
            {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in parts
        ],
        **changed,
    }
    return json.dumps(members).encode() + b"\n"


def part(name: str, data: bytes) -> bytes:
    """A part, written by hand."""
    return f'{{"name":"{name}","size":{len(data)}}}\n'.encode() + data


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_files_come_out_as_they_went_in(tmp_path: Path, size: int) -> None:
    data = bytes(n % 253 for n in range(size))
    (tmp_path / "in").write_bytes(data)
    file = BytesIO()
    parts = PartsWriter(SealedWriter(file, KEY.recipient, SystemEntropy()))
    with (tmp_path / "in").open("rb") as one:
        parts.add("one", one, nothing)
    told = parts.finish(STATE, 7)

    found = extracted(BytesIO(file.getvalue()), tmp_path)

    assert found == told
    assert [(it.name, it.size, it.sha256) for it in found.parts] == [
        ("one", size, sha256(data).hexdigest())
    ]
    assert (tmp_path / "one").read_bytes() == data
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_what_is_written_by_hand_is_read(tmp_path: Path) -> None:
    text = (
        part("one", b"1" * 70_000)
        + part("two", b"")
        + manifest(("one", b"1" * 70_000), ("two", b""))
    )

    found = extracted(sealed(text), tmp_path)

    assert found.state == STATE
    assert (tmp_path / "one").read_bytes() == b"1" * 70_000
    assert (tmp_path / "two").read_bytes() == b""


@pytest.mark.parametrize("name", ["three", "../one", "/etc/passwd", "", "one\\u0000"])
def test_a_part_with_another_name_is_refused_and_not_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "into"
    folder.mkdir()

    with pytest.raises(MalformedError, match="want each known one once"):
        extracted(sealed(part(name, b"x") + manifest((name, b"x"))), folder)

    assert [*folder.iterdir()] == []
    assert [*tmp_path.iterdir()] == [folder]


def test_a_part_that_comes_twice_is_refused(tmp_path: Path) -> None:
    text = part("one", b"x") + part("one", b"y") + manifest(("one", b"x"), ("one", b"y"))

    with pytest.raises(MalformedError, match="want each known one once"):
        extracted(sealed(text), tmp_path)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([("one", b"X")], id="other bytes"),
        pytest.param([("one", b"xx")], id="another size"),
        pytest.param([("two", b"x")], id="another name"),
        pytest.param([], id="no part"),
        pytest.param([("one", b"x"), ("two", b"")], id="a part more"),
    ],
)
def test_a_manifest_that_tells_of_something_else_is_refused(
    tmp_path: Path, told: list[tuple[str, bytes]]
) -> None:
    with pytest.raises(VerificationError, match="part"):
        extracted(sealed(part("one", b"x") + manifest(*told)), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(part("one", b"x"), id="no manifest"),
        pytest.param(manifest(version=2), id="newer version"),
        pytest.param(manifest(more=1), id="unknown member"),
        pytest.param(manifest() + b"x", id="bytes behind it"),
        pytest.param(manifest() + manifest(), id="two manifests"),
        pytest.param(b'{"name":"one","size":-1}\n' + manifest(), id="negative size"),
        pytest.param(b'{"name":"one","size":99}\nx\n', id="size beyond the end"),
        pytest.param(b"{}\n", id="no members"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises((MalformedError, VerificationError)):
        extracted(sealed(text), tmp_path)
