"""The catalogue: what a tenant has declared about its actions.

What an entry does not declare clear is sealed. Declaring is a promise about a field, not about
each value in it, so that a value is looked at too: :func:`is_token`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from tallystick.errors import MalformedError
from tallystick.events.event import Action, Position, Severity
from tallystick.events.refusal import refusal
from tallystick.events.wording import refuse_hidden

DEFAULT_CLASS: Final = "standard"

ALWAYS_CLEAR: Final = frozenset(
    {
        "/id",
        "/action",
        "/stream",
        "/version",
        "/occurred_at",
        "/utc_offset_minutes",
        "/outcome",
        "/severity",
        "/duration_ms",
        "/targets_total",
        "/actor/type",
        "/delegation/*/kind",
        "/delegation/*/principal/type",
        "/targets/*/role",
        "/changes/*/op",
        "/changes/*/target",
        "/context/channel",
        "/context/trace_id",
        "/context/span_id",
        "/operation/part",
        "/operation/parts",
        "/links/*/rel",
        "/links/*/id",
        "/source/sequence",
    }
)
"""Closed vocabularies, numbers, times and UUIDs: nobody can write freely there. ``/action`` is
one of them only for an action that the catalogue knows."""

NEVER_CLEAR: Final = frozenset(
    {
        "/external_id",
        "/message",
        "/actor/id",
        "/actor/name",
        "/actor/email",
        "/delegation/*/reason",
        "/delegation/*/approved_by",
        "/delegation/*/principal/id",
        "/delegation/*/principal/name",
        "/targets/*/name",
        "/targets/*/subject/id",
        "/targets/*/subject/name",
        "/changes/*/before",
        "/changes/*/after",
        "/context/ip",
        "/context/user_agent",
        "/context/location",
        "/purpose/text",
        "/reason/text",
    }
)
"""Personal or free by what they are: no entry may declare them clear."""

Crud: TypeAlias = Literal["create", "read", "update", "delete", "execute", "none"]
Pattern: TypeAlias = Annotated[
    str, Meta(max_length=256, pattern=r"\A(?:/(?:[A-Za-z0-9_.-]|~[01])+|/\*)+\Z")
]
Token: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")]
Sentence: TypeAlias = Annotated[str, Meta(max_length=1_024)]

TOKEN_FORM: Final = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}"  # noqa: S105 (no password)
"""What a machine's word looks like."""

_is_token_form = re.compile(TOKEN_FORM).fullmatch


def is_token(value: str) -> bool:
    """Whether a value looks like a machine's word, so that it may stand where declared clear.

    At most 128 characters, ASCII letters, digits and ``._:/-``, a letter or digit first. Blanks
    and ``@`` are the marks of names, sentences and mail addresses.
    """
    return _is_token_form(value) is not None


class CatalogueEntry(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is declared about one action.

    Attributes:
        version: Counts from 1; a changed entry has a greater one.
        title: What people read instead of the action's name.
        crud: What it does to its object.
        synonyms: Names that other systems have for it.
        clear: JSON Pointers of fields that may stand in clear, ``*`` for every position.
        metadata_clear: Keys of ``metadata`` that may stand in clear.
        class_: Retention class; ``class`` in JSON.
        legal_basis: Such as GDPR Art. 6(1)(f).
        ocsf_class: Class uid in the Open Cybersecurity Schema Framework.
        deprecated: Which action to use instead, or why not to use it.
    """

    action: Action
    title: Annotated[str, Meta(min_length=1, max_length=256)]
    version: Position = 1
    description: Sentence = ""
    crud: Crud = "none"
    synonyms: Annotated[tuple[Token, ...], Meta(max_length=100)] = ()
    clear: Annotated[tuple[Pattern, ...], Meta(max_length=200)] = ()
    metadata_clear: Annotated[tuple[Token, ...], Meta(max_length=200)] = ()
    class_: Token = msgspec.field(name="class", default=DEFAULT_CLASS)
    purpose: Sentence = ""
    legal_basis: Sentence = ""
    severity: Severity = "informational"
    ocsf_class: Annotated[int, Meta(ge=0, le=999_999)] | None = None
    deprecated: Sentence = ""


def parse_entry(raw: object) -> CatalogueEntry:
    """Read a catalogue entry from JSON builtins.

    Raises:
        MalformedError: It is not of its form, or declares clear what is personal by nature;
            ``path`` points to what is wrong.
    """
    try:
        entry = msgspec.convert(raw, CatalogueEntry)
    except (msgspec.ValidationError, TypeError) as error:
        raise refusal(str(error), "catalogue entry") from None
    refuse_hidden(raw)
    for position, pattern in enumerate(entry.clear):
        if pattern in NEVER_CLEAR:
            path = f"/clear/{position}"
            raise MalformedError(f"{path}: {pattern} is personal, want it sealed", path=path)
    return entry


def entry_builtins(entry: CatalogueEntry) -> dict[str, object]:
    """Write a catalogue entry as JSON builtins, the inverse of :func:`parse_entry`."""
    members: dict[str, object] = msgspec.to_builtins(entry)
    for name in ("synonyms", "clear", "metadata_clear"):
        if name in members:
            members[name] = list(getattr(entry, name))
    return members


class Difference(NamedTuple):
    """What turns one catalogue into another; each a sorted tuple of actions."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Catalogue(Mapping[str, CatalogueEntry]):
    """An immutable mapping from action to entry."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[CatalogueEntry] = ()) -> None:
        self._entries = {entry.action: entry for entry in entries}

    def __getitem__(self, action: str) -> CatalogueEntry:
        return self._entries[action]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def with_entry(self, entry: CatalogueEntry) -> "Catalogue":
        """Return a catalogue in which ``entry`` stands in place of its action's present one."""
        return Catalogue((*self._entries.values(), entry))

    def diff(self, other: "Catalogue") -> Difference:
        """Return what ``other`` has more, less and otherwise than this one."""
        return Difference(
            added=tuple(sorted(other.keys() - self.keys())),
            removed=tuple(sorted(self.keys() - other.keys())),
            changed=tuple(
                sorted(
                    action for action in self.keys() & other.keys() if self[action] != other[action]
                )
            ),
        )
