"""Where each field stands in the events table: the only names that get into a statement.

What is masked is read as if it were absent, so that nothing that is asked, sorted or counted by
can tell it from an absent value.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

from tallystick.errors import MalformedError
from tallystick.search.fields import ACTION_WORDS, FIELDS, TEXT, Field, Sealed

Bind: TypeAlias = Callable[[object, str], str]
"""(value, type) → how the bound value is written in the statement."""
Shape: TypeAlias = Literal["text", "texts", "any", "integer", "moment"]

WORD: Final = r"[\\pL\\pN]+"
"""A word as :func:`~tallystick.search.words.words_of` cuts it, in SQL's spelling."""
NO_TEXTS: Final = "CAST([] AS Array(String))"
NUMBER: Final = r"^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$"

_INTEGERS: Final = (
    *("index", "version", "utc_offset_minutes", "targets_total", "duration_ms"),
    *("operation.part", "operation.parts", "source.sequence"),
)
NOWHERE: Final = frozenset({"leaf_hash", "changes.target"})
"""The fields that the events table does not hold."""
_LEAVES: Final = ("metadata", "targets.metadata")
_CHANGED: Final = ("changes.before", "changes.after")
WORDED: Final = (
    *("message", "reason.text", "reason.code", "action", "action_words"),
    *("actor.id", "actor.name", "actor.email", "targets.type", "targets.id", "targets.name"),
    *("targets.subject.id", "targets.subject.name"),
    *("delegation.principal.id", "delegation.principal.name", "delegation.reason"),
    *("delegation.grant_id", "delegation.approved_by"),
    *("agent.id", "agent.model", "agent.run_id", "agent.tool", "agent.approval_id"),
    *("context.ip", "context.user_agent", "context.session_id", "context.request_id"),
    *("context.trace_id", "context.service", "context.location"),
    *("purpose.code", "purpose.text", "purpose.case_id"),
    *("operation.id", "source.id", "external_id", "changes.path", *_CHANGED, *_LEAVES),
)
"""The fields whose words stand in the column ``words``, which has an index."""
_FACTS: Final = frozenset(
    {
        *("action", "action_words", "crud", "outcome", "severity", "reason.code"),
        *("actor.type", "actor.id", "actor.email", "actor.roles"),
        *("agent.id", "agent.model", "agent.tool", "context.ip", "context.session_id"),
        *("context.channel", "context.service", "context.release", "purpose.code"),
        *("targets.type", "targets.id", "targets.subject.id"),
    }
)
"""The fields whose values stand whole in the column ``facts``, which has an index."""


class Column(NamedTuple):
    """A field as a statement reads it; nothing of it is ever NULL but an integer.

    Attributes:
        field: The field.
        shape: ``text``: a text, '' if absent. ``texts``: an array, in which '' is absent.
            ``any``: arrays of texts and numbers. ``integer``: NULL if absent. ``moment``.
        sql: The value; for ``any``, all values as texts.
        numbers: For ``any``: those that are numbers, as doubles.
        others: For ``any``: the texts of those that are none.
        indexed: Whether its words are words of the column ``words``.
        fact: What stands before its values in the column ``facts``; empty if they do not.
    """

    field: Field
    shape: Shape
    sql: str
    numbers: str = ""
    others: str = ""
    indexed: bool = False
    fact: str = ""


class Sight(NamedTuple):
    """What the asker may see of one tenant.

    Attributes:
        tenant: Its number.
        name: Its name, which events are compared with that ask for one.
        unmasked: Fields whose sealed values are shown and found; None for all.
        erasures: How many names the tenant's erasures have.
        erased: Those names of which some rows may still hold something, in hex: a ref, or a ref
            and an event's id.
    """

    tenant: int
    name: str
    unmasked: frozenset[str] | None = None
    erasures: int = 0
    erased: tuple[str, ...] = ()

    def masks(self, name: str, sealed: Sealed) -> bool:
        """Whether sealed values of a field are hidden from the asker."""
        root = next((leaf for leaf in _LEAVES if name.startswith(f"{leaf}.")), name)
        return (
            sealed != "never"
            and self.unmasked is not None
            and self.unmasked.isdisjoint({name, root})
        )


def column_of(field: Field, sight: Sight, bind: Bind) -> Column:
    """Find the column of a field.

    Raises:
        MalformedError: The events table does not hold the field.
    """
    if field.name in NOWHERE:
        raise MalformedError(f"field {field.name!r}: not kept for search, want another one")
    indexed = field.name in WORDED
    masked = sight.masks(field.name, field.sealed)
    root = next((leaf for leaf in _LEAVES if f"{field.name}.".startswith(f"{leaf}.")), None)
    if root is not None:
        return _leaves(field, root, masked=masked, bind=bind)
    if field.name == TEXT:
        return Column(field, "text", _text(sight, bind), indexed=True)
    sql = _plain(field, sight, bind)
    if field.kind == "moment":
        return Column(field, "moment", sql)
    if field.name in _INTEGERS:
        return Column(field, "integer", _masked(field, sql, "NULL") if masked else sql)
    if field.name in _CHANGED:
        sql = _masked(field, sql, NO_TEXTS) if masked else sql
        numbers = f"arrayMap(v -> toFloat64(v), arrayFilter(v -> match(v, '{NUMBER}'), {sql}))"
        others = f"arrayFilter(v -> NOT match(v, '{NUMBER}'), {sql})"
        return Column(field, "any", sql, numbers, others, indexed=indexed)
    absent = NO_TEXTS if field.many else "''"
    sql = _masked(field, sql, absent) if masked else sql
    # What is masked must not be found by the index either: it knows of no mask.
    fact = f"{field.name}=" if field.name in _FACTS and not masked else ""
    return Column(field, "texts" if field.many else "text", sql, indexed=indexed, fact=fact)


def _plain(field: Field, sight: Sight, bind: Bind) -> str:
    match field.name:
        case "id":
            return "UUIDNumToString(id)"
        case "tenant":
            return bind(sight.name, "String")
        case "subject_refs":
            return "arrayMap(v -> lower(hex(v)), subject_refs)"
        case name:
            return f"`{FIELDS[name].name.replace('.', '_')}`"


def _masked(field: Field, sql: str, absent: str) -> str:
    """Read a sealed value as absent; of an event in which it stands in clear, the value."""
    if field.sealed == "always":
        return absent
    # The words of an action are sealed with it.
    named = "action" if field.name == ACTION_WORDS else FIELDS[field.name].name
    return f"if(has(sealed_fields, '{named}'), {absent}, {sql})"


def _leaves(field: Field, root: str, *, masked: bool, bind: Bind) -> Column:
    prefix = root.replace(".", "_")
    arrays = [f"{prefix}_path", f"{prefix}_text", f"{prefix}_number"]
    wanted = []
    if field.name != root:
        path = bind(field.name.removeprefix(f"{root}."), "String")
        wanted.append(f"(p = {path} OR startsWith(p, concat({path}, '.')))")
    if masked and root == "metadata":
        wanted.append("NOT s")
        arrays.append("metadata_sealed")
    elif masked:
        arrays = [_masked(FIELDS[root], array, "[]") for array in arrays]
    names = ("p", "v", "n", "s")[: len(arrays)]

    def picked(what: int, *more: str) -> str:
        test = " AND ".join((*wanted, *more)) or "1"
        rows = ", ".join((arrays[what], *arrays))
        return f"arrayFilter((x, {', '.join(names)}) -> {test}, {rows})"

    numbers, others = picked(2, "NOT isNaN(n)"), picked(1, "isNaN(n)")
    told = root == "metadata" and field.name != root and "=" not in field.name and not masked
    fact = f"{field.name}=" if told else ""
    return Column(field, "any", picked(1), numbers, others, indexed=True, fact=fact)


def _text(sight: Sight, bind: Bind) -> str:
    """Return all words that may be searched for, in the form of the column ``words``."""
    fields = [FIELDS[name] for name in WORDED]
    if not any(sight.masks(field.name, field.sealed) for field in fields):
        return "words"
    values = []
    for field in fields:
        column = column_of(field, sight, bind)
        joined = column.shape != "text"
        values.append(f"arrayStringConcat({column.sql}, '\\x01')" if joined else column.sql)
    return normal(f"concatWithSeparator('\\x01', {', '.join(values)})")


def rank(column: Column) -> str:
    """Write the place of a ranked field's value in its vocabulary, from 1; 0 if it is absent."""
    words = ", ".join(f"'{word}'" for word in column.field.vocabulary)
    return f"indexOf([{words}], {column.sql})"


def normal(sql: str) -> str:
    r"""Write values that are joined by ``\x01`` as the column ``words`` does.

    Words are in lower case, with one space between them, and `` \x01 `` between values.
    """
    words = f"replaceRegexpAll(lowerUTF8({sql}), '[^\\\\pL\\\\pN\\\\x01]+', ' ')"
    return f"replaceAll({words}, '\\x01', ' \\x01 ')"
