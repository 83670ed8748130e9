"""Where a request or a socket comes from, as limits and logs count it."""

from __future__ import annotations

import ipaddress
import os

from starlette.types import Scope

from shop_app.settings import settings


def load_test() -> bool:
    """Whether rates and counts are lifted: SHOP_LOAD_TEST=1, for load tests only, never in production."""
    return os.environ.get("SHOP_LOAD_TEST") == "1" and settings().mode != "production"


def header(scope: Scope, name: bytes) -> str:
    """The value of a request's header, "" where it is missing; a Cookie sent in parts is put together."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ("; " if name == b"cookie" else ", ").join(values)


def client_address(scope: Scope) -> str:
    """The address that a request came from, behind as many proxies as the settings trust.

    IPv6 counts by its /64: one household has as many addresses as it likes.
    """
    address = (scope.get("client") or ("",))[0]
    hops = settings().trusted_proxy_hops
    forwarded = [part.strip() for part in header(scope, b"x-forwarded-for").split(",") if part.strip()]
    if hops and len(forwarded) >= hops:
        address = forwarded[-hops]
    return network(address)


def network(address: str) -> str:
    """What an address counts as: itself, or the /64 that it lies in; junk is cut short."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 6:
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
    return str(ip)
