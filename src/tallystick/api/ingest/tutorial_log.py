r"""Lines of an ``audit.log`` as tutorials on Python teach to write it.

They call a function such as ``log_action(user_id, action, resource)``, which writes a line with
``logging`` and puts a SHA-256 into it. Such a hash shows that a line was damaged by accident; who
changes a line on purpose computes it anew, and a line that is missing leaves no mark.

The rule by which a line is read:

1. **Time and level** stand in front (``2025-01-31 09:30:00,123 - INFO - …``, with the logger's
   name or without, in brackets or without) or in a member called ``timestamp``, ``time``,
   ``ts``, ``date``, ``datetime``, ``asctime`` or ``created_at``. A time without an offset is read
   as UTC, and the event's metadata say so.
2. **The rest** is a JSON object; or ``name=value`` or ``Name: value`` pairs; or parts between
   ``|``: [time |] user | action | resource [| hash]; or ``User 42 performed DELETE on
   document/17``. A time and an action are needed, or there is no event.
3. **The hash** is 64 hex digits at the end, or in a member called ``hash``, ``sha256``,
   ``checksum``, ``log_hash``, ``entry_hash``, ``integrity_hash``, ``record_hash`` or
   ``signature``. It *matches* when it is the SHA-256 of one of these, in UTF-8:

   * the line without the hash, its label and what separates them, with and without the time
     and level in front;
   * the JSON object without the hash, as ``json.dumps`` writes it (its names sorted or as they
     stand, with spaces or without, with ``\u`` escapes or without), or as ``str`` writes it;
   * the values of user, action and resource, with the time in front, behind or absent, joined
     by nothing, a blank or one of ``| : , - _ ;``;
   * any of these with the hash of the line before in front or behind, joined by the same.

   Where the object holds the previous hash itself (``prev_hash``, ``previous_hash``, ``prev``),
   it must also be that of the line before. Else the hash is *wrong*, unless it is
   e3b0c442…b855, the SHA-256 of empty input, which protects nothing at all.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from tallystick.api.ingest.foreign_values import HIDDEN
from tallystick.api.ingest.tutorial_event import event_of
from tallystick.api.ingest.tutorial_hash import HashVerdict, judge
from tallystick.api.ingest.tutorial_line import Line, parse_line
from tallystick.errors import MalformedError

MAX_LINE: Final = 1_048_576
"""Longest line that is read, in bytes."""


class Judged(NamedTuple):
    """One line of the log.

    Attributes:
        number: From 1.
        verdict: What its hash is worth.
        how: Of what the hash is the SHA-256, or what is wrong with it.
        event: The line as an event in the form that ``POST /v1/events`` takes, or why there is
            none.
    """

    number: int
    verdict: HashVerdict
    how: str
    event: "dict[str, object] | MalformedError"


def read_tutorial_log(lines: Iterable[bytes], source: str = "audit.log") -> Iterator[Judged]:
    """Read the lines, recompute each one's hash, and make events of them.

    Args:
        lines: With or without their ends. Lines of white space are counted and left out.
        source: Name of the log. With number and hash of the line it makes the event's
            ``external_id``, so that a second import of the same file finds it again.

    Yields:
        Each line in order.
    """
    previous: str | None = None
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        line = _parsed(raw, number)
        if isinstance(line, MalformedError):
            yield Judged(number, HashVerdict.ABSENT, "no line that can be read", line)
            continue
        verdict, how = judge(line, previous)
        yield Judged(number, verdict, how, _event(line, raw, (source, number), verdict))
        previous = line.hash or previous


def _parsed(raw: bytes, number: int) -> Line | MalformedError:
    if len(raw) > MAX_LINE:
        return MalformedError(f"line {number}: {len(raw):,} bytes, want at most {MAX_LINE:,}")
    try:
        text = raw.decode().strip("\r\n")
    except UnicodeDecodeError:
        return MalformedError(f"line {number}: bytes that are no UTF-8, want UTF-8")
    return parse_line(text)


def _event(
    line: Line, raw: bytes, place: tuple[str, int], verdict: HashVerdict
) -> dict[str, object] | MalformedError:
    source, number = place
    name = HIDDEN.sub("?", source)[-400:]
    try:
        event = event_of(line)
    except MalformedError as error:
        return MalformedError(f"line {number}: {error}")
    event["external_id"] = f"{name}:{number}:{sha256(raw.strip()).hexdigest()}"
    event["metadata"]["hash_verdict"] = str(verdict)
    return {**event}
