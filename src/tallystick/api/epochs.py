"""Epochs for those who check them: what each changed, and what it says of one log.

An auditing witness sees origins and sizes of all logs and no content; a tenant, or its auditor,
sees its own log alone.
"""

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from tallystick.api.doorway import Doorway
from tallystick.api.problems import EPOCH_UNPROVEN, ProblemError
from tallystick.api.proofs import READ_OF_A_LOG, log_within_reach
from tallystick.api.query import json_answer
from tallystick.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    VerificationError,
)
from tallystick.ledger.epochs import PAGE, Change, Epoch
from tallystick.ledger.ports import Log, Snapshot
from tallystick.tlog.spelling import encode_base64, parse_decimal

LATEST: Final = "latest"
_JSON: Final = "application/json"

From = Annotated[
    str | None,
    QueryParameter(name="from", description="A size of the log, to prove consistency from"),
]


@get(
    "/v1/epochs/{epoch:str}/changes",
    summary="What an epoch changed",
    description=(
        "Every slot whose head differs from the epoch before, with the proof that it only grew;"
        " for keys with scope `witness`."
    ),
)
async def list_changes(request: Request[Any, Any, Any], epoch: FromPath[str]) -> Stream:
    """List the changes of an epoch, a page after the other: there may be very many."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "witness")
    if caller.key.grant.tenants is not None:
        raise ForbiddenError("credential: for some tenants, want one for all of them")
    found = await to_thread(_found, doorway, epoch)
    # The first page before the answer begins, so that what is wrong has a status.
    first = await to_thread(_page, doorway, found, 0)

    async def pages() -> AsyncIterator[bytes]:
        told = {"epoch": found.record.epoch, "record_index": found.index}
        head = msgspec.json.encode({**told, "slots": found.record.slots, "changes": []})
        yield head.removesuffix(b"]}") + first
        comma = b"," if first else b""
        for start in range(PAGE, found.record.slots, PAGE):
            page = await to_thread(_page, doorway, found, start)
            if page:
                yield comma + page
                comma = b","
        yield b"]}"

    return Stream(pages(), media_type=_JSON)


@get(
    "/v1/logs/{log_hex:str}/epochs/{epoch:str}",
    summary="What an epoch says of a log",
    description=(
        "The log's head in an epoch, or in the `latest` published one, with the proof that the"
        " epoch says so. With `from`, also the proof that it extends the log of that size; there"
        " is none where the log is smaller."
    ),
)
async def show_epoch(
    request: Request[Any, Any, Any],
    log_hex: FromPath[str],
    epoch: FromPath[str],
    old_size: From = None,
) -> Response[bytes]:
    """Show the head of a log in an epoch."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    try:
        since = None if old_size is None else parse_decimal("from", old_size)
    except MalformedError as error:
        raise MalformedError(str(error), path="/from") from None

    def look_up() -> tuple[Log, dict[str, object]]:
        log = log_within_reach(doorway, caller, log_hex)
        with doorway.ledger.drivers.store.read() as snapshot:
            return log, head_told(doorway, snapshot, log, _epoch(doorway, snapshot, epoch), since)

    log, told = await to_thread(look_up)
    resource = {"log": log.hex, "resource": f"epochs/{told['epoch']}"}
    await doorway.tell_read(log.tenant, READ_OF_A_LOG, caller, resource)
    return json_answer(told)


def head_told(
    doorway: Doorway, snapshot: Snapshot, log: Log, epoch: Epoch, since: int | None
) -> dict[str, object]:
    """Tell what an epoch says of a log, and that the log extends that of a size.

    Raises:
        ProblemError: What is stored contradicts the epoch's record.
    """
    with _proving():
        head = doorway.epochs.head(snapshot, epoch, log)
    told: dict[str, object] = {
        "epoch": epoch.record.epoch,
        "record_index": epoch.index,
        "slots": epoch.record.slots,
        "origin": doorway.ledger.logs.origin(log),
        "size": head.size,
        "root": encode_base64(head.root),
        "slots_proof": _hashes(head.slots_proof),
    }
    if since is not None and since <= head.size:
        proof = doorway.ledger.reader.consistency(snapshot, log.slot, since, head.size)
        told["consistency"] = _hashes(proof)
    return told


@contextmanager
def _proving() -> Iterator[None]:
    """Answer by a problem of its own where what is stored contradicts the epoch's record."""
    try:
        yield
    except VerificationError as error:
        raise ProblemError(EPOCH_UNPROVEN, str(error)) from None


def _found(doorway: Doorway, epoch: str) -> Epoch:
    with _proving(), doorway.ledger.drivers.store.read() as snapshot:
        return _epoch(doorway, snapshot, epoch)


def _epoch(doorway: Doorway, snapshot: Snapshot, name: str) -> Epoch:
    if name == LATEST:
        return doorway.epochs.last(snapshot)
    try:
        number = parse_decimal("epoch", name)
    except MalformedError as error:
        raise NotFoundError(str(error)) from None
    return doorway.epochs.find(snapshot, number)


def _page(doorway: Doorway, epoch: Epoch, start: int) -> bytes:
    """Write the changes of one page, without brackets."""
    with _proving(), doorway.ledger.drivers.store.read() as snapshot:
        changes = doorway.epochs.changes(snapshot, epoch, start)
    return b",".join(msgspec.json.encode(_written(change)) for change in changes)


def _written(change: Change) -> dict[str, object]:
    return {
        "slot": change.slot,
        "origin": change.origin,
        "size": change.size,
        "root": encode_base64(change.root),
        "old_size": change.old_size,
        "proof": _hashes(change.proof),
    }


def _hashes(hashes: Sequence[bytes]) -> list[str]:
    return [encode_base64(one) for one in hashes]
