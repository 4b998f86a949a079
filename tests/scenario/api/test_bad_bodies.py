"""Bad input: each has a named 4xx, none is a 500, and no log changes by any of it."""

import gzip
import json
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest
import zstandard

from kit.events import reference_event
from kit.server import Server

EVENT = json.dumps(reference_event(3)).encode()
MIB = 1024 * 1024


def with_message(raw: bytes) -> bytes:
    return EVENT[:-1] + b',"message":' + raw + b"}"


def with_metadata(raw: bytes) -> bytes:
    return EVENT.replace(b'"plan": "business"', b'"plan": ' + raw)


class Bad(NamedTuple):
    """A body, and what it is answered: a problem's code, or the path of a refused event."""

    body: bytes
    status: int
    told: str
    headers: Mapping[str, str] = MappingProxyType({})


GZIP = {"Content-Encoding": "gzip"}
ZSTD = {"Content-Encoding": "zstd"}
LINES = {"Content-Type": "application/x-ndjson"}

CASES = {
    "nothing": Bad(b"", 400, "malformed"),
    "no JSON": Bad(b"hello", 400, "malformed"),
    "cut short": Bad(EVENT[:-5], 400, "malformed"),
    "text behind it": Bad(EVENT + b"x", 400, "malformed"),
    "two texts": Bad(EVENT + EVENT, 400, "malformed"),
    "a number": Bad(b"7", 400, "malformed"),
    "a null": Bad(b"null", 400, "malformed"),
    "an empty array": Bad(b"[]", 400, "malformed"),
    "no line": Bad(b"\n\n \n", 400, "malformed", LINES),
    "a byte order mark": Bad(b"\xef\xbb\xbf" + EVENT, 400, "malformed"),
    "UTF-16": Bad(EVENT.decode().encode("utf-16"), 400, "malformed"),
    "invalid UTF-8": Bad(with_message(b'"\xff\xfe"'), 400, "malformed"),
    "overlong UTF-8": Bad(with_message(b'"\xc0\xaf"'), 400, "malformed"),
    "a surrogate in UTF-8": Bad(with_message(b'"\xed\xa0\x80"'), 400, "malformed"),
    "half a surrogate pair": Bad(with_message(rb'"\ud800"'), 400, "malformed"),
    "a raw NUL": Bad(with_message(b'"a\x00b"'), 400, "malformed"),
    "a raw CR LF in a string": Bad(with_message(b'"a\r\nb"'), 400, "malformed"),
    "an escaped NUL": Bad(with_message(rb'"a\u0000b"'), 422, "/message"),
    "a bidi override in a name": Bad(
        EVENT.replace(b'"Ada Love', rb'"\u202eAda Love'), 422, "/actor/name"
    ),
    "two members of one name": Bad(EVENT[:-1] + b',"action":"a.b"}', 400, "malformed"),
    "two inner members of one name": Bad(with_metadata(b'1, "plan": 2'), 400, "malformed"),
    "a deep array": Bad(with_metadata(b"[" * 100 + b"]" * 100), 400, "malformed"),
    "a very deep array": Bad(b"[" * 2_000_000, 400, "malformed"),
    "a very deep object": Bad(b'{"a":' * 500_000, 400, "malformed"),
    "an infinite number": Bad(with_metadata(b"1e999"), 400, "malformed"),
    "NaN": Bad(with_metadata(b"NaN"), 400, "malformed"),
    "duration beyond 2^53": Bad(
        EVENT[:-1] + b',"duration_ms":9007199254740993}', 422, "/duration_ms"
    ),
    "an event of 10 MB": Bad(with_message(b'"' + b"a" * 10_000_000 + b'"'), 422, ""),
    "17 MiB as sent": Bad(b" " * (17 * MIB), 413, "too-large"),
    "wrong gzip": Bad(EVENT, 400, "malformed", GZIP),
    "gzip cut short": Bad(gzip.compress(EVENT)[:-6], 400, "malformed", GZIP),
    "gzip with a wrong checksum": Bad(
        gzip.compress(EVENT)[:-8] + b"\0" * 8, 400, "malformed", GZIP
    ),
    "deflate named gzip": Bad(zlib.compress(EVENT), 400, "malformed", GZIP),
    "text behind gzip": Bad(gzip.compress(EVENT) + b"tail", 400, "malformed", GZIP),
    "a gzip bomb": Bad(gzip.compress(b" " * (300 * MIB)), 413, "too-large", GZIP),
    "a gzip bomb of many members": Bad(gzip.compress(b" " * MIB) * 100, 413, "too-large", GZIP),
    "wrong zstd": Bad(EVENT, 400, "malformed", ZSTD),
    "zstd cut short": Bad(zstandard.compress(EVENT)[:-6], 400, "malformed", ZSTD),
    "zstd cut after its header": Bad(zstandard.compress(EVENT)[:6], 400, "malformed", ZSTD),
    "text behind zstd": Bad(zstandard.compress(EVENT) + b"tail", 400, "malformed", ZSTD),
    "a zstd bomb": Bad(zstandard.compress(b" " * (300 * MIB)), 413, "too-large", ZSTD),
    "a zstd bomb that tells no size": Bad(
        zstandard.ZstdCompressor(write_content_size=False).compress(b" " * (300 * MIB)),
        413,
        "too-large",
        ZSTD,
    ),
    "an unknown encoding": Bad(EVENT, 415, "unsupported-media-type", {"Content-Encoding": "br"}),
    "two encodings": Bad(EVENT, 415, "unsupported-media-type", {"Content-Encoding": "gzip, zstd"}),
    "an unknown type": Bad(EVENT, 415, "unsupported-media-type", {"Content-Type": "text/plain"}),
    "a form": Bad(
        b"a=b",
        415,
        "unsupported-media-type",
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "another charset": Bad(
        EVENT,
        415,
        "unsupported-media-type",
        {"Content-Type": "application/json; charset=latin-1"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_body_is_refused_by_name_and_changes_no_log(
    server: Server, key: str, name: str
) -> None:
    bad = CASES[name]
    before = server.sizes()
    answer = server.ask("POST", "/v1/events", bad.body, key=key, headers=bad.headers)
    assert answer.status == bad.status, answer
    if bad.status == 422:
        (result,) = answer.json["results"]
        assert (result["status"], result["path"]) == ("refused", bad.told)
        assert result["reason"]
    else:
        assert answer.code == bad.told
        assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert server.sizes() == before


def test_integers_beyond_doubles_stay_exact(server: Server, key: str) -> None:
    number = 2**53 + 1
    body = with_metadata(str(number).encode())
    assert server.ask("POST", "/v1/events", body, key=key).status == 201
    shown = server.ask("GET", f"/v1/events/{reference_event(3)['id']}", key=key).json
    assert shown["metadata"]["plan"] == number


def test_line_breaks_are_stored_and_shown_as_they_came(server: Server, key: str) -> None:
    body = with_message(rb'"a\r\nHTTP/1.1 200 OK\r\n\r\nb"')
    assert server.ask("POST", "/v1/events", body, key=key).status == 201
    shown = server.ask("GET", f"/v1/events/{reference_event(3)['id']}", key=key).json
    assert shown["message"] == "a\r\nHTTP/1.1 200 OK\r\n\r\nb"


def test_the_server_lives_on(server: Server) -> None:
    assert server.ask("GET", "/readyz").status == 200
    assert '"level":"error"' not in server.log.read_text()
