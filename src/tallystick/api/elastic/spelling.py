"""How an answer to a search is spelled, and parameters that change nothing in it."""

from collections.abc import Mapping
from typing import Final

from tallystick.api.elastic.parameters import flag
from tallystick.search.elastic.refusal import ElasticError

HINTS: Final = frozenset(
    {
        *("preference", "request_cache", "batched_reduce_size", "max_concurrent_shard_requests"),
        *("pre_filter_shard_size", "ccs_minimize_roundtrips", "allow_partial_search_results"),
        *("ignore_throttled", "search_type"),
    }
)
"""Parameters that say how an answer is found, and change nothing in it."""

SPELLINGS: Final = frozenset({"typed_keys", "rest_total_hits_as_int"})


def spellings(parameters: Mapping[str, str]) -> dict[str, bool]:
    """Read how an answer is to be spelled.

    Raises:
        ElasticError: A parameter has another value than there are.
    """
    kind = parameters.get("search_type", "query_then_fetch")
    if kind not in {"query_then_fetch", "dfs_query_then_fetch"}:
        reason = f"No search type for [{kind[:64]}]"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return {
        "typed": flag(parameters, "typed_keys"),
        "as_number": flag(parameters, "rest_total_hits_as_int"),
    }
