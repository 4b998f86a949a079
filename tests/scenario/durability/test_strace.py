"""No answer leaves the door before what it acknowledges is on disk, as the kernel was told it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kit.door import Door, Orders, admin_key, open_door
from kit.events import reference_event
from kit.house import new_house, new_tenant
from kit.syscalls import Story, read_calls, tracing, why_not

REASON = why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or "")

CLIENTS = 8


def one_after_the_other(door: Door, requests: int) -> None:
    for number in range(requests):
        post(door, number)


def eight_at_a_time(door: Door, requests: int) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        for answered in [clients.submit(post, door, number) for number in range(requests)]:
            answered.result()


def post(door: Door, number: int) -> None:
    events = [{**reference_event(2 * number + more), "tenant": "acme"} for more in range(2)]
    answer = door.post(events)
    assert [it["status"] for it in answer.results] == ["recorded", "recorded"]


def traced(tmp_path: Path, send, requests: int, synchronous: str = "FULL") -> Story:  # noqa: ANN001
    """Run a door under strace while a client sends; tell what it did."""
    data, trace = tmp_path / "data", tmp_path / "trace"
    house = new_house(data)
    new_tenant(house)
    key = admin_key(house)
    house.close()
    with open_door(Orders(str(data), "", synchronous), key, tracing(trace)) as door:
        send(door, requests)
    story = Story(read_calls(trace), data, door.port)
    # What the rules are about did happen, and by calls that they know.
    assert len(story.answers()) == requests
    assert len({write.file for write in story.ledger_writes()}) == 2
    # The event loop's own ring registers descriptors with epoll; a second one could carry data.
    assert sum(call.name == "io_uring_setup" for call in story.calls) <= 1
    return story


def test_no_answer_leaves_while_anything_of_the_ledger_is_unsynced(tmp_path: Path) -> None:
    story = traced(tmp_path, one_after_the_other, 20)

    assert story.strict_violations() == []
    assert story.content_violations() == []
    assert story.folder_synced_before(story.answers()[0].start)


def test_among_eight_clients_no_event_is_acknowledged_before_its_own_bytes_are_synced(
    tmp_path: Path,
) -> None:
    story = traced(tmp_path, eight_at_a_time, 40)

    assert story.content_violations() == []


def test_the_same_rules_find_fault_with_synchronous_normal(tmp_path: Path) -> None:
    story = traced(tmp_path, one_after_the_other, 20, "NORMAL")

    assert {it.partition(":")[0] for it in story.strict_violations()} == {
        f"answer at line {answer.start}" for answer in story.answers()
    }
    assert len(story.content_violations()) == 40
