"""Which addresses a webhook may be sent to, enforced where the socket is made.

A URL comes from whoever submits a task; the network that the processor stands in is not theirs to reach. What counts is
the address that is connected to: a name is resolved once and the connection goes to one of the very addresses that were
checked, and `_socket_for` sees each address again right before `connect`, also one written into the URL.
"""

import socket
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from aiohttp import TCPConnector, ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

AddressRule = Callable[[str], bool]
"""May a webhook go to this address, given as text?"""

IDLE_SECONDS = 4.0
"""A connection is used again for so long. Many servers close idle ones after 5 s; a POST that meets the close fails."""

# Lists of our own: what `ipaddress` calls private or global changes between patch releases of Python.
_REFUSED_IPV4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; metadata of some clouds
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform service; a public number that is never public
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle's cloud
        "192.0.2.0/24",  # documentation, and the two below
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_GLOBAL_IPV6 = IPv6Network("2000::/3")
"""Everything else is unspecified, loopback, mapped IPv4, unique local, link-local, multicast or reserved."""
_REFUSED_IPV6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 reaches it (DNS64 answers these for IPv4 names): judged by the IPv4 address inside."""


class AddressRefused(Exception):
    """A webhook may not go to this address; the message names it."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address")


def is_public(address: str) -> bool:
    """Whether an address is reached over the internet; False for what is not an address at all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_ipv4(parsed) if isinstance(parsed, IPv4Address) else _is_public_ipv6(parsed)


def anywhere(_address: str) -> bool:
    """The rule of local runs."""
    return True


def guarded_connector(rule: AddressRule, resolver: AbstractResolver | None = None) -> TCPConnector:
    """Connections to addresses that keep the rule; others raise `AddressRefused`. Needs a running loop."""
    return TCPConnector(
        resolver=_GuardedResolver(rule, resolver or ThreadedResolver()),
        socket_factory=partial(_socket_for, rule),
        limit=0,  # the processor bounds how many tasks run
        keepalive_timeout=IDLE_SECONDS,
    )


class _GuardedResolver(AbstractResolver):
    """Refuses a name when any of its addresses is refused: half a private name is somebody's trick."""

    def __init__(self, rule: AddressRule, resolver: AbstractResolver) -> None:
        self._rule = rule
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            if not self._rule(result["host"]):
                raise AddressRefused(result["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _socket_for(rule: AddressRule, info: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, (address, *_) = info
    if not rule(address):
        raise AddressRefused(address)
    return socket.socket(family, kind, protocol)


def _is_public_ipv4(address: IPv4Address) -> bool:
    return not any(address in network for network in _REFUSED_IPV4)


def _is_public_ipv6(address: IPv6Address) -> bool:
    if address in _NAT64:
        return _is_public_ipv4(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_IPV6 and not any(address in network for network in _REFUSED_IPV6)
