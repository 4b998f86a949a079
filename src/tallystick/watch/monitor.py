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
from tallystick.watch.alarm import Alarm, AlarmError, AllClear, Kind, Subject
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.believing import SignedCheckpoint, read_signed, require_witnesses
from tallystick.watch.evidence import ProvenRecord
from tallystick.watch.extension import compare_sizes
from tallystick.watch.http import NoAnswerError, Site
from tallystick.watch.log_head import EpochsOfLog
from tallystick.watch.monitor_state import Known, State, StateFile
from tallystick.watch.record_order import records_out_of_order
from tallystick.watch.rules import Rules
from tallystick.watch.super_log import Place, Reading, read_first, read_on
from tallystick.watch.tiles import TiledLog
from tallystick.watch.webhook import Webhook

_SAVE_EVERY: Final = 64

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
    """

    site: Site
    rules: Rules
    file: StateFile
    book: AlarmBook
    now: Callable[[], int]
    webhook: Webhook | None = None
    progress: Progress = lambda _done, _total: None
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.file.read(self.rules.log_hex, self.rules.keys)

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
        for delivery in self.state.deliveries:
            due = delivery.due_s <= self.now()
            left = self.webhook.send(delivery, self.now()) if due else delivery
            kept += [] if left is None else [left]
        if tuple(kept) != self.state.deliveries:
            self.state = replace(self.state, deliveries=tuple(kept))
            self.file.write(self.state)
        return not kept

    def _looked(self) -> Iterator[Alarm | AllClear]:
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

    def _followed(self) -> Iterator[Alarm | AllClear]:
        log, known = TiledLog(self.site, "/v1/super"), self.state.known
        signed = read_signed(log.checkpoint(), self.rules.keys)
        yield AllClear(Subject.SIGNATURE)
        reading = _read(log, known, signed)
        try:
            require_witnesses(signed, self.rules.pins)
        except AlarmError as error:
            # Not believed, so not remembered: what comes with the quorum is compared with the
            # last checkpoint that had one.
            yield error.alarm
            if known is not None:
                yield self._freshness(known.last)
            return
        yield AllClear(Subject.WITNESSES)
        places = list(reading.epochs())
        if known is None and not places:
            text = "the last records of the super-log hold no epoch, want one"
            raise AlarmError(Alarm(Kind.UNPROVEN, Subject.SUPER_LOG, text))
        if places:
            yield self._freshness(reading.prove(places[-1]))
        elif known is not None:
            yield self._freshness(known.last)
        yield from self._epochs(reading, places if known else places[-1:])

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

    def _freshness(self, newest: ProvenRecord) -> Alarm | AllClear:
        record = newest.record
        age_s = self.now() - record.time_s
        # An epoch dated ahead would stay fresh for as long as its maker likes.
        if abs(age_s) <= self.rules.max_age_s:
            return AllClear(Subject.TIME)
        text = f"epoch {record.epoch:,} is dated {abs(age_s):,} s {'ago' if age_s > 0 else 'ahead'}"
        text += f", want at most {self.rules.max_age_s:,} s"
        return Alarm(Kind.STALE, Subject.TIME, text, record.epoch)


def evidence_folder(state: Path) -> Path:
    """Return where the evidence of a monitor lies whose state is in that file."""
    return state.with_name(f"{state.name}.evidence")


def _read(log: TiledLog, known: Known | None, signed: SignedCheckpoint) -> Reading:
    if known is None:
        return read_first(log, signed)
    if signed.checkpoint.origin != known.signed.checkpoint.origin:
        text = f"super-log {signed.checkpoint.origin}, want {known.signed.checkpoint.origin}"
        evidence = {"seen.note": known.signed.text.encode(), "shown.note": signed.text.encode()}
        raise AlarmError(Alarm(Kind.WRONG_KEY, Subject.SIGNATURE, text, evidence=evidence))
    compare_sizes(known.signed, signed)
    if signed.checkpoint == known.signed.checkpoint:
        return Reading(signed, known.edge, (), known.edge)
    return read_on(log, known.signed, known.edge, signed)
