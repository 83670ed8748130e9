"""Who may use the sandbox's tools: programs on this machine and its own pages, no other site's page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request

THIS_MACHINE = ("127.0.0.1", "::1")
_HANDED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def from_this_machine(request: Request, public_url: str) -> bool:
    """Whether a tool on this machine sent it, or the sandbox's own page: no proxy and no other site."""
    client = request.client.host if request.client else ""
    # A page of another site can reach this machine by a name of its own that it has turned to it.
    name = re.sub(r":\d+$", "", request.headers.get("host", ""))
    names = ("localhost", "127.0.0.1", "[::1]", urlsplit(public_url).hostname)
    return (
        client in THIS_MACHINE
        and name in names
        and not any(header in request.headers for header in _HANDED_ON)
        and from_own_page(request, public_url)
    )


def from_own_page(request: Request, public_url: str) -> bool:
    """Whether no page of another site sent it: a browser says whose page it was, a tool says nothing."""
    parts = urlsplit(public_url)
    origins = set(request.headers.getlist("origin"))
    sites = set(request.headers.getlist("sec-fetch-site"))
    return origins <= {f"{parts.scheme}://{parts.netloc}"} and sites <= {"none", "same-origin"}
