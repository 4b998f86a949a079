"""An engine that keeps its tables in a dict, and honours tokens, for tests of who writes to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from tallystick.search.ports import Answer, Columns, EngineAwayError, Question, RefusedError, Row
from tallystick.search.table import SCHEMA, STATEMENTS

EventRow = dict[str, Any]


class FakeTable:
    """Rows, and the tokens of the inserts that they came by."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.rows: list[EventRow] = []
        self.tokens: set[str] = set()


class FakeEngine:
    """An :class:`~tallystick.search.ports.Engine`.

    Attributes:
        tables: By name.
        inserts: The (table, token, rows) of every insert that was asked for.
        before: Called with what is about to be done (``insert``, ``execute``), may raise.
        after: Called when it is done, may raise.
        poison: Event ids that the engine refuses.
        old_parts: Files that it has not removed yet.
    """

    def __init__(self) -> None:
        self.tables: dict[str, FakeTable] = {}
        self.inserts: list[tuple[str, str, int]] = []
        self.before: Callable[[str], None] = lambda _what: None
        self.after: Callable[[str], None] = lambda _what: None
        self.poison: set[bytes] = set()
        self.old_parts: set[str] = set()
        self._numbers = count(1)
        self._names = {str(text): name for name, text in {**SCHEMA, **STATEMENTS}.items()}

    def insert(self, table: str, columns: Columns, token: str) -> None:
        """See :class:`~tallystick.search.ports.Engine`."""
        self.before("insert")
        lengths = {len(values) for values in columns.values()}
        assert len(lengths) == 1
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
        self.inserts.append((table, token, len(rows)))
        if self.poison & {row["id"] for row in rows}:
            raise RefusedError("engine: a row is no row (1)")
        known = self.tables[table]
        if token not in known.tokens:
            known.tokens.add(token)
            known.rows += rows
        self.after("insert")

    def ask(self, question: Question) -> Answer:
        """See :class:`~tallystick.search.ports.Asking`."""
        bound = dict(question.parameters)
        return Answer((), list(self._answer(self._names[question.sql], bound)))

    @contextmanager
    def stream(self, question: Question) -> Iterator[Iterator[Sequence[Row]]]:
        """See :class:`~tallystick.search.ports.Asking`."""
        yield iter([self.ask(question).rows])

    def cancel(self, question_id: str) -> None:
        """See :class:`~tallystick.search.ports.Asking`."""

    def close(self) -> None:
        """See :class:`~tallystick.search.ports.Asking`."""

    def execute(self, sql: str, parameters: Mapping[str, Any], seconds: float = 60.0) -> None:
        """See :class:`~tallystick.search.ports.Engine`."""
        del seconds
        self.before("execute")
        self._change(self._names[sql], dict(parameters))
        self.after("execute")

    def _answer(self, name: str, bound: dict[str, Any]) -> Iterator[Row]:
        table = self.tables.get(bound["table"])
        if name == "identity":
            yield from [(table.identity,)] if table else []
            return
        if name == "old_parts":
            yield from [(part,) for part in self.old_parts]
            return
        assert table is not None
        if name == "counts":
            for slot in {row["slot"] for row in table.rows}:
                indexes = [row["index"] for row in table.rows if row["slot"] == slot]
                yield slot, len(indexes), max(indexes) + 1
        elif name == "ids":
            place = ("tenant", "stream", "slot")
            wanted = [row for row in table.rows if all(row[it] == bound[it] for it in place)]
            for row in sorted(wanted, key=lambda row: row["index"]):
                if bound["start"] <= row["index"] < bound["stop"]:
                    yield row["index"], row["id"]
        elif name == "marked":
            wanted = [row for row in table.rows if _is_marked(row, bound)]
            places = sorted((row["slot"], row["index"]) for row in wanted)
            yield from places[: bound["limit"]]
        elif name == "obeyed":
            wanted = [row for row in table.rows if _has_obeyed(row, bound)]
            yield from sorted((row["slot"], row["index"]) for row in wanted)
        else:
            raise AssertionError(name)

    def _change(self, name: str, bound: dict[str, Any]) -> None:
        table = bound["table"]
        if name == "create_events":
            if table not in self.tables:
                self.tables[table] = FakeTable(f"table {next(self._numbers)}")
        elif name == "drop":
            self.tables.pop(table, None)
        elif name == "exchange":
            other = bound["other"]
            self.tables[table], self.tables[other] = self.tables[other], self.tables[table]
        elif name == "drop_log":
            self._keep(table, lambda row: row["slot"] != bound["slot"])
        elif name == "drop_entries":
            self._keep(
                table,
                lambda row: row["slot"] != bound["slot"] or row["index"] not in bound["indexes"],
            )
        elif name == "drop_marked":
            self._keep(table, lambda row: not _is_marked(row, bound))
        else:
            raise AssertionError(name)

    def _keep(self, table: str, kept: Callable[[EventRow], bool]) -> None:
        self.tables[table].rows = [row for row in self.tables[table].rows if kept(row)]


def _is_marked(row: EventRow, bound: Mapping[str, Any]) -> bool:
    return row["erasures"] < bound["erasures"] and _is_named(row, bound)


def _has_obeyed(row: EventRow, bound: Mapping[str, Any]) -> bool:
    return row["erasures"] >= bound["erasures"] and _is_named(row, bound)


def _is_named(row: EventRow, bound: Mapping[str, Any]) -> bool:
    return row["tenant"] == bound["tenant"] and (
        bool(set(row["subject_refs"]) & set(bound["refs"])) or row["id"] in bound["ids"]
    )


def away(_what: str) -> None:
    """What an engine does that is not there."""
    raise EngineAwayError("engine: not there")
