"""All that the follower of the events table has to do, a turn at a time."""

from tallystick.ledger.ledger import Ledger
from tallystick.search.follow import EventsFollower
from tallystick.search.ports import Engine
from tallystick.search.scrub import Scrubber
from tallystick.search.table import EVENTS, Table


class Duty:
    """What one follower process does; there is never more than one of it.

    Args:
        ledger: Whom to follow.
        engine: Where the events table lies.
    """

    def __init__(self, ledger: Ledger, engine: Engine) -> None:
        self._table = Table(engine, EVENTS)
        self._follower = EventsFollower(ledger, self._table)
        self._scrubber = Scrubber(ledger)
        self._has_begun = False

    def begin_again(self) -> None:
        """Trust the table no more until it was held against the cursors."""
        self._has_begun = False

    def turn(self) -> int:
        """Do what is due; return how many entries were followed.

        Raises:
            EngineAwayError: The engine can't take it just now.
            VerificationError: An entry is gone from the ledger.
        """
        if not self._has_begun:
            self._begin()
        followed = self._follower.step()
        self._scrubber.step([self._table])
        return followed

    def _begin(self) -> None:
        self._follower.begin()
        while self._scrubber.step([self._table]):
            pass
        self._follower.check()
        self._has_begun = True
