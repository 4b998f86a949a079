"""A monitor on a fake deployment, with everything that it says and sends gathered."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.fake_log import FIRST_S, FakeLog, b64, serving_log
from tallystick.verify.pins import Pins
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.http import Site
from tallystick.watch.monitor import Monitor, evidence_folder
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import Rules

KEY = "tly_test"


class Stranger:
    """Somebody with a cosigning key (c2sp.org/tlog-cosignature, type 0x04), in plain code."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
        public = b"\x04" + self._key.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self._id.hex()}+{b64(public)}"

    def cosigned(self, note: str, time_s: int = FIRST_S) -> str:
        """Return the note with a line of this cosigner."""
        text = note.split("\n\n", maxsplit=1)[0] + "\n"
        signed = self._key.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode())
        payload = self._id + time_s.to_bytes(8) + signed
        return f"{note}\N{EM DASH} {self.name} {b64(payload)}\n"


@dataclass
class Watch:
    """A monitor's surroundings.

    Attributes:
        log: The deployment.
        url: Where it is served.
        folder: Where the state lies.
        pins: What is pinned.
        slot: The log that is looked at.
        told: The lines of the monitor's log, as members.
        time_s: The monitor's clock; None follows the newest epoch.
    """

    log: FakeLog
    url: str
    folder: Path
    pins: dict[str, object]
    slot: int = 1
    told: list[dict[str, Any]] = field(default_factory=list)
    time_s: int | None = None

    def __post_init__(self) -> None:
        # Pinned once, whatever the deployment signs with later.
        self.pins = {"super": [self.log.vkey], **self.pins}

    def now(self) -> int:
        """The monitor's clock."""
        if self.time_s is not None:
            return self.time_s
        return FIRST_S + 10 * max((epoch.number for epoch in self.log.epochs), default=0) + 3

    def rules(self, **limits: int) -> Rules:
        """What the monitor demands."""
        pins = Pins.parse(json.dumps(self.pins).encode())
        return Rules(self.log.hex(self.slot), pins, **limits)

    def monitor(self, **given: Any) -> Monitor:  # noqa: ANN401 (of any of its fields)
        """Return a monitor as it starts: with what the file holds."""
        file = StateFile(self.folder / "state.json")
        book = AlarmBook(evidence_folder(file.path), self._tell, self.now, "webhook" in given)
        site = Site(self.url, KEY, timeout_s=5, wait=lambda _: None)
        rules = given.pop("rules", None) or self.rules()
        return Monitor(site, rules, file, book, self.now, **given)

    def look(self) -> set[tuple[str, str, str]]:
        """Start a monitor, look once, and return what was told: (event, kind, subject)."""
        before = len(self.told)
        monitor = self.monitor()
        monitor.look()
        monitor.site.close()
        new = self.told[before:]
        return {(line["event"], line["kind"], line["subject"]) for line in new}

    def evidence(self) -> dict[str, bytes]:
        """Return the files of the newest alarm's evidence."""
        given = [line for line in self.told if line["event"] == "alarm"]
        place = evidence_folder(self.folder / "state.json") / given[-1]["evidence"]
        return {path.name: path.read_bytes() for path in place.iterdir()}

    def _tell(self, members: Mapping[str, object], text: str) -> None:
        assert text
        self.told.append(dict(members))


@contextmanager
def watching(folder: Path, **pins: object) -> Iterator[Watch]:
    """Serve a deployment of three logs and two epochs, and watch the log in slot 1."""
    log = FakeLog(key=KEY)
    for slot in range(3):
        log.new_log(*(_entry(slot, number) for number in range(5)))
    log.publish()
    grow(log)
    with serving_log(log) as url:
        yield Watch(log, url, folder, pins)


def grow(log: FakeLog, epochs: int = 1, slot: int = 1) -> None:
    """Make epochs, each with one more entry in a log."""
    for _ in range(epochs):
        entries = log.entries[slot]
        entries.append(_entry(slot, len(entries)))
        log.publish()


def _entry(slot: int, number: int) -> bytes:
    """Write what a check of a copy reads of an entry: its time of receipt, which rises."""
    minute, second = divmod(number, 60)
    stamp = b"2026-11-24T02:%02d:%02d.000000Z" % (minute, second)
    return b'{"log":%d,"received_at":"%b","v":1}' % (slot, stamp)
