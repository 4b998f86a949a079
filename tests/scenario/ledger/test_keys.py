"""API keys: what was granted is what is read back, and no refusal tells why."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import house as kit
from kit.forensics import traces
from tallystick.access.keys import Grant, authenticate, create_key, every_key, revoke_key
from tallystick.errors import ForbiddenError, MalformedError, NotFoundError
from tallystick.ledger.ports import Place
from tallystick.wiring import House

READ = Grant(frozenset({"read"}), None)
REFUSAL = "credential: unknown, want a valid API key"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = kit.new_house(tmp_path / "data")
    yield house
    house.close()


def entries(house: House, slot: int) -> list[dict[str, object]]:
    """Open every entry of a log."""
    with house.ledger.drivers.store.read() as snapshot:
        size = snapshot.head(slot).size
        reader = house.ledger.reader
        return [dict(reader.open_at(snapshot, Place(slot, n))[2].event) for n in range(size)]


grants = st.builds(
    Grant,
    scopes=st.sets(st.sampled_from(["ingest", "read", "admin"]), min_size=1).map(frozenset),
    tenants=st.none() | st.lists(st.integers(1, 10**6), min_size=1, max_size=5).map(tuple),
    creates_tenants=st.booleans(),
    events_per_minute=st.none() | st.integers(1, 2**53),
    bytes_per_minute=st.none() | st.integers(1, 2**53),
    expires_at=st.none() | st.integers(1, 2**53),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = kit.new_house(tmp_path_factory.mktemp("keys") / "data")
    yield house
    assert kit.fsck(house) == []
    house.close()


@given(grants, st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_what_a_key_was_granted_is_what_is_read_back(
    shared: House, grant: Grant, label: str
) -> None:
    made, text = create_key(shared.ledger, grant, label, "cli")

    with shared.ledger.drivers.store.read() as snapshot:
        found = authenticate(snapshot, text, 0)
    assert found == made
    assert found.grant == grant
    assert found.label == label


def test_a_key_is_kept_as_a_hash_alone(house: House) -> None:
    made, text = create_key(house.ledger, READ, "auditor", "cli")
    secret = text.rsplit("_", 1)[1]
    house.ledger.drivers.store.compact()

    (entry,) = entries(house, 0)
    assert len(secret) == 64
    assert text.startswith(f"tly_{made.key_id}_")
    assert secret not in repr(made) + repr(entry)
    assert entry["metadata"]["hash"] == sha256(text.encode()).hexdigest()  # type: ignore[index]
    assert traces(house.settings.data, [secret]) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text[:4] + ("0" if text[4] != "0" else "1") + text[5:],
        lambda text: text.upper(),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[4:],
        lambda text: text[:21],
        lambda _: "",
        lambda _: "tly_" + "0" * 16 + "_" + "0" * 64,
        lambda _: "\udc80" * 85,
        lambda text: text.replace("_", "\uff3f"),
    ],
)
def test_a_credential_that_is_none_is_refused(house: House, spoil: object) -> None:
    _, text = create_key(house.ledger, READ, "auditor", "cli")
    assert callable(spoil)

    with house.ledger.drivers.store.read() as snapshot:
        with pytest.raises(ForbiddenError) as refused:
            authenticate(snapshot, spoil(text), 0)
        assert authenticate(snapshot, text, 0).label == "auditor"

    assert str(refused.value) == REFUSAL


def test_a_key_expires_at_its_time_and_is_refused_as_an_unknown_one(house: House) -> None:
    grant = replace(READ, expires_at=1_000)
    made, text = create_key(house.ledger, grant, "auditor", "cli")

    with house.ledger.drivers.store.read() as snapshot:
        assert authenticate(snapshot, text, 999) == made
        for now in (1_000, 1_001):
            with pytest.raises(ForbiddenError) as refused:
                authenticate(snapshot, text, now)
            assert str(refused.value) == REFUSAL


def test_a_revoked_key_is_refused_as_an_unknown_one_and_an_entry_says_when(house: House) -> None:
    made, text = create_key(house.ledger, READ, "auditor", "cli")
    other, other_text = create_key(house.ledger, READ, "operator", "cli")
    revoke_key(house.ledger, made.key_id, other.key_id)

    with house.ledger.drivers.store.read() as snapshot:
        with pytest.raises(ForbiddenError) as refused:
            authenticate(snapshot, text, 0)
        assert authenticate(snapshot, other_text, 0) == other
        revoked = {key.key_id: key.revoked_at for key in every_key(snapshot)}
    (*_, entry) = entries(house, 0)
    assert str(refused.value) == REFUSAL
    assert entry["action"] == "key.revoked"
    assert entry["via"] == {"door": "ledger", "key_id": other.key_id}
    assert entry["targets"] == [{"type": "key", "id": made.key_id}]
    assert entry["metadata"] == {"revoked_at": revoked[made.key_id]}
    assert revoked[other.key_id] is None
    assert kit.fsck(house) == []


def test_a_key_is_revoked_once(house: House) -> None:
    made, _ = create_key(house.ledger, READ, "auditor", "cli")
    revoke_key(house.ledger, made.key_id, "cli")

    for unknown in (made.key_id, "0" * 16, "", "'; DROP TABLE api_key; --"):
        with pytest.raises(NotFoundError, match="unknown, or revoked already"):
            revoke_key(house.ledger, unknown, "cli")
    assert len(entries(house, 0)) == 2


@pytest.mark.parametrize(
    ("grant", "path"),
    [
        (Grant(frozenset(), None), "/scopes"),
        (Grant(frozenset({"read", "root"}), None), "/scopes"),
        (Grant(frozenset({"read:write"}), None), "/scopes"),
        (Grant(frozenset({"read"}), ()), "/tenants"),
        (replace(READ, events_per_minute=0), "/events_per_minute"),
        (replace(READ, bytes_per_minute=0), "/bytes_per_minute"),
        (replace(READ, events_per_minute=-5), "/events_per_minute"),
        (replace(READ, expires_at=0), "/expires_at"),
    ],
)
def test_a_grant_of_nothing_or_of_something_unknown_is_refused(
    house: House, grant: Grant, path: str
) -> None:
    with pytest.raises(MalformedError) as refused:
        create_key(house.ledger, grant, "auditor", "cli")

    assert refused.value.path == path
    assert entries(house, 0) == []
