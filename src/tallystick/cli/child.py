"""A process of the server: started anew whenever it ends, and stopped with the others."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from time import monotonic
from typing import Final

from tallystick.api.process import DRAIN_S, to_stderr

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_STEADY_S: Final = 60.0
_STOP_S: Final = DRAIN_S + 10


class Child:
    """One process, started anew whenever it ends.

    Args:
        role: What it is for.
        name: Which one of its role.
        settings: Handed over as an argument, which everybody on the machine can read.
        secrets: Handed over as environment variables, which only its owner can.
    """

    def __init__(
        self, role: str, name: str, settings: str, secrets: Mapping[str, str] | None = None
    ) -> None:
        self.role = role
        self._secrets = secrets or {}
        self._arguments = [role, name, settings]
        self._name = name
        self._pause_s = _SHORTEST_PAUSE_S
        self._start_at = 0.0
        self._started = 0.0
        self._code: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.look_after()

    def look_after(self) -> None:
        """Start the process if it is not there and its pause is over."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._process = None
            self._code = code
            if monotonic() - self._started > _STEADY_S:
                self._pause_s = _SHORTEST_PAUSE_S
            complain(f"{self.role} {self._name}: ended with {code}, starts in {self._pause_s} s")
            self._start_at = monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        if monotonic() >= self._start_at:
            self._started = monotonic()
            command = [sys.executable, "-m", "tallystick.cli.serve", *self._arguments]
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                command,
                stdin=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, **self._secrets},
            )

    def take_code(self) -> int | None:
        """Return how the process ended last; None if that was asked already, or it never did."""
        code, self._code = self._code, None
        return code

    def tell_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end, and enforce it."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            complain(f"{self.role} {self._name}: did not stop in {seconds:.0f} s, killed")
            self._process.kill()
            self._process.wait()


def stop(children: Sequence[Child]) -> None:
    """Stop all of them, at the same time."""
    for child in children:
        child.tell_to_stop()
    for child in children:
        child.wait(_STOP_S)


def complain(message: str) -> None:
    """Write a line to the log, as the doors do."""
    line = {"level": "error", "message": message}
    to_stderr(json.dumps(line).encode() + b"\n")


def on_stop(stop: Callable[[], object]) -> None:
    """Call ``stop`` on SIGTERM, on SIGINT, and when the supervisor is gone."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())

    def watch() -> None:
        while os.read(0, 64):
            pass
        stop()

    Thread(target=watch, name="supervisor-watch", daemon=True).start()
