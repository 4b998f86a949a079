"""``fsck``: recompute everything that the ledger holds, and name what is not as it must be.

The logs are recomputed from their entries, every epoch from the logs, the super-checkpoints
from its records and the deployment's key. ``access.replay`` does the same for what follows from
control entries: the tables of tenants, keys, declarations and erasures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from tallystick.errors import MalformedError, TallystickError
from tallystick.ledger.entry_check import EntryCheck
from tallystick.ledger.epoch_check import EpochCheck, check_checkpoints
from tallystick.ledger.epoch_times import EpochTimes
from tallystick.ledger.head_check import check_frontiers, impossible_heads
from tallystick.ledger.journal_check import check_journal
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.logs import sizes
from tallystick.ledger.ports import SUPER_SLOT, Entry, Log, Snapshot
from tallystick.ledger.published import PUBLISHING
from tallystick.ledger.queries import as_bytes, as_int, as_text, load
from tallystick.ledger.subject_check import SubjectCheck
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import Note
from tallystick.verify.fsck import (
    Finding,
    LogCheck,
    Standing,
    StoredEntry,
    StoredTile,
    Verdict,
)
from tallystick.verify.received import ReceivedCheck

PAGE = 2_048
_AT_ONCE = 512
"""Entries checked at once: so many stay in the processor's cache between two checks."""

_CURSORS = load("tallystick.ledger", "cursors.sql")

WRITE_EVERY = 200_000
"""Entries after which it is written down how far an inspection came."""

Progress = Callable[[int, int], None]


class Interim(Struct, frozen=True, forbid_unknown_fields=True):
    """How far an inspection came, so that another one can go on from there.

    Attributes:
        deployment: Of which deployment.
        disclosures: Whether sealed values were opened.
        logs: How far each log was recomputed, by slot.
        entries: Entries recomputed.
        opened: Values opened.
        findings: What the entries so far gave.
        received: By slot, when the last of these entries was received (microseconds).
    """

    deployment: str
    disclosures: bool
    logs: dict[int, Standing] = {}
    entries: int = 0
    opened: int = 0
    findings: list[Finding] = []
    received: dict[int, int] = {}


@dataclass(slots=True)
class Result:
    """What an inspection found.

    Attributes:
        entries: Entries recomputed.
        opened: Values opened, where disclosures were asked for.
        findings: What is not as it must be.
        readable: Whether the heads are such that the store could be read by them.
    """

    entries: int = 0
    opened: int = 0
    findings: list[Finding] = field(default_factory=list)
    readable: bool = True

    @property
    def verdict(self) -> Verdict:
        """Intact, or the worst of the findings."""
        verdicts = {finding.verdict for finding in self.findings}
        for verdict in (Verdict.TAMPERED, Verdict.INCOMPLETE):
            if verdict in verdicts:
                return verdict
        return Verdict.INTACT


class Inspection:
    """One run over everything.

    Args:
        ledger: The ledger.
        tree_only: Leave subjects and their keys alone.
        disclosures: Open every sealed value as well.
        progress: Told (entries done, entries in all).
        interim: Where an earlier inspection stopped, or None to begin anew. What it checked is
            not checked again: whoever can write it can hide a change of those entries.
        write_down: Told from time to time how far the inspection came.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        tree_only: bool = False,
        disclosures: bool = False,
        progress: Progress = lambda _done, _total: None,
        interim: Interim | None = None,
        write_down: Callable[[Interim], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._tree_only = tree_only
        self._disclosures = disclosures
        self._progress = progress
        self._result = Result()
        self._claims: dict[int, dict[int, list[tuple[bytes, str]]]] = {}
        self._subjects: dict[int, SubjectCheck] = {}
        self._total = 0
        self._write_down = write_down
        self._standing = {} if interim is None else {**interim.logs}
        self._received = {} if interim is None else {**interim.received}
        self._times: EpochTimes | None = None
        self._of_entries: list[Finding] = []
        self._written = 0
        if interim is not None:
            self._take_up(interim)

    def run(self, snapshot: Snapshot) -> Result:
        """Inspect one snapshot of the whole store."""
        logs = self._ledger.logs.every(snapshot)
        super_logs = self._ledger.logs.every_super(snapshot)
        impossible = [*impossible_heads(self._ledger, snapshot, [*logs, *super_logs])]
        if impossible:
            self._result.findings += impossible
            self._result.readable = False
            return self._result
        self._total = sum(size for size, _ in sizes(snapshot).values())
        findings = self._result.findings
        self._gather_claims(snapshot)
        if not self._tree_only:
            for tenant in sorted({log.tenant for log in logs}):
                check = SubjectCheck(self._ledger, snapshot, tenant, keep_keys=self._disclosures)
                self._subjects[tenant] = check
                findings += check.check_rows()
            self._times = EpochTimes(snapshot, super_logs)
        roots = {log.slot: self._check_log(snapshot, log) for log in logs}
        for super_log in super_logs:
            self._check_log(snapshot, super_log)
        findings += check_journal(self._ledger, snapshot, [*logs, *super_logs])
        findings += check_frontiers(self._ledger, snapshot, [*logs, *super_logs])
        findings += EpochCheck(self._ledger, logs, roots).check(snapshot)
        findings += check_checkpoints(self._ledger, snapshot)
        self._result.findings = list(dict.fromkeys(findings))  # what was taken up may be met again
        return self._result

    def _take_up(self, interim: Interim) -> None:
        deployment = self._ledger.logs.deployment
        if (interim.deployment, interim.disclosures) != (deployment, self._disclosures):
            what = "with" if interim.disclosures else "without"
            raise MalformedError(
                f"progress: of {interim.deployment} {what} disclosures, want the same inspection"
            )
        self._result = Result(interim.entries, interim.opened, [*interim.findings])
        self._of_entries = [*interim.findings]
        self._written = interim.entries

    def _note_standing(self, log: Log, check: LogCheck, received: ReceivedCheck | None) -> None:
        if received is not None:
            self._received[log.slot] = received.last
        if self._result.entries - self._written < WRITE_EVERY:
            return
        self._standing[log.slot] = check.standing()
        self._written = self._result.entries
        self._write_down(
            Interim(
                self._ledger.logs.deployment,
                self._disclosures,
                self._standing,
                self._result.entries,
                self._result.opened,
                self._of_entries,
                self._received,
            )
        )

    def _gather_claims(self, snapshot: Snapshot) -> None:
        """Collect every (log, size) for which somebody claims, or needs, the root."""
        for slot, epoch, size, root, _ in snapshot.rows(PUBLISHING["published"]):
            self._claim(as_int(slot), as_int(size), as_bytes(root), f"epoch {as_int(epoch)}")
        for _, slot, size in snapshot.rows(PUBLISHING["changes"]):
            self._claims.setdefault(as_int(slot), {}).setdefault(as_int(size), [])
        for follower, slot, size, root in snapshot.rows(_CURSORS["every"]):
            self._claim(as_int(slot), as_int(size), as_bytes(root), f"cursor {as_text(follower)}")
        for size, epoch, _, note, slot in snapshot.rows(PUBLISHING["checkpoints"]):
            try:
                signed = Checkpoint.parse(Note.parse(as_text(note)).text)
            except MalformedError:
                continue  # reported where checkpoints are checked
            who = f"checkpoint of epoch {as_int(epoch)}"
            self._claim(as_int(slot), as_int(size), signed.root, who)

    def _claim(self, slot: int, size: int, root: bytes, who: str) -> None:
        self._claims.setdefault(slot, {}).setdefault(size, []).append((root, who))

    def _check_log(self, snapshot: Snapshot, log: Log) -> dict[int, bytes]:
        head = snapshot.head(log.slot)

        def tiles(level: int, start: int, end: int) -> list[StoredTile]:
            return [StoredTile(*tile) for tile in snapshot.tiles(log.slot, level, start, end)]

        claims = self._claims.get(log.slot, {})
        check = LogCheck(self._ledger.logs.origin(log), head.size, head.root, tiles, claims)
        earlier = self._standing.get(log.slot)
        if earlier is not None and not check.take_up(earlier):
            self._result.entries -= earlier.size
            earlier = None
            self._received.pop(log.slot, None)
        received = self._received_check(log, check.origin, earlier)
        page: list[Entry] = []
        # A page beyond the head: entries that no head covers were put there by hand.
        start = 0 if earlier is None else earlier.size
        for entry in snapshot.entries(log.slot, start, head.size + PAGE):
            page.append(entry)
            if len(page) == _AT_ONCE:
                self._check_page(snapshot, log, check, received, page)
                self._note_standing(log, check, received)
                page = []
        self._check_page(snapshot, log, check, received, page)
        if received is not None:
            self._received[log.slot] = received.last
        self._standing[log.slot] = check.standing()
        self._result.findings += check.finish()
        return check.roots

    def _received_check(
        self, log: Log, origin: str, earlier: Standing | None
    ) -> ReceivedCheck | None:
        """Begin to check a log's times of receipt, or go on; there are none in a super-log."""
        if self._times is None or log.slot >= SUPER_SLOT:
            return None
        received = ReceivedCheck(origin, self._times.windows(log.slot))
        if earlier is not None:
            last = self._received.get(log.slot, 0)
            self._result.findings += received.take_up(earlier.size, last)
        return received

    def _check_page(
        self,
        snapshot: Snapshot,
        log: Log,
        check: LogCheck,
        received: ReceivedCheck | None,
        page: Sequence[Entry],
    ) -> None:
        found = [
            *check.feed([StoredEntry(entry.index, entry.leaf, entry.leaf_hash) for entry in page])
        ]
        if received is not None:
            entries = EntryCheck(self._ledger, snapshot, log, self._subjects[log.tenant])
            for entry in page:
                if entry.leaf is not None:
                    found += self._check_entry(entries, check.origin, entry, entry.leaf)
                    found += received.feed(entry.index, entry.leaf)
        self._result.findings += found
        self._of_entries += found
        self._result.entries += len(page)
        self._progress(self._result.entries, self._total)

    def _check_entry(
        self, entries: EntryCheck, origin: str, entry: Entry, leaf: bytes
    ) -> list[Finding]:
        try:
            if self._disclosures:
                self._result.opened += entries.open(entry, leaf)
            else:
                entries.check(entry, leaf)
        except TallystickError as error:
            return [Finding(Verdict.TAMPERED, origin, entry.index, str(error))]
        return []
