"""Whatever a witness answers, it adds nothing that does not hold, and holds nobody up."""

import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.cosigned import DEADLINE_S, ONE, SUPER, TWO, b64, epoch, stand, verdict
from kit.fake_witness import (
    FakeWitness,
    Lie,
    answer,
    cosigners,
    now_s,
)
from tallystick.access.tenants import Tenant
from tallystick.verify.fsck import Verdict
from tallystick.wiring import House


def refuse(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    answer(handler, 500, "text/plain", "closed on Mondays\n")
    return True


def say(text: str | bytes, status: int = 200) -> Lie:
    def lie(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        answer(handler, status, "text/plain", text)
        return True

    return lie


def text_of(request: bytes) -> str:
    """The text of the note that a request holds."""
    note = request.decode().partition("\n\n")[2]
    return note.rpartition("\n\n")[0] + "\n"


def drip(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    """Send a byte at a time, for ever."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    return True


def drip_head(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    """Never come to the end of a header."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    return True


def endless(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    """Send as much as is taken."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return True


def hang_up(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    handler.close_connection = True
    return True


def no_http(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
    return True


def sleep(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    time.sleep(20 * DEADLINE_S)
    return True


LIES: dict[str, tuple[Callable[[FakeWitness], Lie], str]] = {
    "refuses": (lambda _: refuse, "answered 500: closed on Mondays"),
    "answers with control characters": (
        lambda _: say("\x1b[2Jgone\nmore", 403),
        r"answered 403: \?\[2Jgone$",
    ),
    "another key under its name": (
        lambda two: lambda handler, body: _signed_by_another(two, handler, body),
        "no cosignature by two.example/witness-two",
    ),
    "another key under its name and id": (
        lambda two: lambda handler, body: _signed_by_another(two, handler, body, same_id=True),
        "not over this text",
    ),
    "another note": (
        lambda two: (
            lambda handler, body: say(two.line(text_of(body).replace("super", "other"), now_s()))(
                handler, body
            )
        ),
        "not over this text",
    ),
    "a plain signature instead": (
        lambda two: lambda handler, body: say(_plainly_signed(two, body))(handler, body),
        "72|72 bytes|64 bytes",
    ),
    "a clock an hour late": (
        lambda two: (
            lambda handler, body: say(two.line(text_of(body), now_s() - 3_600))(handler, body)
        ),
        r"cosignature: made -3,6\d\d s from now",
    ),
    "a clock an hour early": (
        lambda two: (
            lambda handler, body: say(two.line(text_of(body), now_s() + 3_600))(handler, body)
        ),
        r"cosignature: made \+3,\d\d\d s from now",
    ),
    "nothing": (lambda _: say(""), "not ended by a newline"),
    "garbage": (lambda _: say("hello\n"), "signature line"),
    "bytes that are no text": (lambda _: say(b"\xff\xfe\n"), "no UTF-8"),
    "the line without its end": (
        lambda two: lambda handler, body: say(two.line(text_of(body), now_s())[:-1])(handler, body),
        "not ended by a newline",
    ),
    "a size that is none": (lambda _: say("many\n", 409), "decimal"),
    "always another size": (lambda _: say("1\n", 409), "answered 409 3 times"),
    "a larger size without showing it": (
        lambda _: say("999999\n", 409),
        "says it knows 999,999 records, ours are 5, and shows nothing",
    ),
    "endless": (lambda _: endless, "more than 65,536 bytes"),
    "drips": (lambda _: drip, "no answer within 1 s|unreachable"),
    "drips its head": (lambda _: drip_head, "no answer within 1 s|unreachable"),
    "sleeps": (lambda _: sleep, "no answer within 1 s|unreachable"),
    "hangs up": (lambda _: hang_up, "unreachable"),
    "speaks no HTTP": (lambda _: no_http, "unreachable"),
}


def _signed_by_another(
    two: FakeWitness, handler: BaseHTTPRequestHandler, body: bytes, *, same_id: bool = False
) -> bool:
    thief = FakeWitness(two.name, Ed25519PrivateKey.generate())
    if same_id:
        payload = two.key_id + now_s().to_bytes(8, "big") + thief.key.sign(b"anything")
        return say(f"— {two.name} {b64(payload)}\n")(handler, body)
    return say(thief.line(text_of(body), now_s()))(handler, body)


def _plainly_signed(two: FakeWitness, body: bytes) -> str:
    return f"— {two.name} {b64(two.key_id + two.key.sign(text_of(body).encode()))}\n"


@pytest.mark.parametrize("name", LIES)
def test_a_witness_that_lies_adds_nothing_and_holds_nobody_up(
    house: House, tenant: Tenant, one: FakeWitness, two: FakeWitness, name: str
) -> None:
    lie, why = LIES[name]
    two.lie = lie(two)
    started = time.monotonic()

    published = epoch(house, tenant, 0)

    assert time.monotonic() - started < 10 * DEADLINE_S
    assert cosigners(published.note) == [SUPER, ONE]
    assert not published.quorum
    problems = stand(house).problems
    assert problems["witness-one"] == ""
    assert re.search(why, problems["witness-two"]), problems
    assert verdict(house, tenant, 0, None) is Verdict.INTACT
    assert house.ledger.read_only is None


def test_a_redirect_is_not_followed(
    house: House, tenant: Tenant, one: FakeWitness, two: FakeWitness
) -> None:
    def redirect(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        handler.send_response(307)
        handler.send_header("Location", f"{one.url}/add-checkpoint")
        handler.end_headers()
        return True

    two.lie = redirect
    epoch(house, tenant, 0)

    assert len(one.asked) == 1
    assert stand(house).problems["witness-two"] == "answered 307"


def test_lines_of_others_are_left_out_of_what_a_witness_answers(
    house: House, tenant: Tenant, one: FakeWitness, two: FakeWitness
) -> None:
    stranger = FakeWitness("stranger.example", Ed25519PrivateKey.generate())

    def more(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        lines = [it.line(text_of(body), now_s()) for it in (stranger, one, two, two)]
        answer(handler, 200, "text/plain", "".join(lines))
        return True

    two.lie = more

    assert cosigners(epoch(house, tenant, 0).note) == [SUPER, ONE, TWO]
