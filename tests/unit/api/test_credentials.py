"""What counts as a presented key."""

from base64 import b64encode

import pytest

from tallystick.api.credentials import presented

KEY = "tly_0123456789abcdef_" + "a" * 64


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "want"),
    [
        (f"Bearer {KEY}", KEY),
        (f"BEARER  {KEY} ", KEY),
        (f"Splunk {KEY}", KEY),
        (f"ApiKey {KEY}", KEY),
        (f"ApiKey {b64(KEY)}", KEY),
        (f"ApiKey {b64('id:' + KEY)}", KEY),
        (f"Basic {b64('user:' + KEY)}", KEY),
        (f"Basic {b64(KEY + ':')}", KEY),
        (f"Basic {KEY}", None),
        ("Basic ====", None),
        (f"Basic {b64encode(bytes([200, 201])).decode()}", None),
        (f"Token {KEY}", None),
        (KEY, None),
        ("", None),
    ],
)
def test_a_header_is_taken_apart(header: str, want: str | None) -> None:
    assert presented([header]) == want


@pytest.mark.parametrize("headers", [[], [f"Bearer {KEY}", f"Bearer {KEY}"]])
def test_none_or_several_headers_present_nothing(headers: list[str]) -> None:
    assert presented(headers) is None
