"""What ``fsck`` says of an entry's values, the short way and the reader's long way."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import house as kit
from kit.events import reference_event
from tallystick.errors import TallystickError
from tallystick.events.commitment import commit, derive_salt
from tallystick.events.framing import prefixed
from tallystick.events.identity import id_text
from tallystick.ledger.entry_check import EntryCheck
from tallystick.ledger.ports import Entry, Log, Snapshot
from tallystick.ledger.subject_check import SubjectCheck
from tallystick.ledger.subjects import Subject
from tallystick.tlog.hashing import leaf_hash
from tallystick.wiring import House

EMAIL = "/actor/email"
NAME = "/actor/name"
OBJECT = '{"/actor/email":"a@example.com"}'


@dataclass
class Bench:
    """One recorded entry, what checks it, and the subject whose values it holds."""

    house: House
    snapshot: Snapshot
    log: Log
    entry: Entry
    check: EntryCheck
    subject: Subject
    other: Subject

    def told(self, entry: Entry) -> int | str:
        """Say what the check makes of an entry: the number of its values, or what is wrong."""
        try:
            return self.check.open(entry, entry.leaf or b"")
        except TallystickError as error:
            return str(error)

    def told_by_the_reader(self, entry: Entry) -> int | str:
        """Say what checking and opening it step by step make of it."""
        try:
            self.check.check(entry, entry.leaf or b"")
            return len(self.house.ledger.reader.open(self.snapshot, self.log, entry).values)
        except TallystickError as error:
            return str(error)

    def commitment(self, subject: Subject, path: str, value: object) -> str:
        """Commit to a value as the specification says."""
        origin = self.house.ledger.logs.origin(self.log)
        salt = derive_salt(subject.key, origin, self.entry.event_id, path)
        text = json.dumps(value, separators=(",", ":")).encode()
        return b64encode(commit(salt, path, text)).decode()

    def section(self, subject: Subject, slot: int, text: str, nonce: int = 1) -> bytes:
        """Seal a section with whatever text."""
        identity = prefixed(self.house.ledger.logs.origin(self.log).encode())
        identity += prefixed(self.entry.event_id)
        return subject.cipher.seal(identity, slot, bytes([nonce]) * 12, text.encode())

    def crafted(
        self,
        sealed: Mapping[str, object] | str,
        disclosure: bytes,
        subjects: tuple[Subject, ...] = (),
        **clear: object,
    ) -> Entry:
        """Write an entry as somebody could who holds the keys; ``sealed`` may be raw JSON."""
        refs = [subject.ref_text for subject in subjects or (self.subject,)]
        members = {"action": "a.b", "class": "standard", **clear, "sealed": "SEALED"}
        members |= {"id": id_text(self.entry.event_id), "subject_refs": refs, "v": 1}
        raw = sealed if isinstance(sealed, str) else json.dumps(sealed, separators=(",", ":"))
        text = json.dumps(members, separators=(",", ":")).replace('"SEALED"', raw)
        leaf = text.encode()
        return self.entry._replace(leaf=leaf, leaf_hash=leaf_hash(leaf), disclosure=disclosure)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder: Path = tmp_path_factory.mktemp("entries")
    house = kit.new_house(folder / "data")
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, *(reference_event(number) for number in range(2)))
    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.stream(snapshot, tenant.number, "audit")
        first, second = snapshot.entries(log.slot, 0, 2)
        subjects = SubjectCheck(house.ledger, snapshot, tenant.number, keep_keys=True)
        assert not list(subjects.check_rows())
        check = EntryCheck(house.ledger, snapshot, log, subjects)
        people = [
            subjects.opener(json.loads(entry.leaf or b"")["subject_refs"][0], entry.event_id)
            for entry in (first, second)
        ]
        assert people[0] is not None
        assert people[1] is not None
        yield Bench(house, snapshot, log, first, check, people[0], people[1])
    house.close()


def test_an_ordinary_entry_needs_no_reader(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    long_way = bench.told_by_the_reader(bench.entry)
    monkeypatch.setattr(bench.house.ledger.reader, "open", lambda *_: pytest.fail("asked"))

    assert bench.told(bench.entry) == long_way
    assert long_way == len(json.loads(bench.entry.leaf or b"")["sealed"])


def test_an_entry_made_by_the_specification_opens(bench: Bench) -> None:
    sealed = {EMAIL: [0, bench.commitment(bench.subject, EMAIL, "a@example.com")]}
    text = '["a@example.com"]'
    entry = bench.crafted(sealed, bench.section(bench.subject, 0, text), actor={"type": "user"})

    assert bench.told(entry) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_a_changed_byte_is_told_as_the_reader_tells_it(bench: Bench, data: st.DataObject) -> None:
    leaf, disclosure = bench.entry.leaf or b"", bench.entry.disclosure or b""
    rows = bytearray(leaf + disclosure)
    position = data.draw(st.integers(0, len(rows) - 1))
    rows[position] ^= data.draw(st.integers(1, 255))
    changed = bytes(rows)
    entry = bench.entry._replace(leaf=changed[: len(leaf)], disclosure=changed[len(leaf) :])

    assert bench.told(entry) == bench.told_by_the_reader(entry)


def _a(bench: Bench, value: object = "a@example.com") -> str:
    return bench.commitment(bench.subject, EMAIL, value)


def _sections(bench: Bench, *texts: str) -> bytes:
    return b"".join(bench.section(bench.subject, 0, text, n) for n, text in enumerate(texts, 1))


CRAFTED: dict[str, tuple[Callable[[Bench], Entry], str]] = {
    "one slot in two sections": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)], NAME: [0, b.commitment(b.subject, NAME, "Ada")]},
            _sections(b, '["a@example.com"]', '["Ada"]'),
            actor={"type": "user"},
        ),
        "values, the entry commits to",
    ),
    "a path in two people's sections": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)], NAME: [1, b.commitment(b.other, NAME, "Ada")]},
            b.section(b.subject, 0, '["a@example.com","Eve"]') + b.section(b.other, 1, '["Ada"]'),
            (b.subject, b.other),
            actor={"type": "user"},
        ),
        "values, the entry commits to",
    ),
    "a value left over": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)]},
            _sections(b, '["a@example.com","Ada"]'),
            actor={"type": "user"},
        ),
        "values, the entry commits to",
    ),
    "a commitment left over": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)], NAME: [0, b.commitment(b.subject, NAME, "Ada")]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "values, the entry commits to",
    ),
    "another value": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)]},
            _sections(b, '["b@example.com"]'),
            actor={"type": "user"},
        ),
        "not the one committed",
    ),
    "a slot that is false": (
        lambda b: b.crafted(
            {EMAIL: [False, _a(b)]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "want .slot, commitment.",
    ),
    "a slot that is a double": (
        lambda b: b.crafted(
            {EMAIL: [0.0, _a(b)]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "want .slot, commitment.",
    ),
    "a commitment twice": (
        lambda b: b.crafted(
            f'{{"{EMAIL}":[0,"{_a(b)}"],"{EMAIL}":[0,"{_a(b)}"]}}',
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "two members",
    ),
    "an object of values": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)]},
            _sections(b, OBJECT),
            actor={"type": "user"},
        ),
        "no list of values",
    ),
    "a commitment in another spelling": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b) + "\n"]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "not the one committed",
    ),
    "a commitment that is no base64": (
        lambda b: b.crafted(
            {EMAIL: [0, "!" + _a(b)[1:]]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
        ),
        "not the one committed",
    ),
    "a path through a scalar": (
        lambda b: b.crafted(
            {"/action/x": [0, b.commitment(b.subject, "/action/x", 1)]},
            _sections(b, "[1]"),
        ),
        "leads into no object",
    ),
    "a path through a value that was sealed before it": (
        lambda b: b.crafted(
            {
                "/x": [0, b.commitment(b.subject, "/x", 1)],
                "/x/y": [0, b.commitment(b.subject, "/x/y", 2)],
            },
            _sections(b, "[1,2]"),
        ),
        "leads into no object",
    ),
    "nested too deep": (
        lambda b: b.crafted(
            {EMAIL: [0, _a(b)]},
            _sections(b, '["a@example.com"]'),
            actor={"type": "user"},
            metadata=json.loads("[" * 65 + "]" * 65),
        ),
        "nested deeper than 64",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_an_entry_is_not_passed_that_holds(bench: Bench, name: str) -> None:
    craft, why = CRAFTED[name]
    entry = craft(bench)

    told = bench.told(entry)

    assert re.search(why, str(told))
    assert told == bench.told_by_the_reader(entry)
