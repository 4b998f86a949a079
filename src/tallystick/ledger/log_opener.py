"""Opens entries of one log, one after the other, as one snapshot of the ledger has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tallystick.errors import ErasedError
from tallystick.ledger.erased import erased_refs
from tallystick.ledger.opening import Opened, check_opened, open_entry
from tallystick.ledger.ports import Entry, Log, Snapshot
from tallystick.ledger.subjects import Subject, TenantSubjects


class LogOpener:
    """What the entries of one log have in common, looked up once for all of them.

    Args:
        snapshot: What they are read from; its keys and its erasures hold.
        log: Their log.
        origin: Origin of the log.
        subjects: Those of the log's tenant, brought up to the snapshot and locked.
    """

    def __init__(self, snapshot: Snapshot, log: Log, origin: str, subjects: TenantSubjects) -> None:
        self._snapshot = snapshot
        self._log = log
        self._origin = origin
        self._subjects = subjects
        self._erased: frozenset[str] | None = None

    def open(self, entry: Entry) -> Opened:
        """Open an entry, and refuse to call erased what nobody erased.

        Raises:
            ErasedError: The entry is pruned.
            VerificationError: A value can't be opened, and no erasure explains it.
        """
        if entry.leaf is None:
            log = self._log.hex
            raise ErasedError(f"entry {entry.index:,} of {log}: pruned, its hash remains")
        opened = open_entry(
            self._origin, entry.event_id, entry.leaf, entry.disclosure, self._subject
        )
        if opened.missing:
            if self._erased is None:
                self._erased = erased_refs(self._snapshot, self._log.tenant)
            check_opened(opened, entry.event_id, self._erased)
        return opened

    def _subject(self, ref: bytes, event_id: bytes) -> Subject | None:
        return self._subjects.opener(self._snapshot, ref, event_id)


@contextmanager
def log_opener(
    snapshot: Snapshot, log: Log, origin: str, subjects: TenantSubjects
) -> Iterator[LogOpener]:
    """Lend an opener; nobody else in this process opens entries of the tenant meanwhile.

    Another snapshot would move the tenant's subjects to another version under it.
    """
    with subjects.lock:
        subjects.refresh(snapshot)
        yield LogOpener(snapshot, log, origin, subjects)
