"""The reference load: seeded events of 565 bytes, whose people come back as people do.

The same seed gives the same events on every machine. Four fields of each are sealed: id, name,
e-mail address and IP address of one person; all others are declared clear by :data:`DECLARED`.
"""

from bisect import bisect
from collections.abc import Iterator
from functools import cache
from hashlib import shake_256
from itertools import accumulate
from struct import unpack

import msgspec

from tallystick.events.catalogue import CatalogueEntry

PEOPLE = 200_000
EXPONENT = 1.1
NEW_SHARE = 20
"""At least one event in so many tells of a person never met before."""

BATCH = 500
SEALED = ("/actor/email", "/actor/id", "/actor/name", "/context/ip")

DECLARED = CatalogueEntry(
    action="document.deleted",
    title="Document deleted",
    crud="delete",
    clear=(
        "/targets/*/type",
        "/targets/*/id",
        "/context/request_id",
        "/context/service",
        "/context/release",
        "/context/session_id",
    ),
    metadata_clear=("plan", "bytes", "shared", "folder"),
)
"""What the tenant of a benchmark declares about the action of the reference event."""

_BLOCK = 4_096


class Load:
    """An endless row of reference events.

    Args:
        seed: Another seed gives other events, with other ids, of other new people.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.made = 0
        self.people = 0
        self._chance = _chance(seed)
        self._met: set[int] = set()

    def take(self, count: int) -> list[dict[str, object]]:
        """Return the next ``count`` events."""
        return [self._next() for _ in range(count)]

    def bodies(self, count: int, batch: int = BATCH) -> list[bytes]:
        """Return the bodies of the next requests: arrays, or single events if ``batch`` is 1."""
        write = msgspec.json.encode
        if batch == 1:
            return [write(event) for event in self.take(count)]
        return [write(self.take(batch)) for _ in range(count)]

    def _next(self) -> dict[str, object]:
        person, number = self._person(), self.made
        self.made += 1
        return _event(self.seed, number, person)

    def _person(self) -> int:
        drawn = bisect(_popularity(), next(self._chance))
        if drawn in self._met and self.people * NEW_SHARE <= self.made:
            # Everybody seems to be known: somebody new comes in, outside the 200,000.
            drawn = PEOPLE + self.seed % 1_000 * 1_000_000 + self.made
        if drawn not in self._met:
            self._met.add(drawn)
            self.people += 1
        return drawn


@cache
def _popularity() -> list[float]:
    """Return the cumulative share of events that tell of person 0, 1, …: Zipf's law."""
    weights = list(accumulate((rank + 1) ** -EXPONENT for rank in range(PEOPLE)))
    return [weight / weights[-1] for weight in weights[:-1]]


def _chance(seed: int) -> Iterator[float]:
    """Yield numbers from 0 up to 1 that look random and are the same everywhere."""
    block = 0
    while True:
        drawn = shake_256(b"load %d %d" % (seed, block)).digest(8 * _BLOCK)
        yield from (number / 2**64 for number in unpack(f">{_BLOCK}Q", drawn))
        block += 1


def _event(seed: int, number: int, person: int) -> dict[str, object]:
    second, day = number % 86_400, number // 86_400 % 28 + 1
    clock = f"{second // 3_600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return {
        "id": f"0199e0aa-{seed & 0xFFFF:04x}-7{number >> 20 & 0xFFF:03x}-8def-{number:012x}",
        "action": DECLARED.action,
        "occurred_at": f"2026-10-{day:02d}T{clock}.{number % 1_000_000:06d}Z",
        "outcome": "success",
        "actor": {
            "type": "user",
            "id": f"user_{person:06d}",
            "name": f"Ada Lovelace {person:06d}",
            "email": f"ada.{person:06d}@example.com",
        },
        "targets": [{"type": "document", "id": f"doc_{number:09d}"}],
        "context": {
            "ip": f"203.0.{person >> 8 & 0xFF}.{person & 0xFF}",
            "request_id": f"req_{number:016x}",
            "channel": "ui",
            "service": "documents",
            "release": "2026.11.3",
            "session_id": f"s_{person:016x}",
        },
        "metadata": {
            "plan": "business",
            "bytes": 1_234 + number,
            "shared": True,
            "folder": "finance/2026/q3/close/reports/board-pack",
        },
    }
