"""Questions with what they mean, each spelled as people type it and as Elasticsearch's JSON.

What a question means is written from ``docs/reference/search-language.md``, what it is in JSON from
``docs/reference/elasticsearch-queries.md``; the product's own parsers are not asked.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple

from hypothesis import strategies as st

from kit.plain_search import CHANGED, SEVERITIES, Plain, spelled, words
from tallystick.search import filters as f

Json = dict[str, Any]


class Spelled(NamedTuple):
    """One question.

    Attributes:
        means: What it asks for.
        line: As people type it.
        json: As a query of Elasticsearch's.
        operators: Which kinds of question are in it.
        fields: Which fields it asks.
    """

    means: f.Filter
    line: str
    json: Json
    operators: tuple[str, ...]
    fields: tuple[str, ...]


TEXTS = ("message", "reason.text", "purpose.text", "delegation.reason")
NAMES = (
    *("actor.name", "delegation.principal.name", "targets.name", "targets.subject.name"),
    *("context.user_agent", "context.location"),
)
INTEGERS = (
    *("index", "version", "utc_offset_minutes", "targets_total", "duration_ms"),
    *("operation.part", "operation.parts", "source.sequence"),
)
MOMENTS = ("occurred_at", "received_at")
ROOTS = ("metadata", "targets.metadata")
FREE = (
    *("metadata.plan", "metadata.size", "metadata.tags", "metadata.a", "metadata.a.b"),
    *("targets.metadata.k", "targets.metadata.deep", *CHANGED),
)
KEYWORDS = (
    *("id", "external_id", "stream", "action", "outcome", "reason.code", "actor.type", "actor.id"),
    *("actor.email", "actor.roles", "actor.authenticated_by", "actor.home_tenant"),
    *("delegation.kind", "delegation.principal.type", "delegation.principal.id"),
    *("delegation.grant_id", "delegation.approved_by", "agent.id", "agent.model"),
    *("agent.version", "agent.run_id", "agent.tool", "agent.protocol", "agent.approval_id"),
    *("targets.type", "targets.id", "targets.role", "targets.subject.id", "changes.path"),
    *("changes.op", "context.session_id", "context.request_id", "context.trace_id"),
    *("context.span_id", "context.channel", "context.service", "context.release"),
    *("purpose.code", "purpose.case_id", "operation.id", "links.rel", "links.id", "source.id"),
    *("tenant", "log", "class", "crud", "subject_refs", "via.door", "via.key_id"),
)
OTHERS = ("severity", "context.ip", "action_words", "text")
FIELDS = (*KEYWORDS, *NAMES, *TEXTS, *INTEGERS, *MOMENTS, *ROOTS, *FREE, *OTHERS)
WORDED = (*NAMES, *TEXTS, *ROOTS, "text")
PATTERNED = (*KEYWORDS, *NAMES, *TEXTS, *FREE, "text")
ALIASES = {
    "actor.id": "user.id",
    "actor.name": "user.name",
    "context.ip": "source.ip",
    "occurred_at": "@timestamp",
    "received_at": "event.ingested",
    "source.id": "event.provider",
    "targets.subject.id": "user.target.id",
    "context.trace_id": "trace.id",
    "outcome": "event.outcome",
}
_SPECIAL = re.compile(r'([\\+\-!():^\[\]"{}~*?|&/<>=\s])')
_EMAIL = "actor.email"

Maker = Callable[[str], st.SearchStrategy[Spelled]]


class Spelling:
    """Makes questions about events, most of which some of them fit and others not.

    Args:
        events: Where values are taken from.
    """

    def __init__(self, events: Sequence[Plain]) -> None:
        self._events = events
        self._values: dict[str, list[Any]] = {}
        self.kinds: Mapping[str, tuple[Sequence[str], Maker]] = {
            "is": ((*KEYWORDS, *NAMES, *TEXTS, *INTEGERS, *FREE), self._is),
            "one of": ((*KEYWORDS, *NAMES, *INTEGERS, *FREE), self._one_of),
            "phrase": (WORDED, self._phrase),
            "all words": (WORDED, self._all_words),
            "any word": (WORDED, self._any_word),
            "prefix": (PATTERNED, self._prefix),
            "wildcard": (PATTERNED, self._wildcard),
            "regexp": ((*KEYWORDS, *TEXTS, *FREE), self._regexp),
            "exists": (tuple(name for name in FIELDS if name != "text"), self._exists),
            "interval": (
                (*INTEGERS, *MOMENTS, *FREE, "severity", "context.ip", "actor.id", "targets.id"),
                self._interval,
            ),
            "network": (("context.ip",), self._network),
            "day": (MOMENTS, self._day),
            "action": (("action_words",), self._action),
            "ids": (("id", "text"), self._ids),
        }

    def about(self, field: str) -> st.SearchStrategy[Spelled]:
        """Draw a question about one field."""
        makers = [(name, make) for name, (fields, make) in self.kinds.items() if field in fields]
        return st.sampled_from(makers).flatmap(
            lambda it: it[1](field).map(lambda made: made._replace(operators=(it[0],)))
        )

    def of_kind(self, kind: str) -> st.SearchStrategy[Spelled]:
        """Draw a question of one kind."""
        fields, make = self.kinds[kind]
        drawn = st.sampled_from(fields).flatmap(make)
        return drawn.map(lambda made: made._replace(operators=(kind,)))

    def any(self) -> st.SearchStrategy[Spelled]:
        """Draw a question about one of the fields."""
        return st.sampled_from(FIELDS).flatmap(self.about)

    def _is(self, field: str) -> st.SearchStrategy[Spelled]:
        return self._value(field).map(lambda value: _equal(field, value))

    def _one_of(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(values: list[Any]) -> Spelled:
            each = [_equal(field, value) for value in values]
            inner = " OR ".join(_quoted(value) for value in values)
            name = _whole(field)
            if field == _EMAIL:  # terms has no way to say: in any case
                query: Json = {"bool": {"should": [one.json for one in each]}}
            else:
                asked = [value if field in INTEGERS else spelled(value) for value in values]
                query = {"terms": {_keyword(field): asked}}
            means = f.Or(tuple(one.means for one in each))
            return _leaf(field, means, f"{name}:({inner})", query)

        return st.lists(self._value(field), min_size=1, max_size=4).map(make)

    def _phrase(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(run: list[str]) -> Spelled:
            text = " ".join(run)
            means = f.Phrase((field,), tuple(run))
            return _leaf(
                field, means, _typed(field, _quoted(text)), {"match_phrase": {field: text}}
            )

        return self._run(field).map(make)

    def _all_words(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(asked: list[str]) -> Spelled:
            line = " ".join(asked)
            query = {"match": {field: {"query": line, "operator": "and"}}}
            return _leaf(field, f.Words((field,), tuple(asked)), _typed(field, f"({line})"), query)

        return self._few_words(field).map(make)

    def _any_word(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(asked: list[str]) -> Spelled:
            line, means = " OR ".join(asked), f.Words((field,), tuple(asked), "any")
            return _leaf(
                field, means, _typed(field, f"({line})"), {"match": {field: " ".join(asked)}}
            )

        return self._few_words(field).map(make)

    def _prefix(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(text: str) -> Spelled:
            by_word, any_case = field in (*TEXTS, "text"), _any_case(field)
            means = f.Prefix(field, text, any_case, by_word)
            spec = {"value": text, "case_insensitive": any_case}
            line = _typed(field, f"{_escaped(text)}*")
            return _leaf(field, means, line, {"prefix": {field: spec}})

        return self._form(field).map(lambda text: text[:3]).map(make)

    def _wildcard(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(text: str, start: int, size: int, sign: str) -> Spelled:
            by_word, any_case = field in (*TEXTS, "text"), _any_case(field)
            cut = min(start, len(text) - 1) or 1
            parts = (text[:cut], text[cut + size :])
            pattern = sign.join(re.sub(r"([\\*?])", r"\\\1", part) for part in parts)
            spec = {"value": pattern, "case_insensitive": any_case}
            means = f.Wildcard(field, pattern, any_case, by_word)
            line = _typed(field, sign.join(map(_escaped, parts)))
            return _leaf(field, means, line, {"wildcard": {field: spec}})

        signs = st.sampled_from(("*", "?", "*?"))
        return st.builds(make, self._form(field), st.integers(1, 4), st.integers(1, 6), signs)

    def _regexp(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(text: str, form: str) -> Spelled:
            regexp = form.replace("X", _plain_regexp(text[:3]))
            means = f.Matching(field, regexp, by_word=field in TEXTS)
            spec = {"value": regexp, "flags": "NONE"}
            line = f"{field}:/{regexp.replace('/', chr(92) + '/')}/"
            return _leaf(field, means, line, {"regexp": {field: spec}})

        forms = ("X.*", "(X|u-1).*", ".*[0-3]", "[a-m].*", "X[^ ]{0,5}", r"\d+", "(a|b|c)?X.*")
        return st.builds(make, self._form(field), st.sampled_from(forms))

    def _exists(self, field: str) -> st.SearchStrategy[Spelled]:
        line = st.sampled_from((f"_exists_:{field}", f"{field}:*"))
        query = {"exists": {"field": field}}
        return line.map(lambda typed: _leaf(field, f.Exists(field), typed, query))

    def _interval(self, field: str) -> st.SearchStrategy[Spelled]:
        numbers = field in FREE and field not in {"metadata.plan", "metadata.tags"}
        worth = st.sampled_from((-3, 0, 1, 2.5, 5, 7)) if numbers else self._value(field)
        return st.builds(
            lambda *asked: _interval(field, *asked), worth, worth, *(st.sampled_from("<=ft"),) * 2
        )

    def _network(self, field: str) -> st.SearchStrategy[Spelled]:
        nets = ("10.0.0.0/8", "10.0.1.0/24", "192.168.0.0/31", "2001:db8::/112", "::/0", "::1/128")
        return st.sampled_from((*nets, "10.0.0.0/29", "0.0.0.0/0")).map(
            lambda net: _leaf(
                field,
                f.Within(field, str(ip_network(net))),
                f"{field}:{net}",
                {"term": {field: net}},
            )
        )

    def _day(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(at: datetime, form: str) -> Spelled:
            text = at.strftime(form)
            start = datetime.strptime(text, form).replace(tzinfo=UTC)
            end = _following(start, form)
            query = {"range": {field: {"gte": text, "lte": text}}}
            return _leaf(field, f.Between(field, start, end), f"{field}:{text}", query)

        forms = st.sampled_from(("%Y-%m-%d", "%Y-%m", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M"))
        return st.builds(make, self._value(field), forms)

    def _action(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(name: str, upper: bool) -> Spelled:
            typed = name.upper() if upper else name
            means = f.Words((field,), (name,))
            return _leaf(field, means, f"action:{_escaped(typed)}", {"match": {"action": typed}})

        return st.builds(make, self._value(field), st.booleans())

    def _ids(self, field: str) -> st.SearchStrategy[Spelled]:
        def make(ids: list[str]) -> Spelled:
            typed = " OR ".join(ids if field == "text" else (f'id:"{each}"' for each in ids))
            return _leaf(field, f.Ids(tuple(ids)), f"({typed})", {"ids": {"values": ids}})

        return st.lists(self._value("id"), min_size=1, max_size=5).map(make)

    def _value(self, field: str) -> st.SearchStrategy[Any]:
        if field not in self._values:
            found = [value for event in self._events for value in event.of(field)]
            self._values[field] = found[:400]
            assert found, f"no event has {field}"
        return st.sampled_from(self._values[field])

    def _form(self, field: str) -> st.SearchStrategy[str]:
        """A value, or a word, that is neither too long for a pattern nor empty."""
        if field in (*TEXTS, "text"):
            return self._run(field).map(lambda run: run[0][:200])
        # No line can hold a line break outside of quotes.
        first = self._value(field).map(lambda value: spelled(value)[:200].partition("\n")[0])
        return first.filter(bool)

    def _run(self, field: str) -> st.SearchStrategy[list[str]]:
        """Words that stand side by side in a value."""
        runs = self._value(field).map(words).filter(bool)
        return st.builds(lambda run, start, size: run[start:][:size] or run[:1], runs, _S, _S)

    def _few_words(self, field: str) -> st.SearchStrategy[list[str]]:
        one = self._run(field).map(lambda run: run[0])
        return st.lists(one, min_size=1, max_size=2)


_S = st.integers(0, 3)


def negated(one: Spelled) -> Spelled:
    """Ask for the contrary."""
    query = {"bool": {"must_not": one.json}}
    return one._replace(
        means=f.Not(one.means), line=f"-({one.line})", json=query, operators=(*one.operators, "not")
    )


def both(one: Spelled, other: Spelled) -> Spelled:
    """Ask for both."""
    query = {"bool": {"filter": [one.json, other.json]}}
    means = f.And((one.means, other.means))
    return _joined("and", one, other, means, f"({one.line}) AND ({other.line})", query)


def either(one: Spelled, other: Spelled) -> Spelled:
    """Ask for at least one."""
    query = {"bool": {"should": [one.json, other.json]}}
    means = f.Or((one.means, other.means))
    return _joined("or", one, other, means, f"({one.line}) OR ({other.line})", query)


def _joined(
    operator: str, one: Spelled, other: Spelled, means: f.Filter, line: str, query: Json
) -> Spelled:
    operators = (operator, *one.operators, *other.operators)
    return Spelled(means, line, query, operators, (*one.fields, *other.fields))


def _leaf(field: str, means: f.Filter, line: str, query: Json) -> Spelled:
    return Spelled(means, line, query, (), (field,))


def _equal(field: str, value: Any) -> Spelled:  # noqa: ANN401 (any JSON scalar)
    any_case = field == _EMAIL
    # In a line all is text; of free JSON, a text fits what is spelled so.
    asked = value if field in INTEGERS else spelled(value)
    spec = {"value": asked, "case_insensitive": any_case}
    means = f.Equals(field, asked, any_case)
    name = field if field in INTEGERS else _keyword(field)
    return _leaf(field, means, f"{_whole(field)}:{_quoted(value)}", {"term": {name: spec}})


def _interval(field: str, one: Any, other: Any, low: str, high: str) -> Spelled:  # noqa: ANN401 (any JSON scalar)
    """An interval; ``=`` takes an end in, ``<`` does not, otherwise it is open."""
    order = SEVERITIES.index if field == "severity" else (lambda value: value)
    start, end = sorted((one, other), key=order) if field != "context.ip" else (one, other)
    if low not in "<=" and high not in "<=":
        low = "="
    means = f.Between(
        field,
        start if low in "<=" else None,
        end if high in "<=" else None,
        low_inclusive=low != "<",
        high_inclusive=high == "=",
    )
    spec = {
        **({{"=": "gte", "<": "gt"}[low]: _bound(start)} if low in "<=" else {}),
        **({{"=": "lte", "<": "lt"}[high]: _bound(end)} if high in "<=" else {}),
    }
    first = _quoted(_bound(start)) if low in "<=" else "*"
    last = _quoted(_bound(end)) if high in "<=" else "*"
    line = f"{field}:{'{' if low == '<' else '['}{first} TO {last}{'}' if high == '<' else ']'}"
    return _leaf(field, means, line, {"range": {field: spec}})


def _bound(value: Any) -> Any:  # noqa: ANN401 (any JSON scalar)
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _following(start: datetime, form: str) -> datetime:
    if form == "%Y-%m":
        return (start + timedelta(days=31)).replace(day=1)
    length = {"%d": timedelta(days=1), "%H": timedelta(hours=1), "%M": timedelta(minutes=1)}
    return start + length[form[-2:]]


def _whole(field: str) -> str:
    """The name by which a line means the whole value."""
    return f"{field}.keyword" if field in (*TEXTS, *NAMES) else ALIASES.get(field, field)


def _keyword(field: str) -> str:
    """The name by which a query means the whole value."""
    return f"{field}.keyword" if field in (*TEXTS, *FREE[:7]) else ALIASES.get(field, field)


def _any_case(field: str) -> bool:
    """Whether a pattern in a line means any case."""
    return field == _EMAIL or field in (*NAMES, *FREE)


def _typed(field: str, term: str) -> str:
    return term if field == "text" else f"{field}:{term}"


def _quoted(value: Any) -> str:  # noqa: ANN401 (any JSON scalar)
    text = spelled(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _plain_regexp(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z/])", lambda it: f"\\{it[1]}" if it[1].isascii() else it[1], text)
