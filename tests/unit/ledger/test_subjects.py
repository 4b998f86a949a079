"""Refs are random, but those drawn one after another begin alike."""

from hashlib import sha256
from itertools import groupby
from typing import cast

from tallystick.ledger.ports import KeyKeeper
from tallystick.ledger.subjects import BLOCK_EVENTS, TenantSubjects


class Draws:
    """Entropy whose every draw differs from all others, and begins differently."""

    def __init__(self) -> None:
        self.made = 0

    def draw(self, size: int) -> bytes:
        """Return the next bytes."""
        self.made += 1
        return sha256(b"%d" % self.made).digest().ljust(size, b".")[:size]


def refs(subjects: TenantSubjects, count: int) -> list[bytes]:
    """The refs of so many blocks, each drawn for itself."""
    return [subjects.block(BLOCK_EVENTS).ref for _ in range(count)]


def a_door(entropy: Draws, tenant: int) -> TenantSubjects:
    """What a new door knows of a tenant."""
    return TenantSubjects(tenant, cast("KeyKeeper", None), entropy)


def test_runs_of_256_refs_share_their_first_four_bytes_and_no_more() -> None:
    drawn = refs(a_door(Draws(), 1), 600)

    runs = [list(run) for _, run in groupby(drawn, key=lambda ref: ref[:4])]
    assert [len(run) for run in runs] == [256, 256, 88]
    assert {len(ref) for ref in drawn} == {16}
    assert len({ref[4:] for ref in drawn}) == 600


def test_each_door_and_each_tenant_has_runs_of_its_own() -> None:
    entropy = Draws()
    doors = [a_door(entropy, 1), a_door(entropy, 1), a_door(entropy, 2)]

    assert len({refs(door, 9)[0][:4] for door in doors}) == 3
