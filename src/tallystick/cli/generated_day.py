"""A day in the life of "Northwind Docs", a made-up SaaS product, for the demo.

Everybody in it is invented. The same seed and date make the same day, event ids included.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from random import Random  # noqa: TID251 (deterministic demo data: the same day for everybody)
from typing import Final

from tallystick.cli.generated_attack import attack
from tallystick.cli.generated_people import TENANTS, people_of, working_hour
from tallystick.cli.generated_work import Work
from tallystick.events.identity import id_text, uuid7
from tallystick.events.moment import moment_text

SEED: Final = 7
EVENTS: Final = 5_000

_SHARES: Final = {"acme": 45, "globex": 35, "initech": 20}
_DAY_S: Final = 86_400
_US: Final = 1_000_000


def generated_day(now: int) -> Iterator[dict[str, object]]:
    """Make yesterday, in UTC, for the demo.

    Args:
        now: Microseconds since 1970.

    Yields:
        Events in order of time, each with its ``tenant`` as a key of several tenants sends it.
    """
    today = datetime.fromtimestamp(now // _US, UTC).date()
    for tenant, event in generate_day(SEED, today - timedelta(days=1)):
        yield {"tenant": tenant, **event}


def generate_day(
    seed: int, day: date, events: int = EVENTS
) -> Iterator[tuple[str, dict[str, object]]]:
    """Make a day: work, sign-ins, invoices, jobs, agents, support, and at acme an attack.

    The attack at acme starts at 14:07 UTC: one address tries one password on everybody, gets
    in, makes an API key, exports, deletes, and tries to turn the audit log off.

    Args:
        seed: Any number.
        day: In UTC.
        events: How many in all. Those of the attack come first: below about 150 the day holds
            the beginning of the attack alone.

    Yields:
        Tenant, and an event in the form that ``POST /v1/events`` takes; in order of time.
    """
    chance = Random(f"{seed}:{day.isoformat()}")  # noqa: S311 (demo data, no secrets)
    people = {tenant: people_of(tenant, chance) for tenant in TENANTS}
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    told = [(second, "acme", event) for second, event in attack(people["acme"], chance)][:events]
    works = {tenant: Work(tenant, people[tenant], chance) for tenant in TENANTS}
    rest = events - len(told)
    seconds = {tenant: list(_seconds(tenant, chance, number)) for tenant, number in _split(rest)}
    for tenant, moments in seconds.items():
        if tenant == TENANTS[0]:
            moments[:1] = [0.0] * len(moments[:1])  # its backup opens the day
        told += [(second, tenant, works[tenant].event(second)) for second in moments]
    for second, tenant, event in sorted(told, key=itemgetter(0)):
        yield tenant, _finished(event, start + timedelta(seconds=second), chance)


def _split(events: int) -> Iterator[tuple[str, int]]:
    left = events
    for tenant, share in list(_SHARES.items())[1:]:
        number = events * share // 100
        left -= number
        yield tenant, number
    yield TENANTS[0], left


def _seconds(tenant: str, chance: Random, number: int) -> Iterator[float]:
    """Draw times of the day, as busy as people are, in order."""
    hours = chance.choices(range(24), [working_hour(tenant, hour) for hour in range(24)], k=number)
    drawn = sorted(hour * 3_600 + chance.randrange(3_600 * 1_000) / 1_000 for hour in hours)
    yield from (min(second, _DAY_S - 1) for second in drawn)


def _finished(event: dict[str, object], moment: datetime, chance: Random) -> dict[str, object]:
    ms = int(moment.timestamp() * 1_000)
    identity = id_text(uuid7(ms, chance.randbytes(10)))
    return {"id": identity, "occurred_at": moment_text(moment), **event}
