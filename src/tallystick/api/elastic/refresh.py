"""``refresh``: an answer that waits until what it acknowledges can be found."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.catching_up import caught_up
from tallystick.api.elastic.result import Result
from tallystick.ledger.ports import Log
from tallystick.search.elastic.refusal import ElasticError

_WAITING: Final = frozenset({"", "true", "wait_for"})


def waits(parameters: Mapping[str, str]) -> bool:
    """Read whether the answer shall wait.

    Raises:
        ElasticError: The parameter has another value.
    """
    told = parameters.get("refresh", "false")
    if told not in _WAITING and told != "false":
        reason = "Unknown value for refresh, want true, false or wait_for"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return told in _WAITING


async def wait_until_found(doorway: Doorway, results: Sequence[Result]) -> None:
    """Return when all that was recorded can be found, or at the latest after ``REFRESH_S``.

    The documents are on disk before the waiting begins.
    """
    ends: dict[str, int] = {}
    for result in results:
        if result.outcome is not None:
            known = ends.get(result.outcome.log, 0)
            ends[result.outcome.log] = max(known, result.outcome.index + 1)
    if not ends:
        return
    await caught_up(doorway, await asyncio.to_thread(_slots, doorway, ends))


def _slots(doorway: Doorway, ends: Mapping[str, int]) -> dict[int, int]:
    with doorway.ledger.drivers.store.read() as snapshot:
        logs: dict[str, Log] = {log.hex: log for log in doorway.ledger.logs.every(snapshot)}
        return {logs[name].slot: end for name, end in ends.items()}
