"""What can be done to any receipt, and the verdict that it then deserves.

Each break knows the receipt's form (docs/specs/receipt-v1.md) and nothing else. ``turn`` chooses
the place, so that one break falls on many places. A break returns None where it cannot be made:
a proof of no hashes has none to flip.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from kit.plain_ed25519 import ORDER
from kit.plain_receipt import WITNESSES, Signer, b64, unb64
from kit.receipt_spellings import SPELLINGS
from kit.whole_receipt import INTACT, TAMPERED, UNREADABLE, UNVERIFIABLE, Break, Whole

MLDSA_SIZE = 2_420


def _bit(data: bytes, turn: int, start: int = 0) -> bytes:
    """Flip one bit at or behind ``start``."""
    place = start + turn * 7 % (len(data) - start)
    changed = bytearray(data)
    changed[place] ^= 1 << turn % 8
    return bytes(changed)


def _in_base64(text: str, turn: int, start: int = 0) -> str:
    return b64(_bit(unb64(text), turn, start))


def _hash(name: str) -> Break:
    def flip(whole: Whole, turn: int) -> Whole | None:
        hashes = [*whole.members[name]]
        if not hashes:
            return None
        hashes[turn % len(hashes)] = _in_base64(hashes[turn % len(hashes)], turn)
        return whole.but(**{name: hashes})

    return flip


def _line(name: str, number: int, change: Callable[[str, int], str]) -> Break:
    """Change a line of the epoch record, counted from 0."""

    def edit(whole: Whole, turn: int) -> Whole | None:
        lines = whole.members[name].split("\n")
        lines[number] = change(lines[number], turn)
        return whole.but(**{name: "\n".join(lines)})

    return edit


def _more(text: str, turn: int) -> str:
    return str(int(text) + 1 + turn % 3)


def _parts(whole: Whole) -> tuple[list[str], str, list[str]]:
    """Take the epoch proof apart: its own lines, the checkpoint's body, the signature lines."""
    head, body, lines = whole.members["epoch_proof"].split("\n\n")
    return head.split("\n"), f"{body}\n", lines.splitlines()


def _joined(whole: Whole, head: list[str], body: str, lines: list[str]) -> Whole:
    proof = "\n".join(head) + f"\n\n{body}\n" + "".join(f"{line}\n" for line in lines)
    return whole.but(epoch_proof=proof)


def _proof_hash(whole: Whole, turn: int) -> Whole | None:
    head, body, lines = _parts(whole)
    if len(head) == 2:
        return None
    at = 2 + turn % (len(head) - 2)
    head[at] = _in_base64(head[at], turn)
    return _joined(whole, head, body, lines)


def _proof_index(whole: Whole, turn: int) -> Whole:
    head, body, lines = _parts(whole)
    head[1] = f"index {int(head[1].removeprefix('index ')) ^ (1 + turn % 2)}"
    return _joined(whole, head, body, lines)


def _checkpoint_line(number: int, change: Callable[[str, int], str]) -> Break:
    def edit(whole: Whole, turn: int) -> Whole:
        head, body, lines = _parts(whole)
        texts = body.split("\n")
        texts[number] = change(texts[number], turn)
        return _joined(whole, head, "\n".join(texts), lines)

    return edit


def _flipped_signature(which: int) -> Break:
    """Flip a bit behind the key's id in a signature line; 0 is the log's."""

    def edit(whole: Whole, turn: int) -> Whole | None:
        head, body, lines = _parts(whole)
        if len(lines) <= which:
            return None
        start, encoded = lines[which].rsplit(" ", 1)
        lines[which] = f"{start} {_in_base64(encoded, turn, 4)}"
        return _joined(whole, head, body, lines)

    return edit


def _second_spelling(which: int) -> Break:
    """Add the group's order to the number S of a signature: the equation still holds."""

    def edit(whole: Whole, _: int) -> Whole | None:
        head, body, lines = _parts(whole)
        if len(lines) <= which:
            return None
        start, encoded = lines[which].rsplit(" ", 1)
        data = unb64(encoded)
        number = int.from_bytes(data[-32:], "little") + ORDER
        lines[which] = f"{start} {b64(data[:-32] + number.to_bytes(32, 'little'))}"
        return _joined(whole, head, body, lines)

    return edit


def _bit_of_mldsa(whole: Whole, turn: int) -> Whole | None:
    """Flip a bit of a cosignature by a key that is too long for Ed25519."""
    lines = _parts(whole)[2]
    long = [at for at, line in enumerate(lines) if len(line) > MLDSA_SIZE]
    return _flipped_signature(long[0])(whole, turn * 41) if long else None


def _by_other_key(whole: Whole, turn: int) -> Whole:
    head, body, lines = _parts(whole)
    forger = Signer(body.split("\n")[0], word=f"forger {turn}")
    return _joined(whole, head, body, [forger.line(body).rstrip("\n"), *lines[1:]])


def _other_pinned_key(whole: Whole, turn: int) -> Whole:
    other = Signer(_parts(whole)[1].split("\n")[0], word=f"other {turn}")
    return whole.pinned(super=[other.vkey])


def _pinned_elsewhere(whole: Whole, turn: int) -> Whole:
    return whole.pinned(super=[Signer(f"other{turn}.example/super").vkey])


def _index(whole: Whole, turn: int) -> Whole | None:
    size, index = whole.members["size"], whole.members["index"]
    return None if size == 1 else whole.but(index=(index + 1 + turn % (size - 1)) % size)


def _other_origin(at: int, change: Callable[[str, int], str]) -> Break:
    def edit(whole: Whole, turn: int) -> Whole:
        parts = whole.members["origin"].rsplit("/", 3)
        parts[at] = change(parts[at], turn)
        return whole.but(origin="/".join(parts))

    return edit


def _swapped_proofs(whole: Whole, _: int) -> Whole | None:
    one, two = whole.members["inclusion"], whole.members["slots_proof"]
    return None if one == two else whole.but(inclusion=two, slots_proof=one)


def _reordered(whole: Whole, _: int) -> Whole | None:
    hashes = whole.members["inclusion"]
    return None if hashes == hashes[::-1] else whole.but(inclusion=hashes[::-1])


def _dropped(whole: Whole, turn: int) -> Whole | None:
    hashes = [*whole.members["inclusion"]]
    if not hashes:
        return None
    del hashes[turn % len(hashes)]
    return whole.but(inclusion=hashes)


def _doubled(whole: Whole, turn: int) -> Whole:
    hashes = [*whole.members["slots_proof"]]
    return whole.but(slots_proof=[*hashes, b64(sha256(b"%d" % turn).digest())])


def _sealed_paths(whole: Whole) -> list[str]:
    return sorted(whole.members["disclosure"])


def _value(whole: Whole, turn: int) -> Whole | None:
    paths = _sealed_paths(whole)
    if not paths:
        return None
    path = paths[turn % len(paths)]
    salt, text = whole.members["disclosure"][path]
    other = json.dumps(f"{text} and more")
    return whole.but(disclosure={**whole.members["disclosure"], path: [salt, other]})


def _salt(whole: Whole, turn: int) -> Whole | None:
    paths = _sealed_paths(whole)
    if not paths:
        return None
    path = paths[turn % len(paths)]
    salt, text = whole.members["disclosure"][path]
    changed = [_in_base64(salt, turn), text]
    return whole.but(disclosure={**whole.members["disclosure"], path: changed})


def _exchanged(whole: Whole, turn: int) -> Whole | None:
    """Show the value and salt of one path at another: each commitment covers its own path."""
    paths = _sealed_paths(whole)
    if len(paths) < 2:
        return None
    one, two = paths[turn % len(paths)], paths[(turn + 1) % len(paths)]
    shown = dict(whole.members["disclosure"])
    shown[one], shown[two] = shown[two], shown[one]
    return whole.but(disclosure=shown)


def _moved(whole: Whole, turn: int) -> Whole | None:
    paths = _sealed_paths(whole)
    if not paths:
        return None
    shown = dict(whole.members["disclosure"])
    shown[f"/metadata/moved{turn}"] = shown.pop(paths[turn % len(paths)])
    return whole.but(disclosure=shown)


def _extra(whole: Whole, turn: int) -> Whole:
    shown = {**whole.members["disclosure"], f"/extra{turn}": [b64(bytes(16)), '"x"']}
    return whole.but(disclosure=shown)


def _cosigned(whole: Whole, *cosigners: Signer) -> Whole:
    """Replace all cosignatures."""
    head, body, lines = _parts(whole)
    more = [who.cosignature(body).rstrip("\n") for who in cosigners]
    return _joined(whole, head, body, [lines[0], *more])


def _only_with_policy(change: Break) -> Break:
    return lambda whole, turn: (
        change(whole, turn) if whole.pins and "policy" in whole.pins else None
    )


def _one_cosigner(whole: Whole, turn: int) -> Whole:
    return _cosigned(whole, WITNESSES[turn % 3])


def _one_twice(whole: Whole, turn: int) -> Whole:
    return _cosigned(whole, WITNESSES[turn % 3], WITNESSES[turn % 3])


def _stranger_in_a_name(whole: Whole, turn: int) -> Whole:
    stranger = Signer(WITNESSES[(turn + 1) % 3].name, 4, "a stranger")
    return _cosigned(whole, WITNESSES[turn % 3], stranger)


def _no_auditor(whole: Whole, turn: int) -> Whole:
    absent = turn % 3
    others = [who for at, who in enumerate(WITNESSES) if at != absent]
    return _cosigned(whole, *others).pinned(auditors=[f"w{absent + 1}"])


def _moved_cosignature(whole: Whole, turn: int) -> Whole:
    """Put a cosignature of another checkpoint in."""
    head, body, lines = _parts(whole)
    foreign = WITNESSES[turn % 3].cosignature("other.example/super" + body[body.index("\n") :])
    return _joined(whole, head, body, [*lines, foreign.rstrip("\n")])


def _withheld(whole: Whole, turn: int) -> Whole:
    shown = {
        path: pair
        for at, (path, pair) in enumerate(sorted(whole.members["disclosure"].items()))
        if at % 3 != turn % 3
    }
    return whole.but(disclosure=shown)


def _with_stranger(whole: Whole, turn: int) -> Whole:
    head, body, lines = _parts(whole)
    stranger = Signer(f"stranger{turn}.example", (1, 4)[turn % 2])
    line = stranger.line(body) if turn % 2 == 0 else stranger.cosignature(body)
    return _joined(whole, head, body, [*lines, line.rstrip("\n")])


def _own_origin(whole: Whole, turn: int) -> Whole:
    return whole.pinned(origins=[whole.members["origin"], f"other.example/t/{turn}/{'0' * 32}"])


def _audited(whole: Whole, turn: int) -> Whole:
    pair = WITNESSES[turn % 3], WITNESSES[(turn + 1) % 3]
    return _cosigned(whole, *pair).pinned(auditors=[f"w{turn % 3 + 1}"])


KINDS: dict[str, tuple[str, Break]] = {
    "as it is": (INTACT, lambda whole, _: whole),
    "a part withheld": (INTACT, _withheld),
    "everything withheld": (INTACT, lambda whole, _: whole.but(disclosure={})),
    "a stranger signed too": (INTACT, _with_stranger),
    "its origin is pinned": (INTACT, _own_origin),
    "cosigned by quorum and auditor": (INTACT, _only_with_policy(_audited)),
    "bit of the entry": (
        TAMPERED,
        lambda whole, turn: whole.but(entry=_in_base64(whole.members["entry"], turn)),
    ),
    "bit of the inclusion proof": (TAMPERED, _hash("inclusion")),
    "bit of the slot proof": (TAMPERED, _hash("slots_proof")),
    "bit of the record's proof": (TAMPERED, _proof_hash),
    "bit of the super-log's root": (TAMPERED, _checkpoint_line(2, _in_base64)),
    "bit of the log's signature": (TAMPERED, _flipped_signature(0)),
    "bit of a cosignature": (TAMPERED, _only_with_policy(_flipped_signature(1))),
    "bit of an ML-DSA-44 cosignature": (TAMPERED, _only_with_policy(_bit_of_mldsa)),
    "second spelling of the log's signature": (TAMPERED, _second_spelling(0)),
    "second spelling of a cosignature": (
        TAMPERED,
        _only_with_policy(
            lambda whole, turn: _second_spelling(1)(_cosigned(whole, *WITNESSES[:2]), turn)
        ),
    ),
    "bit of the epoch's root": (TAMPERED, _line("epoch_record", 4, _in_base64)),
    "bit of the note before": (TAMPERED, _line("epoch_record", 5, _in_base64)),
    "another epoch": (TAMPERED, _line("epoch_record", 1, _more)),
    "another time": (TAMPERED, _line("epoch_record", 2, _more)),
    "another number of slots": (TAMPERED, _line("epoch_record", 3, _more)),
    "another index": (TAMPERED, _index),
    "another size": (
        TAMPERED,
        lambda whole, turn: whole.but(size=whole.members["size"] + 1 + turn % 5),
    ),
    "another slot": (TAMPERED, _other_origin(2, _more)),
    "another log": (TAMPERED, _other_origin(3, lambda _, turn: f"{turn:032x}")),
    "another deployment": (TAMPERED, _other_origin(0, lambda text, turn: f"{text}{turn}")),
    "another super-log": (TAMPERED, _checkpoint_line(0, lambda text, turn: f"{text}{turn}")),
    "another size of the super-log": (TAMPERED, _checkpoint_line(1, _more)),
    "another index of the record": (TAMPERED, _proof_index),
    "proofs exchanged": (TAMPERED, _swapped_proofs),
    "proof reordered": (TAMPERED, _reordered),
    "a hash dropped": (TAMPERED, _dropped),
    "a hash too many": (TAMPERED, _doubled),
    "another value": (TAMPERED, _value),
    "another salt": (TAMPERED, _salt),
    "values exchanged": (TAMPERED, _exchanged),
    "value at another path": (TAMPERED, _moved),
    "a value that was never sealed": (TAMPERED, _extra),
    "signed by another key": (TAMPERED, _by_other_key),
    "another key is pinned": (TAMPERED, _other_pinned_key),
    "cosignature of another checkpoint": (TAMPERED, _only_with_policy(_moved_cosignature)),
    "nothing pinned": (UNVERIFIABLE, lambda whole, _: replace(whole, pins=None)),
    "another super-log is pinned": (UNVERIFIABLE, _pinned_elsewhere),
    "another origin is pinned": (
        UNVERIFIABLE,
        lambda whole, turn: whole.pinned(origins=[f"a.example/t/{turn}/{turn:032x}"]),
    ),
    "too few cosigned": (UNVERIFIABLE, _only_with_policy(_one_cosigner)),
    "nobody cosigned": (UNVERIFIABLE, _only_with_policy(lambda whole, _: _cosigned(whole))),
    "one cosigned twice": (UNVERIFIABLE, _only_with_policy(_one_twice)),
    "a stranger in a witness's name": (UNVERIFIABLE, _only_with_policy(_stranger_in_a_name)),
    "no auditor cosigned": (UNVERIFIABLE, _only_with_policy(_no_auditor)),
    "a record with a leading zero": (
        UNREADABLE,
        _line("epoch_record", 1, lambda text, _: f"0{text}"),
    ),
    "a checkpoint with an extension": (
        UNREADABLE,
        _checkpoint_line(2, lambda text, _: f"{text}\nextension"),
    ),
    "an index beyond the size": (
        UNREADABLE,
        lambda whole, turn: whole.but(index=whole.members["size"] + turn),
    ),
    **{kind: (UNREADABLE, change) for kind, change in SPELLINGS.items()},
}
"""Name → the verdict, and the break; what is *intact* was not broken."""
