"""Errors, sorted by what the caller can do about them.

A message has the form ``what: observed, want expected``, starts in lower case, has no full stop
and never holds a secret. ``api.problems`` maps each class to an HTTP status, ``cli`` to an exit
code; no class here knows of either.
"""


class TallystickError(Exception):
    """Anything that Tallystick raises on purpose."""


class MalformedError(TallystickError):
    """The input is not of its form: mend the input.

    Attributes:
        path: JSON Pointer (RFC 6901) of the guilty value, or ``""`` for the whole input.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class VerificationError(TallystickError):
    """Something does not prove what it claims: do not rely on it."""


class PushbackError(TallystickError):
    """No room for more just now: wait, then send the same again.

    Attributes:
        retry_after_s: Seconds to wait.
    """

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConflictError(TallystickError):
    """Another state was found than the one expected: read again, then retry."""


class ForbiddenError(TallystickError):
    """The credential does not allow it: ask for a grant."""


class HeldError(TallystickError):
    """A legal hold forbids it: have the hold released first."""


class ErasedError(TallystickError):
    """The value is gone on a person's request; its commitment remains."""


class NotFoundError(TallystickError):
    """There is no such thing within the caller's scope."""
