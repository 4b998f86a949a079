"""Laws of statements: one spelling each, and no change of keys without the root."""

from hypothesis import given
from hypothesis import strategies as st

from kit.plain_receipt import Signer, b64
from kit.plain_statement import ROOT_KEY, Plain
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.key import VerifierKey
from tallystick.verify.statement import Statement, follow_statements, read_statement

ROOT = VerifierKey.parse(ROOT_KEY.vkey)
FIRST = VerifierKey.parse(Plain(2).text().split("\n")[4])
HASHES = st.binary(min_size=32, max_size=32)


@st.composite
def plains(draw: st.DrawFn) -> Plain:
    """A statement of any kind that fits together."""
    serial = draw(st.integers(2, 999_999))
    reason = draw(st.sampled_from(["rotation", "compromise", "recovery"]))
    if reason == "rotation":
        return Plain(serial)
    size = draw(st.integers(1, 2**63 - 1))
    frozen = f"{size} {b64(draw(HASHES))}"
    lost = f"{draw(st.integers(0, size - 1))} {size}" if reason == "recovery" else "-"
    return Plain(serial, reason, frozen, lost)


@given(plains())
def test_a_statement_is_written_as_it_was_read(plain: Plain) -> None:
    assert Statement.parse(plain.text()).format() == plain.text()


@given(plains(), st.data())
def test_no_changed_letter_goes_unnoticed(plain: Plain, data: st.DataObject) -> None:
    note = plain.note()
    at = data.draw(st.integers(0, len(note) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda it: it != note[at]))
    changed = note[:at] + letter + note[at + 1 :]

    try:
        read = read_statement(changed, ROOT)
    except (MalformedError, VerificationError):
        return
    raise AssertionError(read)


@given(st.permutations([2, 3, 4, 5]), st.integers(1, 4))
def test_statements_are_followed_without_a_gap_or_not_at_all(order: list[int], count: int) -> None:
    shown = order[:count]
    notes = [Plain(serial).note() for serial in shown]

    followed = []
    try:
        followed += (it.serial for it in follow_statements(notes, ROOT, FIRST))
    except VerificationError:
        assert shown != sorted(shown) or shown != list(range(2, 2 + count))
    assert followed == list(range(2, 2 + len(followed)))


@given(plains(), st.text("abc", min_size=1, max_size=3))
def test_no_other_key_speaks_for_the_root(plain: Plain, word: str) -> None:
    try:
        read = read_statement(plain.note(Signer(ROOT_KEY.name, word=word)), ROOT)
    except VerificationError:
        return
    raise AssertionError(read)
