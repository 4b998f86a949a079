"""How the answer to an aggregation is spelled, and which fields it may be asked of."""

from msgspec import Struct

from tallystick.search.elastic.mapping import type_of
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.target import Target, target_of
from tallystick.search.fields import Field, FieldKind


class Shape(Struct, frozen=True):
    """How an answer is spelled.

    Attributes:
        keyed: Whether buckets, or percentiles, are an object by their keys, and no list.
        format: In which form times are given; empty for the usual one.
        zone: By whose wall clock the ends of ranges of time are given.
    """

    keyed: bool = False
    format: str = ""
    zone: str = "UTC"


def field_of(members: Members, *kinds: FieldKind) -> Field:
    """Take ``field``, of one of the kinds if any are given.

    Raises:
        ElasticError: It is missing, unknown or of another kind.
    """
    name = members.text("field")
    if not name:
        reason = (
            f"Required one of fields [field, script], but none were specified: [{members.name}]"
        )
        raise ElasticError(reason, path=members.path, kind="illegal_argument_exception")
    target = target_of(name, members.at("field"))
    unfit = bool(kinds) and target.field.kind not in kinds
    if unfit or _is_text(target):
        kind = type_of(target.field, whole=target.whole)
        raise ElasticError(
            f"Field [{name}] of type [{kind}] is not supported for aggregation [{members.name}]",
            path=members.at("field"),
            kind="illegal_argument_exception",
        )
    return target.field


def _is_text(target: Target) -> bool:
    return target.field.kind == "text" and not target.whole
