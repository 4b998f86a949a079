"""A whole server and its witnesses: what operators and strangers see of them."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from kit.command import Command
from kit.events import reference_event
from kit.fake_witness import FakeWitness, answer, cosigners, policy_text, witness_at_work
from kit.server import Server, running_server
from tallystick.tlog.policy import Policy

ONE = "one.example/witness-one"


@pytest.fixture
def one() -> Iterator[FakeWitness]:
    with witness_at_work(ONE) as witness:
        yield witness


@pytest.fixture
def policy(tmp_path: Path, one: FakeWitness) -> Path:
    path = tmp_path / "policy"
    path.write_text(f"# ours: do not tell\n{policy_text(one, quorum='all')}")
    return path


@pytest.fixture
def server(tmp_path: Path, policy: Path) -> Iterator[Server]:
    settings = {"TALLYSTICK_WITNESS_POLICY": str(policy), "TALLYSTICK_WITNESS_DEADLINE_S": "1"}
    with running_server(data=tmp_path / "data", **settings) as running:
        yield running


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def witnesses(server: Server) -> dict[str, object]:
    told = server.ask("GET", "/readyz", key="")
    assert told.status == 200
    return dict(told.json.get("witnesses", {}))


def figure(server: Server, name: str) -> float | None:
    text = server.ask("GET", "/metrics", key="").body.decode()
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def refuse(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    answer(handler, 503, "text/plain", "asleep\n")
    return True


def test_what_is_published_is_cosigned_and_everybody_is_told_by_whom(
    server: Server, one: FakeWitness
) -> None:
    eventually(lambda: witnesses(server).get("quorum") is True)

    note = server.ask("GET", "/v1/super/checkpoint", key="").body.decode()
    assert cosigners(note) == ["localhost/super", ONE]
    told = server.ask("GET", "/.well-known/tallystick", key="").json
    policy = Policy.parse(told["witness_policy"])
    assert [it.key.vkey() for it in policy.logs] == told["vkeys"]
    assert [(it.key.vkey(), it.url) for it in policy.witnesses.values()] == [(one.vkey, one.url)]
    assert "do not tell" not in told["witness_policy"]


def test_a_lost_quorum_shows_everywhere_and_stops_nothing(server: Server, one: FakeWitness) -> None:
    eventually(lambda: witnesses(server).get("quorum") is True)
    assert figure(server, "tallystick_witnesses_answering") == 1
    one.lie = refuse
    key = server.key("acme")

    recorded = server.ask("POST", "/v1/events", reference_event(0), key=key)
    assert recorded.status == 201
    eventually(lambda: witnesses(server)["quorum"] is False)

    told = witnesses(server)
    assert (told["answering"], told["asked"]) == (0, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", str(told["quorum_at"]))
    assert figure(server, "tallystick_quorum") == 0
    assert figure(server, "tallystick_witnesses") == 1
    assert figure(server, "tallystick_witnesses_answering") == 0
    before = figure(server, "tallystick_quorum_age_seconds")
    time.sleep(0.05)
    after = figure(server, "tallystick_quorum_age_seconds")
    assert before is not None
    assert after is not None
    assert 0 < before < after < 60
    path = f"/v1/events/{recorded.json['results'][0]['id']}/receipt?wait=20"
    assert server.ask("GET", path, key=key).headers["tallystick-receipt"] == "published"
    lost = "witnesses: no quorum, receipts stay published and are not cosigned"
    assert server.log.read_text().count(lost) == 1
    assert "witness-one: answered 503: asleep" in server.log.read_text()

    one.lie = None
    server.ask("POST", "/v1/events", reference_event(1), key=key)
    eventually(lambda: witnesses(server)["quorum"] is True)
    assert server.ask("GET", path, key=key).headers["tallystick-receipt"] == "cosigned"
    assert "witnesses: quorum again" in server.log.read_text()


def test_what_is_called_published_is_so_while_the_next_epoch_is_cosigned(
    server: Server, one: FakeWitness
) -> None:
    eventually(lambda: witnesses(server).get("quorum") is True)
    key = server.key("acme")
    first = reference_event(0)
    server.ask("POST", "/v1/events", first, key=key)
    server.ask("GET", f"/v1/events/{first['id']}/receipt?wait=20", key=key)
    logs = server.ask("GET", "/v1/logs", key=key).json["logs"]
    log = next(it["log"] for it in logs if it["stream"] == "audit")
    seen: list[tuple[int, int, int, str]] = []

    def look(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        told = server.ask("GET", f"/v1/logs/{log}/epochs/latest", key=key).json
        note = server.ask("GET", f"/v1/logs/{log}/checkpoint", key=key).body
        receipt = server.ask("GET", f"/v1/events/{first['id']}/receipt", key=key)
        state = receipt.headers["tallystick-receipt"]
        recorded = server.sizes()[log]
        seen.append((recorded, told["size"], int(note.split(b"\n")[1]), state))
        return False

    one.lie = look
    server.ask("POST", "/v1/events", reference_event(1), key=key)
    eventually(lambda: any(recorded == 2 for recorded, *_ in seen))

    assert next(told for told in seen if told[0] == 2) == (2, 1, 1, "cosigned")


def test_the_doctor_names_the_witness_that_fails(
    tmp_path: Path, server: Server, policy: Path, one: FakeWitness
) -> None:
    command = Command(tmp_path)
    env = {"TALLYSTICK_WITNESS_POLICY": str(policy)}
    eventually(lambda: witnesses(server).get("quorum") is True)
    fine = command("doctor", **env).out
    assert "witness-one: cosigned when asked last" in fine
    assert "the last epoch has its quorum" in fine
    one.lie = refuse
    server.ask("POST", "/v1/events", reference_event(0), key=server.key("acme"))
    eventually(lambda: witnesses(server)["quorum"] is False)

    told = command("doctor", code=1, **env).out

    assert re.search(r"FAIL +witness +witness-one: answered 503: asleep", told)
    assert re.search(r"FAIL +quorum +no quorum, the last one was \d+ s ago", told)
    assert "nobody outside would notice" in command("doctor").out


def test_without_a_policy_nothing_is_said_of_witnesses() -> None:
    with running_server() as server:
        eventually(lambda: figure(server, "tallystick_epoch") is not None)

        assert witnesses(server) == {}
        assert figure(server, "tallystick_quorum") is None
        assert server.ask("GET", "/.well-known/tallystick", key="").json["witness_policy"] is None


def test_a_start_with_an_unreachable_witness_warns_and_goes_on(
    tmp_path: Path, policy: Path, one: FakeWitness
) -> None:
    policy.write_text(policy.read_text().replace(one.url, "http://127.0.0.1:9"))
    with running_server(data=tmp_path / "data", TALLYSTICK_WITNESS_POLICY=str(policy)) as server:
        eventually(lambda: witnesses(server).get("quorum") is False)

        assert "WARNING: witness witness-one: unreachable" in server.log.read_text()
        assert "WARNING: NO WITNESS could tell" in server.log.read_text()
        assert figure(server, "tallystick_quorum_age_seconds") == float("inf")
        assert server.ask("POST", "/v1/tenants", {"name": "acme"}).status == 201


@pytest.fixture
def copied(tmp_path: Path, server: Server) -> tuple[Path, str]:
    """A copy of a stopped deployment, lock file too, whose witness has seen more since."""
    eventually(lambda: witnesses(server).get("quorum") is True)
    server.ask("POST", "/v1/events", reference_event(0), key=server.key("acme"))
    size = server.ask("GET", "/v1/super/checkpoint", key="").body.split(b"\n")[1]
    eventually(
        lambda: server.ask("GET", "/v1/super/checkpoint", key="").body.split(b"\n")[1] != size
    )
    server.stop()
    shutil.copytree(tmp_path / "data", tmp_path / "yesterday")
    settings = {"TALLYSTICK_WITNESS_POLICY": str(tmp_path / "policy")}
    with running_server(data=tmp_path / "data", admin_key=server.admin_key, **settings) as today:
        before = today.ask("GET", "/v1/super/checkpoint", key="").body
        today.ask("POST", "/v1/events", reference_event(1), key=today.key("acme"))
        eventually(lambda: today.ask("GET", "/v1/super/checkpoint", key="").body != before)
    return tmp_path / "yesterday", server.admin_key


def test_a_server_on_a_store_that_went_back_starts_for_reading_only(
    copied: tuple[Path, str], policy: Path
) -> None:
    data, key = copied
    settings = {"TALLYSTICK_WITNESS_POLICY": str(policy)}
    with running_server(data=data, admin_key=key, ready=False, **settings) as server:
        ready = server.ask("GET", "/readyz", key="")
        assert (ready.status, ready.code) == (503, "unready")
        assert "rolled back" in ready.json["detail"]
        assert "READ-ONLY: witness witness-one: the store was rolled back" in (
            server.log.read_text()
        )
        assert server.ask("POST", "/v1/tenants", {"name": "late"}).status == 503
        assert server.ask("GET", "/v1/tenants").status == 200


def test_a_witness_that_comes_back_with_more_turns_a_running_server_read_only(
    copied: tuple[Path, str], policy: Path, one: FakeWitness
) -> None:
    """It was away when the server started: the publisher's next question finds it out."""
    data, key = copied
    seen = dict(one.seen)
    one.seen.clear()
    one.lie = refuse
    settings = {"TALLYSTICK_WITNESS_POLICY": str(policy)}
    with running_server(data=data, admin_key=key, **settings) as server:
        assert server.ask("POST", "/v1/tenants", {"name": "late"}).status == 201
        one.seen.update(seen)
        one.lie = None
        # Another entry, so that there is an epoch to ask about.
        server.ask("POST", "/v1/tenants", {"name": "later"})

        def unready() -> bool:
            with suppress(OSError, HTTPException):  # the doors open anew
                return server.ask("GET", "/readyz", key="").status == 503
            return False

        eventually(unready)

        assert server.ask("POST", "/v1/tenants", {"name": "too-late"}).status == 503
        assert "publisher: read-only" in server.log.read_text()
