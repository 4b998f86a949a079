"""The catalogue entries that come with the product, by pack."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from tallystick.events.catalogue import Catalogue, CatalogueEntry
from tallystick.events.packs import admin, auth, billing, finance, health, tallystick

PACKS: Final[Mapping[str, tuple[CatalogueEntry, ...]]] = MappingProxyType(
    {
        "auth": auth.ENTRIES,
        "admin": admin.ENTRIES,
        "billing": billing.ENTRIES,
        "finance": finance.ENTRIES,
        "health": health.ENTRIES,
        "tallystick": tallystick.ENTRIES,
    }
)


def standard_catalogue() -> Catalogue:
    """Return the catalogue of a tenant that has declared nothing itself."""
    return Catalogue(chain.from_iterable(PACKS.values()))
