"""Queries on whole values of one field."""

from collections.abc import Callable
from typing import Final

from tallystick.search import terms
from tallystick.search.elastic.members import Members, strings
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.target import Asked, Target, one_field, target_of, zoned
from tallystick.search.fields import find_fields
from tallystick.search.filters import Exists, Filter, Ids, Nothing, Words
from tallystick.search.intervals import Bound, between
from tallystick.search.terms import When, anyone
from tallystick.search.words import words_of

Pattern = Callable[[Target, str, bool, Members], Filter]

TIME_FORMATS: Final = frozenset(
    {
        *("strict_date_optional_time", "date_optional_time", "strict_date_optional_time_nanos"),
        *("epoch_millis", "epoch_second", "strict_date", "date", "yyyy-MM-dd", "yyyy-MM", "yyyy"),
    }
)
"""Formats of times that are read, alone or with ``||`` between them."""


def term(value: object, asked: Asked) -> Filter:
    """Read ``term``: one whole value; of a text, one word, as it stands."""
    name, members = _spec("term", value, asked, "value")
    target = target_of(name, members.path)
    any_case = members.flag("case_insensitive")
    wanted = _scalar(members, "value")
    members.named()
    members.done()
    with refusing(members.at("value")):
        return whole_value(target, wanted, asked.when, any_case=any_case)


def whole_value(target: Target, wanted: object, when: When, *, any_case: bool = False) -> Filter:
    """Ask for one whole value; of a text, for one word.

    Raises:
        MalformedError: The field's kind has no such value.
    """
    field = target.field
    if field.kind != "text" or target.whole:
        return terms.equals(field, wanted, when, any_case=any_case)
    text = terms.text_of(wanted)
    word = text.lower() if any_case else text
    return Words((field.name,), (word,)) if words_of(word) == (word,) else Nothing()


def terms_query(value: object, asked: Asked) -> Filter:
    """Read ``terms``: one of several whole values."""
    members = Members("terms", value, asked.path)
    members.named()
    name, wanted = one_field("terms", members.rest(), asked.path)
    path = members.at(name)
    if not isinstance(wanted, list):
        raise ElasticError("[terms] query requires a list of values", path=path)
    target = target_of(name, path)
    with refusing(path):
        if target.field.kind == "text" and not target.whole:
            return anyone(whole_value(target, each, asked.when) for each in wanted)
        return terms.one_of(target.field, wanted, asked.when)


def exists(value: object, asked: Asked) -> Filter:
    """Read ``exists``: a field, or any field of an object, has a value."""
    members = Members("exists", value, asked.path)
    name = members.text("field")
    members.named()
    members.done()
    if not name:
        raise ElasticError("[exists] must be provided with a [field]", path=asked.path)
    with refusing(members.at("field")):
        return anyone(Exists(field.name) for field in find_fields(name.removesuffix(".keyword")))


def ids(value: object, asked: Asked) -> Filter:
    """Read ``ids``."""
    members = Members("ids", value, asked.path)
    wanted = strings(members.take("values") or (), members.at("values"))
    members.named()
    members.done()
    with refusing(members.at("values")):
        return Ids(tuple(each.lower() for each in wanted)) if wanted else Nothing()


def prefix(value: object, asked: Asked) -> Filter:
    """Read ``prefix``."""
    return _pattern("prefix", value, asked, _begins)


def wildcard(value: object, asked: Asked) -> Filter:
    """Read ``wildcard``."""
    return _pattern("wildcard", value, asked, _is_like)


def regexp(value: object, asked: Asked) -> Filter:
    """Read ``regexp``; of its operators beyond RE2's none is answered."""
    return _pattern("regexp", value, asked, _matches)


def range_query(value: object, asked: Asked) -> Filter:
    """Read ``range``, with the older ``from``, ``to``, ``include_lower`` and ``include_upper``."""
    name, spec = one_field("range", value, asked.path)
    members = Members("range", spec, f"{asked.path}/{name}")
    target = target_of(name, members.path)
    when = zoned(asked.when, members)
    if time_format(members) == "epoch_second":
        when = when._replace(epoch="epoch_second")
    members.one_of("relation", ("intersects", "within", "contains"), "intersects")
    low, high = _low(members), _high(members)
    members.named()
    members.done()
    if target.field.kind == "text" and not target.whole:
        what = f"field [{name}] is a text and has no order"
        raise ElasticError(
            f"{what}, want [{name}.keyword]", path=members.path, kind="query_shard_exception"
        )
    with refusing(members.path):
        return between(target.field, low, high, when)


def time_format(members: Members) -> str:
    """Take ``format``, one that is known, or several with ``||`` between them.

    Returns:
        The first of them; an empty text if there is none.

    Raises:
        ElasticError: It is not known.
    """
    text = members.text("format")
    formats = text.split("||") if text else []
    for each in formats:
        if each not in TIME_FORMATS:
            raise ElasticError(
                f"format [{each}] is not supported, want one of {', '.join(sorted(TIME_FORMATS))}",
                path=members.at("format"),
                kind="illegal_argument_exception",
            )
    return formats[0] if formats else ""


def _spec(kind: str, value: object, asked: Asked, main: str) -> tuple[str, Members]:
    """Read a field's name and what is said of it, be it in short or at length."""
    name, spec = one_field(kind, value, asked.path)
    at_length = spec if isinstance(spec, dict) else {main: spec}
    return name, Members(kind, at_length, f"{asked.path}/{name}")


def _scalar(members: Members, member: str) -> object:
    value = members.take(member)
    if value is None:
        reason = f"[{members.name}] query requires a [{member}]"
        raise ElasticError(reason, path=members.path, kind="illegal_argument_exception")
    if isinstance(value, dict | list):
        raise members.refused(member, "one value")
    return value


def _pattern(kind: str, value: object, asked: Asked, read: Pattern) -> Filter:
    name, members = _spec(kind, value, asked, "value")
    target = target_of(name, members.path)
    any_case = members.flag("case_insensitive")
    members.pass_over("rewrite")
    other = members.take("wildcard") if kind == "wildcard" else None
    text = terms.text_of(other if other is not None else _scalar(members, "value"))
    members.named()
    with refusing(members.path):
        found = read(target, text, any_case, members)
    members.done()
    return found


def _begins(target: Target, text: str, any_case: bool, _: Members) -> Filter:
    return terms.beginning(target.field, text, any_case=any_case, whole=target.whole)


def _is_like(target: Target, text: str, any_case: bool, _: Members) -> Filter:
    return terms.pattern(target.field, text, any_case=any_case, whole=target.whole)


def _matches(target: Target, text: str, any_case: bool, members: Members) -> Filter:
    operators = members.text("flags", "ALL").upper() not in {"NONE", ""}
    members.pass_over("max_determinized_states")
    return terms.regexp(
        target.field, text, any_case=any_case, operators=operators, whole=target.whole
    )


def _low(members: Members) -> Bound | None:
    inclusive = members.flag("include_lower", default=True)
    return _bound(members, {"gte": True, "gt": False, "from": inclusive})


def _high(members: Members) -> Bound | None:
    inclusive = members.flag("include_upper", default=True)
    return _bound(members, {"lte": True, "lt": False, "to": inclusive})


def _bound(members: Members, spellings: dict[str, bool]) -> Bound | None:
    found = None
    for member, inclusive in spellings.items():
        value = members.take(member)
        if value is None:
            continue
        if found is not None:
            raise ElasticError("[range] has two bounds on one side", path=members.at(member))
        if isinstance(value, dict | list):
            raise members.refused(member, "one value")
        found = Bound(value, inclusive)
    return found
