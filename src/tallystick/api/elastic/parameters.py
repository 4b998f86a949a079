"""Parameters of an address: each is taken, or refused by name."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from litestar import Request

from tallystick.search.elastic.refusal import ElasticError

_COMMON: Final = frozenset({"pretty", "human", "error_trace", "filter_path", "format", "tenant"})
"""What any address takes; ``human``, ``error_trace`` and ``format=json`` change no answer."""


def read_parameters(request: Request[Any, Any, Any], taken: Collection[str] = ()) -> dict[str, str]:
    """Read the parameters of an address.

    Args:
        request: The request.
        taken: Names that this address takes, beside those that any takes; ``format`` among them
            where it answers in more than JSON.

    Raises:
        ElasticError: There is another one, or one comes twice.
    """
    told: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in _COMMON and name not in taken:
            raise _refused(request, f"contains unrecognized parameter: [{name[:200]}]")
        if name in told:
            raise _refused(request, f"contains parameter [{name}] twice")
        told[name] = value
    if "format" not in taken and told.get("format", "json").lower() != "json":
        raise _refused(request, "wants another format than [json], which alone is answered")
    return told


def flag(parameters: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Read a parameter that is true or false; one without a value is true.

    Raises:
        ElasticError: It is something else.
    """
    text = parameters.get(name)
    if text is None:
        return default
    if text not in {"", "true", "false"}:
        reason = f"Failed to parse value [{text[:64]}] of [{name}], want [true] or [false]"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return text != "false"


def _refused(request: Request[Any, Any, Any], what: str) -> ElasticError:
    path = request.scope["path"]
    return ElasticError(f"request [{path[:200]}] {what}", kind="illegal_argument_exception")
