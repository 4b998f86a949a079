"""Whatever two histories are submitted in whatever order, one of them is cosigned."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.fake_log import FakeLog
from kit.rfc6962 import mth
from kit.witness import made_witness

SIZE = 9
sizes = st.integers(0, SIZE)
submissions = st.lists(st.tuples(st.integers(0, 1), sizes, sizes), min_size=1, max_size=12)


def expected(
    records: list[bytes], old: int, new: int, known: tuple[int, bytes]
) -> tuple[int, str | None]:
    """What c2sp.org/tlog-witness says of an honest proof of ``records`` from old to new."""
    size, root = known
    if old > new:
        return 400, None
    if old != size:
        return 409, f"{size}\n"
    return (200 if old == 0 or mth(records[:old]) == root else 422), None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, SIZE), submissions)
def test_every_answer_is_the_specifications(common: int, drawn: list[tuple[int, int, int]]) -> None:
    histories = [
        [b"%d of both" % at if at < common else b"%d of %d" % (at, number) for at in range(SIZE)]
        for number in range(2)
    ]
    logs = [FakeLog(records=records) for records in histories]
    known = (0, mth([]))
    with TemporaryDirectory() as folder:
        witness = made_witness(Path(folder), logs[0], now=lambda: 1)
        for number, old, new in drawn:
            want, body = expected(histories[number], old, new, known)

            answer = witness.add_checkpoint(logs[number].submission(old, new))

            assert answer.status == want
            assert body is None or answer.body == body
            if want == 200:
                known = (new, mth(histories[number][:new]))
