"""What all routes of one door share, and how they learn who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from traceback import format_tb
from typing import cast

from tallystick.access.keys import Key, authenticate
from tallystick.access.metering import Allowance, Meter
from tallystick.access.reads import Asker, record_read
from tallystick.access.refusals import UNKNOWN, Group, Refusals
from tallystick.api.arrivals import Arrivals
from tallystick.api.bodies import AnyRequest
from tallystick.api.credentials import presented
from tallystick.api.gathering import Gathering
from tallystick.api.problems import INTERNAL, TOO_MANY, Kind, ProblemError, kind_of, unauthenticated
from tallystick.api.searching import Searching
from tallystick.api.traffic import Traffic
from tallystick.errors import ForbiddenError, PushbackError
from tallystick.ledger.epochs import Epochs
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT
from tallystick.ledger.receipts import Receipts
from tallystick.search.ports import Asking, ExportFiles
from tallystick.tlog.key import ED25519, VerifierKey

RECORDED_REFUSALS = (401, 403, 429)

KEY_IS_FRESH = 100_000
"""Microseconds for which a door takes a key for valid without another look: so late, at most, a
revocation is heard of at the other doors."""

MAX_KEYS = 10_000
"""Keys that a door remembers so."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        key: The credential.
        asker: The same, as the record of a read names it.
    """

    key: Key
    asker: Asker


class Doorway:
    """One door process, as its routes see it.

    Args:
        ledger: The ledger.
        traffic: Counts requests and writes the log.
        trusted_proxies: Addresses whose ``X-Forwarded-For`` is believed.
        name: Which of the doors this is.
        engine: Whom to ask what is searched; None where nothing can be searched.
        export_files: Where exports lie; None where nothing is exported.
    """

    def __init__(
        self,
        ledger: Ledger,
        traffic: Traffic,
        trusted_proxies: tuple[str, ...] = (),
        name: str = "1",
        engine: Asking | None = None,
        export_files: ExportFiles | None = None,
    ) -> None:
        self.ledger = ledger
        self.traffic = traffic
        self.meter = Meter()
        self.arrivals = Arrivals()
        self.gathering = Gathering(ledger, self.arrivals)
        self.epochs = Epochs(ledger)
        self.receipts = Receipts(ledger, self.epochs)
        self.refusals = Refusals(ledger, traffic.complain)
        self.searching = Searching(engine, ledger.drivers.entropy)
        self.export_files = export_files
        self.name = name
        self.tenant_numbers: dict[str, int] = {}
        self._keys: dict[str, tuple[Key, int]] = {}
        self._proxies = frozenset(trusted_proxies)

    def caller(self, request: AnyRequest, scope: str, *others: str) -> Caller:
        """Find out who asks.

        Args:
            request: The request.
            scope: What the credential must allow.
            others: Or one of these.

        Raises:
            ProblemError: There is no valid credential.
            ForbiddenError: It does not allow this.
        """
        text = presented(request.headers.getall("authorization", []))
        if text is None:
            raise unauthenticated()
        key = self._authenticated(text)
        request.scope["state"]["key_id"] = key.key_id
        request.scope["state"]["key"] = key
        if key.grant.scopes.isdisjoint({scope, *others}):
            raise ForbiddenError(f"credential: without scope {scope}, want a key that has it")
        request_id = request.scope["state"]["request_id"]
        return Caller(key, Asker(key.key_id, self._address(request), request_id))

    def forget_keys(self) -> None:
        """Look every key up anew: one was revoked."""
        self._keys.clear()

    def vkey(self, name: str) -> str:
        """Return the deployment's verification key under the name of a log's origin."""
        return VerifierKey.of(name, ED25519, self.ledger.drivers.keeper.public_key).vkey()

    def meter_request(self, caller: Caller, events: int, size: int) -> dict[str, str]:
        """Take a request out of its key's limits.

        Returns:
            The headers that tell what is left.

        Raises:
            ProblemError: The key is above a limit.
        """
        grant = caller.key.grant
        if grant.events_per_minute is None and grant.bytes_per_minute is None:
            return {}
        now = self.ledger.drivers.clock.now()
        told = self.meter.take(caller.key, events, size, now)
        headers = {
            "RateLimit-Policy": ", ".join(f'"{one.name}";q={one.limit};w=60' for one in told),
            "RateLimit": ", ".join(map(_rate_limit, told)),
        }
        wait = max(one.retry_after_s for one in told)
        if wait:
            names = " and ".join(one.name for one in told if one.retry_after_s)
            detail = f"{names}: above this key's limit a minute, want to wait {wait} s"
            raise ProblemError(TOO_MANY, detail, headers={**headers, "Retry-After": str(wait)})
        return headers

    async def tell_read(
        self, tenant: int, action: str, caller: Caller, told: Mapping[str, object]
    ) -> None:
        """Record a read, and return when that is on disk; only then may anything be answered."""
        future = record_read(self.ledger, tenant, action, caller.asker, told)
        (outcome,) = await self.arrivals.wait(future)
        if outcome.status != "recorded":
            raise PushbackError(f"read: not recorded ({outcome.reason}), so nothing is answered")

    def refused(self, request: AnyRequest, error: Exception) -> None:
        """Count an answer that refused somebody something; tell the log where the server failed."""
        kind = kind_of(error)
        if kind is INTERNAL:
            # The text of the error may hold a sender's value: only the places go to the log.
            trace = "".join(format_tb(error.__traceback__))
            self.traffic.complain(f"{type(error).__name__} in a request:\n{trace}")
        if kind.status not in RECORDED_REFUSALS:
            return
        self.note_refusal(cast("Key | None", request.scope["state"].get("key")), kind)

    def note_refusal(self, key: Key | None, kind: Kind) -> None:
        """Count a refusal, in the log of the key's tenant if it has one alone."""
        tenants = key.grant.tenants if key else None
        self.refusals.note(
            Group(
                tenant=tenants[0] if tenants and len(tenants) == 1 else DEPLOYMENT_TENANT,
                key_id=key.key_id if key else UNKNOWN,
                kind=kind.code,
                status=kind.status,
            )
        )

    def _authenticated(self, text: str) -> Key:
        """Find the key in the store, or as it was found there a moment ago."""
        now = self.ledger.drivers.clock.now()
        known = self._keys.get(text)
        if known is not None and 0 <= now - known[1] < KEY_IS_FRESH:
            return known[0]
        try:
            with self.ledger.drivers.store.read() as snapshot:
                key = authenticate(snapshot, text, now)
        except ForbiddenError:
            self._keys.pop(text, None)
            raise unauthenticated() from None
        if len(self._keys) >= MAX_KEYS:
            self._keys.clear()
        self._keys[text] = (key, now)
        return key

    def _address(self, request: AnyRequest) -> str | None:
        """Return the address of the peer; behind trusted proxies, the first that is none."""
        client = request.scope["client"]
        if client is None or client[0] not in self._proxies:
            return client[0] if client else None
        told = ",".join(request.headers.getall("x-forwarded-for", []))
        hops = [hop.strip() for hop in reversed(told.split(",")) if hop.strip()]
        outside = [hop for hop in hops if hop not in self._proxies]
        return _valid(outside[0]) if outside else None


def _valid(address: str) -> str | None:
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def _rate_limit(allowance: Allowance) -> str:
    return f'"{allowance.name}";r={allowance.remaining};t={allowance.reset_s}'
