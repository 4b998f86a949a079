"""What the demo sets up: tenants, keys, and a day of events, sent as an application would."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tallystick.access.keys import SCOPES, Grant, create_key
from tallystick.access.tenants import create_tenant, every_tenant
from tallystick.cli.generated_day import generated_day
from tallystick.cli.recording import DistantDoor, Item, Tally, record_all
from tallystick.cli.remote import Remote
from tallystick.cli.session import CLI, Session
from tallystick.cli.sources import Distant
from tallystick.errors import ConflictError, NotFoundError, PushbackError
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

_WAIT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo has set up.

    Attributes:
        url: The server's address.
        data: The data folder.
        admin_key: For everything.
        tenant: The tenant that is shown.
        tenant_key: A key of that tenant alone.
        event: The event that is shown, as it was sent.
        log: The log that it stands in, 32 hexadecimal digits.
        tally: What was recorded.
    """

    url: str
    data: Path
    admin_key: str
    tenant: str
    tenant_key: str
    event: Mapping[str, object]
    log: str
    tally: Tally


def set_up(session: Session, settings: Settings, url: str) -> Demo:
    """Create tenants and keys, send a day of events, and wait until an epoch has them.

    Args:
        session: Shows how far it is.
        settings: Where the database is.
        url: Where its server is.

    Raises:
        PushbackError: No epoch came.
    """
    house = open_house(settings)
    try:
        day = list(generated_day(house.ledger.drivers.clock.now()))
        names = [name for name, _ in Counter(str(event["tenant"]) for event in day).most_common()]
        numbers = _tenants(house, names)
        admin = Grant(frozenset(SCOPES), None)
        _, admin_key = create_key(house.ledger, admin, "demo: everything", CLI)
        one = Grant(frozenset({"ingest", "read"}), (numbers[names[0]],))
        _, tenant_key = create_key(house.ledger, one, f"demo: {names[0]}", CLI)
    finally:
        house.close()
    remote = Remote(replace(settings, server=url, key=admin_key))
    tally = _record(session, remote, day)
    event = _shown(day, names[0])
    place = Distant(remote).show(str(event["id"]), names[0])
    receipt = Distant(remote).receipt(str(event["id"]), names[0], _WAIT_S)
    if receipt is None:
        raise PushbackError("demo: no epoch yet, want one every few seconds")
    log = str(place["log"])
    return Demo(url, settings.data, admin_key, names[0], tenant_key, event, log, tally)


def _tenants(house: House, names: Sequence[str]) -> dict[str, int]:
    for name in names:
        try:
            create_tenant(house.ledger, name, CLI)
        except ConflictError:
            continue  # the demo ran in this folder before
    with house.ledger.drivers.store.read() as snapshot:
        return {tenant.name: tenant.number for tenant in every_tenant(snapshot)}


def _record(session: Session, remote: Remote, day: Sequence[dict[str, object]]) -> Tally:
    with session.progress("recording a day") as told:

        def items() -> Iterator[Item]:
            for number, event in enumerate(day):
                yield Item(f"event {number}", event)
                told(number + 1, len(day))

        tally = record_all(DistantDoor(remote, None), items())
    for reason in tally.reasons:
        session.note(reason)
    return tally


def _shown(day: Sequence[Mapping[str, object]], tenant: str) -> Mapping[str, object]:
    """Choose the last thing that a person did at the tenant."""
    for event in reversed(day):
        match event:
            case {"actor": {"type": "user", "id": str()}, "outcome": "success"}:
                if event["tenant"] == tenant and "external_id" not in event:
                    return event
    raise NotFoundError("demo: nobody has done anything")
