"""Statements of the root key; text and signatures come from plain code of the tests' own."""

from dataclasses import replace

import pytest

from kit.plain_receipt import DEPLOYMENT, SUPER, WITNESSES, Signer, b64
from kit.plain_statement import ROOT_KEY, Plain, online
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.key import VerifierKey
from tallystick.verify.statement import (
    Reason,
    Statement,
    follow_statements,
    read_statement,
    require_root,
)
from tallystick.verify.super_origin import read_super_origin, super_origin

ROOT = VerifierKey.parse(ROOT_KEY.vkey)
FIRST = VerifierKey.parse(online(1).vkey)
HASH = bytes(range(32))


def serials(*notes: str, since: VerifierKey = FIRST) -> list[int]:
    return [statement.serial for statement in follow_statements(notes, ROOT, since)]


def test_a_rotation_is_read() -> None:
    statement = read_statement(Plain(2).note(), ROOT)

    assert (statement.deployment, statement.serial) == (DEPLOYMENT, 2)
    assert statement.key.vkey() == online(2).vkey
    assert statement.old.vkey() == online(1).vkey
    assert statement.reason is Reason.ROTATION
    assert (statement.frozen, statement.lost) == (None, None)


def test_a_compromise_says_how_far_the_old_super_log_is_believed() -> None:
    statement = read_statement(Plain(2, "compromise", f"9 {b64(HASH)}").note(), ROOT)

    assert statement.frozen == (9, HASH)


def test_a_recovery_says_which_records_are_lost() -> None:
    statement = read_statement(Plain(2, "recovery", f"9 {b64(HASH)}", "4 9").note(), ROOT)

    assert (statement.frozen, statement.lost) == ((9, HASH), (4, 9))


def test_what_is_written_is_the_plain_text() -> None:
    plain = Plain(3, "recovery", f"9 {b64(HASH)}", "4 9")
    old, new = (VerifierKey.parse(online(serial).vkey) for serial in (2, 3))

    assert Statement(new, old, Reason.RECOVERY, (9, HASH), (4, 9)).format() == plain.text()


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        pytest.param(Plain(2, "whim"), "reason 'whim'", id="another reason"),
        pytest.param(Plain(2, "rotation", f"9 {b64(HASH)}"), "frozen", id="a frozen rotation"),
        pytest.param(Plain(2, "compromise"), "not frozen", id="a compromise without an end"),
        pytest.param(Plain(2, "rotation", lost="4 9"), "lost records", id="a lossy rotation"),
        pytest.param(
            Plain(2, "recovery", f"9 {b64(HASH)}"), "no lost records", id="nothing to recover from"
        ),
        pytest.param(
            Plain(2, "recovery", f"9 {b64(HASH)}", "4 8"), "lost of 9", id="another lost range"
        ),
        pytest.param(
            Plain(2, "recovery", f"9 {b64(HASH)}", "9 9"), "lost of 9", id="an empty lost range"
        ),
        pytest.param(Plain(2, "compromise", f"0 {b64(HASH)}"), "frozen at 0", id="frozen at 0"),
        pytest.param(Plain(2, "compromise", f"9 {b64(HASH[1:])}"), "frozen at 9", id="no root"),
        pytest.param(Plain(2, "compromise", f"09 {b64(HASH)}"), "decimal", id="leading zero"),
        pytest.param(Plain(2, serial="3"), "not in canonical form", id="another serial"),
        pytest.param(Plain(2, deployment="other.example"), "canonical", id="another deployment"),
        pytest.param(Plain(2, old=Signer(f"{SUPER}/5")), "want .*/super$", id="a gap"),
        pytest.param(
            Plain(2, old=Signer("other.example/super")), "want .*/eu/super$", id="another's key"
        ),
        pytest.param(Plain(2, new=online(1)), "want one that follows", id="the first super-log"),
        pytest.param(
            Plain(2, new=Signer(f"{SUPER}/2", word=SUPER)), "keeps the old key", id="no new key"
        ),
        pytest.param(Plain(2, new=WITNESSES[0]), "want <deployment>/super", id="no super-log"),
        pytest.param(Plain(2, more="x\n"), "9 lines", id="a line too much"),
        pytest.param(Plain(2, kind="tallystick/key/v2"), "want 8 of", id="another version"),
    ],
)
def test_what_is_no_statement_is_refused_also_from_the_root(plain: Plain, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read_statement(plain.note(), ROOT)


def test_another_root_is_not_believed() -> None:
    with pytest.raises(VerificationError, match="note: signed by"):
        read_statement(Plain(2).note(Signer(ROOT_KEY.name, word="thief")), ROOT)


def test_the_online_key_cannot_vouch_for_its_successor() -> None:
    with pytest.raises(VerificationError, match="note: signed by"):
        read_statement(Plain(2).note(online(1)), ROOT)


def test_the_root_of_another_deployment_is_not_believed() -> None:
    other = VerifierKey.parse(Signer("other.example/root").vkey)

    with pytest.raises(VerificationError, match=r"the root is other\.example/root"):
        read_statement(Plain(2).note(Signer("other.example/root")), other)


@pytest.mark.parametrize("position", range(0, 40, 3))
def test_a_changed_letter_is_found(position: int) -> None:
    body, _, lines = Plain(2).note().partition("\n\n")
    letter = "B" if body[-position - 1] != "B" else "C"
    changed = body[: len(body) - position - 1] + letter + body[len(body) - position :]

    with pytest.raises((MalformedError, VerificationError)):
        read_statement(f"{changed}\n\n{lines}", ROOT)


def test_statements_are_followed_from_the_key_that_is_known() -> None:
    notes = [Plain(2).note(), Plain(3).note(), Plain(4).note()]
    third = VerifierKey.parse(online(3).vkey)

    assert serials(*notes) == [2, 3, 4]
    assert serials(*notes, since=third) == [4]
    assert serials() == []


def test_a_gap_is_found() -> None:
    with pytest.raises(VerificationError, match="statement 4: want 3 first"):
        serials(Plain(2).note(), Plain(4).note())


def test_a_replayed_statement_leads_nowhere() -> None:
    assert serials(Plain(2).note(), Plain(2).note(), Plain(3).note()) == [2, 3]


def test_a_second_statement_of_one_serial_is_found() -> None:
    second = Plain(2, new=Signer(f"{SUPER}/2", word="second"))

    with pytest.raises(VerificationError, match="statement 2: of another key"):
        serials(Plain(2).note(), second.note())


def test_a_statement_must_name_the_key_that_is_known() -> None:
    other = Plain(2, old=Signer(SUPER, word="other"))

    with pytest.raises(VerificationError, match="statement 2: follows key"):
        serials(other.note())


@pytest.mark.parametrize("key", [online(1), WITNESSES[0], Signer(ROOT_KEY.name, 4)])
def test_only_a_root_is_a_root(key: Signer) -> None:
    with pytest.raises(MalformedError, match="want <deployment>/root"):
        require_root(VerifierKey.parse(key.vkey))


@pytest.mark.parametrize("serial", [1, 2, 19, 999_999_999])
def test_an_origin_tells_deployment_and_serial(serial: int) -> None:
    assert read_super_origin(super_origin(DEPLOYMENT, serial)) == (DEPLOYMENT, serial)


@pytest.mark.parametrize(
    "origin",
    [
        "/super", "a.example", "a.example/super/", "a.example/super/1", "a.example/super/0",
        "a.example/super/02", "a.example/super/-2", "a.example/super/2/", "a.example/super/x",
        "a.example/super/²", "a.example/super/1000000000", "a.example/superb", "a.example/super2",
    ],
)  # fmt: skip
def test_what_is_no_super_origin_is_refused(origin: str) -> None:
    with pytest.raises(MalformedError, match="want <deployment>/super"):
        read_super_origin(origin)


def test_a_statement_of_a_frozen_log_cannot_be_made_without_its_end() -> None:
    statement = Statement.parse(Plain(2).text())

    with pytest.raises(MalformedError, match="not frozen"):
        replace(statement, reason=Reason.COMPROMISE)
