"""What an assessment of logs found, for people and for programs."""

from dataclasses import dataclass, field
from typing import Final

from tallystick.cli.exposures import Exposure
from tallystick.cli.time_order import TimeOrder
from tallystick.cli.told_fields import Question

SHOWN: Final = 5
"""Of how many places an assessment tells."""


@dataclass(slots=True)
class Integrity:
    """What would show that the log was changed.

    Attributes:
        hashed: Lines with a hash or a signature of their own.
        chained: Lines that also name the hash of the line before.
        verdicts: What recomputing the SHA-256 of lines gave, by :class:`HashVerdict`.
        wrong: Where the first wrong hashes are.
    """

    hashed: int = 0
    chained: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``none``, ``hash per line`` or ``chain``: what the log as a whole has."""
        if self.chained:
            return "chain"
        return "hash per line" if self.hashed else "none"


@dataclass(slots=True)
class Assessment:
    """What was found in somebody's logs.

    Attributes:
        lines: That were read.
        unreadable: Lines or files that could not be; the first ones are in ``errors``.
        kinds: Lines by kind.
        answered: Lines that answer a question.
        exposures: What stands in clear, secrets first.
        order: Times and silences.
        identified: Lines with an id.
        duplicates: Lines with the id of an earlier one; the first ones are in
            ``duplicate_places``.
        integrity: What would show a change.
        advice: What to do, the weightiest first.
    """

    lines: int = 0
    unreadable: int = 0
    errors: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    answered: dict[Question, int] = field(default_factory=lambda: dict.fromkeys(Question, 0))
    exposures: list[Exposure] = field(default_factory=list)
    order: TimeOrder = field(default_factory=TimeOrder)
    identified: int = 0
    duplicates: int = 0
    duplicate_places: list[str] = field(default_factory=list)
    integrity: Integrity = field(default_factory=Integrity)
    advice: list[str] = field(default_factory=list)

    def share(self, question: Question) -> float:
        """Return the share of lines that answer a question, 0 to 1."""
        return self.answered[question] / self.lines if self.lines else 0.0

    def to_builtins(self) -> dict[str, object]:
        """Write the assessment as ``--json`` shows it."""
        return {
            "lines": self.lines,
            "unreadable": self.unreadable,
            "errors": self.errors,
            "kinds": self.kinds,
            "answered": {str(asked): number for asked, number in self.answered.items()},
            "shares": {str(asked): round(self.share(asked), 4) for asked in Question},
            "exposures": [exposure.to_builtins() for exposure in self.exposures],
            "order": self.order.to_builtins(),
            "identified": self.identified,
            "duplicates": self.duplicates,
            "duplicate_places": self.duplicate_places,
            "integrity": {
                "kind": self.integrity.kind,
                "hashed": self.integrity.hashed,
                "chained": self.integrity.chained,
                "verdicts": self.integrity.verdicts,
                "wrong": self.integrity.wrong,
            },
            "advice": self.advice,
        }

    def to_text(self) -> list[str]:
        """Write the assessment for people, line by line."""
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(self.kinds.items()))
        text = [f"{self.lines:,} lines read ({kinds or 'none'}), {self.unreadable:,} unreadable"]
        text += [f"  {error}" for error in self.errors]
        text += ["", "Lines that say"]
        text += [
            f"  {asked!s:<24} {self.share(asked):>7.1%}  {number:>9,}"
            for asked, number in self.answered.items()
        ]
        text += ["", "In clear"]
        text += [
            f"  {'SECRET' if one.is_secret else 'personal':<9} {one.kind}: {one.lines:,} lines,"
            f" first {', '.join(one.places)}"
            for one in self.exposures
        ] or ["  nothing that was looked for"]
        text += ["", "Order", *(f"  {line}" for line in self.order.to_text())]
        text += [f"  ids: {self.identified:,} lines have one, {self.duplicates:,} repeat one"]
        text += ["", f"Integrity: {self.integrity.kind}"]
        text += [
            f"  SHA-256 {name}: {number:,}" for name, number in self.integrity.verdicts.items()
        ]
        text += ["", "Advice, the weightiest first"]
        text += [f"  {number}. {one}" for number, one in enumerate(self.advice, 1)]
        return text
