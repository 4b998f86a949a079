from kit.plain_receipt import (
    EPOCH_TIME,
    POLICY,
    WITNESSES,
    Deployment,
    Signer,
    plain_pins,
    written,
)
from kit.receipt_cases import WITNESS_PINS
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.report import Fact, Report, State, printable
from tallystick.verify.telling import event_line, time_line
from tallystick.verify.verification import verify_receipt

ORIGIN = Deployment().origin
MADE = "2026-11-24T02:45:00Z"


def report_on(members: dict[str, object], pins: bytes = WITNESS_PINS) -> Report:
    return verify_receipt(written(members), Pins.parse(pins), EPOCH_TIME)


class Later(Signer):
    """The first witness, a minute later."""

    def __init__(self, who: Signer = WITNESSES[0]) -> None:
        super().__init__(who.name, who.algorithm)

    def cosignature(self, body: str, time_s: int = EPOCH_TIME) -> str:
        """Sign a checkpoint."""
        return super().cosignature(body, time_s + 60)


def test_a_report_is_told_one_fact_a_line_and_the_verdict_last() -> None:
    members = Deployment(cosigners=(WITNESSES[0], Later(WITNESSES[1]))).receipt()
    del members["disclosure"]["/actor/name"]

    assert report_on(members).lines() == [
        "ok    event         document.deleted by user:u_3, 2026-11-24T02:44:59.000001Z",
        "ok    opened        3 of 4 sealed values; withheld or erased: /actor/name",
        f"ok    recorded      entry 3 of 7 in {ORIGIN}, since 2026-11-24T02:45:00.000003Z",
        f"ok    published     epoch 12, since {MADE}, signed by audit.example/eu/super",
        f"ok    witnessed     2 of 3 (quorum enough): w1 at {MADE}, w2 at 2026-11-24T02:46:00Z",
        "none  epoch-audited not proven, no auditor is pinned",
        "none  fresh         epoch made 0 s ago, no age is pinned",
        "verified",
    ]


def test_an_event_that_is_not_proven_is_called_so() -> None:
    members = {**Deployment().receipt(), "index": 2}

    lines = report_on(members, plain_pins()).lines()

    assert lines[0].startswith("none  event         not proven: document.deleted by user:u_3")
    assert lines[2].startswith("FAIL  recorded      inclusion proof: leads to root ")
    assert lines[-2:] == [
        "      Do not rely on this receipt: it does not show what was logged.",
        "not verified",
    ]


def test_a_report_becomes_json() -> None:
    members = Deployment().receipt()
    del members["disclosure"]["/actor/name"]

    told = report_on(members, plain_pins()).to_builtins()

    assert told["verdict"] == "intact"
    assert told["reason"] is None
    assert (told["origin"], told["index"], told["size"]) == (ORIGIN, 3, 7)
    assert (told["epoch"], told["epoch_time_s"]) == (12, EPOCH_TIME)
    assert told["received_at"] == "2026-11-24T02:45:00.000003Z"
    assert told["withheld"] == {"/actor/name": 0}
    event = told["event"]
    assert isinstance(event, dict)
    assert event["actor"] == {"type": "user", "id": "u_3"}
    assert event["metadata"] == {
        "plan": "business",
        "a/b": {"amount": 12345678901234567890, "ratio": 0.5, "tags": ["x", None]},
    }
    assert told["facts"] == [
        {
            "state": "ok",
            "name": "event",
            "text": "document.deleted by user:u_3, 2026-11-24T02:44:59.000001Z",
        },
        {
            "state": "ok",
            "name": "opened",
            "text": "3 of 4 sealed values; withheld or erased: /actor/name",
        },
        {
            "state": "ok",
            "name": "recorded",
            "text": f"entry 3 of 7 in {ORIGIN}, since 2026-11-24T02:45:00.000003Z",
        },
        {
            "state": "ok",
            "name": "published",
            "text": "epoch 12, since 2026-11-24T02:45:00Z, signed by audit.example/eu/super",
        },
        {"state": "none", "name": "witnessed", "text": "not proven, no policy is pinned"},
        {"state": "none", "name": "epoch-audited", "text": "not proven, no auditor is pinned"},
        {"state": "none", "name": "fresh", "text": "epoch made 0 s ago, no age is pinned"},
    ]


def facts_of(members: dict[str, object], pins: bytes, now_s: int | None) -> dict[str, Fact]:
    """The facts of a receipt by their names."""
    return {
        fact.name: fact for fact in verify_receipt(written(members), Pins.parse(pins), now_s).facts
    }


def test_an_auditor_that_cosigned_is_told_apart_from_the_witnesses() -> None:
    members = Deployment(cosigners=WITNESSES[:2]).receipt()

    facts = facts_of(members, plain_pins(policy=POLICY, auditors=["w2", "w3"]), None)

    assert facts["witnessed"].text.startswith("2 of 3 (quorum enough): w1 at ")
    assert facts["epoch-audited"] == (
        State.OK,
        "epoch-audited",
        "1 of 2: w2 at 2026-11-24T02:45:00Z",
    )


def test_the_latest_time_of_a_witness_counts_and_stands_in_the_json() -> None:
    members = Deployment(cosigners=(*WITNESSES[:2], Later())).receipt()

    report = report_on(members)

    assert report.to_builtins()["cosigned_at_s"] == {"w1": EPOCH_TIME + 60, "w2": EPOCH_TIME}


def test_an_age_is_told_without_being_judged_where_none_is_pinned() -> None:
    members = Deployment().receipt()

    fresh = facts_of(members, plain_pins(), EPOCH_TIME - 3_600)["fresh"]

    assert fresh == (State.NONE, "fresh", "epoch made 3,600 s ahead, no age is pinned")
    assert "fresh" not in facts_of(members, plain_pins(), None)
    pinned = facts_of(members, plain_pins(max_age_s=3_600), EPOCH_TIME + 3_600)["fresh"]
    assert pinned == (State.OK, "fresh", "epoch made 3,600 s ago")


def test_nobody_is_said_to_vouch_where_nothing_is_pinned() -> None:
    members = Deployment(cosigners=WITNESSES).receipt()

    report = verify_receipt(written(members), None, EPOCH_TIME)

    vouched = {fact.name for fact in report.facts if fact.state is State.OK}
    assert vouched == {"opened", "recorded"}
    assert report.cosigned_at_s == {}


def test_the_worst_verdict_stands_with_its_own_reason() -> None:
    report = Report(ORIGIN, 0, 1, 0, 0)
    for verdict in (Verdict.STALE, Verdict.TAMPERED, Verdict.UNVERIFIABLE, Verdict.TAMPERED):
        report.object_to(verdict, "signed", "text", f"reason {len(report.facts)}")

    assert (report.verdict, report.reason) == (Verdict.TAMPERED, "reason 1")
    assert [fact.state for fact in report.facts] == [
        State.FAIL,
        State.FAIL,
        State.NONE,
        State.FAIL,
    ]


def test_an_event_cannot_steer_the_terminal() -> None:
    event = {"action": "a.b\x1b[2J\u202e", "actor": {"type": "user", "id": "\n"}}

    assert printable(event_line(event)) == (
        "a.b\\x1b[2J\\u202e by user:\\n, at a time that is withheld"
    )


def test_an_event_is_told_as_far_as_it_is_open() -> None:
    assert event_line({}) == (
        "an action that is withheld by somebody who is withheld, at a time that is withheld"
    )
    assert event_line({"action": "a.b", "occurred_at": "now", "actor": {"id": "x"}}) == (
        "a.b by somebody:x, now"
    )


def test_a_time_beyond_the_calendar_is_a_number() -> None:
    assert time_line(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert time_line(253_402_300_800) == "253402300800 s after 1970"
