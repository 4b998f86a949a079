"""The policy by which witnesses are asked: what is refused, and how it is told to strangers."""

from hashlib import sha256

import pytest

from tallystick.errors import MalformedError
from tallystick.ledger.cosigning import MAX_WITNESSES, check_policy, format_policy
from tallystick.tlog.note import vkey
from tallystick.tlog.policy import Policy

LOG = vkey("audit.example/super", 1, bytes([7]) * 32)


def witness(number: int, url: str = "https://w.example/") -> str:
    key = vkey(f"w{number}.example", 4, sha256(b"%d" % number).digest())
    return f"witness w{number} {key} {url}".rstrip()


def policy(*lines: str) -> Policy:
    return Policy.parse("".join(f"{line}\n" for line in lines))


def test_what_strangers_are_told_is_the_policy_with_the_log_and_without_comments() -> None:
    lines = [
        witness(1),
        witness(2, ""),
        witness(3),
        "group two 2 w1 w2 w3",
        "group any-of-it any two",
        "quorum any-of-it",
    ]
    told = format_policy(policy("# secret plans", *lines), LOG)

    assert told.splitlines()[0] == f"log {LOG}"
    assert "secret" not in told
    again, first = Policy.parse(told), policy(*lines)
    assert (again.witnesses, again.groups, again.quorum) == (
        first.witnesses,
        first.groups,
        first.quorum,
    )


def test_a_quorum_of_none_is_told_as_such() -> None:
    assert format_policy(policy("quorum none"), LOG) == f"log {LOG}\nquorum none\n"


@pytest.mark.parametrize(
    ("threshold", "reachable"), [("any", True), ("1", True), ("2", True), ("all", False)]
)
def test_witnesses_without_an_address_must_not_be_needed(threshold: str, reachable: bool) -> None:
    asked = policy(
        witness(1), witness(2), witness(3, ""), f"group g {threshold} w1 w2 w3", "quorum g"
    )
    if reachable:
        assert check_policy(asked) is asked
    else:
        with pytest.raises(MalformedError, match="do not make quorum g"):
            check_policy(asked)


def test_more_witnesses_than_a_note_has_room_for_are_refused() -> None:
    names = " ".join(f"w{n}" for n in range(MAX_WITNESSES + 1))
    lines = [witness(n) for n in range(MAX_WITNESSES + 1)]

    with pytest.raises(MalformedError, match="65 witnesses, want at most 64"):
        check_policy(policy(*lines, f"group g any {names}", "quorum g"))
