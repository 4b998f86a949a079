"""What of an event may stand in its entry in clear, and whose the rest is.

Invariant: an entry holds no personal data in clear, and nothing that a caller can write freely.
In clear stand closed vocabularies, numbers, times and UUIDs, and what the action's catalogue
entry declares, if it looks like a machine's token. All else is sealed to the person whom it
tells about, or, where no person is known, to the event itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.events.catalogue import ALWAYS_CLEAR, DEFAULT_CLASS, TOKEN_FORM, CatalogueEntry
from tallystick.events.pointer import escape, tokens

MAX_SINGLE_CHANGES = 32
"""Above this many, each change is sealed as one value instead of field by field."""

CLEAR, TOKEN, SEAL, OBJECT, ARRAY = range(5)

_is_token = re.compile(TOKEN_FORM).fullmatch


@dataclass(slots=True)
class Node:
    """How one place of an event is treated, with the places below it.

    Attributes:
        kind: CLEAR as it stands, TOKEN clear if it looks like one, SEAL always, or a container.
        owner: Whom a sealed value below this place tells about, ``event`` for nobody known.
        children: For an OBJECT, by member name; all others are sealed.
        items: For an ARRAY of objects.
    """

    kind: int
    owner: str = "event"
    children: dict[str, "Node"] = field(default_factory=dict)
    items: "Node | None" = None


_SEALED = Node(SEAL)

Found = tuple[str, object, str | None]
"""A value to be sealed: its JSON Pointer, the value, its person (None: the event's own key)."""

# The containers of an event, each with the owner of what is sealed below it.
_OBJECTS = {
    "/actor": "actor",
    "/context": "actor",
    "/reason": "event",
    "/agent": "event",
    "/purpose": "event",
    "/operation": "event",
    "/source": "event",
    "/metadata": "event",
}
_ARRAYS = {
    "/delegation": "principal",
    "/targets": "target",
    "/changes": "change",
    "/links": "event",
}
_INNER = {
    "/delegation/*/principal": "principal",
    "/targets/*/subject": "target",
}
_OTHERS = {
    "/delegation/*/approved_by": "approver",
    "/delegation/*/reason": "nobody",
}
_NUMBERS = (int, bool)
_PEOPLE = ("user", "anonymous")


class Plan:
    """The treatment of every place in events of one action.

    Attributes:
        retention: The record class of the action's events.
    """

    def __init__(self, entry: CatalogueEntry | None) -> None:
        self.retention = DEFAULT_CLASS if entry is None else entry.class_
        self.root = _skeleton()
        for pattern in ALWAYS_CLEAR:
            _place(self.root, pattern, Node(CLEAR))
        if entry is None:
            # An undeclared action is a string that the caller wrote freely.
            _place(self.root, "/action", Node(SEAL))
            return
        for pattern in _declared(entry):
            if _leaf_kind(self.root, pattern) == SEAL:
                _place(self.root, pattern, Node(TOKEN, _owner(self.root, pattern)))

    def split(self, event: Mapping[str, Any]) -> tuple[dict[str, object], list[Found]]:
        """Part an event into what stands in clear and what is to be sealed.

        Args:
            event: Normalised JSON builtins, as :func:`tallystick.events.parsing.to_builtins` gives.

        Returns:
            The clear part (containers keep their shape, so that a pointer finds its place
            again), and the values to be sealed.
        """
        actor = person_of(event["actor"])
        found: list[Found] = []
        clear: dict[str, object] = {}
        children = self.root.children
        for name, value in event.items():
            node = children.get(name, _SEALED)
            kind = node.kind
            if kind == CLEAR:
                clear[name] = value
            elif name == "metadata":
                clear[name] = _metadata(node, value, found)
            elif kind == OBJECT:
                owner = actor if node.owner == "actor" else None
                clear[name] = _walk(node, value, f"/{name}", owner, found)
            elif kind == ARRAY:
                clear[name] = _array(node, name, event, actor, found)
            else:
                found.append((f"/{name}", value, None))
        return clear, found


def person_of(party: Mapping[str, Any]) -> str | None:
    """Name the person (or other subject) behind an actor or a principal.

    People share one name space of ids, whoever mentions them. Services, keys and agents have
    their type in front, behind a character that no id can hold: user ``7`` and service ``7``
    never share a key.
    """
    identity: str | None = party.get("id")
    if identity is None or party["type"] in _PEOPLE:
        return identity
    return f"{party['type']}\x1f{identity}"


def _array(
    node: Node, name: str, event: Mapping[str, Any], actor: str | None, found: list[Found]
) -> list[object]:
    items = event[name]
    whole = name == "changes" and len(items) > MAX_SINGLE_CHANGES
    kept: list[object] = []
    for position, item in enumerate(items):
        path = f"/{name}/{position}"
        owner = _owner_of(node.owner, item, event, actor)
        if whole or node.items is None:
            found.append((path, item, owner))
            kept.append({})
        else:
            kept.append(_walk(node.items, item, path, owner, found))
    return kept


def _owner_of(
    kind: str, item: Mapping[str, Any], event: Mapping[str, Any], actor: str | None
) -> str | None:
    """Say whom an item of an array tells about."""
    if kind == "target":
        subject = item.get("subject")
        return actor if subject is None else subject["id"]
    if kind == "change":
        # The change belongs to whom its target belongs to; parsing has checked the position.
        target = item.get("target")
        return (
            actor if target is None else _owner_of("target", event["targets"][target], event, actor)
        )
    if kind == "principal":
        return person_of(item["principal"])
    return None


def _walk(
    node: Node, value: Mapping[str, Any], path: str, owner: str | None, found: list[Found]
) -> dict[str, object]:
    clear: dict[str, object] = {}
    known = node.children.get
    for name, inner in value.items():
        child = known(name)
        if child is None:
            found.append((f"{path}/{escape(name)}", inner, owner))
            continue
        kind = child.kind
        if kind == CLEAR or (kind == TOKEN and (_is_plain(inner))):
            clear[name] = inner
        elif kind == OBJECT:
            clear[name] = _walk(child, inner, f"{path}/{name}", owner, found)
        elif child.owner == "approver":
            found.append((f"{path}/{name}", inner, inner))
        else:
            person = None if child.owner == "nobody" else owner
            found.append((f"{path}/{escape(name)}", inner, person))
    return clear


def _metadata(node: Node, value: Mapping[str, Any], found: list[Found]) -> dict[str, object]:
    """Part metadata; what is not clear is sealed together, so that its names are sealed too."""
    known = node.children
    clear = {name: inner for name, inner in value.items() if name in known and _is_plain(inner)}
    if len(clear) != len(value):
        rest = {name: inner for name, inner in value.items() if name not in clear}
        found.append(("/metadata", rest, None))
    return clear


def _is_plain(value: object) -> bool:
    if type(value) is str:
        return _is_token(value) is not None
    return type(value) in _NUMBERS


def _skeleton() -> Node:
    root = Node(OBJECT)
    for path, owner in _OBJECTS.items():
        root.children[path[1:]] = Node(OBJECT, owner)
    for path, owner in _ARRAYS.items():
        items = Node(OBJECT, owner)
        root.children[path[1:]] = Node(ARRAY, owner, items=items)
    for path, owner in _INNER.items():
        _place(root, path, Node(OBJECT, owner))
    for path, owner in _OTHERS.items():
        _place(root, path, Node(SEAL, owner))
    return root


def _declared(entry: CatalogueEntry) -> Iterator[str]:
    yield from entry.clear
    yield from (f"/metadata/{escape(key)}" for key in entry.metadata_clear)


def _descend(root: Node, pattern: str) -> tuple[Node, str]:
    *outer, last = tokens(pattern)
    node = root
    for step in outer:
        inner = node.items if step == "*" else node.children.get(step)
        if inner is None:
            inner = node.children.setdefault(step, Node(OBJECT, node.owner))
        node = inner
    return node, last


def _place(root: Node, pattern: str, leaf: Node) -> None:
    parent, name = _descend(root, pattern)
    parent.children[name] = leaf


def _leaf_kind(root: Node, pattern: str) -> int:
    parent, name = _descend(root, pattern)
    return parent.children.get(name, _SEALED).kind


def _owner(root: Node, pattern: str) -> str:
    return _descend(root, pattern)[0].owner
