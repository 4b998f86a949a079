"""What an event must be like to be found: the filters, and how large each may be.

A field that holds many values fits a filter when one of its values does; ``Not`` is about the
event, so that ``Not(Equals("targets.id", "a"))`` means that no target has that id. An event in
which a field is absent fits no filter on the field.
"""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from tallystick.errors import MalformedError

MAX_FIELDS: Final = 1_024
"""Most fields of one filter."""
MAX_VALUES: Final = 10_000
"""Most values of one filter."""
MAX_PATTERN: Final = 256
"""Most characters of a prefix, wildcard or regular expression."""
MAX_VALUE: Final = 32_768
"""Most characters of a value."""
MAX_WORDS: Final = 1_024
"""Most words of one filter."""

Value: TypeAlias = str | int | float | bool | datetime
"""A value of a field's kind; a ``datetime`` is in UTC, exact to the microsecond."""


class Everything(Struct, frozen=True):
    """Fits every event."""


class Nothing(Struct, frozen=True):
    """Fits no event."""


class And(Struct, frozen=True):
    """Fits where all parts do; without parts, everywhere."""

    parts: "tuple[Filter, ...]"


class Or(Struct, frozen=True):
    """Fits where at least one part does; without parts, nowhere."""

    parts: "tuple[Filter, ...]"


class AtLeast(Struct, frozen=True):
    """Fits where ``count`` or more of the parts do; ``count`` is at least 1."""

    count: int
    parts: "tuple[Filter, ...]"

    def __post_init__(self) -> None:
        if self.count < 1:
            raise MalformedError(f"at least: {self.count}, want 1 or more", path="/count")


class Not(Struct, frozen=True):
    """Fits where its part does not."""

    part: "Filter"


class Equals(Struct, frozen=True):
    """One value of the field, whole, is this one.

    Of a metadata field, a text fits any scalar that is spelled so (``5`` fits ``"5"``), a number
    fits by its worth.

    Attributes:
        any_case: Compare texts in lower case.
    """

    field: str
    value: Value
    any_case: bool = False

    def __post_init__(self) -> None:
        _check_value(self.value, "/value")


class OneOf(Struct, frozen=True):
    """One value of the field, whole, is one of these."""

    field: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        _check_count(len(self.values), MAX_VALUES, "values", "/values")
        for position, value in enumerate(self.values):
            _check_value(value, f"/values/{position}")


class Between(Struct, frozen=True):
    """One value of the field lies in the interval; a bound that is None is open.

    Texts are compared by code point, addresses by their number, IPv4 as mapped IPv6. Of a
    metadata field, numbers are compared with numbers only and texts with all spellings.
    """

    field: str
    low: Value | None = None
    high: Value | None = None
    low_inclusive: bool = True
    high_inclusive: bool = False

    def __post_init__(self) -> None:
        for value, path in ((self.low, "/low"), (self.high, "/high")):
            if value is not None:
                _check_value(value, path)


class Within(Struct, frozen=True):
    """One address of the field lies in the network, such as ``10.0.0.0/8`` (RFC 4632)."""

    field: str
    network: str

    def __post_init__(self) -> None:
        try:
            ip_network(self.network)
        except ValueError:
            want = "want one such as 10.0.0.0/8, without host bits"
            raise MalformedError(f"network: of another form, {want}", path="/network") from None


class Exists(Struct, frozen=True):
    """The field has a value that is not an empty text."""

    field: str


class Prefix(Struct, frozen=True):
    """One value of the field, or one word of it, begins so.

    Attributes:
        any_case: Compare in lower case.
        by_word: Look at each word of :func:`~tallystick.search.words.words_of` by itself, not
            at the whole value. Words are in lower case.
    """

    field: str
    text: str
    any_case: bool = False
    by_word: bool = False

    def __post_init__(self) -> None:
        _check_pattern(self.text, "/text")


class Wildcard(Struct, frozen=True):
    r"""One value of the field, or one word of it, is of the form; see :class:`Prefix`.

    Attributes:
        pattern: ``*`` stands for any characters, ``?`` for one, ``\`` takes its meaning from
            the character after it.
    """

    field: str
    pattern: str
    any_case: bool = False
    by_word: bool = False

    def __post_init__(self) -> None:
        _check_pattern(self.pattern, "/pattern")


class Matching(Struct, frozen=True):
    """One value of the field, or one word of it, fits the regular expression from end to end.

    Attributes:
        regexp: In the syntax that RE2 and Python's ``re`` share; it matches in linear time.
    """

    field: str
    regexp: str
    any_case: bool = False
    by_word: bool = False

    def __post_init__(self) -> None:
        _check_pattern(self.regexp, "/regexp")


class Words(Struct, frozen=True):
    """One of the fields has the words, in any order.

    Attributes:
        words: In the form of :func:`~tallystick.search.words.words_of`; never none.
        need: ``all`` of them in the same field, or ``any``.
    """

    fields: tuple[str, ...]
    words: tuple[str, ...]
    need: Literal["all", "any"] = "all"

    def __post_init__(self) -> None:
        _check_words(self.words)
        _check_count(len(self.fields), MAX_FIELDS, "fields", "/fields")


class Phrase(Struct, frozen=True):
    """One value of one of the fields has the words one behind the other.

    Attributes:
        words: In the form of :func:`~tallystick.search.words.words_of`; never none.
        prefix: The last word need only begin so.
    """

    fields: tuple[str, ...]
    words: tuple[str, ...]
    prefix: bool = False

    def __post_init__(self) -> None:
        _check_words(self.words)
        _check_count(len(self.fields), MAX_FIELDS, "fields", "/fields")


class Ids(Struct, frozen=True):
    """The event's id is one of these, in lower case."""

    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_count(len(self.ids), MAX_VALUES, "ids", "/ids")


Filter: TypeAlias = (
    Everything
    | Nothing
    | And
    | Or
    | AtLeast
    | Not
    | Equals
    | OneOf
    | Between
    | Within
    | Exists
    | Prefix
    | Wildcard
    | Matching
    | Words
    | Phrase
    | Ids
)


def _check_value(value: Value, path: str) -> None:
    if isinstance(value, str):
        _check_count(len(value), MAX_VALUE, "characters", path)
    elif isinstance(value, datetime) and value.tzinfo is not UTC:
        raise MalformedError("time: in another zone, want UTC", path=path)


def _check_pattern(pattern: str, path: str) -> None:
    _check_count(len(pattern), MAX_PATTERN, "characters", path)


def _check_words(words: tuple[str, ...]) -> None:
    if not words:
        raise MalformedError("words: none, want at least one", path="/words")
    _check_count(len(words), MAX_WORDS, "words", "/words")


def _check_count(count: int, most: int, what: str, path: str) -> None:
    if count > most:
        raise MalformedError(f"{path[1:]}: {count:,} {what}, want at most {most:,}", path=path)
