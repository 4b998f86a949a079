from kit.plain_receipt import EPOCH_TIME, WITNESSES, Deployment, plain_pins, written
from kit.receipt_cases import WITNESS_PINS
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.report import Report, State, printable
from tallystick.verify.telling import event_line, time_line
from tallystick.verify.verification import verify_receipt

ORIGIN = Deployment().origin


def report_on(members: dict[str, object], pins: bytes = WITNESS_PINS) -> Report:
    return verify_receipt(written(members), Pins.parse(pins), EPOCH_TIME)


def test_a_report_is_told_one_fact_a_line_and_the_verdict_last() -> None:
    members = Deployment(cosigners=WITNESSES[:2]).receipt()
    del members["disclosure"]["/actor/name"]

    assert report_on(members).lines() == [
        "ok    event      document.deleted by user:u_3, 2026-11-24T02:44:59.000001Z",
        "ok    opened     3 of 4 sealed values; withheld or erased: /actor/name",
        f"ok    included   entry 3 of 7 in {ORIGIN}",
        "ok    recorded   epoch 12, made 2026-11-24T02:45:00Z",
        "ok    signed     audit.example/eu/super",
        "ok    witnessed  2 of 3 (quorum enough): w1.example, w2.example",
        "verified",
    ]


def test_an_event_that_is_not_proven_is_called_so() -> None:
    members = {**Deployment().receipt(), "index": 2}

    lines = report_on(members, plain_pins()).lines()

    assert lines[0].startswith("none  event      not proven: document.deleted by user:u_3")
    assert lines[2].startswith("FAIL  included   inclusion proof: leads to root ")
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
        {"state": "ok", "name": "included", "text": f"entry 3 of 7 in {ORIGIN}"},
        {"state": "ok", "name": "recorded", "text": "epoch 12, made 2026-11-24T02:45:00Z"},
        {"state": "ok", "name": "signed", "text": "audit.example/eu/super"},
        {"state": "none", "name": "witnessed", "text": "not looked at, no policy is pinned"},
    ]


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
