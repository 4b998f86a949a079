"""What became of an operation, in the shape of Elasticsearch's items."""

from typing import Final, NamedTuple

from tallystick.api.elastic.operation import Operation
from tallystick.errors import MalformedError
from tallystick.ledger.batch import Outcome

_SHARDS: Final = {"total": 1, "successful": 1, "failed": 0}
_CREATED: Final = 201
_OK: Final = 200
_INVALID: Final = {
    "/_index": "invalid_index_name_exception",
    "/_id": "illegal_argument_exception",
}


class Result(NamedTuple):
    """What became of one operation.

    Attributes:
        status: The HTTP status of its item.
        outcome: Its place in the log; None for one that has none.
        kind: Elasticsearch's name for the error; empty where there is none.
        reason: What was observed, and what is wanted.
    """

    status: int
    outcome: Outcome | None = None
    kind: str = ""
    reason: str = ""


def settled(outcome: Outcome) -> Result:
    """Tell what the ledger made of a document."""
    match outcome.status:
        case "recorded":
            return Result(_CREATED, outcome)
        case "duplicate":
            return Result(_OK, outcome)
        case "conflict":
            reason = "version conflict, document already exists (current version [1])"
            return Result(409, None, "version_conflict_engine_exception", reason)
        case _:
            return refused(MalformedError(outcome.reason, path=outcome.path))


def refused(error: MalformedError) -> Result:
    """Tell that a document is not of its form, and which of its fields it is."""
    kind = _INVALID.get(error.path)
    if kind is not None:
        return Result(400, None, kind, str(error))
    field = "_id" if error.path == "/external_id" else error.path.strip("/").replace("/", ".")
    place = f"failed to parse field [{field[:200]}]: " if field else "failed to parse: "
    finding = str(error).removeprefix(f"{error.path}: ")
    return Result(400, None, "document_parsing_exception", f"{place}{finding}")


def append_only() -> Result:
    """Tell that nothing recorded is changed."""
    return Result(
        400,
        None,
        "illegal_argument_exception",
        "what is recorded is neither changed nor deleted, want create, or index with a new _id"
        " or none",
    )


def forbidden(reason: str) -> Result:
    """Tell that the credential does not allow it."""
    return Result(403, None, "security_exception", reason)


def pushed_back() -> Result:
    """Tell that it may be sent again."""
    return Result(
        429, None, "es_rejected_execution_exception", "no room for more just now, want to wait"
    )


def item_of(operation: Operation, result: Result) -> dict[str, object]:
    """Write the body of an item, which is also the answer to a request for one document."""
    outcome = result.outcome
    doc_id = operation.doc_id
    if outcome is not None:
        return {
            "_index": operation.index_name,
            "_id": doc_id if doc_id is not None else outcome.event_id,
            "_version": 1,
            "result": "created" if result.status == _CREATED else "noop",
            "_shards": _SHARDS,
            "_seq_no": outcome.index,
            "_primary_term": 1,
            "status": result.status,
        }
    reason = f"[{doc_id[:200]}]: {result.reason}" if doc_id is not None else result.reason
    error = {"type": result.kind, "reason": reason, "index": operation.index_name}
    named = {} if doc_id is None else {"_id": doc_id}
    return {"_index": operation.index_name, **named, "status": result.status, "error": error}
