"""The client of a request, as limits need it: its address, and its visitor's cookie."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from ..settings import settings
from . import cookies

Scope = MutableMapping[str, Any]
"""A request, or the opening of a socket, as an ASGI server describes it."""
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever sent a request or an event.

    A visitor's cookie is free to make, so what is limited by it alone isn't limited.
    """

    address: str
    """As `counted` writes it."""
    visitor: str
    """The hash of the visitor's key, "" where there is none."""

    @property
    def origin(self) -> str:
        """The address as the database may keep it: a keyed hash, "" where there is no address."""
        if not self.address:
            return ""
        return hmac.digest(
            settings().signing_key.encode(), b"asked from:" + self.address.encode(), "sha256"
        ).hex()


def of_scope(scope: Scope) -> Client:
    """Who sent a request, or opened a socket."""
    return Client(client_address(scope), visitor_of(header(scope, b"cookie")))


def of_state(state: Any) -> Client:
    """Who sent the event that a State handles: what its page's socket came with."""
    router = state.router
    return Client(counted(router.session.client_ip), visitor_of(router.headers.cookie))


def header(scope: Scope, name: bytes) -> str:
    """The value of a request's header, "" where it is missing; one that was sent in parts is put together."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ("; " if name == b"cookie" else ", ").join(values)


def client_address(scope: Scope) -> str:
    """The address that a request came from, behind as many proxies as the settings trust, as it counts."""
    address = (scope.get("client") or ("",))[0]
    hops = settings().trusted_proxy_hops
    forwarded = [part.strip() for part in header(scope, b"x-forwarded-for").split(",") if part.strip()]
    if hops and len(forwarded) >= hops:
        address = forwarded[-hops]
    return counted(address)


def set_client_address(scope: Scope) -> None:
    """Write into a socket's scope the address that it comes from: Reflex and the shop then read the same.

    Reflex would read the proxies' header by rules of its own, and only the last of several.
    """
    port = (scope.get("client") or ("", 0))[1]
    scope["client"] = (client_address(scope), port)
    scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"x-forwarded-for"]


def counted(address: str) -> str:
    """An address as limits count it: IPv6 by its /64, which one household has for itself.

    Without the port that some proxies write behind it, which changes with every connection.
    """
    alone = _WITH_PORT.fullmatch(address)
    try:
        ip = ipaddress.ip_address((alone[1] or alone[2] if alone else address).partition("%")[0])
    except ValueError:
        return address[:64]
    if ip.version == 6:
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
    return str(ip)


def visitor_of(cookie_header: str) -> str:
    """The hash of the visitor's key in a Cookie header, "" where there is none."""
    key = cookies.visitor_key(cookie_header)
    return cookies.key_hash(key) if key else ""
