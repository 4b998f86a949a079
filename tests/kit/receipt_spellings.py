"""Receipts that say what a good one says, in another spelling or another form: unreadable."""

import json
from collections.abc import Callable
from dataclasses import replace

from kit.plain_receipt import b64, unb64
from kit.whole_receipt import Break, Whole


def _text(change: Callable[[bytes, int], bytes]) -> Break:
    """Change the receipt's bytes."""
    return lambda whole, turn: whole.spelled(change(whole.receipt(), turn))


def _respelled_number(data: bytes, turn: int) -> bytes:
    name = (b'"index":', b'"size":')[turn % 2]
    start = data.index(name) + len(name)
    end = start + len(data[start:].split(b",")[0])
    number = data[start:end]
    return data[:start] + (number + b".0", b"0" + number, number + b"e0")[turn % 3] + data[end:]


def _respelled_base64(whole: Whole, turn: int) -> Whole | None:
    name = ("entry", "inclusion", "slots_proof")[turn % 3]
    value = whole.members[name]
    text = value if isinstance(value, str) else (value or [""])[0]
    if not text.endswith("="):
        return None
    # The letter before the padding has bits that mean nothing; they must be 0.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    other = bare[:-1] + alphabet[alphabet.index(bare[-1]) ^ 1] + text[len(bare) :]
    changed = (bare, other, text.replace("=", "", 1), text + "\n")[turn % 4]
    return whole.but(**{name: changed if isinstance(value, str) else [changed, *value[1:]]})


def _short_hash(whole: Whole, turn: int) -> Whole | None:
    hashes = [*whole.members["slots_proof"]]
    if not hashes:
        return None
    hashes[turn % len(hashes)] = b64(unb64(hashes[turn % len(hashes)])[: 31 - turn % 31])
    return whole.but(slots_proof=hashes)


def _reversed_members(data: bytes, _: int) -> bytes:
    return json.dumps(
        dict(reversed(json.loads(data).items())), ensure_ascii=False, separators=(",", ":")
    ).encode()


SPELLINGS: dict[str, Break] = {
    "cut": _text(lambda data, turn: data[: -1 - turn * 37 % len(data)]),
    "a byte behind": _text(lambda data, turn: data + b"\n {"[turn % 3 :][:1]),
    "a byte order mark": _text(lambda data, _: b"\xef\xbb\xbf" + data),
    "no UTF-8": _text(lambda data, _: data.replace(b"/super", b"/s\xffper", 1)),
    "a blank": _text(lambda data, turn: data.replace(b",", b", ", 1 + turn % 3)),
    "an escape too many": _text(lambda data, _: data.replace(b"/t/", b"\\/t/", 1)),
    "a lone surrogate": _text(
        lambda data, _: data.replace(b'"disclosure":{', b'"disclosure":{"/\\ud800":[],', 1)
    ),
    "a member twice": _text(
        lambda data, _: data.replace(b'{"disclosure"', b'{"size":1,"disclosure"', 1)
    ),
    "members in another order": _text(_reversed_members),
    "number spelled otherwise": _text(_respelled_number),
    "base64 spelled otherwise": _respelled_base64,
    "a short hash": _short_hash,
    "a member more": lambda whole, turn: whole.but(**{f"note{turn}": ""}),
    "a member less": lambda whole, turn: replace(
        whole,
        members={
            name: value
            for at, (name, value) in enumerate(sorted(whole.members.items()))
            if at != turn % 10
        },
    ),
}
