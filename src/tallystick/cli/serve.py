"""The server's processes: a supervisor, N doors that share an address, and what works beside them.

All are started anew (never forked), each with its settings as one argument. Each watches its
standard input, which the supervisor holds: when the supervisor is gone, however it went, they
stop too.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tallystick.access.keys import SCOPES, Grant, create_key, every_key
from tallystick.api.app import create_app
from tallystick.cli.child import Child, complain, on_stop, stop
from tallystick.cli.engine import engine_process, run_engine
from tallystick.cli.following import run_follower
from tallystick.cli.publishing import ROLLED_BACK, run_publisher
from tallystick.errors import MalformedError, TallystickError
from tallystick.settings import Settings
from tallystick.wiring import NO_ENGINE, open_engine, open_export_files, open_house

_SWITCH_S: Final = 0.000_2
_BACKLOG: Final = 1_024
_LOOK_EVERY_S: Final = 0.2
_PRIVATE: Final = ("key", "server", "engine")
"""What no process gets as an argument, for a command line is no secret."""

_ENGINE: Final = "TALLYSTICK_ENGINE"

Say = Callable[[str], object]


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(settings: Settings, say: Say = _print) -> int:
    """Run the server until SIGTERM or SIGINT.

    Args:
        settings: What the operator decides; port 0 takes a free one.
        say: Told, a line at a time, what an operator needs to know.

    Returns:
        The exit code.

    Raises:
        MalformedError: The address is not of its form, or taken.
    """
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with _reserved(settings.listen) as reservation:
        host, port = reservation.getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        settings = replace(settings, listen=address)
        _prepare(settings, say)
        say(f"listening on http://{address}")
        with engine_process(settings, _packed(settings)) as engine:
            _look_after(engine, settings, stopping)
    return 0


def _look_after(engine: Sequence[Child], settings: Settings, stopping: Event) -> None:
    """Run doors, publisher and follower beside the engine, until it is time to stop."""
    packed, secrets = _packed(settings), {_ENGINE: settings.engine}
    publisher = Child("publisher", "publisher", packed, secrets)
    doors = [Child("door", str(n), packed, secrets) for n in range(1, settings.doors + 1)]
    others = [publisher]
    if settings.engine != NO_ENGINE:
        others.append(Child("follower", "follower", packed, secrets))
    try:
        while not stopping.wait(_LOOK_EVERY_S):
            for child in (*engine, *others, *doors):
                child.look_after()
            if publisher.take_code() == ROLLED_BACK:
                for door in doors:  # they open anew, for reading only
                    door.tell_to_stop()
    finally:
        # The doors first: what they record while they drain is in the last epoch.
        stop(doors)
        stop(others)


def run_door(settings: Settings, name: str) -> int:
    """Run one door process until it is told to stop."""
    _tune()
    house = open_house(settings)
    app = create_app(
        house.ledger,
        trusted_proxies=settings.trusted_proxies,
        name=name,
        policy=house.cosigning.policy if house.cosigning else None,
        engine=open_engine(settings),
        export_files=open_export_files(settings),
    )
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_listen(app, settings.listen))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop that there is; None: Python's own."""
    try:
        import uvloop  # noqa: PLC0415 (not on every platform)
    except ImportError:
        return None
    return uvloop.new_event_loop


def _tune() -> None:
    # The sequencer's thread gives the interpreter up at every call of the database, and gets it
    # back only after a switch interval: at the default of 5 ms a commit of 100 calls starves.
    sys.setswitchinterval(_SWITCH_S)
    # A batch makes thousands of objects that die together without a circle: looking for circles
    # at every 700 of them is a fifth of the work.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def main(arguments: list[str]) -> int:
    """Run one process: ``ROLE NAME SETTINGS`` (JSON), role door, publisher, follower or engine."""
    role, name, text = arguments
    settings = _unpacked(text)
    try:
        match role:
            case "door":
                return run_door(settings, name)
            case "engine":
                return run_engine(settings)
            case "follower":
                return run_follower(settings)
            case _:
                return run_publisher(settings)
    except TallystickError as error:
        complain(f"{role} {name}: {error}")
        return 1


def _prepare(settings: Settings, say: Say) -> None:
    """Open the house once, so that its processes find it made, and tell its first key."""
    house = open_house(settings, create=True)
    try:
        ledger = house.ledger
        silent = house.ask_witnesses()
        for name, problem in silent.items():
            say(f"WARNING: witness {name}: {problem}: it could not tell if the store went back")
        known = house.cosigning.policy.witnesses if house.cosigning else {}
        if silent and len(silent) == sum(bool(it.url) for it in known.values()):
            say("WARNING: NO WITNESS could tell: a store that went back would go on unseen")
        say(f"deployment {ledger.logs.deployment}, data in {settings.data.resolve()}")
        with ledger.drivers.store.read() as snapshot:
            new = not every_key(snapshot)
        if ledger.read_only is not None:
            say(f"READ-ONLY: {ledger.read_only}")
        elif new:
            grant = Grant(frozenset(SCOPES), tenants=None, creates_tenants=True)
            _, text = create_key(ledger, grant, "first", "cli")
            say(f"admin key, shown this once: {text}")
    finally:
        house.close()


def _reserved(listen: str) -> socket.socket:
    """Hold the address for the doors, which share it; nobody can be connected to this socket.

    Raises:
        MalformedError: The address is not of its form, or another program listens there.
    """
    host, port = _parted(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Shared with the doors only after it was found free: SO_REUSEPORT alone would also let
        # this server share the port, unseen, with another one of the same user.
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise MalformedError(f"listen {listen!r}: {error.strerror}, want a free address") from None
    return held


def _parted(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 1 << 16):
        raise MalformedError(f"listen {listen[:80]!r}: want HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


async def _listen(app: Any, address: str) -> None:  # noqa: ANN401 (an ASGI application)
    host, port = _parted(address)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        websockets=False,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    on_stop(lambda: loop.call_soon_threadsafe(server.stop))
    await server.serve()


def _packed(settings: Settings) -> str:
    members = {name: value for name, value in asdict(settings).items() if name not in _PRIVATE}
    return json.dumps({**members, "data": str(settings.data)})


def _unpacked(text: str) -> Settings:
    members = json.loads(text)
    proxies = tuple(members.pop("trusted_proxies"))
    typed = {"data": Path(members["data"]), "trusted_proxies": proxies}
    return Settings(**{**members, **typed, "engine": os.environ.get(_ENGINE, "")})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
