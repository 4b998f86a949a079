"""Queries on the words of texts: the ``match`` family.

A word is what :func:`~tallystick.search.words.words_of` makes of a text; nothing is scored, so
that what only changes scores is read and has no effect. Fields that are no texts are compared
whole, as Elasticsearch does with a ``keyword``.
"""

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search import terms
from tallystick.search.elastic.members import Members, strings
from tallystick.search.elastic.minimum import at_least, required
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.target import Asked, Target, one_field, target_of, targets_of
from tallystick.search.fields import ACTION_WORDS, FIELDS, TEXT, Field
from tallystick.search.filters import Everything, Filter, Nothing, Prefix, Words
from tallystick.search.terms import When, anyone

# They say how fuzzy matching is done, of which there is none, or how synonyms are phrased.
_NO_EFFECT: Final = (
    "auto_generate_synonyms_phrase_query",
    "fuzzy_transpositions",
    "fuzzy_rewrite",
    "prefix_length",
    "max_expansions",
    "tie_breaker",
)

Kind = Literal["words", "phrase", "phrase_prefix", "bool_prefix"]
_MULTI: Final[dict[str, Kind]] = {
    "best_fields": "words",
    "most_fields": "words",
    "cross_fields": "words",
    "phrase": "phrase",
    "phrase_prefix": "phrase_prefix",
    "bool_prefix": "bool_prefix",
}


class Match(NamedTuple):
    """How words are to fit.

    Attributes:
        text: What was asked for; any scalar.
        every: Whether all words must be there, or one.
        minimum: ``minimum_should_match``; None if it was not given.
        path: JSON Pointer of what is read.
        zero_terms: What a text without a word fits.
    """

    text: object
    kind: Kind
    when: When
    path: str
    every: bool = False
    minimum: object = None
    lenient: bool = False
    zero_terms: Filter = Nothing()


def match(value: object, asked: Asked) -> Filter:
    """Read ``match``."""
    return _on_one_field("match", value, asked, "words")


def match_phrase(value: object, asked: Asked) -> Filter:
    """Read ``match_phrase``; its words must stand side by side."""
    return _on_one_field("match_phrase", value, asked, "phrase")


def match_phrase_prefix(value: object, asked: Asked) -> Filter:
    """Read ``match_phrase_prefix``; all words that begin so count, not the first fifty."""
    return _on_one_field("match_phrase_prefix", value, asked, "phrase_prefix")


def match_bool_prefix(value: object, asked: Asked) -> Filter:
    """Read ``match_bool_prefix``."""
    return _on_one_field("match_bool_prefix", value, asked, "bool_prefix")


def multi_match(value: object, asked: Asked) -> Filter:
    """Read ``multi_match``; without ``fields``, all searchable text is looked at."""
    members = Members("multi_match", value, asked.path)
    names = strings(members.take("fields") or ("*",), members.at("fields"))
    kind = members.one_of("type", tuple(_MULTI), "best_fields")
    how = _how(members, asked, _MULTI[kind])
    targets = targets_of(names, members.at("fields"))
    # Where several fields fit a pattern, those of another type are passed over.
    tolerant = how._replace(lenient=how.lenient or len(targets) > len(names))
    if kind == "cross_fields" and isinstance(how.text, str):
        return _across(targets, tolerant)
    return _on_fields(targets, tolerant)


def _on_one_field(name: str, value: object, asked: Asked, kind: Kind) -> Filter:
    field, spec = one_field(name, value, asked.path)
    at_length = spec if isinstance(spec, dict) else {"query": spec}
    members = Members(name, at_length, f"{asked.path}/{field}")
    target = target_of(field, members.path)
    return _fit(target, _how(members, asked, kind))


def _how(members: Members, asked: Asked, kind: Kind) -> Match:
    text = members.take("query")
    if text is None or isinstance(text, dict | list):
        raise ElasticError(f"[{members.name}] requires a query value", path=members.path)
    members.named()
    members.pass_over(*_NO_EFFECT)
    if members.name != "multi_match" and kind in {"phrase", "phrase_prefix"}:
        every = True
    else:
        every = members.one_of("operator", ("or", "and"), "or") == "and"
    minimum = members.take("minimum_should_match")
    lenient = members.flag("lenient")
    zero = members.one_of("zero_terms_query", ("none", "all"), "none")
    if members.whole("slop"):
        raise ElasticError(
            f"[{members.name}] slop is not supported, want 0", path=members.at("slop")
        )
    members.done()
    zero_terms = Everything() if zero == "all" else Nothing()
    return Match(text, kind, asked.when, members.path, every, minimum, lenient, zero_terms)


def _on_fields(targets: Iterable[Target], how: Match) -> Filter:
    return anyone(dict.fromkeys(_fit(target, how) for target in targets))


def _across(targets: tuple[Target, ...], how: Match) -> Filter:
    """Ask for each word by itself, in whichever field."""
    found = terms.words((FIELDS[TEXT],), str(how.text), need="any")
    if not isinstance(found, Words):
        return how.zero_terms
    each = [_on_fields(targets, how._replace(text=word, lenient=True)) for word in found.words]
    return at_least(_count(how, len(each)), each)


def _fit(target: Target, how: Match) -> Filter:
    with refusing(how.path):
        try:
            return _fit_strictly(target, how)
        except ElasticError:
            raise
        except MalformedError:
            if how.lenient:
                return Nothing()
            raise


def _fit_strictly(target: Target, how: Match) -> Filter:
    field = target.field
    if field.name == "action" and not target.whole:
        field = FIELDS[ACTION_WORDS]
    by_value = field.kind == "any" and not isinstance(how.text, str)
    if target.whole or by_value or not terms.has_words(field):
        return terms.equals(field, how.text, how.when)
    return _KINDS[how.kind](field, terms.text_of(how.text), how)


def _words(field: Field, text: str, how: Match) -> Filter:
    found = terms.words((field,), text, need="any")
    if not isinstance(found, Words):
        return how.zero_terms
    count = _count(how, len(found.words))
    if count <= 1 or count == len(found.words):
        return Words((field.name,), found.words, "all" if count > 1 or how.every else "any")
    return at_least(count, (Words((field.name,), (word,)) for word in found.words))


def _phrase(field: Field, text: str, how: Match) -> Filter:
    need: Literal["phrase", "phrase_prefix"] = "phrase"
    if how.kind == "phrase_prefix":
        need = "phrase_prefix"
    found = terms.words((field,), text, need=need)
    return how.zero_terms if found == Nothing() else found


def _bool_prefix(field: Field, text: str, how: Match) -> Filter:
    found = terms.words((field,), text, need="any")
    if not isinstance(found, Words):
        return how.zero_terms
    *first, last = found.words
    parts: list[Filter] = [Words((field.name,), (word,)) for word in first]
    parts.append(Prefix(field.name, last, by_word=True))
    return at_least(_count(how, len(parts)), parts)


def _count(how: Match, words: int) -> int:
    """Compute how many of the words must be there; at least one."""
    if how.minimum is None or how.every:
        return words if how.every else 1
    return max(required(how.minimum, words, how.path), 1)


_KINDS: Final[dict[Kind, Callable[[Field, str, Match], Filter]]] = {
    "words": _words,
    "phrase": _phrase,
    "phrase_prefix": _phrase,
    "bool_prefix": _bool_prefix,
}
