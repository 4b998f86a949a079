import pytest

from tallystick.errors import MalformedError
from tallystick.events.catalogue import (
    ALWAYS_CLEAR,
    NEVER_CLEAR,
    Catalogue,
    CatalogueEntry,
    entry_builtins,
    is_token,
    parse_entry,
)
from tallystick.events.packs import PACKS, standard_catalogue

EVERYTHING = {
    "action": "document.deleted",
    "title": "Document removed",
    "version": 2,
    "description": "For good.",
    "crud": "delete",
    "synonyms": ["DELETE", "DeleteObject"],
    "clear": ["/targets/*/id", "/context/service", "/metadata/a~1b"],
    "metadata_clear": ["bytes"],
    "class": "financial",
    "purpose": "Books",
    "legal_basis": "GDPR Art. 6(1)(c)",
    "severity": "low",
    "ocsf_class": 3004,
    "deprecated": "Say file.deleted",
}


def _entry(action: str, title: str = "Something") -> CatalogueEntry:
    return CatalogueEntry(action=action, title=title)


def test_an_entry_comes_back_as_it_was() -> None:
    assert entry_builtins(parse_entry(EVERYTHING)) == EVERYTHING


def test_an_entry_that_says_little_is_sealed_and_of_the_standard_class() -> None:
    entry = parse_entry({"action": "a.b", "title": "B"})

    assert (entry.version, entry.crud, entry.class_) == (1, "none", "standard")
    assert entry.clear == entry.metadata_clear == entry.synonyms == ()


@pytest.mark.parametrize(
    ("members", "path", "why"),
    [
        pytest.param({"action": "ab"}, "/action", "noun.verb", id="action without a noun"),
        pytest.param({"title": ""}, "/title", "at least 1", id="empty title"),
        pytest.param({"version": 0}, "/version", "at least 1", id="version 0"),
        pytest.param({"crud": "destroy"}, "/crud", "vocabulary", id="unknown verb"),
        pytest.param({"class_": "standard"}, "/class_", "unknown field", id="Python's spelling"),
        pytest.param({"clear": "/a"}, "/clear", "want an array", id="one pattern alone"),
        pytest.param({"clear": ["a"]}, "/clear/0", "other form", id="pattern without a slash"),
        pytest.param({"clear": ["/a//b"]}, "/clear/0", "other form", id="empty step"),
        pytest.param({"clear": ["/a/*b"]}, "/clear/0", "other form", id="star within a step"),
        pytest.param(
            {"clear": ["/context/service", "/actor/email"]},
            "/clear/1",
            "/actor/email is personal",
            id="what is personal by nature",
        ),
        pytest.param(
            {"metadata_clear": ["a b"]},
            "/metadata_clear/0",
            "other form",
            id="key with a blank",
        ),
        pytest.param({"class": "no class"}, "/class", "other form", id="class with a blank"),
        pytest.param({"title": "\u202e"}, "/title", r"U\+202E", id="override in a title"),
    ],
)
def test_refuses(members: dict[str, object], path: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as caught:
        parse_entry({"action": "a.b", "title": "B", **members})

    assert caught.value.path == path


def test_refuses_what_is_no_object() -> None:
    with pytest.raises(MalformedError, match="catalogue entry: an array, want an object"):
        parse_entry([])


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("doc_0042", True),
        ("arn:aws:s3/bucket-7", True),
        ("0199e0aa-1111-7abc-8def-000000000001", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("-a", False),
        ("ada@example.com", False),
        ("Ada Lovelace", False),
        ("naïve", False),
        ("doc_0042\n", False),
        ("a,b", False),
    ],
)
def test_a_token_is_a_machines_word(value: str, token: bool) -> None:
    assert is_token(value) is token


def test_a_catalogue_with_one_more_entry_leaves_the_old_one_alone() -> None:
    old = Catalogue([_entry("a.b")])
    new = old.with_entry(_entry("c.d")).with_entry(_entry("a.b", "Other"))

    assert (len(old), len(new)) == (1, 2)
    assert old["a.b"].title == "Something"
    assert new["a.b"].title == "Other"
    assert new.get("e.f") is None


def test_a_difference_names_what_turns_one_catalogue_into_the_other() -> None:
    old = Catalogue([_entry("a.b"), _entry("c.d"), _entry("e.f")])
    new = Catalogue([_entry("x.y"), _entry("c.d"), _entry("e.f", "Other")])

    assert old.diff(new) == (("x.y",), ("a.b",), ("e.f",))
    assert old.diff(old) == ((), (), ())


def test_no_field_is_both_always_and_never_clear() -> None:
    assert not ALWAYS_CLEAR & NEVER_CLEAR


@pytest.mark.parametrize("pack", PACKS)
def test_every_entry_of_a_pack_obeys_the_rules_for_entries(pack: str) -> None:
    assert len(PACKS[pack]) >= 12
    for entry in PACKS[pack]:
        assert parse_entry(entry_builtins(entry)) == entry


def test_no_action_stands_in_two_packs() -> None:
    entries = [entry for pack in PACKS.values() for entry in pack]

    assert len(standard_catalogue()) == len(entries)


def test_no_synonym_leads_to_two_actions() -> None:
    synonyms = [name for entry in standard_catalogue().values() for name in entry.synonyms]

    assert sorted(synonyms) == sorted(set(synonyms))


def test_no_action_upon_people_shows_the_id_of_its_target() -> None:
    catalogue = standard_catalogue()

    for action in ("user.deleted", "role.assigned", "record.opened"):
        assert "/targets/*/id" not in catalogue[action].clear


@pytest.mark.parametrize(
    "action",
    [
        "deployment.created", "tenant.created", "key.created", "key.revoked",
        "catalogue.changed", "subject.erased", "subject.merged", "entry.pruned", "event.read",
        "events.listed", "receipt.issued", "access.refused", "import.started",
        "import.finished", "export.started", "export.finished", "verification.run",
        "log.received",
    ],
)  # fmt: skip
def test_the_product_declares_its_own_actions(action: str) -> None:
    assert action in {entry.action for entry in PACKS["tallystick"]}
