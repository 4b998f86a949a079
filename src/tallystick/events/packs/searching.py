"""The product's own actions around searching: searches that are kept, and exports."""

from functools import partial
from typing import Final

from tallystick.events.catalogue import CatalogueEntry
from tallystick.events.packs.fields import ABOUT_THINGS

_entry = partial(
    CatalogueEntry,
    clear=ABOUT_THINGS,
    class_="control",
    purpose="Account for the audit trail itself",
    legal_basis="GDPR Art. 6(1)(f)",
    ocsf_class=6003,
)

ENTRIES: Final = (
    _entry(
        action="saved_search.created",
        title="Search saved",
        description="The line and its name are sealed: they may name people.",
        crud="create",
        metadata_clear=("owner", "saved_search", "shared"),
        severity="low",
    ),
    _entry(
        action="saved_search.changed",
        title="Saved search changed",
        crud="update",
        metadata_clear=("owner", "saved_search", "shared"),
        severity="low",
    ),
    _entry(
        action="saved_search.deleted",
        title="Saved search deleted",
        crud="delete",
        metadata_clear=("saved_search",),
        severity="low",
    ),
    _entry(
        action="saved_search.read",
        title="Saved search read",
        crud="read",
        metadata_clear=("saved_search",),
    ),
    _entry(
        action="saved_searches.listed",
        title="Saved searches listed",
        crud="read",
        metadata_clear=("shown",),
    ),
    _entry(
        action="export.started",
        title="Export begun",
        crud="read",
        metadata_clear=("export", "format"),
        severity="high",
    ),
    _entry(
        action="export.finished",
        title="Export ended",
        crud="read",
        metadata_clear=("entries", "export", "format"),
        severity="high",
    ),
    _entry(
        action="export.downloaded",
        title="Export downloaded",
        crud="read",
        metadata_clear=("export", "from_byte", "to_byte"),
        severity="high",
    ),
    _entry(
        action="export.deleted",
        title="Export deleted",
        crud="delete",
        metadata_clear=("export",),
        severity="low",
    ),
)
