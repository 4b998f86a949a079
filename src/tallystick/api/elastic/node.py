"""What clients of Elasticsearch want to know of the one node that answers them."""

import re
from hashlib import sha256
from typing import Any, Final

from litestar import Request, Response, get

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.health import ANY_SCOPE
from tallystick.api.elastic.parameters import read_parameters

_ROLES: Final = ("data", "ingest", "master")
_HOST: Final = re.compile(r"([\w.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}


@get(
    ["/_nodes", "/_nodes/http", "/_nodes/_all/http"],
)
async def show_nodes(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Tell the address of the one node: the one that was asked.

    Clients that sniff send everything else to the address told here. No address of the machine
    itself is told: behind a proxy it would lead nowhere. The official clients sniff without
    their credential, so none is needed to be told what one knows already.
    """
    doorway: Doorway = request.app.state.doorway
    told = read_parameters(request, {"timeout", "flat_settings"})
    name = doorway.ledger.logs.deployment
    node: dict[str, object] = {"name": name, "roles": list(_ROLES)}
    address = _address(request)
    if address is not None:
        node["http"] = {"bound_address": [address], "publish_address": address}
    body = {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": name,
        "nodes": {sha256(name.encode()).hexdigest()[:22]: node},
    }
    return elastic_answer(request, body, 200, None, told)


@get(
    "/_license",
)
async def show_license(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say that nothing is licensed for a time, which some shippers ask before they send."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, {"local", "accept_enterprise"})
    uid = sha256(doorway.ledger.logs.deployment.encode()).hexdigest()[:32]
    body = {"license": {"status": "active", "uid": uid, "type": "oss"}}
    return elastic_answer(request, body, 200, None, told)


def _address(request: Request[Any, Any, Any]) -> str | None:
    """Return the host and the port that the client asked, as it told them."""
    host = _HOST.fullmatch(request.headers.get("host", ""))
    if host is None:
        return None
    return f"{host[1]}:{host[2] or _PORTS.get(request.scope['scheme'], 80)}"
