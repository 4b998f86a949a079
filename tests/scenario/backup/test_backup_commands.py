"""The commands as people run them: what they say, and how they end."""

import json
from pathlib import Path

import pytest

from kit.backup import Site, opened_by_hand
from kit.command import Command, Transcript

PASSPHRASE = "correct horse battery staple"  # noqa: S105 (a test's)
WORDS = ("--passphrase-file", "short")


@pytest.fixture
def tally(site: Site) -> Command:
    """The command, beside the deployment."""
    site.house.close()
    return Command(site.folder)


@pytest.fixture
def recipient(tally: Command) -> str:
    """A recipient whose key file is ``backup.key``."""
    return str(tally.plain("backup-key", "--out", "backup.key").out.strip())


def restored(tally: Command, *more: str | Path, code: int = 0, **env: str) -> Transcript:
    lock, keys = "data/lock.note", "data/keys.json"
    where = ("restore", "one.backup", "--into", "new", "--lock", lock, "--keys", keys)
    return tally.plain(*where, *more, code=code, **env)


def test_a_backup_tells_what_it_holds_and_what_it_does_not(
    tally: Command, recipient: str, site: Site
) -> None:
    told = tally("backup", "--out", "one.backup", "--recipient", recipient)

    size = int(site.lock.read_text().split("\n")[1])
    assert f"super-checkpoint of {size} records" in told.out
    assert "audit.example at" in told.out
    assert "18 entries in 4 logs" in told.out
    assert "keys.json is not in it" in told.err


def test_a_backup_with_keys_warns_of_what_that_means(tally: Command, recipient: str) -> None:
    told = tally("backup", "--out", "one.backup", "--recipient", recipient, "--with-keys")

    assert "comes back from it for ever" in told.err
    restored(tally, "--key-file", "backup.key")


def test_both_speak_json(tally: Command, recipient: str, site: Site) -> None:
    made = tally("backup", "--out", "one.backup", "--recipient", recipient, "--json").json
    back = restored(tally, "--key-file", "backup.key", "--json").json

    note = site.lock.read_text()
    assert (made["checkpoint"], made["deployment"]) == (note, "audit.example")
    assert made["bytes"] == site.backup.stat().st_size
    assert [part["name"] for part in made["parts"]] == ["ledger.db"]
    assert back["verdict"] == "intact"
    assert (back["recomputed"], back["erased_again"]) == (18, 0)
    assert back["backup"]["parts"] == made["parts"]
    assert back["backup"]["made_at"] == made["made_at"]


def test_a_passphrase_comes_from_the_environment_or_a_file(tally: Command, site: Site) -> None:
    tally("backup", "--out", "one.backup", TALLYSTICK_BACKUP_PASSPHRASE=PASSPHRASE)
    assert b"entry" in opened_by_hand(site.backup.read_bytes(), words=PASSPHRASE)

    (site.folder / "words").write_text(f"{PASSPHRASE}\n")
    restored(tally, "--passphrase-file", "words")


def test_a_wrong_passphrase_opens_nothing(tally: Command, site: Site) -> None:
    tally("backup", "--out", "one.backup", TALLYSTICK_BACKUP_PASSPHRASE=PASSPHRASE)

    told = restored(tally, code=1, TALLYSTICK_BACKUP_PASSPHRASE=f"{PASSPHRASE}r")

    assert "does not open, want its own passphrase" in told.err
    assert PASSPHRASE not in told.err
    assert not site.into.exists()


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["backup"], 2, "--out"),
        (["backup", "--out", "x"], 2, "nobody to ask"),
        (["backup", "--out", "x", "--passphrase-file", "short"], 2, "want 12 at least"),
        (["backup", "--out", "x", "--passphrase-file", "gone"], 1, "missing"),
        (["backup", "--out", "x", "--key-file", "gone"], 1, "missing"),
        (["backup", "--out", "x", "--recipient", "ada"], 3, "recipient"),
        (["backup", "--out", "x", "--recipient", "a", "--key-file", "k"], 2, "want one of"),
        (["backup-key", "--out", "short"], 1, "exists"),
        (["restore", "one.backup", "--into", "new"], 2, "want --lock PATH"),
        (
            ["restore", "b", "--into", "new", "--lock", "l", "--no-lock-i-understand"],
            2,
            "want --lock PATH",
        ),
        (
            ["restore", "b", "--into", "n", "--lock", "l", "--key-file", "k", *WORDS],
            2,
            "want one of",
        ),
        (["restore", "gone", "--into", "n", "--lock", "l", *WORDS], 1, "gone"),
        (
            ["restore", "short", "--into", "n", "--lock", "l", *WORDS],
            3,
            "another kind of file",
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_so(
    tally: Command, site: Site, line: list[str], code: int, said: str
) -> None:
    (site.folder / "short").write_text("secret")

    told = tally(*line, code=code)

    assert said in told.err
    assert not (site.folder / "x").exists()
    assert (site.folder / "short").read_text() == "secret"


def test_a_key_file_that_others_may_read_is_refused(
    tally: Command, recipient: str, site: Site
) -> None:
    assert recipient.startswith("tallystick-backup-")
    (site.folder / "backup.key").chmod(0o644)

    told = tally("backup", "--out", "x", "--key-file", "backup.key", code=3)

    assert "mode 644, want 600" in told.err


def test_a_policy_without_witnesses_is_refused(tally: Command, site: Site) -> None:
    (site.folder / "policy").write_text("quorum none\n")
    (site.folder / "words").write_text(PASSPHRASE)

    told = restored(tally, "--policy", "policy", "--passphrase-file", "words", code=3)

    assert "no witnesses, want one to ask" in told.err


def test_a_copy_to_read_needs_no_lock_file_and_says_what_is_unknown(
    tally: Command, recipient: str
) -> None:
    tally("backup", "--out", "one.backup", "--recipient", recipient)

    told = tally.plain(
        "restore", "one.backup", "--into", "new", "--no-lock-i-understand",
        "--keys", "data/keys.json", "--key-file", "backup.key", "--json",
    )  # fmt: skip

    assert [line.split(":")[0] for line in told.err.splitlines()] == ["warning", "warning"]
    assert len(json.loads(told.out)["warnings"]) == 2
