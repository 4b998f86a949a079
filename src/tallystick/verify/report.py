"""What a verifier found: facts, and the verdict that follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from tallystick.verify.fsck import Verdict

_LAST_LINE: Final = {
    Verdict.INTACT: "verified",
    Verdict.TAMPERED: "not verified",
    Verdict.INCOMPLETE: "not verified",
}
_WEIGHT: Final = (
    Verdict.INTACT,
    Verdict.STALE,
    Verdict.UNVERIFIABLE,
    Verdict.INCOMPLETE,
    Verdict.TAMPERED,
)


class State(StrEnum):
    """How a fact came out; NONE where it could not be, or was not to be, found out."""

    OK = "ok"
    FAIL = "FAIL"
    NONE = "none"


class Fact(NamedTuple):
    """One thing that was checked.

    Attributes:
        state: How it came out.
        name: One word: event and opened say what stands there; recorded, published, witnessed,
            epoch-audited and fresh who vouches for it, and since when; origin what is pinned.
        text: What was observed, and where it failed what was expected.
    """

    state: State
    name: str
    text: str


@dataclass(slots=True)
class Report:
    """What was found out about one receipt.

    Attributes:
        origin: Log that the receipt names.
        index: Place of the entry in it.
        size: Entries that the log had in the epoch.
        verdict: The worst that was found.
        reason: Why it is not intact; None when it is.
        facts: In the order in which they were checked.
        event: The event as far as it was opened; to be relied on only if the verdict says so.
        withheld: Paths that stay closed, with the slot of their subject in the entry.
        received_at: When the log took the event, or None where the entry can't be read.
        epoch: Number of the epoch, and when it was made.
        cosigned_at_s: The pinned policy's witnesses that cosigned, and when each says it did, in
            seconds since 1970; 0 for one that says no time.
    """

    origin: str
    index: int
    size: int
    epoch: int
    epoch_time_s: int
    verdict: Verdict = Verdict.INTACT
    reason: str | None = None
    facts: list[Fact] = field(default_factory=list)
    event: Mapping[str, object] | None = None
    withheld: Mapping[str, int] = field(default_factory=dict)
    received_at: str | None = None
    cosigned_at_s: Mapping[str, int] = field(default_factory=dict)

    def note(self, state: State, name: str, text: str) -> None:
        """Add a fact that speaks neither against the receipt nor hinders its verification."""
        self.facts.append(Fact(state, name, text))

    def object_to(self, verdict: Verdict, name: str, text: str, reason: str) -> None:
        """Add a fact that speaks against the receipt; the worst verdict stands, once."""
        failed = verdict in {Verdict.TAMPERED, Verdict.STALE}
        self.facts.append(Fact(State.FAIL if failed else State.NONE, name, text))
        if _WEIGHT.index(verdict) > _WEIGHT.index(self.verdict):
            self.verdict, self.reason = verdict, reason

    def lines(self) -> list[str]:
        """Write the facts, one a line, and the verdict last."""
        lines = [f"{fact.state:<5} {fact.name:<13} {printable(fact.text)}" for fact in self.facts]
        if self.verdict is Verdict.TAMPERED:
            lines.append("      Do not rely on this receipt: it does not show what was logged.")
        last = _LAST_LINE.get(self.verdict, str(self.verdict))
        why = "" if self.reason is None or self.verdict is Verdict.TAMPERED else self.reason
        return [*lines, f"{last} ({printable(why)})" if why else last]

    def to_builtins(self) -> dict[str, object]:
        """Write the report as JSON builtins: the contract of ``--json``."""
        return {
            "verdict": str(self.verdict),
            "reason": self.reason,
            "origin": self.origin,
            "index": self.index,
            "size": self.size,
            "epoch": self.epoch,
            "epoch_time_s": self.epoch_time_s,
            "received_at": self.received_at,
            "event": self.event,
            "withheld": dict(self.withheld),
            "cosigned_at_s": dict(self.cosigned_at_s),
            "facts": [
                {"state": str(fact.state), "name": fact.name, "text": fact.text}
                for fact in self.facts
            ],
        }


def printable(text: str) -> str:
    """Write a text so that it can't steer a terminal, nor reorder what is read on it."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
