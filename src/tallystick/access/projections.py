"""What each control action means for the tables: applied when it is recorded, and by ``fsck``."""

from collections.abc import Mapping

from tallystick.access import declarations, keys, rooting, saved_searches, tenants
from tallystick.ledger import erased
from tallystick.ledger.ledger import Projection
from tallystick.ledger.ports import Query

PROJECTIONS: Mapping[str, Projection] = {
    "deployment.root_pinned": rooting.apply_pinned,
    "tenant.created": tenants.apply_created,
    "key.created": keys.apply_created,
    "key.revoked": keys.apply_revoked,
    "catalogue.changed": declarations.apply_changed,
    "subject.erased": erased.apply_erased,
    "saved_search.created": saved_searches.apply_put,
    "saved_search.changed": saved_searches.apply_put,
    "saved_search.deleted": saved_searches.apply_deleted,
}

TABLES: Mapping[str, Query] = {
    "deployment": rooting.ROOTING["projection"],
    "tenant": tenants.TENANTS["projection"],
    "api_key": keys.KEYS["projection"],
    "catalogue": declarations.CATALOGUE["projection"],
    "erased": erased.ERASED["projection"],
    "saved_search": saved_searches.SAVED_SEARCHES["projection"],
}
"""Each table that is nothing but a projection, with the query that reads all of it."""
