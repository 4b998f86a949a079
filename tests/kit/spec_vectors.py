"""Writes docs/specs/vectors: ``PYTHONPATH=tests python -m kit.spec_vectors``.

Everything in them is made by the plain code of the tests, so that they test ours as well as
anybody else's.
"""

import json
from hashlib import sha256

from kit.checkout import ROOT
from kit.plain_receipt import (
    EPOCH_TIME,
    Deployment,
    b64,
    epoch_text,
    head_text,
    plain_commitment,
    plain_origin,
    plain_salt,
    plain_text,
    sealed_event,
)
from kit.receipt_cases import all_cases
from kit.rfc6962 import mth
from kit.rfc6962 import path as path_of

FOLDER = ROOT / "docs" / "specs" / "vectors"
_VALUES: tuple[tuple[str, object], ...] = (
    ("/actor/id", "u_17"),
    ("/actor/id", "u_18"),
    ("/actor/name", "u_17"),
    ("/actor/name", "Grüße, Ada 🙂"),
    ("/context/ip", "203.0.113.7"),
    ("/message", 'a "quoted" \\ line\nand another\u007f\u0001'),
    ("/message", ""),
    ("/metadata/a~1b~0c", {"b": [1, 2.5, None, True], "a": {}}),
    ("/metadata/größe", 12345678901234567890),
    ("/metadata/🙂", -0.0),
    ("/changes/0/before", None),
    ("/changes", [{"op": "add", "path": "/x"}]),
)


def vectors() -> dict[str, str]:
    """Return the text of every file by its name."""
    made = {
        "commitments.json": _commitments(),
        "entries.json": _entries(),
        "records.json": _records(),
        "receipts.json": _receipts(),
    }
    return {
        name: json.dumps(content, ensure_ascii=True, indent=1, sort_keys=True) + "\n"
        for name, content in made.items()
    }


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in vectors().items():
        (FOLDER / name).write_text(text, "utf-8")


def _commitments() -> list[dict[str, str]]:
    key, event_id = sha256(b"subject key").digest(), bytes(range(16))
    found = []
    for slot, (path, value) in enumerate(_VALUES):
        origin = plain_origin(slot % 3)
        text = "0" if value == 0 else plain_text(value)
        salt = plain_salt(key, origin, event_id, path)
        found.append(
            {
                "key": key.hex(),
                "origin": origin,
                "event_id": event_id.hex(),
                "path": path,
                "value": text,
                "salt": salt.hex(),
                "commitment": b64(plain_commitment(salt, path, text)),
            }
        )
    return found


def _entries() -> list[dict[str, str]]:
    leaves = [sealed_event(number, plain_origin(2))[0] for number in range(4)]
    return [{"entry": leaf.decode(), "leaf_hash": b64(mth([leaf]))} for leaf in leaves]


def _records() -> dict[str, object]:
    heads = Deployment().all_heads()
    root = mth(heads)
    texts = [
        epoch_text(0, EPOCH_TIME, 0, sha256(b"").digest(), bytes(32)),
        epoch_text(12, EPOCH_TIME + 120, len(heads), root, sha256(b"note").digest()),
    ]
    return {
        "heads": [
            {
                "origin": plain_origin(slot),
                "slot": slot,
                "body": head.decode(),
                "leaf_hash": b64(mth([head])),
                "proof": [b64(node) for node in path_of(slot, heads)],
            }
            for slot, head in enumerate(heads)
        ],
        "empty_head": head_text(plain_origin(7), 0, sha256(b"").digest()).decode(),
        "epoch_root": b64(root),
        "epoch_records": [{"text": text, "leaf_hash": b64(mth([text.encode()]))} for text in texts],
    }


def _receipts() -> list[dict[str, object]]:
    return [
        {
            "name": case.name,
            "receipt_base64": b64(case.receipt),
            "pins": None if case.pins is None else json.loads(case.pins),
            "now_s": case.now_s,
            "verdict": case.verdict,
        }
        for case in all_cases()
    ]


if __name__ == "__main__":
    main()
