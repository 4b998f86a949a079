"""A witness that dies at a point of its work: ``python -m kit.dying_witness FOLDER POINT VKEY``.

It prints its port, and is killed, as by a power cut without the cut, at the first
``add-checkpoint`` that comes to the point: ``stored``, right after what it decided is on disk and
before an answer, or ``decided``, right before that. With ``never`` it lives.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from kit.witness import NAME, NOW_S, SEED, vkey
from tallystick.tlog.key import VerifierKey
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_server import WitnessServer
from tallystick.watch.witness_state import AuditStep, Cosigned, WitnessState


def die() -> None:
    """Be killed at once."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingState(WitnessState):
    """A state whose process dies at a point."""

    point = "never"

    def advance(
        self,
        origin: str,
        decide: Callable[[Cosigned | None], Cosigned],
        step: AuditStep | None = None,
    ) -> Cosigned:
        """See the class above."""

        def decided(newest: Cosigned | None) -> Cosigned:
            found = decide(newest)
            if self.point == "decided":
                die()
            return found

        stored = super().advance(origin, decided, step)
        if self.point == "stored":
            die()
        return stored


def main(folder: Path, point: str, log: str) -> None:
    """Serve until killed."""
    state = DyingState(folder / "witness.db", vkey(), audits=False)
    state.point = point
    key = VerifierKey.parse(log)
    evidence = EvidenceFolder(folder / "evidence")
    witness = Witness(WitnessKey(NAME, SEED), {key.name: [key]}, state, lambda: NOW_S, evidence)
    with WitnessServer(witness, ("127.0.0.1", 0), lambda: NOW_S, lambda _: None) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
