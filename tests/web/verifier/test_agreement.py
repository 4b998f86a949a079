"""The page and the command agree about anything, whatever it deserves."""

import json
import shutil
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from random import Random  # noqa: TID251 - Hypothesis hands it in

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.browser import PROGRAM, Page, running
from kit.odd_receipts import MAKERS, Odd, odd_pair
from kit.plain_receipt import EPOCH_TIME
from kit.verifier_page import TARGET
from tallystick.errors import MalformedError
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt

NOW = EPOCH_TIME + 60


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if shutil.which(PROGRAM) is None:
        pytest.skip("chromium is not installed")
    with running() as browser:
        yield browser.open(TARGET.as_uri())


def ours(odd: Odd) -> list[object]:
    """The verdict with the names and states of the facts."""
    receipt, pins = odd
    try:
        report = verify_receipt(receipt, Pins.parse(pins), NOW)
    except MalformedError:
        return ["unreadable"]
    return [str(report.verdict), *([fact.name, str(fact.state)] for fact in report.facts)]


def theirs(page: Page, odd: list[Odd]) -> list[list[object]]:
    given = [[b64encode(part).decode() for part in pair] for pair in odd]
    found: list[list[object]] = page.run(f"""(async () => {{
      const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const found = [];
      for (const pair of {json.dumps(given)}) {{
        const told = await verifyReceipt(...pair.map(bytes), {{ now: {NOW} }});
        found.push([told.verdict, ...told.facts.map((fact) => [fact.name, fact.state])]);
      }}
      return found;
    }})()""")
    return found


@pytest.mark.slow
@settings(max_examples=25)
@given(chance=st.randoms(use_true_random=True))
def test_the_page_says_what_the_command_says(page: Page, chance: Random) -> None:
    odd = [odd_pair(chance) for _ in range(40)]

    told = zip(odd, theirs(page, odd), strict=True)

    assert [(it, ours(it), found) for it, found in told if found != ours(it)] == []


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@given(chance=st.randoms(use_true_random=True))
@settings(max_examples=1)
def test_what_is_odd_is_not_always_refused(make: object, chance: Random) -> None:
    assert callable(make)

    count = Counter(ours(make(chance))[0] for _ in range(60))

    assert len(count) > 1
