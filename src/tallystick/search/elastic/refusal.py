"""What is said to a client of Elasticsearch whose body is refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tallystick.errors import MalformedError, NotFoundError


class ElasticError(MalformedError):
    """A body is not of its form, or asks for what is not answered here.

    Attributes:
        reason: In the wording that Elasticsearch has for it, where it has one.
        kind: Elasticsearch's name for the kind of error, such as ``parsing_exception``.
    """

    def __init__(self, reason: str, *, path: str = "", kind: str = "parsing_exception") -> None:
        super().__init__(reason, path=path)
        self.reason = reason
        self.kind = kind


class ElasticMissingError(NotFoundError):
    """There is no such index, or no such search under way.

    Attributes:
        reason: In Elasticsearch's wording.
        kind: Elasticsearch's name for the kind of error.
        more: Further members of the error, such as ``index``.
    """

    def __init__(self, reason: str, *, kind: str, more: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.more = dict(more or {})


@contextmanager
def refusing(path: str, kind: str = "query_shard_exception") -> Iterator[None]:
    """Say of what is refused inside where it stood, as Elasticsearch would.

    Raises:
        ElasticError: A ``MalformedError`` was raised inside.
    """
    try:
        yield
    except ElasticError:
        raise
    except MalformedError as error:
        raise ElasticError(str(error), path=path, kind=kind) from None
