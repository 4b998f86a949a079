"""What strangers can do to a witness's port: nothing that stops it."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

import pytest

from kit.fake_log import FakeLog
from kit.witness import RunningWitness, made_witness, running_witness
from tallystick.errors import MalformedError
from tallystick.watch import witness_server
from tallystick.watch.witness_server import WitnessServer


@pytest.fixture
def log() -> FakeLog:
    return FakeLog(records=[b"a", b"b", b"c"])


@pytest.fixture
def witness(tmp_path: Path, log: FakeLog) -> Iterator[RunningWitness]:
    with running_witness(tmp_path, log) as running:
        yield running


def sent(witness: RunningWitness, data: bytes) -> bytes:
    """What comes back for bytes on a connection, until it is closed."""
    with socket.create_connection(("127.0.0.1", witness.port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"POST /add-checkpoint HTTP/1.1\r\n\r\n", b"411", id="no length"),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 500001\r\n\r\n", b"413", id="long"
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 99 + b"\r\n\r\n",
            b"413",
            id="very long",
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411", id="negative"
        ),
        pytest.param(
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"411",
            id="two lengths",
        ),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"404", id="elsewhere"),
        pytest.param(b"PUT /add-checkpoint HTTP/1.1\r\n\r\n", b"501", id="other method"),
        pytest.param(b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414", id="long path"),
        pytest.param(b"GET /" + b"0" * 64 + b"/checkpoint/ HTTP/1.1\r\n\r\n", b"404", id="slash"),
        pytest.param(b"GET /" + b"A" * 64 + b"/checkpoint HTTP/1.1\r\n\r\n", b"404", id="capitals"),
    ],
)
def test_a_request_of_another_form_gets_its_status(
    witness: RunningWitness, log: FakeLog, request_bytes: bytes, status: bytes
) -> None:
    assert sent(witness, request_bytes).startswith(b"HTTP/1.1 " + status)
    assert witness.add(log.submission(0)).status == 200


def test_a_body_that_breaks_off_is_not_read_as_a_whole(
    witness: RunningWitness, log: FakeLog
) -> None:
    body = log.submission(0)
    head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body) + 1}\r\n\r\n".encode()

    assert sent(witness, head + body) == b""
    assert witness.monitored(log.origin).status == 404


def test_a_connection_is_kept_for_the_next_request(witness: RunningWitness, log: FakeLog) -> None:
    connection = HTTPConnection("127.0.0.1", witness.port, timeout=20)
    try:
        connection.connect()
        used = connection.sock
        for old, new in ((0, 1), (1, 2), (2, 3)):
            connection.request("POST", "/add-checkpoint", log.submission(old, new))
            assert connection.getresponse().read().count(b"\n") == 1
            assert connection.sock is used
    finally:
        connection.close()


def trickled(connection: socket.socket) -> bool:
    """Send one more byte, and tell whether the other side still takes any."""
    try:
        connection.sendall(b"P")
    except OSError:
        return False
    return True


def test_a_trickle_is_cut_off(
    witness: RunningWitness, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_server, "_REQUEST_S", 0.5)
    began = monotonic()
    with socket.create_connection(("127.0.0.1", witness.port), timeout=20) as slow:
        while monotonic() - began < 20 and trickled(slow):
            sleep(0.05)

    assert 0.4 < monotonic() - began < 10
    assert witness.add(log.submission(0)).status == 200


def test_connections_beyond_the_limit_are_closed_and_the_others_served(
    tmp_path: Path, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_server, "_MOST_CONNECTIONS", 3)
    with running_witness(tmp_path, log) as witness:
        idle = [socket.create_connection(("127.0.0.1", witness.port), timeout=20) for _ in range(3)]
        try:
            sleep(0.2)
            refused = sent(witness, b"")
            idle[0].sendall(b"GET /x HTTP/1.1\r\n\r\n")
            served = idle[0].recv(100)
        finally:
            for connection in idle:
                connection.close()
        sleep(0.3)
        told = witness.add(log.submission(0))

    assert (refused, served[:12], told.status) == (b"", b"HTTP/1.1 404", 200)


def test_an_address_that_is_taken_is_told(
    tmp_path: Path, log: FakeLog, witness: RunningWitness
) -> None:
    other = made_witness(tmp_path / "other", log, now=lambda: 1)

    with pytest.raises(MalformedError, match="Address already in use, want a free address"):
        WitnessServer(other, ("127.0.0.1", witness.port), lambda: 1, lambda _: None)


def test_what_goes_wrong_in_a_thread_is_told_in_the_log(
    witness: RunningWitness, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("of a test")

    monkeypatch.setattr("tallystick.watch.witness.Witness.add_checkpoint", broken)
    body = log.submission(0)
    head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    assert sent(witness, head + body) == b""
    assert witness.lines[-1]["error"] == "ZeroDivisionError: of a test"
