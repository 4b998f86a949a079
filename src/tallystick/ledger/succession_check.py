"""Whether each super-log follows the one before as the root key's statements say."""

from hashlib import sha256

from tallystick.errors import VerificationError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Snapshot
from tallystick.ledger.published import latest_of
from tallystick.ledger.super_logs import SuperLog, pinned_root, statements, super_logs
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import TRANSFER, TransferRecord
from tallystick.verify.statement import STATEMENT, Reason, Statement, read_statement
from tallystick.verify.super_origin import FIRST_SERIAL


class SuccessionCheck:
    """Checks the records that are about keys, super-log after super-log.

    Args:
        ledger: The ledger.
        snapshot: The store.

    Attributes:
        super_logs: The super-logs in their order.
    """

    def __init__(self, ledger: Ledger, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._root = pinned_root(snapshot, ledger.logs)
        self._said = statements(snapshot)
        self._announced: dict[int, str] = {}
        self.super_logs = super_logs(snapshot, ledger.logs, ledger.drivers.keeper)

    def check_table(self) -> None:
        """Check that the statements are those of the super-logs, and at most one that waits.

        Raises:
            VerificationError: One is missing, too much, or not the root's.
        """
        newest = self.super_logs[-1].serial
        for serial, note in self._said.items():
            statement = read_statement(note, self._require_root())
            waits = serial == newest + 1 and statement.reason is Reason.ROTATION
            if statement.serial != serial or not (FIRST_SERIAL < serial <= newest or waits):
                raise VerificationError(
                    f"table statement: {serial} is of serial {statement.serial},"
                    f" and the newest super-log is {newest}"
                )

    def check_record(self, super_log: SuperLog, index: int, text: str) -> bool:
        """Check a record that is about keys.

        Returns:
            Whether it was one.

        Raises:
            MalformedError: It is spelled otherwise.
            VerificationError: It is not what must stand there.
        """
        begins = index == 0 and super_log.serial > FIRST_SERIAL
        if begins:
            self._check_transfer(super_log, TransferRecord.parse(text))
        elif text.startswith(STATEMENT):
            self._check_key(super_log, text)
        elif text.startswith(TRANSFER):
            raise VerificationError("transfer record: within a super-log, want it first")
        else:
            return False
        return True

    def _check_key(self, super_log: SuperLog, note: str) -> None:
        serial = super_log.serial + 1
        if self._said.get(serial) != note:
            raise VerificationError(f"key record: not the statement of super-log {serial}")
        if read_statement(note, self._require_root()).reason is not Reason.ROTATION:
            raise VerificationError("key record: of no rotation, want it at the next log's start")
        self._announced[serial] = note

    def _check_transfer(self, super_log: SuperLog, record: TransferRecord) -> None:
        serial = super_log.serial
        if self._said.get(serial) != record.statement:
            raise VerificationError(f"transfer record: not the statement of super-log {serial}")
        statement = read_statement(record.statement, self._require_root())
        before = self.super_logs[serial - FIRST_SERIAL - 1]
        if (statement.key, statement.old) != (super_log.key, before.key):
            raise VerificationError(f"statement {serial}: of other keys than its super-logs have")
        last = latest_of(self._snapshot, before.slot)
        if last is None or sha256(last.note.encode()).digest() != record.previous:
            raise VerificationError(
                f"transfer record: names another checkpoint than {before.origin} ended with"
            )
        announced = self._announced.get(serial) == record.statement
        if announced != (statement.reason is Reason.ROTATION):
            told = "a" if announced else "no"
            raise VerificationError(f"{statement.reason}: {told} key record in {before.origin}")
        self._check_bounds(before, statement)

    def _check_bounds(self, before: SuperLog, statement: Statement) -> None:
        if statement.frozen is None:
            return
        size, root = statement.frozen
        held = self._snapshot.head(before.slot).size
        if statement.lost is not None:
            if statement.lost[0] != held:
                raise VerificationError(
                    f"{before.origin}: {held:,} records, lost from {statement.lost[0]:,} on"
                )
            return
        found = Frontier().extend(self._snapshot.leaf_hashes(before.slot, 0, size))
        if found.size != size or found.root() != root:
            raise VerificationError(f"{before.origin}: at {size:,} records not what is frozen")

    def _require_root(self) -> VerifierKey:
        if self._root is None:
            raise VerificationError("statements without a pinned root key")
        return self._root
