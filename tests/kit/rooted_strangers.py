"""A real deployment whose keys change, as strangers see it over HTTP, with a hand for lies."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.attacker_target import Doors, now_s
from kit.fake_log import serving
from kit.rooted import ROOT, Rooted, signed
from tallystick.access.keys import Grant, create_key
from tallystick.verify.pins import Pins
from tallystick.verify.statement import Reason
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.http import Site
from tallystick.watch.monitor import Monitor, evidence_folder
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import Rules


@dataclass
class Shown:
    """A deployment at an address that stays while it is closed, put back and opened again.

    Attributes:
        folder: For everything.
        rooted: The deployment.
        url: Where its API answers.
        key: Reads the tenant's logs, and sees all epochs.
        lies: What is answered to a path instead of the truth.
        told: What monitors said.
        asked: The paths that were asked for.
    """

    folder: Path
    rooted: Rooted
    url: str = ""
    key: str = ""
    lies: dict[str, bytes] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _doors: Doors | None = None

    def __post_init__(self) -> None:
        grant = Grant(frozenset({"read"}), (self.rooted.tenant.number,))
        _, self.key = create_key(self.rooted.house.ledger, grant, "reader", "cli")
        _, self.auditor = create_key(
            self.rooted.house.ledger, Grant(frozenset({"witness"}), None), "auditor", "cli"
        )
        self.pins: dict[str, object] = {"super": [self.rooted.vkey()], "root": ROOT.vkey}
        self.rooted.record(1)
        self.open()

    @property
    def log_hex(self) -> str:
        """The tenant's audit log."""
        with self.rooted.house.ledger.drivers.store.read() as snapshot:
            logs = self.rooted.house.ledger.logs
            return logs.stream(snapshot, self.rooted.tenant.number, "audit").hex

    def open(self) -> None:
        """Answer by what the store holds now."""
        self._doors = Doors(self.rooted.house)

    def close(self) -> None:
        """Answer no more."""
        if self._doors is not None:
            self._doors.close()
            self._doors = None

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer a GET."""
        self.asked.append(target)
        if target in self.lies:
            return 200, self.lies[target]
        if self._doors is None:
            return 503, b"{}"
        sees_all = target.startswith("/v1/epochs/")
        return self._doors.ask(target, self.auditor if sees_all else self.key)

    def fetch(self, target: str) -> bytes:
        """Return what is truly answered."""
        assert self._doors is not None
        status, body = self._doors.ask(target, self.key)
        assert status == 200, body
        return body

    def change_keys(self, reason: Reason = Reason.ROTATION) -> str:
        """Begin the next super-log; return the statement."""
        note = signed(self.rooted.request(reason))
        self.rooted.house.publisher.succeed(note)
        if self.rooted.house.ledger.read_only is not None:
            self.close()
            self.rooted.reopen()
            self.open()
        return note

    def save(self) -> None:
        """Keep a copy of the store."""
        self.close()
        self.rooted.house.close()
        shutil.copy(self._database, self.folder / "saved.db")
        shutil.copy(self._database.with_name("lock.note"), self.folder / "saved.note")
        self.rooted.reopen()
        self.open()

    def put_back(self, *, forgotten: bool = False) -> None:
        """Put the copy in the place of the store, perhaps with the lock file of then."""
        self.close()
        self.rooted.house.close()
        for path in self._database.parent.glob("ledger.db*"):
            path.unlink()
        shutil.copy(self.folder / "saved.db", self._database)
        if forgotten:
            shutil.copy(self.folder / "saved.note", self._database.with_name("lock.note"))
        self.rooted.reopen()
        self.open()

    @property
    def _database(self) -> Path:
        return self.rooted.house.settings.data / "ledger.db"

    def monitor(self) -> Monitor:
        """Return a monitor as it starts, with the pins that were handed out once."""
        file = StateFile(self.folder / "state.json")
        book = AlarmBook(evidence_folder(file.path), self._tell, now_s, messages=True)
        site = Site(self.url, self.key, timeout_s=10, wait=lambda _: None)
        pins = Pins.parse(json.dumps(self.pins).encode())
        return Monitor(site, Rules(self.log_hex, pins), file, book, now_s)

    def look(self) -> set[str]:
        """Start a monitor, look once; return what it told: an event, or the kind of an alarm."""
        before = len(self.told)
        monitor = self.monitor()
        monitor.look()
        monitor.site.close()
        new = self.told[before:]
        return {str(line["kind"] if line["event"] == "alarm" else line["event"]) for line in new}

    def _tell(self, members: Mapping[str, object], text: str) -> None:
        assert text
        self.told.append(dict(members))


@contextmanager
def shown(folder: Path) -> Iterator[Shown]:
    """Make a deployment with a pinned root, two epochs and one tenant, and serve it."""
    made = Shown(folder, Rooted.new(folder / "data"))
    try:
        with serving(made.answer) as url:
            made.url = url
            yield made
    finally:
        made.close()
        made.rooted.house.close()
