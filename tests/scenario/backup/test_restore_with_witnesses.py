"""Restoring with witnesses asked: a lock file that went back with the store is found."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256

import pytest

from kit.backup import Site, left, note_of, put_back
from kit.fake_witness import FakeWitness, witness_at_work
from tallystick.cli.exit_codes import UnreachableError
from tallystick.drivers.witness_http import HttpWitnesses
from tallystick.errors import VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import sign_note

SUPER = "audit.example/super"


@pytest.fixture
def witness(site: Site) -> Iterator[FakeWitness]:
    """A witness that has seen nothing yet."""
    with ExitStack() as stack:
        yield stack.enter_context(witness_at_work("w1.example"))


def shows(witness: FakeWitness, note: str) -> HttpWitnesses:
    """Let a witness know a checkpoint; return how to ask it."""
    size, root = note_of(note)
    witness.seen[SUPER] = (size, root, note)
    return asked(witness)


def asked(witness: FakeWitness) -> HttpWitnesses:
    return HttpWitnesses({"w1": witness.url}, 5)


def test_a_lock_file_that_went_back_too_is_found_by_a_witness(
    site: Site, witness: FakeWitness
) -> None:
    site.back_up()
    old_lock = site.folder / "old.note"
    shutil.copy(site.lock, old_lock)
    then, _ = note_of(site.lock.read_text())
    site.record(50)
    site.house.publisher.publish()
    witnesses = shows(witness, site.lock.read_text())

    with pytest.raises(
        VerificationError,
        match=rf"witness w1: .* has {then} records, but {then + 1} were signed.*newer backup",
    ):
        put_back(site.backup, site.into, old_lock, witnesses=witnesses)
    with pytest.raises(VerificationError, match=r"witness w1: .*rolled back"):
        put_back(site.backup, site.into, None, witnesses=witnesses)

    assert left(site) == {"old.note"}


def test_a_witness_that_has_seen_as_much_agrees(site: Site, witness: FakeWitness) -> None:
    site.back_up()

    restored = put_back(
        site.backup, site.into, site.lock, witnesses=shows(witness, site.lock.read_text())
    )

    assert [it for it in restored.warnings if "witness" in it] == []


def test_a_witness_that_has_seen_less_agrees(site: Site, witness: FakeWitness) -> None:
    witnesses = shows(witness, site.lock.read_text())
    site.record(50)
    site.house.publisher.publish()
    site.back_up()

    put_back(site.backup, site.into, site.lock, witnesses=witnesses)

    assert site.into.is_dir()


def test_a_witness_that_has_seen_another_history_refuses_it(
    site: Site, witness: FakeWitness
) -> None:
    site.back_up()
    size, root = note_of(site.lock.read_text())
    keeper = site.house.ledger.drivers.keeper
    body = Checkpoint(SUPER, size - 1, sha256(root).digest()).format()
    note = sign_note(body, SUPER, keeper.public_key, keeper.sign).format()

    with pytest.raises(VerificationError, match="witness w1: the super-log was changed"):
        put_back(site.backup, site.into, site.lock, witnesses=shows(witness, note))

    assert left(site) == set()


def test_what_this_deployment_did_not_sign_says_nothing(site: Site, witness: FakeWitness) -> None:
    site.back_up()
    forged = site.lock.read_text().replace("\n5\n", "\n500\n", 1)

    restored = put_back(site.backup, site.into, site.lock, witnesses=shows(witness, forged))

    assert any("witness w1 shows what is not ours" in it for it in restored.warnings)


def test_witnesses_that_cannot_be_asked_leave_it_undecided(site: Site) -> None:
    site.back_up()
    with witness_at_work("w1.example") as gone:
        url = gone.url

    with pytest.raises(UnreachableError, match="none can be asked"):
        put_back(site.backup, site.into, site.lock, witnesses=HttpWitnesses({"w1": url}, 2))

    assert left(site) == set()


def test_one_witness_that_can_be_asked_is_enough_and_the_other_is_named(
    site: Site, witness: FakeWitness
) -> None:
    site.back_up()
    with witness_at_work("w2.example") as gone:
        urls = {"w1": witness.url, "w2": gone.url}
    shows(witness, site.lock.read_text())

    restored = put_back(site.backup, site.into, site.lock, witnesses=HttpWitnesses(urls, 2))

    assert any("witness w2 was not asked" in it for it in restored.warnings)
