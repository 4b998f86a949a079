"""The address of the server: read, and held for the doors."""

import socket

from tallystick.errors import MalformedError


def reserved(listen: str) -> socket.socket:
    """Hold the address for the doors, which share it; nobody can be connected to this socket.

    Raises:
        MalformedError: The address is not of its form, or another program listens there.
    """
    host, port = parted(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Shared with the doors only after it was found free: SO_REUSEPORT alone would also let
        # this server share the port, unseen, with another one of the same user.
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise MalformedError(f"listen {listen!r}: {error.strerror}, want a free address") from None
    return held


def parted(listen: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, an IPv6 host in brackets; the host is returned without them.

    Raises:
        MalformedError: The address is not of its form.
    """
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 1 << 16):
        raise MalformedError(f"listen {listen[:80]!r}: want HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)
