"""What can be asked of an event: every field, by its dotted path and by the names others use."""

from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import replace

from tallystick.errors import MalformedError
from tallystick.events.catalogue import ALWAYS_CLEAR, NEVER_CLEAR, Crud
from tallystick.events.event import (
    ChangeOp,
    Channel,
    DelegationKind,
    LinkRel,
    Outcome,
    PartyType,
    Role,
    Severity,
)

FieldKind: TypeAlias = Literal["keyword", "text", "integer", "moment", "address", "any"]
Sealed: TypeAlias = Literal["never", "maybe", "always"]

MAX_NAME: Final = 512


class Field(Struct, frozen=True, kw_only=True):
    """One thing that an event tells.

    Attributes:
        name: Dotted path, without positions: ``targets.id``.
        kind: ``keyword`` is compared whole, ``text`` also by words; ``any`` is any JSON scalar,
            or the scalars below an object.
        many: Whether an event may have several values.
        sealed: Whether an event's value is sealed, so that the asker's scope decides who may
            search it and see it.
        worded: Whether its words are searched for, too.
        any_case: Whether people mean the same in any case.
        vocabulary: All values that there are, if they are known.
        ranked: Whether values have the order of the vocabulary, and not that of texts.
    """

    name: str
    kind: FieldKind = "keyword"
    many: bool = False
    sealed: Sealed = "never"
    worded: bool = False
    any_case: bool = False
    vocabulary: tuple[str, ...] = ()
    ranked: bool = False

    def rank_of(self, value: object) -> int:
        """Return the place of a value in the vocabulary, from 1; of a ranked field.

        Raises:
            MalformedError: It is not in there.
        """
        if value not in self.vocabulary:
            raise MalformedError(f"value: unknown, want {', '.join(self.vocabulary)}")
        return self.vocabulary.index(str(value)) + 1

    @property
    def whole(self) -> "Field":
        """The field as a keyword: its words are not meant. Made of others, it has words alone."""
        if self.name in {ACTION_WORDS, TEXT}:
            return self
        kind = "keyword" if self.kind == "text" else self.kind
        return replace(self, kind=kind, worded=False)


_LISTS: Final = ("targets", "changes", "delegation", "links")
_MANY: Final = frozenset({"actor.roles", "subject_refs", "action_words", "text"})
_BY_SERVER: Final = (
    *("tenant", "log", "class", "crud", "leaf_hash", "subject_refs", "via.door", "via.key_id"),
)
_KEYWORDS: Final = (
    *("id", "external_id", "stream", "action", "outcome", "severity", "reason.code"),
    *("actor.type", "actor.id", "actor.name", "actor.email", "actor.roles"),
    *("actor.authenticated_by", "actor.home_tenant"),
    *("delegation.kind", "delegation.principal.type", "delegation.principal.id"),
    *("delegation.principal.name", "delegation.grant_id", "delegation.approved_by"),
    *("agent.id", "agent.model", "agent.version", "agent.run_id", "agent.tool"),
    *("agent.protocol", "agent.approval_id"),
    *("targets.type", "targets.id", "targets.name", "targets.role"),
    *("targets.subject.id", "targets.subject.name", "changes.path", "changes.op"),
    *("context.user_agent", "context.session_id", "context.request_id", "context.trace_id"),
    *("context.span_id", "context.channel", "context.service", "context.release"),
    *("context.location", "purpose.code", "purpose.case_id"),
    *("operation.id", "links.rel", "links.id", "source.id"),
)
_TEXTS: Final = ("message", "reason.text", "purpose.text", "delegation.reason")
_INTEGERS: Final = (
    *("index", "version", "utc_offset_minutes", "targets_total", "duration_ms"),
    *("changes.target", "operation.part", "operation.parts", "source.sequence"),
)
_ANY: Final = ("metadata", "targets.metadata", "changes.before", "changes.after")
_WORDED: Final = frozenset(
    {
        *("actor.name", "delegation.principal.name", "targets.name", "targets.subject.name"),
        *("context.user_agent", "context.location"),
        *_TEXTS,
        *_ANY,
    }
)
_VOCABULARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "stream": ("audit", "activity", "access"),
    "outcome": get_args(Outcome),
    "severity": get_args(Severity),
    "actor.type": get_args(PartyType),
    "delegation.kind": get_args(DelegationKind),
    "delegation.principal.type": get_args(PartyType),
    "targets.role": get_args(Role),
    "changes.op": get_args(ChangeOp),
    "context.channel": get_args(Channel),
    "links.rel": get_args(LinkRel),
    "crud": get_args(Crud),
}

ACTION_WORDS: Final = "action_words"
"""The action's own words, its crud verb, its synonyms; see ``words.action_words``."""
TEXT: Final = "text"
"""All that people may search for by words: ``columns.WORDED`` together, and the id whole."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "_id": "id",
        "_doc": "index",
        "_shard_doc": "id",
        "@timestamp": "occurred_at",
        "timestamp": "occurred_at",
        "event.id": "id",
        "event.action": "action",
        "event.outcome": "outcome",
        "event.ingested": "received_at",
        "event.reason": "reason.text",
        "event.provider": "source.id",
        "event.sequence": "source.sequence",
        "user.id": "actor.id",
        "user.name": "actor.name",
        "user.email": "actor.email",
        "user.roles": "actor.roles",
        "user.effective.id": "delegation.principal.id",
        "user.effective.name": "delegation.principal.name",
        "user.target.id": "targets.subject.id",
        "user.target.name": "targets.subject.name",
        "user_agent.original": "context.user_agent",
        "source.ip": "context.ip",
        "source.geo.name": "context.location",
        "client.ip": "context.ip",
        "related.ip": "context.ip",
        "trace.id": "context.trace_id",
        "span.id": "context.span_id",
        "http.request.id": "context.request_id",
        "service.name": "context.service",
        "service.version": "context.release",
        "organization.id": "tenant",
        "labels": "metadata",
    }
)
"""Names of the Elastic Common Schema, and some that clients expect, to ours.

Only names of the same meaning and unit: ``event.duration``, in nanoseconds, is not here.
"""


def _pointer(name: str) -> str:
    first, *rest = name.split(".")
    return "/".join(("", first, *(("*",) if first in _LISTS else ()), *rest))


def _sealed(name: str) -> Sealed:
    pointer = _pointer(name)
    if pointer in NEVER_CLEAR:
        return "always"
    # An action that the catalogue does not know is sealed, and so are its words.
    clear = pointer in ALWAYS_CLEAR and name != "action"
    return "never" if clear or name in {*_BY_SERVER, "index", "received_at"} else "maybe"


def _field(name: str, kind: FieldKind) -> Field:
    return Field(
        name=name,
        kind=kind,
        many=name.split(".", maxsplit=1)[0] in (*_LISTS, "metadata") or name in _MANY,
        sealed=_sealed(name),
        worded=name in _WORDED,
        any_case=name == "actor.email",
        vocabulary=_VOCABULARIES.get(name, ()),
        ranked=name == "severity",
    )


_KINDS: Final[tuple[tuple[FieldKind, tuple[str, ...]], ...]] = (
    ("moment", ("occurred_at", "received_at")),
    ("keyword", (*_KEYWORDS, *_BY_SERVER)),
    ("text", (*_TEXTS, ACTION_WORDS, TEXT)),
    ("integer", _INTEGERS),
    ("address", ("context.ip",)),
    ("any", _ANY),
)

FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {name: _field(name, kind) for kind, names in _KINDS for name in names}
)
"""Every field by its name; those below ``metadata`` are made by :func:`find_field`."""


def find_field(name: str) -> Field:
    """Find a field by its path, an alias, or either with ``.keyword`` behind it.

    ``metadata.keyword`` alone is a path: of what has that key.

    Raises:
        MalformedError: There is no such field; the message has the nearest names.
    """
    exact = FIELDS.get(ALIASES.get(name, name))
    if exact is not None:
        return exact
    bare = name.removesuffix(".keyword")
    found = _below(bare) or _below(name) or FIELDS.get(ALIASES.get(bare, bare))
    if found is None:
        raise _unknown(name)
    return found if bare == name else found.whole


def find_fields(pattern: str) -> tuple[Field, ...]:
    """Find the fields of a pattern with ``*``, or of an object such as ``actor``.

    A pattern is compared with our paths only, and ``*`` alone means ``text``.

    Raises:
        MalformedError: There is no such field; the message has the nearest names.
    """
    if pattern in {"*", "_all"}:
        return (FIELDS[TEXT],)
    if "*" in pattern and len(pattern) <= MAX_NAME:
        made = {ACTION_WORDS, TEXT}
        found = [FIELDS[name] for name in FIELDS if name not in made and _fits(name, pattern)]
    else:
        found = members(pattern)
    return tuple(found) or (find_field(pattern),)


def members(name: str) -> list[Field]:
    """Return the fields below an object such as ``actor``; none if the name is no object's."""
    return (
        [] if name in FIELDS else [FIELDS[each] for each in FIELDS if each.startswith(f"{name}.")]
    )


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))


def _below(name: str) -> Field | None:
    if len(name) > MAX_NAME:
        return None
    for root in ("metadata", "targets.metadata", "labels"):
        path = name.removeprefix(f"{root}.")
        if path not in (name, ""):
            full = f"{ALIASES.get(root, root)}.{path}"
            return Field(name=full, kind="any", many=True, sealed="maybe", worded=True)
    return None


def _unknown(name: str) -> MalformedError:
    shown = name if len(name) <= 64 else f"{name[:64]}…"  # noqa: PLR2004 (a readable length)
    near = get_close_matches(shown, (*FIELDS, *ALIASES), n=3, cutoff=0.6)
    last = [each for each in FIELDS if each.rpartition(".")[2] == name][:3]
    names = tuple(dict.fromkeys((*last, *near)))[:3]
    want = f"want {' or '.join(names)}" if names else "want one of the event's, or metadata.<path>"
    return MalformedError(f"field {shown!r}: unknown, {want}", path="/field")
