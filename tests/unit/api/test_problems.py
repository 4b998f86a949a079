"""The one table from errors to problems."""

import json

import pytest

from tallystick import errors
from tallystick.api.problems import KINDS, kind_of, problem

CLASSES = [
    one
    for one in vars(errors).values()
    if isinstance(one, type)
    and issubclass(one, errors.TallystickError)
    and one is not errors.TallystickError
]


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_every_error_has_its_kind(one: type[errors.TallystickError]) -> None:
    assert one in KINDS
    assert 400 <= KINDS[one].status < 600


def test_codes_are_told_apart() -> None:
    codes = [kind.code for kind in KINDS.values()]
    assert len(set(codes)) == len(codes)


def test_a_problem_says_what_where_and_which_request() -> None:
    answer = problem(errors.MalformedError("/a: bad, want good", path="/a"), "r1")
    assert answer.status_code == 400
    assert json.loads(answer.content) == {
        "type": "urn:tallystick:problem:malformed",
        "title": "The request is not of its form",
        "status": 400,
        "detail": "/a: bad, want good",
        "code": "malformed",
        "request_id": "r1",
        "path": "/a",
    }


def test_a_pushback_says_when_to_come_back() -> None:
    answer = problem(errors.PushbackError("full", retry_after_s=7), "r1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


def test_an_unforeseen_error_tells_nothing_of_itself() -> None:
    answer = problem(KeyError("a person's name"), "r1")
    assert kind_of(KeyError()).status == answer.status_code == 500
    assert b"person" not in answer.content
