import gzip
import json
import zlib
from pathlib import Path

import pytest

from tallystick.api.ingest.files import Found, read_lines, read_records
from tallystick.api.ingest.unpacking import Limits
from tallystick.errors import MalformedError, NotFoundError

ONE, TWO = {"n": 1}, {"n": 2}


def records(path: Path, limits: Limits | None = None) -> list[object]:
    """What is found: records, and of an error its text."""
    found = read_records(path, limits) if limits else read_records(path)
    return [
        str(one.record) if isinstance(one.record, MalformedError) else one.record for one in found
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"Records": [ONE, TWO]})),
        ("a.json", json.dumps([ONE, TWO], indent=2)),
        ("a.json", '{"n":1}\n{"n":2}\n'),
        ("a.json", '\ufeff{"Records": [{"n":1},{"n":2}]}'),
        ("a.jsonl", '{"n":1}\n{"n":2}'),
        ("a.jsonl", '\ufeff{"n":1}\r\n\r\n \t\n{"n":2}\r\n'),
        ("a.ndjson", '{"n":1}\n{"n":2}\n'),
        ("anything", '{"n":1}\n{"n":2}\n'),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_records_are_read_from_documents_and_lines(
    tmp_path: Path, name: str, text: str, packed: bool
) -> None:
    file = tmp_path / (f"{name}.gz" if packed else name)
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())

    assert records(file) == [ONE, TWO]


def test_a_single_object_is_a_record(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n "n": 1\n}')

    assert records(tmp_path / "a.json") == [ONE]


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(b'{"n":1}\n'))
    (tmp_path / "b.jsonl.gz").write_bytes(b'{"n":2}\n')

    assert records(tmp_path) == [ONE, TWO]


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    members = gzip.compress(b'{"n":1}\n{"n"') + gzip.compress(b":2}\n") + b"\0" * 9
    (tmp_path / "a.jsonl.gz").write_bytes(members)

    assert records(tmp_path / "a.jsonl.gz") == [ONE, TWO]


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for number, name in enumerate(["b/x.jsonl", "a/y.json", "a/z.log", "readme.txt"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'{{"n":{number}}}\n')

    assert records(tmp_path) == [{"n": 1}, {"n": 2}, {"n": 0}]


def test_a_bad_line_is_named_and_does_not_stop_the_others(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"n":1}\n{"n":\n[1]\n\xff\n{"n":1,"n":2}\n{"n":2}')

    first, cut, array, latin, twice, last = records(file)

    assert [first, last] == [ONE, TWO]
    assert str(cut).startswith(f"{file}:2: json: ")
    assert array == f"{file}:3: a list, want an object"
    assert str(latin).startswith(f"{file}:4: ")
    assert str(twice).startswith(f"{file}:5: ")


def test_a_record_that_is_no_object_is_named_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"Records": [{"n": 1}, 7]}')

    assert records(file) == [ONE, f"{file}:/Records/1: a int, want an object"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.json", b'{"n": 1', "json: "),
        ("a.json.gz", gzip.compress(b'{"n": 1}', mtime=0)[:-9], "truncated gzip"),
        ("a.json.gz", b"\x1f\x8b" + b"\xff" * 40, "damaged gzip"),
        ("a.jsonl.gz", gzip.compress(b"{}\n", mtime=0)[:-8] + b"\0" * 8, "damaged gzip"),
    ],
)
def test_a_bad_file_is_named_and_does_not_stop_the_others(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "b.jsonl").write_text('{"n":2}\n')

    *_, bad, good = records(tmp_path)

    assert good == TWO
    assert str(bad).startswith(f"{tmp_path / name}: ")
    assert reason in str(bad)


def test_a_folder_with_an_unreadable_file_is_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text('{"n":1}\n')
    (tmp_path / "b.jsonl").write_text('{"n":2}\n')
    opened = Path.open

    def refuse(self: Path, mode: str = "r") -> object:
        if self.name == "a.jsonl":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, mode)

    monkeypatch.setattr(Path, "open", refuse)

    assert records(tmp_path) == [
        f"{tmp_path / 'a.jsonl'}: Permission denied, want a readable file",
        TWO,
    ]


def test_a_path_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        records(tmp_path / "none")


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b" " * 64 * 1024 * 1024))

    (error,) = records(file)

    assert "times its size" in str(error)


def test_a_bomb_among_real_lines_keeps_the_lines_before_it(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"n":1}\n') + gzip.compress(b" " * 64 * 1024 * 1024))

    first, error = records(file)

    assert first == ONE
    assert "times its size" in str(error)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(unpacked_bytes=100), "unpacks to more than 100 bytes"),
        (Limits(document_bytes=100), "one JSON document of more than 100 bytes"),
    ],
)
def test_a_document_beyond_a_limit_is_refused(tmp_path: Path, limits: Limits, reason: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ONE] * 100))

    (error,) = records(tmp_path / "a.json", limits)

    assert reason in str(error)


@pytest.mark.parametrize("length", [101, 200_000])
def test_a_line_beyond_the_limit_is_named_and_the_next_one_is_read(
    tmp_path: Path, length: int
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"n":1}\n' + b"x" * length + b'\n{"n":2}')

    first, error, second = records(file, Limits(line_bytes=100))

    assert (first, second) == (ONE, TWO)
    assert str(error) == f"{file}:2: a line longer than 100 bytes, want at most that"


def test_a_record_may_be_as_deep_as_an_event_has_room_for(tmp_path: Path) -> None:
    lines = [b'{"a":' * depth + b"1" + b"}" * depth + b"\n" for depth in (62, 63)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))

    deep, deeper = read_records(tmp_path / "a.jsonl")

    assert isinstance(deep.record, dict)
    assert isinstance(deeper.record, MalformedError)


def test_progress_is_told_in_bytes_of_the_files_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"n":1}\n')
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"n":2}\n'))
    sizes = [file.stat().st_size for file in sorted(tmp_path.iterdir())]

    first, second = read_records(tmp_path)

    assert isinstance(first, Found)
    assert (first.bytes_read, first.bytes_total) == (sizes[0], sum(sizes))
    assert (second.bytes_read, second.bytes_total) == (sum(sizes), sum(sizes))


def test_a_long_file_of_lines_is_not_held_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    packer = zlib.compressobj(wbits=31)
    with file.open("wb") as out:
        for number in range(200_000):
            out.write(packer.compress(b'{"n":%d,"text":"%064d"}\n' % (number, number**5)))
        out.write(packer.flush())

    first = next(read_records(file))

    assert first.record == {"n": 0, "text": f"{0:064d}"}
    assert first.bytes_read < first.bytes_total / 4


def test_lines_are_told_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(b"one\r\n\n  two \n")

    found = [(one.where, one.text) for one in read_lines(tmp_path / "audit.log")]

    assert found == [
        (f"{tmp_path / 'audit.log'}:1", b"one"),
        (f"{tmp_path / 'audit.log'}:3", b"  two "),
    ]
