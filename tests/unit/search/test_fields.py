"""What can be asked of an event, and what is answered to a name that there is not."""

from collections.abc import Iterator
from pathlib import Path

import msgspec.inspect
import pytest

from tallystick.errors import MalformedError
from tallystick.events.event import Event
from tallystick.search.columns import WORDED
from tallystick.search.fields import ALIASES, FIELDS, find_field, find_fields

LANGUAGE = Path(__file__).parents[3] / "docs/reference/search-language.md"


def paths(kind: msgspec.inspect.Type, path: str = "") -> Iterator[str]:
    """Walk the form of an event: the dotted path of every scalar that it can tell."""
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from paths(field.type, f"{path}.{field.encode_name}".strip("."))
        case msgspec.inspect.UnionType(types=types):
            told = [each for each in types if not isinstance(each, msgspec.inspect.NoneType)]
            yield from {each for one in told for each in paths(one, path)}
        case msgspec.inspect.Metadata(type=inner):
            yield from paths(inner, path)
        case msgspec.inspect.VarTupleType(item_type=item):
            yield from paths(item, path)
        case _:
            yield path


def test_every_member_of_an_event_can_be_asked_for() -> None:
    told = {*paths(msgspec.inspect.type_info(Event))}

    assert told - {*FIELDS} == set()


@pytest.mark.parametrize("name", ["index", "received_at", "log", "leaf_hash", "class", "crud"])
def test_what_the_server_adds_can_be_asked_for_and_is_never_sealed(name: str) -> None:
    assert find_field(name).sealed == "never"


@pytest.mark.parametrize(
    ("name", "sealed"),
    [
        ("actor.id", "always"),
        ("targets.subject.name", "always"),
        ("changes.before", "always"),
        ("context.ip", "always"),
        ("delegation.reason", "always"),
        ("targets.id", "maybe"),
        ("metadata.plan", "maybe"),
        ("action", "maybe"),
        ("text", "maybe"),
        ("outcome", "never"),
        ("targets.role", "never"),
        ("links.id", "never"),
        ("occurred_at", "never"),
    ],
)
def test_a_field_says_whether_it_is_sealed(name: str, sealed: str) -> None:
    assert find_field(name).sealed == sealed


@pytest.mark.parametrize(
    ("name", "many"),
    [("targets.id", True), ("metadata.a", True), ("actor.roles", True), ("actor.id", False)],
)
def test_a_field_says_whether_it_may_have_several_values(name: str, many: bool) -> None:
    assert find_field(name).many is many


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("@timestamp", "occurred_at"),
        ("user.name", "actor.name"),
        ("user.email", "actor.email"),
        ("source.ip", "context.ip"),
        ("event.action", "action"),
        ("event.outcome", "outcome"),
        ("trace.id", "context.trace_id"),
        ("labels.team.name", "metadata.team.name"),
        ("action.keyword", "action"),
        ("metadata.plan.keyword", "metadata.plan"),
        ("metadata.keyword", "metadata.keyword"),
        ("user.name.keyword", "actor.name"),
        ("metadata.a.b.c", "metadata.a.b.c"),
        ("targets.metadata.size", "targets.metadata.size"),
    ],
)
def test_a_field_has_the_names_that_others_use(asked: str, name: str) -> None:
    assert find_field(asked).name == name


def test_every_alias_leads_to_a_field() -> None:
    assert {name for name in ALIASES.values() if name not in FIELDS} == set()


def test_free_text_is_made_of_the_fields_that_its_page_names() -> None:
    page = LANGUAGE.read_text("utf-8").partition("is looked for in:\n")[2].partition(";")[0]
    assert tuple(page.replace("`", "").split(", ")) == WORDED
    assert {name for name in WORDED if name not in FIELDS} == set()


@pytest.mark.parametrize("name", ["actor.name", "message", "metadata.plan"])
def test_keyword_behind_a_name_means_the_whole_value(name: str) -> None:
    found = find_field(f"{name}.keyword")

    assert (found.name, found.worded, found.kind == "text") == (name, False, False)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("acton", "want action"),
        ("actr.id", "want actor.id"),
        ("email", "want actor.email"),
        ("targets.nam", "want targets.name"),
        ("metadata.", "want metadata"),
        ("qqqq", "want one of the event's, or metadata.<path>"),
        ("x" * 5_000, f"{'x' * 64}…"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_names(name: str, want: str) -> None:
    with pytest.raises(MalformedError, match="unknown") as caught:
        find_field(name)

    assert want in str(caught.value)


def test_an_object_stands_for_the_fields_below_it() -> None:
    assert [field.name for field in find_fields("reason")] == ["reason.code", "reason.text"]


def test_a_pattern_stands_for_the_fields_that_fit_it() -> None:
    assert {field.name for field in find_fields("*.subject.*")} == {
        "targets.subject.id",
        "targets.subject.name",
    }


@pytest.mark.parametrize("pattern", ["*", "_all"])
def test_all_fields_are_the_searchable_text(pattern: str) -> None:
    assert [field.name for field in find_fields(pattern)] == ["text"]


def test_a_pattern_that_fits_nothing_is_refused() -> None:
    with pytest.raises(MalformedError, match="unknown"):
        find_fields("nobody.*")
