"""The log of requests: a line for each, written together, and safe headers on every answer."""

import asyncio
import json
from typing import Any, cast

from kit.clocks import SteppingClock
from tallystick.api.traffic import Traffic


class NoChance:
    """Entropy that anybody can foresee."""

    def draw(self, size: int) -> bytes:
        """Return zeroes."""
        return bytes(size)


async def app(scope: Any, _receive: object, send: Any) -> None:  # noqa: ANN401 (what ASGI says)
    scope["state"]["key_id"] = scope["headers"][0][1].decode()
    await send({"type": "http.response.start", "status": 201, "headers": scope["answer"]})
    await send({"type": "http.response.body", "body": b"told", "more_body": False})


async def ask(traffic: Traffic, *, key_id: str, headers: list[tuple[bytes, bytes]]) -> list[Any]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/events",
        "headers": [(b"x-key", key_id.encode())],
        "answer": headers,
    }
    sent: list[Any] = []

    async def send(message: object) -> None:
        sent.append(message)

    await traffic.around(cast("Any", app))(cast("Any", scope), cast("Any", None), cast("Any", send))
    return sent


def test_requests_that_end_in_one_turn_are_one_write_with_a_line_each() -> None:
    written: list[bytes] = []
    traffic = Traffic(SteppingClock(1_764_000_000_123_456), NoChance(), written.append)

    async def moments() -> None:
        await asyncio.gather(*[ask(traffic, key_id=name, headers=[]) for name in ("a", "b")])
        await asyncio.sleep(0)
        assert len(written) == 1
        await ask(traffic, key_id="c", headers=[])
        traffic.flush()

    asyncio.run(moments())
    assert len(written) == 2
    assert b"".join(written).endswith(b"\n")
    lines = [json.loads(line) for line in b"".join(written).splitlines()]
    assert [(line["request_id"], line["key_id"]) for line in lines] == [
        ("00000000000000000001", "a"),
        ("00000000000000000002", "b"),
        ("00000000000000000003", "c"),
    ]
    assert all(line.pop("ms") >= 0 for line in lines)
    assert {**lines[0], "request_id": "", "key_id": ""} == {
        "time": "2025-11-24T16:00:00.123456Z",
        "request_id": "",
        "method": "POST",
        "route": "none",
        "status": 201,
        "key_id": "",
    }


def test_an_answer_is_not_kept_unless_it_says_so_itself() -> None:
    traffic = Traffic(SteppingClock(), NoChance(), lambda _: None)

    async def headers(own: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        start, body = await ask(traffic, key_id="a", headers=own)
        assert body == {"type": "http.response.body", "body": b"told", "more_body": False}
        return cast("list[tuple[bytes, bytes]]", start["headers"])

    plain = asyncio.run(headers([(b"content-type", b"text/plain")]))
    assert plain[0] == (b"content-type", b"text/plain")
    assert (b"cache-control", b"no-store") in plain
    assert (b"x-content-type-options", b"nosniff") in plain
    kept = (b"Cache-Control", b"max-age=60")
    assert [pair for pair in asyncio.run(headers([kept])) if b"ache" in pair[0]] == [kept]
