"""Any query of Elasticsearch's JSON, as a filter."""

from collections.abc import Callable
from typing import Final

from tallystick.search.elastic import leaves, matching, strings
from tallystick.search.elastic.containers import REFUSED_QUERIES
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.minimum import at_least, required
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.target import Asked
from tallystick.search.extent import MAX_DEPTH, check_filter
from tallystick.search.filters import (
    And,
    Everything,
    Filter,
    Not,
    Nothing,
    Or,
)
from tallystick.search.terms import When

MAX_BODY_DEPTH: Final = MAX_DEPTH


def parse_query(value: object, when: When, path: str = "/query") -> Filter:
    """Read a query.

    Args:
        value: JSON builtins.
        when: When it is asked; times without an offset are in its zone.
        path: JSON Pointer of the query in its body.

    Raises:
        ElasticError: It is not of its form, asks for what is not answered, or for too much.
    """
    found = _query(value, Asked(when, path))
    with refusing(path, "illegal_argument_exception"):
        check_filter(found)
    return found


def _query(value: object, asked: Asked) -> Filter:
    if asked.depth > MAX_BODY_DEPTH:
        reason = f"the query is nested deeper than the limit of {MAX_BODY_DEPTH}"
        raise ElasticError(reason, path=asked.path, kind="illegal_argument_exception")
    if not isinstance(value, dict):
        raise ElasticError("[_na] query malformed, must start with start_object", path=asked.path)
    if not value:
        reason = "query malformed, empty clause found"
        raise ElasticError(reason, path=asked.path, kind="illegal_argument_exception")
    kind, *others = value
    path = f"{asked.path}/{kind}"
    read = _QUERIES.get(kind)
    if read is None:
        if kind in REFUSED_QUERIES:
            raise ElasticError(f"query [{kind}] is not supported", path=path)
        raise ElasticError(f"unknown query [{kind}]", path=path)
    if others:
        reason = f"[{kind}] malformed query, expected [END_OBJECT] but found [{others[0]}]"
        raise ElasticError(reason, path=asked.path)
    return read(value[kind], Asked(asked.when, path, asked.depth))


def _match_all(value: object, asked: Asked) -> Filter:
    return _bare("match_all", value, asked, Everything())


def _match_none(value: object, asked: Asked) -> Filter:
    return _bare("match_none", value, asked, Nothing())


def _bare(name: str, value: object, asked: Asked, found: Filter) -> Filter:
    members = Members(name, value, asked.path)
    members.named()
    members.done()
    return found


def _bool(value: object, asked: Asked) -> Filter:
    members = Members("bool", value, asked.path)
    must = [*_clauses(members, "must", asked), *_clauses(members, "filter", asked)]
    must_not = _clauses(members, "must_not", asked)
    should = _clauses(members, "should", asked)
    spec = members.take("minimum_should_match")
    members.named()
    if not members.flag("adjust_pure_negative", default=True):
        path = members.at("adjust_pure_negative")
        raise ElasticError("[bool] adjust_pure_negative is not supported, want true", path=path)
    members.done()
    parts = must
    if spec is not None:
        count = required(spec, len(should), members.at("minimum_should_match"))
    else:
        count = 0 if must else min(len(should), 1)
    if count > 0 or (should and not must):
        parts = [*must, at_least(max(count, 1), should)]
    return _all([*parts, *map(Not, must_not)])


def _all(parts: list[Filter]) -> Filter:
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _clauses(members: Members, name: str, asked: Asked) -> list[Filter]:
    value = members.take(name)
    if value is None:
        return []
    path = members.at(name)
    if isinstance(value, list):
        return [_query(each, asked.below(f"{path}/{place}")) for place, each in enumerate(value)]
    return [_query(value, asked.below(path))]


def _constant_score(value: object, asked: Asked) -> Filter:
    members = Members("constant_score", value, asked.path)
    inner = members.take("filter")
    members.named()
    members.done()
    if inner is None:
        raise ElasticError("[constant_score] requires a 'filter' element", path=asked.path)
    return _query(inner, asked.below(members.at("filter")))


def _dis_max(value: object, asked: Asked) -> Filter:
    members = Members("dis_max", value, asked.path)
    parts = _clauses(members, "queries", asked)
    members.number("tie_breaker")
    members.named()
    members.done()
    if not parts:
        raise ElasticError("[dis_max] requires 'queries' field with at least one clause")
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


_QUERIES: Final[dict[str, Callable[[object, Asked], Filter]]] = {
    "bool": _bool,
    "constant_score": _constant_score,
    "dis_max": _dis_max,
    "exists": leaves.exists,
    "ids": leaves.ids,
    "match": matching.match,
    "match_all": _match_all,
    "match_bool_prefix": matching.match_bool_prefix,
    "match_none": _match_none,
    "match_phrase": matching.match_phrase,
    "match_phrase_prefix": matching.match_phrase_prefix,
    "multi_match": matching.multi_match,
    "prefix": leaves.prefix,
    "query_string": strings.query_string,
    "range": leaves.range_query,
    "regexp": leaves.regexp,
    "simple_query_string": strings.simple_query_string,
    "term": leaves.term,
    "terms": leaves.terms_query,
    "wildcard": leaves.wildcard,
}
