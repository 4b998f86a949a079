"""Public keys that have signed what nobody signed are no keys, wherever a key is read."""

from base64 import b64encode
from hashlib import sha256

import pytest

from kit.plain_ed25519 import GENERATOR, ORDER, P, decoded, encoded, times
from tallystick.errors import MalformedError
from tallystick.tlog.key import ED25519, ED25519_COSIGNATURE, VerifierKey

NAME = "log.example"


def small_order_points() -> set[bytes]:
    """All points whose order divides 8: any point times the order of the large subgroup."""
    found: set[bytes] = set()
    for y in range(2, 200):
        try:
            point = decoded(y.to_bytes(32, "little"))
        except AssertionError:  # no point has this y
            continue
        found.add(encoded(times(ORDER, point)))
    return found


POINTS = sorted(small_order_points())
SECOND = [(y | sign << 255).to_bytes(32, "little") for y in range(P, 2**255) for sign in (0, 1)]
SIGNED_ZERO = [(y | 1 << 255).to_bytes(32, "little") for y in (1, P - 1)]


def spelled(algorithm: int, public: bytes) -> str:
    """A vkey, as c2sp.org/signed-note says."""
    raw = bytes([algorithm]) + public
    key_id = sha256(NAME.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{NAME}+{key_id}+{b64encode(raw).decode()}"


def test_there_are_eight_points_of_small_order() -> None:
    assert len(POINTS) == 8


@pytest.mark.parametrize("algorithm", [ED25519, ED25519_COSIGNATURE])
@pytest.mark.parametrize("public", POINTS, ids=bytes.hex)
def test_a_key_of_small_order_is_refused(algorithm: int, public: bytes) -> None:
    with pytest.raises(MalformedError, match=r"key log\.example: point of small order"):
        VerifierKey.of(NAME, algorithm, public)
    with pytest.raises(MalformedError, match="point of small order"):
        VerifierKey.parse(spelled(algorithm, public))


@pytest.mark.parametrize("public", [*SECOND, *SIGNED_ZERO], ids=bytes.hex)
def test_a_key_in_a_second_encoding_is_refused(public: bytes) -> None:
    with pytest.raises(MalformedError, match=r"point of small order|second encoding"):
        VerifierKey.parse(spelled(ED25519, public))


@pytest.mark.parametrize("secret", [1, 2, 3, 8, ORDER - 1])
def test_a_multiple_of_the_generator_is_a_key(secret: int) -> None:
    public = encoded(times(secret, GENERATOR))

    assert VerifierKey.parse(spelled(ED25519, public)).public == public
