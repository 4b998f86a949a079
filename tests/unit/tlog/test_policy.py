import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.cosignature import cosign
from tallystick.tlog.note import Note, Signature, VerifierKey, sign_note, vkey
from tallystick.tlog.policy import Policy, PolicyKey


def private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32))


def public(name: str) -> bytes:
    return private(name).public_key().public_bytes_raw()


LOG = vkey("a.example", 1, public("log"))
OTHER_LOG = vkey("b.example", 1, public("other log"))
W1, W2, W3 = (vkey(f"w{n}.example", 4, public(f"w{n}")) for n in (1, 2, 3))
WITNESSES = f"witness W1 {W1}\nwitness W2 {W2}\nwitness W3 {W3}\n"
TWO = f"log {LOG}\n{WITNESSES}group two 2 W1 W2 W3\nquorum two\n"


def signed(origin: str = "a.example", by: str = "log", name: str = "a.example") -> Note:
    text = Checkpoint(origin, 7, bytes(32)).format()
    return sign_note(text, name, public(by), private(by).sign)


def cosigned(note: Note, *witnesses: int, time_s: int = 1_800_000_000) -> Note:
    made = [
        cosign(note, f"w{n}.example", public(f"w{n}"), private(f"w{n}").sign, time_s + n)
        for n in witnesses
    ]
    return note.with_signatures(*made)


def test_a_policy_is_read_with_comments_tabs_and_addresses() -> None:
    policy = Policy.parse(
        f"# whom we believe\n\n \tlog\t {LOG}  https://a.example/ \n"
        f"  # witnesses é\nwitness W1 {W1} https://w1.example\n\nquorum W1"
    )

    assert policy.logs == (PolicyKey(VerifierKey.parse(LOG), "https://a.example/"),)
    assert policy.witnesses == {"W1": PolicyKey(VerifierKey.parse(W1), "https://w1.example")}
    assert policy.groups == {}
    assert policy.quorum == "W1"


def test_names_are_bytes_whatever_they_spell() -> None:
    lines = b"witness K %b\nwitness \xe2\x84\xaa %b\nwitness \xff %b\n" % tuple(
        it.encode() for it in (W1, W2, W3)
    )

    policy = Policy.parse(lines + b"quorum \xff\n")

    assert policy.satisfied_by([VerifierKey.parse(W3)])
    assert not policy.satisfied_by([VerifierKey.parse(W1), VerifierKey.parse(W2)])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "no quorum line, want one", id="nothing"),
        pytest.param(f"log {LOG}\n", "no quorum line, want one", id="no quorum"),
        pytest.param("quorum none\nquorum none\n", "line 2: quorum: a second", id="two quorums"),
        pytest.param("quorum W1\n", "name 'W1': unknown", id="quorum of an unknown name"),
        pytest.param(f"quorum W1\n{WITNESSES}", "line 1: name 'W1': unknown", id="late witness"),
        pytest.param("quorum\n", "'quorum' with 0 words", id="quorum of nobody"),
        pytest.param("quorum none none\n", "'quorum' with 2 words", id="quorum of two"),
        pytest.param("logs x\n", "'logs' with 1 words", id="unknown word"),
        pytest.param("Quorum none\n", "'Quorum' with", id="word in another case"),
        pytest.param("quorum none # x\n", "'quorum' with 3 words", id="comment behind a line"),
        pytest.param("quorum\xa0none\n", r"'quorum\\xa0none'", id="no-break space"),
        pytest.param("quorum none\r\n", "line 1: control character", id="CRLF"),
        pytest.param("quorum \x7fnone\n", "line 1: control character", id="DEL"),
        pytest.param("log\n", "'log' with 0 words", id="log without key"),
        pytest.param(f"log {LOG} u v\n", "'log' with 3 words", id="log with two addresses"),
        pytest.param("log a.example\n", "line 1: vkey: 1 parts", id="log without vkey"),
        pytest.param(f"log {W1}\n", "algorithm 0x04, want 0x01 or 0x06", id="log with 0x04"),
        pytest.param(f"log {LOG}\nlog {LOG}\n", "stands twice", id="log twice"),
        pytest.param(
            f"log {LOG}\nlog {vkey('c', 1, public('log'))}\n",
            "line 2: key of log c: stands twice",
            id="key of a log under two names",
        ),
        pytest.param(f"witness W1 {LOG}\n", "algorithm 0x01, want 0x04", id="witness with 0x01"),
        pytest.param("witness W1\n", "'witness' with 1 words", id="witness without key"),
        pytest.param(f"witness none {W1}\n", "name 'none': taken", id="witness named none"),
        pytest.param(f"{WITNESSES}witness W1 {W1}\n", "name 'W1': taken", id="name twice"),
        pytest.param(
            f"{WITNESSES}witness W4 {vkey('w4', 4, public('w1'))}\n",
            "line 4: key of witness W4: stands twice",
            id="key of a witness under two names",
        ),
        pytest.param(f"{WITNESSES}group W1 any W2\n", "name 'W1': taken", id="group as witness"),
        pytest.param(f"{WITNESSES}group none any W1\n", "'none': taken", id="group named none"),
        pytest.param(f"{WITNESSES}group g any\n", "'group' with 2 words", id="empty group"),
        pytest.param(f"{WITNESSES}group g 0 W1\n", "threshold: 0, want 1 to 1", id="0 of 1"),
        pytest.param(f"{WITNESSES}group g 2 W1\n", "threshold: 2, want 1 to 1", id="2 of 1"),
        pytest.param(f"{WITNESSES}group g 02 W1 W2\n", "canonical", id="leading zero"),
        pytest.param(f"{WITNESSES}group g most W1\n", "threshold: 'most'", id="threshold in words"),
        pytest.param(f"{WITNESSES}group g any g\n", "name 'g': unknown", id="group in itself"),
        pytest.param(f"{WITNESSES}group g any none\n", "name 'none': unknown", id="none in it"),
        pytest.param(f"{WITNESSES}group g 2 W1 W1\n", "'W1': stands twice", id="member twice"),
        pytest.param(
            f"{WITNESSES}group g any W1\ngroup h any W1\n",
            "line 5: member 'W1': stands twice",
            id="member of two groups",
        ),
        pytest.param("\n" * 10_000, "10,001 lines, want at most 10,000", id="too many lines"),
    ],
)
def test_a_policy_is_refused_for(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Policy.parse(text)


def test_a_checkpoint_with_a_quorum_is_trusted_and_says_who_cosigned_when() -> None:
    trusted = Policy.parse(TWO).verify(cosigned(signed(), 1, 3))

    assert trusted.checkpoint == Checkpoint("a.example", 7, bytes(32))
    assert trusted.extensions == ()
    assert trusted.cosigned_at_s == {"W1": 1_800_000_001, "W3": 1_800_000_003}


def test_a_witness_that_cosigns_twice_counts_once_with_its_later_time() -> None:
    note = cosigned(cosigned(signed(), 1, time_s=1_900_000_000), 1)

    with pytest.raises(VerificationError, match="cosigned by W1, want quorum two"):
        Policy.parse(TWO).verify(note)
    one = Policy.parse(f"log {LOG}\nwitness W1 {W1}\nquorum W1\n")
    assert one.verify(note).cosigned_at_s == {"W1": 1_900_000_001}


@pytest.mark.parametrize(
    ("note", "why"),
    [
        pytest.param(signed(), "cosigned by nobody, want quorum two", id="no cosigner"),
        pytest.param(cosigned(signed(), 2), "cosigned by W2, want quorum two", id="too few"),
        pytest.param(
            cosigned(signed("c.example"), 1, 2),
            "of 'c.example', want a log of the policy",
            id="unknown log",
        ),
        pytest.param(
            cosigned(signed(by="other log"), 1, 2),
            "note: signed by a.example, w1.example, w2.example, want a.example",
            id="another key of the log's name",
        ),
        pytest.param(
            cosigned(signed(name="b.example", by="other log"), 1, 2),
            "want a.example",
            id="one log's checkpoint signed by another log",
        ),
        pytest.param(
            cosigned(signed(), 1, 2).with_signatures(
                Signature("w3.example", VerifierKey.parse(W3).key_id, bytes(72))
            ),
            "signature of w3.example: not over this text",
            id="a false cosignature beyond the quorum",
        ),
        pytest.param(
            Note(
                Checkpoint("a.example", 8, bytes(32)).format(),
                cosigned(signed(), 1, 2).signatures,
            ),
            "signature of a.example: not over this text",
            id="another size",
        ),
    ],
)
def test_a_checkpoint_is_not_trusted_for(note: Note, why: str) -> None:
    policy = Policy.parse(TWO.replace("\n", f"\nlog {OTHER_LOG}\n", 1))

    with pytest.raises(VerificationError, match=why):
        policy.verify(note)


def test_without_quorum_the_log_s_own_signature_is_enough() -> None:
    assert Policy.parse(f"log {LOG}\nquorum none\n").verify(signed()).cosigned_at_s == {}


def test_a_note_that_is_no_checkpoint_is_refused() -> None:
    note = sign_note("text\n", "a.example", public("log"), private("log").sign)

    with pytest.raises(MalformedError, match="checkpoint: 1 lines"):
        Policy.parse(TWO).verify(note)


def test_the_key_of_a_witness_under_another_name_counts_for_nobody() -> None:
    policy = Policy.parse(TWO)
    renamed = VerifierKey.of("x.example", 4, public("w2"))

    assert policy.satisfied_by([VerifierKey.parse(W1), VerifierKey.parse(W2)])
    assert not policy.satisfied_by([VerifierKey.parse(W1), renamed])


def test_groups_nested_a_thousand_deep_are_read() -> None:
    groups = "group g0 any W1\n" + "".join(f"group g{n + 1} any g{n}\n" for n in range(2_000))

    policy = Policy.parse(f"{WITNESSES}{groups}quorum g2000\n")

    assert policy.satisfied_by([VerifierKey.parse(W1)])
    assert not policy.satisfied_by([VerifierKey.parse(W2)])
