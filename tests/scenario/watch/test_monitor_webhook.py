"""Alarms over a webhook: signed, once, and kept until somebody has taken them."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kit.watching import Watch, grow, watching
from tallystick.errors import MalformedError
from tallystick.watch.delivery import Delivery
from tallystick.watch.webhook import Webhook, read_secret, signature

SECRET = b"s" * 32
TEXT = f"whsec_{b64encode(SECRET).decode()}"


@dataclass
class Receiver:
    """Takes messages, or refuses them.

    Attributes:
        status: What it answers.
        got: Headers in lower case and body of each message, also of refused ones.
    """

    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(({**headers, "path": self.path}, body))
            self.send_response(receiver.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?to=us"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        made.look()
        yield made


def look(watch: Watch, receiver: Receiver) -> None:
    monitor = watch.monitor(webhook=Webhook(receiver.url, read_secret(TEXT)))
    monitor.look()
    monitor.site.close()


def lie(watch: Watch) -> None:
    watch.log.entries[1][0] = b"another story"
    watch.log.publish()


def test_the_signature_is_that_of_the_specifications_example() -> None:
    secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    name, time_s = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330

    made = signature(read_secret(secret), name, time_s, '{"test": 2432232314}')

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_alarm_is_sent_signed_and_says_what_the_log_line_says(
    watch: Watch, receiver: Receiver
) -> None:
    lie(watch)

    look(watch, receiver)

    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    scheme, comma, encoded = headers["webhook-signature"].partition(",")
    assert (scheme, comma) == ("v1", ",")
    assert b64decode(encoded) == hmac.new(SECRET, signed, sha256).digest()
    assert headers["webhook-timestamp"] == str(watch.now())
    assert headers["path"] == "/hook?to=us"
    told = json.loads(body)
    line = watch.told[-1]
    assert told["type"] == "monitor.alarm.given"
    assert told["timestamp"] == line["time"]
    assert told["data"] == {
        "log": watch.log.hex(1),
        "kind": "fork",
        "subject": "log",
        "epoch": 2,
        "what": line["what"],
        "evidence": line["evidence"],
    }


def test_the_monitored_servers_key_is_not_sent_to_the_receiver(
    watch: Watch, receiver: Receiver
) -> None:
    lie(watch)

    look(watch, receiver)

    assert all("authorization" not in headers for headers, _ in receiver.got)


def test_an_alarm_that_stays_is_sent_once_and_its_end_too(watch: Watch, receiver: Receiver) -> None:
    truth = list(watch.log.entries[1])
    lie(watch)
    for _ in range(3):
        look(watch, receiver)
        grow(watch.log, slot=2)
    watch.log.entries[1][:] = truth
    grow(watch.log)

    look(watch, receiver)
    look(watch, receiver)

    kinds = [json.loads(body)["type"] for _, body in receiver.got]
    assert kinds == ["monitor.alarm.given", "monitor.alarm.cleared"]


@pytest.mark.parametrize("status", [500, 503, 404, 302])
def test_a_message_that_is_not_taken_is_tried_again_under_its_id(
    watch: Watch, receiver: Receiver, status: int
) -> None:
    start_s = watch.time_s = watch.now()
    receiver.status = status
    lie(watch)
    look(watch, receiver)
    look(watch, receiver)
    assert len(receiver.got) == 1

    watch.time_s = start_s + 5
    look(watch, receiver)
    receiver.status = 204
    watch.time_s = start_s + 15
    look(watch, receiver)
    watch.time_s = start_s + 500
    look(watch, receiver)

    assert len(receiver.got) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    times = [int(headers["webhook-timestamp"]) - start_s for headers, _ in receiver.got]
    assert times == [0, 5, 15]


def test_the_pauses_grow_up_to_five_minutes_and_no_further(receiver: Receiver) -> None:
    receiver.status = 500
    webhook = Webhook(receiver.url, SECRET)
    delivery: Delivery | None = Delivery("msg_1", "{}", 0, 0)
    pauses = []
    for _ in range(9):
        assert delivery is not None
        now_s = delivery.due_s
        delivery = webhook.send(delivery, now_s)
        assert delivery is not None
        pauses.append(delivery.due_s - now_s)

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_receiver_that_does_not_answer_holds_nothing_up(watch: Watch) -> None:
    with receiving() as gone:
        pass
    lie(watch)

    look(watch, gone)

    monitor = watch.monitor()
    assert monitor.state.known is not None
    assert monitor.state.known.followed.record.epoch == 2
    assert [delivery.tries for delivery in monitor.state.deliveries] == [1]


def test_a_monitor_that_died_before_it_wrote_gives_the_same_message_again(
    watch: Watch, receiver: Receiver
) -> None:
    before = (watch.folder / "state.json").read_bytes()
    lie(watch)
    look(watch, receiver)
    (watch.folder / "state.json").write_bytes(before)

    look(watch, receiver)

    assert len(receiver.got) == 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


@pytest.mark.parametrize(
    "text", ["", "whsec_", "hunter2", "whsec_c2hvcnQ=", b64encode(SECRET).decode(), "whsec_%%%"]
)
def test_what_is_no_secret_is_refused_and_not_told(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_secret(text)

    assert str(caught.value) == (
        "webhook secret: another form, want whsec_ and 24 to 64 bytes in base64"
    )


def test_a_secret_file_may_end_in_a_newline() -> None:
    assert read_secret(f"{TEXT}\n") == SECRET
