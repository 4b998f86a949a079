"""Shows of an event where it is, for tables without a ledger."""

from collections.abc import Sequence

from tallystick.search.shown import Place, Shown


def plain_show(places: Sequence[Place]) -> list[Shown]:
    """Show of each event its id and its place."""
    return [Shown({"id": it.id, "slot": it.slot, "index": it.index}, frozenset()) for it in places]
