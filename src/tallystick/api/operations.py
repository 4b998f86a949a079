"""For operators and machines: is it alive, is it ready, how much does it do, what is it called."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get

from tallystick.api.doorway import Doorway
from tallystick.api.problems import UNREADY, ProblemError
from tallystick.api.query import json_answer
from tallystick.errors import TallystickError
from tallystick.ledger.cosigning import Standing, format_policy, standing
from tallystick.ledger.leaf import time_text
from tallystick.ledger.published import latest
from tallystick.ledger.super_logs import current_super, statements


@get("/healthz", summary="Is the process alive?")
async def healthz() -> Response[bytes]:
    """Answer, which is all that is asked."""
    return json_answer({"status": "alive"})


@get("/readyz", summary="Does the door take requests?")
async def readyz(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer 200 while the store is open and not read-only, else 503 with the reason.

    The answer also says how it stands with the witnesses, where there are any.
    """
    doorway: Doorway = request.app.state.doorway
    reason = doorway.ledger.read_only
    known: Standing | None = None
    if reason is None:
        try:
            with doorway.ledger.drivers.store.read() as snapshot:
                known = standing(snapshot)
        except TallystickError as error:
            reason = str(error)
    if reason is not None:
        raise ProblemError(UNREADY, f"ledger: read-only: {reason}", headers={"Retry-After": "60"})
    told: dict[str, object] = {"status": "ready"}
    if known is not None:
        # Not a reason to be unready: events are recorded and published without a quorum too.
        told["witnesses"] = {
            "quorum": known.quorum,
            "quorum_at": None if known.quorum_at is None else time_text(known.quorum_at),
            "answering": known.answering,
            "asked": len(known.problems),
        }
    return json_answer(told)


@get("/metrics", summary="Figures for Prometheus", description="They name no tenant.")
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell this door's figures; behind several doors, each scrape meets one of them."""
    doorway: Doorway = request.app.state.doorway
    text = "".join(f"{line}\n" for line in _figures(doorway))
    return Response(text.encode(), media_type="text/plain; version=0.0.4")


@get(
    "/.well-known/tallystick",
    summary="What this deployment is",
    description=(
        "Its name, where its super-log is, the vkey that verifies it, and the tlog-policy by which"
        " witnesses are asked. Pin that key, and a policy of your own."
    ),
)
async def well_known(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell the deployment's name, and how to verify what it says."""
    doorway: Doorway = request.app.state.doorway
    ledger = doorway.ledger
    with ledger.drivers.store.read() as snapshot:
        current = current_super(snapshot, ledger.logs, ledger.drivers.keeper)
        said = statements(snapshot)
    policy = request.app.state.policy
    vkey = current.key.vkey()
    return json_answer(
        {
            "deployment": ledger.logs.deployment,
            "super_log": "/v1/super/",
            "origin": current.origin,
            "vkeys": [vkey],
            "statements": list(said.values()),
            "witness_policy": None if policy is None else format_policy(policy, vkey),
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
        known = standing(snapshot)
    if last is not None:
        age_s = (doorway.ledger.drivers.clock.now() - last.signed_at) / 1_000_000
        yield "# HELP tallystick_epoch The last epoch."
        yield "# TYPE tallystick_epoch counter"
        yield f"tallystick_epoch {last.epoch}"
        yield "# HELP tallystick_epoch_age_seconds Seconds since the last super-checkpoint."
        yield "# TYPE tallystick_epoch_age_seconds gauge"
        yield f"tallystick_epoch_age_seconds {age_s:.3f}"
    if known is not None:
        yield from _witnesses(known, doorway.ledger.drivers.clock.now())


def _witnesses(known: Standing, now: int) -> Iterator[str]:
    yield "# HELP tallystick_witnesses Witnesses that are asked to cosign."
    yield "# TYPE tallystick_witnesses gauge"
    yield f"tallystick_witnesses {len(known.problems)}"
    yield "# HELP tallystick_witnesses_answering Witnesses that cosigned the last epoch."
    yield "# TYPE tallystick_witnesses_answering gauge"
    yield f"tallystick_witnesses_answering {known.answering}"
    yield "# HELP tallystick_quorum Whether the last epoch had its quorum of cosignatures."
    yield "# TYPE tallystick_quorum gauge"
    yield f"tallystick_quorum {int(known.quorum)}"
    since_s = "+Inf" if known.quorum_at is None else f"{(now - known.quorum_at) / 1_000_000:.3f}"
    yield "# HELP tallystick_quorum_age_seconds Seconds since the last epoch that had its quorum."
    yield "# TYPE tallystick_quorum_age_seconds gauge"
    yield f"tallystick_quorum_age_seconds {since_s}"
