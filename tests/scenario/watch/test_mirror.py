"""A mirror of a log made by plain code: what is copied, what is refused, what others read."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tlog_scales import signing
from tlog_scales.reader import TilesReader

from kit.fake_log import FakeLog, serving
from kit.plain_tiles import plain_files, plain_path, plain_root
from kit.watching import Stranger
from tallystick.errors import ConflictError, VerificationError
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import AlarmError, Kind, Subject
from tallystick.watch.http import NoAnswerError, Site
from tallystick.watch.key_change import super_log_of
from tallystick.watch.mirror import Copy, mirrored
from tallystick.watch.mirror_folder import MirrorFolder
from tallystick.watch.mirror_source import SuperSource

SIZES = [1, 2, 255, 256, 257, 511, 512, 513, 1000]
PREFIX = "/v1/super/"


def entry(index: int) -> bytes:
    return b"entry %d" % index


@dataclass
class Served:
    """A log of any size, and what is served of it.

    Attributes:
        files: Path → bytes, checkpoint included.
        asked: Paths that were asked for.
        broken: Paths that are answered with 500.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: Callable[[str], bool] = lambda _: False
    signer: FakeLog = field(default_factory=FakeLog)
    url: str = ""

    @property
    def pins(self) -> Pins:
        """Pins of its key."""
        return Pins.of_key(self.signer.vkey)

    def hold(self, size: int, make: Callable[[int], bytes] = entry) -> None:
        """Let the log have so many entries."""
        entries = [make(index) for index in range(size)]
        note = self.signer.note(size, plain_root(entries))
        self.files = {**plain_files(entries), "checkpoint": note.encode()}

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer a GET."""
        path = target.removeprefix(PREFIX).removeprefix("1/")
        self.asked.append(path)
        if self.broken(path):
            return 500, b""
        data = self.files.get(path)
        return (404, b"{}") if data is None else (200, data)

    def copy(self, folder: Path, pins: Pins | None = None) -> int:
        """Mirror once, as a process does that was just started."""
        site = Site(self.url, timeout_s=5, wait=lambda _: None)
        kept, believed = MirrorFolder(folder), pins or self.pins
        try:
            source = SuperSource(site, believed)
            with kept.held():
                old = mirrored(kept, believed)
                new = source.newest()
                log = super_log_of(site, new.checkpoint.origin)
                return Copy(log, kept, new).make(old)
        finally:
            site.close()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    with serving(made.answer) as made.url:
        yield made


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {name: data for name, data in names.items() if not name.startswith(".")}


@contextmanager
def static_server(folder: Path) -> Iterator[int]:
    """Serve a folder as Python's own web server does."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class OverHttp:
    """What tlog-scales reads a log through."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, *path: str) -> bytes | None:
        """Fetch a resource, or None where there is none."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/" + "/".join(path))
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else None
        finally:
            connection.close()


@pytest.mark.parametrize("size", SIZES)
def test_a_mirror_has_the_files_of_the_log_and_no_others(
    served: Served, tmp_path: Path, size: int
) -> None:
    served.hold(size)

    assert served.copy(tmp_path) == size

    assert files_in(tmp_path) == served.files


@pytest.mark.parametrize("old", SIZES)
def test_a_mirror_grows_to_what_the_log_has_become(
    served: Served, tmp_path: Path, old: int
) -> None:
    for size in (old, old + 1, old + 256, 1500):
        served.hold(size)
        served.copy(tmp_path)

    before = dict(served.files)
    assert before.items() <= files_in(tmp_path).items()
    served.hold(1501)
    served.copy(tmp_path)
    served.hold(1502)
    served.copy(tmp_path)
    gone = {path for path in before if ".p/" in path} - {*served.files}
    assert gone
    assert not gone & {*files_in(tmp_path)}


def test_what_a_checkpoint_needs_stays_until_the_one_after_the_next(
    served: Served, tmp_path: Path
) -> None:
    served.hold(300)
    served.copy(tmp_path)
    old = dict(served.files)
    served.hold(301)

    served.copy(tmp_path)

    del old["checkpoint"]
    assert old.items() <= files_in(tmp_path).items()


def test_others_read_and_verify_a_mirror_from_a_plain_web_server(
    served: Served, tmp_path: Path
) -> None:
    size = 70_000
    served.hold(size)
    served.copy(tmp_path)

    with static_server(tmp_path) as port:
        reader = TilesReader(OverHttp(port))
        checkpoint = reader.get_checkpoint()
        checkpoint.verify(signing.Vkey.from_string(served.signer.vkey))
        root = reader.calculate_root_hash()
        read = {index: reader.get_entry(index) for index in (0, 65_535, 65_536, size - 1)}
        proofs = {index: reader.get_inclusion_proof(index, size) for index in read}

    assert checkpoint.size == size
    assert root == plain_root([entry(index) for index in range(size)])
    assert read == {index: entry(index) for index in read}
    for index, proof in proofs.items():
        proof.check(sha256(b"\x00" + entry(index)).digest(), root)


@pytest.mark.parametrize("after", range(10))
def test_a_copy_that_was_broken_off_goes_on_and_had_published_nothing(
    served: Served, tmp_path: Path, after: int
) -> None:
    served.hold(1000)
    served.broken = lambda _: len(served.asked) > after
    with pytest.raises(NoAnswerError):
        served.copy(tmp_path)
    assert "checkpoint" not in files_in(tmp_path)
    full = {path for path in files_in(tmp_path) if ".p/" not in path}
    served.broken = lambda _: False
    served.asked.clear()

    served.copy(tmp_path)

    assert files_in(tmp_path) == served.files
    assert not full & {*served.asked}


def test_a_file_that_a_crash_cut_is_fetched_again(served: Served, tmp_path: Path) -> None:
    served.hold(1000)
    served.broken = lambda path: path == "tile/entries/002"
    with pytest.raises(NoAnswerError):
        served.copy(tmp_path)
    cut = tmp_path / "tile" / "entries" / "001"
    os.truncate(cut, 100)
    served.broken = lambda _: False

    served.copy(tmp_path)

    assert files_in(tmp_path) == served.files


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/0/002", "tile/entries/001", "tile/entries/002", "tile/entries/003.p/232"],
)
@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_changed_byte_is_refused_and_not_kept(
    served: Served, tmp_path: Path, path: str, at: int
) -> None:
    served.hold(500)
    served.copy(tmp_path)
    before = files_in(tmp_path)["checkpoint"]
    served.hold(1000)
    changed = bytearray(served.files[path])
    changed[at] ^= 1
    served.files[path] = bytes(changed)

    with pytest.raises(AlarmError) as caught:
        served.copy(tmp_path)

    assert caught.value.alarm.kind is Kind.UNPROVEN
    kept = files_in(tmp_path)
    assert kept["checkpoint"] == before
    assert kept.get(path) != bytes(changed)


@pytest.mark.parametrize("path", ["tile/0/003.p/232", "tile/1/000.p/3"])
def test_a_changed_right_edge_leads_to_no_signed_root(
    served: Served, tmp_path: Path, path: str
) -> None:
    served.hold(1000)
    served.files[path] = bytes(len(served.files[path]))

    with pytest.raises(AlarmError, match="lead to root"):
        served.copy(tmp_path)

    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("path", ["tile/1/000", "tile/0/255"])
def test_a_changed_tile_of_a_deep_tree_is_refused_and_not_kept(
    served: Served, tmp_path: Path, path: str
) -> None:
    served.hold(65_600)
    served.files[path] = served.files[path][:-1] + b"!"

    with pytest.raises(AlarmError, match="hashes to something else"):
        served.copy(tmp_path)

    assert path not in files_in(tmp_path)
    assert "checkpoint" not in files_in(tmp_path)


def rewritten(index: int) -> bytes:
    return b"another story" if index == 17 else entry(index)


@pytest.mark.parametrize(("size", "make", "kind"), [
    pytest.param(700, rewritten, Kind.FORK, id="rewritten and grown"),
    pytest.param(600, rewritten, Kind.FORK, id="rewritten"),
    pytest.param(599, entry, Kind.TRUNCATION, id="cut"),
])  # fmt: skip
def test_a_log_that_became_another_changes_nothing_in_the_mirror(
    served: Served, tmp_path: Path, size: int, make: Callable[[int], bytes], kind: Kind
) -> None:
    served.hold(600)
    served.copy(tmp_path)
    before = files_in(tmp_path)
    served.hold(size, make)

    with pytest.raises(AlarmError) as caught:
        served.copy(tmp_path)

    assert (caught.value.alarm.kind, caught.value.alarm.subject) == (kind, Subject.SUPER_LOG)
    assert files_in(tmp_path) == before


def test_a_checkpoint_of_another_key_or_without_the_quorum_is_not_copied(
    served: Served, tmp_path: Path
) -> None:
    served.hold(10)
    good, witness = served.pins, Stranger("w.example")
    policy = f"witness W {witness.vkey}\nquorum W\n"
    strict = Pins.parse(
        b'{"super": ["%s"], "policy": "%s"}'
        % (served.signer.vkey.encode(), policy.replace("\n", "\\n").encode())
    )

    with pytest.raises(AlarmError, match="no-quorum"):
        served.copy(tmp_path, strict)
    served.signer.seed = b"g" * 32
    served.hold(10)
    with pytest.raises(AlarmError, match="wrong-key"):
        served.copy(tmp_path, good)

    assert files_in(tmp_path) == {}


def test_a_folder_of_another_log_is_refused(served: Served, tmp_path: Path) -> None:
    served.hold(10)
    served.copy(tmp_path)
    ours = served.signer.vkey
    served.signer = FakeLog(deployment="other.example")
    served.hold(20)
    both = Pins.parse(b'{"super": ["%s", "%s"]}' % (ours.encode(), served.signer.vkey.encode()))

    with pytest.raises(ConflictError, match=r"mirrors log\.example/super"):
        served.copy(tmp_path, both)


def test_a_checkpoint_that_was_edited_in_the_folder_is_refused(
    served: Served, tmp_path: Path
) -> None:
    served.hold(10)
    served.copy(tmp_path)
    place = tmp_path / "checkpoint"
    place.write_bytes(place.read_bytes().replace(b"\n10\n", b"\n9\n"))

    with pytest.raises(VerificationError, match="not signed by the pinned key"):
        served.copy(tmp_path)


def test_two_mirrors_do_not_share_a_folder(tmp_path: Path) -> None:
    folder = MirrorFolder(tmp_path)

    with (
        folder.held(),
        pytest.raises(ConflictError, match="in use by another mirror"),
        MirrorFolder(tmp_path).held(),
    ):
        pass


def test_what_an_interrupted_copy_left_is_tidied_away(served: Served, tmp_path: Path) -> None:
    served.hold(300)
    served.copy(tmp_path)
    served.hold(310)
    left = tmp_path / plain_path("0", 1, 54)
    served.broken = lambda path: path.startswith("tile/entries")
    with pytest.raises(NoAnswerError):
        served.copy(tmp_path)
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(served.files[plain_path("0", 1, 54)])
    served.broken = lambda _: False
    for size in (320, 330):
        served.hold(size)
        served.copy(tmp_path)

    assert not left.exists()


def test_a_mirror_moved_elsewhere_goes_on_there(served: Served, tmp_path: Path) -> None:
    served.hold(300)
    served.copy(tmp_path / "one")
    shutil.move(tmp_path / "one", tmp_path / "two")
    served.hold(400)

    assert served.copy(tmp_path / "two") == 100
