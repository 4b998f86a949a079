from hypothesis import assume, given
from hypothesis import strategies as st

from tallystick.events.commitment import commit, derive_salt

salts = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16)
paths = st.text(st.characters(codec="utf-8"), max_size=12)
openings = st.tuples(salts, paths, st.binary(max_size=12))
origins = st.tuples(keys, paths, ids, paths)


@given(openings, openings)
def test_different_openings_have_different_commitments(
    one: tuple[bytes, str, bytes], other: tuple[bytes, str, bytes]
) -> None:
    assume(one != other)

    assert commit(*one) != commit(*other)


@given(salts, paths, st.binary(min_size=1, max_size=12), st.integers(0, 12))
def test_no_part_of_a_value_can_move_into_the_path(
    salt: bytes, path: str, value: bytes, cut: int
) -> None:
    moved = value[:cut].decode("latin-1")
    assume(moved)

    assert commit(salt, path + moved, value[cut:]) != commit(salt, path, value)


@given(origins, origins, st.integers(0, 3))
def test_a_salt_changes_with_each_of_its_parts(
    one: tuple[object, ...], other: tuple[object, ...], which: int
) -> None:
    assume(one[which] != other[which])
    changed = [*one]
    changed[which] = other[which]

    assert derive_salt(*changed) != derive_salt(*one)  # type: ignore[arg-type]
