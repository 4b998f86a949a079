"""verify.html as people use it: files chosen, pins pasted, keys alone, read aloud, no network."""

import json
import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.browser import PROGRAM, Browser, Page, running
from kit.plain_receipt import (
    POLICY,
    WITNESSES,
    Deployment,
    Json,
    plain_commitment,
    plain_pins,
    plain_text,
    written,
)
from kit.signatures import corners, mangled
from kit.verifier_page import TARGET, script, verifier_page

GOOD = Deployment(cosigners=WITNESSES[:2]).receipt()
PINS = plain_pins(policy=POLICY, auditors=["w1"])
NASTY = '<img src=x onerror="document.title=1">\u202e\u0007'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which(PROGRAM) is None:
        pytest.skip("chromium is not installed")
    with running() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.open(TARGET.as_uri())


def choose(page: Page, folder: Path, receipt: bytes, pins: bytes | None = PINS) -> None:
    """Choose a file of pins, if any, and a receipt; wait for the verdict."""
    if pins is not None:
        (folder / "pins.json").write_bytes(pins)
        page.choose("#pins-file", folder / "pins.json")
        page.wait("document.getElementById('pins').value !== ''")
    (folder / "a.receipt").write_bytes(receipt)
    page.choose("#receipt-file", folder / "a.receipt")
    page.wait("/: [a-z]+\\.$/.test(document.getElementById('status').textContent)")


def text(page: Page, part: str) -> str:
    return str(page.run(f"document.getElementById({part!r}).innerText"))


def facts(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.run(
        "[...document.querySelectorAll('#facts tr')].map("
        "(row) => [...row.children].map((cell) => cell.innerText))"
    )
    return found


def test_the_hashes_in_its_policy_are_those_of_its_parts() -> None:
    assert verifier_page() == TARGET.read_text("utf-8")


def test_its_policy_allows_nothing_else() -> None:
    page = TARGET.read_text("utf-8")

    assert "default-src 'none'; script-src 'sha256-" in page
    assert "unsafe" not in page
    assert page.count("<script") == page.count("<style") == 1
    assert [
        word for word in ("http:", "https:", "fetch(", "innerHTML", "eval(") if word in page
    ] == []
    assert " style=" not in page
    assert " onclick=" not in page


def test_a_receipt_that_is_chosen_gets_its_verdict_and_facts(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, written(GOOD))

    assert text(page, "verdict-word") == "Intact"
    assert [(name, state) for name, state, _ in facts(page)] == [
        ("event", "holds"),
        ("opened", "holds"),
        ("recorded", "holds"),
        ("published", "holds"),
        ("witnessed", "holds"),
        ("epoch-audited", "holds"),
        ("fresh", "not proven"),
    ]
    seen = {name: told for name, _, told in facts(page)}
    assert seen["witnessed"].startswith("2 of 3 (quorum enough): w1 at 2026-11-24T02:45:00Z")
    assert seen["epoch-audited"] == "1 of 1: w1 at 2026-11-24T02:45:00Z"
    shown = text(page, "event")
    assert '"name": "Grüße, Ada"' in shown
    assert "12345678901234567890" in shown
    assert page.run("document.getElementById('withheld-part').hidden") is True


def test_what_is_withheld_is_listed(page: Page, tmp_path: Path) -> None:
    kept = {"/actor/id": GOOD["disclosure"]["/actor/id"]}

    choose(page, tmp_path, written({**GOOD, "disclosure": kept}))

    assert text(page, "verdict-word") == "Intact"
    assert text(page, "withheld").split("\n") == [
        "/actor/name",
        "/metadata/a~1b",
        "/targets/0/name",
    ]


def test_without_pins_nothing_is_intact_and_pasting_them_judges_anew(
    page: Page, tmp_path: Path
) -> None:
    choose(page, tmp_path, written(GOOD), None)

    assert text(page, "verdict-word") == "Unverifiable"
    assert "no pinned key" in text(page, "reason")
    assert "Not proven" in text(page, "event-line")

    page.run("document.getElementById('pins').focus()")
    page.ask("Input.insertText", text=PINS.decode())
    page.wait("document.getElementById('verdict-word').textContent === 'Intact'")
    page.ask("Input.insertText", text="!")
    page.wait("document.getElementById('verdict-word').textContent === 'Unreadable'")


def test_a_tampered_receipt_is_called_so_with_its_reason(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, written({**GOOD, "index": 2}))

    assert text(page, "verdict-word") == "Tampered"
    assert "Do not rely on this receipt" in text(page, "reason")
    assert "entry, log or slot are not those of epoch 12" in text(page, "reason")
    assert ["recorded", "fails"] in [row[:2] for row in facts(page)]


def nasty() -> Json:
    """A receipt whose clear text would like to be more than text."""
    made = Deployment()
    entry = json.loads(made.entries[3])
    entry["action"] = NASTY
    made.entries[3] = plain_text(entry).encode()
    return {**made.receipt(), "disclosure": {}}


def test_an_event_is_shown_as_text_with_what_hides_made_visible(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, written(nasty()), plain_pins())

    assert text(page, "verdict-word") == "Intact"
    told = facts(page)[0][2]
    assert told.startswith('<img src=x onerror="document.title=1">[U+202E][U+0007] by ')
    assert "[U+202E]" in text(page, "event")
    assert page.run("document.images.length") == 0
    assert page.run("document.title") == "Verify a receipt · Tallystick"


def test_a_receipt_of_megabytes_is_read(page: Page, tmp_path: Path) -> None:
    made = Deployment()
    text_of_a_mebibyte = json.dumps('a "word" \n' * 100_000)
    entry = json.loads(made.entries[3])
    code = plain_commitment(bytes(16), "/message", text_of_a_mebibyte)
    entry["sealed"]["/message"] = [0, b64encode(code).decode()]
    made.entries[3] = plain_text(entry).encode()
    shown = {"/message": [b64encode(bytes(16)).decode(), text_of_a_mebibyte]}

    choose(page, tmp_path, written({**made.receipt(), "disclosure": shown}), plain_pins())

    assert text(page, "verdict-word") == "Intact"


def test_it_asks_nothing_of_any_network(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, written(GOOD))

    tried = page.run("fetch('https://audit.example/').then(() => 'fetched', () => 'refused')")

    assert tried == "refused"
    asked = {it["request"]["url"] for it in page.told("Network.requestWillBeSent")}
    assert asked <= {TARGET.as_uri(), "https://audit.example/"}
    assert page.run("localStorage.length + sessionStorage.length") == 0
    assert page.run("document.cookie") == ""


def test_the_keyboard_reaches_everything_and_the_verdict_gets_the_focus(
    page: Page, tmp_path: Path
) -> None:
    reached = []
    for _ in range(3):
        page.press("Tab", 9)
        reached.append(page.run("document.activeElement.id"))

    assert reached == ["pins", "pins-file", "receipt-file"]
    choose(page, tmp_path, written(GOOD))
    page.wait("document.activeElement.id === 'verdict-word'")
    page.press("Tab", 9)
    assert page.run("document.activeElement.id") == "event"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.run(outline) == "solid"


def test_a_screen_reader_gets_names_states_and_a_status(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, written(GOOD))
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]

    def named(role: str) -> list[str]:
        return [
            it.get("name", {}).get("value", "")
            for it in nodes
            if it.get("role", {}).get("value") == role and not it["ignored"]
        ]

    assert named("textbox") == ["1. Whom you believe"]
    assert "Verify a receipt" in named("heading")
    assert "Intact" in named("heading")
    assert {"event", "recorded", "epoch-audited"} <= {*named("rowheader")}
    assert "Fact" in named("columnheader")
    assert page.run("document.getElementById('status').getAttribute('role')") == "status"
    assert text(page, "status") == "a.receipt: intact."
    assert all(named("button"))


# WCAG 2 contrast of text with what is behind it, both as the browser computes them.
CONTRAST = """(() => {
  const channel = (value) => (
    value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const hasText = (node) => [...node.childNodes].some(
    (child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
  const low = [];
  for (const node of document.querySelectorAll('main *')) {
    if (!hasText(node) || !node.checkVisibility()) continue;
    const two = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
    const ratio = (two[0] + 0.05) / (two[1] + 0.05);
    if (ratio < 4.5) low.push([node.tagName, node.className, ratio]);
  }
  return low;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("index", [3, 2], ids=["intact", "tampered"])
def test_text_can_be_read_in_light_and_dark(
    scheme: str, index: int, page: Page, tmp_path: Path
) -> None:
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    page.ask("Emulation.setEmulatedMedia", features=media)
    choose(page, tmp_path, written({**GOOD, "index": index}))

    assert page.run(CONTRAST) == []
    dark = page.run("getComputedStyle(document.body).backgroundColor") == "rgb(11, 14, 20)"
    assert dark is (scheme == "dark")


def test_nothing_runs_over_the_edge_of_a_phone(page: Page, tmp_path: Path) -> None:
    page.ask(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=740,
        deviceScaleFactor=1,
        mobile=True,
    )
    choose(page, tmp_path, written(GOOD))

    assert page.run("document.documentElement.scrollWidth <= 360") is True


def test_its_own_ed25519_decides_as_openssl_and_as_ours_at_the_corners(page: Page) -> None:
    cases = [*mangled(30), *corners()]
    given = [
        [b64encode(part).decode() for part in (it.key, it.signature, it.message)] for it in cases
    ]

    for own in ("true", "false"):
        told = page.run(f"""(async () => {{
          {script()}
          const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const found = [];
          for (const given of {json.dumps(given)}) {{
            found.push(await ed25519(...given.map(bytes), {own}));
          }}
          return found;
        }})()""")

        differing = [it.name for it, good in zip(cases, told, strict=True) if good is not it.good]
        assert differing == [], own
