"""``demo --tamper``: a row is edited from outside, and everything put back; who finds it?"""

from collections.abc import Sequence
from typing import Final

from tallystick.access.tenants import tenant_named
from tallystick.cli import exit_codes
from tallystick.cli.checking import finding_line, inspect
from tallystick.cli.demo_deployment import Demo
from tallystick.cli.demo_process import here
from tallystick.cli.demo_rollback import Seen, kept_aside, put_back, roll_back
from tallystick.cli.session import Session
from tallystick.drivers.sqlite.tampering import rewrite_row
from tallystick.errors import NotFoundError
from tallystick.events.event import id_bytes
from tallystick.ledger.inspection import Result
from tallystick.ledger.ports import Place
from tallystick.settings import Settings
from tallystick.verify.fsck import Finding, Verdict
from tallystick.wiring import DATABASE, open_house

_OLD: Final = b'"outcome":"success"'
_NEW: Final = b'"outcome":"failure"'


def tamper(session: Session, settings: Settings, made: Demo) -> int:
    """Edit the row of the shown event, then put everything back to before an epoch; tell both.

    Args:
        session: Tells it.
        settings: Where the database is, and the witness; no server may have it open.
        made: What was set up.

    Returns:
        0 if ``fsck`` found exactly this edit, and the witness the rollback, else 1.

    Raises:
        NotFoundError: The row is not as it was recorded.
    """
    kept = kept_aside(settings)
    before = _inspected(session, settings)
    tenant, name, place, origin = _find(settings, made)
    if not rewrite_row(settings.data / DATABASE, tenant, name, _OLD, _NEW):
        raise NotFoundError("demo: the row is not as it was recorded, want it to be")
    after = _inspected(session, settings)
    found = not before.findings and _is_exactly(after.findings, origin, place.index)
    put_back(settings, kept)
    seen = roll_back(session, settings, kept)
    session.tell(
        {
            "origin": origin,
            "index": place.index,
            "before": str(before.verdict),
            "verdict": str(after.verdict),
            "findings": [finding_line(finding) for finding in after.findings],
            "found": found,
            "rolled_back": {
                "verdict": str(seen.fsck),
                "witness": seen.witness,
                "warnings": dict(seen.warnings),
                "found": seen.found,
            },
        },
        [
            f"{before.entries:,} entries are recorded and published: {before.verdict}",
            "",
            f"As root, around every trigger, entry {place.index:,} of {origin}",
            f"now says that {made.event['action']} was a failure, not a success.",
            "",
            f"$ {here()} fsck",
            *map(finding_line, after.findings),
            str(after.verdict),
            "",
            "found: exactly the row that was edited" if found else "not found as it should be",
            "",
            *_rollback_lines(seen),
        ],
    )
    return exit_codes.OK if found and seen.found else exit_codes.NO


def _rollback_lines(seen: Seen) -> list[str]:
    return [
        "As root, a key was made for everything and published in an epoch; then database, keys,",
        "lock file and list of erasures were put back to before, all at once.",
        "",
        f"$ {here()} fsck",
        str(seen.fsck),
        "",
        f"$ {here()} serve",
        *(f"WARNING: witness {name}: {why}" for name, why in seen.warnings.items()),
        f"READ-ONLY: {seen.witness}" if seen.witness else "listening",
        "",
        "found: by the witness alone" if seen.found else "not found as it should be",
    ]


def _inspected(session: Session, settings: Settings) -> Result:
    house = open_house(settings)
    try:
        with session.progress("fsck") as told:
            return inspect(house, told=told)
    finally:
        house.close()


def _find(settings: Settings, made: Demo) -> tuple[int, bytes, Place, str]:
    house = open_house(settings)
    try:
        with house.ledger.drivers.store.read() as snapshot:
            number = tenant_named(snapshot, made.tenant).number
            name = id_bytes(str(made.event["id"]))
            place = house.ledger.reader.find(snapshot, [number], name)
            log = house.ledger.logs.at(snapshot, place.slot)
            return number, name, place, house.ledger.logs.origin(log)
    finally:
        house.close()


def _is_exactly(findings: Sequence[Finding], origin: str, index: int) -> bool:
    return bool(findings) and all(
        (finding.verdict, finding.origin, finding.index) == (Verdict.TAMPERED, origin, index)
        for finding in findings
    )
