import re
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import MalformedError
from tallystick.events.canonical import decode, encode
from tallystick.events.parsing import parse_event, to_builtins

FIRST, LAST = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2199-01-01")
HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

plain = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=HIDDEN),
    min_size=1,
    max_size=12,
)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
harmless = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | plain
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=6,
)
moments = st.builds(
    lambda moment, digits, offset: moment.strftime("%Y-%m-%dT%H:%M:%S") + digits + offset,
    st.datetimes(min_value=FIRST, max_value=LAST),
    st.sampled_from(["", ".5", ".123456", ".123456789"]),
    st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:45", "-23:59", "+14:00"]),
)
uuids = st.uuids(version=4).map(str) | st.uuids(version=4).map(lambda u: str(u).upper())
party = st.sampled_from(["user", "service", "api_key", "agent", "system", "anonymous"])
actors = st.fixed_dictionaries(
    {"type": party},
    optional={
        "id": plain,
        "name": plain | st.none(),
        "email": plain,
        "roles": st.lists(plain, max_size=3),
        "authenticated_by": plain,
        "home_tenant": plain,
    },
)
targets = st.fixed_dictionaries(
    {"type": plain},
    optional={
        "id": plain,
        "name": plain,
        "role": st.sampled_from(["object", "recipient", "parent"]),
        "subject": st.fixed_dictionaries({"id": plain}, optional={"name": plain}),
        "metadata": st.dictionaries(plain, harmless, max_size=2),
    },
)
changes = st.fixed_dictionaries(
    {
        "path": plain.map(lambda t: "/" + t.replace("~", "~0")),
        "op": st.sampled_from(["add", "remove", "replace"]),
    },
    optional={"before": harmless, "after": harmless},
)
events = st.fixed_dictionaries(
    {
        "action": st.from_regex(r"\A[a-z0-9_]{1,9}(\.[a-z0-9_]{1,9}){1,3}\Z"),
        "occurred_at": moments,
        "actor": actors,
    },
    optional={
        "id": uuids,
        "external_id": plain,
        "stream": st.sampled_from(["audit", "activity"]),
        "outcome": st.sampled_from(["success", "failure", "denied", "unknown"]),
        "utc_offset_minutes": st.integers(-1_439, 1_439) | st.none(),
        "targets": st.lists(targets, max_size=3),
        "changes": st.lists(changes, max_size=3),
        "context": st.fixed_dictionaries(
            {},
            optional={"ip": st.ip_addresses().map(str), "service": plain, "user_agent": plain},
        ),
        "links": st.lists(
            st.fixed_dictionaries({"rel": st.sampled_from(["undoes", "part_of"]), "id": uuids}),
            max_size=2,
        ),
        "duration_ms": st.integers(0, 2**53 - 1),
        "message": plain | st.none(),
        "metadata": st.dictionaries(plain, harmless, max_size=3),
    },
)


@given(events)
def test_whatever_parses_is_written_so_that_it_parses_to_the_same(
    raw: dict[str, object],
) -> None:
    event = parse_event(raw)
    written = to_builtins(event)

    assert to_builtins(parse_event(written)) == written
    assert encode(to_builtins(parse_event(decode(encode(written))))) == encode(written)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", str(written["occurred_at"]))


@given(events)
def test_nothing_that_was_told_is_lost(raw: dict[str, object]) -> None:
    written = to_builtins(parse_event(raw))

    silent = (None, [], {}, "unknown", "audit", 0)
    told = {name for name, value in raw.items() if value not in silent or name == "duration_ms"}
    assert told - {"context"} <= written.keys() | {"utc_offset_minutes"}
    assert written.get("metadata", {}) == raw.get("metadata", {})


@given(anything | st.dictionaries(st.sampled_from(["action", "actor", "id", "metadata"]), anything))
def test_whatever_is_no_event_is_refused_by_name(raw: object) -> None:
    try:
        parse_event(raw)
    except MalformedError as error:
        assert str(error)  # noqa: PT017


@given(events, st.data())
def test_an_event_with_any_member_replaced_parses_or_is_refused(
    raw: dict[str, object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(raw)))
    changed = {**raw, name: data.draw(anything)}
    try:
        written = to_builtins(parse_event(changed))
    except MalformedError as error:
        assert error.path == "" or error.path.startswith("/")  # noqa: PT017
    else:
        assert to_builtins(parse_event(written)) == written
