"""Templates: where each value of an event goes, worked out once for all events of one shape.

Events of one action mostly have the same members in the same order. For such a shape the leaf is
a text with gaps. A template is made by parting an event of marks, so that one set of rules
(:class:`~tallystick.ledger.plan.Plan`) decides both ways. It serves an event only if every value
that is to stand in clear is a token, an integer or a boolean; any other event is parted alone,
and both ways write the same bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any, Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.catalogue import TOKEN_FORM
from tallystick.ledger.draft import Draft, member_name, part
from tallystick.ledger.leaf import halves, sealed_member, sealed_object
from tallystick.ledger.plan import Found, Plan, person_of
from tallystick.ledger.sealed_values import canonical_text, framed

MAX_TARGETS: Final = 8
MAX_MEMBERS: Final = 64
MAX_SHAPES: Final = 256
"""Senders choose shapes freely; beyond so many of one action all are forgotten."""

Shape = tuple[tuple[str, ...], ...]
"""The names of the event's members, then those of each object and target in it, in order."""

_write = msgspec.json.Encoder().encode
_ITEM: Final = rf'(?:"{TOKEN_FORM}"|-?[0-9]+|true|false)'
_all_plain = re.compile(rf"\[{_ITEM}(?:,{_ITEM})*\]".encode()).fullmatch
_GAP: Final = re.compile(rb'"(mark|code|ref|class)([0-9]+)"(?!:)')
_BARE: Final = (b"code", b"ref")
_ARRAYS: Final = ("changes", "delegation", "links")
_NESTED: Final = ("subject", "metadata")

_Take = Callable[[Sequence[Any]], tuple[Any, ...]]


class Templates:
    """Parts the events of one action.

    Args:
        plan: How they are to be treated.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[Shape, Template | None] = {}

    def draft(self, event_id: bytes, event: Mapping[str, Any]) -> Draft:
        """Part an event for sealing.

        Args:
            event_id: 16 bytes.
            event: Normalised JSON builtins, as :func:`tallystick.events.parsing.to_builtins` gives.
        """
        inner = _inner(event)
        shape = (tuple(event), *map(tuple, inner))
        if shape not in self._known:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            self._known[shape] = _template(self._plan, event, inner)
        template = self._known[shape]
        draft = template.fill(event_id, event, inner) if template is not None else None
        return draft or part(event_id, *self._plan.split(event), self._plan.retention)


class Template:
    """The entries of one shape.

    Args:
        plan: How events of the action are treated.
        event: An event of the shape, with the mark ``markN`` for its value N.
    """

    def __init__(self, plan: Plan, event: Mapping[str, Any]) -> None:
        clear, found = plan.split(event)
        owners = tuple(dict.fromkeys(person for _, _, person in found))
        self._of_actor = tuple(person is not None for person in owners)
        self._lonely = None in owners
        self._spots = [(owners.index(person), framed(path)) for path, _, person in found]
        self._rest: dict[str, int] = {}
        self._sealed = _taker([self._position(value) for _, value, _ in found])
        self._disclosures = _disclosures(found, owners)
        self._retention = _write(plan.retention)
        self._lay_out(clear, found, owners)

    def fill(
        self, event_id: bytes, event: Mapping[str, Any], inner: Sequence[Mapping[str, Any]]
    ) -> Draft | None:
        """Part an event of the shape; None if something to stand in clear is not plain."""
        flat = [*event.values()]
        for member in inner:
            flat += member.values()
        clear = _write(self._clear(flat))
        if _all_plain(clear) is None:
            return None
        if self._rest:
            flat.append({name: flat[position] for name, position in self._rest.items()})
        person = person_of(event["actor"])
        return Draft(
            event_id,
            [person if of_actor else None for of_actor in self._of_actor],
            self._spots,
            [canonical_text(value) for value in self._sealed(flat)],
            clear[1:-1].split(b","),  # plain values hold no commas
            self,
            self._lonely,
        )

    def leaf(
        self, values: Sequence[bytes], codes: Sequence[bytes], refs: list[str]
    ) -> tuple[bytes, bytes]:
        """See :class:`~tallystick.ledger.draft.Layout`."""
        gaps = [*values, *codes, *[ref.encode() for ref in refs], self._retention]
        return self._before % self._in_before(gaps), self._after % self._in_after(gaps)

    def disclosure(self, slot: int, texts: Sequence[bytes]) -> bytes:
        """See :class:`~tallystick.ledger.draft.Layout`."""
        text, take = self._disclosures[slot]
        return text % take(texts)

    def folded(self, size: int) -> Draft:
        """See :class:`~tallystick.ledger.draft.Layout`; an event of a template has no changes."""
        raise MalformedError(f"entry: {size:,} bytes once sealed, want fewer members")

    def _position(self, value: object) -> int:
        if isinstance(value, dict):
            # What is left of the metadata is sealed as one value, made anew for each event.
            self._rest = {name: _number(mark) for name, mark in value.items()}
            return -1
        return _number(value)

    def _lay_out(
        self, clear: Mapping[str, object], found: Sequence[Found], owners: Sequence[str | None]
    ) -> None:
        positions = [int(number) for _, number in _GAP.findall(_write(clear))]
        self._clear = _taker(positions)
        before, after = halves(clear, "class0", [f"ref{slot}" for slot in range(len(owners))])
        members = sorted(
            (path.encode("utf-16-be"), number) for number, (path, _, _) in enumerate(found)
        )
        sealed = sealed_object(
            sealed_member(member_name(found[number][0]), self._spots[number][0], b"code%d" % number)
            for _, number in members
        )
        gaps = [(b"mark", position) for position in positions]
        gaps += [(b"code", number) for number in range(len(found))]
        gaps += [(b"ref", slot) for slot in range(len(owners))]
        gaps.append((b"class", 0))
        order = {gap: number for number, gap in enumerate(gaps)}
        self._before, self._in_before = _gapped(before, order)
        self._after, self._in_after = _gapped(sealed + after, order)


def _inner(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects in an event, and its targets."""
    inner = [value for value in event.values() if type(value) is dict]
    inner += event.get("targets", ())
    return inner


def _template(
    plan: Plan, event: Mapping[str, Any], inner: Sequence[Mapping[str, Any]]
) -> Template | None:
    """Make the template of an event's shape; None for a shape whose values decide the way."""
    targets = event.get("targets", ())
    if (
        any(name in event for name in _ARRAYS)
        or any(name in target for target in targets for name in _NESTED)
        or len(targets) > MAX_TARGETS
        or len(event) + sum(map(len, inner)) > MAX_MEMBERS
    ):
        return None
    numbers = count(len(event))
    marked = [{name: f"mark{next(numbers)}" for name in member} for member in inner]
    rest = iter(marked)
    root: dict[str, object] = {}
    for number, (name, value) in enumerate(event.items()):
        root[name] = next(rest) if type(value) is dict else f"mark{number}"
    if "targets" in event:
        root["targets"] = list(rest)
    return Template(plan, root)


def _number(mark: object) -> int:
    return int(str(mark).removeprefix("mark"))


def _gapped(text: bytes, order: Mapping[tuple[bytes, int], int]) -> tuple[bytes, _Take]:
    """Open the gaps of a text; return it, and what takes their contents in order."""
    gaps = [order[kind, int(number)] for kind, number in _GAP.findall(text)]
    opened = _GAP.sub(lambda gap: b'"%b"' if gap[1] in _BARE else b"%b", text.replace(b"%", b"%%"))
    return opened, _taker(gaps)


def _disclosures(found: Sequence[Found], owners: Sequence[str | None]) -> list[tuple[bytes, _Take]]:
    disclosures = []
    for owner in owners:
        numbers = [number for number, (_, _, person) in enumerate(found) if person == owner]
        numbers.sort(key=lambda number: found[number][0].encode("utf-16-be"))
        disclosures.append((b"[%b]" % b",".join([b"%b"] * len(numbers)), _taker(numbers)))
    return disclosures


def _taker(positions: Sequence[int]) -> _Take:
    """Return what takes the values at these positions as a tuple, however many they are."""
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple([values[position] for position in positions])
