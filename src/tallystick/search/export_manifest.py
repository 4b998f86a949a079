"""The manifest of an export: what was asked, what came of it, and what it stands on."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tallystick.search.export_csv import COLUMNS
from tallystick.search.export_question import ExportQuestion
from tallystick.search.exports import Export

KIND: Final = "tallystick/export/v1"
PROVABLE: Final = "provable"
UNVERIFIABLE: Final = "unverifiable"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE: Final = (
    "there is a row for each entry of each log, and their leaf hashes lead to the roots; what else"
    " a row says, a receipt proves"
)
_FILTERED: Final = (
    "rows were left out as they did not fit, and nothing here proves that they did not"
)


def manifest(deployment: str, export: Export, question: ExportQuestion, sha256: str) -> bytes:
    """Write the manifest of a finished export; the form is in docs/specs/export-v1.md."""
    told: dict[str, Any] = {
        "kind": KIND,
        "deployment": deployment,
        "export": export.id,
        "tenant": question.tenant_name,
        "asked_by": export.owner,
        "asked_at": _text(question.asked_at),
        "question": _asked(export, question),
        "format": export.format,
        "rows": export.written,
        "bytes": export.size,
        "sha256": sha256,
        "sight": "masked" if question.masked else "unmasked",
        "masked": export.progress.masked,
        "completeness": PROVABLE if question.is_everything else UNVERIFIABLE,
        "why": _WHOLE if question.is_everything else _FILTERED,
        "logs": [
            {
                **{name: getattr(part, name) for name in ("log", "stream", "origin")},
                **{name: getattr(part, name) for name in ("size", "root", "rows", "absent")},
                **{name: getattr(part, name) for name in ("first", "last")},
            }
            for part in export.progress.logs
        ],
    }
    if export.format == "csv":
        told["columns"] = COLUMNS
    return msgspec.json.encode(told)


def _asked(export: Export, question: ExportQuestion) -> dict[str, object]:
    streams = ",".join(part.stream for part in export.progress.logs)
    times = {"since": question.since, "until": question.until}
    return {"q": question.q, **times, "stream": streams, "time_zone": question.time_zone}


def _text(microseconds: int) -> str:
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
