"""``_source``: an event as clients of Elasticsearch are shown it, or the parts that they name."""

from collections.abc import Sequence
from typing import Any, Final

from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import SourceFilter

TIME: Final = "@timestamp"
"""Where clients look for an event's time; the same as ``occurred_at``."""

MAX_PATHS: Final = 256
_MAX_PATH: Final = 512
_MAX_STARS: Final = 8


def source_of(event: dict[str, Any], stream: str) -> dict[str, Any]:
    """Return an event as it is shown in ``_source``: as everywhere in the API, and its time."""
    time = {TIME: event["occurred_at"]} if "occurred_at" in event else {}  # none of a pruned one
    return {**time, "stream": stream, **event}


def check_source(wanted: SourceFilter) -> None:
    """Check how much is asked of the paths.

    Raises:
        ElasticError: There are too many of them, or one is too long.
    """
    paths = (*wanted.includes, *wanted.excludes)
    if len(paths) > MAX_PATHS:
        reason = f"[_source] has {len(paths)} paths, want at most {MAX_PATHS}"
        raise ElasticError(reason, path="/_source", kind="illegal_argument_exception")
    if any(len(path) > _MAX_PATH or path.count("*") > _MAX_STARS for path in paths):
        reason = f"[_source] wants paths of at most {_MAX_PATH} characters and {_MAX_STARS} *"
        raise ElasticError(reason, path="/_source", kind="illegal_argument_exception")


def picked(source: dict[str, Any], wanted: SourceFilter) -> dict[str, Any]:
    """Return the parts of an event that are wanted.

    A path such as ``actor`` means all below it; ``*`` stands for any characters, dots too; the
    items of a list have no paths of their own.
    """
    if wanted.includes:
        source = _included(source, "", wanted.includes)
    return _excluded(source, "", wanted.excludes) if wanted.excludes else source


def _included(value: dict[str, Any], path: str, includes: Sequence[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        at = f"{path}{name}"
        if _any_fits(includes, at):
            kept[name] = inner
        elif isinstance(inner, dict):
            kept |= _named(name, _included(inner, f"{at}.", includes))
        elif isinstance(inner, list):
            items = [_included(i, f"{at}.", includes) for i in inner if isinstance(i, dict)]
            kept |= _named(name, [item for item in items if item])
    return kept


def _excluded(value: dict[str, Any], path: str, excludes: Sequence[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        at = f"{path}{name}"
        if _any_fits(excludes, at):
            continue
        if isinstance(inner, dict):
            kept[name] = _excluded(inner, f"{at}.", excludes)
        elif isinstance(inner, list):
            kept[name] = [
                _excluded(item, f"{at}.", excludes) if isinstance(item, dict) else item
                for item in inner
            ]
        else:
            kept[name] = inner
    return kept


def _named(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
    return {name: value} if value else {}


def _any_fits(patterns: Sequence[str], path: str) -> bool:
    return any(fits(path, pattern) for pattern in patterns)


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, in which ``*`` stands for any characters.

    Each part between two stars is looked for once, from left to right: no pattern is slow.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    last = rest.pop()
    ends = text.startswith(first) and text.endswith(last)
    if not ends or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in rest:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
