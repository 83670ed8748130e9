"""Who may use the sandbox's tools: programs on this machine and its own pages, no page of another site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request

THIS_MACHINE = ("127.0.0.1", "::1")
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def from_this_machine(request: Request, public_url: str) -> bool:
    """Whether a program on this machine or the sandbox's own page sent it, without a proxy between."""
    client = request.client.host if request.client else ""
    # Against DNS rebinding: another site's name may resolve to this machine.
    name = re.sub(r":\d+$", "", request.headers.get("host", ""))
    names = ("localhost", "127.0.0.1", "[::1]", urlsplit(public_url).hostname)
    return (
        client in THIS_MACHINE
        and name in names
        and not any(header in request.headers for header in _PROXY_HEADERS)
        and from_own_page(request, public_url)
    )


def from_own_page(request: Request, public_url: str) -> bool:
    """Whether no other site's page sent it: browsers name the page's site, other programs name none."""
    parts = urlsplit(public_url)
    origins = set(request.headers.getlist("origin"))
    sites = set(request.headers.getlist("sec-fetch-site"))
    return origins <= {f"{parts.scheme}://{parts.netloc}"} and sites <= {"none", "same-origin"}
