"""Asking a server: what is tried again, what is refused, and where the key never goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tallystick.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    TallystickError,
    VerificationError,
)
from tallystick.watch.http import NoAnswerError, Site

Answer = tuple[int, bytes, dict[str, str]]
Headers = dict[str, str]


@contextmanager
def answering(answer: Callable[[str], Answer | None]) -> Iterator[tuple[str, list[Headers]]]:
    """Serve answers, None for none at all; and gather the headers of each question."""
    seen: list[Headers] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
            found = answer(self.path)
            if found is None:
                self.close_connection = True
                return
            status, body, headers = found
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(
    url: str, path: str = "/x", *, key: str = "", limit: int = 100
) -> tuple[bytes, list[float]]:
    waited: list[float] = []
    site = Site(url, key, timeout_s=1, wait=waited.append)
    try:
        return site.get(path, limit=limit), waited
    finally:
        site.close()


def test_one_connection_serves_many_questions() -> None:
    with answering(lambda path: (200, path.encode(), {})) as (url, seen):
        site = Site(f"{url}/below/", "tly_k")

        answers = [site.get(f"/{number}") for number in range(3)]
        site.close()

    assert answers == [b"/below/0", b"/below/1", b"/below/2"]
    assert {headers["authorization"] for headers in seen} == {"Bearer tly_k"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with (
        answering(lambda _: (200, b"stolen", {})) as (elsewhere, caught),
        answering(lambda _: (status, b"", {"Location": elsewhere})) as (url, _),
        pytest.raises(MalformedError, match=f"answers {status}"),
    ):
        ask(url, key="tly_k")

    assert caught == []


@pytest.mark.parametrize(("status", "kind"), [
    (400, MalformedError), (401, ForbiddenError), (403, ForbiddenError), (404, NotFoundError),
    (410, NotFoundError),
])  # fmt: skip
def test_a_refusal_is_told_with_its_reason_and_asked_once(
    status: int, kind: type[TallystickError]
) -> None:
    with (
        answering(lambda _: (status, b'{"title": "No", "detail": "not so"}', {})) as (url, seen),
        pytest.raises(kind, match=rf"/x: server answers {status} \(not so\), want 200"),
    ):
        ask(url)

    assert len(seen) == 1


@pytest.mark.parametrize("code", ["epoch-unproven", "verification-failed"])
def test_a_server_that_can_prove_nothing_is_an_answer_and_asked_once(code: str) -> None:
    body = b'{"title": "No", "detail": "not so", "code": "%b"}' % code.encode()
    with (
        answering(lambda _: (500, body, {})) as (url, seen),
        pytest.raises(VerificationError, match=r"/x: server answers 500 \(not so\), want 200"),
    ):
        ask(url)

    assert len(seen) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"title": "No", "code": "internal"}'])
def test_a_server_that_fails_is_no_answer(body: bytes) -> None:
    with (
        answering(lambda _: (500, body, {})) as (url, seen),
        pytest.raises(NoAnswerError, match="status 500"),
    ):
        ask(url)

    assert len(seen) == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'"text"'])
def test_a_refusal_without_reason_is_one(body: bytes) -> None:
    with (
        answering(lambda _: (404, body, {})) as (url, _),
        pytest.raises(NotFoundError, match="no reason told"),
    ):
        ask(url)


@pytest.mark.parametrize(("headers", "pauses"), [
    ({}, [1.0, 1.0]), ({"Retry-After": "3"}, [3.0, 3.0]), ({"Retry-After": "9999"}, [10.0, 10.0]),
    ({"Retry-After": "later"}, [1.0, 1.0]), ({"Retry-After": "99999999999"}, [1.0, 1.0]),
])  # fmt: skip
def test_not_now_is_tried_three_times_with_bounded_pauses(
    headers: Headers, pauses: list[float]
) -> None:
    waited: list[float] = []
    with answering(lambda _: (503, b"", headers)) as (url, seen):
        site = Site(url, wait=waited.append)
        with pytest.raises(NoAnswerError, match="status 503"):
            site.get("/x")
        site.close()

    assert (len(seen), waited) == (3, pauses)


def test_a_connection_that_was_closed_is_opened_again() -> None:
    numbers = iter(range(10))

    def answer(_: str) -> Answer | None:
        return None if next(numbers) % 2 else (200, b"ok", {})

    with answering(answer) as (url, _):
        site = Site(url, timeout_s=1, wait=lambda _: None)

        assert [site.get("/x") for _ in range(3)] == [b"ok"] * 3
        site.close()


def test_an_answer_may_have_as_many_bytes_as_allowed_and_no_more() -> None:
    with answering(lambda path: (200, b"x" * int(path[1:]), {})) as (url, _):
        assert ask(url, "/100")[0] == b"x" * 100
        with pytest.raises(MalformedError, match="more than 100 bytes"):
            ask(url, "/101")


@pytest.mark.parametrize("url", ["", "host", "ftp://host", "http://", "file:///etc", "https:///x"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(MalformedError, match="want http"):
        Site(url)


@pytest.mark.parametrize("key", ["a b", "a\nb", "ä", "a\r\nHost: x"])
def test_what_is_no_key_is_refused_and_not_told(key: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Site("http://host", key)

    assert key not in str(caught.value)


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_what_is_skipped_is_not_asked_for_and_never_returned(knows_ranges: bool) -> None:
    def answer(_: str) -> Answer:
        return (206, b"rest", {}) if knows_ranges else (200, b"all and the rest", {})

    with answering(answer) as (url, seen):
        site = Site(url)
        found = site.get("/x", skipped=12)
        site.close()

    assert found == b"rest"
    assert [headers["range"] for headers in seen] == ["bytes=12-"]
