"""A slow and obvious writer of RFC 8785, as an oracle for the fast one."""

from decimal import ROUND_FLOOR, Context, Decimal, localcontext

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def written(value: object) -> str:
    """Write a JSON value as RFC 8785 §3.2 says, but integers in plain decimal."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, str):
        return '"' + "".join(_character(letter) for letter in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(written(inner) for inner in value) + "]"
    assert isinstance(value, dict)
    names = sorted(value, key=_code_units)
    return "{" + ",".join(f"{written(name)}:{written(value[name])}" for name in names) + "}"


def _code_units(name: str) -> list[int]:
    units = []
    for point in map(ord, name):
        if point > 0xFFFF:
            units += [0xD800 + (point - 0x10000 >> 10), 0xDC00 + (point - 0x10000 & 0x3FF)]
        else:
            units.append(point)
    return units


def _character(letter: str) -> str:
    if ord(letter) in _SHORT:
        return _SHORT[ord(letter)]
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x20 else letter


def _double(value: float) -> str:
    """Number::toString of ECMA-262, step by step: the fewest digits that come back as value."""
    if value == 0:
        return "0"
    if value < 0:
        return "-" + _double(-value)
    with localcontext(Context(prec=1_200)):  # enough for the exact value of every double
        digits, n = _shortest(value)
    k = len(digits)
    if k <= n <= 21:
        return digits + "0" * (n - k)
    if 0 < n <= 21:
        return digits[:n] + "." + digits[n:]
    if -6 < n <= 0:
        return "0." + "0" * -n + digits
    sign = "+" if n > 0 else "-"
    dot = "." if k > 1 else ""
    return f"{digits[0]}{dot}{digits[1:]}e{sign}{abs(n - 1)}"


def _shortest(value: float) -> tuple[str, int]:
    """Return s and n of step 5: s has the fewest digits, and of those lies closest to value."""
    exact = Decimal(value)
    n = exact.adjusted() + 1
    for k in range(1, 18):
        scale = Decimal(10) ** (n - k)
        below = (exact / scale).to_integral_value(ROUND_FLOOR)
        fitting = [s for s in (below, below + 1) if float(s * scale) == value]
        if fitting:
            s = min(fitting, key=lambda s: (abs(s * scale - exact), s % 2))
            return _normalised(f"{s:f}", n, k)
    raise AssertionError(value)


def _normalised(digits: str, n: int, k: int) -> tuple[str, int]:
    return digits.rstrip("0"), n + len(digits) - k
