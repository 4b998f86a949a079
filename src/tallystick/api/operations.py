"""For operators and machines: is it alive, is it ready, how much does it do, what is it called."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get

from tallystick.api.doorway import Doorway
from tallystick.api.problems import UNREADY, ProblemError
from tallystick.api.query import json_answer
from tallystick.errors import TallystickError
from tallystick.ledger.publisher import latest


@get("/healthz", summary="Is the process alive?")
async def healthz() -> Response[bytes]:
    """Answer, which is all that is asked."""
    return json_answer({"status": "alive"})


@get("/readyz", summary="Does the door take requests?")
async def readyz(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer 200 while the store is open and not read-only, else 503 with the reason."""
    doorway: Doorway = request.app.state.doorway
    reason = doorway.ledger.read_only
    if reason is None:
        try:
            with doorway.ledger.drivers.store.read() as snapshot:
                latest(snapshot)
        except TallystickError as error:
            reason = str(error)
    if reason is not None:
        raise ProblemError(UNREADY, f"ledger: read-only: {reason}", headers={"Retry-After": "60"})
    return json_answer({"status": "ready"})


@get("/metrics", summary="Figures for Prometheus", description="They name no tenant.")
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell this door's figures; behind several doors, each scrape meets one of them."""
    doorway: Doorway = request.app.state.doorway
    text = "".join(f"{line}\n" for line in _figures(doorway))
    return Response(text.encode(), media_type="text/plain; version=0.0.4")


@get(
    "/.well-known/tallystick",
    summary="What this deployment is",
    description="Its name, where its super-log is, and the vkey that verifies it. Pin that key.",
)
async def well_known(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell the deployment's name, and how to verify what it says."""
    doorway: Doorway = request.app.state.doorway
    deployment = doorway.ledger.logs.deployment
    origin = f"{deployment}/super"
    return json_answer(
        {
            "deployment": deployment,
            "super_log": "/v1/super/",
            "origin": origin,
            "vkeys": [doorway.vkey(origin)],
            "version": version("tallystick"),
        }
    )


def _figures(doorway: Doorway) -> Iterator[str]:
    door = f'door="{doorway.name}"'
    traffic = doorway.traffic
    yield "# HELP tallystick_requests_total Requests answered."
    yield "# TYPE tallystick_requests_total counter"
    for (method, route, status), count in sorted(traffic.answered.items()):
        labels = f'{door},method="{method}",route="{route}",status="{status}"'
        yield f"tallystick_requests_total{{{labels}}} {count}"
    yield "# HELP tallystick_request_seconds_total Time spent on requests."
    yield "# TYPE tallystick_request_seconds_total counter"
    for route, seconds in sorted(traffic.seconds.items()):
        yield f'tallystick_request_seconds_total{{{door},route="{route}"}} {seconds:.6f}'
    yield "# HELP tallystick_waiting_entries Entries that wait for their commit."
    yield "# TYPE tallystick_waiting_entries gauge"
    yield f"tallystick_waiting_entries{{{door}}} {doorway.ledger.waiting}"
    yield "# HELP tallystick_read_only Whether the ledger takes no writes."
    yield "# TYPE tallystick_read_only gauge"
    yield f"tallystick_read_only{{{door}}} {int(doorway.ledger.read_only is not None)}"
    with doorway.ledger.drivers.store.read() as snapshot:
        last = latest(snapshot)
    if last is not None:
        age_s = (doorway.ledger.drivers.clock.now() - last.signed_at) / 1_000_000
        yield "# HELP tallystick_epoch The last epoch."
        yield "# TYPE tallystick_epoch counter"
        yield f"tallystick_epoch {last.epoch}"
        yield "# HELP tallystick_epoch_age_seconds Seconds since the last super-checkpoint."
        yield "# TYPE tallystick_epoch_age_seconds gauge"
        yield f"tallystick_epoch_age_seconds {age_s:.3f}"
