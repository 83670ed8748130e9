"""The set-up page: what the back office is until a production shop has staff, and never again after.

A form that works without scripts, in two steps: token and country, then what follows from the country, with
the owner's account. Its HTML has no script and no State.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.errors import Conflict, Invalid, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.services.accounts import passwords
from shop_app.services.accounts.browsers import Browser
from shop_app.services.opening import set_up, token
from shop_app.services.opening.set_up import SetUpView, Typed

from . import sign_in
from .sent_forms import browser_of
from .staff_sign_in import signed_in

PREFIX = "/admin"
ADDRESS = "/admin/set-up"
MAX_FIELDS = 40
MAX_TEXT = 400
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


Draw = Callable[[SetUpView], str]


class SetUp:
    """ASGI: answers every address of the back office until the shop has staff; passes on everything else."""

    def __init__(self, app: ASGIApp, *, draw: Draw) -> None:
        self.app = app
        self.draw = draw
        self._is_open = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._is_ours(scope):
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _is_ours(self, scope: Scope) -> bool:
        if scope["type"] != "http" or self._is_open:
            return False
        path = scope["path"]
        if path != PREFIX and not path.startswith(PREFIX + "/"):
            return False
        # Staff may also come from the command line, so each request asks until there are some.
        self._is_open = await db.read(token.is_open)
        return not self._is_open

    async def _answer(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            return self._page(Typed())
        if request.method != "POST" or request.url.path != ADDRESS:
            return RedirectResponse(PREFIX, 303)
        try:
            await rates.take(rates.SET_UP, clients.of_scope(request.scope))
            async with request.form(max_files=0, max_fields=MAX_FIELDS) as form:
                typed = _typed(form)
                return await self._step(request, form, typed)
        except TooMany as refusal:
            return self._page(Typed(), status=429, refused=refusal.message)

    async def _step(self, request: Request, form: FormData, typed: Typed) -> Response:
        """Go on to the second step, or open the shop; what can't be taken comes back as it was typed."""
        is_second = form.get("step") == "open"
        try:
            await db.read(token.check, typed.token)
        except Conflict:
            return RedirectResponse(PREFIX, 303)
        except Invalid as refusal:
            return self._page(typed, {refusal.field: refusal.message}, is_second=is_second)
        if not set_up.knows_country(typed.country):
            sentence = _("Choose the country that the shop is in.")
            return self._page(typed, {"country": sentence})
        if not is_second:
            return self._page(set_up.proposed(typed), is_second=True)
        return await self._open(typed, str(form.get("password", "")), browser_of(request))

    async def _open(self, typed: Typed, password: str, browser: Browser) -> Response:
        opening, errors = set_up.checked(typed)
        hashed = None
        if not errors:
            try:
                hashed = await sign_in.on_thread(
                    passwords.hash_password, password, about=(typed.name, typed.email, typed.shop_name)
                )
            except Invalid as refusal:
                errors["password"] = refusal.message
            except TooMany as refusal:
                return self._page(typed, refused=refusal.message, is_second=True)
        if opening is None or hashed is None:
            return self._page(typed, errors, is_second=True)
        try:
            key = await db.write(set_up.open_shop, typed.token, opening, hashed, browser, durable=True)
        except Conflict:
            return RedirectResponse(PREFIX, 303)
        except ShopError as refusal:
            named = {refusal.field: refusal.message} if isinstance(refusal, Invalid) and refusal.field else {}
            refused = "" if named else refusal.message
            return self._page(typed, named, refused=refused, is_second=True)
        return signed_in(key, PREFIX)

    def _page(
        self, typed: Typed, errors: Mapping[str, str] | None = None, status: int = 200, **more: Any
    ) -> Response:
        view = set_up.view(typed, errors or {}, **more)
        refused = status == 200 and (view.errors or view.refused)
        return HTMLResponse(self.draw(view), 422 if refused else status, _HEADERS)


def _typed(form: FormData) -> Typed:
    """What was typed, each text cut to a length that no honest one has."""
    texts = {name: str(value)[:MAX_TEXT] for name, value in form.items()}
    prices = {name.removeprefix("price-"): text for name, text in texts.items() if name.startswith("price-")}
    return Typed(
        token=texts.get("token", ""),
        country=texts.get("country", ""),
        email=texts.get("email", ""),
        name=texts.get("name", ""),
        shop_name=texts.get("shop_name", ""),
        currency=texts.get("currency", ""),
        locale=texts.get("locale", ""),
        time_zone=texts.get("time_zone", ""),
        prices_include_tax=texts.get("prices_include_tax") == "1",
        prices=prices,
        delivers=frozenset(name.removeprefix("to-") for name in texts if name.startswith("to-")),
    )
