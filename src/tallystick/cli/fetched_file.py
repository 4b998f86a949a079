"""A file that is fetched in parts: under another name until it is whole and checked."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from tallystick.cli.exit_codes import UsageError
from tallystick.errors import VerificationError

_BLOCK: Final = 1 << 20


class FetchedFile:
    """A file, what of it is here, and the export that it is of.

    Beside it stand ``.part`` with what came so far and ``.begun`` with what was asked for, which
    go in the end; and ``.manifest.json``, which stays. All are readable by their owner alone.

    Args:
        path: What it will be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._begun = path.with_name(f"{path.name}.begun")
        self.manifest = path.with_name(f"{path.name}.manifest.json")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self._part.stat().st_size if self._part.exists() else 0

    def begun(self, wanted: Mapping[str, object]) -> str | None:
        """Return the id of the export that was begun for the same wish."""
        try:
            told = json.loads(self._begun.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        matches = isinstance(told, dict) and told.get("wanted") == dict(wanted)
        return str(told["export"]) if matches else None

    def begin(self, wanted: Mapping[str, object], name: str) -> None:
        """Note what is fetched from now on, and drop what came of anything else."""
        self._part.unlink(missing_ok=True)
        self._write(self._begun, json.dumps({"export": name, "wanted": dict(wanted)}))

    def add(self, piece: bytes) -> None:
        """Add bytes behind those that are here."""
        with os.fdopen(self._opened(self._part, os.O_APPEND), "ab") as file:
            file.write(piece)

    def check(self, wanted: str) -> Path:
        """Check all that came, and return where it is.

        Args:
            wanted: Its SHA-256, in lower-case hex.

        Raises:
            VerificationError: It is another; what came is dropped.
        """
        if not self._part.exists():
            self.add(b"")
        found = self._sha256()
        if found != wanted:
            self._part.unlink()
            raise VerificationError(f"{self._path.name}: SHA-256 {found}, want {wanted}")
        return self._part

    def finish(self, manifest: str) -> None:
        """Give the file its name, and put a manifest beside it."""
        self._write(self.manifest, manifest)
        self._part.replace(self._path)
        self._begun.unlink(missing_ok=True)

    def _sha256(self) -> str:
        hashed = sha256()
        with self._part.open("rb") as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
        return hashed.hexdigest()

    def _write(self, path: Path, text: str) -> None:
        with os.fdopen(self._opened(path, os.O_TRUNC), "w", encoding="utf-8") as file:
            file.write(text)

    def _opened(self, path: Path, flags: int) -> int:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
        except OSError as error:
            raise UsageError(f"--out {path}: {error.strerror}, want a folder to write to") from None
