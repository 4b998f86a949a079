"""Where an engine is, and what it wants to be shown."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from tallystick.errors import MalformedError
from tallystick.search.ports import EngineAwayError

DATABASE: Final = "tallystick"
_PORTS: Final = {"clickhouse": 8123, "clickhouses": 8443, "http": 8123, "https": 8443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One engine.

    Attributes:
        host: Name or address.
        port: Port of its HTTP interface.
        user: Who we are there.
        password: A secret; it stands on no command line and in no message.
        database: Where our tables are.
        secure: Whether it speaks TLS.
    """

    host: str
    port: int
    user: str
    password: str
    database: str = DATABASE
    secure: bool = False

    def __repr__(self) -> str:
        """Tell where it is, without the password."""
        return f"Endpoint({self.user}@{self.host}:{self.port}/{self.database})"


def parse_endpoint(url: str) -> Endpoint:
    """Read ``clickhouse://USER:PASSWORD@HOST:PORT/DATABASE``; ``clickhouses`` means TLS.

    Raises:
        MalformedError: It is no such URL. The message holds nothing of it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise MalformedError("engine: want clickhouse://USER:PASSWORD@HOST:PORT/DATABASE") from None
    if not parts.hostname or parts.query or parts.fragment:
        raise MalformedError("engine: want clickhouse://USER:PASSWORD@HOST:PORT/DATABASE")
    return Endpoint(
        parts.hostname,
        port,
        unquote(parts.username or "default"),
        unquote(parts.password or ""),
        parts.path.strip("/") or DATABASE,
        parts.scheme in {"clickhouses", "https"},
    )


class EndpointFile:
    """The file in which the supervisor tells the other processes where its engine is.

    Args:
        path: Where it is; only its owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, endpoint: Endpoint) -> None:
        """Replace what it says."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(endpoint), file)
        new.replace(self._path)

    def read(self) -> Endpoint:
        """Return what it says.

        Raises:
            EngineAwayError: Nothing yet.
        """
        try:
            return Endpoint(**json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            raise EngineAwayError("engine: not started here yet") from None
