"""Whole values are looked up: few rows are read for one, and exactly its events are found."""

import pytest

from kit.engine import EngineProcess
from kit.searched import Event, Searched, columns, made_events
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.ports import Question
from tallystick.search.query import Equals, Filter, OneOf, Search

ALL = Sight(1, "tenant-1")
MASKED = Sight(1, "tenant-1", frozenset())
COUNT = 20_000
ODD: dict[int, tuple[str, object]] = {
    # A row far from the others: what is unlike in it.
    1_000: ("actor.id", "ends=with="),
    3_000: ("actor.id", "x" * 256),
    5_000: ("actor.id", "x" * 257),
    7_000: ("actor.id", "é" * 128),
    9_000: ("metadata", [("deep.er.most", "value"), ("flat", "other")]),
    11_000: ("metadata", [("deep", "er=value")]),
    13_000: ("metadata", [("deep=er", "value")]),
    15_000: ("targets.id", ["", "t=1", "t=2"]),
    17_000: ("action_words", ["made.up", "made", "up"]),
}


def made(number: int, event: Event) -> Event:
    """Make an event like no other in few things."""
    plain = {**event, "stream": "audit", "actor.id": f"only-{number}", "metadata": []}
    name, value = ODD.get(number, ("sealed", []))
    return {**plain, "sealed": [], name: value}


@pytest.fixture(scope="module")
def whole(running: EngineProcess) -> Searched:
    """Events in parts that no merging has made one of, each larger than a granule."""
    table = running.table("whole_values")
    events = [made(number, event) for number, event in enumerate(made_events(5, COUNT))]
    for start in range(0, COUNT, 10_000):
        running.driver.insert(table, columns(events[start : start + 10_000]), f"whole-{start}")
    return Searched(running.driver, table, events, [])


def asked(whole: Searched, node: Filter, sight: Sight = ALL) -> tuple[list[int], int]:
    """Return the numbers of the events that are found, and how many rows were read for them."""
    compiler = Compiler(Search(filter=node, limit=100), sight, whole.table)
    answer = whole.engine.ask(Question(*compiler.events()))
    counted = whole.engine.ask(Question(*compiler.total()))
    numbers = sorted(int(row[-1]) for row in answer.rows)
    assert counted.rows[0][0] == len(numbers)
    return numbers, max(answer.rows_read, counted.rows_read)


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (Equals("actor.id", "only-4321"), [4_321]),
        (Equals("actor.id", "ONLY-4321"), []),
        (Equals("actor.id", "only-432"), [432]),
        (OneOf("actor.id", ("only-1", "only-19999", "nobody")), [1, 19_999]),
        (Equals("actor.id", "ends=with="), [1_000]),
        (Equals("actor.id", "ends=with"), []),
        (Equals("actor.id", "x" * 256), [3_000]),
        (Equals("actor.id", "é" * 128), [7_000]),
        (Equals("metadata.deep.er.most", "value"), [9_000]),
        (Equals("metadata.deep.er", "value"), [9_000]),
        (Equals("metadata.deep", "value"), [9_000]),
        (Equals("metadata.deep", "er=value"), [11_000]),
        (Equals("metadata.flat", "value"), []),
        (Equals("targets.id", "t=1"), [15_000]),
        (Equals("action_words", "made.up"), [17_000]),
    ],
    ids=str,
)
def test_a_value_is_found_by_few_rows(whole: Searched, node: Filter, wanted: list[int]) -> None:
    numbers, read = asked(whole, node)
    assert numbers == wanted
    assert read < COUNT / 4


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (Equals("actor.id", "x" * 257), [5_000]),
        (Equals("metadata.deep=er", "value"), [13_000]),
    ],
    ids=["too long", "a name with ="],
)
def test_what_the_index_does_not_hold_is_found_as_well(
    whole: Searched, node: Filter, wanted: list[int]
) -> None:
    assert asked(whole, node)[0] == wanted


def test_what_is_masked_is_not_found_by_its_value(whole: Searched) -> None:
    assert asked(whole, Equals("actor.id", "only-4321"), MASKED)[0] == []
