"""The server that is measured: ``python -m bench.serving DATA DOORS ENGINE``, on a free port."""

import sys
from functools import partial
from pathlib import Path

from tallystick.cli.serve import serve
from tallystick.settings import Settings


def main(data: str, doors: str, engine: str) -> int:
    """Serve until told to stop; with the engine off, the follower is paused, too."""
    settings = Settings(data=Path(data), listen="127.0.0.1:0", doors=int(doors), engine=engine)
    return serve(settings, say=partial(print, flush=True))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
