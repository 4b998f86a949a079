"""A tenant with canaries, and the other tenants that ask for what is its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kit.canaries import Canaries


@dataclass(frozen=True)
class Things:
    """What can be asked for by name.

    Attributes:
        tenant: Name of a tenant.
        event: Id of an event.
        external: The sender's own id of an event.
        log: Hex of a log.
        key: Id of a key.
        person: Id of a person.
        erased: Id of a person who was erased, and her ref.
        action: An action that is declared.
        saved: Id of a saved search.
        export: Id of an export that is done.
    """

    tenant: str
    event: str
    external: str
    log: str
    key: str
    person: str
    erased: str
    ref: str
    action: str
    saved: str
    export: str

    def names(self) -> dict[str, str]:
        """Return all of them by kind."""
        return dict(vars(self))


@dataclass(frozen=True)
class Owner:
    """The tenant with the canaries.

    Attributes:
        things: What others may try to ask for.
        mint: All canaries.
        key: A key that may do everything there.
    """

    things: Things
    mint: Canaries
    key: str


@dataclass(frozen=True)
class Stranger:
    """Another tenant: its name, and its credentials by what they are."""

    tenant: str
    keys: dict[str, str]


@dataclass(frozen=True)
class Call:
    """One request: what follows the route's own path, and what is sent."""

    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


Ask = Callable[[Things], list[Call]]


def asked_of(path: Callable[[Things], str]) -> Ask:
    """Ask with no tenant, and with the tenant whose thing it is."""
    return lambda it: [Call(path(it)), Call(f"{path(it)}?tenant={it.tenant}")]
