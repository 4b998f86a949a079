"""Sealing, as laws: what goes in comes out, and nothing that was written freely stands in clear."""

from base64 import b64decode
from collections.abc import Callable
from hashlib import blake2b, sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.drivers.system import SystemEntropy
from tallystick.errors import MalformedError
from tallystick.events.canonical import decode, encode
from tallystick.events.catalogue import parse_entry
from tallystick.events.event import id_bytes
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.disclosure import sections
from tallystick.ledger.draft import Draft, part
from tallystick.ledger.leaf import MAX_LEAF, Via, stamp_of
from tallystick.ledger.opening import SERVER_FIELDS, open_entry
from tallystick.ledger.plan import MAX_SINGLE_CHANGES, Plan
from tallystick.ledger.sealing import Sealed, Sealer
from tallystick.ledger.subjects import Subject, event_key
from tallystick.ledger.template import Template, Templates

ORIGIN = "audit.example/t/7/" + "ab" * 16
ID = "0199e0aa-0000-7000-8def-000000000001"
BLOCK = Subject(b"B" * 16, b"K" * 32, None, stored=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)


class Chance:
    """A source of nonces that never repeats, for tests."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, size: int) -> bytes:
        """Return ``size`` bytes, other ones each time."""
        self.drawn += 1
        return self.drawn.to_bytes(8, "big") * (size // 8) + bytes(size % 8)


def canary(number: int) -> str:
    """A value that looks like a machine's token, so that only the rules keep it out."""
    return f"canary-{number:04d}"


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Events with something written into every field that takes free text."""
    count = iter(range(10_000))
    free = st.builds(lambda word: f"{canary(next(count))}{word}", st.just("") | WORDS)

    def maybe(value: st.SearchStrategy[object]) -> object:
        return draw(st.none() | value)

    def some(**members: object) -> dict[str, Any]:
        return {name: value for name, value in members.items() if value is not None}

    targets = [
        some(
            type=draw(free),
            id=maybe(free),
            name=maybe(free),
            role=maybe(st.sampled_from(["object", "recipient"])),
            subject=maybe(st.builds(lambda a, b: {"id": a, "name": b}, free, free)),
            metadata=maybe(st.dictionaries(free, free, max_size=2)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    changes = [
        some(
            path="/" + draw(free).replace("~", "~0").replace("/", "~1"),
            op=draw(st.sampled_from(["add", "remove", "replace"])),
            before=maybe(free),
            after=maybe(free | st.lists(free, max_size=2)),
            target=maybe(st.integers(0, len(targets) - 1)) if targets else None,
        )
        for _ in range(draw(st.sampled_from([0, 1, 2, MAX_SINGLE_CHANGES + 1])))
    ]
    delegation = [
        some(
            kind="impersonation",
            principal=some(type="user", id=maybe(free), name=maybe(free)),
            reason=maybe(free),
            grant_id=maybe(free),
            approved_by=maybe(free),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    return some(
        id=ID,
        action=draw(st.sampled_from(["secret_name.done", "canary.done"])),
        occurred_at="2026-11-24T02:45:00.123456Z",
        outcome=maybe(st.sampled_from(["success", "denied"])),
        actor=some(
            type=draw(st.sampled_from(["user", "service", "anonymous"])),
            id=maybe(free),
            name=maybe(free),
            email=maybe(free),
            roles=maybe(st.lists(free, min_size=1, max_size=2)),
            authenticated_by=maybe(free),
            home_tenant=maybe(free),
        ),
        targets=targets or None,
        changes=changes or None,
        delegation=delegation or None,
        context=some(
            user_agent=maybe(free),
            session_id=maybe(free),
            request_id=maybe(free),
            service=maybe(free),
            release=maybe(free),
            location=maybe(free),
            channel=maybe(st.just("ui")),
        )
        or None,
        reason=some(code=maybe(free), text=maybe(free)) or None,
        purpose=some(code=maybe(free), text=maybe(free), case_id=maybe(free)) or None,
        operation=maybe(st.builds(lambda a: {"id": a, "part": 1}, free)),
        source=maybe(st.builds(lambda a: {"id": a, "sequence": 3}, free)),
        agent=maybe(st.builds(lambda a, b: {"id": a, "tool": b}, free, free)),
        external_id=maybe(free),
        message=maybe(free),
        metadata=maybe(st.dictionaries(free, free | st.integers() | st.booleans(), max_size=3)),
    )


def seal(event: dict[str, Any], plan: Plan) -> tuple[bytes, bytes | None, dict[str, Subject]]:
    (draft,) = Templates(plan).draft([id_bytes(ID)], [event])
    sealed, people = seal_draft(draft)
    return sealed.leaf(stamp_of(1_795_512_000_000_000)), sealed.disclosure, people


def seal_draft(draft: Draft) -> tuple[Sealed, dict[str, Subject]]:
    people = {
        person: Subject(
            blake2b(person.encode(), digest_size=16).digest(),
            blake2b(person.encode(), digest_size=32).digest(),
            b"L" * 32,
            stored=True,
        )
        for person in draft.owners
        if person is not None
    }
    block = BLOCK if draft.layout.needs_event_key else None
    (sealed,) = Sealer(ORIGIN, Via("key", "native"), Chance()).seal([draft], people, block)
    if isinstance(sealed, MalformedError):
        raise sealed
    return sealed, people


def keys(people: dict[str, Subject]) -> Callable[[bytes, bytes], Subject | None]:
    refs = {subject.ref: subject for subject in people.values()}

    def opener(ref: bytes, event_id: bytes) -> Subject | None:
        if ref == BLOCK.ref:
            return Subject(ref, event_key(BLOCK.key, event_id), None, stored=True)
        return refs.get(ref)

    return opener


@given(events())
def test_what_is_sealed_opens_to_what_it_was(raw: dict[str, Any]) -> None:
    event = to_builtins(parse_event(raw))
    leaf, disclosure, people = seal(event, Plan(None))

    opened = open_entry(ORIGIN, id_bytes(ID), leaf, disclosure, keys(people))

    told = {name: value for name, value in opened.event.items() if name not in SERVER_FIELDS}
    assert opened.missing == {}
    assert encode(told) == encode(event)


@given(events())
def test_nothing_that_the_caller_wrote_freely_stands_in_the_entry(raw: dict[str, Any]) -> None:
    event = to_builtins(parse_event(raw))
    leaf, disclosure, _ = seal(event, Plan(None))

    assert b"canary" not in leaf
    assert b"secret_name" not in leaf
    assert b"canary" not in (disclosure or b"")


@given(events())
def test_a_declared_field_stands_in_clear_only_where_it_looks_like_a_token(
    raw: dict[str, Any],
) -> None:
    declared = {
        "action": "secret_name.done",
        "title": "t",
        "clear": ["/targets/*/id", "/context/service"],
    }
    event = to_builtins(parse_event({**raw, "action": "secret_name.done"}))
    leaf, _, _ = seal(event, Plan(parse_entry(declared)))

    entry: Any = decode(leaf)
    shown = [target["id"] for target in entry.get("targets", []) if "id" in target]
    shown += [entry["context"]["service"]] if "service" in entry.get("context", {}) else []
    assert all(value.isascii() and " " not in value and "@" not in value for value in shown)
    hidden = [target["name"] for target in entry.get("targets", []) if "name" in target]
    assert hidden == []


@given(events())
def test_a_leaf_is_canonical_and_fits_a_bundle(raw: dict[str, Any]) -> None:
    leaf, _, _ = seal(to_builtins(parse_event(raw)), Plan(None))

    assert encode(decode(leaf)) == leaf
    assert len(leaf) <= MAX_LEAF


@given(events(), st.data())
def test_a_key_that_is_gone_closes_the_values_of_its_person_and_no_others(
    raw: dict[str, Any], data: st.DataObject
) -> None:
    event = to_builtins(parse_event(raw))
    leaf, disclosure, people = seal(event, Plan(None))
    if not people:
        return
    gone = data.draw(st.sampled_from(sorted(people)))
    refs = {name: subject.ref for name, subject in people.items()}
    all_keys = keys(people)

    opened = open_entry(
        ORIGIN,
        id_bytes(ID),
        leaf,
        disclosure,
        lambda ref, event_id: None if ref == refs[gone] else all_keys(ref, event_id),
    )

    assert set(opened.missing.values()) == {refs[gone].hex()}


DECLARED = {
    "action": "secret_name.done",
    "title": "t",
    "class": "mark3",
    "clear": ["/targets/*/id", "/targets/*/type", "/context/service", "/agent/tool"],
    "metadata_clear": ["canary-0000", "canary-0001", "canary-0002", "mark7"],
}


@given(events(), st.sampled_from([Plan(None), Plan(parse_entry(DECLARED))]), st.booleans())
def test_a_template_writes_what_is_written_without_one(
    raw: dict[str, Any], plan: Plan, simple: bool
) -> None:
    if simple:  # only then is there a template; what it leaves alone is compared, too
        for name in ("changes", "delegation"):
            raw.pop(name, None)
        for target in raw.get("targets", []):
            target.pop("subject", None)
            target.pop("metadata", None)
    event = to_builtins(parse_event({**raw, "action": "secret_name.done"}))
    templates = Templates(plan)

    for _ in range(2):
        (by_template,) = templates.draft([id_bytes(ID)], [event])
        alone = part(id_bytes(ID), *plan.split(event), plan.retention)

        assert seal_draft(by_template)[0] == seal_draft(alone)[0]
        assert by_template.layout.needs_event_key == alone.layout.needs_event_key


@given(
    st.lists(st.sampled_from(["plain", "not plain", 'a"b', "a,b", 1, 1.5, True, [1]]), min_size=3)
)
def test_one_template_serves_events_of_one_shape_whatever_their_values(values: list[Any]) -> None:
    plan = Plan(parse_entry(DECLARED))
    templates = Templates(plan)
    for value in values:
        raw = {
            "id": ID,
            "action": "secret_name.done",
            "occurred_at": "2026-11-24T02:45:00.123456Z",
            "actor": {"type": "user", "id": "u1", "name": "100% u1"},
            "targets": [{"type": str(value), "id": "t7"}],
            "metadata": {"mark7": value, "100%": value},
        }
        event = to_builtins(parse_event(raw))

        (draft,) = templates.draft([id_bytes(ID)], [event])

        alone = part(id_bytes(ID), *plan.split(event), plan.retention)
        assert seal_draft(draft)[0] == seal_draft(alone)[0]
        assert isinstance(draft.layout, Template) == (value in ("plain", 1, True))


@given(
    st.lists(
        st.tuples(st.sampled_from(["plain", "not plain", "a,b", 1, None]), st.booleans()),
        min_size=1,
        max_size=150,
    )
)
def test_events_parted_together_are_parted_as_each_of_them_alone(
    made: list[tuple[Any, bool]],
) -> None:
    plan = Plan(parse_entry(DECLARED))
    events = []
    for number, (value, known) in enumerate(made):
        actor = {"type": "user", "name": f"100% u{number}"} | (
            {"id": f"u{number}"} if known else {}
        )
        raw = {
            "id": ID,
            "action": "secret_name.done",
            "occurred_at": "2026-11-24T02:45:00.123456Z",
            "actor": actor,
            "targets": [{"type": str(value), "id": f"t{number}"}],
            "metadata": {} if value is None else {"mark7": value, "100%": number},
        }
        events.append(to_builtins(parse_event(raw)))
    event_ids = [number.to_bytes(16, "big") for number in range(len(events))]

    drafts = Templates(plan).draft(event_ids, events)

    alone = [
        part(event_id, *plan.split(event), plan.retention)
        for event_id, event in zip(event_ids, events, strict=True)
    ]
    assert [seal_draft(draft)[0] for draft in drafts] == [seal_draft(draft)[0] for draft in alone]


def test_no_two_drafts_are_sealed_with_one_nonce() -> None:
    event: dict[str, Any] = to_builtins(
        parse_event(
            {
                "id": ID,
                "action": "thing.done",
                "occurred_at": "2026-11-24T02:45:00Z",
                "actor": {"type": "user", "id": "u1"},
                "message": "m",
            }
        )
    )
    drafts = Templates(Plan(None)).draft([id_bytes(ID)] * 3, [event] * 3)
    one = Subject(b"R" * 16, b"K" * 32, b"L" * 32, stored=True)

    sealed = Sealer(ORIGIN, Via("key", "native"), SystemEntropy()).seal(drafts, {"u1": one}, BLOCK)

    found = [
        section
        for item in sealed
        if isinstance(item, Sealed)
        for section in sections(item.disclosure)
    ]
    assert len({section.nonce for section in found}) == len(found) == 2 * len(drafts)


def test_a_commitment_is_what_the_specification_says() -> None:
    """Computed here from hashlib alone."""
    raw = {
        "id": ID,
        "action": "thing.done",
        "occurred_at": "2026-11-24T02:45:00Z",
        "actor": {"type": "user", "id": "u1"},
    }
    leaf, _, people = seal(to_builtins(parse_event(raw)), Plan(None))
    entry: Any = decode(leaf)
    slot, commitment = entry["sealed"]["/actor/id"]
    assert entry["subject_refs"][slot] == people["u1"].ref.hex()

    def framed(part: bytes) -> bytes:
        return len(part).to_bytes(2, "big") + part

    salt = blake2b(
        framed(ORIGIN.encode()) + framed(id_bytes(ID)) + framed(b"/actor/id"),
        digest_size=16,
        key=people["u1"].key,
        person=b"salt",
    ).digest()
    want = sha256(b"tallystick/commitment/v1\x00" + salt + framed(b"/actor/id") + b'"u1"').digest()
    assert b64decode(commitment) == want


def test_a_large_event_moves_its_changes_whole_behind_one_commitment() -> None:
    raw = {
        "id": ID,
        "action": "thing.done",
        "occurred_at": "2026-11-24T02:45:00Z",
        "actor": {"type": "user", "id": "u1"},
        "changes": [
            {"path": f"/field/{number}", "op": "replace", "before": number, "after": number + 1}
            for number in range(2_000)
        ],
    }
    event = to_builtins(parse_event(raw))
    leaf, disclosure, people = seal(event, Plan(None))

    entry: Any = decode(leaf)
    assert "/changes" in entry["sealed"]
    assert "changes" not in entry
    opened = open_entry(ORIGIN, id_bytes(ID), leaf, disclosure, keys(people))
    assert opened.event["changes"] == raw["changes"]


def test_an_event_whose_entry_no_bundle_can_hold_is_refused() -> None:
    raw = {
        "id": ID,
        "action": "thing.done",
        "occurred_at": "2026-11-24T02:45:00Z",
        "actor": {"type": "user", "id": "u1"},
        "targets": [{"type": "t", "id": f"{n}", "name": f"{n}"} for n in range(1_000)],
    }

    with pytest.raises(
        MalformedError, match=r"entry: 2\d\d,\d\d\d bytes once sealed, want at most"
    ):
        seal(to_builtins(parse_event(raw)), Plan(None))
