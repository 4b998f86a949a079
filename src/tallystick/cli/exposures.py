"""Secrets and personal data that stand in a log in clear; the values themselves are never told."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

MAX_LOOKED_AT: Final = 200_000
"""Characters of a line that are looked at."""

_SHOWN: Final = 5
_MOD: Final = 97


@dataclass(slots=True)
class Exposure:
    """One kind of value that stands in clear.

    Attributes:
        kind: Such as ``e-mail address``.
        is_secret: Whether whoever reads it can use it; else it is personal data.
        lines: In how many lines.
        values: How many values, the same ones counted again.
        places: Where the first ones are, as ``file:line``.
    """

    kind: str
    is_secret: bool
    lines: int = 0
    values: int = 0
    places: list[str] = field(default_factory=list)

    def to_builtins(self) -> dict[str, object]:
        """Write the exposure as ``--json`` shows it."""
        return {
            "kind": self.kind, "secret": self.is_secret, "lines": self.lines,
            "values": self.values, "places": self.places,
        }  # fmt: skip


class Exposures:
    """Looks for them, line by line."""

    def __init__(self) -> None:
        self._found: dict[str, Exposure] = {}

    def look(self, where: str, text: str) -> None:
        """Look at one line."""
        shown = text[:MAX_LOOKED_AT]
        for kind, is_secret, pattern, is_one in _KINDS:
            number = sum(1 for value in pattern(shown) if is_one(value[0]))
            if not number:
                continue
            exposure = self._found.setdefault(kind, Exposure(kind, is_secret))
            exposure.lines += 1
            exposure.values += number
            if len(exposure.places) < _SHOWN:
                exposure.places.append(where)

    def __iter__(self) -> Iterator[Exposure]:
        """Return what was found, secrets first, then by number of lines."""
        yield from sorted(self._found.values(), key=lambda one: (not one.is_secret, -one.lines))


def _always(_: str) -> bool:
    return True


def _is_address(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_card(text: str) -> bool:
    """Check the digits by Luhn's formula (ISO/IEC 7812-1 annex B)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Check the digits as ISO 13616 says (ISO 7064, mod 97-10)."""
    plain = text.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % _MOD == 1


_Find = Callable[[str], Iterator[re.Match[str]]]


def _finder(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> _Find:
    return re.compile(pattern, flags | re.ASCII).finditer


# What stands for a value that somebody took out.
_OUT: Final = (
    r"(?!\*|\[|<|null\b|none\b|true\b|false\b|hidden|withheld|redacted|masked|removed|x{4})"
)
_NAMED_SO: Final = (
    r"(?:password|passwd|passphrase|pwd|secret|client[_-]?secret|secret[_-]?key|api[_-]?key|auth[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|session[_-]?token|secret[_-]?access[_-]?key|private[_-]?key)"
)
_KINDS: Final[tuple[tuple[str, bool, _Find, Callable[[str], bool]], ...]] = (
    ("private key", True, _finder(r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----"), _always),
    (
        "password or secret beside its name",
        True,
        _finder(
            rf"(?<![\w:/.-])[\w-]{{0,40}}{_NAMED_SO}\\?[\"']?[ \t]{{0,3}}[=:][ \t]{{0,3}}"
            rf"\\?[\"']?{_OUT}[^\s\"',;&}}\\]{{4,}}",
            re.IGNORECASE,
        ),
        _always,
    ),
    (
        "password in a URL",
        True,
        _finder(r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s/:@\"]{0,100}:[^\s/@\"]{1,200}@"),
        _always,
    ),
    (
        "JWT",
        True,
        _finder(r"\beyJ[\w-]{8,4000}\.eyJ[\w-]{4,8000}\.[\w-]{8,2000}"),
        _always,
    ),
    (
        "bearer token or basic credential",
        True,
        _finder(r"\b(?:bearer|basic)[ \t]{1,3}[\w.~+/-]{16,}={0,2}", re.IGNORECASE),
        _always,
    ),
    (
        "token of a well-known form",
        True,
        _finder(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|[sr]k_live_[A-Za-z0-9]{16,}"
            r"|tly_[A-Za-z0-9_-]{16,}|AIza[\w-]{35})"
        ),
        _always,
    ),
    ("AWS access key id", False, _finder(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), _always),
    (
        "card number",
        False,
        _finder(
            r"(?<![\w.-])(?:(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|5\d\d))(?:[ -]?\d{4}){3}"
            r"|3[47]\d\d[ -]?\d{6}[ -]?\d{5})(?![\w-])"
        ),
        _is_card,
    ),
    (
        "IBAN",
        False,
        _finder(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _is_iban,
    ),
    (
        "e-mail address",
        False,
        _finder(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
        _always,
    ),
    (
        "IP address",
        False,
        _finder(
            r"(?<![\w.])(?<![A-Za-z]/)(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)"  # no Chrome/1.2.3.4
            r"|(?<![\w:.])(?=[0-9A-Fa-f:]{0,40}::|(?:[0-9A-Fa-f]{1,4}:){7})"
            r"[0-9A-Fa-f:]{3,45}(?![\w:])"
        ),
        _is_address,
    ),
)
