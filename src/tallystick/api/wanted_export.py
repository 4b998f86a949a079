"""An export as it is asked for, and its beginning: all that is recorded by then, and no more."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tallystick.access.tenants import tenant_numbered
from tallystick.api.asking import Context, WantedSearch, in_streams
from tallystick.api.forms import Wanted
from tallystick.errors import ConflictError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Snapshot, Transaction
from tallystick.search import exports
from tallystick.search.export_key import draw_key, open_key
from tallystick.search.export_question import ExportQuestion, Format
from tallystick.search.exports import Export, LogPart, Progress

DAY_S: Final = 86_400
LONGEST_S: Final = 7 * DAY_S
MAX_EXPORTS: Final = 20
"""Most exports of one tenant that are under way or can be fetched."""


class WantedExport(Wanted, frozen=True, kw_only=True):
    """An export: the members of ``POST /v1/search`` that say what fits, a form, and an end."""

    q: str = ""
    since: str | None = None
    until: str | None = None
    stream: str = "audit,activity"
    time_zone: str = "UTC"
    format: Format = "ndjson"
    expires_in_s: Annotated[int, Meta(ge=60, le=LONGEST_S)] = DAY_S

    def told(self) -> dict[str, object]:
        """Return what was asked for, as it is recorded."""
        return {name: it for name, it in msgspec.structs.asdict(self).items() if it is not None}

    def streams(self) -> tuple[str, ...]:
        """Return the streams, each once, in the order in which their rows come.

        Raises:
            MalformedError: One of them does not exist.
        """
        wanted = in_streams(WantedSearch(stream=self.stream)).values
        return tuple(dict.fromkeys(str(name) for name in wanted))

    def question(self, ledger: Ledger, context: Context) -> ExportQuestion:
        """Return what is asked, as of now.

        Raises:
            MalformedError: It is not of its form: refused now, and not in the background.
        """
        self.streams()
        with ledger.drivers.store.read() as snapshot:
            name = tenant_numbered(snapshot, context.tenant).name
        asked = ExportQuestion(
            q=self.q,
            since=self.since,
            until=self.until,
            time_zone=self.time_zone,
            tenant_name=name,
            masked=context.sight.unmasked is not None,
            asked_at=ledger.drivers.clock.now(),
        )
        asked.search()
        return asked

    def begin(
        self,
        ledger: Ledger,
        tx: Transaction,
        name: str,
        owner: str,
        tenant: int,
        question: ExportQuestion,
    ) -> Export:
        """Make an export of all that is recorded by now.

        Raises:
            ConflictError: The tenant has too many.
        """
        if exports.count(tx, tenant) >= MAX_EXPORTS:
            raise ConflictError(f"exports: {MAX_EXPORTS} already, want some of them deleted first")
        parts = [_part(ledger, tx, tenant, stream) for stream in self.streams()]
        generation, wrapped = draw_key(ledger, tx, tenant, name)
        key = open_key(ledger, tx, tenant, name, generation, wrapped)
        sealed = key.seal("question", msgspec.json.encode(question), ledger.drivers.entropy)
        return Export(
            id=name,
            tenant=tenant,
            owner=owner,
            format=self.format,
            state="waiting",
            generation=generation,
            wrapped=wrapped,
            question=sealed,
            manifest=None,
            progress=Progress(logs=parts),
            entries=sum(part.size for part in parts),
            passed=0,
            written=0,
            size=0,
            created_at=question.asked_at,
            expires_at=question.asked_at + self.expires_in_s * 1_000_000,
        )


def _part(ledger: Ledger, snapshot: Snapshot, tenant: int, stream: str) -> LogPart:
    logs = ledger.logs
    log = logs.stream(snapshot, tenant, stream)
    head = snapshot.head(log.slot)
    return LogPart(
        slot=log.slot,
        log=log.hex,
        stream=stream,
        origin=logs.origin(log),
        size=head.size,
        root=head.root.hex(),
    )
