"""Receipts and pins with odd parts, of which nobody knows beforehand what they deserve.

They serve to compare two verifiers with each other. What is odd lies below true Merkle proofs
and signatures, so that it is looked at and not refused for its hash.
"""

import json
from collections.abc import Callable, Sequence
from random import Random  # noqa: TID251 - Hypothesis hands it in

from kit.plain_receipt import (
    POLICY,
    WITNESSES,
    Deployment,
    Signer,
    b64,
    plain_commitment,
    plain_pins,
    plain_text,
    written,
)

PIECES = (
    *('"v":1', "{}", "[]", "null", "true", "0", "-0", "1.0", "1e5", "1E+2", "1e400", "01", '"x"'),
    *('"\\ud800"', '"\\u0000"', '"\\u00e9"', "é", "\t", " ", "\n", "\r", "\x0b", "\u00a0"),
    *("\ufeff", ",", ":", "{", "}", "[", "]", '"', "\\", "/", '"a":', '"__proto__":', "\x7f"),
    *('"sealed":', '"subject_refs":', '"received_at":', "9" * 4_300, "-" + "9" * 4_301, "NaN"),
    *("Infinity", "[" * 128 + "1" + "]" * 128, "[" * 129 + "]" * 129, "\u2028", "😀"),
    *('{"a":1,"a":2}', '{"constructor":{}}', '"auditors":["w1"]', '"max_age_s":', '"origins"'),
)
NOTE_PIECES = (
    *("\n", "\n\n", "— ", "— x AAAAAAA=\n", "— x AAAAAAAA\n", "— x\u00a0y AAAAAAAA\n", "=", "+"),
    *("— \x85 AAAAAAAA\n", "— é AAAAAAAA\n", "extra QQ==\n", "index 1\n", " ", "/", "0", "\t"),
    *("\u2028", "9" * 19, "\x01", "AAAA"),
)
POLICY_PIECES = (
    *(
        "witness",
        "group",
        "quorum",
        "none",
        "any",
        "constructor",
        "all",
        "1",
        "2",
        "01",
        "w1",
        "w2",
        "enough",
    ),
    *("log", "\t", " ", "#", "\n", "\r", "\x0b", "\u00a0", "\x7f", "\x00", " https://x"),
    *(Signer("a.example", 4).vkey, Signer("é.example", 4).vkey, Signer("x").vkey),
)
PATHS = (
    *("/a", "/a/b", "/targets/0", "/targets/0/name", "/targets/00/name", "/targets/1", "/actor"),
    *("/targets/-1", "/metadata", "/metadata/plan", "/metadata/x", "/metadata/x/y", "/actor/id"),
    *("/actor/type", "/x~1y", "/x~0y", "/x~2", "/__proto__", "/__proto__/a", "/constructor/name"),
    *("", "a", "/", "//", "/v", "/sealed", "/action", "/" + "a/" * 127 + "b", "/" + "a/" * 128),
    *("/" + "é" * 40_000, "/toString", "/\u2028", "/😀", "/via/door/x", "/targets/0/id/x"),
)
VALUES = (
    *("{}", '{"a":1}', '"x"', "1.0", "1e400", "-0", "[1]", '{"a":1,"a":2}', "NaN", "null", "[]"),
    *('{"plan":"x"}', '{"type":"y"}', '"\\ud800"', " 1", "1 ", "", '{"__proto__":{"a":1}}', "tr"),
    *('{"name":"q"}', "9" * 5_000, "[" * 128 + "]" * 128, "[" * 130 + "]" * 130, '"😀"', "true"),
)

Odd = tuple[bytes, bytes]
"""A receipt and pins."""


def odd_pair(chance: Random) -> Odd:
    """Make a receipt and pins, one of them odd."""
    make: Callable[[Random], Odd] = chance.choice(MAKERS)
    return make(chance)


def _whole() -> Deployment:
    return Deployment(cosigners=WITNESSES[:2], size=3, index=1)


def _edited(text: str, pieces: Sequence[str], chance: Random) -> str:
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 0, 0, 1, 2, 5, 11]))
        piece = chance.choice(
            [chance.choice(pieces), chance.choice(pieces), text[start - 20 : start], ""]
        )
        text = text[:start] + piece + text[end:]
    return text


def _entry(chance: Random) -> Odd:
    made = _whole()
    made.entries[1] = _edited(made.entries[1].decode(), PIECES, chance).encode()
    members = made.receipt()
    return written({**members, "disclosure": {}}), plain_pins(policy=POLICY)


def _values(chance: Random) -> Odd:
    made = _whole()
    entry, shown = json.loads(made.entries[1]), {}
    entry |= chance.choice([{}, {"metadata": {}}, {"targets": [{}]}])
    for path in chance.sample(PATHS, chance.choice([1, 1, 2, 3])):
        text, salt = chance.choice(VALUES), bytes(16)
        short = len(path.encode()) <= 65_535
        code = plain_commitment(salt, path, text) if short else bytes(32)
        entry["sealed"][path] = [0, b64(code)]
        if chance.random() < 0.85:
            shown[path] = [b64(salt), text]
    made.entries[1] = plain_text(entry).encode()
    return written({**made.receipt(), "disclosure": shown}), plain_pins(policy=POLICY)


def _note(chance: Random) -> Odd:
    members = _whole().receipt()
    name = chance.choice(["epoch_proof", "epoch_proof", "epoch_record", "origin"])
    members[name] = _edited(members[name], NOTE_PIECES, chance)
    return written(members), plain_pins(policy=POLICY)


def _bytes(chance: Random) -> Odd:
    text = written(_whole().receipt()).decode()
    return _edited(text, PIECES, chance).encode(), plain_pins(policy=POLICY)


def _policy(chance: Random) -> Odd:
    auditors = chance.choice([["w1"], ["w3"], ["w2", "w9"], ["w1", "w1"], ["enough"]])
    policy = _edited(POLICY, POLICY_PIECES, chance)
    return written(_whole().receipt()), plain_pins(policy=policy, auditors=auditors)


def _pins(chance: Random) -> Odd:
    text = plain_pins(policy=POLICY, max_age_s=10**9, origins=[_whole().origin]).decode()
    return written(_whole().receipt()), _edited(text, PIECES, chance).encode()


MAKERS = (_entry, _values, _note, _bytes, _policy, _pins)
