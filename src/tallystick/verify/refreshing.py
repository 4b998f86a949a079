"""New pins from old ones: following a change of keys by the statements of a pinned root."""

from collections.abc import Sequence
from dataclasses import replace

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.note import VerifierKey
from tallystick.verify import strict_json
from tallystick.verify.pins import Pins
from tallystick.verify.statement import Statement, follow_statements, require_root
from tallystick.verify.super_origin import read_super_origin


def refresh(data: bytes, notes: Sequence[str]) -> tuple[bytes, list[Statement]]:
    """Follow statements from the newest key that is pinned.

    Args:
        data: A file of pins, with a root.
        notes: Statements as somebody shows them, in order of their serial numbers.

    Returns:
        The new file of pins, and the statements that changed it; without any, ``data`` itself.

    Raises:
        MalformedError: The pins or a statement are of another form.
        VerificationError: No root is pinned, the root did not sign a statement, or a statement
            does not follow what is pinned.
    """
    _, followed = follow(Pins.parse(data), notes)
    if not followed:
        return data, []
    members = strict_json.read(data, "pins")
    if not isinstance(members, dict) or not isinstance(members["super"], list):
        raise MalformedError("pins: want an object with super")
    listed: list[object] = list(members["super"])
    for statement in followed:
        if statement.frozen is not None:
            old = statement.old.vkey()
            frozen = {"vkey": old, "max_size": statement.frozen[0]}
            listed = [frozen if key == old else key for key in listed]
        listed.append(statement.key.vkey())
    return strict_json.write({**members, "super": listed}), followed


def follow(pins: Pins, notes: Sequence[str]) -> tuple[Pins, list[Statement]]:
    """Do the same with pins that were read; raises as :func:`refresh`."""
    if pins.root is None:
        raise VerificationError("pins: no root, want one: without it no statement is believed")
    known = _newest(pins, require_root(pins.root))
    followed = list(follow_statements(notes, pins.root, known))
    keys, frozen = list(pins.keys), dict(pins.frozen)
    for statement in followed:
        if statement.frozen is not None and statement.old in keys:
            keys.remove(statement.old)
            frozen[statement.old] = statement.frozen[0]
        keys.append(statement.key)
    return replace(pins, keys=tuple(keys), frozen=frozen), followed


def _newest(pins: Pins, deployment: str) -> VerifierKey:
    """Return the key of the deployment's newest super-log that is pinned."""
    by_serial: dict[int, set[VerifierKey]] = {}
    for key in (*pins.keys, *pins.frozen):
        of, serial = read_super_origin(key.name)
        if of == deployment:
            by_serial.setdefault(serial, set()).add(key)
    if not by_serial:
        raise VerificationError(f"pins: no key of {deployment}, want one to begin with")
    newest = by_serial[max(by_serial)]
    if len(newest) > 1:
        raise VerificationError(f"pins: {len(newest)} keys of one super-log, want 1 to follow from")
    return next(iter(newest))
