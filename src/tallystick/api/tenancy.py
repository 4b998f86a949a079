"""Which tenant a request is about: the credential decides, the request at most chooses.

A key for one tenant refuses to be told the tenant of an event; a key for several requires it and
checks it. A tenant that does not exist and one out of reach are answered alike.
"""

from collections.abc import Iterable

from tallystick.access.keys import Grant
from tallystick.access.tenants import create_tenant, tenant_named, tenant_numbered
from tallystick.api.doorway import Doorway
from tallystick.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError
from tallystick.ledger.ports import Snapshot

_OUT_OF_REACH = "tenant: not within this credential's scope"
_PATH = "/tenant"


def only_tenant(grant: Grant) -> int | None:
    """Return the tenant of a key for one tenant."""
    return grant.tenants[0] if grant.tenants is not None and len(grant.tenants) == 1 else None


def covers(grant: Grant, tenant: int) -> bool:
    """Whether a grant reaches a tenant."""
    return grant.tenants is None or tenant in grant.tenants


class Sorter:
    """Says of each event of a request whose it is.

    Args:
        doorway: The door.
        grant: What the credential may do.
    """

    def __init__(self, doorway: Doorway, grant: Grant) -> None:
        self._numbers = doorway.tenant_numbers
        self._grant = grant
        self._only = only_tenant(grant)

    def take(self, raw: object) -> int:
        """Take the tenant off an event, and return its number.

        Raises:
            MalformedError: It is told where it may not be, or not told where it must be.
            ForbiddenError: It is out of the credential's reach.
        """
        named = isinstance(raw, dict) and "tenant" in raw
        if self._only is not None:
            if named:
                raise MalformedError(
                    "/tenant: told, but this key is for one tenant, want no tenant", path=_PATH
                )
            return self._only
        if not isinstance(raw, dict):
            raise MalformedError(f"event: a {type(raw).__name__}, want an object")
        name = raw.pop("tenant", None)
        if not isinstance(name, str):
            raise MalformedError(
                "/tenant: missing, want the name of a tenant, for this key is for several",
                path=_PATH,
            )
        number = self._numbers.get(name)
        if number is None or not covers(self._grant, number):
            raise ForbiddenError(_OUT_OF_REACH)
        return number


def strangers(doorway: Doorway, raws: Iterable[object]) -> set[str]:
    """Return the tenant names in events that this door has not met yet."""
    names = (raw.get("tenant") for raw in raws if isinstance(raw, dict))
    return {n for n in names if isinstance(n, str) and n not in doorway.tenant_numbers}


def meet(doorway: Doorway, grant: Grant, names: Iterable[str], key_id: str) -> None:
    """Look up tenants by name, and create those that the grant lets be created on first use."""
    for name in names:
        try:
            with doorway.ledger.drivers.store.read() as snapshot:
                number = tenant_named(snapshot, name).number
        except NotFoundError:
            if not (grant.creates_tenants and grant.tenants is None):
                continue
            made = _created(doorway, name, key_id)
            if made is None:
                continue
            number = made
        doorway.tenant_numbers[name] = number


def chosen_tenant(snapshot: Snapshot, grant: Grant, name: str | None) -> int:
    """Return the one tenant that a read is about.

    Raises:
        MalformedError: The key is for several tenants, and none is named.
        ForbiddenError: The tenant is out of the credential's reach.
    """
    only = only_tenant(grant)
    if name is None:
        if only is None:
            raise MalformedError(
                "tenant: missing, want ?tenant=NAME, for this key is for several", path=_PATH
            )
        return only
    try:
        number = tenant_named(snapshot, name).number
    except NotFoundError:
        raise ForbiddenError(_OUT_OF_REACH) from None
    if not covers(grant, number):
        raise ForbiddenError(_OUT_OF_REACH)
    return number


def tenant_names(snapshot: Snapshot, numbers: Iterable[int]) -> dict[int, str]:
    """Return the names of tenants by number; the deployment itself has none."""
    return {n: tenant_numbered(snapshot, n).name for n in set(numbers) if n}


def _created(doorway: Doorway, name: str, key_id: str) -> int | None:
    try:
        return create_tenant(doorway.ledger, name, key_id).number
    except MalformedError:
        return None  # the event is refused: no tenant can have this name
    except ConflictError:
        with doorway.ledger.drivers.store.read() as snapshot:
            return tenant_named(snapshot, name).number
