"""How much a key may send a minute: a token bucket for each key and limit, in each door.

A key's limit holds for one door; behind N doors a sender that spreads its connections gets up to
N times as much.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tallystick.access.keys import Key

WINDOW_S = 60
MAX_BUCKETS = 20_000
"""Buckets kept; the fullest ones, which say nothing, are dropped first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one limit.

    Attributes:
        name: ``events`` or ``bytes``.
        limit: How many a minute.
        remaining: How many at once from now on.
        reset_s: Seconds until the whole limit is there again.
        retry_after_s: Seconds to wait before the same request has room; 0 where it has.
    """

    name: str
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int = 0


@dataclass(slots=True)
class _Bucket:
    level: float
    filled_at: int


class Meter:
    """Measures what each key sends to one door."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, key: Key, events: int, size: int, now: int) -> tuple[Allowance, ...]:
        """Take a request out of its key's limits, or, if one of them has no room, out of none.

        A request larger than a whole limit passes when the bucket is full, and leaves it in debt.

        Args:
            key: The credential.
            events: Events in the request.
            size: Bytes of it, as sent.
            now: Microseconds since 1970-01-01T00:00:00Z.

        Returns:
            The state of each limit that the key has. The request is refused if one of them has a
            ``retry_after_s``.
        """
        wanted = list(_limits(key, events, size))
        levels = [self._level(key.key_id, name, limit, now) for name, limit, _ in wanted]
        fits = all(
            level >= min(cost, limit)
            for level, (_, limit, cost) in zip(levels, wanted, strict=True)
        )
        told: list[Allowance] = []
        for level, (name, limit, cost) in zip(levels, wanted, strict=True):
            left = level - cost if fits else level
            self._buckets[key.key_id, name] = _Bucket(left, now)
            lacking = 0.0 if fits else min(cost, limit) - level
            told.append(
                Allowance(
                    name,
                    limit,
                    max(0, int(left)),
                    _seconds(limit - left, limit),
                    _seconds(lacking, limit),
                )
            )
        return tuple(told)

    def _level(self, key_id: str, name: str, limit: int, now: int) -> float:
        bucket = self._buckets.get((key_id, name))
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._drop_fullest()
            return float(limit)
        passed_s = max(0, now - bucket.filled_at) / 1_000_000
        return min(float(limit), bucket.level + passed_s * limit / WINDOW_S)

    def _drop_fullest(self) -> None:
        ranked = sorted(self._buckets, key=lambda name: -self._buckets[name].level)
        for name in ranked[: MAX_BUCKETS // 2]:
            del self._buckets[name]


def _limits(key: Key, events: int, size: int) -> Iterator[tuple[str, int, int]]:
    if key.grant.events_per_minute is not None:
        yield "events", key.grant.events_per_minute, events
    if key.grant.bytes_per_minute is not None:
        yield "bytes", key.grant.bytes_per_minute, size


def _seconds(amount: float, limit: int) -> int:
    return 0 if amount <= 0 else int(amount * WINDOW_S / limit) + 1
