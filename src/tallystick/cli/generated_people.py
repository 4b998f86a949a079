"""The invented tenants and people of the generated day."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251 (deterministic demo data: the same day for everybody)
from typing import Final

TENANTS: Final = ("acme", "globex", "initech")

_HEADS: Final = {"acme": 16, "globex": 12, "initech": 7}
# Hours by which a tenant's working day differs from UTC.
_OFFSETS: Final = {"acme": 1, "globex": -5, "initech": 9}
# Networks reserved for documentation (RFC 5737).
_NETWORKS: Final = {"acme": "192.0.2", "globex": "198.51.100", "initech": "203.0.113"}
_FIRST_NAMES: Final = (
    "Amara", "Anouk", "Bastien", "Chidi", "Dalia", "Edda", "Farid", "Greta", "Hiro", "Ines",
    "Jonas", "Kaia", "Lior", "Mina", "Nuno", "Oona", "Pavel", "Rosa", "Samir", "Tilda",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Abara", "Bergholm", "Castell", "Dvorsky", "Eklund", "Fontaine", "Grimaud", "Holt",
    "Iwasaki", "Jansky", "Kovar", "Lindqvist", "Marchetti", "Novak", "Okafor", "Pires",
    "Quist", "Rahimi", "Sorel", "Tamm",
)  # fmt: skip
_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) AppleWebKit/605.1.15 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at a tenant.

    Attributes:
        tenant: Where.
        id: Of the form ``usr_acme_07``.
        name: First and last name.
        email: Below the reserved top level domain ``example``.
        is_admin: Whether the person administers the tenant's account.
        ip: The usual address.
        user_agent: The usual browser.
    """

    tenant: str
    id: str
    name: str
    email: str
    is_admin: bool
    ip: str
    user_agent: str

    def actor(self) -> dict[str, object]:
        """Return the person as an event's actor."""
        roles = ["member", "admin"] if self.is_admin else ["member"]
        return {
            "type": "user", "id": self.id, "name": self.name, "email": self.email, "roles": roles,
            "authenticated_by": "mfa" if self.is_admin else "password",
        }  # fmt: skip


def people_of(tenant: str, chance: Random) -> Sequence[Person]:
    """Invent a tenant's people; the first two are its admins."""
    names = [
        f"{first} {last}"
        for first, last in zip(
            chance.sample(_FIRST_NAMES, _HEADS[tenant]),
            chance.sample(_LAST_NAMES, _HEADS[tenant]),
            strict=True,
        )
    ]
    return [
        Person(
            tenant=tenant,
            id=f"usr_{tenant}_{number:02d}",
            name=name,
            email=f"{name.lower().replace(' ', '.')}@{tenant}.example",
            is_admin=number <= 2,  # noqa: PLR2004 (two admins)
            ip=f"{_NETWORKS[tenant]}.{chance.randrange(10, 120)}",
            user_agent=chance.choice(_AGENTS),
        )
        for number, name in enumerate(names, 1)
    ]


def working_hour(tenant: str, hour: int) -> float:
    """Say how busy a tenant is in an hour of UTC, from 0.02 at night to 1."""
    local = (hour + _OFFSETS[tenant]) % 24
    busy = {8: 0.5, 9: 0.9, 10: 1.0, 11: 0.95, 12: 0.5, 13: 0.7, 14: 0.95, 15: 0.9, 16: 0.7,
            17: 0.4, 18: 0.15, 7: 0.15, 19: 0.08, 20: 0.06}  # fmt: skip
    return busy.get(local, 0.02)
