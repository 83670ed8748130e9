"""Which IP addresses are out in the world: global unicast, and nothing that leads inside by another name."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from ...core.errors import Invalid
from ...core.i18n import _

_UNICAST = IPv6Network("2000::/3")
"""All that is given out to the world so far: https://www.iana.org/assignments/ipv6-address-space."""
_WITH_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""Mapped, and what a NAT64 gateway answers for a host of the old internet: its last 32 bits decide."""
# Inside or out of use, whatever the version of Python thinks of them.
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",
            "192.88.99.0/24",  # Protocols; the way to 6to4.
            "2001::/23",
            "2002::/16",
            "2001:db8::/32",
            "3fff::/20",  # Teredo and others; 6to4; for books.
        ),
    )
)


def public_address(host: str, port: int) -> str:
    """The IP address that a host stands for.

    Errors  Invalid for hosts that are unknown, or of which any address lies inside: this machine,
            private networks, link-local and the like.
    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Invalid(_("{host} can't be found.").format(host=host)) from None
    addresses = [str(entry[4][0]) for entry in infos]
    if not addresses or not all(map(is_public, addresses)):
        raise Invalid(_("{host} isn't a public address.").format(host=host))
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether a connection to it leaves for the world.

    >>> [is_public(one) for one in ("93.184.216.34", "10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::5db8:d822")]
    [True, False, False, False]
    """
    ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if isinstance(ip, IPv6Address) and ip not in _UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NEVER)


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv6Address) and any(ip in network for network in _WITH_IPV4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
