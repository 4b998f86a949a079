"""Parts of an answer, as Elasticsearch's reference gives them."""

import pytest

from tallystick.api.elastic.filter_path import MAX_PATHS, filtered
from tallystick.errors import MalformedError

ANSWER = {
    "took": 3,
    "errors": True,
    "items": [
        {"create": {"_id": "1", "status": 201}},
        {"index": {"_id": "2", "status": 409, "error": {"type": "t", "reason": "r"}}},
    ],
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("took", {"took": 3}),
        ("took,errors", {"took": 3, "errors": True}),
        ("t*", {"took": 3}),
        (
            "errors,items.*.error,items.*.status",
            {
                "errors": True,
                "items": [
                    {"create": {"status": 201}},
                    {"index": {"status": 409, "error": {"type": "t", "reason": "r"}}},
                ],
            },
        ),
        ("items.index.error.type", {"items": [{"index": {"error": {"type": "t"}}}]}),
        ("**.reason", {"items": [{"index": {"error": {"reason": "r"}}}]}),
        ("-items", {"took": 3, "errors": True}),
        (
            "items,-**.status",
            {
                "items": [
                    {"create": {"_id": "1"}},
                    {"index": {"_id": "2", "error": {"type": "t", "reason": "r"}}},
                ]
            },
        ),
        ("nothing.has.this", {}),
        ("", ANSWER),
    ],
)
def test_the_paths_lead_to_the_parts(text: str, wanted: object) -> None:
    assert filtered(ANSWER, text) == (wanted or {})


@pytest.mark.parametrize("text", ["a," * (MAX_PATHS + 1), "a" * 1_000, "**.a.**.b.**"])
def test_more_paths_than_can_be_followed_at_once_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        filtered(ANSWER, text)
