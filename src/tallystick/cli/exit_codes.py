"""What a command's exit code means: the single table from errors to codes."""

from typing import Final

from tallystick.errors import (
    ConflictError,
    ErasedError,
    ForbiddenError,
    HeldError,
    MalformedError,
    NotFoundError,
    PushbackError,
    TallystickError,
    VerificationError,
)

OK: Final = 0
NO: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
UNDECIDED: Final = 4
BUSY: Final = 5
FORK: Final = 10
TRUNCATION: Final = 11
WRONG_KEY: Final = 12
UNPROVEN: Final = 13
NO_QUORUM: Final = 14
STALE: Final = 15
UNREACHABLE: Final = 16
STOPPED: Final = 130
"""What shells expect of a command that Ctrl-C ended: 128 and the number of the signal."""

MEANINGS: Final = {
    OK: "done; everything verified, recorded or intact",
    NO: "no: refused, not found, not intact, or a difference",
    USAGE: "the command line or a setting is wrong",
    UNREADABLE: "an input can't be read, or is not of its form",
    UNDECIDED: "it can't be decided: no pin, too few witnesses, a server that can't be reached",
    BUSY: "no room just now, or not yet: try again",
    FORK: "monitor, mirror: two histories under one origin",
    TRUNCATION: "monitor, mirror: a log has fewer entries than were seen",
    WRONG_KEY: "monitor, mirror: a checkpoint that the pinned key did not sign",
    UNPROVEN: "monitor, mirror: the server does not prove what it says",
    NO_QUORUM: "monitor, mirror: too few witnesses, or no auditor, have cosigned",
    STALE: "monitor: the newest epoch is too old, or dated ahead",
    UNREACHABLE: "monitor, mirror: the server does not answer",
    STOPPED: "stopped by Ctrl-C",
}


class UsageError(TallystickError):
    """The command line asks for something that doesn't go together."""


class UnreachableError(TallystickError):
    """The server does not answer, so nothing is known."""


_CODES: Final[tuple[tuple[type[TallystickError], int], ...]] = (
    (UsageError, USAGE),
    (UnreachableError, UNDECIDED),
    (MalformedError, UNREADABLE),
    (PushbackError, BUSY),
    (VerificationError, NO),
    (ConflictError, NO),
    (ForbiddenError, NO),
    (HeldError, NO),
    (ErasedError, NO),
    (NotFoundError, NO),
)


def code_of(error: TallystickError) -> int:
    """Return the exit code for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), NO)
