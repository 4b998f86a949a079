"""Requests of ClickHouse's HTTP protocol, as far as its client library makes them.

Source: https://clickhouse.com/docs/interfaces/http.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from tallystick.errors import MalformedError

MAX_BODY: Final = 128 << 20
_BOUNDARY: Final = re.compile(r'multipart/form-data;\s*boundary="?([A-Za-z0-9+_.-]{1,70})"?')
_NAME: Final = re.compile(rb'name="([^"\r\n]{1,200})"')
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_INSERT: Final = re.compile(rb"INSERT INTO [^\n]{1,60000} FORMAT (?:Native|ArrowStream)\s*\Z")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants.

    Attributes:
        sql: The statement.
        rows: What follows it in the body: the rows of an insert.
        bound: What it binds, by name, in ClickHouse's escaped form.
        limits: Its limits, by ClickHouse's names.
        id: Names the question; empty: nobody can cancel it.
        token: Names the batch of an insert.
        whole: Whether the answer is wanted only when it is complete.
        read_only: Whether it must be one that reads.
    """

    sql: str
    rows: bytes
    bound: Mapping[str, str]
    limits: Mapping[str, float]
    id: str
    token: str
    whole: bool
    read_only: bool


LIMITS: Final = (
    "max_execution_time",
    "max_memory_usage",
    "max_rows_to_read",
    "max_result_rows",
)


def parse_request(query: str, kind: str, body: bytes) -> Request:
    """Read a request.

    Args:
        query: Query of the URL.
        kind: Content-Type.
        body: The whole body.

    Raises:
        MalformedError: It is of no form that the client library makes.
    """
    asked = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=False))
    boundary = _BOUNDARY.match(kind)
    if boundary:
        asked.update(_parts(body, boundary[1].encode()))
        body = b""
    sql, rows = asked.get("query", ""), b""
    if sql:
        rows = body
    else:
        head, newline, rest = body.partition(b"\n")
        if newline and _INSERT.match(head):
            sql, rows = _text(head), rest
        else:
            sql = _text(body)
    return Request(
        sql,
        rows,
        {name.removeprefix("param_"): v for name, v in asked.items() if name.startswith("param_")},
        {name: _number(name, asked[name]) for name in LIMITS if name in asked},
        _named("query_id", asked),
        _named("insert_deduplication_token", asked),
        asked.get("wait_end_of_query") == "1",
        asked.get("readonly", "0") != "0",
    )


def _parts(body: bytes, boundary: bytes) -> dict[str, str]:
    """Read a form; the boundary is drawn by the client, so that no value has it."""
    parts: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]:
        head, found, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not found or not name:
            raise MalformedError("form: a part without a name")
        parts[_text(name[1])] = _text(value)
    return parts


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedError("request: no UTF-8") from None


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise MalformedError(f"{name}: want a number")
    return float(text)


def _named(member: str, asked: Mapping[str, str]) -> str:
    text = asked.get(member, "")
    if text and not _ID.fullmatch(text):
        raise MalformedError(f"{member}: want letters, digits and ._:-, at most 128")
    return text
