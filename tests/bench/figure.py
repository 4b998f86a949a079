"""What a benchmark tells: one figure, its budget, and its ratio to the reference loop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum


class Better(Enum):
    """Which way a figure gets better."""

    MORE = "at least"
    LESS = "at most"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: What results are stored and compared under.
        value: The figure itself.
        unit: Its unit.
        ratio: The figure divided by that of the reference loop, measured right before and right
            after; None for what no reference loop says anything about, such as sizes.
        better: Which way it gets better.
        budget: What it is held against, in the same unit; None: only for comparison.
        note: What else must be known to read it.
    """

    name: str
    value: float
    unit: str
    ratio: float | None = None
    better: Better = Better.MORE
    budget: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say how the figure stands to its budget."""
        if self.budget is None:
            return "no budget"
        more = self.better is Better.MORE
        kept = self.value >= self.budget if more else self.value <= self.budget
        return "within budget" if kept else "OVER BUDGET"

    def line(self) -> str:
        """Write the figure as one row of the table."""
        budget = "" if self.budget is None else f"{_sign(self.better)} {_number(self.budget)}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        value = f"{_number(self.value)} {self.unit}"
        return f"{self.name:22} {value:>22} {budget:>11} {ratio:>8}  {self.verdict}"


def middle(runs: Sequence[list[Figure]]) -> list[Figure]:
    """Take of several runs of one benchmark, figure by figure, the median, and note the range.

    The rule is the same for figures that flatter and for those that don't.
    """
    return [_median(same) for same in zip(*runs, strict=True)]


def _median(same: Sequence[Figure]) -> Figure:
    ordered = sorted(same, key=lambda figure: figure.value)
    chosen = ordered[len(ordered) // 2]
    if len(ordered) == 1:
        return chosen
    lowest, highest = _number(ordered[0].value), _number(ordered[-1].value)
    spread = f"median of {len(ordered)} runs, {lowest} to {highest}"
    return replace(chosen, note="; ".join(filter(None, [spread, chosen.note])))


HEADING = f"{'figure':22} {'measured':>22} {'budget':>11} {'ratio':>8}  verdict"


def _sign(better: Better) -> str:
    return ">=" if better is Better.MORE else "<="


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
