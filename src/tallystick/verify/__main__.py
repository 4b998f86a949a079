"""``python -m tallystick.verify``: receipts checked offline, on the base install.

Exit codes: 0 all verified; 1 one was tampered with; 2 usage; 3 one can't be read; 4 one can't be
decided on (no pin for it, too few witnesses, too old). Of several, the first of 1, 3, 4 counts.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tallystick.errors import MalformedError
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.report import printable
from tallystick.verify.verification import verify_receipt

VERIFIED, NOT_VERIFIED, USAGE, UNREADABLE, UNDECIDED = range(5)
_CODES: Final = {
    Verdict.INTACT: VERIFIED,
    Verdict.TAMPERED: NOT_VERIFIED,
    Verdict.INCOMPLETE: NOT_VERIFIED,
    Verdict.STALE: UNDECIDED,
    Verdict.UNVERIFIABLE: UNDECIDED,
}
_WORST_FIRST: Final = (NOT_VERIFIED, UNREADABLE, UNDECIDED, VERIFIED)


def main(argv: Sequence[str] | None = None) -> int:
    """Verify the receipts that the arguments name, and return the exit code."""
    parser = ArgumentParser("tallystick verify", description="Verify receipts offline.")
    parser.add_argument("file", nargs="+", type=Path, help="a receipt")
    parser.add_argument("--pins", type=Path, help="what to believe: super-log keys, policy")
    parser.add_argument("--json", action="store_true", help="write one JSON object a receipt")
    try:
        given = parser.parse_args(argv)
    except SystemExit as stop:
        return USAGE if stop.code else VERIFIED
    try:
        pins = None if given.pins is None else Pins.parse(given.pins.read_bytes())
    except (OSError, MalformedError) as error:
        _complain(given.pins, error)
        return UNREADABLE
    now_s = int(datetime.now(UTC).timestamp())  # noqa: TID251 - a program asks the machine
    several = len(given.file) > 1
    codes = {_verify(path, pins, now_s, given.json, several) for path in given.file}
    return next(code for code in _WORST_FIRST if code in codes)


def _verify(path: Path, pins: Pins | None, now_s: int, as_json: bool, several: bool) -> int:
    try:
        report = verify_receipt(path.read_bytes(), pins, now_s)
    except (OSError, MalformedError) as error:
        _complain(path, error)
        if as_json:
            _write_json({"file": str(path), "verdict": None, "reason": str(error)})
        return UNREADABLE
    if as_json:
        _write_json({"file": str(path), **report.to_builtins()})
    else:
        title = [f"{printable(str(path))}:"] if several else []
        sys.stdout.write("\n".join([*title, *report.lines(), ""]))
    return _CODES[report.verdict]


def _write_json(members: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(members) + "\n")


def _complain(path: Path, error: Exception) -> None:
    sys.stderr.write(f"{printable(str(path))}: unreadable: {printable(str(error))}\n")


if __name__ == "__main__":
    sys.exit(main())
