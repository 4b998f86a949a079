"""Values that occur nowhere by themselves: where one turns up, it came from who was given it."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from kit.forensics import spellings


@dataclass
class Canaries:
    """Makes canaries, and remembers all of them.

    Attributes:
        seed: Makes those of one owner differ from those of another.
        known: All that were made, or adopted.
    """

    seed: str
    known: list[str] = field(default_factory=list)

    def adopt(self, value: str) -> str:
        """Remember a value that others made, such as an id."""
        self.known.append(value)
        return value

    def word(self) -> str:
        """Make a word that may stand anywhere: in names, ids, tokens, member names."""
        return self.adopt(f"cnry{self._hex(12)}")

    def text(self) -> str:
        """Make a sentence with letters beyond ASCII."""
        return self.adopt(f"Käfer {self._hex(12)} sang")

    def number(self) -> int:
        """Make a number of 15 digits."""
        return int(self.adopt(str(10**14 + int(self._hex(11), 16) % (8 * 10**14))))

    def position(self) -> int:
        """Make a number of nine digits, where one of 15 has no room."""
        return int(self.adopt(str(10**8 + int(self._hex(7), 16))))

    def uuid(self) -> str:
        """Make a UUID of version 4."""
        text = self._hex(32)
        return self.adopt(f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}")

    def hex(self, digits: int) -> str:
        """Make hex digits, as a trace id has them."""
        return self.adopt(self._hex(digits))

    def address(self) -> str:
        """Make an IPv6 address."""
        text = self._hex(8)
        return self.adopt(f"2001:db8:5ca1:ab1e:c{text[:3]}:c{text[4:7]}:1:1")

    def moment(self) -> str:
        """Make a time of the year 2031, told by its microsecond."""
        return self.adopt(f"2031-03-17T04:05:06.{int(self._hex(6), 16) % 900_000 + 100_000}Z")

    def seen_in(self, data: bytes, *, but: bytes = b"") -> list[str]:
        """Find those that stand in ``data``, in any spelling, unless ``but`` holds them too."""
        return sorted({known for known in self.known if stands_in(known, data)} - self._in(but))

    def _in(self, data: bytes) -> set[str]:
        return {known for known in self.known if stands_in(known, data)}

    def _hex(self, digits: int) -> str:
        return sha256(f"{self.seed}/{len(self.known)}".encode()).hexdigest()[:digits]


def stands_in(value: str, data: bytes) -> bool:
    """Whether a value stands in bytes: as it is, in other alphabets, or as the bytes it names."""
    needles = [text for _, text in spellings(value)]
    with suppress(ValueError):
        needles.append(bytes.fromhex(value.replace("-", "")))
    return any(needle in data for needle in needles)


CLOSED = {
    "stream",
    "outcome",
    "severity",
    "utc_offset_minutes",
    "actor.type",
    "delegation.kind",
    "delegation.principal.type",
    "targets.role",
    "changes.op",
    "changes.target",
    "context.channel",
    "links.rel",
}
"""Fields of a closed vocabulary, or too small for a number of anybody's own."""


def canary_event(mint: Canaries, action: str, **more: object) -> dict[str, Any]:
    """Return an event that has a canary in every field that has room for one."""
    return {
        "id": mint.uuid(),
        "action": action,
        "version": mint.position(),
        "occurred_at": mint.moment(),
        "utc_offset_minutes": 60,
        "outcome": "denied",
        "reason": {"code": mint.word(), "text": mint.text()},
        "actor": {
            "type": "user",
            "id": mint.word(),
            "name": mint.text(),
            "email": f"{mint.word()}@example.com",
            "roles": [mint.word(), mint.text()],
            "authenticated_by": mint.word(),
            "home_tenant": mint.word(),
        },
        "delegation": [
            {
                "kind": "impersonation",
                "principal": {"type": "user", "id": mint.word(), "name": mint.text()},
                "reason": mint.text(),
                "grant_id": mint.word(),
                "approved_by": mint.word(),
            }
        ],
        "agent": {
            name: mint.word()
            for name in ("id", "model", "version", "run_id", "tool", "protocol", "approval_id")
        },
        "targets": [
            {
                "type": mint.word(),
                "id": mint.word(),
                "name": mint.text(),
                "role": "recipient",
                "subject": {"id": mint.word(), "name": mint.text()},
                "metadata": {mint.word(): mint.text()},
            }
        ],
        "targets_total": mint.number(),
        "changes": [
            {
                "path": f"/{mint.word()}",
                "op": "replace",
                "before": {mint.word(): mint.number()},
                "after": [mint.text()],
                "target": 0,
            }
        ],
        "context": {
            "ip": mint.address(),
            "user_agent": mint.text(),
            "session_id": mint.word(),
            "request_id": mint.word(),
            "trace_id": mint.hex(32),
            "span_id": mint.hex(16),
            "channel": "mcp",
            "service": mint.word(),
            "release": mint.word(),
            "location": mint.text(),
        },
        "purpose": {"code": mint.word(), "text": mint.text(), "case_id": mint.word()},
        "severity": "critical",
        "duration_ms": mint.number(),
        "message": mint.text(),
        "operation": {"id": mint.word(), "part": mint.position(), "parts": mint.position()},
        "links": [{"rel": "caused_by", "id": mint.uuid()}],
        "source": {"id": mint.word(), "sequence": mint.number()},
        "metadata": {mint.word(): {mint.word(): [mint.text(), mint.number()]}},
        **more,
    }


def canary_declaration(mint: Canaries, action: str) -> dict[str, Any]:
    """Return a catalogue entry that has a canary in every field that has room for one."""
    return {
        "action": action,
        "version": mint.position(),
        "title": mint.text(),
        "description": mint.text(),
        "crud": "delete",
        "synonyms": [mint.word()],
        "clear": ["/reason/code", "/targets/*/type", "/targets/*/id", f"/metadata/{mint.word()}"],
        "metadata_clear": [mint.word()],
        "class": mint.word(),
        "purpose": mint.text(),
        "legal_basis": mint.text(),
        "severity": "high",
        "ocsf_class": 987_654,
        "deprecated": mint.text(),
    }


def fields_of(form: type) -> set[str]:
    """Name all leaves of a struct as msgspec knows it: ``actor.id``, ``changes.before``."""
    return set(_leaves(msgspec.inspect.type_info(form), ""))


def filled(value: object) -> set[str]:
    """Name all leaves of JSON builtins in the same way; positions in arrays have no name."""
    return {name for name, _ in _values(value, "")}


def without_canary(mint: Canaries, value: object) -> set[str]:
    """Name the leaves of JSON builtins that hold no canary."""
    held: dict[str, bool] = {}
    for name, leaf in _values(value, ""):
        text = str(leaf)
        held[name] = held.get(name, False) or any(known in text for known in mint.known)
    return {name for name, holds in held.items() if not holds}


def _leaves(info: msgspec.inspect.Type, at: str) -> Iterator[str]:
    match info:
        case msgspec.inspect.StructType():
            for one in info.fields:
                yield from _leaves(one.type, f"{at}.{one.encode_name}".lstrip("."))
        case msgspec.inspect.UnionType():
            named = [it for it in info.types if not isinstance(it, msgspec.inspect.NoneType)]
            for one in named:
                yield from _leaves(one, at)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from _leaves(info.item_type, at)
        case _:
            yield at


def _values(value: object, at: str) -> Iterator[tuple[str, object]]:
    free = at.endswith("metadata") or at in {"changes.before", "changes.after"}
    match value:
        case dict() if not free:
            for name, member in value.items():
                yield from _values(member, f"{at}.{name}".lstrip("."))
        case list() if not free:
            yield from _each(value, at)
        case _:
            yield at, value


def _each(values: Iterable[object], at: str) -> Iterator[tuple[str, object]]:
    for value in values:
        yield from _values(value, at)
