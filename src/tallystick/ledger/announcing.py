"""A signed super-checkpoint goes out: cosigned where there are witnesses, stored for ever."""

from tallystick.errors import VerificationError
from tallystick.ledger.cosigning import Cosigning, Vouched, note_answers
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import Clock, KeyKeeper, Lock, Store
from tallystick.ledger.published import PUBLISHING, Published, of_size
from tallystick.ledger.reader import tile_hashes
from tallystick.ledger.start_up import ask_witnesses
from tallystick.tlog.note import Note
from tallystick.tlog.proof import consistency_proof


class Announcer:
    """Publishes what was signed.

    Args:
        store: The ledger's store.
        logs: The directory of logs.
        keeper: Its key tells what this deployment signed.
        lock: Keeps what shows a rollback.
        clock: The time of asking witnesses.
        cosigning: Shows each super-checkpoint to witnesses; None where there are none.
    """

    def __init__(
        self,
        store: Store,
        logs: Logs,
        keeper: KeyKeeper,
        lock: Lock,
        clock: Clock,
        cosigning: Cosigning | None,
    ) -> None:
        self._store = store
        self._logs = logs
        self._keeper = keeper
        self._lock = lock
        self._clock = clock
        self._cosigning = cosigning

    def announce(self, note: Note, slot: int, size: int, epoch: int, signed_at: int) -> Published:
        """Collect cosignatures, then store the note with them, once and for ever.

        No transaction is open meanwhile: nobody who records ever waits for a witness.
        """
        vouched = self._vouched(note, slot, size)
        cosigned = note.format() if vouched is None else vouched.note.format()
        quorum = vouched is not None and vouched.quorum
        made = Published(slot, size, epoch, signed_at, cosigned, quorum=quorum)
        with self._store.write() as tx:
            tx.execute(PUBLISHING["add_checkpoint"], [made.row()])
            note_answers(tx, vouched.problems if vouched else {}, self._clock.now())
            # Where another publisher was faster, its note stands: the next epoch names that one.
            return of_size(tx, slot, size) or made

    def _vouched(self, note: Note, slot: int, size: int) -> Vouched | None:
        """Show a checkpoint to the witnesses, and stop where one of them knows a later one."""
        if self._cosigning is None:
            return None
        vouched = self._cosigning.collect(note, size, lambda old: self._prove(slot, old, size))
        seen = ask_witnesses(self._store, self._logs, self._keeper, self._lock, vouched.newer)
        if seen.problem is not None:
            raise VerificationError(seen.problem)
        return vouched

    def _prove(self, slot: int, old: int, size: int) -> list[bytes]:
        with self._store.read() as snapshot:
            return consistency_proof(old, size, tile_hashes(snapshot, slot, size))
