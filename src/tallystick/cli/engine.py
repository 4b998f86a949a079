"""The engine's process: the embedded engine, served to the other processes of this server."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from tallystick.cli.child import Child, on_stop, stop
from tallystick.drivers.clickhouse.endpoint import Endpoint, EndpointFile
from tallystick.drivers.system import SystemEntropy
from tallystick.settings import Settings
from tallystick.wiring import ENDPOINT, ENGINE

_HOST, _USER = "127.0.0.1", "tallystick"
_NICER: Final = 5
"""How much the engine stands back for the doors, when both want the processor."""


@contextmanager
def engine_process(settings: Settings, packed: str) -> Iterator[list[Child]]:
    """Run the embedded engine, if the settings want it.

    Its port and its password are drawn here and stay the same however often it starts anew, so
    nobody who asks it needs to be told. The port is held meanwhile, so nobody else can be asked.

    Args:
        settings: The server's.
        packed: The same, for a command line.

    Yields:
        Its process, to be looked after; none if the settings name a server, or no engine.
    """
    if settings.engine:
        yield []
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((_HOST, 0))
        password = SystemEntropy().draw(32).hex()
        endpoint = Endpoint(_HOST, held.getsockname()[1], _USER, password)
        EndpointFile(settings.data / ENDPOINT).write(endpoint)
        child = Child("engine", "engine", packed)
        try:
            yield [child]
        finally:
            stop([child])


def run_engine(settings: Settings) -> int:
    """Run the engine process until it is told to stop."""
    from tallystick.drivers.chdb.server import EngineServer  # noqa: PLC0415 (half a gigabyte)

    os.nice(_NICER)
    own = EndpointFile(settings.data / ENDPOINT).read()
    server = EngineServer(settings.data / ENGINE, own.port, own.user, own.password)
    stopping = Event()
    on_stop(stopping.set)
    thread = Thread(target=server.serve, name="engine")
    thread.start()
    stopping.wait()
    server.stop()
    thread.join()
    return 0
