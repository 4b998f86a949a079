"""A witness that swallows packets: waited for a few times, then asked beside the epochs."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from kit import house as kit
from kit.cosigned import DEADLINE_S, epoch, opened, stand
from kit.fake_witness import FakeWitness, witness_at_work
from kit.watching import Stranger
from tallystick.access.tenants import Tenant
from tallystick.wiring import House

PATIENCE = 3
WAIT_S = 20


class Silence:
    """What a witness does that takes a request and says nothing, until it is told to speak."""

    def __init__(self, witness: FakeWitness) -> None:
        self.over = Event()
        self.asked = 0
        witness.lie = self

    def __call__(self, _handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        """Hold a request; tell that nothing else is to be answered."""
        self.asked += 1
        return not self.over.is_set() and not self.over.wait(2 * DEADLINE_S)


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def honest(ends: ExitStack) -> FakeWitness:
    return ends.enter_context(witness_at_work("honest.example"))


def deployment(ends: ExitStack, folder: Path, *witnesses: str) -> tuple[House, Tenant]:
    """Open a deployment for which any one of these witnesses is enough."""
    names = [line.split()[0] for line in witnesses]
    policy = folder / "policy"
    lines = [f"witness {line}" for line in witnesses]
    lines += [f"group all 1 {' '.join(names)}", "quorum all", ""]
    policy.write_text("\n".join(lines))
    house = kit.new_house(folder / "data")
    tenant = kit.new_tenant(house)
    house.close()
    house = opened(folder / "data", policy)
    ends.callback(house.close)
    return house, tenant


def timed(house: House, tenant: Tenant, number: int) -> float:
    started = monotonic()
    epoch(house, tenant, number)
    return monotonic() - started


def test_an_epoch_is_not_delayed_by_a_witness_that_is_known_as_silent(
    ends: ExitStack, tmp_path: Path, honest: FakeWitness
) -> None:
    deaf = ends.enter_context(socket.create_server(("127.0.0.1", 0)))
    silent = f"silent {Stranger('silent.example').vkey} http://127.0.0.1:{deaf.getsockname()[1]}"
    house, tenant = deployment(ends, tmp_path, silent, f"honest {honest.vkey} {honest.url}")

    waited = [timed(house, tenant, number) for number in range(PATIENCE)]
    after = [timed(house, tenant, number) for number in range(PATIENCE, PATIENCE + 5)]

    assert min(waited) >= DEADLINE_S
    # Were the silent one waited for, every epoch would take that long; a busy machine slows some.
    assert min(after) < DEADLINE_S
    standing = stand(house)
    assert standing.quorum
    assert standing.problems["honest"] == ""
    assert "asked beside the epochs" in standing.problems["silent"]


def test_a_silent_witness_that_answers_again_is_waited_for_again(
    ends: ExitStack, tmp_path: Path, honest: FakeWitness
) -> None:
    silence = Silence(honest)
    house, tenant = deployment(ends, tmp_path, f"honest {honest.vkey} {honest.url}")
    for number in range(PATIENCE):
        timed(house, tenant, number)
    asked = silence.asked
    undelayed = [timed(house, tenant, number) for number in range(PATIENCE, PATIENCE + 3)]
    assert min(undelayed) < DEADLINE_S

    silence.over.set()

    until, number = monotonic() + WAIT_S, PATIENCE + 3
    while not stand(house).quorum and monotonic() < until:
        timed(house, tenant, number)
        number += 1
        sleep(0.2)
    assert stand(house).problems == {"honest": ""}
    assert silence.asked > asked


def test_an_answer_in_between_begins_the_count_anew(
    ends: ExitStack, tmp_path: Path, honest: FakeWitness
) -> None:
    house, tenant = deployment(ends, tmp_path, f"honest {honest.vkey} {honest.url}")
    number = 0
    for _ in range(2):
        silence = Silence(honest)
        for _ in range(PATIENCE - 1):
            number += 1
            assert timed(house, tenant, number) >= DEADLINE_S
        silence.over.set()
        sleep(0.1)
        number += 1
        timed(house, tenant, number)
        assert stand(house).quorum
