import re

import pytest

from kit.receipt_cases import UNREADABLE, Case, all_cases
from tallystick.errors import MalformedError
from tallystick.verify.pins import Pins
from tallystick.verify.report import Report
from tallystick.verify.verification import verify_receipt

CASES = all_cases()


def report_on(case: Case) -> Report:
    pins = None if case.pins is None else Pins.parse(case.pins)
    return verify_receipt(case.receipt, pins, case.now_s)


def named(verdict: str) -> list[object]:
    return [pytest.param(case, id=case.name) for case in CASES if case.verdict == verdict]


@pytest.mark.parametrize("case", named("intact"))
def test_is_intact(case: Case) -> None:
    report = report_on(case)

    assert (report.verdict, report.reason) == ("intact", None)
    assert report.lines()[-1] == "verified"


@pytest.mark.parametrize("case", named("tampered"))
def test_is_tampered(case: Case) -> None:
    report = report_on(case)

    assert report.verdict == "tampered"
    assert case.why is not None
    assert re.search(case.why, str(report.reason))
    assert report.lines()[-1] == "not verified"


@pytest.mark.parametrize("case", [*named("unverifiable"), *named("stale")])
def test_is_undecided(case: Case) -> None:
    report = report_on(case)

    assert report.verdict == case.verdict
    assert case.why is not None
    assert re.search(case.why, str(report.reason))
    assert report.lines()[-1] == f"{case.verdict} ({report.reason})"


@pytest.mark.parametrize("case", named(UNREADABLE))
def test_is_unreadable(case: Case) -> None:
    with pytest.raises(MalformedError, match=case.why):
        report_on(case)
