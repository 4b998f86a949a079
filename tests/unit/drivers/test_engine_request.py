"""Requests that the embedded engine reads: the forms in which its client library writes them."""

from urllib.parse import urlencode

import pytest

from tallystick.drivers.chdb.request import parse_request
from tallystick.errors import MalformedError

FORM = "multipart/form-data; boundary=b0b"


def form(**values: str) -> bytes:
    parts = "".join(
        f'--b0b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in values.items()
    )
    return f"{parts}--b0b--\r\n".encode()


def test_a_question_is_the_body() -> None:
    request = parse_request("wait_end_of_query=1", "text/plain", "SELECT 'é\n'".encode())

    assert (request.sql, request.rows, request.whole) == ("SELECT 'é\n'", b"", True)


def test_a_form_holds_question_and_values() -> None:
    body = form(query="SELECT {x:String}", param_x="a\r\n--b\\tc", param_y="[1]")

    request = parse_request("readonly=1", FORM, body)

    assert request.sql == "SELECT {x:String}"
    assert request.bound == {"x": "a\r\n--b\\tc", "y": "[1]"}
    assert (request.read_only, request.whole) == (True, False)


def test_rows_follow_the_first_line_of_an_insert() -> None:
    body = b"INSERT INTO `t` (`a`) FORMAT Native\n\x00\xff\n\xfe"

    request = parse_request("insert_deduplication_token=t-1", "application/octet-stream", body)

    assert request.sql == "INSERT INTO `t` (`a`) FORMAT Native"
    assert (request.rows, request.token) == (b"\x00\xff\n\xfe", "t-1")


def test_limits_are_numbers_and_other_settings_are_left_out() -> None:
    given = urlencode({"max_execution_time": "0.5", "max_memory_usage": "7", "log_queries": "1"})

    assert parse_request(given, "", b"SELECT 1").limits == {
        "max_execution_time": 0.5,
        "max_memory_usage": 7,
    }


@pytest.mark.parametrize(
    ("query", "kind", "body", "why"),
    [
        pytest.param("max_memory_usage=-1", "", b"SELECT 1", "want a number", id="negative"),
        pytest.param("max_memory_usage=1e9", "", b"SELECT 1", "want a number", id="exponent"),
        pytest.param("query_id=a%27", "", b"SELECT 1", "query_id: want", id="quote in an id"),
        pytest.param("query_id=" + "a" * 129, "", b"SELECT 1", "query_id: want", id="long id"),
        pytest.param("", "", b"SELECT '\xff'", "no UTF-8", id="no UTF-8"),
        pytest.param("", FORM, b"--b0b\r\n\r\nx\r\n--b0b--", "without a name", id="nameless part"),
    ],
)
def test_refuses(query: str, kind: str, body: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        parse_request(query, kind, body)
