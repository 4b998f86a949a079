"""Rows made of stretches of entries, as one snapshot of the ledger opens them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tallystick.errors import MalformedError, TallystickError, VerificationError
from tallystick.events.catalogue import Catalogue
from tallystick.ledger.erased import count_erased
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.log_opener import LogOpener
from tallystick.ledger.ports import Entry, Log, Snapshot
from tallystick.search.plan import Stretch
from tallystick.search.rows import EventRow, row_of
from tallystick.search.rows_by_column import Rows
from tallystick.tlog.hashing import leaf_hash

PRUNED = "pruned"


@dataclass(slots=True)
class Built:
    """What came of some stretches.

    Attributes:
        rows: One row for each entry, in order.
        parked: By slot and index, why an entry has none.
        stretches: What was built; less than was asked for where that would be too many bytes.
    """

    rows: Rows = field(default_factory=Rows)
    parked: dict[int, dict[int, str]] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)


class _Around(NamedTuple):
    """What the rows of one log have in common.

    Attributes:
        opener: What opens the entries.
        log: Their log.
        catalogue: What its tenant has declared.
        erasures: How many names the tenant's erasures have.
    """

    opener: LogOpener
    log: Log
    catalogue: Catalogue
    erasures: int


class Builder:
    """Makes rows of entries.

    Args:
        ledger: Whose entries.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def build(
        self, snapshot: Snapshot, stretches: Sequence[Stretch], max_bytes: int | None = None
    ) -> Built:
        """Make the rows of stretches.

        Args:
            snapshot: What opens the entries; values whose keys are gone in it are in no row.
            stretches: Which entries.
            max_bytes: Stop behind the entry that exceeds so many bytes of leaves and disclosures.

        Raises:
            VerificationError: An entry's row is gone from the ledger.
        """
        built = Built()
        size = 0
        for slot, start, stop in stretches:
            log = self._ledger.logs.at(snapshot, slot)
            catalogue = self._ledger.catalogues.of(snapshot, log.tenant).catalogue
            erasures = count_erased(snapshot, log.tenant)
            want = start
            with self._ledger.reader.opener(snapshot, log) as opener:
                around = _Around(opener, log, catalogue, erasures)
                for entry in _entries(snapshot, log, start, stop):
                    _add(built, around, entry)
                    want += 1
                    size += len(entry.leaf or b"") + len(entry.disclosure or b"")
                    if max_bytes is not None and size > max_bytes:
                        break
            built.stretches.append(Stretch(slot, start, want))
            if max_bytes is not None and size > max_bytes:
                break
        return built


def _add(built: Built, around: _Around, entry: Entry) -> None:
    try:
        built.rows.add(_row(around, entry))
    except (VerificationError, MalformedError) as error:
        built.parked.setdefault(around.log.slot, {})[entry.index] = _reason(error)


def _row(around: _Around, entry: Entry) -> EventRow:
    if entry.leaf is None:
        raise VerificationError(PRUNED)
    if leaf_hash(entry.leaf) != entry.leaf_hash:
        raise VerificationError("entry: its bytes have another leaf hash")
    opened = around.opener.open(entry)
    declared = around.catalogue.get(str(opened.event.get("action")))
    return row_of(around.log, entry, opened, declared, around.erasures)


def _entries(snapshot: Snapshot, log: Log, start: int, stop: int) -> Iterator[Entry]:
    want = start
    for entry in snapshot.entries(log.slot, start, stop):
        if entry.index != want:
            break
        want += 1
        yield entry
    else:
        if want == stop:
            return
    raise VerificationError(f"log {log.hex}: entry {want:,} is gone")


def _reason(error: TallystickError) -> str:
    """Say why, in the words of our own errors, which hold no value."""
    return str(error)[:200]
