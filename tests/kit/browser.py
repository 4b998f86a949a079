"""Debian's Chromium without a window, driven over two pipes by the DevTools protocol."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Json = dict[str, Any]
PROGRAM = "chromium"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, and open nothing but our own pages
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# Chromium reads commands from descriptor 3 and writes answers to 4.
_LAUNCH = """
import os, sys
reads, writes = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]))
high = [os.dup2(reads, 63), os.dup2(writes, 62)]
os.dup2(63, 3); os.dup2(62, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A running browser.

    Attributes:
        events: What it told without being asked, in its order.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb")
        self._answers = os.fdopen(answers, "rb")
        self._numbers = count(1)
        self._held = b""
        self.events: list[Json] = []

    def ask(self, method: str, session: str | None = None, **given: object) -> Json:
        """Send a command and wait for its answer."""
        number = next(self._numbers)
        message: Json = {"id": number, "method": method, "params": given}
        if session:
            message["sessionId"] = session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            told = self._next()
            if told.get("id") == number:
                assert "error" not in told, (method, told)
                answer: Json = told["result"]
                return answer
            self.events.append(told)

    def close(self) -> None:
        """Close the pipes, which ends the browser."""
        self._commands.close()
        self._answers.close()

    def _next(self) -> Json:
        while b"\0" not in self._held:
            part = os.read(self._answers.fileno(), 1 << 16)
            assert part, "chromium ended"
            self._held += part
        message, _, self._held = self._held.partition(b"\0")
        told: Json = json.loads(message)
        return told

    def open(self, address: str) -> "Page":
        """Open a page, and wait until it is loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            page.ask(f"{domain}.enable")
        page.ask("Page.navigate", url=address)
        page.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return page


class Page:
    """A page that is open."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self._session = session

    def ask(self, method: str, **given: object) -> Json:
        """Send a command that concerns this page."""
        return self.browser.ask(method, self._session, **given)

    def run(self, script: str) -> Any:  # noqa: ANN401 - what the script returns
        """Evaluate an expression in the page, awaited, as JSON."""
        told = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression holds, ten seconds at most."""
        self.run(
            "new Promise((done, fail) => { const end = Date.now() + 10_000; (function look() {"
            f" if ({condition}) done(); else if (Date.now() > end) fail(new Error('too late'));"
            " else setTimeout(look, 20); })(); })"
        )

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file in a file field."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def told(self, method: str) -> list[Json]:
        """What the browser told of one kind about this page."""
        return [
            it["params"]
            for it in self.browser.events
            if it.get("method") == method and it.get("sessionId") == self._session
        ]


@contextmanager
def running() -> Iterator[Browser]:
    """Start the browser with an empty profile, and end it."""
    program = shutil.which(PROGRAM)
    assert program is not None
    commands, answers = os.pipe(), os.pipe()
    with TemporaryDirectory(prefix="chromium-") as profile:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _LAUNCH, str(commands[0]), str(answers[1]), program),
                *(*_FLAGS, f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(commands[0], answers[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands[0])
        os.close(answers[1])
        browser = Browser(commands[1], answers[0])
        try:
            yield browser
            browser.ask("Browser.close")
        finally:
            browser.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
