"""Templates: where each value of an event goes, worked out once for all events of one shape.

Events of one action mostly have the same members in the same order. For such a shape what stands
in clear is a text with gaps, and the events of a batch are parted a column at a time. A template
is made by parting an event of marks, so that one set of rules
(:class:`~tallystick.ledger.plan.Plan`) decides both ways. It serves an event only if every value
that is to stand in clear is a token, an integer or a boolean; any other event is parted alone,
and both ways write the same bytes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from operator import itemgetter
from typing import Any, Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.catalogue import TOKEN_FORM
from tallystick.ledger.draft import Draft, Spot, in_order, member_name, part
from tallystick.ledger.leaf import clear_text, sealed_text
from tallystick.ledger.plan import Plan, person_of
from tallystick.ledger.sealed_values import canonical_text, framed

MAX_TARGETS: Final = 8
MAX_MEMBERS: Final = 64
MAX_SHAPES: Final = 256
"""Senders choose shapes freely; beyond so many of one action all are forgotten."""

Event = Mapping[str, Any]
"""Normalised JSON builtins, as :func:`tallystick.events.parsing.to_builtins` gives."""

Shape = tuple[tuple[str, ...], ...]
"""The names of the event's members, then those of each object and target in it, in order."""

Row = list[Any]
"""The values of an event's members, then those of each object and target in it, in order."""

_TOGETHER: Final = 64
"""Events that are written at once: as many as the processor's nearer caches hold."""

_write = msgspec.json.Encoder().encode
_write_lines = msgspec.json.Encoder().encode_lines
_ITEM: Final = rf'(?:"{TOKEN_FORM}"|-?[0-9]+|true|false)'
_all_plain = re.compile(rf"\[{_ITEM}(?:,{_ITEM})*\]".encode()).fullmatch
_GAP: Final = re.compile(rb'"(?:mark([0-9]+)|class)"(?!:)')
_ARRAYS: Final = ("changes", "delegation", "links")
_NESTED: Final = ("subject", "metadata")


class Templates:
    """Parts the events of one action.

    Args:
        plan: How they are to be treated.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[Shape, Template | None] = {}

    def draft(self, event_ids: Sequence[bytes], events: Sequence[Event]) -> list[Draft]:
        """Part events for sealing, those of one shape together.

        Args:
            event_ids: 16 bytes for each event.
            events: The events.
        """
        drafts: list[Draft] = []
        for start in range(0, len(events), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            drafts += self._drafts(event_ids[some], events[some])
        return drafts

    def _drafts(self, event_ids: Sequence[bytes], events: Sequence[Event]) -> Iterator[Draft]:
        by_shape: dict[Shape, list[int]] = {}
        rows: list[Row] = []
        for number, event in enumerate(events):
            inner = _inner(event)
            by_shape.setdefault((tuple(event), *map(tuple, inner)), []).append(number)
            rows.append([*event.values(), *chain.from_iterable(map(dict.values, inner))])
        drafts: dict[int, Draft | None] = {}
        for shape, numbers in by_shape.items():
            template = self._template(shape, events[numbers[0]])
            if template is not None:
                alike = [(event_ids[n], person_of(events[n]["actor"]), rows[n]) for n in numbers]
                drafts.update(zip(numbers, template.fill(alike), strict=True))
        for number, (event_id, event) in enumerate(zip(event_ids, events, strict=True)):
            draft = drafts.get(number)
            yield draft or part(event_id, *self._plan.split(event), self._plan.retention)

    def _template(self, shape: Shape, event: Event) -> "Template | None":
        if shape not in self._known:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            marked = _marked(event)
            self._known[shape] = None if marked is None else Template(self._plan, marked)
        return self._known[shape]


class Template:
    """The layout of the events of one shape, and the text of what stands in clear in them.

    Args:
        plan: How events of the action are treated.
        event: An event of the shape, with the mark ``markN`` for value N of its row.
    """

    def __init__(self, plan: Plan, event: Event) -> None:
        clear, found = plan.split(event)
        owners = tuple(dict.fromkeys(person for _, _, person in found))
        found = in_order(found)
        members = [(path, owners.index(person)) for path, _, person in found]
        self.spots: Sequence[Spot] = [(slot, framed(path)) for path, slot in members]
        self.sealed = sealed_text((member_name(path), slot) for path, slot in members)
        self.needs_event_key = None in owners
        self._owners = _taker([int(person is not None) for person in owners])
        self._columns = [_column(value) for _, value, _ in found]
        texts = clear_text(clear, "class", has_refs=bool(owners))
        text = b"\n".join(texts).replace(b"%", b"%%")
        self._clear = _taker([int(number) for number in _GAP.findall(text) if number])
        retention = _write(plan.retention)
        self._text = _GAP.sub(lambda gap: b"%b" if gap[1] else retention, text)

    def fill(self, events: Sequence[tuple[bytes, str | None, Row]]) -> Iterator[Draft | None]:
        """Part events of the shape.

        Args:
            events: For each its id (16 bytes), the person who acted, and its values.

        Yields:
            For each its draft; None if something to stand in clear is not plain.
        """
        rows = [row for _, _, row in events]
        columns = [_texts(list(map(take, rows))) for take in self._columns]
        texts = zip(*columns, strict=True) if columns else [()] * len(rows)
        clears = self._written(rows)
        for (event_id, person, _), text, clear in zip(events, texts, clears, strict=True):
            owners = self._owners((None, person))
            yield Draft(event_id, owners, text, clear, self) if clear else None

    def folded(self, size: int) -> Draft:
        """See :class:`~tallystick.ledger.draft.Layout`; an event of a template has no changes."""
        raise MalformedError(f"entry: {size:,} bytes once sealed, want fewer members")

    def _written(self, rows: Sequence[Row]) -> list[list[bytes] | None]:
        """Write what stands in clear: the three texts of each event, None if it is not plain."""
        taken = list(map(self._clear, rows))
        written = _write([*chain.from_iterable(taken)])
        if _all_plain(written):
            values = iter(written[1:-1].split(b","))  # plain values hold no commas
            each = zip(*[values] * len(taken[0]), strict=True)
            # No JSON text holds a line break.
            return [(self._text % row).split(b"\n") for row in each]
        if len(rows) == 1:
            return [None]
        return [text for row in rows for text in self._written([row])]


def _inner(event: Event) -> list[dict[str, Any]]:
    """Return the objects in an event, and its targets."""
    inner = [value for value in event.values() if type(value) is dict]
    inner += event.get("targets", ())
    return inner


def _marked(event: Event) -> Event | None:
    """Put a mark in the place of each value; None for a shape whose values decide the way."""
    targets, inner = event.get("targets", ()), _inner(event)
    if (
        any(name in event for name in _ARRAYS)
        or any(name in target for target in targets for name in _NESTED)
        or len(targets) > MAX_TARGETS
        or len(event) + sum(map(len, inner)) > MAX_MEMBERS
    ):
        return None
    numbers = count(len(event))
    rest = iter([{name: f"mark{next(numbers)}" for name in member} for member in inner])
    root: dict[str, object] = {}
    for number, (name, value) in enumerate(event.items()):
        root[name] = next(rest) if type(value) is dict else f"mark{number}"
    if "targets" in event:
        root["targets"] = list(rest)
    return root


def _column(mark: object) -> Callable[[Row], object]:
    """Return what takes the value to be sealed in the place of a mark from a row."""
    if isinstance(mark, dict):
        # What is left of the metadata is sealed as one value, made anew for each event.
        places = {name: _number(inner) for name, inner in mark.items()}
        return lambda row: {name: row[place] for name, place in places.items()}
    return itemgetter(_number(mark))


def _number(mark: object) -> int:
    return int(str(mark).removeprefix("mark"))


def _texts(values: Sequence[object]) -> list[bytes]:
    """Write values in their one spelling; strings, which need no closer look, all at once."""
    if {*map(type, values)} == {str}:
        return _write_lines(values).split(b"\n")[:-1]
    return list(map(canonical_text, values))


def _taker(positions: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what takes the values at these positions as a tuple, however many they are."""
    match positions:
        case []:
            return lambda _: ()
        case [position]:
            return lambda values: (values[position],)
        case _:
            return itemgetter(*positions)
