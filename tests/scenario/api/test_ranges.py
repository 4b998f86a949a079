"""A bundle that grows is read from where the last read ended (RFC 9110 §14.2)."""

from time import monotonic, sleep

from kit.server import Server, running_server


def test_a_tile_is_answered_from_a_byte_on_and_every_other_range_is_ignored() -> None:
    with running_server() as server:
        size = int(_first_checkpoint(server).split(b"\n")[1])
        path = f"/v1/super/tile/entries/000.p/{size}"
        whole = server.ask("GET", path).body

        part = server.ask("GET", path, headers={"Range": "bytes=10-"})

        assert (part.status, part.body) == (206, whole[10:])
        assert part.headers["content-range"] == f"bytes 10-{len(whole) - 1}/{len(whole)}"
        for ignored in ("bytes=0-", "bytes=10-20", "bytes=-5", f"bytes={len(whole)}-", "lines=1-"):
            answer = server.ask("GET", path, headers={"Range": ignored})
            assert (answer.status, answer.body) == (200, whole), ignored


def _first_checkpoint(server: Server) -> bytes:
    until = monotonic() + 30
    while True:
        answer = server.ask("GET", "/v1/super/checkpoint")
        if answer.status == 200:
            return answer.body
        assert monotonic() < until, answer
        sleep(0.2)
