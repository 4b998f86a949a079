"""Credentials: the several ways to present an API key mean the same.

``Bearer KEY``, ``Splunk KEY``, ``ApiKey KEY`` or ``ApiKey base64([id:]KEY)``, and ``Basic`` with
the key as password, or as user without a password (RFC 7617).
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence

_PREFIX = "tly_"


def presented(headers: Sequence[str]) -> str | None:
    """Take the API key out of the request's ``Authorization`` headers.

    Args:
        headers: The values of all of them.

    Returns:
        The text that is to be authenticated, or None where there is none, or more than one.
    """
    if len(headers) != 1:
        return None
    scheme, _, rest = headers[0].partition(" ")
    value = rest.strip(" ")
    match scheme.lower():
        case "bearer" | "splunk":
            return value
        case "apikey":
            return value if value.startswith(_PREFIX) else _unpacked(value)
        case "basic":
            return _unpacked(value)
        case _:
            return None


def _unpacked(value: str) -> str | None:
    try:
        text = b64decode(value, validate=True).decode()
    except (Base64Error, ValueError):
        return None
    name, _, secret = text.partition(":")
    return secret or name
