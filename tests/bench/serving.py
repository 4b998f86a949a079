"""The server that is measured: ``python -m bench.serving DATA DOORS``, on a free port."""

import sys
from functools import partial
from pathlib import Path

from tallystick.cli.serve import serve
from tallystick.settings import Settings


def main(data: str, doors: str) -> int:
    """Serve until told to stop."""
    # Followers are paused: they have figures of their own.
    settings = Settings(data=Path(data), listen="127.0.0.1:0", doors=int(doors), engine="off")
    return serve(settings, say=partial(print, flush=True))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
