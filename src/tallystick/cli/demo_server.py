"""The server of the demo: a process of its own that ends with the demo."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tallystick.cli.demo_process import beside
from tallystick.cli.exit_codes import UnreachableError
from tallystick.cli.remote import Remote
from tallystick.errors import PushbackError
from tallystick.settings import Settings

LOG: Final = "server.log"
_EPOCH_S: Final = 2
_READY_S: Final = 60
_LISTENING: Final = "listening on "
_ANY_PORT: Final = "127.0.0.1:0"


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Run a server on a data folder until the end of the block.

    Yields:
        Its URL.

    Raises:
        UnreachableError: It does not come up.
    """
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = settings.data / LOG
    environment = {**os.environ, "TALLYSTICK_WITNESS_POLICY": settings.witness_policy}
    with (
        log.open("ab") as sink,
        beside(
            _arguments(settings), stdout=subprocess.PIPE, stderr=sink, environment=environment
        ) as server,
    ):
        yield _ready(server, log)


def _as_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments(settings: Settings) -> list[str]:
    listen = settings.listen if _is_free(settings.listen) else _ANY_PORT
    flags = ["--data", str(settings.data), "--listen", listen, "--epoch", str(_EPOCH_S)]
    return ["serve", *flags]


def _is_free(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, ValueError, OverflowError):
            return False
    return True


def _ready(server: subprocess.Popen[str], log: Path) -> str:
    url = ""
    for line in server.stdout or ():
        if line.startswith(_LISTENING):
            url = line.removeprefix(_LISTENING).strip()
            break
    deadline = monotonic() + _READY_S
    while url and server.poll() is None and monotonic() < deadline:
        try:
            Remote(Settings(server=url)).get("/readyz")
        except (UnreachableError, PushbackError):
            sleep(0.05)
        else:
            return url
    written = log.read_text("utf-8", "replace").strip().splitlines()
    last = written[-1] if written else "nothing"
    raise UnreachableError(f"server: did not come up and said {last!r}, want it to listen")
