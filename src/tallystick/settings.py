"""Every setting: its name, type, unit, default, and the danger of changing it.

A setting comes from a flag, an environment variable ``TALLYSTICK_<NAME>``, or the file
``tallystick.toml`` in the data folder, in this order.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from tallystick.errors import MalformedError

FILE = "tallystick.toml"


@dataclass(frozen=True)
class Settings:
    """What an operator decides.

    Attributes:
        data: Folder of the embedded default: database, key file, lock file.
        database: URL of the ledger's database; empty: SQLite in ``data``.
        engine: URL of a ClickHouse server, ``clickhouse://USER:PASSWORD@HOST:PORT/DATABASE``, or
            ``clickhouses`` for TLS; empty: the embedded engine, in a process of the server's;
            ``off``: none, and nothing can be searched. Danger: values that are sealed in the
            ledger stand there in clear while they live; without TLS they travel so too.
        listen: ``HOST:PORT`` that the doors listen on. Danger: a public address without a proxy
            that speaks TLS sends credentials in clear.
        doors: Number of door processes.
        epoch_s: Seconds between epochs. Danger: events of the unsealed epoch can be dropped by
            the administrator; a longer epoch widens that window.
        deployment: Beginning of every log's origin, settled at the first start and unchangeable.
        lock: Path of the lock file. Danger: on the same disk as the database it goes back with
            it, and a rollback of both is found by a witness only.
        trusted_proxies: Addresses whose ``X-Forwarded-For`` is believed. Danger: anybody there
            can claim any address.
        witness_policy: Path of a tlog-policy file with the witnesses that are asked to cosign each
            epoch; empty: none. Danger: without one, whoever holds the key can show two histories.
        witness_deadline_s: Seconds that an epoch waits for witnesses. Danger: a witness slower
            than this never counts; no event ever waits for it.
        server: URL of the server that client commands talk to.
        key: API key of client commands.
    """

    data: Path = Path("tallystick-data")
    database: str = ""
    engine: str = ""
    listen: str = "127.0.0.1:8484"
    doors: int = 1
    epoch_s: int = 10
    deployment: str = ""
    lock: str = ""
    trusted_proxies: tuple[str, ...] = ()
    witness_policy: str = ""
    witness_deadline_s: int = 3
    server: str = "http://127.0.0.1:8484"
    key: str = ""


def read_settings(
    flags: Mapping[str, object], environment: Mapping[str, str] | None = None
) -> Settings:
    """Combine flags, environment and file.

    Args:
        flags: Values given on the command line; None where a flag was not given.
        environment: Variables; the process's own where None.

    Raises:
        MalformedError: A name is unknown, or a value has the wrong form.
    """
    variables = os.environ if environment is None else environment
    given = {name: value for name, value in flags.items() if value is not None}
    named = {name: variables[variable] for name, variable in _variables(variables)}
    data = Path(str(given.get("data") or named.get("data") or Settings.data))
    merged = {**_from_file(data / FILE), **named, **given}
    known = {field.name for field in fields(Settings)}
    for name in merged:
        if name not in known:
            raise MalformedError(f"setting {name!r}: unknown, want one of {sorted(known)}")
    return Settings(**{name: _typed(name, value) for name, value in merged.items()})  # type: ignore[arg-type]


def _variables(variables: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [field.name for field in fields(Settings)]
    pairs = [(name, f"TALLYSTICK_{name.upper()}") for name in names]
    return [(name, variable) for name, variable in pairs if variable in variables]


def _from_file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: {error}, want TOML") from None


def _typed(name: str, value: object) -> object:
    default = getattr(Settings, name, None)
    text = str(value)
    if name in {"doors", "epoch_s", "witness_deadline_s"}:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 86_400:  # noqa: PLR2004 (a day)
            raise MalformedError(f"setting {name}: {text!r}, want a whole number from 1")
        return int(text)
    if name == "trusted_proxies":
        parts = value if isinstance(value, list | tuple) else text.split(",")
        return tuple(str(part).strip() for part in parts if str(part).strip())
    return Path(text) if isinstance(default, Path) or name == "data" else text
