"""Requests that ask for things by their names, as strangers send them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kit.strangers import Things


@dataclass(frozen=True)
class Call:
    """One request: what follows the route's own path, and what is sent."""

    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


Ask = Callable[[Things], list[Call]]
"""Makes the requests that name certain things."""
