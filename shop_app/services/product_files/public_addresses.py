"""Public IP addresses: global unicast, except ranges that lead to private networks."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from ...core.errors import Invalid
from ...core.i18n import _

_UNICAST = IPv6Network("2000::/3")
"""The only global unicast range so far: https://www.iana.org/assignments/ipv6-address-space."""
_WITH_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv4-mapped and NAT64 addresses: the last 32 bits are the IPv4 address that counts."""
# Never public, whatever this version of Python says.
_NEVER = (
    ipaddress.ip_network("192.0.0.0/24"),  # IETF protocols.
    ipaddress.ip_network("192.88.99.0/24"),  # 6to4 relays.
    ipaddress.ip_network("2001::/23"),  # Teredo and other protocols.
    ipaddress.ip_network("2002::/16"),  # 6to4.
    ipaddress.ip_network("2001:db8::/32"),  # Documentation.
    ipaddress.ip_network("3fff::/20"),  # Documentation.
)


def public_address(host: str, port: int) -> str:
    """The first IP address of a host.

    Errors  Invalid for a host that is unknown, or has any address that isn't public: this machine, private
            networks, link-local and the like.
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
    """Whether it is a public address.

    >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("64:ff9b::a00:1")
    (True, False, False)
    """
    ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if isinstance(ip, IPv6Address) and ip not in _UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NEVER)


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv6Address) and any(ip in network for network in _WITH_IPV4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
