"""Ports on loopback."""

import errno
import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def in_use(port: int) -> bool:
    """Whether another program listens on `port`, on either address of localhost. Raises PermissionError."""
    return _taken(socket.AF_INET, LOOPBACK, port) or (socket.has_ipv6 and _taken(socket.AF_INET6, "::1", port))


def _taken(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except PermissionError:
        raise
    except OSError as error:
        return error.errno == errno.EADDRINUSE  # else this machine has no such address
    return False
