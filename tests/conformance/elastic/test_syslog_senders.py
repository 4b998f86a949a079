"""rsyslog's and syslog-ng's own Elasticsearch outputs write to the door of Elasticsearch."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.debian_packages import library_path, unpacked
from kit.server import Server, running_server
from kit.shipping import events

pytestmark = pytest.mark.slow

WAIT_S = 60
LINES = [f"Accepted publickey for user{n} \u00fc \x1b[31mport {n}" for n in range(120)]
LAST = ["the last"]
"""Sent when all the others were sent twice: when it has arrived, so have they."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def rsyslog() -> Path:
    """The folder of rsyslog."""
    return unpacked("rsyslog", "rsyslog-elasticsearch", "libestr0", "libfastjson4", "liblognorm5")


@pytest.fixture(scope="module")
def syslog_ng() -> Path:
    """The folder of syslog-ng."""
    return unpacked(
        *("syslog-ng-core", "syslog-ng-mod-http", "syslog-ng-scl", "libivykis0", "libnet1"),
        *("libpcre3", "libwrap0", "libnsl2", "libtirpc3"),
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(command: list[str | Path], folder: Path, port: int) -> Iterator[None]:
    """Run a sender until it listens, and stop it at the end."""
    log = folder / "sender.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, env=library_path(folder_of(command)), stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + WAIT_S
        while not listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def folder_of(command: list[str | Path]) -> Path:
    return Path(command[0]).parent.parent.parent


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def send(port: int, lines: list[str], first: int = 0) -> None:
    """Send messages as RFC 5424 has them, one a line, numbered by their MSGID."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for number, line in enumerate(lines, first):
            head = f"<38>1 2026-11-24T10:00:{number % 60:02d}.123456Z web1 sshd 42 ID{number} -"
            connection.sendall(f"{head} {line}\n".encode())


def arrived(server: Server, key: str, wanted: int) -> list[dict[str, Any]]:
    """Wait for log lines."""
    deadline = time.monotonic() + WAIT_S
    while len(found := events(server, key, "activity")) < wanted:
        assert time.monotonic() < deadline, (len(found), server.log.read_text()[-2_000:])
        time.sleep(0.2)
    return found


RSYSLOG = r"""
global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off")
module(load="imptcp")
module(load="omelasticsearch")
input(type="imptcp" port="{port}" address="127.0.0.1")
template(name="document" type="list" option.jsonf="on") {{
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="programname" name="programname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}}
template(name="id" type="string" string="%msgid%")
action(type="omelasticsearch" server="127.0.0.1" serverport="{door}" template="document"
  searchIndex="audit-logs" searchType="" bulkmode="on" uid="key" pwd="{key}" {more}
  errorfile="{folder}/errors" action.resumeRetryCount="-1" action.resumeInterval="1")
"""


def check(found: list[dict[str, Any]], escape: str) -> None:
    """Each line has arrived once, with what the sender said of it."""
    sent = LINES + LAST if len(found) > len(LINES) else LINES
    assert sorted(str(event["message"]).strip() for event in found) == sorted(
        line.replace("\x1b", escape) for line in sent
    )
    for event in found:
        assert event["action"] == "log.received"
        assert event["actor"] == {"type": "service", "id": "sshd"}
        assert event["severity"] == "informational"
        assert event["source"] == {"id": "audit-logs"}


@pytest.mark.parametrize("once", [False, True], ids=["appended", "with ids"])
def test_rsyslog(server: Server, rsyslog: Path, tmp_path: Path, once: bool) -> None:
    key = server.key(f"rsyslog-{once}".lower())
    port, door = free_port(), server.url.rpartition(":")[2]
    more = 'writeoperation="create" dynbulkid="on" bulkid="id"' if once else ""
    (tmp_path / "conf").write_text(
        RSYSLOG.format(folder=tmp_path, port=port, door=door, key=key, more=more)
    )
    command = [rsyslog / "usr/sbin/rsyslogd", "-n", "-f", tmp_path / "conf"]
    command += ["-i", tmp_path / "pid", "-M", next(rsyslog.glob("usr/lib/*/rsyslog"))]
    with running(command, tmp_path, port):
        for _ in range(2 if once else 1):
            send(port, LINES)
        found = arrived(server, key, len(LINES))
        if once:
            send(port, LAST, len(LINES))
            found = arrived(server, key, len(LINES) + 1)
    check(found, "\\u001b")
    assert all(event["occurred_at"].endswith(".123456Z") for event in found)
    assert {event.get("external_id") for event in found} == (
        {f"ID{number}" for number in range(len(found))} if once else {None}
    )


def test_rsyslog_keeps_what_a_dead_server_did_not_take(rsyslog: Path, tmp_path: Path) -> None:
    """Before it goes on it asks ``/_cat/health``; what it sends twice is recorded once."""
    port, door = free_port(), free_port()
    listen = f"127.0.0.1:{door}"
    more = 'writeoperation="create" dynbulkid="on" bulkid="id"'
    command = [rsyslog / "usr/sbin/rsyslogd", "-n", "-f", tmp_path / "conf"]
    command += ["-i", tmp_path / "pid", "-M", next(rsyslog.glob("usr/lib/*/rsyslog"))]
    with ExitStack() as sender:
        with running_server(data=tmp_path / "data", TALLYSTICK_LISTEN=listen) as server:
            key, admin = server.key("rsyslog"), server.admin_key
            (tmp_path / "conf").write_text(
                RSYSLOG.format(folder=tmp_path, port=port, door=door, key=key, more=more)
            )
            sender.enter_context(running(command, tmp_path, port))
            send(port, LINES[:1])
            arrived(server, key, 1)
        send(port, LINES)  # nobody is there to take them
        with running_server(
            data=tmp_path / "data", admin_key=admin, TALLYSTICK_LISTEN=listen
        ) as server:
            check(arrived(server, key, len(LINES)), "\\u001b")


SYSLOG_NG = """
@version: 3.38
@include "{block}"
source s {{ network(transport("tcp") ip("127.0.0.1") port({port}) flags(syslog-protocol)); }};
destination d {{
  elasticsearch-http(
    url("{url}/_bulk") index("audit-logs") type("") custom_id("{name}")
    user("key") password("{key}") batch-timeout(500)
  );
}};
log {{ source(s); destination(d); }};
"""


@pytest.mark.parametrize("name", ["", "$MSGID"], ids=["appended", "with ids"])
def test_syslog_ng(server: Server, syslog_ng: Path, tmp_path: Path, name: str) -> None:
    key = server.key(f"syslog-ng{name.lower().replace('$', '-')}")
    port = free_port()
    block = syslog_ng / "usr/share/syslog-ng/include/scl/elasticsearch/elastic-http.conf"
    (tmp_path / "conf").write_text(
        SYSLOG_NG.format(block=block, port=port, url=server.url, key=key, name=name)
    )
    command = [syslog_ng / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", tmp_path / "conf"]
    for option, file in (("-R", "persist"), ("-p", "pid"), ("-c", "control")):
        command += [option, tmp_path / file]
    modules = next(syslog_ng.glob("usr/lib/syslog-ng/3.*"))
    command += ["--module-path", modules]
    with running(command, tmp_path, port):
        for _ in range(2 if name else 1):
            send(port, LINES)
        found = arrived(server, key, len(LINES))
        if name:
            send(port, LAST, len(LINES))
            found = arrived(server, key, len(LINES) + 1)
    check(found, "\\u001b")
    assert len({event.get("external_id") for event in found}) == (len(found) if name else 1)
