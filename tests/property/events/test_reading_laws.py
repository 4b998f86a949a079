"""Reading many events at once gives each what it would get alone."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import MalformedError
from tallystick.events.parsing import parse_event, read_events, to_builtins

GOOD: dict[str, Any] = {
    "id": "0199e0aa-0000-7000-8def-000000000001",
    "action": "thing.done",
    "occurred_at": "2026-11-24T02:45:00.123456Z",
    "actor": {"type": "user", "id": "u1"},
}
PLAIN: tuple[dict[str, Any], ...] = (
    GOOD,
    {**GOOD, "occurred_at": "2026-11-24T02:45:00Z", "outcome": "unknown"},
    {**GOOD, "occurred_at": "2026-11-24T04:45:00.5+02:00"},
    {**GOOD, "id": GOOD["id"].upper(), "actor": {"type": "user", "roles": ["a", "b"]}},
    {**GOOD, "targets": [{"type": "t"}], "changes": [{"path": "", "op": "add", "target": 0}]},
    {**GOOD, "links": [{"rel": "undoes", "id": GOOD["id"].upper()}]},
    {**GOOD, "context": {"ip": "203.0.113.7"}, "metadata": {"a": [1, 2.5, {"b": "ü"}]}},
)
ODD: tuple[Any, ...] = (
    7,
    {},
    {**GOOD, "severity": None},
    {**GOOD, "message": "null and \u202e and \x07"},
    {**GOOD, "metadata": {"name": "null"}},
    {**GOOD, "context": {"ip": "not an address"}},
    {**GOOD, "changes": [{"path": "", "op": "add", "target": 3}]},
    {**GOOD, "occurred_at": "2026-11-24T25:45:00Z"},
    {**GOOD, "occurred_at": 7},
    {**GOOD, "unknown": 1},
    {**GOOD, "metadata": {"n": float("nan")}},
    {**GOOD, "action": "No Action"},
)


def alone(raw: object) -> object:
    try:
        return to_builtins(parse_event(raw))
    except MalformedError as error:
        return str(error), error.path


@given(st.lists(st.sampled_from(PLAIN), max_size=70), st.lists(st.sampled_from(ODD), max_size=2))
def test_an_event_is_read_among_others_as_it_is_read_alone(
    plain: list[Any], odd: list[Any]
) -> None:
    for raws in (plain, [*odd, *plain], [*plain, *odd]):
        read = read_events(deepcopy(raws))

        told = [(str(r), r.path) if isinstance(r, MalformedError) else r for r in read]
        assert told == [alone(raw) for raw in deepcopy(raws)]
