"""Saying what one wants to be written about, by the link of a letter.

POST /letters/TOKEN ends what the letter was about (RFC 8058): a mail program sends it, without a page and
without a cookie, so it needs no Origin. POST /letters/TOKEN/choices is the form of the page of preferences.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.errors import NotFound, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.services import consents

from .sent_forms import body, fields, see_other

PAGE = "/letters/{token}"


async def unsubscribe(request: Request) -> Response:
    """One click in a mail program: nothing of that purpose is sent any more."""
    try:
        await rates.take(rates.LETTER_LINK, clients.of_scope(request.scope))
        email, purpose = consents.read_token(request.path_params["token"])
        await body(request)
        if purpose:
            await db.write(consents.withdraw, email, purpose, "one-click")
    except (ClientDisconnect, ShopError) as refusal:
        return _refused(refusal)
    return PlainTextResponse(_("You are unsubscribed."), headers={"Cache-Control": "no-store"})


async def choose(request: Request) -> Response:
    """The form: what is ticked is on, all else is off."""
    token = request.path_params["token"]
    try:
        await rates.take(rates.LETTER_LINK, clients.of_scope(request.scope))
        email, _purpose = consents.read_token(token)
        sent = await fields(request, "none", *consents.PURPOSES)
        chosen = {purpose for purpose in consents.PURPOSES if sent[purpose] and not sent["none"]}
        await db.write(consents.choose, email, chosen, "preferences")
    except (ClientDisconnect, ShopError) as refusal:
        return _refused(refusal)
    return see_other(PAGE.format(token=token), saved="1")


def _refused(refusal: Exception) -> Response:
    status = {NotFound: 404, TooMany: 429}.get(type(refusal), 400)
    text = refusal.message if isinstance(refusal, ShopError) else _("That didn't arrive whole.")
    return PlainTextResponse(text, status, headers={"Cache-Control": "no-store"})


routes = [
    Route(PAGE, unsubscribe, methods=["POST"]),
    Route(f"{PAGE}/choices", choose, methods=["POST"]),
]
