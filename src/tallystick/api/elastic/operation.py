"""A bulk body: action lines, and the documents that follow them.

Source: Elasticsearch reference, "Bulk API"; what clients send beside it stands in the tests.
"""

from typing import Final, NamedTuple

from tallystick.api.problems import TOO_LARGE, ProblemError
from tallystick.errors import MalformedError
from tallystick.events.canonical import MAX_DEPTH, decode
from tallystick.search.elastic.refusal import ElasticError

MAX_OPERATIONS: Final = 10_000
"""Operations in one request."""

DOCUMENT_DEPTH: Final = MAX_DEPTH - 2
"""How deep a document may be nested: it may come to stand in an event's metadata."""

MAX_DOCUMENT_ID: Final = 512
"""Bytes of an ``_id``, as with Elasticsearch."""

_MAX_INDEX: Final = 255
_BLANK: Final = b" \t\r"
_ENDS: Final = b" \t\r\n"
_WRITES: Final = frozenset({"create", "index"})
_OTHERS: Final = frozenset({"update", "delete"})
_CONDITIONS: Final = (
    *("if_seq_no", "if_primary_term", "version", "version_type", "_version", "_version_type"),
)
_UNFIT: Final = frozenset('\\/*?"<>| ,#:')


class Operation(NamedTuple):
    """One operation.

    Attributes:
        name: create, index, update or delete.
        index_name: The index it names.
        doc_id: The ``_id``; None where it names none.
        document: As JSON builtins, or why it can't be written.
    """

    name: str
    index_name: str
    doc_id: str | None
    document: "dict[str, object] | MalformedError | None"


def read_operations(body: bytes, index: str | None) -> list[Operation]:
    """Read a bulk body.

    Args:
        body: NDJSON; empty lines between operations, and a missing last line end, are borne.
        index: The index that the address names, for lines that name none.

    Returns:
        The operations in order; a bad document is an error in its place.

    Raises:
        ElasticError: There is none, or an action line is not of its form: then it isn't known
            which of the following lines are documents.
        ProblemError: There are too many.
    """
    if body.count(b"\n") > 4 * MAX_OPERATIONS:
        raise _too_many()
    lines = body.rstrip(_ENDS).split(b"\n")
    operations: list[Operation] = []
    known: dict[bytes, Operation] = {}
    at = 0
    while at < len(lines):
        line = lines[at].strip(_BLANK)
        at += 1
        if not line:
            continue
        # Senders that name no _id send one and the same action line with every document.
        told = known.get(line) or known.setdefault(line, _action(line, at, index))
        if told.name != "delete":
            if at == len(lines):
                raise _malformed(f"Malformed action/metadata line [{at}], want a document after it")
            if told.document is None and told.name in _WRITES:
                told = told._replace(document=read_document(lines[at]))
            at += 1
        operations.append(told)
        if len(operations) > MAX_OPERATIONS:
            raise _too_many()
    if not operations:
        raise ElasticError("request body is required", kind="parse_exception")
    return operations


def read_document(line: bytes) -> dict[str, object] | MalformedError:
    """Read a document, or say why it can't be."""
    try:
        document = decode(line.strip(_BLANK), max_depth=DOCUMENT_DEPTH)
    except MalformedError as error:
        return error
    if not isinstance(document, dict):
        return MalformedError(f"document: a {type(document).__name__}, want an object")
    return document


def fault_of(name: str, index: str, doc_id: object) -> MalformedError | None:
    """Say what is wrong with where a document shall be put; None if nothing is."""
    if name in _OTHERS:
        return None
    return _misplaced(index) or (None if doc_id is None else _unnamed(doc_id))


def _misplaced(index: str) -> MalformedError | None:
    if not 0 < len(index.encode()) <= _MAX_INDEX or index[0] in "-+" or _UNFIT & set(index):
        return MalformedError("Invalid index name, want letters, digits, - and .", path="/_index")
    if index in {".", ".."} or index != index.lower():
        return MalformedError("Invalid index name, must be lowercase", path="/_index")
    return None


def _unnamed(doc_id: object) -> MalformedError | None:
    if not isinstance(doc_id, str) or not doc_id:
        return MalformedError("if _id is specified it must not be empty", path="/_id")
    if len(doc_id.encode()) > MAX_DOCUMENT_ID:
        return MalformedError(
            f"id is too long, must be no longer than {MAX_DOCUMENT_ID} bytes", path="/_id"
        )
    return None


def _action(line: bytes, number: int, index: str | None) -> Operation:
    try:
        value = decode(line)
    except MalformedError as error:
        raise _malformed(f"Malformed action/metadata line [{number}]: {error}") from None
    if not isinstance(value, dict):
        raise _malformed(f"Malformed action/metadata line [{number}], want an object")
    names = [name for name in value if name in _WRITES or name in _OTHERS]
    if len(names) != 1 or not isinstance(value[names[0]], dict):
        raise _malformed(
            f"Malformed action/metadata line [{number}], want one of create, index, update, delete"
            " with an object"
        )
    name, told = names[0], value[names[0]]
    target = told.get("_index") or index
    if not isinstance(target, str):
        reason = f"Validation Failed: {number}: index is missing;"
        raise ElasticError(reason, kind="action_request_validation_exception")
    doc_id = told.get("_id")
    if isinstance(doc_id, int) and not isinstance(doc_id, bool):
        doc_id = str(doc_id)
    fault = fault_of(name, target, doc_id) or _unmet(told)
    return Operation(name, target, doc_id if isinstance(doc_id, str) else None, fault)


def _unmet(told: dict[str, object]) -> MalformedError | None:
    """Say which wish of an action line can't be met; what would change nothing is no wish."""
    for name in _CONDITIONS:
        if told.get(name) is not None:
            return MalformedError(f"[{name}] is not taken: nothing here has a second version")
    pipeline = told.get("pipeline")
    if pipeline is not None and pipeline not in ("", "_none"):
        return MalformedError("pipeline: there are none here, want no [pipeline]")
    return None


def _malformed(reason: str) -> ElasticError:
    return ElasticError(reason, kind="illegal_argument_exception")


def _too_many() -> ProblemError:
    return ProblemError(TOO_LARGE, f"body: too many operations, want at most {MAX_OPERATIONS:,}")
