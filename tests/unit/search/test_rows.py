"""A row of the events table says what its entry says, field by field."""

import json
from datetime import UTC, datetime
from math import isnan
from typing import Any

import pytest

from tallystick.events.catalogue import CatalogueEntry
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log
from tallystick.search.rows import row_of
from tallystick.search.rows_by_column import Rows

LOG = Log(slot=4, hex="ab" * 16, tenant=3, stream="audit")
ID = bytes(range(16))
REF, OTHER = "01" * 16, "02" * 16
DECLARED = CatalogueEntry(
    action="document.deleted", title="Deleted", crud="delete", synonyms=("DeleteBucket",)
)
MOMENT = datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC)
MICROS = 1_795_514_400_250_000

CLEAR: dict[str, Any] = {
    "v": 1,
    "action": "document.deleted",
    "occurred_at": "2026-11-24T10:00:00.250000Z",
    "received_at": "2026-11-24T10:00:00.250000Z",
    "class": "standard",
    "actor": {"type": "user"},
    "via": {"door": "native", "key_id": "k1"},
}


def made(
    sealed: dict[str, tuple[int, object]],
    event: dict[str, Any],
    *,
    clear: dict[str, Any] | None = None,
    gone: tuple[int, ...] = (),
) -> dict[str, Any]:
    """Make the row of an entry whose ``sealed`` values are given as path → (slot, value)."""
    leaf = {
        **CLEAR,
        **(clear or {}),
        "subject_refs": [REF, OTHER],
        "sealed": {path: [slot, "commitment"] for path, (slot, _) in sealed.items()},
    }
    raw = json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode()
    opened = Opened({**CLEAR, **(clear or {}), **event}, [REF, OTHER])
    for path, (slot, value) in sealed.items():
        if slot not in gone:
            opened.values[path] = (b"salt", json.dumps(value).encode())
    return row_of(LOG, Entry(7, ID, raw, bytes(32), b""), opened, DECLARED, 5)


def test_where_it_stands_and_when_it_was() -> None:
    row = made({}, {})

    assert (row["tenant"], row["stream"], row["slot"], row["log"]) == (3, "audit", 4, "ab" * 16)
    assert (row["index"], row["id"], row["erasures"]) == (7, ID, 5)
    assert int(MOMENT.timestamp()) * 1_000_000 + MOMENT.microsecond == MICROS
    assert (row["occurred_at"], row["received_at"]) == (MICROS, MICROS)


def test_members_of_objects_have_columns_named_by_their_paths() -> None:
    row = made(
        {"/actor/id": (0, "u1")},
        {
            "actor": {"type": "user", "id": "u1", "roles": ["admin", "dba"]},
            "context": {"ip": "2001:DB8:0::1", "channel": "ui"},
            "operation": {"id": "o", "part": 2},
            "duration_ms": 12,
        },
    )

    assert (row["actor_type"], row["actor_id"], row["actor_roles"]) == (
        "user",
        "u1",
        ["admin", "dba"],
    )
    assert (row["context_ip"], row["context_channel"]) == ("2001:db8::1", "ui")
    assert (row["operation_part"], row["duration_ms"]) == (2, 12)
    assert (row["via_door"], row["class"]) == ("native", "standard")


def test_lists_have_an_element_for_each_item_also_where_a_member_is_absent() -> None:
    row = made(
        {},
        {
            "targets": [{"type": "a", "id": "1"}, {"type": "b", "subject": {"id": "s"}}],
            "changes": [{"path": "/x", "op": "replace", "before": "1", "after": {"b": 1, "a": 2}}],
        },
    )

    assert row["targets_type"] == ["a", "b"]
    assert row["targets_id"] == ["1", ""]
    assert row["targets_subject_id"] == ["", "s"]
    assert row["changes_before"] == ["1"]
    assert row["changes_after"] == ['{"a":2,"b":1}']


def test_metadata_is_its_leaves_with_dotted_paths_and_numbers_as_numbers() -> None:
    row = made(
        {"/metadata": (1, {"note": "n"})},
        {"metadata": {"size": 5, "a": {"b": [1.5, "two", None, True]}, "note": "n", "empty": {}}},
    )

    assert row["metadata_path"] == ["size", "a.b", "a.b", "a.b", "note"]
    assert row["metadata_text"] == ["5", "1.5", "two", "true", "n"]
    assert row["metadata_number"][:2] == [5.0, 1.5]
    assert all(isnan(number) for number in row["metadata_number"][2:])
    assert row["metadata_sealed"] == [False, False, False, False, True]


def test_a_number_that_no_double_holds_is_a_text_only() -> None:
    row = made({}, {"metadata": {"big": 10**400}})

    assert row["metadata_text"] == [str(10**400)]
    assert isnan(row["metadata_number"][0])


def test_metadata_of_targets_have_columns_of_their_own() -> None:
    row = made({}, {"targets": [{"type": "a", "metadata": {"k": 1}}, {"type": "b"}]})

    assert row["targets_metadata_path"] == ["k"]
    assert row["targets_metadata_text"] == ["1"]
    assert "metadata_path" not in row


def test_an_action_is_found_by_its_words_its_verb_and_what_others_call_it() -> None:
    row = made({}, {})

    assert {"document.deleted", "document", "deleted", "delete", "deletebucket"} <= set(
        row["action_words"]
    )
    assert row["crud"] == "delete"


@pytest.mark.parametrize(
    ("path", "value", "fields"),
    [
        ("/actor/email", "a@b", {"actor.email"}),
        ("/targets/3/subject/name", "n", {"targets.subject.name"}),
        ("/metadata", {"x": 1}, {"metadata"}),
        ("/targets/0/metadata", {"x": 1}, {"targets.metadata"}),
        ("/changes/0", {"path": "/p", "op": "add"}, {"changes.path", "changes.op"}),
        ("/changes", [{"path": "/p"}, {"after": 1}], {"changes.path", "changes.after"}),
        ("/action", "made.up", {"action", "action_words"}),
    ],
)
def test_what_is_sealed_is_named_by_field(path: str, value: object, fields: set[str]) -> None:
    assert set(made({path: (0, value)}, {})["sealed_fields"]) == fields


def test_of_a_list_that_was_erased_whole_every_field_counts_as_sealed() -> None:
    row = made({"/changes": (0, [{"path": "/p"}])}, {}, gone=(0,))

    assert {"changes.path", "changes.op", "changes.before", "changes.after"} <= set(
        row["sealed_fields"]
    )


def test_a_row_names_the_subjects_of_its_entry() -> None:
    row = made(
        {"/actor/id": (0, "u1"), "/message": (1, "hi")},
        {"actor": {"type": "user", "id": "u1"}, "message": "hi"},
    )

    assert row["subject_refs"] == [bytes.fromhex(REF), bytes.fromhex(OTHER)]


def test_of_somebody_erased_nothing_stands_in_the_row() -> None:
    row = made({"/actor/id": (0, "u1"), "/message": (1, "hi")}, {"message": "hi"}, gone=(0,))

    assert row["message"] == "hi"
    assert "u1" not in str(row)
    assert set(row["sealed_fields"]) == {"actor.id", "message"}


def test_columns_are_filled_with_what_an_absent_value_is() -> None:
    first = made({}, {"message": "m", "duration_ms": 1, "targets": [{"type": "a"}]})
    second = made({}, {"utc_offset_minutes": 60})

    rows = Rows()
    for row in (first, second, first):
        rows.add(row)
    columns = rows.columns(0, 2)

    assert len(rows) == 3
    assert columns["message"] == ["m", ""]
    assert columns["duration_ms"] == [1, None]
    assert columns["targets_type"] == [["a"], []]
    assert columns["utc_offset_minutes"] == [0, 60]
    assert "agent_id" not in columns
    assert rows.columns(2, 9)["duration_ms"] == [1]
