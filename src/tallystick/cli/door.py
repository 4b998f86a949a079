"""A door: the process that speaks HTTP. It alone loads the HTTP server."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from tallystick.api.app import create_app
from tallystick.cli.address import parted
from tallystick.cli.child import on_stop
from tallystick.settings import Settings
from tallystick.wiring import open_engine, open_export_files, open_house

_SWITCH_S: Final = 0.000_2
_BACKLOG: Final = 1_024


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


async def _listen(app: Any, address: str) -> None:  # noqa: ANN401 (an ASGI application)
    host, port = parted(address)
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
