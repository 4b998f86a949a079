"""IP addresses in a condition: compared by their number, IPv4 as mapped IPv6.

So ``::/0`` is every address, as it is for Elasticsearch.

Source: RFC 4291, section 2.5.5.2.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address, ip_network

from tallystick.errors import MalformedError
from tallystick.search.columns import Bind
from tallystick.search.filters import Value, Within

_MAPPED = bytes(10) + b"\xff\xff"


def shortest(text: object) -> object:
    """Spell an address so that it is found by whatever form is asked for; else return it."""
    try:
        return str(ip_address(str(text)))
    except ValueError:
        return text


def address(value: Value, bind: Bind) -> str:
    """Write the 16 bytes of an address.

    Raises:
        MalformedError: It is none.
    """
    try:
        found = ip_address(str(value))
    except ValueError:
        raise MalformedError("value: of another form, want an IP address") from None
    mapped = _MAPPED if isinstance(found, IPv4Address) else b""
    return f"toFixedString(unhex({bind((mapped + found.packed).hex(), 'String')}), 16)"


def network_bounds(node: Within, bind: Bind) -> list[tuple[str, str]]:
    """Write the bounds between which the addresses of a network lie."""
    network = ip_network(node.network)
    return [(sign, address(str(network[end]), bind)) for sign, end in ((">=", 0), ("<=", -1))]


def numbered(text: str, bounds: Iterable[tuple[str, str]]) -> str:
    """Write that a text is an address within all bounds."""
    number = f"IPv6StringToNumOrDefault({text})"
    return f"(isIPv4String({text}) OR isIPv6String({text})) AND {all_of(number, bounds)}"


def all_of(value: str, bounds: Iterable[tuple[str, str]]) -> str:
    """Write that a value is within all bounds, each a sign and what is compared with."""
    return " AND ".join(f"{value} {sign} {bound}" for sign, bound in bounds)
