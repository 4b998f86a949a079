from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from tallystick.cli.generated_attack import ADDRESS, START_S
from tallystick.cli.generated_day import EVENTS, generate_day, generated_day
from tallystick.events.packs import PACKS
from tallystick.events.parsing import parse_event

DAY = date(2026, 11, 23)
MADE = list(generate_day(7, DAY))


def attack() -> list[Mapping[str, Any]]:
    """What came from the attacker's address."""
    return [event for _, event in MADE if event["context"].get("ip") == ADDRESS]


def test_every_event_is_one() -> None:
    for _, event in MADE:
        parse_event(event)

    assert len(MADE) == EVENTS


def test_the_same_seed_and_day_make_the_same_events() -> None:
    assert list(generate_day(7, DAY)) == MADE


@pytest.mark.parametrize(("seed", "day"), [(8, DAY), (7, date(2026, 11, 22))])
def test_another_seed_or_day_makes_other_events(seed: int, day: date) -> None:
    ids = {event["id"] for _, event in generate_day(seed, day)}

    assert ids.isdisjoint(event["id"] for _, event in MADE)


@pytest.mark.parametrize("count", [0, 1, 10, 126, 300])
def test_a_day_may_be_smaller(count: int) -> None:
    made = list(generate_day(7, DAY, count))

    assert len(made) == count
    assert len({event["id"] for _, event in made}) == count


def test_the_events_lie_in_order_within_the_day() -> None:
    moments = [event["occurred_at"] for _, event in MADE]

    assert all(one <= next_one for one, next_one in pairwise(moments))
    assert {moment[:10] for moment in moments} == {DAY.isoformat()}


def test_every_action_is_declared_in_a_pack() -> None:
    declared = {entry.action for pack in PACKS.values() for entry in pack}

    assert {event["action"] for _, event in MADE} <= declared


def test_there_are_three_tenants_and_acme_comes_first() -> None:
    tenants = Counter(tenant for tenant, _ in MADE)

    assert MADE[0][0] == "acme"
    assert set(tenants) == {"acme", "globex", "initech"}
    assert min(tenants.values()) > EVENTS / 10


def test_people_work_by_day_and_jobs_by_night() -> None:
    hours = Counter(
        event["occurred_at"][11:13]
        for tenant, event in MADE
        if tenant == "acme" and event["actor"]["type"] == "user"
    )

    assert hours["09"] > 20 * max(hours["02"], 1)
    assert MADE[0][1]["actor"]["type"] == "service"


def test_the_ordinary_day_holds_everything_that_an_audit_log_should_tell_apart() -> None:
    events = [event for _, event in MADE if event["context"].get("ip") != ADDRESS]
    delegations = {one["kind"] for event in events for one in event.get("delegation", [])}

    assert {event["actor"]["type"] for event in events} == {"user", "service", "agent", "anonymous"}
    assert delegations == {"agent", "impersonation"}
    assert all(
        "id" not in event["actor"] for event in events if event["action"] == "session.refused"
    )


def test_nobody_else_uses_the_attacker_s_address_and_he_attacks_acme_alone() -> None:
    tenants = {tenant for tenant, event in MADE if event["context"].get("ip") == ADDRESS}
    start = datetime.fromisoformat(attack()[0]["occurred_at"])

    assert tenants == {"acme"}
    assert 0 <= (start - datetime(2026, 11, 23, tzinfo=UTC)).total_seconds() - START_S < 60


def test_the_attack_sprays_enters_makes_a_key_exports_deletes_and_is_denied_the_log() -> None:
    steps: list[tuple[str, str]] = []
    for event in attack():
        step = (event["action"], event["outcome"])
        if not steps or steps[-1] != step:
            steps.append(step)

    assert steps == [
        ("session.refused", "failure"),
        ("session.started", "success"),
        ("api_key.created", "success"),
        ("data.exported", "success"),
        ("document.deleted", "success"),
        ("setting.updated", "denied"),
        ("session.ended", "success"),
    ]


def test_the_spraying_tries_several_people_and_the_deletion_is_a_burst() -> None:
    sprayed = [event for event in attack() if event["action"] == "session.refused"]
    deleted = [event["occurred_at"] for event in attack() if event["action"] == "document.deleted"]
    first, last = (datetime.fromisoformat(moment) for moment in (deleted[0], deleted[-1]))

    assert len({event["actor"]["email"] for event in sprayed}) >= 10
    assert len(deleted) >= 50
    assert (last - first).total_seconds() < 120


def test_the_demo_s_day_is_yesterday_and_every_event_names_its_tenant() -> None:
    now = int(datetime(2026, 11, 24, 0, 5, tzinfo=UTC).timestamp()) * 1_000_000

    made = list(generated_day(now))

    assert [(event.pop("tenant"), event) for event in made] == MADE
