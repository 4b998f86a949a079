"""Mirrors go on by themselves when the deployment's keys change."""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tlog_scales import signing
from tlog_scales.reader import TilesReader

from kit.plain_receipt import Signer
from kit.rooted import ROOT, SUPER, signed
from kit.rooted_strangers import Shown, shown
from tallystick.verify.pins import Pins
from tallystick.verify.statement import Reason
from tallystick.watch.alarm import AlarmError, Kind
from tallystick.watch.http import Site
from tallystick.watch.kept_mirror import Copied, KeptMirror
from tallystick.watch.mirror_folder import MirrorFolder

WELL_KNOWN = "/.well-known/tallystick"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Shown]:
    with shown(tmp_path) as made:
        yield made


class Files:
    """What tlog-scales reads a mirror through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, *path: str) -> bytes | None:
        """Return a file, or None where there is none."""
        place = self._path.joinpath(*path)
        return place.read_bytes() if place.is_file() else None


def mirror(deployment: Shown, log: str | None = None, name: str = "copy") -> list[str]:
    """Start a mirror, look once; return what it told: a change of keys, or what was copied."""
    pins = Pins.parse(json.dumps(deployment.pins).encode())
    site = Site(deployment.url, deployment.key, timeout_s=10, wait=lambda _: None)
    folder = MirrorFolder(deployment.folder / name)
    try:
        with folder.held():
            kept = KeptMirror(site, folder, pins, log)
            events = list(kept.look())
    finally:
        site.close()
    return [
        it.signed.checkpoint.origin if isinstance(it, Copied) else str(it.statement.reason)
        for it in events
    ]


def whole(folder: Path, vkey: str) -> int:
    """Recompute a copy with a foreign library, and return its size."""
    reader = TilesReader(Files(folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(vkey))
    assert reader.calculate_root_hash() == checkpoint.root_hash
    return int(checkpoint.size)


@pytest.mark.parametrize("reason", [Reason.ROTATION, Reason.COMPROMISE])
def test_the_old_super_logs_copy_is_finished_and_the_next_one_lies_beside_it(
    deployment: Shown, reason: Reason
) -> None:
    assert mirror(deployment) == [SUPER]
    old_key = deployment.rooted.vkey()
    deployment.rooted.record(2)
    note = deployment.change_keys(reason)
    deployment.rooted.record(3)

    assert mirror(deployment) == [reason.value, SUPER, f"{SUPER}/2"]

    folder = deployment.folder / "copy"
    ended = deployment.fetch("/v1/super/1/checkpoint")
    assert (folder / "checkpoint").read_bytes() == ended
    assert whole(folder, old_key) == int(ended.split(b"\n")[1])
    assert whole(folder / "2", note.split("\n")[3]) > 0
    first = (folder / "2" / "tile" / "entries").glob("**/*")
    records = next(it for it in first if it.is_file()).read_bytes()
    assert records[2:].startswith(b"tallystick/transfer/v1\n")
    deployment.rooted.record(4)
    assert mirror(deployment) == [f"{SUPER}/2"]


def test_a_mirror_that_slept_copies_every_super_log_in_between(deployment: Shown) -> None:
    mirror(deployment)
    for number in range(2, 4):
        note = deployment.change_keys()
        deployment.rooted.record(number)

    told = mirror(deployment)

    assert told[:2] == ["rotation", "rotation"]
    assert set(told[2:]) == {SUPER, f"{SUPER}/2", f"{SUPER}/3"}
    assert whole(deployment.folder / "copy" / "3", note.split("\n")[3]) > 0
    assert (deployment.folder / "copy" / "2" / "checkpoint").read_bytes() == deployment.fetch(
        "/v1/super/2/checkpoint"
    )


def test_a_tenants_log_goes_on_in_its_folder(deployment: Shown) -> None:
    log = deployment.log_hex
    (origin,) = mirror(deployment, log)
    deployment.change_keys(Reason.COMPROMISE)
    deployment.rooted.record(2)

    assert mirror(deployment, log) == ["compromise", origin]

    assert (deployment.folder / "copy" / "checkpoint").read_text().split("\n")[1] == "3"
    assert mirror(deployment, log) == [origin]


def test_a_statement_that_another_key_signed_is_refused_and_the_copy_stays(
    deployment: Shown,
) -> None:
    mirror(deployment)
    kept = (deployment.folder / "copy" / "checkpoint").read_bytes()
    note = deployment.change_keys()
    told = json.loads(deployment.fetch(WELL_KNOWN))
    forged = signed(note.split("\n\n")[0] + "\n", Signer(ROOT.name, word="thief"))
    deployment.lies[WELL_KNOWN] = json.dumps({**told, "statements": [forged]}).encode()

    with pytest.raises(AlarmError) as raised:
        mirror(deployment)

    assert raised.value.alarm.kind is Kind.WRONG_KEY
    assert (deployment.folder / "copy" / "checkpoint").read_bytes() == kept
    assert not (deployment.folder / "copy" / "2").exists()


def test_a_new_super_log_that_carries_on_another_end_is_refused(deployment: Shown) -> None:
    mirror(deployment)
    seen = (deployment.folder / "copy" / "checkpoint").read_bytes()
    deployment.change_keys()
    deployment.lies["/v1/super/1/checkpoint"] = seen

    with pytest.raises(AlarmError) as raised:
        mirror(deployment)

    assert raised.value.alarm.kind is Kind.FORK
    assert sha256(seen).hexdigest() in raised.value.alarm.what
    assert not (deployment.folder / "copy" / "2").exists()


def test_without_a_pinned_root_the_way_on_is_told(deployment: Shown) -> None:
    del deployment.pins["root"]
    mirror(deployment)
    deployment.change_keys()

    with pytest.raises(AlarmError, match="pins refresh"):
        mirror(deployment)


def test_records_that_a_recovery_lost_stay_in_the_copy(deployment: Shown) -> None:
    deployment.save()
    deployment.rooted.record(2)
    mirror(deployment)
    before = deployment.folder / "before"
    shutil.copytree(deployment.folder / "copy", before)
    deployment.put_back()
    deployment.change_keys(Reason.RECOVERY)

    assert mirror(deployment) == ["recovery", f"{SUPER}/2"]

    for path in before.rglob("tile/**/*"):
        if path.is_file():
            copied = deployment.folder / "copy" / path.relative_to(before)
            assert copied.read_bytes() == path.read_bytes()
    held = (before / "checkpoint").read_bytes()
    assert (deployment.folder / "copy" / "checkpoint").read_bytes() == held


def test_entries_that_a_recovery_lost_are_not_overwritten(deployment: Shown) -> None:
    log = deployment.log_hex
    deployment.save()
    deployment.rooted.record(2)
    mirror(deployment, log)
    held = (deployment.folder / "copy" / "checkpoint").read_bytes()
    deployment.put_back()
    deployment.change_keys(Reason.RECOVERY)

    with pytest.raises(AlarmError) as raised:
        mirror(deployment, log)

    assert raised.value.alarm.kind is Kind.TRUNCATION
    assert (deployment.folder / "copy" / "checkpoint").read_bytes() == held
