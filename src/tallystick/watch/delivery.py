"""A message that is under way to somebody who wants to be told."""

from dataclasses import dataclass
from typing import Self

from tallystick.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook message that its receiver has not taken yet.

    Attributes:
        name: Its ``webhook-id``, the same in every try.
        body: What is sent.
        tries: How often it was tried.
        due_s: When to try next, in seconds since 1970.
    """

    name: str
    body: str
    tries: int
    due_s: int

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, value: object) -> Self:
        """Read what :meth:`members` wrote.

        Raises:
            MalformedError: It is something else.
        """
        match value:
            case {
                "name": str() as name,
                "body": str() as body,
                "tries": int() as tries,
                "due_s": int() as due_s,
            }:
                return cls(name, body, tries, due_s)
        raise MalformedError("monitor state: deliveries, want name, body, tries and due_s")
