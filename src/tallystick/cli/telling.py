"""Events as people read them on a terminal."""

from collections.abc import Iterator, Mapping

from tallystick.verify import telling

_FIRST = ("id", "action", "occurred_at", "outcome", "actor", "targets", "changes")
_LAST = ("tenant", "stream", "received_at", "via", "class", "log", "index", "leaf_hash", "erased")


def one_line(event: Mapping[str, object]) -> str:
    """Tell an event with its place in one line."""
    if event.get("pruned"):
        told = "pruned; its hash remains"
    else:
        told = f"{telling.event_line(event)}, {event.get('outcome', 'outcome unknown')}"
    return f"{event.get('index')}  {event.get('id')}  {told}"


def lines(event: Mapping[str, object]) -> list[str]:
    """Tell everything about an event, a value a line; where it stands comes last."""
    middle = [name for name in event if name not in {*_FIRST, *_LAST}]
    names = [name for name in (*_FIRST, *middle, *_LAST) if name in event]
    pairs = [pair for name in names for pair in _flat(name, event[name])]
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"{name:<{width}}  {value}" for name, value in pairs]


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for position, inner in enumerate(value):
            yield from _flat(f"{name}.{position}", inner)
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, value
