"""Which alarms are open: each is given once, with its evidence, and taken back once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from tallystick.verify.telling import time_line
from tallystick.watch.alarm import Alarm, AllClear
from tallystick.watch.delivery import Delivery
from tallystick.watch.durably import sync_folder, write_durably
from tallystick.watch.key_change import KeyChange
from tallystick.watch.monitor_state import OpenAlarm, State

Tell = Callable[[Mapping[str, object], str], None]
"""Writes one line of the log: as members and as a text."""

_MOST_DELIVERIES: Final = 1_000


@dataclass(frozen=True, slots=True)
class AlarmBook:
    """Gives alarms and takes them back.

    Attributes:
        folder: Where evidence is kept, a folder for each alarm.
        tell: Writes the monitor's log.
        now: Seconds since 1970.
        messages: Whether a message is queued for each.
    """

    folder: Path
    tell: Tell
    now: Callable[[], int]
    messages: bool = False

    def give(self, state: State, alarm: Alarm) -> State:
        """Give an alarm, unless it is open: evidence first, then the line, then the message.

        Who stops in between gives it again the next time; the message's id is then the same.
        """
        for known in state.alarms:
            if (known.kind, known.subject) == (alarm.kind, alarm.subject):
                return state
        opened = OpenAlarm(str(alarm.kind), str(alarm.subject), alarm.what, self.now())
        members: dict[str, object] = {
            "event": "alarm",
            "time": time_line(opened.since_s),
            "log": state.log_hex,
            "kind": opened.kind,
            "subject": opened.subject,
            "epoch": alarm.epoch,
            "what": alarm.what,
        }
        members["evidence"] = self._keep(members, alarm)
        self.tell(members, f"ALARM  {opened.kind:<11}  {opened.subject}: {alarm.what}")
        # Its name comes from what is wrong, not from when that was noticed.
        name = f"{state.log_hex} {opened.kind} {opened.subject} {alarm.what}"
        return self._queue(
            replace(state, alarms=(*state.alarms, opened)), "monitor.alarm.given", members, name
        )

    def clear(self, state: State, clear: AllClear) -> State:
        """Take back every alarm about a subject."""
        closed = [alarm for alarm in state.alarms if alarm.subject == clear.subject]
        for alarm in closed:
            now_s = self.now()
            members: dict[str, object] = {
                "event": "cleared",
                "time": time_line(now_s),
                "log": state.log_hex,
                "kind": alarm.kind,
                "subject": alarm.subject,
                "since": time_line(alarm.since_s),
            }
            self.tell(
                members,
                f"clear  {alarm.kind:<11}  {alarm.subject}: in order again,"
                f" after an alarm at {time_line(alarm.since_s)}",
            )
            kept = tuple(other for other in state.alarms if other is not alarm)
            name = f"{state.log_hex} {alarm.kind} {alarm.subject} {alarm.since_s}"
            state = self._queue(replace(state, alarms=kept), "monitor.alarm.cleared", members, name)
        return state

    def tell_change(self, state: State, change: KeyChange) -> State:
        """Tell that the root's statement of a change of keys is followed, and remember it."""
        members: dict[str, object] = {
            "event": "keys-changed",
            "time": time_line(self.now()),
            "log": state.log_hex,
            **change.members(),
        }
        self.tell(members, f"keys   {'; '.join(change.lines)}")
        grown = replace(state, statements=(*state.statements, change.note))
        return self._queue(grown, "monitor.keys.changed", members, f"{state.log_hex} {change.note}")

    def _keep(self, members: Mapping[str, object], alarm: Alarm) -> str:
        """Write what the alarm rests on into a folder of its own, and return the folder's name."""
        epoch = "" if alarm.epoch is None else f"-epoch-{alarm.epoch}"
        time = str(members["time"]).replace(":", "")
        place = self.folder / f"{time}-{alarm.kind}-{alarm.subject}{epoch}"
        place.mkdir(parents=True, exist_ok=True)
        for name, data in alarm.evidence.items():
            write_durably(place / name, data)
        write_durably(place / "alarm.json", (json.dumps(members, indent=1) + "\n").encode())
        sync_folder(self.folder)
        return place.name

    def _queue(self, state: State, kind: str, members: Mapping[str, object], name: str) -> State:
        if not self.messages:
            return state
        data = {key: value for key, value in members.items() if key not in {"event", "time"}}
        body = json.dumps({"type": kind, "timestamp": members["time"], "data": data})
        message = f"msg_{sha256(f'{kind} {name}'.encode()).hexdigest()[:32]}"
        delivery = Delivery(message, body, 0, self.now())
        return replace(state, deliveries=(*state.deliveries, delivery)[-_MOST_DELIVERIES:])
