"""Sealing is undone by opening, and by nothing that was changed."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.backup import KEY, SEALED_PIECE, opened_by_hand
from tallystick.drivers.sealed import SealedReader, SealedWriter
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import TallystickError

PIECE = 65_536
WRITES = st.lists(
    st.one_of(st.binary(max_size=50), st.integers(0, 2 * PIECE + 7).map(lambda n: b"\x07" * n)),
    max_size=5,
)


def sealed(writes: list[bytes]) -> bytes:
    file = BytesIO()
    writer = SealedWriter(file, KEY.recipient, SystemEntropy())
    for data in writes:
        writer.write(data)
    writer.finish()
    return file.getvalue()


def opened(data: bytes, sizes: list[int]) -> bytes:
    reader = SealedReader(BytesIO(data), KEY)
    out, turn = b"", 0
    while piece := reader.read(sizes[turn % len(sizes)]):
        assert len(piece) <= sizes[turn % len(sizes)]
        out, turn = out + piece, turn + 1
    return out


@given(WRITES, st.lists(st.integers(1_000, 200_000), min_size=1, max_size=3))
def test_however_it_is_written_and_read_the_bytes_are_the_same(
    writes: list[bytes], sizes: list[int]
) -> None:
    file = sealed(writes)

    assert opened(file, sizes) == b"".join(writes)
    assert opened_by_hand(file, secret=KEY.secret) == b"".join(writes)


FILE = sealed([bytes(n % 256 for n in range(2 * PIECE + 100))])


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, change: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= change

    with pytest.raises(TallystickError):
        opened(bytes(changed), [PIECE])


@given(st.integers(0, len(FILE) - 1), st.integers(1, 3 * SEALED_PIECE))
def test_nothing_can_be_cut_out_anywhere(start: int, length: int) -> None:
    with pytest.raises(TallystickError):
        opened(FILE[:start] + FILE[start + length :], [PIECE])


@given(st.integers(0, len(FILE)), st.binary(min_size=1, max_size=100))
def test_nothing_can_be_put_in_anywhere(place: int, more: bytes) -> None:
    with pytest.raises(TallystickError):
        opened(FILE[:place] + more + FILE[place:], [PIECE])
