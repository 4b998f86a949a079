"""``GET /``: what a client of Elasticsearch asks before anything else."""

from hashlib import blake2b
from importlib.metadata import version
from typing import Any, Final

from litestar import Request, Response, get
from litestar.response import Redirect

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.parameters import read_parameters

VERSION: Final = "8.19.0"
"""The release of Elasticsearch whose requests and answers these routes follow."""

_SCOPES: Final = ("read", "read-masked", "ingest", "admin")


@get("/")
async def show_information(request: Request[Any, Any, Any]) -> Response[Any]:
    """Tell a client what speaks here; show a person who opens the address where to read on."""
    with_credential = "authorization" in request.headers
    if not with_credential and "json" not in request.headers.get("accept", ""):
        return Redirect("/docs", status_code=303)
    doorway: Doorway = request.app.state.doorway
    if with_credential:
        doorway.caller(request, *_SCOPES)
    told = read_parameters(request)
    deployment = doorway.ledger.logs.deployment
    answer = {
        "name": f"door-{doorway.name}",
        "cluster_name": deployment,
        "cluster_uuid": blake2b(deployment.encode(), digest_size=11).hexdigest(),
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "tallystick",
            "build_hash": version("tallystick"),
            # Strict clients want a date of build; a package that is built twice alike has none.
            "build_date": "1970-01-01T00:00:00.000Z",
            "build_snapshot": False,
            "lucene_version": "9.12.1",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }
    return elastic_answer(request, answer, parameters=told)
