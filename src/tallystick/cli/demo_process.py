"""A process beside the demo: it ends with the demo, however that ends."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_STOP_S: Final = 60


@contextmanager
def beside(
    arguments: Sequence[str],
    *,
    stdout: int | IO[bytes],
    stderr: IO[bytes],
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run one of our own commands until the end of the block.

    Args:
        arguments: Of ``tallystick``.
        stdout: Where its results go.
        stderr: Where its notes go.
        environment: Its variables; the demo's own where None.
    """
    # In a session of its own: Ctrl-C is for the demo, which then stops everything in order.
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", "tallystick.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        start_new_session=True,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        _end(process)


def here() -> str:
    """Name this command as it can be typed again, in any folder."""
    if shutil.which("tallystick") is not None:
        return "tallystick"
    called = Path(sys.argv[0])
    if called.name in {"tallystick", "tly"}:
        return str(called.absolute())
    return f"{sys.executable} -m tallystick.cli"


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(_STOP_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C waits no longer
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
