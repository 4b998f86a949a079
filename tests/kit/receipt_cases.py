"""Receipts, good ones and ones broken by a named mutation, each with the verdict it deserves.

The verdict follows from what was done to the receipt; no verifier was asked for it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from kit.plain_receipt import (
    DEPLOYMENT,
    EPOCH_TIME,
    POLICY,
    SUPER,
    WITNESSES,
    Deployment,
    Json,
    Signer,
    b64,
    head_text,
    plain_origin,
    plain_pins,
    sealed_event,
    written,
)
from kit.receipt_mutations import MUTATIONS, flip_proof_line
from kit.rfc6962 import mth

UNREADABLE = "unreadable"
PINS = plain_pins()
NEXT = Signer(f"{SUPER}/2")
ROOT = Signer(f"{DEPLOYMENT}/root").vkey
WITNESS_PINS = plain_pins(policy=POLICY)
AUDITOR_PINS = plain_pins(policy=POLICY, auditors=["w1", "w3"])
NOW = EPOCH_TIME + 60


@dataclass(frozen=True)
class Case:
    """A receipt and what must be said of it.

    Attributes:
        name: What was done to it.
        verdict: A verdict, or ``unreadable``.
        why: Pattern of the reason that ours gives; None for *intact*.
    """

    name: str
    receipt: bytes
    verdict: str
    why: str | None = None
    pins: bytes | None = PINS
    now_s: int | None = NOW


def frozen_pins(size: int) -> bytes:
    """Believe the first super-log up to a size, and the second one."""
    return json.dumps(
        {"super": [{"vkey": Signer(SUPER).vkey, "max_size": size}, NEXT.vkey]}
    ).encode()


def all_cases() -> list[Case]:
    """Every case, good ones first."""
    cases = [
        *_intact(),
        *_mutated(),
        *_forged(),
        *_misnamed(),
        *_undecided(),
        *_unreadable(),
        *_misshapen(),
    ]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def good() -> Json:
    """The members of the receipt that the mutations start from."""
    return Deployment().receipt()


def _intact() -> Iterator[Case]:
    def case(name: str, deployment: Deployment, pins: bytes = PINS, **members: object) -> Case:
        return Case(name, written({**deployment.receipt(), **members}), "intact", pins=pins)

    yield case("a whole receipt", Deployment())
    disclosure = dict(good()["disclosure"])
    del disclosure["/actor/id"]
    yield case("one value withheld", Deployment(), disclosure=disclosure)
    yield case("every value withheld", Deployment(), disclosure={})
    yield case("the first entry", Deployment(index=0))
    yield case("the last entry", Deployment(index=6))
    yield case("the only entry", Deployment(index=0, size=1))
    yield case("a log in slot 0", Deployment(slot=0))
    yield case("the only log", Deployment(slot=0, slots=1))
    yield case("the only record", Deployment(before=0, behind=0))
    cosigned = Deployment(cosigners=WITNESSES[1:])
    yield case("cosigned by the quorum", cosigned, WITNESS_PINS)
    yield case("cosigned by the quorum and an auditor", cosigned, AUDITOR_PINS)
    stranger = Deployment(cosigners=(Signer("stranger.example", 4),))
    yield case("a cosignature of somebody unknown, which is passed over", stranger)
    second = Deployment(super_origin=NEXT.name, signer=NEXT)
    yield case("a super-log that follows another", second, plain_pins(NEXT))
    frozen = frozen_pins(Deployment().before + 1 + Deployment().behind)
    yield case("a frozen super-log, just before its end", Deployment(), frozen)
    yield case("a pinned root, which receipts do not need", Deployment(), plain_pins(root=ROOT))
    pins = plain_pins(origins=[plain_origin(2)], max_age_s=60)
    yield case("its log is pinned, and its age just allowed", Deployment(), pins)


def _mutated() -> Iterator[Case]:
    for name, (mutate, why) in MUTATIONS.items():
        members = good()
        mutate(members)
        yield Case(name, written(members), "tampered", why)


def _forged() -> Iterator[Case]:
    """What an operator, or a thief of keys, could make; every proof in it holds by itself."""
    forger = Deployment(signer=Signer(SUPER, word="a forger's key"))
    why = r"not signed by the pinned key: no signature of audit.example/eu/super by key [0-9a-f]{8}"
    yield Case("signed by another key of that name", written(forger.receipt()), "tampered", why)

    fork = Deployment()
    fork.heads = fork.all_heads()
    fork.entries[3] = sealed_event(99, fork.origin)[0]
    fork.heads[3] = fork.head()
    fork.disclosure = sealed_event(99, fork.origin)[1]
    why = r"not those of epoch 12: inclusion proof: "
    members = fork.receipt(proven_slot=3)
    yield Case("a second head of the log, at another slot", written(members), "tampered", why)

    node = Deployment()
    hashes = [mth([entry]) for entry in node.entries]
    members = node.receipt()
    members.update(entry=b64(hashes[2] + hashes[3]), index=1, disclosure={}, size=4)
    members["inclusion"] = members["inclusion"][1:]
    yield Case("a node passed off as an entry", written(members), "tampered", "entry, log or slot")

    foreign = Deployment(origin=plain_origin(2).replace("/eu/", "/us/"))
    why = "log of audit.example/us, super-checkpoint of audit.example/eu/super"
    yield Case("a log of another deployment", written(foreign.receipt()), "tampered", why)

    cosigned = Deployment(cosigners=WITNESSES).receipt()
    flip_proof_line(-2, payload=True)(cosigned)
    why = "a pinned witness did not cosign this: signature of w3.example"
    yield Case("a cosignature is flipped", written(cosigned), "tampered", why, pins=WITNESS_PINS)

    twice = Deployment()
    twice.entries[3] = twice.entries[3].replace(b'"v":1', b'"name":"","v":1')
    head = head_text(plain_origin(2), 7, mth(Deployment().entries))
    twice.heads = Deployment().all_heads()
    twice.heads[2] = head
    yield Case(
        "an entry that was exchanged", written(twice.receipt()), "tampered", "entry, log or slot"
    )

    occupied = Deployment()
    occupied.entries[3] = occupied.entries[3].replace(
        b'"actor":{"type":"user"}', b'"actor":{"id":"u_9","type":"user"}'
    )
    why = "entry: /actor/id stands in clear and sealed"
    yield Case(
        "a value sealed where another one stands in clear",
        written(occupied.receipt()),
        "tampered",
        why,
    )


def _misnamed() -> Iterator[Case]:
    """Super-checkpoints under names that no super-log of the deployment has."""
    for serial in ("1", "02", "x", "2/"):
        odd = Signer(f"{SUPER}/{serial}")
        members = Deployment(super_origin=odd.name, signer=odd).receipt()
        name, why = f"a super-log of serial {serial}", "log of audit.example/eu, super-checkpoint"
        yield Case(name, written(members), "tampered", why, plain_pins(odd))

    bare = Deployment(super_origin="audit.example/eu")
    bare.signer = Signer("audit.example/eu")
    why = "log of audit.example/eu, super-checkpoint of audit.example/eu"
    pins = plain_pins(bare.signer)
    yield Case("a checkpoint of no super-log", written(bare.receipt()), "tampered", why, pins)


def _logged(old: bytes, new: bytes) -> bytes:
    """Make a receipt of an entry that the log really holds, though it is of another form."""
    deployment = Deployment()
    assert old in deployment.entries[3]
    deployment.entries[3] = deployment.entries[3].replace(old, new, 1)
    return written({**deployment.receipt(), "disclosure": {}})


def _undecided() -> Iterator[Case]:
    whole = written(good())

    def case(
        name: str, why: str, pins: bytes | None = PINS, receipt: bytes = whole, **more: int
    ) -> Case:
        return Case(name, receipt, "unverifiable", why, pins, **more)

    yield case("nothing is pinned", "^no pinned key$", None)
    other = plain_pins(Signer("other.example/super"))
    yield case("another super-log is pinned", f"^no pinned key for {SUPER}$", other)
    why = rf"^no pinned key for {SUPER} beyond 11 records, checkpoint has 12$"
    yield case("a frozen super-log, beyond its end", why, frozen_pins(11))
    root = plain_pins(Signer("other.example/super"), root=ROOT)
    yield case("a root is pinned, which signs no log", f"^no pinned key for {SUPER}$", root)
    origins = plain_pins(origins=[plain_origin(3)])
    yield case("another log is pinned", "is none of the pinned logs", origins)
    why = r"witnessed by 0 of 3 \(quorum enough\), want the quorum"
    yield case("nobody cosigned", why, WITNESS_PINS)
    why = r"witnessed by 1 of 3 \(quorum enough\): w2 at 2026-11-24T02:45:00Z, want the quorum"
    one = written(Deployment(cosigners=WITNESSES[1:2]).receipt())
    yield case("too few cosigned", why, WITNESS_PINS, one)
    again = written(Deployment(cosigners=WITNESSES[1:2] * 2).receipt())
    yield case("one witness cosigned twice", why, WITNESS_PINS, again)
    stranger = Deployment(cosigners=(WITNESSES[0], Signer("w2.example", 4, "another key")))
    why = r"witnessed by 1 of 3 \(quorum enough\): w1 at "
    yield case(
        "a stranger cosigned in a witness's name", why, WITNESS_PINS, written(stranger.receipt())
    )
    plain = written(Deployment(cosigners=WITNESSES[:2]).receipt())
    other = plain_pins(policy=POLICY, auditors=["w3"])
    yield case("no auditor cosigned", "epoch-audited: cosigned by none of w3", other, plain)
    yield case("an entry of a later version", "version 2", receipt=_logged(b'"v":1', b'"v":2'))
    double = _logged(b'"stream":"audit"', b'"outcome":"denied","stream":"audit"')
    yield case("an entry with a member twice", "two members 'outcome'", receipt=double)
    stray = _logged(b'"stream":"audit"', b'"stream":"\xff"')
    yield case("an entry that is no UTF-8", "want UTF-8", receipt=stray)
    huge = _logged(b'"plan":"business"', b'"plan":1e400')
    yield case("an entry with a number beyond doubles", "finite double", receipt=huge)
    nested = _logged(b'"/actor/name":', b'"/actor/id/x":')
    yield case("an entry sealed inside a sealed value", "lies inside", receipt=nested)
    slot = _logged(b'"/actor/id":[0,', b'"/actor/id":[1,')
    yield case("an entry that seals to no subject", "want .slot, commitment", receipt=slot)
    aged = plain_pins(max_age_s=60)
    yield Case(
        "an age is pinned, but the time unknown",
        whole,
        "unverifiable",
        "no time is given",
        aged,
        None,
    )
    yield Case(
        "older than the pins allow", whole, "stale", "61 s ago, want at most 60 s", aged, NOW + 1
    )
    ahead = EPOCH_TIME - 61
    yield Case("dated ahead", whole, "stale", "61 s ahead, want at most 60 s", aged, ahead)


def _unreadable() -> Iterator[Case]:
    whole = written(good())
    members = good()

    def case(name: str, why: str, receipt: bytes) -> Case:
        assert receipt != whole, name
        return Case(name, receipt, UNREADABLE, why)

    def with_(**more: object) -> bytes:
        return written({**good(), **more})

    yield case("nothing", "no JSON", b"")
    yield case("cut short", "no JSON", whole[:-1])
    yield case("a newline behind", "canonical", whole + b"\n")
    yield case("a byte order mark", "no JSON", b"\xef\xbb\xbf" + whole)
    yield case("a byte that is no UTF-8", "want UTF-8", whole.replace(b"audit", b"\xff", 1))
    yield case("a blank", "canonical", whole.replace(b":", b": ", 1))
    yield case("an escape that is not needed", "canonical", whole.replace(b"eu", b"\\u0065u", 1))
    yield case("members in another order", "canonical", json.dumps(members).encode())
    twice = whole.replace(b'{"disclosure"', b'{"size":7,"disclosure"', 1)
    yield case("a member twice", "two members 'size'", twice)
    yield case("a member more", "'note' missing or unknown", with_(note=""))
    del members["size"]
    yield case("a member less", "'size' missing or unknown", written(members))
    yield case("of another version", "receipt/v1", with_(receipt="tallystick/receipt/v2"))
    yield case("a list", "want an object", b"[]")


def _misshapen() -> Iterator[Case]:
    """A receipt with one member that is not of its form."""
    whole = written(good())

    def case(name: str, why: str, receipt: bytes) -> Case:
        assert receipt != whole, name
        return Case(name, receipt, UNREADABLE, why)

    def with_(**more: object) -> bytes:
        return written({**good(), **more})

    yield case("an index that is a double", "index", whole.replace(b'"index":3', b'"index":3.0'))
    yield case("an index that is true", "index", with_(index=True))
    yield case("an index that is a text", "index", with_(index="3"))
    yield case("an index below zero", "entry -1 of 7", with_(index=-1))
    yield case("an index as large as the size", "entry 7 of 7", with_(index=7))
    yield case("a size of 2^63", "entry 3 of", with_(size=2**63))
    yield case("an integer without end", "integer too long", _with_size(b"7" * 5_000))
    yield case("base64 with stray bits", "canonical", with_(entry="QR=="))
    yield case("a hash of 31 bytes", "hash of 31 bytes", with_(inclusion=[b64(bytes(31))]))
    yield case("a salt of 15 bytes", "15 bytes, want 16", with_(disclosure=_short_salt()))
    yield case("more hashes than a tree has levels", "64 hashes", with_(inclusion=_many()))
    origin = "audit.example/eu/t/02/" + plain_origin(2)[-32:]
    yield case("a slot with a leading zero", "want <deployment>", with_(origin=origin))
    yield case("an origin of no log", "want <deployment>", with_(origin=SUPER))
    record = good()["epoch_record"]
    yield case("a record without its last newline", "epoch", with_(epoch_record=record[:-1]))
    padded = record.replace("\n12\n", "\n012\n")
    yield case("a record with a leading zero", "epoch|record", with_(epoch_record=padded))
    registry = f"tallystick/registry/v1\n2\n{b64(bytes(32))}\n"
    yield case("a record of another kind", "6 of tally", with_(epoch_record=registry))
    proof = good()["epoch_proof"]
    extra = proof.replace("\nindex", "\nextra QQ==\nindex", 1)
    yield case("an extra that nothing vouches for", "extra", with_(epoch_proof=extra))
    unsigned = proof[: proof.index("— ")]
    yield case("a checkpoint without a signature", "note", with_(epoch_proof=unsigned))
    extended = proof.replace("\n\n— ", "\nextension\n\n— ")
    yield case("a checkpoint with an extension", "4 lines, want 3", with_(epoch_proof=extended))


def _with_size(number: bytes) -> bytes:
    """Write the good receipt with another size, spelled as given."""
    return written(good()).replace(b'"size":7', b'"size":' + number)


def _short_salt() -> Json:
    return {"/actor/id": [b64(bytes(15)), '"u_3"']}


def _many() -> list[str]:
    return [b64(bytes(32))] * 64
