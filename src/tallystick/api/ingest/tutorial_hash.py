"""What the hash in a tutorial's log line is worth; :mod:`tutorial_log` states the rule."""

import json
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Final

from tallystick.api.ingest.tutorial_line import (
    ACTIONS,
    PREVIOUS,
    RESOURCES,
    TIMES,
    USERS,
    Line,
)

OF_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of empty input."""

_JOINED: Final = ("", " ", "|", ":", ",", "-", "_", ";", " | ", ", ", " - ")
_FIRST: Final = ("0" * 64, "", "0", "GENESIS", "genesis")
"""What logs that are chained put before their first line."""


class HashVerdict(StrEnum):
    """What a line's hash is worth."""

    MATCHES = "matches"
    WRONG = "wrong"
    OF_NOTHING = "of nothing"
    ABSENT = "absent"


def judge(line: Line, previous: str | None) -> tuple[HashVerdict, str]:
    """Recompute the hash of a line.

    Args:
        line: The line.
        previous: The hash of the line before; None for the first.

    Returns:
        The verdict, and of what it is the hash or what is wrong.
    """
    if line.hash is None:
        return HashVerdict.ABSENT, "no hash"
    if line.hash == OF_NOTHING:
        return HashVerdict.OF_NOTHING, "the SHA-256 of empty input, which protects nothing"
    broken = _broken_chain(line, previous)
    firsts = _FIRST if previous is None else (previous,)
    for text, what in _forms(line):
        if _hashed(text) == line.hash:
            return (HashVerdict.WRONG, broken) if broken else (HashVerdict.MATCHES, what)
        for before in firsts:
            for joint in _JOINED:
                if line.hash in (
                    _hashed(f"{before}{joint}{text}"),
                    _hashed(f"{text}{joint}{before}"),
                ):
                    return HashVerdict.MATCHES, f"{what}, chained to the line before"
    return HashVerdict.WRONG, broken or "not the SHA-256 of any form of this line"


def _broken_chain(line: Line, previous: str | None) -> str:
    told = line.told(PREVIOUS)
    if told is None or previous is None:
        return ""
    return "" if str(told[1]).lower() == previous else "the previous hash is not the line before's"


def _forms(line: Line) -> Iterator[tuple[str, str]]:
    for text in line.without_hash:
        yield text, "the line without its hash"
    if line.is_json:
        yield from _objects(line)
    yield from _values(line)


def _objects(line: Line) -> Iterator[tuple[str, str]]:
    rest = {name: value for name, value in line.members.items() if name != line.hash_name}
    for is_sorted in (True, False):
        order = "sorted" if is_sorted else "as they stand"
        for separators in ((", ", ": "), (",", ":")):
            for ascii_only in (True, False):
                text = json.dumps(
                    rest, sort_keys=is_sorted, separators=separators, ensure_ascii=ascii_only
                )
                yield text, f"the JSON without the hash, names {order}"
    yield str(rest), "the dict without the hash, as str writes it"


def _values(line: Line) -> Iterator[tuple[str, str]]:
    told = [line.told(names) for names in (USERS, ACTIONS, RESOURCES)]
    values = [str(one[1]) for one in told if one is not None]
    if not values:
        return
    time = line.told(TIMES)
    moment = line.time or (str(time[1]) if time else "")
    orders = [values] + ([[moment, *values], [*values, moment]] if moment else [])
    for order in orders:
        for joint in _JOINED:
            yield joint.join(order), "the values one after another"


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
