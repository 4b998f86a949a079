"""Messages to a receiver that knows a shared secret (Standard Webhooks, standardwebhooks.com).

Each has an id that stays the same in every try, so that the receiver can drop a second copy, and
is signed together with the time of the try.
"""

import hmac
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from tallystick.errors import MalformedError, TallystickError
from tallystick.watch.delivery import Delivery
from tallystick.watch.http import Site

_PREFIX: Final = "whsec_"
_SECRET_SIZES: Final = range(24, 65)
_FIRST_PAUSE_S: Final = 5
_LONGEST_PAUSE_S: Final = 300
_TIMEOUT_S: Final = 10


def read_secret(text: str) -> bytes:
    """Read a secret: ``whsec_`` and 24 to 64 bytes in base64.

    Raises:
        MalformedError: It is something else; the message does not tell it.
    """
    written = text.strip()
    try:
        secret = b64decode(written.removeprefix(_PREFIX), validate=True)
    except ValueError:
        secret = b""
    if not written.startswith(_PREFIX) or len(secret) not in _SECRET_SIZES:
        raise MalformedError(
            "webhook secret: another form, want whsec_ and 24 to 64 bytes in base64"
        )
    return secret


def signature(secret: bytes, name: str, time_s: int, body: str) -> str:
    """Return the value of ``webhook-signature``: HMAC-SHA256 over id, time and body."""
    signed = f"{name}.{time_s}.{body}".encode()
    return f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"


class Webhook:
    """Where messages go.

    Args:
        url: Address of the receiver.
        secret: What messages are signed with.

    Raises:
        MalformedError: The URL is none.
    """

    def __init__(self, url: str, secret: bytes) -> None:
        parts = urlsplit(url)
        self._site = Site(f"{parts.scheme}://{parts.netloc}", timeout_s=_TIMEOUT_S)
        self._target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._secret = secret

    def send(self, delivery: Delivery, now_s: int) -> Delivery | None:
        """Try once.

        Returns:
            None when the receiver took it; else the message with the time of the next try,
            which lies up to five minutes ahead.
        """
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery.name,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(self._secret, delivery.name, now_s, delivery.body),
        }
        try:
            self._site.post(self._target, delivery.body.encode(), headers)
        except TallystickError:
            pause_s = min(_FIRST_PAUSE_S << min(delivery.tries, 10), _LONGEST_PAUSE_S)
            return replace(delivery, tries=delivery.tries + 1, due_s=now_s + pause_s)
        finally:
            self._site.close()
        return None
