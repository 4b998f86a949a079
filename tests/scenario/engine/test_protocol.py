"""The embedded engine's own door: who may come in, and what becomes of who leaves."""

import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.engine import PASSWORD, SCHEMA, USER, EngineProcess, running_engine
from tallystick.drivers.clickhouse.endpoint import Endpoint
from tallystick.drivers.clickhouse.engine import ClickHouse
from tallystick.drivers.system import SystemEntropy
from tallystick.search.ports import CancelledError, EngineAwayError, Limits, Question, RefusedError

FOR_EVER = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 7"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with running_engine(tmp_path_factory.mktemp("engine")) as running:
        yield running


def send(engine: EngineProcess, head: str, body: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", engine.port), 10)
    connection.sendall(head.encode() + b"\r\n\r\n" + body)
    return connection


def answer(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while piece := connection.recv(65_536):
            received += piece
        return received


def authorized(length: int, more: str = "") -> str:
    shown = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return (
        f"POST /?{more} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Basic {shown}\r\nContent-Length: {length}"
    )


def wait_until_idle(engine: EngineProcess) -> None:
    """Wait, much less long than a question takes that nobody ends."""
    sql = "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"
    started = time.monotonic()
    while engine.driver.ask(Question(sql)).rows != [(0,)]:
        assert time.monotonic() - started < 10
        time.sleep(0.05)


def test_it_listens_on_loopback_only(engine: EngineProcess) -> None:
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{engine.port:04X}")
    ]
    assert listening == [f"0100007F:{engine.port:04X}"]


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD[:-1], PASSWORD + "x"])
def test_another_password_learns_nothing(engine: EngineProcess, password: str) -> None:
    endpoint = Endpoint("127.0.0.1", engine.port, USER, password)

    with pytest.raises(EngineAwayError, match="refuses the password") as caught:
        ClickHouse(lambda: endpoint, SystemEntropy()).ask(Question("SELECT 1"))

    assert not password or password not in str(caught.value)


def test_a_new_password_is_asked_for_when_the_old_one_is_refused(engine: EngineProcess) -> None:
    passwords = iter(["old", PASSWORD])
    driver = ClickHouse(
        lambda: Endpoint("127.0.0.1", engine.port, USER, next(passwords)), SystemEntropy()
    )

    with pytest.raises(EngineAwayError):
        driver.ask(Question("SELECT 1"))

    assert driver.ask(Question("SELECT 1")).rows == [(1,)]


def test_without_a_credential_no_body_is_read(engine: EngineProcess) -> None:
    head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000"

    assert b" 401 " in answer(send(engine, head)).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(authorized(1 << 40), id="a body without end"),
        pytest.param(authorized(-1), id="a negative length"),
        pytest.param(authorized(8, "max_execution_time=forever"), id="a limit that is no number"),
        pytest.param(authorized(8, "query_id=a'b"), id="an id with a quote"),
        pytest.param(
            authorized(8, "insert_deduplication_token=a'%2C%20b%20%3D%20'c"), id="a token with one"
        ),
    ],
)
def test_what_is_malformed_is_refused(engine: EngineProcess, head: str) -> None:
    received = answer(send(engine, head, b"SELECT 1"))

    assert b" 500 " in received.partition(b"\r\n")[0]
    assert b"X-ClickHouse-Exception-Code: 36" in received


def test_a_chunk_that_is_none_is_refused(engine: EngineProcess) -> None:
    head = authorized(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")

    assert b"no chunk" in answer(send(engine, head, b"zz\r\n"))


def test_a_question_ends_when_its_client_hangs_up(engine: EngineProcess) -> None:
    body = FOR_EVER.encode()
    connection = send(engine, authorized(len(body), "wait_end_of_query=1"), body)
    time.sleep(0.5)

    connection.close()

    wait_until_idle(engine)


def test_a_question_in_the_queue_ends_when_it_is_cancelled(engine: EngineProcess) -> None:
    busy = [threading.Thread(target=_run_out, args=(engine, 2.0)) for _ in range(4)]
    for thread in busy:
        thread.start()
    time.sleep(0.3)
    threading.Timer(0.3, engine.driver.cancel, ["waits"]).start()

    started = time.monotonic()
    with pytest.raises(CancelledError):
        engine.driver.ask(Question(FOR_EVER, {}, Limits(seconds=30), "waits"))
    assert time.monotonic() - started < 10

    for thread in busy:
        thread.join()


def _run_out(engine: EngineProcess, seconds: float) -> None:
    with pytest.raises(Exception, match="more time"):
        engine.driver.ask(Question(FOR_EVER, {}, Limits(seconds=seconds)))


def test_inserts_go_on_while_more_readers_come_than_can_be_served(engine: EngineProcess) -> None:
    table = engine.table()
    stopping = threading.Event()

    def read() -> None:
        while not stopping.is_set():
            with pytest.raises(Exception, match="engine: "):
                engine.driver.ask(Question(FOR_EVER, {}, Limits(seconds=0.5)))

    readers = [threading.Thread(target=read) for _ in range(12)]
    for reader in readers:
        reader.start()
    time.sleep(0.5)
    took = []
    for n in range(10):
        started = time.monotonic()
        engine.driver.insert(table, {"id": [bytes(16)] * 1_000}, f"t{n}")
        took.append(time.monotonic() - started)
    stopping.set()
    for reader in readers:
        reader.join()

    assert max(took) < 15, took


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT \"file\" ('/etc/passwd')",
        "SELECT FILE('/etc/passwd')",
        "SELECT `fi\\x6ce`('/etc/passwd')",
        "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
        "SELECT file /**/ ('/etc/passwd')",
        "SELECT file -- \n('/etc/passwd')",
        "SELECT '\\'', file('/etc/passwd')",
        "SELECT '''', file('/etc/passwd')",
        "SELECT $$a$$, file('/etc/passwd')",
        "SELECT \u2018a\u2019, file('/etc/passwd')",
        "SELECT 1 INTO OUTFILE '/tmp/tallystick-outfile'",
        "SELECT 1 FROM numbers(1) INTO outfile '/tmp/tallystick-outfile' TRUNCATE",
        "WITH f AS (SELECT * FROM file('/etc/passwd', 'LineAsString')) SELECT * FROM f",
        "SELECT aiGenerate('x', 'y')",
        "SELECT * FROM merge('system', '.*')",
    ],
)
def test_no_spelling_of_a_way_outside_is_taken(engine: EngineProcess, sql: str) -> None:
    with pytest.raises(RefusedError, match="error 497"):
        engine.driver.ask(Question(sql))

    assert not Path("/tmp/tallystick-outfile").exists()  # noqa: S108 (must not be there)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION f AS x -> file(x)",
        "CREATE TABLE t AS file('/etc/passwd', 'LineAsString')",
        "INSERT INTO FUNCTION file('/tmp/tallystick-outfile', 'CSV') SELECT 1",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
        "BACKUP TABLE t TO File('/tmp/tallystick-outfile')",
        "SET readonly = 0",
        "SYSTEM SHUTDOWN",
        "ATTACH TABLE t FROM '/tmp' (n UInt8)",
        "USE system",
    ],
)
def test_no_change_reaches_outside_either(engine: EngineProcess, sql: str) -> None:
    with pytest.raises(RefusedError, match="error 497"):
        engine.driver.execute(sql, {})


def test_statements_of_ours_pass_with_their_comments(engine: EngineProcess) -> None:
    engine.driver.execute(SCHEMA["drop"], {"table": "passes"})
    engine.driver.execute(SCHEMA["create_events"], {"table": "passes"})

    sql = 'SELECT count() -- it\'s a comment, `with` "quotes" and file(\nFROM passes'
    assert engine.driver.ask(Question(sql)).rows == [(0,)]
