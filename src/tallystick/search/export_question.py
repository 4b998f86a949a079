"""What an export is to hold: a question as people type it, at the moment when it was asked."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from tallystick.search.columns import Sight
from tallystick.search.date_math import read_span, read_zone
from tallystick.search.erasures import Waiting
from tallystick.search.lucene import parse_line
from tallystick.search.query import Search, Sort

Format = Literal["ndjson", "csv"]
FORMATS: Final = ("ndjson", "csv")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IN_ORDER: Final = (Sort("index"),)


class ExportQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One question; it is sealed where it is kept.

    Attributes:
        tenant_name: What rows call the tenant.
        masked: Whether sealed values are neither shown nor found.
        asked_at: Microseconds since 1970-01-01T00:00:00Z, which ``now`` means for ever.
    """

    q: str
    since: str | None
    until: str | None
    time_zone: str
    tenant_name: str
    masked: bool
    asked_at: int

    @property
    def is_everything(self) -> bool:
        """Whether whole logs are wanted, so that it can be proven that nothing is missing."""
        return not self.q.strip() and self.since is None and self.until is None

    def search(self) -> Search:
        """Read it, in the order of the ledger.

        Raises:
            MalformedError: It is not of its form.
        """
        now, zone = _EPOCH + timedelta(microseconds=self.asked_at), read_zone(self.time_zone)
        line = parse_line(self.q, now=now, zone=zone)
        since, until = (
            None if text is None else read_span(text, now=now, zone=zone, relative=True).start
            for text in (self.since, self.until)
        )
        return Search(
            filter=line.filter,
            since=max(filter(None, (since, line.since)), default=None),
            until=min(filter(None, (until, line.until)), default=None),
            sort=_IN_ORDER,
            count=False,
        )

    def sight(self, tenant: int, erased: Waiting) -> Sight:
        """Say what whoever asked may see."""
        unmasked = frozenset[str]() if self.masked else None
        names = tuple(each.hex() for each in erased.names)
        return Sight(tenant, self.tenant_name, unmasked, erased.erasures, names)
