"""What of an event may stand in its entry in clear, and whose the rest is.

Invariant: an entry holds no personal data in clear, and nothing that a caller can write freely.
In clear stand closed vocabularies, numbers, times and UUIDs, and what the action's catalogue
entry declares, if it looks like a machine's token. All else is sealed to the person whom it
tells about, or, where no person is known, to the event itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tallystick.events.catalogue import ALWAYS_CLEAR, CatalogueEntry, is_token
from tallystick.events.pointer import escape, tokens

MAX_SINGLE_CHANGES = 32
"""Above this many, each change is sealed as one value instead of field by field."""

CLEAR, TOKEN, SEAL, OBJECT, ARRAY = range(5)


@dataclass(slots=True)
class Node:
    """How one place of an event is treated, with the places below it.

    Attributes:
        kind: CLEAR as it stands, TOKEN clear if it looks like one, SEAL always, or a container.
        owner: Which person a sealed value below this place belongs to, ``event`` for nobody.
        children: For an OBJECT, by member name; ``rest`` treats all other members.
        items: For an ARRAY of objects.
    """

    kind: int
    owner: str = "event"
    children: dict[str, "Node"] = field(default_factory=dict)
    rest: "Node | None" = None
    items: "Node | None" = None


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


class Plan:
    """The treatment of every place in events of one action."""

    def __init__(self, entry: CatalogueEntry | None) -> None:
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

    def split(self, event: Mapping[str, object]) -> tuple[dict[str, object], list[Found]]:
        """Part an event into what stands in clear and what is to be sealed.

        Args:
            event: Normalised JSON builtins, as :func:`tallystick.events.event.to_builtins` gives.

        Returns:
            The clear part (containers keep their shape, so that a pointer finds its place
            again), and the values to be sealed.
        """
        persons = _Persons(event)
        found: list[Found] = []
        children = self.root.children
        clear: dict[str, object] = {}
        for name, value in event.items():
            node = children.get(name)
            if node is None:
                found.append((f"/{name}", value, None))
            elif node.kind == CLEAR:
                clear[name] = value
            elif node.kind == OBJECT:
                clear[name] = _walk(node, value, f"/{name}", persons.of(node.owner, 0), found)
            elif node.kind == ARRAY:
                clear[name] = self._array(node, name, value, persons, found)
            else:
                found.append((f"/{name}", value, None))
        return clear, found

    def _array(
        self, node: Node, name: str, value: object, persons: "_Persons", found: list[Found]
    ) -> list[object]:
        items = value if isinstance(value, list) else []
        whole = name == "changes" and len(items) > MAX_SINGLE_CHANGES
        kept: list[object] = []
        for position, item in enumerate(items):
            owner = persons.of(node.owner, position)
            path = f"/{name}/{position}"
            if whole or node.items is None:
                found.append((path, item, owner))
                kept.append({})
            else:
                kept.append(_walk(node.items, item, path, owner, found, persons, position))
        return kept


class _Persons:
    """Who the values of one event tell about; None where no person is known."""

    __slots__ = ("_event", "_targets", "actor")

    def __init__(self, event: Mapping[str, object]) -> None:
        self._event = event
        self.actor = person_of(event.get("actor"))
        targets = event.get("targets")
        self._targets = (
            [_subject_of(target) or self.actor for target in targets]
            if isinstance(targets, list)
            else []
        )

    def of(self, owner: str, position: int) -> str | None:
        if owner == "actor":
            return self.actor
        if owner == "target":
            return self._targets[position]
        if owner == "change":
            target = _member(_member(self._event.get("changes"), position), "target")
            if isinstance(target, int) and 0 <= target < len(self._targets):
                return self._targets[target]
            return self.actor
        if owner == "principal":
            delegation = _member(self._event.get("delegation"), position)
            return person_of(_member(delegation, "principal"))
        return None

    def approver(self, position: int) -> str | None:
        approver = _member(_member(self._event.get("delegation"), position), "approved_by")
        return approver if isinstance(approver, str) else None


def person_of(party: object) -> str | None:
    """Name the person (or other subject) behind an actor or a principal.

    People share one name space of ids, whoever mentions them; services, keys and agents have
    their type in front, so that user ``7`` and service ``7`` never share a key.
    """
    identity = _member(party, "id")
    if not isinstance(identity, str):
        return None
    kind = _member(party, "type")
    return identity if kind in {"user", "anonymous", None} else f"{kind}:{identity}"


def _subject_of(target: object) -> str | None:
    identity = _member(_member(target, "subject"), "id")
    return identity if isinstance(identity, str) else None


def _member(container: object, key: str | int) -> object:
    if isinstance(container, dict):
        return container.get(key)
    if isinstance(container, list) and isinstance(key, int) and key < len(container):
        return container[key]
    return None


def _walk(
    node: Node,
    value: object,
    path: str,
    owner: str | None,
    found: list[Found],
    persons: _Persons | None = None,
    position: int = 0,
) -> object:
    clear: dict[str, object] = {}
    if not isinstance(value, dict):
        found.append((path, value, owner))
        return clear
    children = node.children
    for name, inner in value.items():
        child = children.get(name) or node.rest
        kind = SEAL if child is None else child.kind
        if kind == CLEAR or (kind == TOKEN and _is_plain(inner)):
            clear[name] = inner
        elif kind == OBJECT and child is not None:
            clear[name] = _walk(child, inner, f"{path}/{name}", owner, found)
        else:
            person = owner
            if persons is not None and name in {"reason", "approved_by"}:
                person = persons.approver(position) if name == "approved_by" else None
            found.append((f"{path}/{escape(name)}", inner, person))
    return clear


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, str) and is_token(value))


def _skeleton() -> Node:
    root = Node(OBJECT)
    for path, owner in _OBJECTS.items():
        root.children[path[1:]] = Node(OBJECT, owner, rest=Node(SEAL, owner))
    for path, owner in _ARRAYS.items():
        items = Node(OBJECT, owner, rest=Node(SEAL, owner))
        root.children[path[1:]] = Node(ARRAY, owner, items=items)
    for path, owner in _INNER.items():
        _place(root, path, Node(OBJECT, owner, rest=Node(SEAL, owner)))
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
    child = parent.children.get(name) or parent.rest
    return SEAL if child is None else child.kind


def _owner(root: Node, pattern: str) -> str:
    return _descend(root, pattern)[0].owner
