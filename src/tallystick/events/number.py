"""Doubles in the spelling that JavaScript gives them."""

from math import isfinite
from typing import Final

from tallystick.errors import MalformedError

_LAST_PLAIN: Final = 21
"""Up to this many digits before the point a double is written without exponent."""

_FIRST_PLAIN: Final = -6
"""Down to this exponent a double below one is written without exponent."""


def number_text(value: float) -> str:
    """Write a double as ECMAScript's ``Number::toString`` does.

    Both languages write the shortest digits that lead back to the same double; they differ only
    in where the point stands and when an exponent is used.

    Raises:
        MalformedError: The value is NaN or an infinity, which JSON cannot say.

    Source: RFC 8785 §3.2.2.3; ECMA-262 §6.1.6.1.20.
    """
    if not isfinite(value):
        raise MalformedError(f"number: {value}, want a finite double")
    if value == 0:
        return "0"
    digits, point = _digits(abs(value))
    sign = "-" if value < 0 else ""
    return sign + _placed(digits, point)


def _digits(value: float) -> tuple[str, int]:
    """Return d, without outer zeroes, and n, so that the value is 0.d times ten to the n."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    padded = whole + fraction
    digits = padded.lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(padded) - len(digits))
    return digits.rstrip("0"), point


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= _LAST_PLAIN:
        return digits.ljust(point, "0")
    if 0 < point <= _LAST_PLAIN:
        return f"{digits[:point]}.{digits[point:]}"
    if _FIRST_PLAIN < point <= 0:
        return "0." + digits.rjust(len(digits) - point, "0")
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
