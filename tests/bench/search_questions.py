"""What people ask of ten million events: each kind in four spellings, with values drawn anew.

The first is the line that people type; the engine's own SQL is what our compiler makes of it. The
other two are what somebody would write who had kept the same events in SQLite or in Parquet.
"""

from collections.abc import Callable, Iterator
from random import Random  # noqa: TID251 (seeded: the same questions each time)
from typing import NamedTuple

from bench.varied_load import NOUNS, PLANS, folder_of, surname

NEWEST = 50


class Asked(NamedTuple):
    """One question.

    Attributes:
        line: As people type it.
        since: From when on; empty for all times.
        until: Before when.
        sqlite: A condition over ``events e``, or over ``words`` where it begins with MATCH.
        duckdb: A condition over the Parquet files.
    """

    line: str
    sqlite: str
    duckdb: str
    since: str = ""
    until: str = ""


class Kind(NamedTuple):
    """A kind of question, and how one of it is drawn."""

    name: str
    draw: Callable[[Random], Asked]


def _person(chance: Random) -> Asked:
    person = f"user_{int(chance.paretovariate(0.5)) % 200_000:06d}"
    told = f"actor_id = '{person}'"
    return Asked(f"actor.id:{person}", told, told)


def _failures(chance: Random) -> Asked:
    action = f"{chance.choice(NOUNS[2:6])}.deleted"
    told = f"action = '{action}' AND outcome = 'failure'"
    return Asked(f"action:{action} outcome:failure", told, told)


def _negated(chance: Random) -> Asked:
    action = f"{chance.choice(NOUNS[2:])}.updated"
    told = f"action = '{action}' AND outcome <> 'success'"
    return Asked(f"action:{action} -outcome:success", told, told)


def _metadata(chance: Random) -> Asked:
    plan, folder = chance.choice(PLANS), folder_of(chance.randrange(500))
    told = f"plan = '{plan}' AND folder = '{folder}'"
    return Asked(f'metadata.plan:{plan} metadata.folder:"{folder}"', told, told)


def _word(chance: Random) -> Asked:
    name = surname(chance.randrange(200_000)).lower()
    return Asked(name, f"MATCH {name}", f"contains(words, ' {name} ')")


def _two_words(chance: Random) -> Asked:
    name, noun = surname(chance.randrange(200_000)).lower(), chance.choice(NOUNS)
    return Asked(
        f"{noun} {name}",
        f"MATCH {noun} AND {name}",
        f"contains(words, ' {name} ') AND contains(words, ' {noun} ')",
    )


def _phrase(chance: Random) -> Asked:
    name = surname(chance.randrange(200_000)).lower()
    return Asked(f'"ada {name}"', f'MATCH "ada {name}"', f"contains(words, ' ada {name} ')")


def _common_word(chance: Random) -> Asked:
    noun = chance.choice(NOUNS)
    return Asked(noun, f"MATCH {noun}", f"contains(words, ' {noun} ')")


def _wildcard(chance: Random) -> Asked:
    digits = f"{chance.randrange(2_000):04d}"
    told = f"actor_email LIKE 'ada.{digits}%'"
    return Asked(f"actor.email:ada.{digits}*", told, told)


def _an_hour(chance: Random) -> Asked:
    day, hour = chance.randint(1, 28), chance.randint(0, 22)
    since, until = (f"2026-10-{day:02d}T{hour + more:02d}:00:00Z" for more in (0, 1))
    noun = chance.choice(NOUNS)
    told = (
        f"action = '{noun}.read' AND occurred_at >= '{since[:-1]}' AND occurred_at < '{until[:-1]}'"
    )
    return Asked(f"action:{noun}.read", told, told, since, until)


def _everything(_chance: Random) -> Asked:
    return Asked("", "1", "true")


FILTERS = (
    Kind("one person", _person),
    Kind("action and outcome", _failures),
    Kind("negation", _negated),
    Kind("metadata", _metadata),
    Kind("an hour", _an_hour),
    Kind("beginning of an e-mail", _wildcard),
    Kind("everything", _everything),
)
TEXTS = (
    Kind("a rare word", _word),
    Kind("two words", _two_words),
    Kind("a phrase", _phrase),
    Kind("a common word", _common_word),
)


def drawn(kind: Kind, count: int) -> Iterator[Asked]:
    """Draw questions of a kind, the same each time."""
    chance = Random(kind.name)  # noqa: S311 (no secret)
    return (kind.draw(chance) for _ in range(count))
