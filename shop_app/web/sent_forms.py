"""What routes read of forms and JSON that pages send, and how they answer: redirects, cookies, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from shop_app.core.access import clients, cookies
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound, ShopError, TooMany
from shop_app.core.settings import settings
from shop_app.services.accounts import browsers
from shop_app.services.accounts.browsers import Browser

MAX_BYTES = 64 * 1024
MAX_FIELDS = 20
ADMIN = "/admin"
_OWN_PATH = re.compile(r"/admin(?:[/?][!-\[\]-~]*)?", re.ASCII)
_STATUS = {NotFound: 404, Conflict: 409, Forbidden: 403, TooMany: 429}


async def body(request: Request) -> bytes:
    """The whole body.

    Errors  Invalid where it is larger than `MAX_BYTES`.
    """
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > MAX_BYTES:
            raise Invalid("That is larger than the shop takes.")
    return bytes(whole)


async def fields(request: Request, *names: str) -> dict[str, str]:
    """These fields of a sent form, "" for those that are missing; exactly as they were typed.

    Errors  Invalid for what isn't a form.
    """
    sent = (await body(request)).decode("utf-8", "replace")
    try:
        values = parse_qs(sent, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("This can't be read.") from None
    return {name: values.get(name, [""])[0] for name in names}


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object that a script sent.

    Errors  Invalid for everything else.
    """
    try:
        sent = json.loads(await body(request))
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise Invalid("This can't be read.")
    return sent


def own_path(text: str) -> str:
    """The address within the back office that somebody wants to go on to; its first page for any other.

    >>> own_path("/admin/orders?tab=unpaid"), own_path("//evil.example"), own_path("/admin/login")
    ('/admin/orders?tab=unpaid', '/admin', '/admin')
    """
    leads_back = text.startswith((f"{ADMIN}/login", f"{ADMIN}/logout"))
    return text if len(text) <= 1000 and _OWN_PATH.fullmatch(text) and not leads_back else ADMIN


def browser_of(request: Request) -> Browser:
    """The browser that sent a request."""
    client = clients.of_scope(request.scope)
    key = cookies.session_key(clients.header(request.scope, b"cookie"))
    return Browser(
        client.visitor,
        cookies.key_hash(key) if key else "",
        browsers.device_of(request.headers.get("user-agent", "")),
        browsers.network_of(client.address),
    )


def see_other(path: str, *set_cookies: str, **query: str) -> Response:
    """A redirect that is got, never sent again; empty values of `query` are left out."""
    given = {name: value for name, value in query.items() if value}
    target = quote(path, safe="/?&=%-._~") + (f"?{urlencode(given)}" if given else "")
    return with_cookies(RedirectResponse(target, 303), set_cookies)


def said(values: Mapping[str, Any], *set_cookies: str, status: int = 200) -> Response:
    """An answer to a script."""
    return with_cookies(JSONResponse(dict(values), status), set_cookies)


def refused(refusal: ShopError) -> Response:
    """The answer to a script that asked for what can't be done."""
    status = next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 422)
    return said({"error": refusal.message}, status=status)


def with_cookies(response: Response, set_cookies: Iterable[str]) -> Response:
    """The response with cookies, kept by nobody on its way."""
    response.headers["cache-control"] = "no-store"
    for cookie in set_cookies:
        response.headers.append("set-cookie", cookie)
    return response


def session_cookie(key: str) -> str:
    """The Set-Cookie value of a session of staff; without a key, the one that deletes it."""
    seconds = settings().staff_session_hours * 3600 if key else 0
    return cookies.set_cookie(cookies.session_cookie(), key, max_age=seconds)
