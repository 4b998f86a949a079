"""``export``: a file of all events that fit, made by the server, fetched and checked."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tallystick.cli.exit_codes import UsageError
from tallystick.cli.export_check import check_whole
from tallystick.cli.fetched_file import FetchedFile
from tallystick.cli.remote import Remote
from tallystick.cli.session import Session
from tallystick.errors import ErasedError, PushbackError

_LOOK_EVERY_S: Final = 0.5
PROVABLE: Final = "provable"
_PATIENCE: Final = 5
"""So many times in a row a connection may break without a byte having come."""
_JSON: Final = {"Content-Type": "application/json"}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("export")(export)


def export(
    context: typer.Context,
    line: Annotated[
        str, typer.Argument(metavar="LINE", help="What fits, as of `search`; nothing: everything.")
    ] = "",
    since: Annotated[str | None, typer.Option(help="From here on: -7d, 2026-11-24.")] = None,
    until: Annotated[str | None, typer.Option(help="Before here.")] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Whose; needed where several could be meant.")
    ] = None,
    stream: Annotated[str, typer.Option(help="Streams, with commas.")] = "audit,activity",
    form: Annotated[str, typer.Option("--format", help="ndjson or csv.")] = "ndjson",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
) -> None:
    """Export events through the server, with a manifest beside the file.

    The same command goes on with what was broken off, as long as the server has the export.
    """
    session: Session = context.obj
    if out is None:
        raise UsageError("--out: missing, want a file to write")
    wanted: dict[str, object] = {"q": line, "since": since, "until": until, "stream": stream}
    wanted = {name: it for name, it in {**wanted, "format": form}.items() if it is not None}
    remote, file = Remote(session.settings), FetchedFile(out)
    query = {"tenant": tenant}
    told = _known(remote, file, wanted, query) or _asked(remote, file, wanted, query)
    told = _finished(session, remote, told, query)
    manifest = remote.get(f"/v1/exports/{told['id']}/manifest", **query).json
    _fetch(session, remote, file, told)
    whole = file.check(manifest["sha256"])
    if manifest["completeness"] == PROVABLE:
        check_whole(whole, manifest)
    file.finish(json.dumps(manifest, indent=1) + "\n")
    session.tell(
        {"file": str(out), "manifest_file": str(file.manifest), **manifest}, _lines(out, manifest)
    )


def _lines(out: Path, manifest: Mapping[str, Any]) -> list[str]:
    whole = manifest["completeness"] == PROVABLE
    told = "every entry is there, by the manifest's roots" if whole else manifest["why"]
    masked = [f"masked: {', '.join(manifest['masked'])}"] if manifest["masked"] else []
    return [
        f"{out}: {manifest['rows']:,} rows, {manifest['bytes']:,} bytes",
        f"SHA-256 {manifest['sha256']}, as the server has it",
        f"{'complete' if whole else manifest['completeness']}: {told}",
        *masked,
    ]


def _known(
    remote: Remote, file: FetchedFile, wanted: Mapping[str, object], query: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the export that was broken off here, if it asked the same and is still there."""
    name = file.begun(wanted)
    if name is None:
        return None
    # One that is gone is answered like one that never was; both are asked for anew.
    answer = remote.ask_about(f"/v1/exports/{name}", query)
    return answer if answer and answer["state"] in {"waiting", "running", "done"} else None


def _asked(
    remote: Remote, file: FetchedFile, wanted: Mapping[str, object], query: Mapping[str, Any]
) -> Mapping[str, Any]:
    body = json.dumps(wanted).encode()
    told: Mapping[str, Any] = remote.post("/v1/exports", body, _JSON, **query).json
    file.begin(wanted, str(told["id"]))
    return told


def _finished(
    session: Session, remote: Remote, told: Mapping[str, Any], query: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Wait until the server has made it."""
    with session.progress("the server writes") as progress:
        while told["state"] in {"waiting", "running"}:
            progress(told["passed"], told["entries"])
            time.sleep(_LOOK_EVERY_S)
            told = remote.get(f"/v1/exports/{told['id']}", **query).json
    if told["state"] != "done":
        raise ErasedError(f"export: {told['state']} {told['reason'] or ''}".rstrip())
    return told


def _fetch(session: Session, remote: Remote, file: FetchedFile, told: Mapping[str, Any]) -> None:
    """Fetch what is not here yet, however often the connection breaks."""
    size, left = int(told["bytes"]), _PATIENCE
    with session.progress("fetch") as progress:
        while file.size < size:
            before = file.size
            headers = {"Range": f"bytes={before}-", "If-Range": f'"{told["sha256"]}"'}
            for piece in remote.stream(str(told["download"]), headers):
                file.add(piece)
                progress(file.size, size)
            left = _PATIENCE if file.size > before else left - 1
            if not left:
                raise PushbackError(f"server: sends no more of {size:,} bytes, want the rest")
