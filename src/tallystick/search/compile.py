"""From a question to the engine's SQL.

A statement is made of fixed text and of the columns' names; whatever an asker wrote is bound. The
tenant's condition and the one that hides what was erased are added last, around what was asked.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search.columns import Column, Sight, column_of
from tallystick.search.conditions import moment
from tallystick.search.fields import TEXT, find_field
from tallystick.search.keyset import behind, key_of, order
from tallystick.search.matching import condition
from tallystick.search.query import Search
from tallystick.search.streams import streams_of

TABLE: Final = "events"
MAX_SQL: Final = 200_000
"""Characters of a statement; the engine itself stops at 262,144."""
REF_DIGITS: Final = 32
SHOWN: Final = ("slot", "index")
"""What is read of an event beside its id and what it is sorted by: where the ledger has it."""


class Statement(NamedTuple):
    """A SELECT, and what it binds by name."""

    sql: str
    parameters: dict[str, Any]


class Compiler:
    """Compiles one question; each statement that it returns binds its own values.

    Args:
        search: What is asked.
        sight: What the asker may see, and of which tenant.
        table: Name of the events table.
    """

    def __init__(self, search: Search, sight: Sight, table: str = TABLE) -> None:
        self._search = search
        self._streams = streams_of(search.filter)
        self._sight = sight
        self._table = table
        self._parameters: dict[str, Any] = {}
        self._numbers = count()

    def events(self) -> Statement:
        """Select the events: the values of each sort, ``id`` as text, and :data:`SHOWN`.

        There is one row more than was asked for if there are more.
        """
        self._begin()
        keys = [key_of(sort, self._column(sort.field)) for sort in self._search.sort]
        shown = [f"{key.shown} AS k{number}" for number, key in enumerate(keys)]
        columns = ", ".join((*shown, "UUIDNumToString(id) AS shown_id", *map("`{}`".format, SHOWN)))
        further = behind(keys, self._search.after, self._bind)
        limit = self._bind(self._search.limit + 1, "UInt64")
        skip = self._bind(self._search.skip, "UInt64")
        by_time = [sort.field for sort in self._search.sort] == ["occurred_at"]
        if not by_time or len(self._streams.names or ()) < 2:  # noqa: PLR2004 (one needs no union)
            return self._statement(
                f"SELECT {columns} FROM {{table:Identifier}} WHERE {self._where(further)}"  # noqa: S608
                f" ORDER BY {order(keys)} LIMIT {limit} OFFSET {skip}"
            )
        direction = "DESC" if self._search.sort[0].descending else "ASC"
        parts = self._each_stream(
            f"SELECT {columns} FROM {{table:Identifier}} WHERE",  # noqa: S608
            further,
            f"ORDER BY {order(keys)} LIMIT {limit} + {skip}",
        )
        return self._statement(
            f"SELECT * FROM ({parts})"  # noqa: S608
            f" ORDER BY k0 {direction}, shown_id {direction}"
            f" LIMIT {limit} OFFSET {skip}"
        )

    def total(self) -> Statement:
        """Count the events, to no more than what was asked for."""
        self._begin()
        if self._search.count is True:
            parts = self._each_stream("SELECT count() AS n FROM {table:Identifier} WHERE")
            return self._statement(f"SELECT sum(n) FROM ({parts})")  # noqa: S608
        most = self._bind(int(self._search.count), "UInt64")
        parts = self._each_stream("SELECT 1 FROM {table:Identifier} WHERE", "", f"LIMIT {most}")
        return self._statement(f"SELECT count() FROM (SELECT 1 FROM ({parts}) LIMIT {most})")  # noqa: S608

    def _each_stream(self, before: str, further: str = "", behind_it: str = "") -> str:
        """Write one SELECT for each stream: the table is sorted by time within each.

        The engine then reads it in order, and stops at the limit.
        """
        if not self._streams.names:
            return f"{before} {self._where(further)} {behind_it}"
        where = self._where(further, streams=False)
        return " UNION ALL ".join(
            f"({before} {where} AND stream = '{name}' {behind_it})" for name in self._streams.names
        )

    def top_values(self, name: str, size: int) -> Statement:
        """Select the commonest values of a field, each with the number of events that have it.

        Raises:
            MalformedError: The field has no values that could be counted.
        """
        self._begin()
        values, where = self._values(name), self._where()
        most = self._bind(size, "UInt64")
        return self._statement(
            f"SELECT v, count() AS events FROM (SELECT arrayJoin({values}) AS v"  # noqa: S608
            f" FROM {{table:Identifier}} WHERE {where})"
            f" GROUP BY v ORDER BY events DESC, v ASC LIMIT {most}"
        )

    def distinct(self, name: str) -> Statement:
        """Count the different values of a field, exactly.

        Raises:
            MalformedError: As of :meth:`top_values`.
        """
        self._begin()
        values, where = self._values(name), self._where()
        return self._statement(
            f"SELECT uniqExactArray({values}) FROM {{table:Identifier}} WHERE {where}"  # noqa: S608
        )

    def extent(self) -> Statement:
        """Select how many events there are, the first time and the last one, in microseconds."""
        self._begin()
        first, last = (f"toUnixTimestamp64Micro({f}(occurred_at))" for f in ("min", "max"))
        return self._statement(
            f"SELECT count(), {first}, {last} FROM {{table:Identifier}} WHERE {self._where()}"  # noqa: S608
        )

    def histogram(self, edges: Sequence[int]) -> Statement:
        """Count the events from each edge to the next one; those without events are left out.

        Args:
            edges: Microseconds since 1970, rising; no event lies before the first one.
        """
        self._begin()
        where = self._where()
        bound = self._bind(list(edges), "Array(Int64)")
        return self._statement(
            f"SELECT roundDown(toUnixTimestamp64Micro(occurred_at), {bound}) AS edge, count()"  # noqa: S608
            f" FROM {{table:Identifier}} WHERE {where} GROUP BY edge ORDER BY edge"
        )

    def _values(self, name: str) -> str:
        column = self._column(name)
        match column.shape:
            case "text" if column.field.name != TEXT:
                return f"if({column.sql} = '', [], [toString({column.sql})])"
            case "integer":
                return f"if(isNull({column.sql}), [], [assumeNotNull({column.sql})])"
            case "texts" | "any":
                values = f"arrayMap(v -> toString(v), {column.sql})"
                return f"arrayDistinct(arrayFilter(v -> v != '', {values}))"
            case _:
                raise MalformedError(f"field {name!r}: its values can't be counted, want another")

    def _begin(self) -> None:
        self._parameters = {}
        self._numbers = count()

    def _statement(self, sql: str) -> Statement:
        if len(sql) > MAX_SQL:
            raise MalformedError("query: too large, want fewer filters or fields")
        return Statement(sql, {**self._parameters, "table": self._table})

    def _bind(self, value: object, kind: str) -> str:
        name = f"p{next(self._numbers)}"
        self._parameters[name] = value
        return f"{{{name}:{kind}}}"

    def _column(self, name: str) -> Column:
        return column_of(find_field(name), self._sight, self._bind)

    def _where(self, further: str = "", *, streams: bool = True) -> str:
        """Write what an event must be like; what the sight adds stands around all else."""
        wanted = condition(self._streams.rest, self._column, self._bind)
        of = self._in_streams() if streams else ""
        asked = " AND ".join(filter(None, (wanted, of, *self._times(), further)))
        seen = self._hidden()
        tenant = self._bind(self._sight.tenant, "UInt32")
        return f"({asked}){seen} AND tenant = {tenant}"

    def _in_streams(self) -> str:
        """Write in which streams an event may be."""
        if self._streams.names is None:
            return ""
        named = [f"stream = '{name}'" for name in self._streams.names]
        return f"({' OR '.join(named) or '0'})"

    def _times(self) -> Iterator[str]:
        for sign, at in ((">=", self._search.since), ("<", self._search.until)):
            if at is not None:
                yield f"occurred_at {sign} {moment(at, self._bind)}"

    def _hidden(self) -> str:
        """Write which rows may hold something of what was erased since they were built."""
        refs = [name for name in self._sight.erased if len(name) == REF_DIGITS]
        ids = [name[REF_DIGITS:] for name in self._sight.erased if len(name) > REF_DIGITS]
        held = []
        for column, names in (("subject_refs", refs), ("[id]", ids)):
            if names:
                bound = self._bind(names, "Array(String)")
                held.append(
                    f"hasAny({column}, arrayMap(x -> toFixedString(unhex(x), 16), {bound}))"
                )
        if not held:
            return ""
        erasures = self._bind(self._sight.erasures, "UInt32")
        return f" AND NOT (erasures < {erasures} AND ({' OR '.join(held)}))"
