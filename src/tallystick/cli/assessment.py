"""An honest report on the logs that somebody has now.

It says what they tell, what they give away, and what would show that they were changed.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final, cast

from tallystick.api.ingest.files import read_lines
from tallystick.api.ingest.tutorial_hash import HashVerdict, judge
from tallystick.api.ingest.tutorial_line import HASHES, PREVIOUS, Line, parse_line
from tallystick.api.ingest.unpacking import DEFAULT, Limits
from tallystick.cli.advice import advise
from tallystick.cli.assessment_result import SHOWN, Assessment
from tallystick.cli.exposures import Exposures
from tallystick.cli.told_fields import read_fields
from tallystick.errors import MalformedError
from tallystick.events.canonical import decode

__all__ = ["MAX_IDS", "Assessment", "Progress", "assess", "assess_lines"]

MAX_IDS: Final = 2_000_000
"""Ids that are kept in memory to find duplicates; later ones are only looked up."""

_SEPARATORS: Final = str.maketrans("", "", "_- ")
_CHAINED: Final = frozenset(name.translate(_SEPARATORS) for name in PREVIOUS)
_HASHED: Final = frozenset(name.translate(_SEPARATORS) for name in HASHES)
Progress = Callable[[int, int], None]


def assess(
    paths: Iterable[Path], progress: Progress | None = None, limits: Limits = DEFAULT
) -> Assessment:
    """Assess logs of any kind: JSON, JSON lines, CloudTrail, tutorials' audit.log, plain text.

    Args:
        paths: Files and folders, as :func:`files.read_lines` takes them.
        progress: Is told bytes read and bytes in all, of the path that is being read.
        limits: How much a file may unpack to.

    Raises:
        NotFoundError: There is no such file or folder.
    """
    desk = _Desk()
    for path in paths:
        for where, text, read, total in read_lines(path, limits):
            desk.add(where, text)
            if progress is not None:
                progress(read, total)
    return desk.assessed()


def assess_lines(lines: Iterable[tuple[str, bytes | MalformedError]]) -> Assessment:
    """Assess lines that are there already, each with its place, ``file:line``."""
    desk = _Desk()
    for where, text in lines:
        desk.add(where, text)
    return desk.assessed()


class _Desk:
    """Where lines are looked at, one after another."""

    def __init__(self) -> None:
        self._found = Assessment()
        self._exposures = Exposures()
        self._ids: set[bytes] = set()
        self._previous: dict[str, str] = {}

    def add(self, where: str, text: bytes | MalformedError) -> None:
        """Look at one line."""
        found = self._found
        if isinstance(text, MalformedError):
            found.unreadable += 1
            if len(found.errors) < SHOWN:
                found.errors.append(str(text))
            return
        found.lines += 1
        shown = text.decode(errors="replace")
        line = parse_line(shown)
        record = _object(text) or (line.members if line.is_json else None)
        told = read_fields(record, line)
        found.kinds[told.kind] = found.kinds.get(told.kind, 0) + 1
        for asked in told.answers:
            found.answered[asked] += 1
        self._exposures.look(where, shown)
        found.order.add(where, told.moment)
        self._identify(where, told.identity)
        self._check(where, record, line)

    def assessed(self) -> Assessment:
        """Return what was found, with advice."""
        self._found.exposures = list(self._exposures)
        self._found.advice = list(advise(self._found))
        return self._found

    def _identify(self, where: str, identity: str | None) -> None:
        if identity is None:
            return
        found = self._found
        found.identified += 1
        short = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if short in self._ids:
            found.duplicates += 1
            if len(found.duplicate_places) < SHOWN:
                found.duplicate_places.append(where)
        elif len(self._ids) < MAX_IDS:
            self._ids.add(short)

    def _check(self, where: str, record: Mapping[str, object] | None, line: Line) -> None:
        integrity = self._found.integrity
        names = {name.lower().translate(_SEPARATORS) for name in record or line.members}
        is_hashed = line.hash is not None or bool(names & _HASHED)
        integrity.hashed += is_hashed
        integrity.chained += is_hashed and bool(names & _CHAINED)
        if line.hash is None:
            return
        file = where.rpartition(":")[0]
        verdict, how = judge(line, self._previous.get(file))
        self._previous[file] = line.hash
        if verdict is HashVerdict.MATCHES and "chained" in how:
            integrity.chained += 1
        integrity.verdicts[verdict] = integrity.verdicts.get(verdict, 0) + 1
        if verdict is HashVerdict.WRONG and len(integrity.wrong) < SHOWN:
            integrity.wrong.append(where)


def _object(text: bytes) -> dict[str, object] | None:
    if not text.lstrip().startswith(b"{"):
        return None
    try:
        value = decode(text)
    except MalformedError:
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None
