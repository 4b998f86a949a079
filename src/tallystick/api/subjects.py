"""People in a tenant's logs: how much is there, and its erasure."""

from asyncio import to_thread
from hashlib import sha256
from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.params import PathParameter

from tallystick.access.erasing import Erased, erase
from tallystick.api.doorway import Doorway
from tallystick.api.forms import Wanted, read_form
from tallystick.api.query import TenantName, json_answer
from tallystick.api.tenancy import chosen_tenant
from tallystick.errors import ConflictError
from tallystick.ledger import erasure

_CONFIRMS: Final = b"tallystick/erasure-confirmation/v1"


class WantedErasure(Wanted, frozen=True, kw_only=True):
    """An erasure: without ``confirm`` a dry run, whose answer holds what to confirm with."""

    reason: str
    confirm: str | None = None


SubjectId = Annotated[str, PathParameter(description="The person's id, as events name it")]


@get(
    "/v1/subjects/{subject_id:str}",
    summary="Look for a person",
    description="Whether the tenant's logs know the person, and in how many entries.",
)
async def show_subject(
    request: Request[Any, Any, Any], subject_id: SubjectId, tenant_name: TenantName = None
) -> Response[bytes]:
    """Tell how much of a person the tenant's logs hold."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")

    def look_up() -> tuple[int, dict[str, object]]:
        ledger = doorway.ledger
        with ledger.drivers.store.read() as snapshot:
            tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
            found = erasure.survey(
                ledger.reader, snapshot, tenant, subject_id, lambda _done, _total: None
            )
        return tenant, {
            "ref": found.subject.ref_text,
            "entries": len(found.entries),
            "mentions": len(found.mentions),
        }

    tenant, told = await to_thread(look_up)
    await doorway.tell_read(tenant, "subject.read", caller, {"subject": told["ref"]})
    return json_answer(told)


@post(
    "/v1/subjects/{subject_id:str}/erasure",
    status_code=200,
    summary="Erase a person",
    description=(
        "Without `confirm` a dry run, which answers what would be erased and a confirmation."
        " With that confirmation it is carried out."
    ),
)
async def post_erasure(
    request: Request[Any, Any, Any], subject_id: SubjectId, tenant_name: TenantName = None
) -> Response[bytes]:
    """Erase a person from the logs of a tenant."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    wanted = await read_form(request, WantedErasure)
    with doorway.ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)

    def carry_out() -> Erased:
        def run(*, dry_run: bool) -> Erased:
            return erase(
                doorway.ledger,
                tenant,
                subject_id,
                wanted.reason,
                caller.key.key_id,
                dry_run=dry_run,
            )

        found = run(dry_run=True)
        if wanted.confirm is None:
            return found
        if wanted.confirm != _confirmation(tenant, found, wanted.reason):
            raise ConflictError("confirm: not what the dry run for this person and reason answered")
        return run(dry_run=False)

    erased = await to_thread(carry_out)
    told: dict[str, object] = {
        "state": "erased" if erased.places else "dry_run",
        "ref": erased.ref,
        "entries": erased.entries,
        "mentions": erased.mentions,
    }
    if not erased.places:
        # It tells what a look for the person tells, and is recorded like one.
        await doorway.tell_read(tenant, "subject.read", caller, {"subject": erased.ref})
        told["confirm"] = _confirmation(tenant, erased, wanted.reason)
    return json_answer(told)


def _confirmation(tenant: int, found: Erased, reason: str) -> str:
    """Name a dry run: the same person for the same reason, as of the person's present key."""
    parts = (_CONFIRMS, str(tenant).encode(), found.ref.encode(), reason.encode())
    return sha256(b"\0".join(parts)).hexdigest()[:32]
