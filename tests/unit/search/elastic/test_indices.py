"""Which streams, and which of their days, the names of indices stand for."""

from datetime import UTC, datetime

import pytest

from tallystick.search.elastic.indices import IndexOptions, Part, parse_indices
from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError

AUDIT, ACTIVITY, ACCESS = Part("audit"), Part("activity"), Part("access")


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("audit-logs", [AUDIT]),
        ("audit", [AUDIT]),
        ("access-logs", [ACCESS]),
        ("", [AUDIT, ACTIVITY]),
        ("_all", [AUDIT, ACTIVITY]),
        ("*", [AUDIT, ACTIVITY]),
        ("*-logs", [AUDIT, ACTIVITY]),
        ("a*", [AUDIT, ACTIVITY]),
        ("audit-*", [AUDIT]),
        ("audit*", [AUDIT]),
        ("*udit*ogs", [AUDIT]),
        ("access-*", [ACCESS]),
        ("audit-logs,activity-logs", [AUDIT, ACTIVITY]),
        ("audit-logs,audit-logs", [AUDIT]),
        ("*,-audit-logs", [ACTIVITY]),
        ("*,-audit-*", [ACTIVITY]),
        ("*,-*", []),
        ("filebeat-*", []),
        ("audit-2026.11.24", [Part("audit", day(24), day(25))]),
        ("audit-logs-2026-11-24", [Part("audit", day(24), day(25))]),
        ("audit-2026.11.*", [Part("audit", day(1), datetime(2026, 12, 1, tzinfo=UTC))]),
        (
            "activity-2026.*",
            [Part("activity", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))],
        ),
        (
            "audit-2026.12",
            [Part("audit", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))],
        ),
        ("audit-2026.11.24,audit-logs", [AUDIT]),
        (
            "audit-2026.11.24,audit-2026.11.25,activity-logs",
            [ACTIVITY, Part("audit", day(24), day(25)), Part("audit", day(25), day(26))],
        ),
    ],
)
def test_a_name_stands_for_streams(expression: str, parts: list[Part]) -> None:
    assert list(parse_indices(expression).parts) == parts


def test_hidden_ones_are_found_where_they_are_asked_for() -> None:
    assert parse_indices("*", IndexOptions(hidden=True)).parts == (AUDIT, ACTIVITY, ACCESS)


@pytest.mark.parametrize(
    "name", ["nothing", "audit-logs,nothing", "audit-2026.02.30", "Audit-logs"]
)
def test_a_name_of_no_index_is_refused(name: str) -> None:
    with pytest.raises(ElasticMissingError, match="no such index") as refused:
        parse_indices(name)
    assert refused.value.kind == "index_not_found_exception"
    assert refused.value.more["index"] == name.rpartition(",")[2]


def test_a_name_of_no_index_is_passed_over_on_request() -> None:
    assert parse_indices("nothing,audit", IndexOptions(ignore_unavailable=True)).parts == (AUDIT,)


def test_patterns_that_fit_nothing_are_refused_on_request() -> None:
    with pytest.raises(ElasticMissingError):
        parse_indices("filebeat-*", IndexOptions(allow_no_indices=False))


@pytest.mark.parametrize("name", [",".join(["a*"] * 65), "*" * 5_000, "*,-audit-2026.11.24"])
def test_what_is_too_much_or_unclear_is_refused(name: str) -> None:
    with pytest.raises(ElasticError):
        parse_indices(name)


def test_indices_are_named_in_their_order() -> None:
    told = parse_indices("activity-2026.11.24,access-logs,audit-logs").names
    assert told == ("audit-logs", "activity-logs", "access-logs")
