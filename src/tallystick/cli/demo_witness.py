"""The witness of the demo: a process of its own, with a folder of its own, that cosigns epochs."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tallystick.cli.checking import pins_of
from tallystick.cli.demo_process import beside
from tallystick.cli.exit_codes import UnreachableError
from tallystick.drivers.system import SystemEntropy
from tallystick.ledger.super_logs import current_super
from tallystick.settings import Settings
from tallystick.tlog.private_key import SEED_BYTES
from tallystick.watch.witness_key import WitnessKey
from tallystick.wiring import open_house

NAME: Final = "witness.example/demo"
FOLDER: Final = "witness"
PINS: Final = "demo.pins"
STRANGER: Final = "stranger"
_POLICY: Final = "witnesses.policy"
_LISTENS: Final = " listens on "
_READY_S: Final = 60


@contextmanager
def witnessed(settings: Settings) -> Iterator[Settings]:
    """Run a witness of the deployment in a data folder until the end of the block.

    Yields:
        The settings, by which each epoch is shown to it.

    Raises:
        UnreachableError: It does not come up.
    """
    folder = settings.data / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = _key(folder / "witness.key")
    house = open_house(settings, create=True)
    try:
        with house.ledger.drivers.store.read() as snapshot:
            log = current_super(snapshot, house.ledger.logs, house.ledger.drivers.keeper).key
        pins = pins_of(house)
    finally:
        house.close()
    with _serving(folder, log.vkey()) as url:
        policy = f"witness demo {key.verifier().vkey()} {url}\nquorum demo\n"
        (folder / _POLICY).write_text(policy, "utf-8")
        # What the stranger believes: the operator's key, and this witness.
        (_stranger(settings) / PINS).write_text(json.dumps({**pins, "policy": policy}), "utf-8")
        yield replace(settings, witness_policy=str(folder / _POLICY))


def _stranger(settings: Settings) -> Path:
    """Return the folder of somebody who does not trust the deployment."""
    folder = settings.data / STRANGER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _key(path: Path) -> WitnessKey:
    if not path.exists():
        WitnessKey(NAME, SystemEntropy().draw(SEED_BYTES)).write(path)
    return WitnessKey.read(path)


@contextmanager
def _serving(folder: Path, vkey: str) -> Iterator[str]:
    files = ["--key-file", str(folder / "witness.key"), "--state", str(folder / "witness.db")]
    arguments = ["witness", "serve", *files, "--log", vkey, "--listen", "127.0.0.1:0"]
    log = folder / "witness.log"
    with log.open("wb") as sink, beside(arguments, stdout=sink, stderr=sink) as process:
        yield _ready(process, log)


def _ready(process: subprocess.Popen[str], log: Path) -> str:
    deadline = monotonic() + _READY_S
    while process.poll() is None and monotonic() < deadline:
        for line in log.read_text("utf-8", "replace").splitlines(keepends=True):
            if _LISTENS in line and line.endswith("\n"):
                return line.partition(_LISTENS)[2].strip()
        sleep(0.05)
    raise UnreachableError("witness: did not come up, want it to listen; see witness.log")
