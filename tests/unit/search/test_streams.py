"""What a question says of streams, taken out of its filter."""

import pytest

from tallystick.search.query import And, Equals, Everything, Filter, Not, OneOf, Or
from tallystick.search.streams import streams_of

OTHER = Equals("outcome", "failure")


@pytest.mark.parametrize(
    ("asked", "names", "rest"),
    [
        (Everything(), None, Everything()),
        (OTHER, None, OTHER),
        (Equals("stream", "audit"), ("audit",), Everything()),
        (OneOf("stream", ("activity", "audit")), ("audit", "activity"), Everything()),
        (OneOf("stream", ("elsewhere", "'; DROP")), (), Everything()),
        (Equals("stream", "AUDIT", any_case=True), None, Equals("stream", "AUDIT", any_case=True)),
        (Not(Equals("stream", "audit")), None, Not(Equals("stream", "audit"))),
        (Or((Equals("stream", "audit"), OTHER)), None, Or((Equals("stream", "audit"), OTHER))),
        (
            And((OTHER, Equals("stream", "access"))),
            ("access",),
            And((OTHER, Everything())),
        ),
        (
            And((OneOf("stream", ("audit", "access")), And((Equals("stream", "audit"),)))),
            ("audit",),
            And((Everything(), And((Everything(),)))),
        ),
        (
            And((Equals("stream", "audit"), Equals("stream", "access"))),
            (),
            And((Everything(), Everything())),
        ),
    ],
)
def test_only_what_must_hold_is_taken_out(
    asked: Filter, names: tuple[str, ...] | None, rest: Filter
) -> None:
    assert streams_of(asked) == (names, rest)
