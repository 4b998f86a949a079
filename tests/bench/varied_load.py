"""The load that is searched: reference events that differ in what people ask for.

Of the reference event all but action, outcome, names and metadata stays as it is, so that filters
and words fit one event in two, or in ten thousand. The same seed gives the same events.
"""

from bench.load import DECLARED, Load
from tallystick.events.catalogue import CatalogueEntry, Crud

NOUNS = ("document", "invoice", "report", "project", "comment", "folder", "member", "webhook")
VERBS: tuple[tuple[str, Crud], ...] = (
    ("read", "read"),
    ("created", "create"),
    ("updated", "update"),
    ("deleted", "delete"),
)
OUTCOMES = ("success",) * 17 + ("failure",) * 2 + ("denied",)
PLANS = ("free", "team", "business", "enterprise")
_SYLLABLES = ("ba", "do", "fe", "gu", "ki", "la", "mo", "ne", "pi", "ra")
_SPREAD = 2_654_435_761
"""Knuth's multiplier: neighbours in number are none in what is drawn by it."""


def declarations() -> list[CatalogueEntry]:
    """Return what the tenant declares: each action as that of the reference event."""
    return [
        CatalogueEntry(
            action=f"{noun}.{verb}",
            title=f"{noun} {verb}",
            crud=crud,
            clear=DECLARED.clear,
            metadata_clear=DECLARED.metadata_clear,
        )
        for noun in NOUNS
        for verb, crud in VERBS
    ]


def action(number: int) -> str:
    """Return one of 32 actions; half of all events are reads."""
    drawn = number * _SPREAD % 2**32 >> 8
    verb = VERBS[max(0, drawn % 8 - 4) % 4][0]
    return f"{NOUNS[drawn // 8 % 8]}.{verb}"


def surname(person: int) -> str:
    """Return one of 10,000 names: the people of the load are many, their names are fewer."""
    digits = f"{person * _SPREAD % 2**32 % 10_000:04d}"
    return "".join(_SYLLABLES[int(digit)] for digit in digits).title()


def folder_of(number: int) -> str:
    """Return one of 500 folders."""
    return f"finance/2026/q{number % 4 + 1}/close/{surname(number).lower()}/pack"


class VariedLoad:
    """An endless row of events.

    Args:
        seed: As of :class:`~bench.load.Load`.
    """

    def __init__(self, seed: int) -> None:
        self._load = Load(seed)

    def take(self, count: int) -> list[dict[str, object]]:
        """Return the next ``count`` events."""
        first = self._load.made
        return [_varied(first + at, event) for at, event in enumerate(self._load.take(count))]


def _varied(number: int, event: dict[str, object]) -> dict[str, object]:
    actor, metadata = event["actor"], event["metadata"]
    assert isinstance(actor, dict)
    assert isinstance(metadata, dict)
    person = int(str(actor["id"]).removeprefix("user_"))
    drawn = number * _SPREAD % 2**32 >> 12
    return {
        **event,
        "action": action(number),
        "outcome": OUTCOMES[drawn % len(OUTCOMES)],
        "actor": {**actor, "name": f"Ada {surname(person)} {person:06d}"},
        "metadata": {
            **metadata,
            "plan": PLANS[person % len(PLANS)],
            "shared": bool(drawn & 1),
            "folder": folder_of(drawn % 500),
        },
    }
