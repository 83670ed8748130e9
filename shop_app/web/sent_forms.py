"""What routes read of forms and JSON that pages send, and how they answer: redirects, cookies, refusals."""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from shop_app.core.access import clients, cookies
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.core.settings import settings
from shop_app.core.shop import shop
from shop_app.services.accounts import browsers
from shop_app.services.accounts.browsers import Browser, Kind

MAX_BYTES = 64 * 1024
MAX_FIELDS = 20
ADMIN, ACCOUNT = "/admin", "/account"
MAX_TARGET = 1000
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII)
Handler = Callable[[Request], Awaitable[Response]]
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


def own_path(text: str, home: str = ADMIN) -> str:
    """The address within the shop that somebody wants to go on to after a sign-in; `home` for any other.

    home  `ADMIN` for staff, who stay in the back office; `ACCOUNT` for customers, who never get there

    >>> own_path("/admin/orders?tab=unpaid"), own_path("//evil.example"), own_path("/admin/login")
    ('/admin/orders?tab=unpaid', '/admin', '/admin')
    >>> own_path("/checkout", ACCOUNT), own_path("/admin/orders", ACCOUNT), own_path("/%61dmin", ACCOUNT)
    ('/checkout', '/account', '/account')
    """
    if len(text) > MAX_TARGET or not _OWN_PATH.fullmatch(text):
        return home
    # As the server reads it, whatever its writing: percent signs, dots and slashes.
    path = posixpath.normpath("/" + unquote(re.split("[?#]", text)[0]).lstrip("/"))
    is_admin = path == ADMIN or path.startswith(f"{ADMIN}/")
    leads_back = path.startswith((f"{home}/login", f"{home}/logout", f"{home}/register"))
    return text if is_admin == (home == ADMIN) and not leads_back else home


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


def to_script(handler: Handler) -> Handler:
    """Decorate a route for scripts: what it refuses is answered with a sentence."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return refused(Invalid(_("That didn't arrive whole.")))
        except ShopError as refusal:
            return refused(refusal)

    return answer


def with_cookies(response: Response, set_cookies: Iterable[str]) -> Response:
    """The response with cookies, kept by nobody on its way."""
    response.headers["cache-control"] = "no-store"
    for cookie in set_cookies:
        response.headers.append("set-cookie", cookie)
    return response


def session_cookie(key: str, kind: Kind = "staff") -> str:
    """The Set-Cookie value of a session; without a key, the one that deletes it."""
    staff, customer = settings().staff_session_hours * 3600, settings().customer_session_days * 86_400
    seconds = (staff if kind == "staff" else customer) if key else 0
    return cookies.set_cookie(cookies.session_cookie(), key, max_age=seconds)


def too_many(refusal: TooMany, login: str) -> Response:
    """A page of its own, with the way back to the sign-in: it is made at once, however many ask."""
    page = (
        f'<!doctype html><html lang="{html.escape(shop().locale)}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        "<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34em;"
        "margin:15vh auto;padding:0 1.5em;color-scheme:light dark}}</style>"
        '<h1>{title}</h1><p>{text}</p><p><a href="{login}">{back}</a></p></html>'
    )
    shown = {
        "title": html.escape(_("Too many tries")),
        "text": html.escape(refusal.message),
        "back": html.escape(_("Back to the sign-in")),
        "login": login,
    }
    response = HTMLResponse(page.format(**shown), 429, {"Retry-After": "60"})
    return with_cookies(response, ())
