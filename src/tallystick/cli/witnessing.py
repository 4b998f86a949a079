"""``witness``: cosign what a log shows, for people who believe you and not its operator."""

import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Final

import typer

from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.errors import MalformedError
from tallystick.tlog.key import ED25519, MLDSA44_COSIGNATURE, VerifierKey
from tallystick.tlog.policy import Policy
from tallystick.tlog.private_key import SEED_BYTES
from tallystick.verify.statement import require_root
from tallystick.verify.super_origin import read_super_origin
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.http import Site
from tallystick.watch.log_source import ServerSource
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_server import WitnessServer
from tallystick.watch.witness_state import WitnessState, read_status

_LISTEN: Final = "127.0.0.1:8423"
_SECOND: Final = 1_000_000
_ANSWER_S: Final = 20

KeyFile = Annotated[Path, typer.Option("--key-file", help="The witness's key, of `witness init`.")]
State = Annotated[Path, typer.Option("--state", help="What the witness must never forget.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    witness = typer.Typer(help="Cosign a log's checkpoints, and audit it.", no_args_is_help=True)
    witness.command("init")(init)
    witness.command("serve")(serve)
    witness.command("status")(status)
    app.add_typer(witness, name="witness")


def init(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Such as witness.example/acme; never changes.")],
    out: Annotated[Path, typer.Option(help="Key file to make, mode 600.")],
) -> None:
    """Make a witness's key, and print its vkey, which others need to believe it."""
    session: Session = context.obj
    key = WitnessKey(name, SystemEntropy().draw(SEED_BYTES))
    key.write(out)
    vkey = key.verifier().vkey()
    session.tell({"name": name, "vkey": vkey, "key_file": str(out)}, [vkey])


def serve(
    context: typer.Context,
    key_file: KeyFile,
    state: State,
    log: Annotated[
        list[str] | None,
        typer.Option("--log", help="vkey of a log, as `pins` shows it; may be repeated."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A tlog-policy file, for its log lines.")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option("--root", help="vkey of the root key: believe its word on a recovery."),
    ] = None,
    audit_epochs: Annotated[
        bool,
        typer.Option(
            "--audit-epochs", help="Audit every epoch before; needs --server, TALLYSTICK_KEY."
        ),
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for what shows a refusal; beside the state.")
    ] = None,
) -> None:
    """Run a witness until SIGTERM or Ctrl-C; --listen HOST:PORT, 127.0.0.1:8423 by default."""
    session: Session = context.obj
    clock = SystemClock()
    key = WitnessKey.read(key_file)
    logs = _logs(log or [], policy)
    opened = WitnessState(state, key.verifier().vkey(), audits=audit_epochs)
    folder = EvidenceFolder(evidence or state.with_name(f"{state.name}.evidence"))
    believed = None if root is None else VerifierKey.parse(root)
    audits = _audits(session, logs, opened, believed) if audit_epochs else {}

    def now() -> int:
        return clock.now() // _SECOND

    witness = Witness(key, logs, opened, now, folder, audits)
    address = _address(context.find_root().params.get("listen") or _LISTEN)
    with WitnessServer(witness, address, now, session.write) as server:
        host, port = server.server_address[:2]
        session.note(f"witness {key.name} listens on http://{host!s}:{port}")
        _run(server)


def status(context: typer.Context, state: State) -> None:
    """Tell what a witness cosigned last, of each log."""
    session: Session = context.obj
    vkey, audits, newest = read_status(state)
    rows: list[dict[str, object]] = [
        {
            "origin": cosigned.checkpoint.origin,
            "size": cosigned.checkpoint.size,
            "cosigned_at": datetime.fromtimestamp(cosigned.time_s, UTC).isoformat(),
            "epoch": progress.epoch if audits and progress.epoch >= 0 else None,
            "slots": progress.slots if audits else None,
        }
        for cosigned, progress in newest
    ]
    if session.as_json:
        session.tell({"vkey": vkey, "audits": audits, "logs": rows}, [])
        return
    session.write(vkey)
    session.write("audits every epoch" if audits else "does not audit epochs")
    session.tell_table("logs", ("origin", "size", "cosigned_at", "epoch", "slots"), rows)


def _logs(vkeys: Sequence[str], policy: Path | None) -> dict[str, list[VerifierKey]]:
    """Return the keys of each log by its origin, which is the name of its key."""
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    if policy is not None:
        keys += [it.key for it in Policy.parse(policy.read_bytes()).logs]
    logs: dict[str, list[VerifierKey]] = {}
    for key in keys:
        if key.algorithm not in (ED25519, MLDSA44_COSIGNATURE):
            raise MalformedError(f"--log {key.name}: a witness's key, want a log's")
        if key not in logs.setdefault(key.name, []):
            logs[key.name].append(key)
    if not logs:
        raise UsageError("witness serve: no log, want --log VKEY or --policy FILE")
    return logs


def _audits(
    session: Session,
    logs: Mapping[str, object],
    state: WitnessState,
    root: VerifierKey | None,
) -> dict[str, EpochAudit]:
    if root is not None:
        require_root(root)
    serials = {origin: read_super_origin(origin) for origin in logs}
    if len({deployment for deployment, _ in serials.values()}) != 1:
        raise UsageError(f"--audit-epochs: {len(logs)} logs, want the one of --server")
    settings = session.settings

    def tell(epoch: int, slots: int) -> None:
        session.note(f"audited up to epoch {epoch:,}, {slots:,} slots")

    audits: dict[str, EpochAudit] = {}
    for origin, (_, serial) in serials.items():
        site = Site(settings.server, settings.key, timeout_s=_ANSWER_S)
        source = ServerSource(site, serial)
        audits[origin] = EpochAudit(origin, state, source, tell, root=root, say=session.note)
    return audits


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 1 << 16):
        raise UsageError(f"--listen {listen[:80]!r}: want HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _run(server: WitnessServer) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    serving = Thread(target=server.serve_forever, name="witness", daemon=True)
    serving.start()
    stopping.wait()
    server.shutdown()
    serving.join()
