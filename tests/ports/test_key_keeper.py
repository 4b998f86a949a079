"""What a keeper of keys promises."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tallystick.errors import VerificationError
from tallystick.ledger.ports import KeyKeeper

KEY = bytes(range(32))


def test_what_was_wrapped_is_unwrapped_in_its_context(keeper: KeyKeeper) -> None:
    assert keeper.unwrap(keeper.wrap(KEY, b"tenant 1"), b"tenant 1") == KEY


def test_the_wrapped_form_shows_nothing_of_the_key(keeper: KeyKeeper) -> None:
    wrapped = keeper.wrap(KEY, b"tenant 1")

    assert not any(KEY[at : at + 4] in wrapped for at in range(29))


@pytest.mark.parametrize("context", [b"tenant 2", b"", b"tenant 1\x00"])
def test_another_context_does_not_unwrap(keeper: KeyKeeper, context: bytes) -> None:
    wrapped = keeper.wrap(KEY, b"tenant 1")

    with pytest.raises(VerificationError):
        keeper.unwrap(wrapped, context)


def test_no_changed_byte_goes_unnoticed(keeper: KeyKeeper) -> None:
    wrapped = keeper.wrap(KEY, b"tenant 1")

    for at in range(len(wrapped)):
        changed = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
        with pytest.raises(VerificationError):
            keeper.unwrap(changed, b"tenant 1")


@pytest.mark.parametrize("length", [0, 3, 4, 16, 31])
def test_a_cut_one_does_not_unwrap(keeper: KeyKeeper, length: int) -> None:
    wrapped = keeper.wrap(KEY, b"tenant 1")

    with pytest.raises(VerificationError):
        keeper.unwrap(wrapped[:length], b"tenant 1")


def test_what_was_just_wrapped_is_current(keeper: KeyKeeper) -> None:
    assert keeper.is_current(keeper.wrap(KEY, b"tenant 1"))


def test_a_signature_verifies_with_the_public_key(keeper: KeyKeeper) -> None:
    public = Ed25519PublicKey.from_public_bytes(keeper.public_key)

    public.verify(keeper.sign(b"checkpoint"), b"checkpoint")

    with pytest.raises(InvalidSignature):
        public.verify(keeper.sign(b"checkpoint"), b"another")
