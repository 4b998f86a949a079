"""``python -m bench [NAME …]``: measure, and print each figure beside its budget."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from bench.deployment import scratch_folder
from bench.figure import HEADING, Figure, middle
from bench.freshness import RATE, SECONDS, freshness
from bench.imported import imported
from bench.ingest import batches, memory, singles
from bench.instead import instead
from bench.large import large
from bench.ledger import fsck, size
from bench.many_logs import epochs
from bench.proofs import proofs
from bench.results import difference, save, stored, this_machine
from bench.searching import search
from bench.stages import profile
from bench.watching import watching


def _search(told: Namespace) -> list[Figure]:
    if told.data is not None:
        return search(told.size, told.data)
    with scratch_folder() as data:
        return search(told.size, data)


def _freshness(told: Namespace) -> list[Figure]:
    with scratch_folder() as data:
        return freshness(data, told.rate, told.seconds)


BENCHMARKS: dict[str, Callable[[Namespace], list[Figure]]] = {
    "ingest": lambda told: batches(1, told.events),
    "ingest-two-doors": lambda told: batches(2, told.events),
    "single": lambda told: singles(told.events // 5),
    "proof": lambda told: proofs(told.size),
    "fsck": lambda told: fsck(told.events),
    "fsck-large": lambda told: large(told.size),
    "size": lambda told: size(told.events),
    "import": lambda _: imported(),
    "memory": lambda told: memory(told.events),
    "instead": lambda _: instead(),
    "watching": lambda _: watching(),
    "search": _search,
    "freshness": _freshness,
    "epochs": lambda _: epochs(),
}

LONG = {"search", "freshness"}
"""Those that run only when they are named."""


def main() -> None:
    """Run what the command line names, or everything."""
    told = _arguments()
    if told.profile:
        with scratch_folder() as folder:
            profile(folder)
        return
    machine, before = this_machine(), stored()
    print(f"{machine.cores} cores {machine.processor}, {machine.memory_gb} GB, {machine.kernel}")
    print(HEADING)
    figures: list[Figure] = []
    for name in told.names or [name for name in BENCHMARKS if name not in LONG]:
        for figure in middle([BENCHMARKS[name](told) for _ in range(told.repeat)]):
            figures.append(figure)
            print(f"{figure.line()}; {difference(figure, before.get(figure.name))}", flush=True)
            if figure.note:
                print(f"{'':22} {figure.note}", flush=True)
    if told.save:
        save(figures)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--events", type=int, default=100_000, help="events of a load")
    parser.add_argument("--size", type=int, default=1_000_000, help="entries of the log of proof")
    parser.add_argument("--rate", type=int, default=RATE, help="events a second of freshness")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long freshness sends")
    parser.add_argument("--data", type=Path, help="folder of search, kept for the next run")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median counts")
    parser.add_argument("--save", action="store_true", help="store the results, to compare with")
    parser.add_argument("--profile", action="store_true", help="say where recording's time goes")
    told = parser.parse_args()
    for name in told.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}, want one of {', '.join(BENCHMARKS)}")
    return told


if __name__ == "__main__":
    main()
