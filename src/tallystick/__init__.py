"""Tallystick: the audit log your own admin can't quietly edit.

The names that applications and auditors use::

    from tallystick import Actor, Event, Target     what an event is
    from tallystick import verify_receipt           what a receipt proves, offline

Each is loaded when it is first taken: who only imports the package pays next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallystick.events.event import Actor, Event, Target
    from tallystick.verify.verification import verify_receipt

__all__ = ["Actor", "Event", "Target", "verify_receipt"]

_HOMES = {
    "Actor": "tallystick.events.event",
    "Event": "tallystick.events.event",
    "Target": "tallystick.events.event",
    "verify_receipt": "tallystick.verify.verification",
}


def __getattr__(name: str) -> object:
    """Load a public name from where it lives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
