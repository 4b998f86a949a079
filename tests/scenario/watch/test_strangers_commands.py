"""``monitor``, ``mirror`` and ``fsck --mirror`` as people run them, on a real server and a fake."""

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tlog_scales import signing
from tlog_scales.reader import TilesReader

from kit.checkout import ROOT
from kit.command import Command
from kit.fake_log import FIRST_S
from kit.server import Server, running_server
from kit.watching import KEY, Watch, grow, watching
from tallystick.cli import exit_codes


class Folder:
    """What tlog-scales reads a mirror through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, *path: str) -> bytes | None:
        """Return a file, or None where there is none."""
        place = self._path.joinpath(*path)
        return place.read_bytes() if place.is_file() else None


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def tally(tmp_path: Path) -> Command:
    return Command(tmp_path)


def event(number: int) -> dict[str, object]:
    return {
        "action": "invoice.approved",
        "occurred_at": f"2026-11-24T02:45:{number % 60:02d}Z",
        "actor": {"type": "system"},
    }


def record(server: Server, key: str, count: int) -> None:
    events = [event(number) for number in range(count)]
    assert server.ask("POST", "/v1/events", events, key=key).status in (200, 201)


def log_of(server: Server, tenant: str, stream: str = "audit") -> str:
    logs = server.ask("GET", "/v1/logs?limit=1000").json["logs"]
    return next(it["log"] for it in logs if (it["tenant"], it["stream"]) == (tenant, stream))


def pin(server: Server, tally: Command) -> Path:
    """Pins as a stranger gets them, here from the server's own hand."""
    told = server.ask("GET", "/.well-known/tallystick").json
    path = tally.folder / "pins.json"
    path.write_text(json.dumps({"super": told["vkeys"]}))
    return path


def wait_for_epoch(server: Server, key: str, log: str, size: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = server.ask("GET", f"/v1/logs/{log}/epochs/latest", key=key)
        if answer.status == 200 and answer.json["size"] >= size:
            return
        time.sleep(0.2)
    raise AssertionError(answer)


def test_a_tenant_monitors_and_mirrors_a_real_server(server: Server, tally: Command) -> None:
    key = server.key("acme")
    record(server, key, 20)
    log, pins = log_of(server, "acme"), pin(server, tally)
    wait_for_epoch(server, key, log, 20)
    env = {"TALLYSTICK_KEY": key, "TALLYSTICK_SERVER": server.url}
    watched = ["monitor", "--log", log, "--pins", pins, "--state", "state.json", "--once"]

    first = tally.plain(*watched, "--json", **env)
    for _ in range(3):
        record(server, key, 100)
        time.sleep(1.2)
    wait_for_epoch(server, key, log, 320)
    second = tally.plain(*watched, "--json", **env)

    assert (first.json["event"], first.json["size"], first.json["found"]) == ("looked", 20, [])
    assert (second.json["size"], second.json["found"]) == (320, [])
    assert second.json["epoch"] > first.json["epoch"]

    copy = ["mirror", "--pins", pins, "--once", "--json"]
    ours = tally.plain(*copy, "--log", log, "--into", "copy", **env)
    everybodys = tally.plain(*copy, "--super", "--into", "super", TALLYSTICK_SERVER=server.url)
    assert (ours.json["size"], ours.json["added"]) == (320, 320)
    for folder, size in (("copy", 320), ("super", everybodys.json["size"])):
        reader = TilesReader(Folder(tally.folder / folder))
        checkpoint = reader.get_checkpoint()
        assert (checkpoint.size, reader.calculate_root_hash()) == (size, checkpoint.root_hash)
        checked = tally.plain("fsck", "--mirror", folder, "--pins", pins, "--json")
        assert checked.json == {"verdict": "intact", "entries": size, "findings": []}
    vkey = signing.Vkey.from_string(json.loads(pins.read_text())["super"][0])
    checkpoint.verify(vkey)

    record(server, key, 5)
    wait_for_epoch(server, key, log, 325)
    again = tally.plain(*copy, "--log", log, "--into", "copy", **env)
    assert (again.json["size"], again.json["added"]) == (325, 5)


def test_a_monitor_is_one_of_its_tenants_readers_and_recorded_as_such(
    server: Server, tally: Command
) -> None:
    key = server.key("watched")
    record(server, key, 3)
    log, pins = log_of(server, "watched"), pin(server, tally)
    wait_for_epoch(server, key, log, 3)
    access = log_of(server, "watched", "access")
    before = server.sizes()[access]
    env = {"TALLYSTICK_KEY": key, "TALLYSTICK_SERVER": server.url}

    tally.plain("monitor", "--log", log, "--pins", pins, "--state", "s", "--once", **env)

    assert server.sizes()[access] == before + 1


def test_a_key_of_another_tenant_monitors_nothing(server: Server, tally: Command) -> None:
    key, stranger = server.key("mine"), server.key("theirs")
    record(server, key, 3)
    log, pins = log_of(server, "mine"), pin(server, tally)
    wait_for_epoch(server, key, log, 3)
    env = {"TALLYSTICK_KEY": stranger, "TALLYSTICK_SERVER": server.url}

    told = tally.plain(
        "monitor", "--log", log, "--pins", pins, "--state", "s", "--once",
        code=exit_codes.UNPROVEN, **env,
    )  # fmt: skip

    assert "answers 403" in told.out


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        made.pins["max_age_s"] = 10 * 365 * 86_400
        (tmp_path / "pins.json").write_text(json.dumps(made.pins))
        yield made


def run(watch: Watch, tally: Command, *more: str, code: int = 0) -> list[dict[str, Any]]:
    told = tally.plain(*words(watch), "--once", "--json", *more, code=code, **env_of(watch))
    return [json.loads(line) for line in told.lines]


def words(watch: Watch) -> list[str]:
    log = watch.log.hex(watch.slot)
    return ["monitor", "--log", log, "--pins", "pins.json", "--state", "state.json"]


def env_of(watch: Watch) -> dict[str, str]:
    return {"TALLYSTICK_KEY": KEY, "TALLYSTICK_SERVER": watch.url}


def test_each_alarm_has_its_exit_code_and_the_worst_counts(watch: Watch, tally: Command) -> None:
    run(watch, tally)
    watch.log.entries[1][0] = b"another story"
    watch.log.publish()

    told = run(watch, tally, "--max-age", "1", code=exit_codes.FORK)

    assert [line["event"] for line in told] == ["alarm", "alarm", "looked"]
    assert told[-1]["found"] == ["fork", "stale"]
    folder = tally.folder / "state.json.evidence" / told[1]["evidence"]
    assert {path.name for path in folder.iterdir()} >= {"seen.json", "shown.json", "alarm.json"}
    run(watch, tally, code=exit_codes.FORK)
    watch.log.notes.append(watch.log.notes[0])
    run(watch, tally, code=exit_codes.FORK)


@pytest.mark.parametrize(("lie", "code"), [
    pytest.param("truncation", exit_codes.TRUNCATION, id="truncation"),
    pytest.param("key", exit_codes.WRONG_KEY, id="wrong key"),
    pytest.param("garbage", exit_codes.UNPROVEN, id="unproven"),
    pytest.param("age", exit_codes.STALE, id="stale"),
    pytest.param("gone", exit_codes.UNREACHABLE, id="unreachable"),
])  # fmt: skip
def test_the_exit_codes_are_told_apart(watch: Watch, tally: Command, lie: str, code: int) -> None:
    run(watch, tally)
    more: list[str] = []
    match lie:
        case "truncation":
            watch.log.notes.append(watch.log.notes[0])
        case "key":
            watch.log.seed = b"g" * 32
            grow(watch.log)
        case "garbage":
            grow(watch.log)
            size = len(watch.log.records)
            watch.log.answers[f"/v1/super/1/tile/entries/000.p/{size}"] = (200, b"x")
        case "age":
            more = ["--max-age", str(int(time.time()) - FIRST_S - 1000)]  # noqa: TID251
        case "gone":
            watch.log.answers["/v1/super/checkpoint"] = (500, b"")

    run(watch, tally, *more, code=code)


def test_a_monitor_that_runs_goes_on_after_an_alarm_and_ends_with_its_code(
    watch: Watch, tally: Command
) -> None:
    program = tally.program(*words(watch), "--every", "1", "--json")
    process = subprocess.Popen(
        program,
        cwd=tally.folder,
        env={"PATH": "/usr/bin:/bin", **env_of(watch)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        wait_for(tally.folder / "state.json")
        truth = list(watch.log.entries[1])
        watch.log.entries[1][0] = b"flicker"
        watch.log.publish()
        alarm = json.loads(process.stdout.readline())
        watch.log.entries[1][:] = truth
        grow(watch.log)
        cleared = json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)

    assert (alarm["event"], alarm["kind"]) == ("alarm", "fork")
    assert (cleared["event"], cleared["kind"]) == ("cleared", "fork")
    assert rest == ""
    assert process.returncode == exit_codes.FORK


def test_a_second_monitor_on_one_state_is_refused(watch: Watch, tally: Command) -> None:
    process = subprocess.Popen(
        tally.program(*words(watch)),
        cwd=tally.folder,
        env={"PATH": "/usr/bin:/bin", **env_of(watch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(tally.folder / "state.json")

        told = tally.plain(*words(watch), "--once", code=exit_codes.NO, **env_of(watch))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert "in use by another monitor" in told.err
    assert process.returncode == exit_codes.STOPPED


def test_a_spoilt_state_is_refused_with_a_reason(watch: Watch, tally: Command) -> None:
    (tally.folder / "state.json").write_text("spoilt")

    told = tally.plain(*words(watch), "--once", code=exit_codes.UNREADABLE, **env_of(watch))

    assert "cut or changed" in told.err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--webhook", "http://127.0.0.1:1"], "want both"),
        (["--webhook-secret-file", "pins.json"], "want both"),
        (["--server", "ftp://x"], "want http"),
        (["--every", "0"], "--every"),
    ],
)
def test_what_does_not_go_together_is_bad_usage(
    watch: Watch, tally: Command, more: list[str], why: str
) -> None:
    told = tally.plain(*words(watch), *more, "--once", code=exit_codes.USAGE, **env_of(watch))

    assert why in told.err


def test_a_mirror_wants_one_log(watch: Watch, tally: Command) -> None:
    rest = ["--pins", "pins.json", "--into", "x", "--once"]
    log = ["--log", watch.log.hex(1)]

    for given in ([], ["--super", *log]):
        told = tally.plain("mirror", *given, *rest, code=exit_codes.USAGE)
        assert "want one of --super and --log" in told.err


def test_a_mirror_of_a_forked_log_ends_with_its_code_and_stays_as_it_was(
    watch: Watch, tally: Command
) -> None:
    copy = ["mirror", "--super", "--pins", "pins.json", "--into", "copy", "--once"]
    tally.plain(*copy, **env_of(watch))
    before = (tally.folder / "copy" / "checkpoint").read_bytes()
    watch.log.records[0] = watch.log.records[0].replace(b"registry", b"register")
    watch.log.publish()

    tally.plain(*copy, code=exit_codes.FORK, **env_of(watch))

    assert (tally.folder / "copy" / "checkpoint").read_bytes() == before


def test_a_mirrors_fsck_says_what_it_cannot_say(watch: Watch, tally: Command) -> None:
    copy = ["mirror", "--super", "--pins", "pins.json", "--into", "copy", "--once"]
    tally.plain(*copy, **env_of(watch))

    unpinned = tally.plain("fsck", "--mirror", "copy", code=exit_codes.UNDECIDED)
    (tally.folder / "copy" / "tile/0/000.p/5").unlink()
    broken = tally.plain(
        "fsck", "--mirror", "copy", "--pins", "pins.json", "--json", code=exit_codes.NO
    )

    assert unpinned.lines[-1] == "unverifiable (no pinned key)"
    assert broken.json["verdict"] == "incomplete"
    assert [it["verdict"] for it in broken.json["findings"]] == ["incomplete"]
    tally.plain("fsck", "--mirror", "nowhere", code=exit_codes.NO)
    tally.plain("fsck", "--pins", "pins.json", code=exit_codes.USAGE)


@pytest.mark.parametrize("name", ["monitor-your-log", "mirror-a-log"])
def test_the_commands_of_a_page_that_need_a_server_can_be_pasted(
    watch: Watch, tally: Command, name: str
) -> None:
    page = (ROOT / "docs" / "howto" / f"{name}.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("tallystick ")]
    assert len(commands) == 3
    (tally.folder / "pins.json").rename(tally.folder / "acme.pins")
    (tally.folder / "hook.secret").write_text(f"whsec_{'c' * 32}\n")
    program = shlex.join(tally.program())

    for line in commands:
        once = " --once" if " monitor " in line and "--once" not in line else ""
        done = subprocess.run(
            ["sh", "-c", line.replace("tallystick", program, 1) + once],
            cwd=tally.folder,
            env={"PATH": "/usr/bin:/bin", "LOG": watch.log.hex(1), **env_of(watch)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
