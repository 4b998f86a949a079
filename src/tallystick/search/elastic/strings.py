"""Queries in a language of their own: ``query_string`` and ``simple_query_string``."""

from typing import Final, Literal

from tallystick.errors import MalformedError
from tallystick.search import terms
from tallystick.search.elastic.members import Members, strings
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.simple_string import ALL_FLAGS, SimpleString
from tallystick.search.elastic.target import Asked, Target, targets_of, zoned
from tallystick.search.fields import ACTION_WORDS, FIELDS, Field
from tallystick.search.filters import Filter, Nothing
from tallystick.search.lucene import Dialect, parse_query_string
from tallystick.search.terms import When, anyone

# They change scores, or how something fuzzy is searched, which is refused where it is asked for.
_NO_EFFECT: Final = (
    *("analyze_wildcard", "auto_generate_synonyms_phrase_query", "enable_position_increments"),
    *("fuzziness", "fuzzy_max_expansions", "fuzzy_prefix_length", "fuzzy_rewrite"),
    *("fuzzy_transpositions", "max_determinized_states", "rewrite", "tie_breaker"),
)
_MAX_TEXT: Final = 8_192


def query_string(value: object, asked: Asked) -> Filter:
    """Read ``query_string``: Lucene's syntax."""
    members = Members("query_string", value, asked.path)
    text = _text(members)
    targets = _targets(members)
    implicit: Literal["and", "or"] = "or"
    if members.one_of("default_operator", ("or", "and"), "or") == "and":
        implicit = "and"
    members.one_of("type", ("best_fields", "most_fields", "phrase"), "best_fields")
    lenient = members.flag("lenient")
    when = zoned(asked.when, members)
    _common(members)
    for member, wanted in (("escape", False), ("allow_leading_wildcard", True)):
        if members.flag(member, default=wanted) is not wanted:
            raise ElasticError(f"[query_string] {member} is not supported", path=members.at(member))
    if members.whole("phrase_slop"):
        raise ElasticError(
            "[query_string] phrase_slop is not supported, want 0", path=members.at("phrase_slop")
        )
    members.done()
    fields = tuple(target.field for target in targets)
    with refusing(members.at("query")):
        try:
            return parse_query_string(text, Dialect(fields, implicit, lenient), when)
        except MalformedError as error:
            raise MalformedError(f"Failed to parse query: {error}") from None


def simple_query_string(value: object, asked: Asked) -> Filter:
    """Read ``simple_query_string``."""
    members = Members("simple_query_string", value, asked.path)
    text = _text(members)
    targets = _targets(members)
    every = members.one_of("default_operator", ("or", "and"), "or") == "and"
    lenient = members.flag("lenient") or len(targets) > 1
    flags = _flags(members)
    _common(members)
    members.done()

    def ask(kind: str, term: str) -> Filter:
        return anyone(_term(target, kind, term, asked.when, lenient) for target in targets)

    with refusing(members.at("query")):
        return SimpleString(text, ask, flags, every=every).read()


def _text(members: Members) -> str:
    text = members.text("query")
    if len(text) > _MAX_TEXT:
        raise members.refused("query", f"at most {_MAX_TEXT:,} characters")
    return text


def _targets(members: Members) -> tuple[Target, ...]:
    names = members.take("fields")
    default = members.take("default_field") if members.name == "query_string" else None
    if names is not None and default is not None:
        raise ElasticError(
            f"[{members.name}] cannot use [fields] parameter in conjunction with [default_field]",
            path=members.at("default_field"),
        )
    given = default if names is None else names
    path = members.at("fields" if default is None else "default_field")
    return targets_of(strings(given or ("*",), path), path)


def _common(members: Members) -> None:
    members.named()
    members.pass_over(*_NO_EFFECT)


def _flags(members: Members) -> frozenset[str]:
    value = members.take("flags")
    # A number is Elasticsearch's sum of all flags when it is -1.
    named = {
        each.strip().lower() for each in str("all" if value in {None, -1} else value).split("|")
    }
    if "all" in named:
        return ALL_FLAGS
    if unknown := named - ALL_FLAGS - {"none", ""}:
        raise members.refused("flags", f"none of {', '.join(sorted(unknown))}")
    return frozenset(named & ALL_FLAGS)


def _term(target: Target, kind: str, text: str, when: When, lenient: bool) -> Filter:
    field: Field = target.field
    if field.name == "action" and not target.whole:
        field = FIELDS[ACTION_WORDS]
    try:
        if kind == "prefix":
            return terms.beginning(field, text, whole=target.whole)
        if target.whole or not terms.has_words(field):
            return terms.equals(field, text, when)
        return terms.words((field,), text, need="phrase")
    except MalformedError:
        if lenient:
            return Nothing()
        raise
