"""The members of a JSON object, each looked at once; what nobody looked at is refused."""

from collections.abc import Collection
from math import isfinite
from typing import Final

from tallystick.events.pointer import escape
from tallystick.search.elastic.refusal import ElasticError

_FLAGS: Final = {"true": True, "false": False}


class Members:
    """The members of one object of a body.

    A member that is ``null`` is absent.

    Attributes:
        name: What the object describes, such as ``match``.
        path: JSON Pointer of the object.
    """

    def __init__(self, name: str, value: object, path: str, *, what: str = "query") -> None:
        """Begin to look at an object.

        Raises:
            ElasticError: It is no object.
        """
        if not isinstance(value, dict):
            raise ElasticError(
                f"[{name}] {what} malformed, no start_object after {what} name", path=path
            )
        self.name = name
        self.path = path
        self._what = what
        self._left = dict(value)

    def at(self, member: str) -> str:
        """Return the JSON Pointer of a member."""
        return f"{self.path}/{escape(member)}"

    def take(self, member: str) -> object:
        """Take a member of any type; None if it is absent."""
        return self._left.pop(member, None)

    def text(self, member: str, default: str = "") -> str:
        """Take a text."""
        value = self.take(member)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.refused(member, "a text")
        return value

    def flag(self, member: str, *, default: bool = False) -> bool:
        """Take a boolean, or its spelling."""
        value = self.take(member)
        value = _FLAGS.get(value, value) if isinstance(value, str) else value
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refused(member, "a boolean")
        return value

    def number(self, member: str, default: float = 0) -> float:
        """Take a finite number, or its spelling."""
        number = self.number_or_none(member)
        return default if number is None else number

    def number_or_none(self, member: str) -> float | None:
        """Take a finite number, or its spelling; None if it is absent."""
        value = self.take(member)
        if value is None:
            return None
        try:
            number = value if isinstance(value, int | float) else float(str(value))
        except ValueError:
            raise self.refused(member, "a number") from None
        if isinstance(value, bool) or not isfinite(number):
            raise self.refused(member, "a number")
        return number

    def whole(self, member: str, default: int = 0) -> int:
        """Take an integer, or its spelling."""
        number = self.number(member, default)
        if number != int(number) or abs(number) >= 2**63:
            raise self.refused(member, "an integer")
        return int(number)

    def one_of(self, member: str, words: Collection[str], default: str) -> str:
        """Take a word of a vocabulary, in any case; returned in lower case."""
        word = self.text(member, default).lower()
        if word not in words:
            raise self.refused(member, f"one of {', '.join(words)}")
        return word

    def pass_over(self, *members: str) -> None:
        """Take members that change no answer: hints how to find it."""
        for member in members:
            self._left.pop(member, None)

    def named(self) -> None:
        """Take ``boost`` and ``_name``, which every query has; nothing is scored here."""
        self.number("boost", 1)
        self.text("_name")

    def rest(self) -> dict[str, object]:
        """Take all that was not taken yet."""
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        """Refuse what was not taken.

        Raises:
            ElasticError: There is something left.
        """
        for member, value in self._left.items():
            if value is not None:
                raise ElasticError(
                    f"[{self.name}] {self._what} does not support [{member}]",
                    path=self.at(member),
                )

    def refused(self, member: str, want: str) -> ElasticError:
        """Return the error that a member is of another form."""
        reason = f"[{self.name}] failed to parse field [{member}], want {want}"
        return ElasticError(reason, path=self.at(member), kind="x_content_parse_exception")


def strings(value: object, path: str) -> tuple[str, ...]:
    """Read one text or a list of them.

    Raises:
        ElasticError: It is neither.
    """
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise ElasticError("expected a text or a list of texts", path=path)
    return tuple(str(each) for each in found)
