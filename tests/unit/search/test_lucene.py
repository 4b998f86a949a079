"""The line that people type, operator by operator."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tallystick.errors import MalformedError
from tallystick.search.fields import FIELDS
from tallystick.search.lucene import Dialect, Line, LineError, parse_line, parse_query_string
from tallystick.search.query import (
    And,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Matching,
    Not,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Wildcard,
    Within,
    Words,
)
from tallystick.search.terms import When

NOW = datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC)
A, B, C = (Words(("text",), (word,)) for word in "abc")
ID_A, ID_B = (Equals("actor.id", word) for word in "ab")


def day(number: int) -> datetime:
    """A day of November 2026."""
    return datetime(2026, 11, number, tzinfo=UTC)


def test_the_line_of_the_design_is_read() -> None:
    line = (
        "action:document.deleted actor.email:*@acme.com -outcome:success"
        ' "quarterly report" since:-7d'
    )

    assert parse_line(line, now=NOW) == Line(
        And(
            (
                Words(("action_words",), ("document.deleted",), "any"),
                Wildcard("actor.email", "*@acme.com", any_case=True),
                Not(Equals("outcome", "success")),
                Phrase(("text",), ("quarterly", "report")),
            )
        ),
        since=datetime(2026, 11, 17, 17, 24, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("line", "want"),
    [
        # Terms.
        ("", Everything()),
        ("  \t", Everything()),
        ("*", Everything()),
        ("*:*", Everything()),
        ("DELETE", Words(("text",), ("delete",))),
        ("ada@acme.com", Phrase(("text",), ("ada", "acme", "com"))),
        ('"quarterly"', Words(("text",), ("quarterly",))),
        (r'"a \"b\""', Phrase(("text",), ("a", "b"))),
        ('"a b"~0', Phrase(("text",), ("a", "b"))),
        ("a^2", A),
        # Between terms.
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a && b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a || b", Or((A, B))),
        ("a||b", Or((A, B))),
        ("NOT a", Not(A)),
        ("!a", Not(A)),
        ("-a", Not(A)),
        ("+a -b", And((A, Not(B)))),
        ("a OR b c", And((Or((A, B)), C))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("a OR b -c", And((Or((A, B)), Not(C)))),
        ("a OR b +c", And((Or((A, B)), C))),
        ("a OR b NOT c", And((Or((A, B)), Not(C)))),
        ("a OR b (c)", And((Or((A, B)), C))),
        ('a OR b "c"', And((Or((A, B)), C))),
        ("a AND b -c", And((A, B, Not(C)))),
        ("a OR b AND c -a", And((Or((A, And((B, C)))), Not(A)))),
        ("a OR b -c OR a -b", And((Or((A, B)), Or((Not(C), A)), Not(B)))),
        ("(a OR b -c)", And((Or((A, B)), Not(C)))),
        ("a OR (b -c)", Or((A, And((B, Not(C)))))),
        ("a OR NOT b", Or((A, Not(B)))),
        ("a && (b || !c)", And((A, Or((B, Not(C)))))),
        ("-(a b)", Not(And((A, B)))),
        # Fields.
        ("actor.id:a", ID_A),
        ("user.id:a", ID_A),
        ("actor.id:(a OR b)", Or((ID_A, ID_B))),
        ("actor.id:(a -b)", And((ID_A, Not(ID_B)))),
        ('actor.id:"a b"', Equals("actor.id", "a b")),
        (r"actor.id:a\:b\ c", Equals("actor.id", "a:b c")),
        ("actor.id:-a", Equals("actor.id", "-a")),
        ("reason:x", Or((Equals("reason.code", "x"), Words(("reason.text",), ("x",))))),
        ("actor.email:Ada@acme.com", Equals("actor.email", "Ada@acme.com", any_case=True)),
        ("actor.name:Ada", Words(("actor.name",), ("ada",))),
        ('actor.name:"Ada Lovelace"', Phrase(("actor.name",), ("ada", "lovelace"))),
        ("message:re-sent", Phrase(("message",), ("re", "sent"))),
        ("id:0199E0AA", Equals("id", "0199e0aa")),
        ("duration_ms:5", Equals("duration_ms", 5)),
        ("utc_offset_minutes:-60", Equals("utc_offset_minutes", -60)),
        ("metadata.plan:pro", Equals("metadata.plan", "pro")),
        ("metadata.size:5", Equals("metadata.size", "5")),
        ("metadata:Pro", Words(("metadata",), ("pro",))),
        ("context.ip:10.0.0.7", Equals("context.ip", "10.0.0.7")),
        ("source.ip:2001:DB8::1", Equals("context.ip", "2001:db8::1")),
        ("source.ip:10.1.2.3/8", Within("context.ip", "10.0.0.0/8")),
        # The action: by any of its names, or by its own.
        ("action:DELETE", Words(("action_words",), ("delete",), "any")),
        ("action:user.added", Words(("action_words",), ("user.added",), "any")),
        ('action:"user.added"', Equals("action", "user.added")),
        ("action:user.*", Prefix("action", "user.")),
        # Presence.
        ("_exists_:user.name", Exists("actor.name")),
        ("_exists_:reason", Or((Exists("reason.code"), Exists("reason.text")))),
        ("actor.id:*", Exists("actor.id")),
        # Patterns.
        ("quart*", Prefix("text", "quart", by_word=True)),
        ("Quar?er", Wildcard("text", "quar?er", by_word=True)),
        ("message:Quart*", Prefix("message", "quart", by_word=True)),
        ("actor.name:Ada*", Prefix("actor.name", "Ada", any_case=True)),
        ("targets.id:a*z", Wildcard("targets.id", "a*z")),
        (r"targets.id:a\*b*", Prefix("targets.id", "a*b")),
        (r"targets.id:*a\*b", Wildcard("targets.id", r"*a\*b")),
        ("targets.id:/a.*[0-9]/", Matching("targets.id", "a.*[0-9]")),
        (r"targets.id:/a\/b@c/", Matching("targets.id", "a/b@c")),
        ("/quart.*/", Matching("text", "quart.*", by_word=True)),
        # Ranges.
        ("duration_ms:[1 TO 5]", Between("duration_ms", 1, 6)),
        ("duration_ms:{1 TO 5}", Between("duration_ms", 2, 5)),
        ("duration_ms:[1 TO 5}", Between("duration_ms", 1, 5)),
        ("duration_ms:{1.5 TO 4.5}", Between("duration_ms", 2, 5)),
        ("duration_ms:[1.5 TO 4.5]", Between("duration_ms", 2, 5)),
        ("duration_ms:[* TO 5]", Between("duration_ms", None, 6)),
        ("duration_ms:[* TO *]", Exists("duration_ms")),
        ("duration_ms:>=5", Between("duration_ms", 5)),
        ("duration_ms:>5", Between("duration_ms", 6)),
        ("duration_ms:<5", Between("duration_ms", None, 5)),
        ("duration_ms:<=5", Between("duration_ms", None, 6)),
        ("index:(>=5 AND <7)", And((Between("index", 5), Between("index", None, 7)))),
        ("utc_offset_minutes:[-60 TO -1}", Between("utc_offset_minutes", -60, -1)),
        ("actor.id:[a TO b]", Between("actor.id", "a", "b", high_inclusive=True)),
        ('actor.id:{"a b" TO *}', Between("actor.id", "a b", low_inclusive=False)),
        ("metadata.n:[2 TO 10.5]", Between("metadata.n", 2, 10.5, high_inclusive=True)),
        ("metadata.n:[2 TO x]", Between("metadata.n", "2", "x", high_inclusive=True)),
        ("severity:>=high", OneOf("severity", ("high", "critical"))),
        ("severity:<low", OneOf("severity", ("informational",))),
        ("severity:>critical", Nothing()),
        # Times.
        ("occurred_at:2026-11-23", Between("occurred_at", day(23), day(24))),
        ("@timestamp:[2026-11-01 TO 2026-11-23]", Between("occurred_at", day(1), day(24))),
        ("occurred_at:{2026-11-01 TO 2026-11-23}", Between("occurred_at", day(2), day(23))),
        ("occurred_at:>=now-1d/d", Between("occurred_at", day(23))),
        ("occurred_at:<2026-11-24T02:00:00+02:00", Between("occurred_at", None, day(24))),
    ],
)  # fmt: skip
def test_a_line_asks_for(line: str, want: Filter) -> None:
    assert parse_line(line, now=NOW) == Line(want)


@pytest.mark.parametrize(
    ("line", "since", "until"),
    [
        ("since:-7d", datetime(2026, 11, 17, 17, 24, 12, tzinfo=UTC), None),
        ("since:now-1d/d until:now/d", day(23), day(24)),
        ("since:2026-11-01 until:2026-11-24", day(1), day(24)),
        ('since:"2026-11-01T00:00:00Z"', day(1), None),
        ("since:2026-11-01T00:00Z", day(1), None),
        ("* AND since:2026-11-01 until:2026-11-24", day(1), day(24)),
        ("until:+1d", None, datetime(2026, 11, 25, 17, 24, 12, tzinfo=UTC)),
    ],
)
def test_since_and_until_bound_the_time(
    line: str, since: datetime | None, until: datetime | None
) -> None:
    assert parse_line(line, now=NOW) == Line(Everything(), since, until)


def test_days_begin_where_the_asker_lives() -> None:
    line = parse_line("since:2026-11-24", now=NOW, zone=ZoneInfo("Europe/Berlin"))

    assert line.since == datetime(2026, 11, 23, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "column", "why"),
    [
        ("acton:x", 1, "unknown, want action"),
        ("a acton:x", 3, "unknown, want action"),
        ("a && acton:x", 6, "unknown, want action"),
        ("a||b||acton:x", 7, "unknown, want action"),
        ("(", 2, "unexpected end"),
        ("a AND", 6, "unexpected end"),
        (")", 1, "unexpected character"),
        ("a && )", 6, "unexpected character"),
        ('  "abc', 3, "unexpected character"),
        ("actor.id:", 10, "unexpected end"),
        ("a OR since:-1d", 6, "want it at the top"),
        ("-since:-1d", 2, "want it at the top"),
        ("since:-1d a since:-2d", 13, "a second time"),
        ("since:(a b)", 1, "want one value"),
        ("since:gestern", 1, "of another form"),
        ("fuzzy~", 1, "nothing fuzzy"),
        ('"a b"~2', 1, "nothing fuzzy"),
        ("x^1.2.3", 1, "with no number"),
        ("actor.id:(targets.id:a)", 11, "a field within a field"),
        ("a:b:c", 1, "unknown"),
        ("*@acme.com", 1, "want field:pattern"),
        ('a "--"', 3, "no letter or digit"),
        ("duration_ms:abc", 13, "want a number"),
        ("duration_ms:1*", 13, "has no patterns"),
        ("duration_ms:/1/", 13, "has no patterns"),
        ("context.ip:there", 12, "want an IP address"),
        ("context.ip:1.2.3.4/99", 12, "want an IP address"),
        ("severity:>hi", 10, "want informational"),
        ("text:[a TO b]", 6, "has no order"),
        ("actor.id:/(a/", 10, "of another form"),
        ("actor.id:/(?=a)/", 10, "want a plain group"),
        (r"actor.id:/(a)\1/", 10, "an unknown escape"),
        ("actor.id:/a++/", 10, "repeat of a repeat"),
        ("actor.id:/((a{99}){99}){99}/", 10, "too many repeats"),
        ("actor.id:/[z-a]/", 10, "of another form"),
        ("actor.id:" + "a*" * 200, 10, "want at most 256"),
        ("actor.id:" + "a" * 8_192, 8_193, "want at most 8,192"),
    ],
)
def test_an_error_points_at_its_column(line: str, column: int, why: str) -> None:
    with pytest.raises(LineError, match=f"^column {column}: .*{why}") as caught:
        parse_line(line, now=NOW)

    assert caught.value.column == column


@pytest.mark.parametrize("line", ["(" * 100 + "a" + ")" * 100, "a " * 1_024, "NOT " * 50 + "a"])
def test_a_line_that_asks_for_too_much_is_refused(line: str) -> None:
    with pytest.raises(MalformedError, match="want at most"):
        parse_line(line, now=NOW)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a b", Or((A, B))),
        ("a AND b", And((A, B))),
        ("+a b", A),
        ("a -b", And((A, Not(B)))),
        ("a OR NOT b", And((A, Not(B)))),
        ("-a", Not(A)),
        ("-a -b", And((Not(A), Not(B)))),
        ("a b OR c", Or((A, B, C))),
        ("a OR b AND c", And((B, C))),
        ("!_exists_:actor.id AND actor.id:a", And((Not(Exists("actor.id")), ID_A))),
        ("since:-7d", None),
    ],
)
def test_a_query_string_has_the_clauses_of_lucene(text: str, want: Filter | None) -> None:
    dialect = Dialect(implicit="or")
    if want is None:
        with pytest.raises(LineError, match="unknown"):
            parse_query_string(text, dialect, When(NOW))
    else:
        assert parse_query_string(text, dialect, When(NOW)) == want


def test_a_query_string_looks_in_the_fields_that_it_is_given() -> None:
    dialect = Dialect(fields=(FIELDS["actor.id"], FIELDS["duration_ms"]))

    assert parse_query_string("5", dialect, When(NOW)) == Or(
        (Equals("actor.id", "5"), Equals("duration_ms", 5))
    )
    assert parse_query_string("x", dialect, When(NOW)) == Equals("actor.id", "x")


def test_a_lenient_query_string_finds_nothing_by_a_value_that_cannot_be() -> None:
    numbers = (FIELDS["duration_ms"],)

    assert parse_query_string("x", Dialect(fields=numbers, lenient=True), When(NOW)) == Nothing()
    with pytest.raises(LineError, match="want a number"):
        parse_query_string("x", Dialect(fields=numbers), When(NOW))
