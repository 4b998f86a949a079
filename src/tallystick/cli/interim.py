"""The file in which ``fsck`` writes down how far it came."""

import os
from pathlib import Path

import msgspec

from tallystick.errors import MalformedError
from tallystick.ledger.inspection import Interim


def read_interim(path: Path) -> Interim | None:
    """Read how far an earlier inspection came, or None where it wrote nothing down.

    Raises:
        MalformedError: The file is no such file.
    """
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Interim)
    except (OSError, msgspec.DecodeError) as error:
        raise MalformedError(f"{path}: {error}, want what fsck --resume wrote") from None


def write_interim(path: Path, interim: Interim) -> None:
    """Put a new state in place of the last one: a stop at any moment leaves one of them whole.

    Raises:
        MalformedError: The file can't be written.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(interim))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise MalformedError(f"{path}: {error.strerror}, want a file to write to") from None
