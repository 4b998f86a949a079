"""What Lucene's syntax allows and the parser of it doesn't know, rewritten so that it does.

``&&``, ``||`` and ``!`` become words; the colons of times and of IPv6 addresses are escaped, and
so is an apostrophe with which a term begins.
"""

import re
from bisect import bisect_right
from typing import Final

_PIECE: Final = re.compile(
    r"""
      \\. | "(?:[^"\\]|\\.)*" | (?<![^\s:(])/(?:[^/\\]|\\.)*/   # stays as it is
    | (?P<and>&&) | (?P<or>\|\|) | (?P<not>(?<![^\s(:+-])!(?=\S))
    | (?P<apostrophe>(?<![^\s(:+\-!\[{<>=])')
    | (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)
    | (?P<address>(?<=:)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![^\s)/]))
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_OPERATORS: Final = {"and": " AND ", "or": " OR ", "not": "NOT ", "apostrophe": r"\'"}


class Rewritten:
    """A line as the parser takes it, with the way back to the columns of what was typed.

    Attributes:
        text: The line to parse.
    """

    def __init__(self, line: str) -> None:
        self._starts = [0]
        self._shifts = [0]
        parts: list[str] = []
        length = 0
        position = 0
        for piece in _PIECE.finditer(line):
            kind = piece.lastgroup
            if kind is None:
                continue
            between = line[position : piece.start()]
            put = _OPERATORS.get(kind) or piece[0].replace(":", r"\:")
            parts += (between, put)
            length += len(between) + len(put)
            position = piece.end()
            self._starts.append(length)
            self._shifts.append(length - position)
        self.text = "".join((*parts, line[position:]))

    def column(self, position: int) -> int:
        """Return the column, from 1, of what stands at a position of the rewritten text."""
        return position - self._shifts[bisect_right(self._starts, position) - 1] + 1
