"""What an engine promises (``search.ports``), of every driver alike."""

import threading
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engine import SCHEMA, Site
from tallystick.errors import NotFoundError
from tallystick.search.ports import (
    MAX_ROWS,
    CancelledError,
    Engine,
    LimitError,
    Limits,
    Question,
    RefusedError,
)

JANUARY, FEBRUARY = 1_767_225_600_000_001, 1_769_904_000_000_001
FOR_EVER = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 7"
ODD_TEXTS = [
    "",
    "it's",
    'say "x"',
    "back\\slash",
    "a\tb\nc\rd",
    "{x:String}",
    "%(x)s %s",
    "é 日本 😀",
]


def some(count: int, *, at: int = JANUARY, first: int = 0) -> dict[str, list[Any]]:
    numbers = list(range(first, first + count))
    return {"n": numbers, "at": [at] * count, "text": [f"text {n}" for n in numbers]}


def total(site: Site) -> int:
    return int(site.rows("SELECT count() FROM small")[0][0])


# insert


def test_rows_are_there_when_the_insert_returns(site: Site) -> None:
    site.engine.insert(site.small, some(3), "t1")

    found = site.rows("SELECT n, at, text FROM small ORDER BY n")
    assert found == [(n, JANUARY, f"text {n}") for n in range(3)]


def test_every_kind_of_value_comes_back_as_it_was(site: Site) -> None:
    columns = {
        "n": [2**64 - 1, 0],
        "at": [0, 4_102_444_800_123_456],
        "text": ["tab\there, é, \\n, '", ""],
        "id": [b"\x00\xff'\\", b"abcd"],
        "many": [["a", "", "\n"], []],
        "maybe": [None, 7],
        "real": [0.1, -1e300],
    }
    site.engine.insert(site.small, columns, "t1")

    answer = site.engine.ask(Question("SELECT * FROM small ORDER BY n DESC"))
    assert answer.names == tuple(columns)
    assert answer.rows == list(zip(*columns.values(), strict=True))


def test_the_same_token_inserts_once_whatever_comes_with_it(site: Site) -> None:
    site.engine.insert(site.small, some(5), "t1")
    site.engine.insert(site.small, some(5), "t1")
    site.engine.insert(site.small, some(2, first=90), "t1")

    assert total(site) == 5


def test_the_same_rows_under_another_token_are_other_rows(site: Site) -> None:
    site.engine.insert(site.small, some(5), "t1")
    site.engine.insert(site.small, some(5), "t2")

    assert total(site) == 10


def test_a_token_holds_for_each_month_of_a_batch(site: Site) -> None:
    both = {**some(4), "at": [JANUARY, FEBRUARY, JANUARY, FEBRUARY]}
    site.engine.insert(site.small, some(2), "t1")  # as if only January had come through

    site.engine.insert(site.small, both, "t1")
    site.engine.insert(site.small, both, "t1")

    by_month = site.rows("SELECT toMonth(at), count() FROM small GROUP BY 1 ORDER BY 1")
    assert by_month == [(1, 2), (2, 2)]


@pytest.mark.slow
def test_a_token_is_remembered_over_999_others(site: Site) -> None:
    site.engine.insert(site.small, some(1), "first")
    for n in range(999):
        site.engine.insert(site.small, some(1, first=n), f"other-{n}")

    site.engine.insert(site.small, some(1), "first")

    assert total(site) == 1_000


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"n": ["x"]}, id="text for a number"),
        pytest.param({"n": [-1]}, id="a number out of range"),
        pytest.param({"id": [b"12345"]}, id="too many bytes"),
        pytest.param({"many": [3]}, id="no list"),
        pytest.param({"no_such_column": [1]}, id="no such column"),
        pytest.param({"n": [None]}, id="null where none may be"),
    ],
)
def test_refuses_rows_that_are_none_and_inserts_nothing(site: Site, bad: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="engine: "):
        site.engine.insert(site.small, bad, "t1")

    assert total(site) == 0


@pytest.mark.parametrize("count", [0, MAX_ROWS + 1])
def test_a_batch_has_one_row_at_least_and_a_block_at_most(site: Site, count: int) -> None:
    with pytest.raises(RefusedError, match=r"insert: .* rows, want 1 to 65,536"):
        site.engine.insert(site.small, {"n": [1] * count}, "t1")


def test_the_largest_batch_is_one_part(site: Site) -> None:
    site.engine.insert(site.small, {"n": list(range(MAX_ROWS))}, "t1")

    parts = "SELECT count() FROM system.parts WHERE table = 'small' AND active AND level = 0"
    assert site.rows(parts) == [(1,)]


def test_an_event_can_leave_out_every_column_but_its_own(site: Site) -> None:
    columns = {"tenant": [1], "stream": ["audit"], "id": [bytes(16)], "message": ["Größe"]}
    site.engine.insert(site.events, columns, "t1")

    found = "SELECT count() FROM events WHERE hasAllTokens(words, ['größe'])"
    assert site.rows(found) == [(1,)]


# ask


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_bound_text_is_a_value_and_nothing_else(site: Site, text: str) -> None:
    sql = "SELECT {x:String}, {many:Array(String)}"
    assert site.rows(sql, x=text, many=[text, "b"]) == [(text, [text, "b"])]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_whatever_text_is_bound_comes_back(site: Site, text: str) -> None:
    assert site.rows("SELECT {x:String}, {many:Array(String)}", x=text, many=[text]) == [
        (text, [text])
    ]


def test_thousands_of_values_can_be_bound(site: Site) -> None:
    many = [f"{n:0100d}" for n in range(5_000)]

    assert site.rows("SELECT length({many:Array(String)})", many=many) == [(5_000,)]


def test_per_cent_signs_are_no_parameters(site: Site) -> None:
    assert site.rows("SELECT '%(x)s %s 100 %'", x="y") == [("%(x)s %s 100 %",)]


def test_tells_how_much_was_looked_at(site: Site) -> None:
    site.engine.insert(site.small, some(100), "t1")

    answer = site.engine.ask(Question("SELECT sum(n) FROM small"))

    assert (answer.rows, answer.rows_read) == ([(4_950,)], 100)


def test_an_empty_answer_has_no_rows(site: Site) -> None:
    assert site.rows("SELECT n, text FROM small") == []


@pytest.mark.parametrize(
    ("sql", "limits", "resource"),
    [
        pytest.param(FOR_EVER, Limits(seconds=0.3), "time", id="time"),
        pytest.param(
            f"{FOR_EVER} UNION ALL SELECT 1", Limits(seconds=0.3), "time", id="time, in a union"
        ),
        pytest.param(
            f"WITH x AS ({FOR_EVER}) SELECT * FROM x", Limits(seconds=0.3), "time", id="time, with"
        ),
        pytest.param(
            "SELECT length(groupArray(number)) FROM numbers(50000000)",
            Limits(memory=50 << 20),
            "memory",
            id="memory",
        ),
        pytest.param("SELECT number FROM numbers(11)", Limits(rows=10), "rows", id="answer"),
        pytest.param("SELECT sum(n) FROM small", Limits(rows_read=10), "rows", id="looked at"),
    ],
)
def test_stops_at_its_limits(site: Site, sql: str, limits: Limits, resource: str) -> None:
    site.engine.insert(site.small, some(100), "t1")
    started = time.monotonic()

    with pytest.raises(LimitError) as caught:
        site.engine.ask(Question(sql, {}, limits))

    assert caught.value.resource == resource
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE small SYNC",
        "INSERT INTO small (n) VALUES (1)",
        "ALTER TABLE small DELETE WHERE 1",
        "CREATE TABLE other (n UInt8) ORDER BY n",
        "SET max_execution_time = 0",
        "SYSTEM SHUTDOWN",
        "TRUNCATE TABLE small",
        "SELECT 1; DROP TABLE small SYNC",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
        "SELECT * FROM s3('http://127.0.0.1:1/a', 'LineAsString')",
        "SELECT * FROM executable('sh', 'LineAsString', 'a String')",
        "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM python('x')",
        "SELECT 1 FROM numbers(1) WHERE 1 IN (SELECT 1 FROM file('/etc/passwd', 'LineAsString'))",
    ],
)
def test_a_question_changes_nothing_and_reaches_nothing(site: Site, sql: str) -> None:
    site.engine.insert(site.small, some(3), "t1")

    with pytest.raises(RefusedError):
        site.engine.ask(Question(sql))
    with pytest.raises(RefusedError), site.engine.stream(Question(sql)) as pieces:
        list(pieces)

    assert total(site) == 3
    assert site.rows("SELECT count() FROM system.tables WHERE name = 'other'") == [(0,)]


def test_an_error_tells_no_value(site: Site) -> None:
    sql = "SELECT throwIf(text = {secret:String}, 'secret-in-message') FROM small"
    site.engine.insert(site.small, {"n": [1], "text": ["secret-value"]}, "t1")

    with pytest.raises(RefusedError) as caught:
        site.rows(sql, secret="secret-value")  # noqa: S106 (a value to look for)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_says_which_tables_are_missing(site: Site) -> None:
    with pytest.raises(NotFoundError, match="no such table"):
        site.rows("SELECT 1 FROM no_such_table")
    with pytest.raises(NotFoundError, match="no such table"):
        site.engine.insert("no_such_table", {"n": [1]}, "t1")
    with pytest.raises(NotFoundError, match="no such table"):
        site.engine.execute("ALTER TABLE no_such_table DELETE WHERE 1", {})


# stream and cancel


def test_streams_more_rows_than_an_answer_may_have(site: Site) -> None:
    question = Question("SELECT number FROM numbers(300000)", {}, Limits(rows=10))

    with site.engine.stream(question) as pieces:
        sizes = [len(piece) for piece in pieces]

    assert sum(sizes) == 300_000
    assert len(sizes) > 1


def test_an_empty_stream_ends(site: Site) -> None:
    with site.engine.stream(Question("SELECT n FROM small")) as pieces:
        assert [row for piece in pieces for row in piece] == []


def test_a_stream_that_fails_midway_does_not_look_complete(site: Site) -> None:
    question = Question("SELECT throwIf(number = 2000000) FROM numbers(3000000)")

    with (
        pytest.raises((RefusedError, LimitError, CancelledError, Exception)) as caught,
        site.engine.stream(question) as pieces,
    ):
        assert sum(len(piece) for piece in pieces) < 3_000_000

    assert type(caught.value).__module__.startswith("tallystick.")


def under_way(engine: Engine) -> int:
    sql = "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"
    return int(engine.ask(Question(sql)).rows[0][0])


def wait_until_running(engine: Engine, count: int) -> None:
    deadline = time.monotonic() + 20
    while under_way(engine) != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_leaving_a_stream_early_stops_the_work(site: Site) -> None:
    started = time.monotonic()

    with site.engine.stream(Question("SELECT number FROM numbers(3000000000)")) as pieces:
        next(pieces)

    assert time.monotonic() - started < 5
    wait_until_running(site.engine, 0)


def test_a_question_can_be_cancelled_from_elsewhere(site: Site) -> None:
    timer = threading.Timer(0.5, site.engine.cancel, ["q-1"])
    timer.start()
    started = time.monotonic()

    with pytest.raises(CancelledError):
        site.engine.ask(Question(FOR_EVER, id="q-1"))

    assert time.monotonic() - started < 5
    timer.join()


def test_cancelling_leaves_other_questions_alone(site: Site) -> None:
    site.engine.cancel("nobody")
    timer = threading.Timer(0.2, site.engine.cancel, ["q-1"])
    timer.start()

    assert site.engine.ask(Question("SELECT sleep(1)", id="q-10")).rows == [(0,)]

    timer.join()


# execute


def test_a_change_is_done_when_it_returns(site: Site) -> None:
    site.engine.insert(site.small, some(10), "t1")

    site.engine.execute(
        "ALTER TABLE {table:Identifier} DELETE WHERE n < {below:UInt64}",
        {"table": site.small, "below": 4},
    )

    assert total(site) == 6


def test_tables_are_exchanged_at_once(site: Site) -> None:
    site.engine.execute(SCHEMA["drop"], {"table": "next"})
    site.engine.execute(SCHEMA["create_events"], {"table": "next"})
    site.engine.insert("next", {"tenant": [1], "id": [bytes(16)]}, "t1")

    site.engine.execute(SCHEMA["exchange"], {"table": site.events, "other": "next"})

    assert site.rows("SELECT count() FROM events") == [(1,)]
    assert site.rows("SELECT count() FROM next") == [(0,)]


def test_questions_are_answered_while_others_run(site: Site) -> None:
    ids = [f"slow-{number}" for number in range(3)]
    slow = [threading.Thread(target=_be_cancelled, args=(site, id_)) for id_ in ids]
    for thread in slow:
        thread.start()
    wait_until_running(site.engine, len(slow))

    site.engine.insert(site.small, some(10), "t1")
    assert total(site) == 10

    assert all(thread.is_alive() for thread in slow)
    for id_ in ids:
        site.engine.cancel(id_)
    for thread in slow:
        thread.join()


def _be_cancelled(site: Site, id_: str) -> None:
    with pytest.raises(CancelledError):
        site.engine.ask(Question(FOR_EVER, {}, Limits(seconds=60), id_))
