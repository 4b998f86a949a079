"""The server's processes: a supervisor, N doors that share an address, and what works beside them.

All are started anew (never forked), each with its settings as one argument. Each watches its
standard input, which the supervisor holds: when the supervisor is gone, however it went, they
stop too.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import Final

from tallystick.access.keys import SCOPES, Grant, create_key, every_key
from tallystick.cli.address import reserved
from tallystick.cli.child import Child, complain, stop
from tallystick.cli.engine import engine_process, run_engine
from tallystick.cli.following import run_follower
from tallystick.cli.publishing import ROLLED_BACK, run_publisher
from tallystick.errors import TallystickError
from tallystick.settings import Settings
from tallystick.wiring import NO_ENGINE, open_house

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
    with reserved(settings.listen) as reservation:
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


def main(arguments: list[str]) -> int:
    """Run one process: ``ROLE NAME SETTINGS`` (JSON), role door, publisher, follower or engine."""
    role, name, text = arguments
    settings = _unpacked(text)
    try:
        match role:
            case "door":
                from tallystick.cli.door import run_door  # noqa: PLC0415 (loads the HTTP server)

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
