"""Every exchange of c2sp.org/tlog-witness, over HTTP; bytes made by hand, or by tlog-scales."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales import signing, tlog

from kit.fake_log import FakeLog, b64, sign
from kit.rfc6962 import mth
from kit.witness import NAME, NOW_S, RunningWitness, cosignature, running_witness, vkey
from tallystick.tlog.cosignature import verify_cosignature
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note
from tallystick.tlog.policy import Policy

Made = Callable[[bytes], bytes]
SIZE = "text/x.tlog.size"


@pytest.fixture
def log() -> FakeLog:
    """A super-log of 12 records; what they are is none of a plain witness's business."""
    made = FakeLog()
    made.records = [b"record %d" % number for number in range(12)]
    return made


@pytest.fixture
def witness(tmp_path: Path, log: FakeLog) -> Iterator[RunningWitness]:
    with running_witness(tmp_path, log) as running:
        yield running


def body_of(log: FakeLog, size: int) -> str:
    return f"{log.origin}\n{size}\n{b64(mth(log.records[:size]))}\n"


def test_a_first_checkpoint_is_believed_and_cosigned(witness: RunningWitness, log: FakeLog) -> None:
    told = witness.add(b"old 0\n\n" + log.note(5).encode())

    assert told.status == 200
    assert told.text == cosignature(body_of(log, 5), NOW_S)


@pytest.mark.parametrize("new", [5, 6, 8, 12])
def test_a_checkpoint_that_extends_the_last_is_cosigned(
    witness: RunningWitness, log: FakeLog, new: int
) -> None:
    witness.add(log.submission(0, 5))
    witness.time_s += 7

    told = witness.add(log.submission(5, new))

    assert (told.status, told.text) == (200, cosignature(body_of(log, new), NOW_S + 7))


def test_a_checkpoint_and_proof_of_tlog_scales_are_cosigned_and_tlog_scales_believes_it(
    witness: RunningWitness, log: FakeLog
) -> None:
    signer = signing.PlainEd25519Signer(log.origin, log.seed)
    made = tlog.Checkpoint.make_signed(log.origin, 5, mth(log.records[:5]), [signer])

    told = witness.add(f"old 0\n\n{made.serialize()}".encode())

    theirs = tlog.Checkpoint.from_text(made.serialize() + told.text)
    theirs.verify(signing.Vkey.from_string(vkey()))
    other = tlog.Checkpoint(log.origin, 6, made.root_hash, theirs.signatures)
    with pytest.raises(InvalidSignature):
        other.verify(signing.Vkey.from_string(vkey()))


def test_our_verifier_and_a_policy_with_a_quorum_believe_the_cosignature(
    witness: RunningWitness, log: FakeLog
) -> None:
    line = witness.add(log.submission(0, 5)).text

    note = Note.parse(log.note(5) + line)
    policy = Policy.parse(f"log {log.vkey}\nwitness w1 {vkey()}\nquorum w1\n")
    key = VerifierKey.parse(vkey())
    assert verify_cosignature(note.text, note.signatures[-1], key) == NOW_S
    assert policy.verify(note).cosigned_at_s == {"w1": NOW_S}


def test_the_same_checkpoint_may_be_submitted_again(witness: RunningWitness, log: FakeLog) -> None:
    witness.add(log.submission(0, 5))
    witness.time_s += 60

    told = witness.add(b"old 5\n\n" + log.note(5).encode())

    assert (told.status, told.text) == (200, cosignature(body_of(log, 5), NOW_S + 60))


def test_the_empty_log_is_cosigned_and_extended(witness: RunningWitness, log: FakeLog) -> None:
    assert witness.add(b"old 0\n\n" + log.note(0).encode()).status == 200
    assert witness.add(b"old 0\n\n" + log.note(0).encode()).status == 200

    assert witness.add(b"old 0\n\n" + log.note(5).encode()).status == 200
    assert witness.add(b"old 0\n\n" + log.note(0).encode())[:2] == (409, SIZE)


@pytest.mark.parametrize("old", [0, 4, 6])
def test_another_old_size_gets_the_true_one(
    witness: RunningWitness, log: FakeLog, old: int
) -> None:
    witness.add(log.submission(0, 5))

    assert witness.add(log.submission(old, 12)) == (409, SIZE, "5\n")


def test_a_size_is_claimed_where_nothing_was_cosigned(
    witness: RunningWitness, log: FakeLog
) -> None:
    assert witness.add(log.submission(5, 12)) == (409, SIZE, "0\n")


def signed_by(seed: bytes) -> bytes:
    """A checkpoint of log.example, signed by whoever has this seed."""
    other = FakeLog(seed=seed)
    other.records = [b"x"]
    return b"old 0\n\n" + other.note().encode()


def test_a_log_that_nobody_told_of_is_not_known(witness: RunningWitness) -> None:
    stranger = FakeLog(deployment="other.example", records=[b"x"])

    assert witness.add(b"old 0\n\n" + stranger.note().encode()).status == 404


def test_a_checkpoint_that_no_known_key_signed_is_forbidden(witness: RunningWitness) -> None:
    told = witness.add(signed_by(b"g" * 32))

    assert (told.status, "want log.example/super" in told.text) == (403, True)


def test_a_false_signature_of_the_known_key_is_forbidden(
    witness: RunningWitness, log: FakeLog
) -> None:
    text, _, line = log.note(5).rpartition("\N{EM DASH} ")
    name, encoded = line.split()
    data = bytearray(b64decode(encoded))
    data[20] ^= 1

    told = witness.add(f"old 0\n\n{text}\N{EM DASH} {name} {b64(bytes(data))}\n".encode())

    assert told.status == 403


def test_lines_of_unknown_keys_are_passed_over_and_not_kept(
    witness: RunningWitness, log: FakeLog
) -> None:
    stranger = sign("stranger.example", FakeLog(seed=b"s" * 32).signer, body_of(log, 5))

    told = witness.add(f"old 0\n\n{log.note(5)}{stranger}".encode())

    assert told.status == 200
    assert witness.monitored(log.origin).text == log.note(5) + told.text


@pytest.mark.parametrize(
    ("made", "why"),
    [
        pytest.param(lambda note: b"old 6\n\n" + note, "want at most 5", id="old > new"),
        pytest.param(lambda _: b"", "no blank line", id="nothing"),
        pytest.param(lambda note: note, "first line", id="no old line"),
        pytest.param(lambda note: b"old 0\n" + note, "base64", id="no blank line"),
        pytest.param(lambda note: b"old 00\n\n" + note, "decimal", id="leading zero"),
        pytest.param(lambda note: b"old -1\n\n" + note, "decimal", id="negative"),
        pytest.param(lambda note: b"old  0\n\n" + note, "decimal", id="two spaces"),
        pytest.param(lambda note: b"Old 0\n\n" + note, "first line", id="capital"),
        pytest.param(lambda note: b"old 0\r\n\r\n" + note, "decimal", id="CRLF"),
        pytest.param(lambda note: b"old 0\nAAAA\n\n" + note, "3 bytes, want 32", id="short hash"),
        pytest.param(lambda note: b"old 0\n" + b"A" * 43 + b"\n\n" + note, "base64", id="padding"),
        pytest.param(
            lambda note: b"old 0\n" + 64 * (b"A" * 43 + b"=\n") + b"\n" + note,
            "64 lines, want at most 63",
            id="64 proof lines",
        ),
        pytest.param(lambda note: b"old 0\n\xff\n\n" + note, "ASCII", id="no ASCII"),
        pytest.param(lambda note: b"old 0\n\n" + note[:-1], "signature line", id="cut off"),
        pytest.param(
            lambda note: b"old 0\n\n" + note.replace(b"\n5\n", b"\n05\n"), "size", id="05"
        ),
        pytest.param(lambda note: b"old 0\n\n\xff" + note, "UTF-8", id="note is no UTF-8"),
    ],
)
def test_a_malformed_request_is_refused(
    witness: RunningWitness, log: FakeLog, made: Made, why: str
) -> None:
    told = witness.add(made(log.note(5).encode()))

    assert told.status == 400
    assert why in told.text
    assert witness.monitored(log.origin).status == 404


def test_63_proof_lines_are_read_and_refused_for_what_they_are(
    witness: RunningWitness, log: FakeLog
) -> None:
    witness.add(log.submission(0, 5))

    told = witness.add(b"old 5\n" + 63 * (b"A" * 43 + b"=\n") + b"\n" + log.note(12).encode())

    assert (told.status, "63 hashes, want" in told.text) == (422, True)


def forged(log: FakeLog, size: int) -> FakeLog:
    """The same log with the record at index 2 rewritten: the same key signs it."""
    other = FakeLog(deployment=log.deployment, seed=log.seed, records=log.records[:size])
    other.records[2] = b"rewritten"
    return other


def test_a_rewritten_log_gets_nothing_whatever_its_proof(
    witness: RunningWitness, log: FakeLog
) -> None:
    witness.add(log.submission(0, 5))
    fork = forged(log, 12)

    assert witness.add(fork.submission(5, 12)).status == 422
    assert witness.add(b"old 5\n\n" + fork.note(12).encode()).status == 422
    honest_proof = log.submission(5, 12).partition(b"\n\n")[0]
    assert witness.add(honest_proof + b"\n\n" + fork.note(12).encode()).status == 422
    assert witness.monitored(log.origin).text.startswith(body_of(log, 5))


def test_another_root_of_the_same_size_is_refused_and_both_notes_are_kept(
    witness: RunningWitness, log: FakeLog
) -> None:
    line = witness.add(log.submission(0, 5)).text
    fork = forged(log, 5)

    told = witness.add(b"old 5\n\n" + fork.note(5).encode())

    assert told.status == 422
    assert [(it["cosigned"], it["submitted"]) for it in witness.evidence()] == [
        (log.note(5) + line, fork.note(5))
    ]


def test_the_same_fork_is_kept_once(witness: RunningWitness, log: FakeLog) -> None:
    witness.add(log.submission(0, 5))

    for _ in range(3):
        witness.add(b"old 5\n\n" + forged(log, 5).note(5).encode())

    assert len(witness.evidence()) == 1


def test_an_empty_log_with_a_root_is_refused(witness: RunningWitness, log: FakeLog) -> None:
    assert witness.add(b"old 0\n\n" + log.note(0, bytes(32)).encode()).status == 422


def test_a_proof_from_nothing_is_refused(witness: RunningWitness, log: FakeLog) -> None:
    told = witness.add(b"old 0\n" + b"A" * 43 + b"=\n\n" + log.note(5).encode())

    assert (told.status, "1 hashes, want 0" in told.text) == (422, True)


def test_the_newest_checkpoint_is_served_by_the_hash_of_its_origin(
    witness: RunningWitness, log: FakeLog
) -> None:
    before = witness.monitored(log.origin)
    witness.add(log.submission(0, 5))
    line = witness.add(log.submission(5, 12)).text

    told = witness.monitored(log.origin)

    assert before.status == 404
    assert (told.status, told.content_type) == (200, "text/plain; charset=utf-8")
    assert told.text == log.note(12) + line
    assert witness.ask("GET", f"/{log.origin}/checkpoint").status == 404
    assert witness.ask("GET", f"/{'0' * 64}/checkpoint").status == 404


def test_the_time_of_cosignatures_of_a_log_never_goes_back(
    witness: RunningWitness, log: FakeLog
) -> None:
    witness.add(log.submission(0, 5))
    witness.time_s -= 3_600

    told = witness.add(log.submission(5, 12))

    assert told.text == cosignature(body_of(log, 12), NOW_S)


def test_logs_do_not_touch_each_other(tmp_path: Path, log: FakeLog) -> None:
    other = FakeLog(deployment="other.example", seed=b"o" * 32, records=[b"a", b"b", b"c"])
    with running_witness(tmp_path, log, other) as witness:
        witness.add(log.submission(0, 5))

        assert witness.add(other.submission(0, 2)).status == 200
        assert witness.add(other.submission(5, 3)).status == 400
        assert witness.add(log.submission(5, 12)).status == 200
        assert witness.monitored(other.origin).text.startswith("other.example/super\n2\n")


def test_a_key_of_one_log_does_not_speak_for_another(tmp_path: Path, log: FakeLog) -> None:
    other = FakeLog(deployment="other.example", seed=b"o" * 32, records=[b"a"])
    with running_witness(tmp_path, log, other) as witness:
        text = body_of(log, 5)
        line = sign(log.origin, other.signer, text)

        assert witness.add(f"old 0\n\n{text}\n{line}".encode()).status == 403


def test_each_request_is_one_line_and_no_line_holds_a_key(
    witness: RunningWitness, log: FakeLog
) -> None:
    witness.add(log.submission(0, 5))
    witness.add(log.submission(0, 12))
    witness.add(b"nonsense")
    witness.ask("GET", "/nothing")

    told = [(it["method"], it["status"], it.get("origin"), it.get("size")) for it in witness.lines]
    assert told == [
        ("POST", 200, log.origin, 5),
        ("POST", 409, log.origin, 12),
        ("POST", 400, None, None),
        ("GET", 404, None, None),
    ]
    assert NAME not in str(witness.lines)
    assert b64(b"w" * 32)[:20] not in str(witness.lines)
