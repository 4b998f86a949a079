"""A deployment that is attacked, with everybody who watches it; all of them are the real ones.

The publisher, the API, the witnesses and the monitor are the product's own; the API answers in
this process, at an address that stays while the deployment is closed, edited and opened again.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

from litestar import Litestar

from kit import house as kit
from kit.attacker import DEPLOYMENT, Attacker
from kit.events import reference_event
from kit.fake_log import serving
from tallystick.access.keys import Grant, create_key
from tallystick.access.tenants import Tenant
from tallystick.api.app import create_app
from tallystick.drivers.system import SystemClock
from tallystick.ledger.batch import Outcome
from tallystick.settings import Settings
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import vkey
from tallystick.verify.pins import Pins
from tallystick.verify.receipt import Receipt
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.http import Site
from tallystick.watch.log_source import ServerSource
from tallystick.watch.monitor import Monitor
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import Rules
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_server import WitnessServer
from tallystick.watch.witness_state import WitnessState
from tallystick.wiring import House, open_house

SUPER = f"{DEPLOYMENT}/super"
PLAIN, AUDITOR = "plain", "auditor"


def now_s() -> int:
    """The time of everybody here."""
    return SystemClock().now() // 1_000_000


class Doors:
    """Answers requests by the API of a house, without a process of its own."""

    def __init__(self, house: House) -> None:
        self._app: Litestar = create_app(house.ledger, write=lambda _line: None)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def ask(self, target: str, key: str) -> tuple[int, bytes]:
        """Send a GET; return (status, body)."""
        asked: Future[tuple[int, bytes]] = asyncio.run_coroutine_threadsafe(
            self._called(target, key), self._loop
        )
        return asked.result(30)

    def close(self) -> None:
        """Answer no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _called(self, target: str, key: str) -> tuple[int, bytes]:
        path, _, query = target.partition("?")
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        sent: list[Mapping[str, Any]] = []
        requests = iter([{"type": "http.request", "body": b"", "more_body": False}])
        done = asyncio.Event()

        async def receive() -> Any:  # noqa: ANN401 (a message of ASGI)
            message = next(requests, None)
            if message is None:
                await done.wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                done.set()

        await self._app(scope, receive, send)  # type: ignore[arg-type]
        body = b"".join(message.get("body", b"") for message in sent)
        return next(message["status"] for message in sent if "status" in message), body


@dataclass
class Target:
    """A deployment with one tenant, whose log is looked at.

    Attributes:
        folder: For everything.
        data: The deployment's own folder.
        policy: The witness policy that it is opened by, or None.
        house: The deployment while it is open.
        url: Where its API answers.
        keys: API keys: the tenant's and the witness's.
        recorded: The ids of all events that were ever sent.
        acknowledged: What the sender was answered and kept, by event id.
        told: What monitors said.
        number: Of the next event.
        refused: By witness, what it refused because of what the log did.
    """

    folder: Path
    data: Path
    url: str = ""
    policy: Path | None = None
    tenant: Tenant = field(default=None)  # type: ignore[assignment]
    keys: dict[str, str] = field(default_factory=dict)
    recorded: list[str] = field(default_factory=list)
    acknowledged: dict[str, Outcome] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    house: House = field(default=None)  # type: ignore[assignment]
    number: int = 0
    _doors: Doors | None = None

    @property
    def attacker(self) -> Attacker:
        """Who has this deployment's machine."""
        return Attacker(self.data)

    @property
    def read_only(self) -> str:
        """Why it takes no events; empty where it does."""
        return self.house.ledger.read_only or ""

    @property
    def vkey(self) -> str:
        """The super-log's key, as it was pinned."""
        return vkey(SUPER, 1, self.house.ledger.drivers.keeper.public_key)

    @property
    def slot(self) -> int:
        """Slot of the tenant's audit log."""
        with self.house.ledger.drivers.store.read() as snapshot:
            return self.house.ledger.logs.stream(snapshot, self.tenant.number, "audit").slot

    @property
    def log_hex(self) -> str:
        """Its 32 hex digits."""
        with self.house.ledger.drivers.store.read() as snapshot:
            return self.house.ledger.logs.stream(snapshot, self.tenant.number, "audit").hex

    def create(self) -> None:
        """Make the deployment, its tenant and keys."""
        self.house = kit.new_house(self.data)
        self.tenant = kit.new_tenant(self.house)
        reads = Grant(frozenset({"read"}), (self.tenant.number,))
        sees = Grant(frozenset({"witness"}), None)
        for name, grant in (("tenant", reads), ("witness", sees)):
            _, self.keys[name] = create_key(self.house.ledger, grant, name, "cli")
        self._doors = Doors(self.house)

    def close(self) -> None:
        """Close it, as a server that ends."""
        if self._doors is not None:
            self._doors.close()
            self._doors = None
            self.house.close()

    def open(self) -> None:
        """Open it, as a server that starts."""
        self.close()
        policy = str(self.policy) if self.policy else ""
        settings = Settings(data=self.data, witness_policy=policy, witness_deadline_s=10)
        self.house = open_house(settings)
        self._doors = Doors(self.house)

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer a GET as the deployment does now."""
        if self._doors is None:
            return 503, b"{}"
        witness = target.startswith("/v1/epochs/")
        return self._doors.ask(target, self.keys["witness" if witness else "tenant"])

    def record(self, count: int = 1, **changed: object) -> list[str]:
        """Record events; return their ids."""
        events = [
            {**reference_event(number), **changed}
            for number in range(self.number, self.number + count)
        ]
        self.number += count
        outcomes = kit.record(self.house, self.tenant, *events)
        ids = [str(event["id"]) for event in events]
        self.recorded += ids
        self.acknowledged.update(zip(ids, outcomes, strict=True))
        return ids

    def publish(self) -> int:
        """Make an epoch, and return its number."""
        published = self.house.publisher.publish()
        assert published is not None
        return published.epoch

    def receipt(self, event_id: str) -> Receipt | None:
        """Ask for a receipt as the tenant does."""
        status, body = self.answer(f"/v1/events/{event_id}/receipt")
        return Receipt.parse(body) if status == 200 else None

    def pins(self, *, witnessed: str = "", audited: bool = False) -> Pins:
        """What a stranger pins: the key, and perhaps whose cosignature it must bear."""
        told: dict[str, object] = {"super": [self.vkey]}
        if witnessed and self.policy:
            lines = self.policy.read_text().splitlines()
            kept = [line for line in lines if not line.startswith("quorum")]
            told["policy"] = "\n".join([*kept, f"quorum {witnessed}", ""])
            if audited:
                told["auditors"] = [AUDITOR]
        return Pins.parse(json.dumps(told).encode())

    def monitor(self, pins: Pins, name: str = "monitor", url: str = "") -> set[str]:
        """Start a monitor of the tenant's log, look once, and return what it finds."""
        file = StateFile(self.folder / f"{name}.json")
        before = len(self.told)
        book = AlarmBook(self.folder / f"{name}.evidence", self._tell, now_s)
        site = Site(url or self.url, "tly_any", timeout_s=30, wait=lambda _: None)
        try:
            Monitor(site, Rules(self.log_hex, pins), file, book, now_s).look()
        finally:
            site.close()
        return set(self.alarms(before))

    def alarms(self, start: int = 0) -> list[str]:
        """What monitors alarmed about, from one of the lines that they told on."""
        new = [it for it in self.told[start:] if it["event"] == "alarm"]
        return [f"{it['kind']}: {it['what']}" for it in new]

    def _tell(self, members: Mapping[str, object], text: str) -> None:
        assert text
        self.told.append(dict(members))


@contextmanager
def attacked(folder: Path, *, witnessed: bool = True) -> Iterator[Target]:
    """Make a deployment with one epoch, and everybody who watches it.

    Args:
        folder: For everything.
        witnessed: Whether witnesses are asked: one plain, one auditing. The first is enough for
            the deployment's own policy.
    """
    target = Target(folder, folder / "data")
    with ExitStack() as ends:
        target.url = ends.enter_context(serving(target.answer))
        ends.callback(target.close)
        target.create()
        if witnessed:
            target.policy = folder / "policy"
            lines = [
                f"witness {name} {made.vkey()} {ends.enter_context(_serve(target, name, made))}"
                for name, made in _witness_keys().items()
            ]
            target.policy.write_text("\n".join([*lines, f"quorum {PLAIN}", ""]))
        target.open()
        yield target


def _witness_keys() -> dict[str, Any]:
    return {name: _key(name).verifier() for name in (PLAIN, AUDITOR)}


def _key(name: str) -> WitnessKey:
    return WitnessKey(f"witness.example/{name}", sha256(name.encode()).digest())


@contextmanager
def _serve(target: Target, name: str, key: VerifierKey) -> Iterator[str]:
    """Run ``tallystick witness serve``'s own server on a thread."""
    folder = target.folder / f"witness-{name}"
    folder.mkdir()
    state = WitnessState(folder / "state.db", key.vkey(), audits=name == AUDITOR)
    site = Site(target.url, timeout_s=30, wait=lambda _: None)
    audits = {SUPER: EpochAudit(SUPER, state, ServerSource(site))} if name == AUDITOR else {}
    logs = {SUPER: [VerifierKey.parse(target.vkey)]}
    evidence = EvidenceFolder(folder / "evidence")
    witness = Witness(_key(name), logs, state, now_s, evidence, audits)
    target.refused[name] = []
    with WitnessServer(witness, ("127.0.0.1", 0), now_s, _refusals(target.refused[name])) as it:
        thread = Thread(target=it.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{it.server_address[1]}"
        finally:
            it.shutdown()
            thread.join()
            site.close()


def _refusals(into: list[str]) -> Callable[[str], None]:
    """Keep what a witness refuses because of what a log did: not its own trouble, no question."""

    def tell(line: str) -> None:
        told = json.loads(line)
        if told["status"] in {403, 422}:
            into.append(f"{told['status']}: {told['reason']}")

    return tell
