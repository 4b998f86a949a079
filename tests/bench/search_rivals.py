"""The same events in what people would take instead: SQLite with FTS5, DuckDB over Parquet.

Both get what they are good with: SQLite an index for each filter and rows in the order in which
events came, DuckDB sorted files. Neither seals, masks, erases or proves anything.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import apsw
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bench.search_data import SEED
from bench.search_questions import NEWEST, Asked
from bench.varied_load import VariedLoad

_STEP: Final = 100_000
_COLUMNS: Final = (
    *("occurred_at", "action", "outcome", "actor_id", "actor_email", "plan", "folder", "words"),
)
_TABLES: Final = """
CREATE TABLE events (number INTEGER PRIMARY KEY, occurred_at, action, outcome, actor_id,
    actor_email, plan, folder);
CREATE VIRTUAL TABLE words USING fts5(said, content='', columnsize=0);
"""
_INDEXES: Final = """
CREATE INDEX by_actor ON events (actor_id);
CREATE INDEX by_email ON events (actor_email COLLATE NOCASE);
CREATE INDEX by_action ON events (action, outcome);
CREATE INDEX by_action_time ON events (action, occurred_at);
CREATE INDEX by_folder ON events (folder, plan);
"""

Ask = Callable[[Asked], int]
"""Ask for the newest fifty and for how many there are; returns how many."""


def build_rivals(folder: Path, size: int) -> None:
    """Write both, where they are not there yet."""
    if (folder / "built").exists():
        return
    folder.mkdir(exist_ok=True)
    (folder / "rival.db").unlink(missing_ok=True)
    database = apsw.Connection(str(folder / "rival.db"))
    database.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
    database.execute(_TABLES)
    load, writer = VariedLoad(SEED), None
    for first in range(0, size, _STEP):
        rows = [_row(event) for event in load.take(min(_STEP, size - first))]
        table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(_COLUMNS)})
        writer = writer or pq.ParquetWriter(
            folder / "events.parquet", table.schema, compression="zstd"
        )
        writer.write_table(table.sort_by("occurred_at"))
        _into_sqlite(database, first, rows)
    assert writer is not None
    writer.close()
    database.execute(_INDEXES)
    database.execute("INSERT INTO words(words) VALUES ('optimize'); ANALYZE")
    database.close()
    (folder / "built").touch()


def sqlite(folder: Path) -> Ask:
    """Ask SQLite."""
    database = apsw.Connection(str(folder / "rival.db"), flags=apsw.SQLITE_OPEN_READONLY)
    database.execute("PRAGMA mmap_size=1200000000; PRAGMA case_sensitive_like=OFF")

    def ask(asked: Asked) -> int:
        bound: tuple[str] | None
        if asked.sqlite.startswith("MATCH "):
            found = "words WHERE words MATCH ?"
            bound = (asked.sqlite.removeprefix("MATCH "),)
            newest = (
                "SELECT * FROM (SELECT rowid AS number FROM"
                f" {found} ORDER BY rowid DESC LIMIT {NEWEST}) JOIN events USING (number)"
            )
        else:
            found, bound = f"events WHERE {asked.sqlite}", None
            newest = f"SELECT * FROM {found} ORDER BY number DESC LIMIT {NEWEST}"
        list(database.execute(newest, bound))
        ((counted,),) = database.execute(f"SELECT count(*) FROM {found}", bound)
        return int(counted)

    return ask


def duck(folder: Path) -> Ask:
    """Ask DuckDB, with the memory that our engine has."""
    database = duckdb.connect(config={"memory_limit": "1200MB", "threads": 2})
    events = f"read_parquet('{folder / 'events.parquet'}')"

    def ask(asked: Asked) -> int:
        where = f"FROM {events} WHERE {asked.duckdb}"
        database.execute(f"SELECT * {where} ORDER BY occurred_at DESC LIMIT {NEWEST}").fetchall()
        counted = database.execute(f"SELECT count(*) {where}").fetchone()
        assert counted is not None
        return int(counted[0])

    return ask


def timed(ask: Ask, questions: Iterator[Asked]) -> tuple[list[float], list[int]]:
    """Return how many seconds each question took, in order of time, and what each found."""
    seconds, totals = [], []
    for asked in questions:
        started = perf_counter()
        totals.append(ask(asked))
        seconds.append(perf_counter() - started)
    return sorted(seconds), totals


def _row(event: dict[str, Any]) -> tuple[str, ...]:
    actor, metadata, target = event["actor"], event["metadata"], event["targets"][0]
    parts = [event["action"], actor["id"], actor["name"], actor["email"]]
    parts += [target["type"], target["id"], metadata["plan"], metadata["folder"]]
    words = " ".join(parts)
    plain = "".join(letter if letter.isalnum() else " " for letter in words.lower())
    return (
        *(event["occurred_at"][:-1], event["action"], event["outcome"], actor["id"]),
        *(actor["email"], metadata["plan"], metadata["folder"], f" {plain} "),
    )


def _into_sqlite(database: apsw.Connection, first: int, rows: list[tuple[str, ...]]) -> None:
    numbered = list(enumerate(rows, first))
    with database:
        database.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, *row[:-1]) for number, row in numbered],
        )
        database.executemany(
            "INSERT INTO words(rowid, said) VALUES (?, ?)",
            [(number, row[-1]) for number, row in numbered],
        )
