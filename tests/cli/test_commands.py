"""What each command says, and how it ends, on a deployment of twelve events."""

import json
import sqlite3
from pathlib import Path

import pytest

from kit.command import Command
from kit.root import SLOT, flip_in

FIRST = "0199e0aa-0000-7000-8def-000000000000"
PEOPLE = ("user_ada", "ada@acme.example")


def access_actions(acme: Command) -> list[str]:
    """The actions of tenant acme's access stream."""
    told = acme("tail", "--stream", "access", "-n", "100", "--json").json
    return [event["action"] for event in told["events"]]


def test_a_tenant_is_created_once(tally: Command) -> None:
    assert tally("tenant", "create", "acme").out == "tenant acme created\n"

    again = tally("tenant", "create", "acme", code=1)

    assert again.err == "error: tenant 'acme': exists already\n"
    assert [row["tenant"] for row in tally("tenant", "list", "--json").json["tenants"]] == ["acme"]


def test_a_key_is_shown_once_and_kept_as_a_hash(acme: Command) -> None:
    made = acme("key", "create", "--tenant", "acme", "--scope", "ingest,read", "--json").json

    listed = acme("key", "list", "--json").json["keys"]

    assert made["key"] == f"tly_{made['key_id']}_{made['key'][-64:]}"
    assert listed == [
        {
            "key_id": made["key_id"],
            "label": "unnamed",
            "scopes": ["ingest", "read"],
            "tenants": ["acme"],
            "state": "active",
            "expires": None,
        }
    ]
    assert made["key"][-64:] not in (acme.data / "ledger.db").read_bytes().decode("latin-1")


def test_a_revoked_key_is_listed_as_revoked(acme: Command) -> None:
    key_id = acme("key", "create", "--tenant", "acme", "--expires", "90d", "--json").json["key_id"]

    acme("key", "revoke", key_id)

    (row,) = acme("key", "list", "--json").json["keys"]
    assert row["state"] == "revoked"
    assert acme("key", "revoke", key_id, code=1).err.startswith("error: key ")


def test_a_catalogue_is_imported_once_and_then_shows_no_difference(acme: Command) -> None:
    file = acme.folder / "catalogue.toml"
    file.write_text(
        '[[entries]]\naction = "paint.mixed"\ntitle = "Paint mixed"\nmetadata_clear = ["hue"]\n'
    )

    before = acme("catalogue", "diff", file, "--tenant", "acme", code=1)
    done = acme("catalogue", "import", file, "--tenant", "acme")
    after = acme("catalogue", "diff", file, "--tenant", "acme")

    assert before.out == "+ paint.mixed\n"
    assert done.out == "1 declared, 0 unchanged\n"
    assert after.out == "no difference\n"
    shown = acme("catalogue", "show", "paint.mixed", "--tenant", "acme", "--json").json
    assert shown["metadata_clear"] == ["hue"]


def test_show_opens_an_event_and_says_where_it_stands(acme: Command) -> None:
    told = acme("show", FIRST, "--json").json

    assert told["action"] == "invoice.approved"
    assert told["actor"] == {"type": "user", "id": "user_ada", "email": "ada@acme.example"}
    assert (told["tenant"], told["index"]) == ("acme", 0)
    assert "actor.email" in acme("show", FIRST).out


def test_a_read_is_recorded_before_anything_is_shown(acme: Command) -> None:
    acme("show", FIRST)
    acme("receipt", FIRST)
    acme("tail")

    assert access_actions(acme) == ["event.read", "receipt.issued", "events.listed"]


def test_nothing_is_shown_where_the_read_cannot_be_recorded(acme: Command) -> None:
    (acme.data / "lock.note").unlink()

    told = acme("show", FIRST, code=5)

    assert told.out == ""
    assert "read-only: the lock file is gone" in told.err


def test_an_unknown_event_is_not_found(acme: Command) -> None:
    told = acme("show", FIRST.replace("0000000000", "ffffffffff"), code=1)

    assert told.err.startswith("error: event 0199e0aa-0000-7000-8def-ffffffffff00: in none")


def test_tail_shows_the_last_events_in_their_order(acme: Command) -> None:
    told = acme("tail", "-n", "3").lines

    assert [line.split()[0] for line in told] == ["9", "10", "11"]
    assert told[0].endswith(
        "invoice.approved by user:user_bob, 2026-11-24T02:45:09.000000Z, success"
    )


def test_a_receipt_verifies_with_pins_and_with_the_data_folder(acme: Command) -> None:
    (acme.folder / "it.receipt").write_text(acme("receipt", FIRST).out)
    (acme.folder / "pins.json").write_text(acme("pins").out)

    by_pins = acme.plain("verify", "it.receipt", "--pins", "pins.json")
    by_data = acme("verify", "it.receipt")
    by_json = acme("verify", "it.receipt", "--json")

    assert by_pins.lines[-1] == by_data.lines[-1] == "verified"
    assert by_json.json["verdict"] == "intact"


def test_without_a_pin_nothing_is_verified(acme: Command) -> None:
    (acme.folder / "it.receipt").write_text(acme("receipt", FIRST).out)

    assert acme.plain("verify", "it.receipt", code=4).lines[-1] == "unverifiable (no pinned key)"


def test_a_receipt_is_pending_before_the_epoch(acme: Command) -> None:
    line = {"action": "a.b", "occurred_at": "2026-11-24T03:00:00Z", "actor": {"type": "system"}}
    new = FIRST.replace("8def", "9def")
    (acme.folder / "new.jsonl").write_text(json.dumps({**line, "id": new}))
    acme("import", "events", "new.jsonl", "--tenant", "acme")

    told = acme("receipt", new, code=5)

    assert told.out == ""
    assert "in no epoch yet" in told.err


def test_fsck_of_an_untouched_ledger_is_intact(acme: Command) -> None:
    told = acme("fsck", "--disclosures")

    assert told.lines[-1] == "intact"
    assert acme("fsck", "--json").json["findings"] == []


def test_fsck_names_the_entry_that_root_changed(acme: Command) -> None:
    flip_in(acme.data, "entry", "leaf", f"id = {SLOT + 7}", 40)

    told = acme("fsck", "--json", code=1).json

    assert told["verdict"] == "tampered"
    assert 7 in [finding["index"] for finding in told["findings"]]
    assert acme("fsck", code=1).lines[-1] == "tampered"


def test_fsck_finds_that_the_lock_file_is_gone(acme: Command) -> None:
    (acme.data / "lock.note").unlink()

    assert "lock file is gone" in acme("fsck", code=1).out


def test_a_dry_run_of_an_erasure_changes_nothing(acme: Command) -> None:
    told = acme("erase", "user_ada", "--tenant", "acme", "--reason", "asked", "--dry-run")

    assert told.lines[0] == "6 entries hold values of this person"
    assert acme("show", FIRST, "--json").json["actor"]["id"] == "user_ada"


def test_what_an_erasure_leaves_is_intact_and_tells_nothing(acme: Command) -> None:
    (acme.folder / "before.receipt").write_text(acme("receipt", FIRST).out)

    acme("erase", "user_ada", "--tenant", "acme", "--reason", "asked", "--yes")

    shown = acme("show", FIRST)
    assert all(value not in shown.out for value in PEOPLE)
    assert "/actor/id" in acme("show", FIRST, "--json").json["erased"]
    assert acme("fsck", "--disclosures").lines[-1] == "intact"
    assert acme("verify", "before.receipt").lines[-1] == "verified"
    again = acme("erase", "user_ada", "--tenant", "acme", "--reason", "asked", "--yes", code=1)
    assert "erased already" in again.err


def test_an_erasure_is_never_carried_out_without_being_asked_for(acme: Command) -> None:
    told = acme("erase", "user_ada", "--tenant", "acme", "--reason", "asked", code=2)

    assert "want --yes" in told.err
    assert acme("show", FIRST, "--json").json["actor"]["id"] == "user_ada"


def test_pruning_says_what_it_would_cover_and_changes_nothing(acme: Command) -> None:
    before = {path.name: path.read_bytes() for path in acme.data.glob("ledger.db")}

    rows = acme("prune", "--before", "2100-01-01", "--dry-run", "--json").json["logs"]
    none = acme("prune", "--before", "2020-01-01", "--dry-run", "--json").json["logs"]
    refused = acme("prune", "--before", "2020-01-01", code=2)

    assert [(row["stream"], row["covered"]) for row in rows][:1] == [("audit", 12)]
    assert [row["covered"] for row in none] == [0, 0, 0]
    assert "want --dry-run" in refused.err
    assert {path.name: path.read_bytes() for path in acme.data.glob("ledger.db")} == before


def test_compacting_keeps_everything(acme: Command) -> None:
    acme("compact")

    assert acme("fsck", "--disclosures").lines[-1] == "intact"


def test_the_doctor_finds_a_sound_deployment_healthy(acme: Command) -> None:
    told = acme("doctor", "--json").json

    assert told["healthy"] is True
    assert [remark["name"] for remark in told["remarks"]] == [
        "lock",
        "erasures",
        "disk",
        "clock",
        "epoch",
        "witnesses",
        "wal",
        "key file",
        "epoch key",
    ]


def test_the_doctor_sees_a_clock_that_went_back(acme: Command) -> None:
    with sqlite3.connect(acme.data / "ledger.db") as db:
        db.execute("UPDATE checkpoint SET signed_at = signed_at + 3600000000")

    told = acme("doctor", code=1)

    assert [line.split()[1] for line in told.lines if line.startswith("FAIL")] == ["clock"]


def test_the_doctor_sees_an_old_epoch_key(acme: Command) -> None:
    file = acme.data / "keys.json"
    keys = json.loads(file.read_text())
    keys["keys"][-1]["created_at"] -= 31 * 86_400_000_000
    file.write_text(json.dumps(keys))

    assert "31 days old, want 30 at most" in acme("doctor", code=1).out


def test_rotated_keys_still_open_everything(acme: Command) -> None:
    old = json.loads((acme.data / "keys.json").read_text())["keys"]

    acme("keys", "rotate")

    new = json.loads((acme.data / "keys.json").read_text())["keys"]
    assert [key["id"] for key in old + new] == [1, 2]
    assert acme("show", FIRST, "--json").json["actor"]["id"] == "user_ada"
    assert acme("fsck", "--disclosures").lines[-1] == "intact"


def test_a_command_on_an_empty_folder_says_what_to_do(tally: Command) -> None:
    told = tally("tenant", "list", code=1)

    assert told.err == (
        "error: data: no ledger, want `tallystick serve` to have run there\n"
        "hint: --data DIR names another folder; `tallystick serve` makes a ledger\n"
    )
    assert not tally.data.exists()


@pytest.mark.parametrize("where", ["flag", "variable", "file"])
def test_a_setting_comes_by_flag_variable_or_file(
    acme: Command, where: str, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere.db"
    (acme.data / "ledger.db").rename(moved)
    arguments: list[str] = []
    env: dict[str, str] = {}
    if where == "flag":
        arguments = ["--database", f"sqlite:{moved}"]
    elif where == "variable":
        env = {"TALLYSTICK_DATABASE": f"sqlite:{moved}"}
    else:
        (acme.data / "tallystick.toml").write_text(f'database = "sqlite:{moved}"\n')

    assert [
        row["tenant"] for row in acme("tenant", "list", "--json", *arguments, **env).json["tenants"]
    ] == ["acme"]
