"""What watching costs: a day of a tenant's monitor, and of witnesses.

The server is a real one, and each witness the command that people run. Every connection leads
through a relay that counts what is sent and received, HTTP and its headers included.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import thread_time
from typing import NamedTuple

import msgspec

from bench.deployment import PYTHONPATH, scratch_folder
from bench.figure import Better, Figure
from bench.reference import Reference, around
from kit import house as kit
from kit.events import reference_event
from kit.server import running_server
from tallystick.access.keys import Grant, create_key
from tallystick.access.tenants import Tenant
from tallystick.drivers.system import SystemClock
from tallystick.settings import Settings
from tallystick.tlog.note import vkey
from tallystick.verify.pins import Pins
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.http import Site
from tallystick.watch.monitor import Monitor
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import Rules
from tallystick.watch.witness_key import WitnessKey
from tallystick.wiring import House, open_house

EPOCH_S = 10
A_DAY = 86_400 // EPOCH_S

_EPOCHS, _WARM = 300, 20
_TENANTS, _CHANGED = 100, 10
_NAMES = ("plain", "auditing")
_TICKS = os.sysconf("SC_CLK_TCK")
_ABOUT = 65_536


class Relay:
    """Passes connections on, and counts the bytes in both directions.

    Attributes:
        to: Where they lead, (host, port); may be set later.
        bytes: What passed so far.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.to = ("127.0.0.1", 0)
        self.bytes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def lead_to(self, url: str) -> None:
        """Set where connections lead."""
        host, _, port = url.removeprefix("http://").rpartition(":")
        self.to = (host, int(port))

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.to)
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(_ABOUT):
                self.bytes += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


class Cost(NamedTuple):
    """What an epoch cost: seconds of CPU, and bytes sent and received."""

    cpu_s: float
    bytes: float


@dataclass
class Watched:
    """A deployment with a server, two witnesses and a monitor.

    Attributes:
        house: The deployment, opened here too, where its epochs are made.
        tenants: Its tenants; the first one is monitored.
        relays: By who is behind it.
        witnesses: The witnesses' processes.
        monitor: The monitor.
    """

    house: House
    tenants: list[Tenant]
    relays: dict[str, Relay]
    witnesses: dict[str, subprocess.Popen[str]]
    monitor: Monitor
    monitor_cpu_s: float = 0.0
    number: int = 0

    def go_on(self) -> None:
        """Make an epoch in which a tenth of the tenants have a new event, and let all look."""
        for turn in range(_CHANGED):
            tenant = self.tenants[0 if turn == 0 else (self.number + turn) % _TENANTS]
            kit.record(self.house, tenant, reference_event(self.number * _CHANGED + turn))
        self.number += 1
        assert self.house.publisher.publish() is not None
        before = thread_time()
        found = self.monitor.look()
        self.monitor_cpu_s += thread_time() - before
        assert not found, found

    def costs(self) -> dict[str, Cost]:
        """Everything so far, by who had the cost."""
        told = {
            f"{name} witness": Cost(
                _cpu_s(process.pid),
                self.relays[name].bytes + self.relays[f"source of {name}"].bytes,
            )
            for name, process in self.witnesses.items()
        }
        return {"monitor": Cost(self.monitor_cpu_s, self.relays["monitor"].bytes), **told}


def watching() -> list[Figure]:
    """Measure some hundred epochs, and multiply them out to a day of 10 s epochs."""
    with around() as reference, scratch_folder() as folder, ExitStack() as ends:
        watched = _watched(folder, ends)
        for _ in range(_WARM):
            watched.go_on()
        before = watched.costs()
        for _ in range(_EPOCHS):
            watched.go_on()
        after = watched.costs()
        slots = len(watched.tenants) * 3 + 1
    return [
        figure
        for who, cost in after.items()
        for figure in _day(who, before[who], cost, slots, reference)
    ]


def _day(who: str, before: Cost, after: Cost, slots: int, reference: Reference) -> Iterator[Figure]:
    cpu_s = (after.cpu_s - before.cpu_s) / _EPOCHS
    sent = (after.bytes - before.bytes) / _EPOCHS
    note = f"{_EPOCHS} epochs of {slots} logs, {_CHANGED} or more changed; {cpu_s * 1e3:.2f} ms and"
    note += f" {sent:,.0f} B an epoch"
    ratio = cpu_s / reference.batch_s
    yield Figure(f"{who}, CPU", cpu_s * A_DAY, "s a day", ratio, Better.LESS, note=note)
    yield Figure(f"{who}, wire", sent * A_DAY / 1e6, "MB a day", None, Better.LESS)


def _watched(folder: Path, ends: ExitStack) -> Watched:
    data, policy = folder / "data", folder / "policy"
    house = kit.new_house(data)
    tenants = [kit.new_tenant(house, f"tenant-{number}") for number in range(_TENANTS)]
    own = Grant(frozenset({"read"}), (tenants[0].number,))
    keys = {
        name: create_key(house.ledger, grant, name, "cli")[1]
        for name, grant in (("monitor", own), ("auditing", Grant(frozenset({"witness"}), None)))
    }
    log = vkey("audit.example/super", 1, house.ledger.drivers.keeper.public_key)
    house.publisher.publish()
    house.close()
    relays = {name: Relay() for name in (*_NAMES, *(f"source of {it}" for it in _NAMES), "monitor")}
    for relay in relays.values():
        ends.callback(relay.close)
    # Its own publisher is idle for the time of the measurement: epochs are made here.
    server = ends.enter_context(
        running_server(data=data, epoch_s=86_400, admin_key=keys["monitor"])
    )
    for name in ("monitor", *(f"source of {it}" for it in _NAMES)):
        relays[name].lead_to(server.url)
    witnesses, lines = {}, []
    for name in _NAMES:
        key = WitnessKey(f"witness.example/{name}", name.encode().ljust(32, b"."))
        key.write(folder / f"{name}.key")
        url = relays[f"source of {name}"].url
        found = ends.enter_context(_witness(folder, name, log, url, keys["auditing"]))
        witnesses[name], at = found
        relays[name].lead_to(at)
        lines.append(f"witness {name} {key.verifier().vkey()} {relays[name].url}")
    policy.write_text("\n".join([*lines, "group both all plain auditing", "quorum both", ""]))
    settings = Settings(data=data, witness_policy=str(policy), witness_deadline_s=60)
    house = open_house(settings)
    ends.callback(house.close)
    with house.ledger.drivers.store.read() as snapshot:
        name = house.ledger.logs.stream(snapshot, tenants[0].number, "audit").hex
    pinned = {"super": [log], "policy": policy.read_text(), "auditors": ["auditing"]}
    rules = Rules(name, Pins.parse(msgspec.json.encode(pinned)))
    book = AlarmBook(folder / "evidence", lambda _members, _text: None, now_s)
    site = Site(relays["monitor"].url, keys["monitor"])
    ends.callback(site.close)
    house.publisher.publish()
    monitor = Monitor(site, rules, StateFile(folder / "monitor.json"), book, now_s)
    return Watched(house, tenants, relays, witnesses, monitor)


@contextmanager
def _witness(
    folder: Path, name: str, log: str, server: str, key: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``tallystick witness serve``; gives its process and URL."""
    files = ["--key-file", f"{folder / name}.key", "--state", f"{folder / name}.db"]
    audits = ["--audit-epochs", "--server", server] if name == "auditing" else []
    listen = ["--log", log, "--listen", "127.0.0.1:0"]
    with (folder / f"{name}.log").open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tallystick.cli", "witness", "serve", *files, *audits, *listen],
            env={**os.environ, "PYTHONPATH": PYTHONPATH, "TALLYSTICK_KEY": key},
            stdout=sink,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stderr is not None
    with process.stderr:
        told = re.search(r"listens on (http://\S+)", process.stderr.readline())
        try:
            assert told is not None
            yield process, told[1]
        finally:
            process.terminate()
            process.wait(30)


def _cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has had, the kernel's for it included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def now_s() -> int:
    """The time, in seconds since 1970."""
    return SystemClock().now() // 1_000_000
