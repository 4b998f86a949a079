"""Whatever stops an export while it is made, the same bytes come of it, or none."""

from collections.abc import Callable, Iterator

import pytest

from kit import house as kit
from kit.clocks import SteppingClock
from kit.engine import running_engine
from kit.exported import rows
from kit.made_exports import EVENTS_SENT, CrashError, Made
from tallystick.access.erasing import erase
from tallystick.access.tenants import Tenant
from tallystick.drivers.export_files import ExportFolder
from tallystick.errors import PushbackError, VerificationError
from tallystick.search import errands, export_rows, exports
from tallystick.search.duty import Duty
from tallystick.search.exporting import REMEMBERED_US, Exporter
from tallystick.search.follow import EventsFollower
from tallystick.search.plan import FOLLOWER, park
from tallystick.search.table import EVENTS, STATEMENTS, Table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder, clock = tmp_path_factory.mktemp("made"), SteppingClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tallystick.wiring.SystemClock", lambda: clock)
        house = kit.new_house(folder / "data")
    with running_engine(folder / "engine") as engine:
        yield Made(house, clock, engine, Duty(house.ledger, engine.driver))
    house.close()


POINTS = (
    *("before a piece", "amid a piece", "after a piece"),
    *("before it is told", "after it is told"),
)


@pytest.mark.parametrize(
    ("point", "form"), [*((point, "ndjson") for point in POINTS), ("amid a piece", "csv")]
)
def test_a_process_that_dies_leaves_the_same_bytes(made: Made, point: str, form: str) -> None:
    tenant = made.tenant()
    made.follow()
    whole = made.ask(tenant, format=form, q="number")
    made.finish(whole)
    killed = made.ask(tenant, format=form, q="number")
    deaths, told = 0, list[str]()

    while made.look(killed).is_open:
        exporter = made.exporter(point, told)
        try:
            while exporter.turn():
                pass
        except CrashError:
            deaths += 1

    assert deaths > 0
    assert made.fetch(killed) == made.fetch(whole)
    assert made.look(killed).size == len(made.fetch(whole))
    assert killed in told


def test_an_export_is_the_same_however_it_is_cut_into_pieces(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = made.tenant()
    made.follow()
    few, many, large = (made.ask(tenant) for _ in range(3))
    made.finish(few, size=1_000)
    made.finish(many, size=7)
    monkeypatch.setattr(export_rows, "_MUCH", 5_000)
    made.finish(large)

    assert made.fetch(few) == made.fetch(many) == made.fetch(large)
    assert [row["index"] for row in rows(made.fetch(few))] == list(range(EVENTS_SENT))


def test_a_sparse_filter_finds_the_same_as_a_plain_one(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    name = made.ask(tenant, q='message:"number 3" OR message:"number 229" OR message:"number 77"')
    made.finish(name, size=4)

    assert [row["index"] for row in rows(made.fetch(name))] == [3, 77, 229]


def test_the_engine_is_killed_amid_an_export(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    whole = made.ask(tenant)
    made.finish(whole)
    killed = made.ask(tenant)
    exporter = made.exporter()
    deaths = 0
    while made.look(killed).is_open:
        if made.look(killed).passed and not deaths:
            made.engine.kill()
        try:
            exporter.turn()
        except PushbackError:
            deaths += 1
            made.engine.start()

    assert deaths > 0
    assert made.fetch(killed) == made.fetch(whole)


def half_way(made: Made, name: str) -> Exporter:
    exporter = made.exporter()
    while not made.look(name).passed:
        assert exporter.turn()
    assert made.look(name).is_open
    return exporter


def test_an_erasure_amid_an_export_ends_it_at_once(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    name = made.ask(tenant)
    exporter = half_way(made, name)

    erase(made.house.ledger, tenant.number, "u1", "asked", "cli")

    assert made.look(name).state == "erased"
    exporter.turn()
    with made.house.ledger.drivers.store.read() as snapshot:
        stored = exports.find(snapshot, name)
        assert exports.pieces(snapshot, name, 0, 9) == []
    assert stored is not None
    assert (stored.wrapped, stored.question, stored.manifest) == (None, None, None)
    assert not (made.folder / name).exists()


def test_none_begins_while_rows_are_hidden(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    erase(made.house.ledger, tenant.number, "u1", "asked", "cli")
    name = made.ask(tenant)
    follower = EventsFollower(made.house.ledger, Table(made.engine.driver, EVENTS))
    while follower.step():  # it takes the erasure over, and nobody scrubs
        pass

    made.exporter().turn()
    assert made.look(name).state == "waiting"

    made.follow()
    made.finish(name)
    found = rows(made.fetch(name))
    assert len(found) == EVENTS_SENT + 1
    assert [row for row in found if row.get("actor", {}).get("id") == "u1"] == []


def test_none_begins_before_the_index_has_what_it_asks_for(made: Made) -> None:
    tenant = made.tenant()
    name = made.ask(tenant)

    made.exporter().turn()
    assert made.look(name).state == "waiting"

    made.follow()
    made.finish(name)
    assert len(rows(made.fetch(name))) == EVENTS_SENT


def again_from_nothing(made: Made) -> None:
    with made.house.ledger.drivers.store.write() as tx:
        errands.ask(tx, "rebuild")


def lost_rows(made: Made) -> None:
    made.engine.driver.execute(f"TRUNCATE TABLE {EVENTS}", {})
    made.duty.begin_again()


@pytest.mark.parametrize("change", [again_from_nothing, lost_rows])
def test_an_index_that_is_made_anew_changes_nothing(
    made: Made, change: Callable[[Made], None]
) -> None:
    tenant = made.tenant()
    made.follow()
    whole = made.ask(tenant)
    made.finish(whole)
    name = made.ask(tenant)
    exporter = half_way(made, name)

    change(made)
    made.duty.turn()
    while made.look(name).is_open:
        exporter.turn()
        made.duty.turn()

    assert made.fetch(name) == made.fetch(whole)


def take_out(made: Made, tenant: Tenant, index: int) -> int:
    with made.house.ledger.drivers.store.read() as snapshot:
        slot = made.house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
    bound = {"table": EVENTS, "slot": slot, "indexes": [index]}
    made.engine.driver.execute(STATEMENTS["drop_entries"], bound)
    return slot


def test_an_entry_that_the_index_passed_by_has_a_row_that_says_so(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    slot = take_out(made, tenant, 50)
    with made.house.ledger.drivers.store.write() as tx:
        park(tx, FOLLOWER, slot, {50: "pruned"})
    whole, filtered = made.ask(tenant), made.ask(tenant, q="number")
    made.finish(whole, filtered)

    found = rows(made.fetch(whole))
    with made.house.ledger.drivers.store.read() as snapshot:
        (leaf_hash,) = snapshot.leaf_hashes(slot, 50, 51)
    assert [row["index"] for row in found] == list(range(EVENTS_SENT))
    assert {name: found[50][name] for name in ("absent", "leaf_hash")} == {
        "absent": True,
        "leaf_hash": leaf_hash.hex(),
    }
    assert "action" not in found[50]
    assert made.look(whole).progress.logs[0].absent == 1
    assert len(rows(made.fetch(filtered))) == EVENTS_SENT - 1


def test_a_row_that_is_missing_for_no_reason_stops_it(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    take_out(made, tenant, 3)
    name = made.ask(tenant)

    with pytest.raises(PushbackError, match="the index lacks entries"):
        made.exporter().turn()

    assert (made.look(name).passed, made.look(name).size) == (0, 0)
    with made.house.ledger.drivers.store.write() as tx:
        exports.drop(tx, made.look(name))
    made.duty.begin_again()
    made.follow()


def test_what_has_expired_goes_and_is_forgotten_after_a_week(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    name = made.ask(tenant, expires_in_s=60)
    made.finish(name)
    assert (made.folder / name).exists()

    made.clock.time += 60_000_000
    assert made.look(name).state == "expired"
    made.exporter().turn()
    assert not (made.folder / name).exists()
    assert not made.look(name).has_key

    made.clock.time += REMEMBERED_US
    made.exporter().turn()
    with made.house.ledger.drivers.store.read() as snapshot:
        assert exports.find(snapshot, name) is None


def test_a_file_of_nobody_goes(made: Made) -> None:
    ExportFolder(made.folder).put("f" * 32, 0, b"left by a data folder that was put back")

    made.exporter().turn()

    assert not (made.folder / ("f" * 32)).exists()


@pytest.mark.parametrize("is_done", [False, True])
def test_an_export_whose_file_is_gone_has_failed(made: Made, is_done: bool) -> None:
    tenant = made.tenant()
    made.follow()
    name = made.ask(tenant)
    exporter = half_way(made, name)
    if is_done:
        made.finish(name)
    (made.folder / name).unlink()

    exporter.turn()

    assert made.look(name).state == "failed"
    assert not made.look(name).has_key


def test_a_changed_piece_is_not_handed_out(made: Made) -> None:
    tenant = made.tenant()
    made.follow()
    name = made.ask(tenant)
    made.finish(name)
    path = made.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(VerificationError, match=r"piece \d was changed"):
        made.fetch(name)
