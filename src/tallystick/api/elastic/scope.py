"""Which indices a request is about, and how their names are read."""

from collections.abc import Mapping
from typing import Final

from tallystick.api.elastic.parameters import flag
from tallystick.search.elastic.indices import IndexOptions, parse_indices
from tallystick.search.elastic.refusal import ElasticError

SCOPE_PARAMETERS: Final = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards"})

_EXPANDED: Final = frozenset({"open", "closed", "hidden", "all"})


def read_options(parameters: Mapping[str, str]) -> IndexOptions:
    """Read how names of indices are to be read.

    Raises:
        ElasticError: A parameter has another value than there are.
    """
    words = set(parameters.get("expand_wildcards", "open").split(","))
    if not words <= _EXPANDED or not words & {"open", "all", "hidden"}:
        reason = "No valid expand wildcard value, want open, hidden or all"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return IndexOptions(
        ignore_unavailable=flag(parameters, "ignore_unavailable"),
        allow_no_indices=flag(parameters, "allow_no_indices", default=True),
        hidden=bool(words & {"hidden", "all"}),
    )


def names_of(expression: str | None, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return the indices that an address names; all where it names none.

    Raises:
        ElasticMissingError: There is no index of a name.
        ElasticError: As of :func:`read_options`.
    """
    return parse_indices(expression or "", read_options(parameters)).names
