"""``filter_path``: a client asks for parts of an answer by their paths.

Source: Elasticsearch reference, "Common options", response filtering.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from tallystick.errors import MalformedError

MAX_PATHS: Final = 64
_MAX_PATH: Final = 512
_ANY_DEPTH: Final = "**"
_MAX_ANY_DEPTH: Final = 2

Steps = tuple[str, ...]


def filtered(value: object, text: str) -> object:
    """Return the parts of an answer that the paths lead to.

    Args:
        value: JSON builtins.
        text: Paths with commas between; ``*`` stands for letters of one name, ``**`` for any
            names, ``-`` in front leaves a part out.

    Raises:
        MalformedError: Too many paths, or too long.
    """
    paths = [path for path in text.split(",") if path]
    if len(paths) > MAX_PATHS or any(len(path) > _MAX_PATH for path in paths):
        raise MalformedError(f"[filter_path] wants at most {MAX_PATHS} paths of {_MAX_PATH}")
    if any(path.count(_ANY_DEPTH) > _MAX_ANY_DEPTH for path in paths):
        raise MalformedError("[filter_path] wants [**] at most twice in a path")
    wanted = [tuple(path.split(".")) for path in paths if not path.startswith("-")]
    unwanted = [tuple(path[1:].split(".")) for path in paths if path.startswith("-")]
    if wanted:
        value = _kept(value, wanted)
    return _left(value, unwanted) if unwanted else value


def _kept(value: object, paths: Sequence[Steps]) -> object:
    if any(not path or path == (_ANY_DEPTH,) for path in paths):
        return value
    if isinstance(value, list):
        items = [_kept(item, paths) for item in value]
        return [item for item in items if item not in ({}, [], None)]
    if not isinstance(value, dict):
        return None
    kept: dict[str, object] = {}
    for name, inner in value.items():
        below = _below(paths, name)
        found = _kept(inner, below) if below else None
        if found not in ({}, [], None) or (found is not None and () in below):
            kept[name] = found
    return kept


def _left(value: object, paths: Sequence[Steps]) -> object:
    if isinstance(value, list):
        return [_left(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    left: dict[str, object] = {}
    for name, inner in value.items():
        below = _below(paths, name)
        if () not in below:
            left[name] = _left(inner, below) if below else inner
    return left


def _below(paths: Sequence[Steps], name: str) -> list[Steps]:
    below: dict[Steps, None] = {}
    for path in paths:
        if path and path[0] == _ANY_DEPTH:
            below[path] = None
            if len(path) > 1 and fnmatchcase(name, path[1]):
                below[path[2:]] = None
        elif path and fnmatchcase(name, path[0]):
            below[path[1:]] = None
    return list(below)
