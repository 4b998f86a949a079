"""What a witness keeps of a refusal: enough to show a stranger what was wrong."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

_MOST: Final = 1_000


class EvidenceFolder:
    """A folder of refusals, one JSON file each; one that is met again is kept once.

    Args:
        path: The folder, made with the first refusal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, kind: str, members: Mapping[str, object]) -> Path | None:
        """Keep what was refused, durably.

        Args:
            kind: Short name of the refusal, the beginning of the file's name.
            members: What shows it.

        Returns:
            The file, or None where 1,000 are kept already: who has a log's key could make more
            of them without end.
        """
        text = json.dumps(members, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        name = f"{kind}-{sha256(text.encode()).hexdigest()[:16]}.json"
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path / name
        if file.exists():
            return file
        if sum(1 for _ in self._path.iterdir()) >= _MOST:
            return None
        draft = file.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        return file
