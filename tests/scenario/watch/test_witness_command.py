"""``tallystick witness`` as its page tells it, with a real server whose epochs it audits."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.checkout import ROOT
from kit.command import Command
from kit.events import reference_event
from kit.fake_log import FakeLog, b64, serving_log
from kit.rfc6962 import mth, proof
from kit.server import Server, running_server
from kit.witness import RunningWitness
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note, verify_note
from tallystick.watch.witness_key import WitnessKey

PAGE = (ROOT / "docs" / "howto" / "run-a-witness.md").read_text("utf-8")
PLAIN, STATUS, AUDITING, RECOVERED = re.findall(
    r"^```sh\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL
)
NAME = "witness.example/acme"


@pytest.fixture
def here(tmp_path: Path) -> Command:
    """The command in a folder with both keys of the page."""
    for file in ("witness.key", "auditor.key"):
        WitnessKey(NAME, file.encode().ljust(32)).write(tmp_path / file)
    return Command(tmp_path)


def line_of(command: Command, line: str) -> str:
    """A line of the page, with this interpreter's own command and any free port."""
    program = shlex.join(command.program())
    replaced = re.sub(r"\btallystick ", f"exec {program} ", line)
    # ``A=b exec c`` is no command of its own: the variable is exported instead.
    replaced = re.sub(r"^(\w+=\S+) ", r"export \1; ", replaced)
    return re.sub(r"127\.0\.0\.1:84\d\d", "127.0.0.1:0", replaced)


@contextmanager
def served(command: Command, line: str, **variables: str) -> Iterator[RunningWitness]:
    """Run a ``serve`` line of the page, and stop it as a service is stopped."""
    started = subprocess.Popen(
        ["sh", "-c", line_of(command, line)],
        cwd=command.folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stderr is not None
    try:
        told = started.stderr.readline()
        assert told.startswith(f"witness {NAME} listens on http://127.0.0.1:"), told
        running = RunningWitness(command.folder, int(told.rpartition(":")[2]))
        yield running
        started.send_signal(signal.SIGTERM)
        out, err = started.communicate(timeout=30)
        assert (started.returncode, err) == (0, "")
        running.lines += [json.loads(line) for line in out.splitlines()]
    finally:
        started.kill()
        started.wait()
        started.stdout.close()
        started.stderr.close()


def test_a_witness_is_made_started_and_asked_as_the_page_tells(here: Command) -> None:
    (here.folder / "witness.key").unlink()
    made = here.plain("witness", "init", "--name", NAME, "--out", "witness.key").out
    log = FakeLog(records=[b"a", b"b", b"c"])
    with served(here, PLAIN, LOG=log.vkey) as witness:
        first = witness.add(log.submission(0, 2))
        second = witness.add(log.submission(2))
    told = subprocess.run(
        ["sh", "-c", line_of(here, STATUS)], cwd=here.folder, capture_output=True, check=True
    )

    assert (first.status, second.status) == (200, 200)
    assert [it["status"] for it in witness.lines] == [200, 200]
    vkey, kind, columns, row = told.stdout.decode().splitlines()
    assert made == f"{vkey}\n"
    key = VerifierKey.parse(vkey)
    note = Note.parse(log.note() + second.text)
    assert verify_note(note, [key]) == [key]
    assert kind == "does not audit epochs"
    assert columns.split() == ["origin", "size", "cosigned_at", "epoch", "slots"]
    assert row.split()[:2] == [log.origin, "3"]


def test_the_status_is_told_as_json(here: Command) -> None:
    log = FakeLog()
    log.new_log(b"a")
    log.publish()
    with (
        serving_log(log) as url,
        served(here, AUDITING, LOG=log.vkey, SERVER=url, KEY="none") as witness,
    ):
        assert witness.add(log.submission(0)).status == 200

    told = here.plain("witness", "status", "--state", "auditor.db", "--json").json

    when = told["logs"][0].pop("cosigned_at")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", when)
    assert told["audits"] is True
    assert told["logs"] == [{"origin": log.origin, "size": 2, "epoch": 0, "slots": 1}]


def records(server: Server, size: int) -> list[bytes]:
    """Read the records of a real super-log of up to 256."""
    path = f"/v1/super/tile/entries/000.p/{size}" if size < 256 else "/v1/super/tile/entries/000"
    data = server.ask("GET", path, key="").body
    found = []
    while data:
        length = int.from_bytes(data[:2])
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def submission(server: Server, old: int) -> tuple[bytes, int]:
    """What a log submits: the newest note of a real server, and a proof by the oracle."""
    note = server.ask("GET", "/v1/super/checkpoint", key="").body
    size = int(note.split(b"\n")[1])
    leaves = records(server, size)
    assert b64(mth(leaves)).encode() == note.split(b"\n")[2]
    hashes = proof(old, leaves) if 0 < old < size else []
    lines = "".join(f"{line}\n" for line in (f"old {old}", *map(b64, hashes)))
    return lines.encode() + b"\n" + note, size


def test_the_epochs_of_a_real_server_are_audited(here: Command) -> None:
    with running_server(epoch_s=1) as server:
        key = server.key("acme")
        vkey = server.ask("GET", "/.well-known/tallystick", key="").json["vkeys"][0]
        answer = server.ask("POST", "/v1/keys", {"tenants": "*", "scopes": ["witness"]})
        witness_key = answer.json["key"]
        variables = {"LOG": vkey, "SERVER": server.url, "KEY": witness_key}
        with served(here, AUDITING, **variables) as witness:
            old, statuses = 0, []
            for number in range(3):
                event = reference_event(number)
                receipt = server.ask("POST", "/v1/events", event, key=key)
                assert receipt.status == 201, receipt
                server.ask("GET", f"/v1/events/{event['id']}/receipt?wait=20", key=key)
                body, size = submission(server, old)
                told = witness.add(body)
                statuses.append(told)
                old = size
            assert [it.status for it in statuses] == [200, 200, 200], statuses

    assert witness_key not in json.dumps(witness.lines)


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        pytest.param((), 2, "no log, want --log VKEY or --policy FILE", id="no log"),
        pytest.param(("--log", "x"), 3, "vkey: 1 parts, want 3", id="no vkey"),
        pytest.param(("--policy", "none"), 3, "none: No such file", id="no policy"),
        pytest.param(
            ("--log", FakeLog().vkey, "--log", FakeLog(deployment="b").vkey, "--audit-epochs"),
            2,
            "--audit-epochs: 2 logs, want the one of --server",
            id="two logs to audit",
        ),
        pytest.param(
            ("--log", FakeLog().vkey, "--listen", "8423"), 2, "want HOST:PORT", id="no host"
        ),
        pytest.param(
            ("--log", FakeLog().vkey, "--key-file", "no.key"), 1, "missing", id="no key file"
        ),
        pytest.param(
            ("--log", FakeLog().vkey, "--server", "ftp://x", "--audit-epochs"),
            3,
            "want http://",
            id="no server",
        ),
    ],
)
def test_wrong_usage_is_told_before_anything_starts(
    here: Command, arguments: tuple[str, ...], code: int, why: str
) -> None:
    given = ["--state", "witness.db"]
    if "--key-file" not in arguments:
        given += ["--key-file", "witness.key"]

    told = here.plain("witness", "serve", *given, *arguments, code=code)

    assert why in told.err


def test_the_log_lines_of_a_policy_are_the_logs(here: Command) -> None:
    log = FakeLog(records=[b"a"])
    (here.folder / "policy").write_text(f"log {log.vkey}\nquorum none\n")
    line = PLAIN.replace('--log "$LOG"', "--policy policy")

    with served(here, line) as witness:
        assert witness.add(log.submission(0)).status == 200


def test_a_key_is_not_made_over_another(here: Command) -> None:
    told = here.plain("witness", "init", "--name", NAME, "--out", "witness.key", code=1)

    assert told.err == "error: witness key witness.key: exists, want none\n"


def test_the_line_for_after_a_recovery_is_read_up_to_its_vkeys(here: Command) -> None:
    told = subprocess.run(
        ["sh", "-c", line_of(here, RECOVERED)],
        cwd=here.folder,
        env={**os.environ, "ROOT": "witness.example/none", "OLD": "a", "NEW": "b"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (told.returncode, told.stderr) == (
        3,
        "error: vkey: 1 parts, want 3 divided by plus signs\n",
    )
