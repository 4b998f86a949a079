"""What each tenant has declared about its actions, compiled for sealing."""

from tallystick.errors import MalformedError
from tallystick.events.canonical import decode
from tallystick.events.catalogue import Catalogue, parse_entry
from tallystick.events.packs import standard_catalogue
from tallystick.ledger.plan import Plan
from tallystick.ledger.ports import Snapshot
from tallystick.ledger.queries import as_int, as_text, load
from tallystick.ledger.template import Templates
from tallystick.ledger.tenant_keys import SUBJECTS

POLICY = "*"
"""The row that holds a tenant's policy instead of an action: ``{"unknown": "refuse"}``."""

_CATALOGUE = load("tallystick.ledger", "catalogue.sql")


class TenantCatalogue:
    """The catalogue of one tenant: the packs of the product, and its own entries.

    Attributes:
        catalogue: The entries by action.
        refuses_unknown: Whether events of undeclared actions are refused.
    """

    def __init__(self, catalogue: Catalogue, *, refuses_unknown: bool) -> None:
        self.catalogue = catalogue
        self.refuses_unknown = refuses_unknown
        self._templates: dict[str, Templates] = {}
        self._unknown = Templates(Plan(None))

    def templates(self, action: str) -> Templates:
        """Return what parts the events of an action.

        Raises:
            MalformedError: The action is not declared, and the tenant refuses such events.
        """
        known = self._templates.get(action)
        if known is not None:
            return known
        entry = self.catalogue.get(action)
        if entry is not None:
            made = self._templates[action] = Templates(Plan(entry))
            return made
        if self.refuses_unknown:
            raise MalformedError(
                f"action {action!r}: not in the catalogue, want a declared action",
                path="/action",
            )
        return self._unknown


class Catalogues:
    """Finds the catalogue of each tenant, as of the tenant's current state."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, TenantCatalogue]] = {}
        self._standard = standard_catalogue()

    def of(self, snapshot: Snapshot, tenant: int) -> TenantCatalogue:
        """Return a tenant's catalogue."""
        rows = snapshot.rows(SUBJECTS["state"], tenant=tenant)
        version = as_int(rows[0][0]) if rows else 0
        known = self._known.get(tenant)
        if known is None or known[0] != version:
            known = self._known[tenant] = (version, self._load(snapshot, tenant))
        return known[1]

    def _load(self, snapshot: Snapshot, tenant: int) -> TenantCatalogue:
        catalogue, refuses = self._standard, False
        for action, entry in snapshot.rows(_CATALOGUE["of_tenant"], tenant=tenant):
            raw = decode(as_text(entry).encode())
            if as_text(action) == POLICY:
                refuses = isinstance(raw, dict) and raw.get("unknown") == "refuse"
            else:
                catalogue = catalogue.with_entry(parse_entry(raw))
        return TenantCatalogue(catalogue, refuses_unknown=refuses)
