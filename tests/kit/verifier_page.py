"""Writes the hashes into verify.html: ``PYTHONPATH=tests python -m kit.verifier_page``.

The page is written by hand; its policy allows the one style and the one script that stand in it
by their hashes, and nothing else, from nowhere.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from kit.checkout import ROOT

TARGET: Final = ROOT / "docs" / "verifier" / "verify.html"
_PARTS: Final = {
    "style": r"<style>(.*?)</style>",
    "script": r'<script type="module">(.*?)</script>',
}


def script() -> str:
    """The program of the page."""
    (text,) = re.findall(_PARTS["script"], TARGET.read_text("utf-8"), re.DOTALL)
    return str(text)


def verifier_page() -> str:
    """The page with the hashes that it must have."""
    page = TARGET.read_text("utf-8")
    for kind, pattern in _PARTS.items():
        (text,) = re.findall(pattern, page, re.DOTALL)
        found = b64encode(sha256(text.encode()).digest()).decode()
        page, count = re.subn(rf"{kind}-src 'sha256-[^']*'", f"{kind}-src 'sha256-{found}'", page)
        assert count == 1, kind
    return page


def main() -> None:
    """Write the page to its place."""
    TARGET.write_text(verifier_page(), "utf-8")


if __name__ == "__main__":
    main()
