"""``monitor``: a tenant or auditor follows every epoch, and hears of what is not in order."""

from pathlib import Path
from time import sleep
from typing import Annotated, Final

import typer

from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.cli.watching import end, line_writer, now_s, read_pins, site_of
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import Kind
from tallystick.watch.alarm_book import AlarmBook
from tallystick.watch.monitor import Monitor, evidence_folder
from tallystick.watch.monitor_state import StateFile
from tallystick.watch.rules import MAX_AGE_S, Rules
from tallystick.watch.webhook import Webhook, read_secret

_LAST_PAUSES_S: Final = (5, 10)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("monitor")(monitor)


def monitor(
    context: typer.Context,
    log: Annotated[str, typer.Option(help="The log: 32 hex digits.")],
    pins: Annotated[Path, typer.Option(help="What to believe: a file of `pins`.")],
    state: Annotated[Path, typer.Option(help="File that keeps what was seen.")],
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Seconds between two looks.")] = 10,
    max_age: Annotated[
        int | None,
        typer.Option(min=1, help="Greatest age of an epoch; else as pinned, else 900 s."),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where alarms and changes of keys are sent, too."),
    ] = None,
    webhook_secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret that signs them: whsec_….")
    ] = None,
) -> None:
    """Follow every epoch of a server and one log in them; alarm on fork, truncation, staleness.

    The exit code is that of the worst alarm. Evidence lies in a folder beside the state.
    """
    session: Session = context.obj
    rules = _rules(log, read_pins(pins), max_age)
    receiver = _receiver(webhook, webhook_secret_file)
    file = StateFile(state)
    book = AlarmBook(evidence_folder(state), line_writer(session), now_s, webhook is not None)
    with file.held(), session.progress("epochs") as told:
        observer = Monitor(site_of(session), rules, file, book, now_s, receiver, told)
        found: set[Kind] = set()
        if once:
            found = observer.look()
            _hand_over(session, observer)
            found |= {Kind(alarm.kind) for alarm in observer.state.alarms}
            _tell_outcome(session, observer, found)
        else:
            _look_for_ever(observer, every, found)
    raise end(found)


def _rules(log: str, pins: Pins, max_age: int | None) -> Rules:
    return Rules(log, pins, max_age or pins.max_age_s or MAX_AGE_S)


def _receiver(url: str | None, secret_file: Path | None) -> Webhook | None:
    if url is None and secret_file is None:
        return None
    if url is None or secret_file is None:
        raise UsageError("monitor: one of --webhook and --webhook-secret-file, want both")
    return Webhook(url, read_secret(secret_file.read_text("utf-8")))


def _look_for_ever(observer: Monitor, every: int, found: set[Kind]) -> None:
    """Go on until Ctrl-C; what was found until then decides the exit code."""
    try:
        while True:
            found |= observer.look()
            if observer.stopped:
                return
            sleep(every)
    except KeyboardInterrupt:
        if not found:
            raise


def _hand_over(session: Session, observer: Monitor) -> None:
    """Try for a little while to get rid of messages; the rest waits in the state."""
    for pause_s in _LAST_PAUSES_S:
        if not observer.state.deliveries:
            return
        sleep(pause_s)
        observer.deliver()
    if left := len(observer.state.deliveries):
        session.note(f"webhook: {left:,} messages not taken; they are tried again the next time")


def _tell_outcome(session: Session, observer: Monitor, found: set[Kind]) -> None:
    known = observer.state.known
    members: dict[str, object] = {
        "event": "looked",
        "log": observer.state.log_hex,
        "epoch": None if known is None else known.followed.record.epoch,
        "size": None if known is None else known.head.size,
        "found": sorted(found),
    }
    if known is None:
        text = "nothing is known yet"
    else:
        text = f"epoch {known.followed.record.epoch:,}, log of {known.head.size:,} entries"
    wrong = ", ".join(sorted(found))
    session.tell(members, [f"not in order: {wrong}; {text}" if wrong else f"in order: {text}"])
