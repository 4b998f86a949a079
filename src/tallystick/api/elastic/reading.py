"""Documents read by their ids, from the ledger itself: what is acknowledged is found at once."""

from asyncio import to_thread
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from litestar import Request, Response, get, route
from litestar.params import FromPath

from tallystick.access.tenants import tenant_numbered
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.filter_path import filtered
from tallystick.api.elastic.identity import DOOR, is_uuid
from tallystick.api.elastic.operation import MAX_DOCUMENT_ID
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.forms import read_object
from tallystick.api.ingest.elastic_document import LOG_RECEIVED, stream_of
from tallystick.api.query import MAX_LIMIT, shown
from tallystick.api.tenancy import chosen_tenant
from tallystick.errors import ErasedError
from tallystick.ledger.ports import Place, Snapshot
from tallystick.search.elastic.refusal import ElasticError

_PARAMETERS: Final = frozenset(
    {"_source", "_source_includes", "_source_excludes", "preference", "realtime", "refresh"}
    | {"routing", "stored_fields"}
)


class Wanted(NamedTuple):
    """One document that is asked for."""

    index_name: str
    doc_id: str


Found = dict[Wanted, dict[str, object]]
"""The events that there are, as the API shows them."""


@get(
    "/{index:str}/_doc/{doc_id:str}",
)
async def show_document(
    request: Request[Any, Any, Any], index: FromPath[str], doc_id: FromPath[str]
) -> Response[bytes]:
    """Show a document."""
    told = read_parameters(request, _PARAMETERS)
    wanted = Wanted(index, doc_id)
    found = await _read(request, [wanted], told.get("tenant"))
    status = 200 if wanted in found else 404
    return elastic_answer(request, _document(wanted, found, told), status, None, told)


@get(
    "/{index:str}/_source/{doc_id:str}",
)
async def show_source(
    request: Request[Any, Any, Any], index: FromPath[str], doc_id: FromPath[str]
) -> Response[bytes]:
    """Show what a document says, and nothing beside it."""
    told = read_parameters(request, _PARAMETERS)
    wanted = Wanted(index, doc_id)
    found = await _read(request, [wanted], told.get("tenant"))
    if wanted not in found:
        kind = "resource_not_found_exception"
        reason = "Document not found, want the _id of one"
        error = {"type": kind, "reason": reason}
        body = {"error": {"root_cause": [error], **error}, "status": 404}
        return elastic_answer(request, body, 404, None, told)
    return elastic_answer(request, _source(found[wanted], told), 200, None, told)


@route(
    ["/_mget", "/{index:str}/_mget"],
    http_method=["GET", "POST"],
    status_code=200,
)
async def show_documents(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Show several documents."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, "read")
    told = read_parameters(request, _PARAMETERS)
    wanted = _wanted(await read_object(request), index)
    found = await _read(request, wanted, told.get("tenant"))
    documents = [_document(one, found, told) for one in wanted]
    return elastic_answer(request, {"docs": documents}, 200, None, told)


async def _read(
    request: Request[Any, Any, Any], wanted: Sequence[Wanted], tenant_name: str | None
) -> Found:
    """Look documents up, and record that before any of them is shown."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    tenant, found = await to_thread(_look_up, doorway, caller, wanted, tenant_name)
    if not found:
        return found
    if len(wanted) == 1:
        (event,) = found.values()
        told = {"event_id": event["id"], "log": event["log"], "index": event["index"]}
        await doorway.tell_read(tenant, "event.read", caller, told)
    else:
        ids = [event["id"] for event in found.values()]
        read = {"ids": ids, "shown": len(ids)}
        await doorway.tell_read(tenant, "events.listed", caller, read)
    return found


def _look_up(
    doorway: Doorway, caller: Caller, wanted: Sequence[Wanted], tenant_name: str | None
) -> tuple[int, Found]:
    ledger = doorway.ledger
    with ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
        derived = ledger.external_ids(
            tenant, DOOR, [(index, name) for index, name in wanted if not is_uuid(name)]
        )
        names = {one: _name(derived.get((one[0], one[1]), one.doc_id)) for one in wanted}
        places = snapshot.find(tenant, list(set(names.values())))
        tenant_name = tenant_numbered(snapshot, tenant).name
        found: Found = {}
        for one, name in names.items():
            if name in places:
                event = _opened(doorway, snapshot, tenant_name, places[name])
                if event is not None and _holds(one.index_name, event):
                    found[one] = event
    return tenant, found


def _opened(
    doorway: Doorway, snapshot: Snapshot, tenant: str, place: Place
) -> dict[str, object] | None:
    try:
        log, leaf_hash, opened = doorway.ledger.reader.open_at(snapshot, place)
    except ErasedError:
        return None  # its bytes are pruned
    return {**shown(tenant, log, place.index, leaf_hash, opened), "stream": log.stream}


def _holds(index: str, event: dict[str, object]) -> bool:
    """Whether a client would look for the event in the index; log lines may have come by any."""
    if event["stream"] == "access":
        return index.startswith("access")
    return event["stream"] == stream_of(index) or event["action"] == LOG_RECEIVED


def _name(identity: str) -> bytes:
    return bytes.fromhex(identity.replace("-", ""))


def _wanted(body: dict[str, object], index: str | None) -> list[Wanted]:
    ids, documents = body.get("ids"), body.get("docs")
    for name in body:
        if name not in {"ids", "docs"}:
            raise _malformed(f"unknown key [{name[:200]}], want [docs] or [ids]")
    listed = documents if documents is not None else ids
    if not isinstance(listed, list) or not listed or (documents is not None and ids is not None):
        raise _malformed("Validation Failed: 1: no documents to get;")
    if len(listed) > MAX_LIMIT:
        raise _malformed(f"too many documents, want at most {MAX_LIMIT:,}")
    return [_one(item, index) for item in listed]


def _one(item: object, index: str | None) -> Wanted:
    told = item if isinstance(item, dict) else {"_id": item}
    for name in told:
        if name not in {"_id", "_index", "routing"}:
            raise _malformed(f"unexpected field [{name[:200]}] of a document")
    named, doc_id = told.get("_index", index), told.get("_id")
    if not isinstance(named, str):
        raise _malformed("Validation Failed: 1: index is missing;")
    if not isinstance(doc_id, str) or not 0 < len(doc_id.encode()) <= MAX_DOCUMENT_ID:
        raise _malformed("Validation Failed: 1: id is missing, or too long;")
    return Wanted(named, doc_id)


def _malformed(reason: str) -> ElasticError:
    return ElasticError(reason, kind="action_request_validation_exception")


def _document(wanted: Wanted, found: Found, told: dict[str, str]) -> dict[str, object]:
    document: dict[str, object] = {"_index": wanted.index_name, "_id": wanted.doc_id}
    event = found.get(wanted)
    if event is None:
        return {**document, "found": False}
    document |= {"_version": 1, "_seq_no": event["index"], "_primary_term": 1, "found": True}
    return (
        document if told.get("_source") == "false" else document | {"_source": _source(event, told)}
    )


def _source(event: dict[str, object], told: dict[str, str]) -> object:
    """Return the event as the API shows it, with its time where clients look for it."""
    source = {**event, "@timestamp": event["occurred_at"]}
    includes = told.get("_source_includes") or told.get("_source", "")
    excludes = told.get("_source_excludes", "")
    paths = [] if includes in {"", "true", "false"} else includes.split(",")
    paths += [f"-{path}" for path in excludes.split(",") if path]
    return filtered(source, ",".join(paths)) if paths else source
