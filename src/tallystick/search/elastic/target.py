"""Which field a client means, and whether it means the whole value of a text."""

from typing import NamedTuple

from tallystick.search.date_math import read_zone
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.fields import Field, find_field, find_fields
from tallystick.search.terms import When


class Asked(NamedTuple):
    """Where in a body something stands, and when it was asked."""

    when: When
    path: str
    depth: int = 1

    def below(self, path: str) -> "Asked":
        """Return the place of something further inside."""
        return Asked(self.when, path, self.depth + 1)


class Target(NamedTuple):
    """A field as it was named.

    Attributes:
        whole: It was named with ``.keyword``: its words are not meant.
    """

    field: Field
    whole: bool = False


def target_of(name: str, path: str) -> Target:
    """Find the field of a name.

    Raises:
        ElasticError: There is none.
    """
    with refusing(path):
        return Target(find_field(name), name.endswith(".keyword"))


def targets_of(names: tuple[str, ...], path: str) -> tuple[Target, ...]:
    """Find the fields of names such as ``message^2`` and ``actor.*``; a boost is left out.

    Raises:
        ElasticError: There is none of a name.
    """
    found = []
    for position, name in enumerate(names):
        pattern, _, boost = name.partition("^")
        place = f"{path}/{position}"
        if boost and not boost.replace(".", "", 1).isdecimal():
            raise ElasticError(f"failed to parse the boost of [{name}]", path=place)
        with refusing(place):
            whole = pattern.endswith(".keyword")
            found += [Target(field, whole) for field in find_fields(pattern)]
    return tuple(found)


def one_field(name: str, value: object, path: str) -> tuple[str, object]:
    """Read the one member of an object: a field's name and what is said of it.

    Raises:
        ElasticError: It is no object, or has none or several members.
    """
    if not isinstance(value, dict):
        Members(name, value, path)
    names = list(value) if isinstance(value, dict) else []
    if not isinstance(value, dict) or not names:
        raise ElasticError(f"[{name}] query malformed, no field specified", path=path)
    if len(names) > 1:
        found = f"found [{names[0]}] and [{names[1]}]"
        raise ElasticError(f"[{name}] query doesn't support multiple fields, {found}", path=path)
    return names[0], value[names[0]]


def zoned(when: When, members: Members) -> When:
    """Take ``time_zone``.

    Raises:
        ElasticError: There is no such zone.
    """
    name = members.text("time_zone")
    if not name:
        return when
    with refusing(members.at("time_zone"), "illegal_argument_exception"):
        return When(when.now, read_zone(name))
