"""What can be done to the members of a receipt so that it is no longer true."""

import json
from collections.abc import Callable
from hashlib import sha256

from kit.plain_receipt import (
    EPOCH_TIME,
    SUPER,
    Deployment,
    Json,
    b64,
    epoch_text,
    plain_origin,
    plain_text,
    unb64,
)
from kit.rfc6962 import mth
from kit.rfc6962 import path as path_of


def _replaced(name: str, old: bytes | str, new: bytes | str) -> Callable[[Json], None]:
    """Replace a part of a base64 member, or of a text."""

    def mutate(members: Json) -> None:
        value = members[name]
        if isinstance(old, str):
            assert old in value
            members[name] = value.replace(old, str(new), 1)
        else:
            assert isinstance(new, bytes)
            assert old in unb64(value)
            members[name] = b64(unb64(value).replace(old, new, 1))

    return mutate


def _set(name: str, value: object) -> Callable[[Json], None]:
    return lambda members: members.update({name: value})


def _flipped(text: str) -> str:
    data = bytearray(unb64(text))
    data[-1] ^= 1
    return b64(bytes(data))


def _flip_hash(name: str, at: int) -> Callable[[Json], None]:
    def mutate(members: Json) -> None:
        members[name][at] = _flipped(members[name][at])

    return mutate


def flip_proof_line(at: int, *, payload: bool = False) -> Callable[[Json], None]:
    """Flip the last bit of a line of the tlog-proof; of a signature with ``payload``."""

    def mutate(members: Json) -> None:
        lines = members["epoch_proof"].split("\n")
        head, _, last = lines[at].rpartition(" ")
        lines[at] = (head + " " if payload else "") + _flipped(last)
        members["epoch_proof"] = "\n".join(lines)

    return mutate


def _disclose(path: str, at: int, value: object) -> Callable[[Json], None]:
    def mutate(members: Json) -> None:
        pair = list(members["disclosure"][path])
        pair[at] = value
        members["disclosure"] = {**members["disclosure"], path: pair}

    return mutate


def _flip_commitment(members: Json) -> None:
    entry = json.loads(unb64(members["entry"]))
    entry["sealed"]["/actor/id"][1] = _flipped(entry["sealed"]["/actor/id"][1])
    members["entry"] = b64(plain_text(entry).encode())
    del members["disclosure"]["/actor/id"]


def _swap_values(members: Json) -> None:
    values = members["disclosure"]
    values["/actor/id"], values["/actor/name"] = values["/actor/name"], values["/actor/id"]


def _other_path(members: Json) -> None:
    members["disclosure"]["/actor/email"] = members["disclosure"].pop("/actor/name")


def _replace_epoch(members: Json) -> None:
    heads = [b"another head"] * 5
    heads[2] = Deployment().head()
    root = mth(heads)
    members["epoch_record"] = epoch_text(12, EPOCH_TIME, 5, root, sha256(b"note").digest())
    members["slots_proof"] = [b64(node) for node in path_of(2, heads)]


MUTATIONS: dict[str, tuple[Callable[[Json], None], str]] = {
    "the entry's outcome is another": (
        _replaced("entry", b'"outcome":"success"', b'"outcome":"failure"'),
        r"not those of epoch 12: inclusion proof: ",
    ),
    "the entry's time of receipt is another": (
        _replaced("entry", b"02:45:00", b"02:44:00"),
        r"not those of epoch 12: inclusion proof: ",
    ),
    "a commitment in the entry is another": (_flip_commitment, r"entry, log or slot"),
    "the index is the neighbour's": (_set("index", 2), r"entry, log or slot"),
    "the index is far off": (_set("index", 6), r"inclusion proof: 3 hashes, want 2"),
    "the size is one more": (_set("size", 8), r"entry, log or slot"),
    "the size is that of a smaller tree": (_set("size", 4), r"3 hashes, want 2"),
    "the first hash of the inclusion proof is flipped": (
        _flip_hash("inclusion", 0),
        r"entry, log or slot",
    ),
    "the last hash of the inclusion proof is flipped": (
        _flip_hash("inclusion", -1),
        r"entry, log or slot",
    ),
    "a hash of the inclusion proof is gone": (
        lambda members: members["inclusion"].pop(),
        r"inclusion proof: 2 hashes, want 3",
    ),
    "a hash more in the inclusion proof": (
        lambda members: members["inclusion"].append(members["inclusion"][0]),
        r"inclusion proof: 4 hashes, want 3",
    ),
    "the inclusion proof is empty": (_set("inclusion", []), r"0 hashes, want 3"),
    "the origin names another log": (_set("origin", plain_origin(3)), r"entry, log or slot"),
    "the origin names another slot": (
        lambda members: members.update(origin=members["origin"].replace("/t/2/", "/t/3/")),
        r"entry, log or slot",
    ),
    "the origin names a slot that the epoch has not": (
        lambda members: members.update(origin=members["origin"].replace("/t/2/", "/t/9/")),
        r"entry 9 of 5, want one in the tree",
    ),
    "a hash of the slot proof is flipped": (_flip_hash("slots_proof", 1), r"entry, log or slot"),
    "a hash of the slot proof is gone": (
        lambda members: members["slots_proof"].pop(0),
        r"2 hashes, want 3 for entry 2 of 5",
    ),
    "the epoch's time is another": (
        _replaced("epoch_record", str(EPOCH_TIME), str(EPOCH_TIME + 1)),
        r"epoch record is not in the super-log: inclusion proof: ",
    ),
    "the epoch's number is another": (
        _replaced("epoch_record", "v1\n12\n", "v1\n13\n"),
        r"epoch record is not in the super-log",
    ),
    "the number of slots is another": (
        _replaced("epoch_record", "\n5\n", "\n6\n"),
        r"epoch record is not in the super-log",
    ),
    "the epoch is one that the super-log has not": (
        _replace_epoch,
        r"epoch record is not in the super-log",
    ),
    "the record's index is another": (
        _replaced("epoch_proof", "index 9\n", "index 8\n"),
        r"epoch record is not in the super-log",
    ),
    "a hash of the record's proof is flipped": (
        flip_proof_line(2),
        r"epoch record is not in the super-log",
    ),
    "the super-checkpoint's size is another": (
        _replaced("epoch_proof", f"{SUPER}\n12\n", f"{SUPER}\n11\n"),
        r"super-checkpoint is not signed by the pinned key: signature of",
    ),
    "the super-checkpoint's signature is flipped": (
        flip_proof_line(-2, payload=True),
        r"not signed by the pinned key: signature of audit.example/eu/super: not over this",
    ),
    "a disclosed value is another": (
        _disclose("/actor/id", 1, '"u_4"'),
        r"disclosure: the value at /actor/id is not the one committed",
    ),
    "a disclosed value is spelled otherwise": (
        _disclose("/actor/id", 1, '"\\u0075_3"'),
        r"disclosure: the value at /actor/id is not the one committed",
    ),
    "a salt is another": (
        _disclose("/actor/id", 0, b64(bytes(16))),
        r"disclosure: the value at /actor/id is not the one committed",
    ),
    "two disclosed values are exchanged": (
        _swap_values,
        r"disclosure: the value at /actor/(id|name) is not the one committed",
    ),
    "a value is shown at a place that is not sealed": (
        _other_path,
        r"disclosure: /actor/email is not sealed in this entry",
    ),
}
