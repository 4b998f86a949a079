"""Witnesses by HTTP (c2sp.org/tlog-witness).

Nothing that a witness does can hold us up or fill our memory: all are asked at once, each in a
thread of its own, answers are bounded, redirects and the environment's proxies are not followed,
and what has not answered by the deadline is hung up on.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Lock, Thread
from time import monotonic
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tallystick.errors import MalformedError, TallystickError, VerificationError
from tallystick.ledger.ports import WitnessAnswer
from tallystick.tlog.spelling import encode_base64, parse_decimal

MAX_ANSWER_BYTES: Final = 1_000_000
_MAX_LINES_BYTES: Final = 65_536
_MAX_SIZE_BYTES: Final = 64
_TOLD: Final = 120
"""So much of what a refusing witness says is passed on."""
_TRIES: Final = 3
_PATIENCE: Final = 3
"""So many deadlines in a row a witness may miss before nobody waits for it."""
_LONGEST_PAUSE_S: Final = 60

Prove = Callable[[int], Sequence[bytes]]


class HttpWitnesses:
    """:class:`~tallystick.ledger.ports.Witnesses` that are reached by HTTP.

    Args:
        urls: By name, where each witness takes checkpoints; without one it can't be asked.
        deadline_s: Seconds within which all must have answered.

    Raises:
        MalformedError: A URL is none of HTTP, or holds a credential.
    """

    def __init__(self, urls: Mapping[str, str], deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._known = {
            name: _Witness(name, _address(name, url)) for name, url in urls.items() if url
        }
        self._unknown = [name for name, url in urls.items() if not url]

    def cosign(self, note: str, size: int, prove: Prove) -> list[WitnessAnswer]:
        """See :class:`~tallystick.ledger.ports.Witnesses`."""
        origin = note.partition("\n")[0]
        return self._ask(lambda witness, call: witness.cosign(call, note, origin, size, prove))

    def newest(self, origin: str) -> list[WitnessAnswer]:
        """See :class:`~tallystick.ledger.ports.Witnesses`."""
        return self._ask(lambda witness, call: witness.newest(call, origin))

    def _ask(self, ask: Callable[["_Witness", "_Call"], WitnessAnswer]) -> list[WitnessAnswer]:
        until = monotonic() + self._deadline_s
        asked = [(it, it.ask(ask, until)) for it in self._known.values()]
        answers = [WitnessAnswer(name, problem="no URL in the policy") for name in self._unknown]
        late = f"no answer within {self._deadline_s:g} s"
        for witness, call in asked:
            answer = None if call is None else call.wait()
            problem = witness.silence or late
            answers.append(answer or WitnessAnswer(witness.name, problem=problem))
            if call is not None:
                witness.judge(call)
        return answers


class _Witness:
    """One witness, and the size that it is known to have seen."""

    def __init__(self, name: str, address: SplitResult) -> None:
        self.name = name
        self._address = address
        self._size = 0
        self._busy: _Call | None = None
        self._judged: _Call | None = None
        self._missed = 0
        self._due = 0.0

    @property
    def silence(self) -> str:
        """That it is not waited for any more; empty where it is."""
        if self._missed < _PATIENCE:
            return ""
        return f"no answer {self._missed} times in a row: asked beside the epochs, with pauses"

    def ask(
        self, ask: Callable[["_Witness", "_Call"], WitnessAnswer], until: float
    ) -> "_Call | None":
        """Begin to ask; None where nobody is to wait for the answer.

        It is not waited for while it is busy with what it was asked before, or known as silent.
        A silent one is asked all the same, now and then: once it answers, it is waited for again.
        """
        if self._busy is not None and self._busy.is_alive():
            return None
        if self.silence and self._busy is not None:
            self.judge(self._busy)
        if self.silence and monotonic() < self._due:
            return None
        self._busy = _Call(self.name, self._address, until, lambda call: ask(self, call))
        self._busy.start()
        return None if self.silence else self._busy

    def judge(self, call: "_Call") -> None:
        """Learn from a call that is over, once, whether the witness is silent."""
        if call is self._judged:
            return
        self._judged = call
        self._missed = self._missed + 1 if call.is_unanswered else 0
        if self.silence:
            pause_s = min(2.0 ** (self._missed - _PATIENCE), _LONGEST_PAUSE_S)
            self._due = monotonic() + pause_s

    def cosign(
        self, call: "_Call", note: str, origin: str, size: int, prove: Prove
    ) -> WitnessAnswer:
        """Send a checkpoint; where the witness knows another size, prove from that one."""
        for _ in range(_TRIES):
            old = min(self._size, size)
            answer = call.send("POST", "add-checkpoint", _request(old, prove(old), note))
            if answer.status == 200:  # noqa: PLR2004 (HTTP)
                self._size = size
                return WitnessAnswer(self.name, lines=answer.text(_MAX_LINES_BYTES))
            if answer.status == 422:  # noqa: PLR2004 (HTTP)
                # To this witness we do not extend what it saw: is that ours?
                return self._shown(call, origin, answer.refusal())
            if answer.status != 409:  # noqa: PLR2004 (HTTP)
                raise VerificationError(answer.refusal())
            told = parse_decimal("size", answer.text(_MAX_SIZE_BYTES).removesuffix("\n"))
            if told > size:
                said = f"says it knows {told:,} records, ours are {size:,}"
                return self._shown(call, origin, said)
            self._size = told
        raise VerificationError(f"answered 409 {_TRIES} times, want it to keep to a size")

    def newest(self, call: "_Call", origin: str) -> WitnessAnswer:
        """Ask for the newest checkpoint of a log."""
        answer = call.send("GET", f"{sha256(origin.encode()).hexdigest()}/checkpoint", None)
        if answer.status == 404:  # noqa: PLR2004 (HTTP)
            return WitnessAnswer(self.name)
        if answer.status != 200:  # noqa: PLR2004 (HTTP)
            raise VerificationError(answer.refusal())
        return WitnessAnswer(self.name, newest=answer.text(MAX_ANSWER_BYTES))

    def _shown(self, call: "_Call", origin: str, said: str) -> WitnessAnswer:
        """Let a witness that contradicts us show why: what it says alone proves nothing."""
        shown = self.newest(call, origin)
        return shown._replace(problem=said if shown.newest else f"{said}, and shows nothing")


@dataclass(frozen=True, slots=True)
class _Answer:
    """The status of an answer, and its body as far as it is read."""

    status: int
    read: Callable[[int], bytes]

    def text(self, limit: int) -> str:
        """Read the whole body.

        Raises:
            MalformedError: It is longer than ``limit`` bytes, or no UTF-8.
        """
        body = self.read(limit + 1)
        if len(body) > limit:
            raise MalformedError(f"answer: more than {limit:,} bytes, want at most these")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise MalformedError("answer: no UTF-8, want UTF-8") from None

    def refusal(self) -> str:
        """Tell what a witness said that refused."""
        said = self.read(4 * _TOLD).decode(errors="replace").partition("\n")[0][:_TOLD]
        shown = "".join(letter if letter.isprintable() else "?" for letter in said).strip()
        return f"answered {self.status}{f': {shown}' if shown else ''}"


class _Call(Thread):
    """One witness being asked; everything within it ends at the deadline."""

    def __init__(
        self,
        name: str,
        address: SplitResult,
        until: float,
        ask: Callable[["_Call"], WitnessAnswer],
    ) -> None:
        super().__init__(name=f"witness {name}", daemon=True)
        self._witness = name
        self._address = address
        self._until = until
        self._ask = ask
        self._answer: WitnessAnswer | None = None
        self._mutex = Lock()
        self._connection: HTTPConnection | None = None
        self._socket: socket | None = None
        self._over = False
        self._ran_out = False

    @property
    def is_unanswered(self) -> bool:
        """Whether the time ran out before there was an answer."""
        return self._ran_out

    def run(self) -> None:
        """Ask, and keep the answer."""
        try:
            self._answer = self._ask(self)
        except TallystickError as error:
            self._answer = WitnessAnswer(self._witness, problem=str(error))
        except (OSError, HTTPException, ValueError) as error:
            if isinstance(error, TimeoutError):
                self._ran_out = True
            told = getattr(error, "strerror", None) or type(error).__name__
            self._answer = WitnessAnswer(self._witness, problem=f"unreachable ({told})")
        finally:
            self._hang_up()

    def wait(self) -> WitnessAnswer | None:
        """Return the answer, or None at the deadline; the connection is then cut."""
        self.join(max(0.0, self._until - monotonic()))
        answer = self._answer
        with self._mutex:
            self._over = True
        if answer is None:
            self._ran_out = True
            self._hang_up()
        return answer

    def send(self, method: str, path: str, body: bytes | None) -> _Answer:
        """Send one request on a connection of its own, and read the head of the answer.

        Raises:
            OSError: The witness can't be reached, or not in time.
            HTTPException: It does not speak HTTP.
        """
        self._hang_up()
        connection = self._connect()
        target = f"{self._address.path.rstrip('/')}/{path}"
        connection.request(method, target, body, {"User-Agent": "tallystick", "Accept": "*/*"})
        self._mind_deadline()
        answer = connection.getresponse()
        return _Answer(answer.status, lambda limit: self._read(answer, limit))

    def _connect(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        left_s = self._left_s()
        connection = (
            HTTPSConnection(host, port, timeout=left_s, context=ssl.create_default_context())
            if self._address.scheme == "https"
            else HTTPConnection(host, port, timeout=left_s)
        )
        with self._mutex:
            if self._over:
                raise TimeoutError
            self._connection = connection
        connection.connect()
        # The connection lets go of it when the answer's head is read; a slow body is still on it.
        self._socket = connection.sock
        return connection

    def _read(self, answer: HTTPResponse, limit: int) -> bytes:
        pieces: list[bytes] = []
        while limit > 0:
            self._mind_deadline()
            piece = answer.read1(limit)
            if not piece:
                break
            pieces.append(piece)
            limit -= len(piece)
        return b"".join(pieces)

    def _mind_deadline(self) -> None:
        left_s = self._left_s()
        if self._socket is not None:
            self._socket.settimeout(left_s)

    def _left_s(self) -> float:
        left_s = self._until - monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _hang_up(self) -> None:
        """Cut the connection, also from another thread: a read that waits in it then ends."""
        with self._mutex:
            connection, self._connection = self._connection, None
            held, self._socket = self._socket, None
        if connection is None:
            return
        held = held or connection.sock
        if held is not None:
            with suppress(OSError):  # the other side was faster
                held.shutdown(SHUT_RDWR)
        connection.close()


def _request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    lines = [f"old {old}", *map(encode_base64, proof), "", note]
    return "\n".join(lines).encode()


def _address(name: str, url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        told = (address.port, address.hostname)
    except ValueError:
        told = (None, None)
        address = SplitResult("", "", "", "", "")
    plain = not (address.username or address.password or address.query or address.fragment)
    if address.scheme not in {"http", "https"} or not told[1] or not plain:
        raise MalformedError(
            f"witness {name}: URL of {address.scheme[:20]!r} {(told[1] or '')[:80]!r},"
            " want https://HOST/… without credential or query"
        )
    return address
