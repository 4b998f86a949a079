"""A monitor: it follows every epoch of a deployment, and one log in them.

Each time it looks, it hashes the super-log's records from the checkpoint that it believed last to
the one that is served now, takes each epoch in between, and demands of each that the log's head,
at the log's own slot, extends the last good one. What it believes only ever moves forward: a head
that is not in order is an alarm, and is not remembered as the log's head.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tallystick.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    VerificationError,
)
from tallystick.verify.pins import Pins
from tallystick.verify.records import slot_of
from tallystick.watch.alarm import Alarm, AlarmError, AllClear, Kind, Subject
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.believing import (
    SignedCheckpoint,
    every_key,
    read_signed,
    require_witnesses,
)
from tallystick.watch.evidence import ProvenRecord
from tallystick.watch.http import NoAnswerError, Site
from tallystick.watch.key_change import (
    KeyChange,
    carried,
    changes_since,
    is_lost,
    learn,
    shown_statements,
    super_log_of,
    unrooted,
)
from tallystick.watch.log_head import EpochsOfLog, lost_entries
from tallystick.watch.monitor_state import Known, State, StateFile
from tallystick.watch.record_order import records_out_of_order
from tallystick.watch.rules import Rules
from tallystick.watch.super_log import Place, Reading, read_first, read_on, read_whole
from tallystick.watch.tiles import TiledLog
from tallystick.watch.webhook import Webhook

_SAVE_EVERY: Final = 64

Event = Alarm | AllClear | KeyChange
Progress = Callable[[int, int], None]
"""(epochs followed, in all)"""


@dataclass(slots=True)
class Monitor:
    """Looks at one log, again and again.

    Attributes:
        site: The server, with a key that may read the log.
        rules: What is demanded.
        file: Where the state lies; the caller holds it.
        book: Gives alarms.
        now: Seconds since 1970.
        webhook: Where messages go, or None.
        progress: Told of epochs while there are many.
        state: What is known; begins with what the file holds.
        stopped: Whether only people can go on: keys changed, and no root is pinned.
    """

    site: Site
    rules: Rules
    file: StateFile
    book: AlarmBook
    now: Callable[[], int]
    webhook: Webhook | None = None
    progress: Progress = lambda _done, _total: None
    state: State = field(init=False)
    stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.state = self.file.read(self.rules.log_hex, self.rules.pins)
        self._believe(self.state.believed(self.rules.pins))

    def look(self) -> set[Kind]:
        """Look once, and give the alarms that this calls for.

        Returns:
            The kinds of everything that was found wrong, also where its alarm was open already.
        """
        found: set[Kind] = set()
        for event in self._looked():
            before = self.state
            if isinstance(event, Alarm):
                found.add(event.kind)
                self.state = self.book.give(self.state, event)
            elif isinstance(event, KeyChange):
                self.state = self.book.tell_change(self.state, event)
            else:
                self.state = self.book.clear(self.state, event)
            if self.state is not before:
                self.file.write(self.state)
        self.deliver()
        return found

    def deliver(self) -> bool:
        """Try to hand over the messages that are due; tell whether none is left."""
        if self.webhook is None:
            return True
        kept = []
        for it in self.state.deliveries:
            left = self.webhook.send(it, self.now()) if it.due_s <= self.now() else it
            kept += [] if left is None else [left]
        if tuple(kept) != self.state.deliveries:
            self.state = replace(self.state, deliveries=tuple(kept))
            self.file.write(self.state)
        return not kept

    def _looked(self) -> Iterator[Event]:
        try:
            yield from self._followed()
        except NoAnswerError as error:
            yield Alarm(Kind.UNREACHABLE, Subject.SERVER, str(error))
            return
        except AlarmError as error:
            yield error.alarm
        except (ForbiddenError, MalformedError, NotFoundError, VerificationError) as error:
            yield Alarm(Kind.UNPROVEN, Subject.SERVER, f"no proof: {error}")
            return
        yield AllClear(Subject.SERVER)

    def _followed(self) -> Iterator[Event]:
        shown = TiledLog(self.site, "/v1/super").checkpoint()
        yield from self._learned(shown)
        signed = read_signed(shown, self.rules.keys)
        yield AllClear(Subject.SIGNATURE)
        log, known = super_log_of(self.site, signed.checkpoint.origin), self.state.known
        reading = None
        if known is None:
            reading = read_first(log, signed)
        elif known.is_of(signed):
            reading = read_on(log, known.signed, known.edge, signed)
        if reading is not None:
            yield AllClear(Subject.KEYS)
        try:
            require_witnesses(signed, self.rules.pins)
        except AlarmError as error:
            # Not believed, so not remembered: what comes with the quorum is compared with the
            # last checkpoint that had one.
            yield error.alarm
            if known is not None:
                yield self.rules.freshness(known.last, self.now())
            return
        yield AllClear(Subject.WITNESSES)
        if reading is None:
            yield from self._succession(signed)
            known = self.state.known
            if known is None or not known.is_of(signed):
                return
            yield AllClear(Subject.KEYS)
            reading = read_on(log, known.signed, known.edge, signed)
        places = list(reading.epochs())
        last = known.last if known and not places else reading.newest_epoch()
        yield self.rules.freshness(last, self.now())
        yield from self._epochs(reading, places if known else places[-1:])

    def _learned(self, shown: bytes) -> Iterator[Event]:
        """Follow the statements, where another super-log is shown than is pinned."""
        try:
            pins, changes = learn(self.site, self.rules.pins, shown)
        except AlarmError:
            self.stopped = self.rules.pins.root is None
            raise
        self._believe(pins)
        yield from changes

    def _believe(self, pins: Pins) -> None:
        self.rules = replace(self.rules, pins=pins)

    def _succession(self, signed: SignedCheckpoint) -> Iterator[Event]:
        """Follow the old super-log to its end and the next from its beginning, one after another.

        The newest checkpoint is witnessed; each super-log before it is held by the record that
        names its last note.
        """
        known, pins = self.state.known, self.rules.pins
        if known is None or pins.root is None:
            self.stopped = known is not None
            raise unrooted(signed.checkpoint.origin)
        since = known.signer(every_key(pins))
        for change in changes_since(pins.root, shown_statements(self.site), since):
            old, new = carried(self.site, change, signed)
            yield from self._to_the_end(super_log_of(self.site, since.name), old, change)
            since = change.statement.key
            if self.state.known is None or self.state.known.signed.text != old.text:
                return
            reading = read_whole(super_log_of(self.site, since.name), new)
            yield from self._recovered(reading, change)
            yield from self._epochs(reading, list(reading.epochs()))
            if new is signed or not self.state.known.is_of(new):
                return

    def _to_the_end(
        self, log: TiledLog, old: SignedCheckpoint, change: KeyChange
    ) -> Iterator[Event]:
        """Follow a super-log that another one follows to the last checkpoint that it has."""
        known = self.state.known
        if known is None:
            return
        seen = known.signed.checkpoint
        if not is_lost(seen, old.checkpoint, change):
            reading = read_on(log, known.signed, known.edge, old)
            yield from self._epochs(reading, list(reading.epochs()))
            return
        # What was seen behind this end is lost, as the root says: go on from what is left.
        reading = read_first(log, old)
        last = reading.newest_epoch()
        left = replace(known, signed=old, edge=reading.end, last=last, followed=last)
        self._remember(left, save=True)

    def _recovered(self, reading: Reading, change: KeyChange) -> Iterator[Event]:
        """Go on from the head that a recovery left of the log, and tell that entries are lost."""
        known = self.state.known
        if not change.is_recovery or known is None:
            return
        at = reading.first_epoch()
        if at.record.slots <= slot_of(known.head.origin):
            return
        head = EpochsOfLog(self.site, self.rules.log_hex).head(at, None)
        if head.origin == known.head.origin and head.size < known.head.size:
            yield lost_entries(known.head, head, change)
            self._remember(replace(known, head=head), save=True)

    def _epochs(self, reading: Reading, places: list[Place]) -> Iterator[Alarm | AllClear]:
        known = self.state.known
        strange = list(records_out_of_order(known, reading, places)) if known else []
        yield from strange
        if (yield from self._heads(reading, places)):
            self._finish(reading, places)
            if not strange:
                yield AllClear(Subject.SUPER_LOG)

    def _heads(
        self, reading: Reading, places: list[Place]
    ) -> Generator[Alarm | AllClear, None, bool]:
        """Follow each epoch; stop at one whose head is not proven, to ask for it again."""
        for done, place in enumerate(places):
            self.progress(done, len(places))
            known = self.state.known
            if known is not None and place.record.epoch <= known.followed.record.epoch:
                continue
            at = reading.prove(place)
            try:
                grown = self._with_head(known, at, reading)
            except AlarmError as error:
                yield error.alarm
                if known is None or error.alarm.kind is Kind.UNPROVEN:
                    return False
                grown = replace(known, followed=at)
            else:
                yield AllClear(Subject.LOG)
            self._remember(grown, save=done % _SAVE_EVERY == _SAVE_EVERY - 1)
        self.progress(len(places), len(places))
        return True

    def _with_head(self, known: Known | None, at: ProvenRecord, reading: Reading) -> Known:
        epochs = EpochsOfLog(self.site, self.rules.log_hex)
        if known is not None:
            return replace(known, followed=at, head=epochs.head(at, known.head))
        head = epochs.head(at, None)
        self.rules.require_origin(head, reading.signed.checkpoint.origin)
        return Known(reading.signed, reading.end, at, at, head)

    def _finish(self, reading: Reading, places: list[Place]) -> None:
        known = self.state.known
        if known is not None:
            last = reading.prove(places[-1]) if places else known.last
            grown = replace(known, signed=reading.signed, edge=reading.end, last=last)
            self._remember(grown, save=True)

    def _remember(self, known: Known, *, save: bool) -> None:
        if known != self.state.known:
            self.state = replace(self.state, known=known)
        if save:
            self.file.write(self.state)


def evidence_folder(state: Path) -> Path:
    """Return where the evidence of a monitor lies whose state is in that file."""
    return state.with_name(f"{state.name}.evidence")
