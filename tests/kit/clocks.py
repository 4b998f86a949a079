"""A clock that tests wind."""


class SteppingClock:
    """Stands still until it is told to go on.

    Attributes:
        time: Microseconds since 1970-01-01T00:00:00Z.
    """

    def __init__(self, time: int = 1_764_000_000_000_000) -> None:
        self.time = time

    def now(self) -> int:
        """Return the time that was set."""
        return self.time
