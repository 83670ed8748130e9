"""What the link of a letter about a place in line does, by plain forms, so that no mail scanner does it.

POST /line/TOKEN/confirm, /line/TOKEN/take, /line/TOKEN/leave. Each is answered by a redirect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, policy, rates
from shop_app.core.errors import ShopError, TooMany
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.stock_alerts import line

from .sent_forms import see_other
from .staff_sign_in import too_many

Handler = Callable[[Request, str, str], Awaitable[Response]]


def _answered(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Calls the handler with the token and the shopper's key; a refusal leads to the page, which says why."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        token = str(request.path_params["token"])[:64]
        try:
            client = clients.of_scope(request.scope)
            await rates.take(rates.LINE_LINK, client)
            by = await policy.who(clients.header(request.scope, b"cookie"))
            return await handler(request, token, by.shopper_key(client.visitor))
        except TooMany as refusal:
            return too_many(refusal)
        except ShopError:
            return see_other(_page(token))

    return answer


@_answered
async def confirm(_request: Request, token: str, key_hash: str) -> Response:
    """In line from now on, as this browser or its account."""
    await db.write(line.confirm, token, key_hash)
    return see_other(_page(token))


@_answered
async def take(_request: Request, token: str, key_hash: str) -> Response:
    """The unit that is kept is in the cart of this browser, or of its account."""
    sku = await db.write(line.take_over, token, key_hash)
    # In a transaction of its own: carts are locked before what is kept for their shoppers.
    await db.write(_put_into_cart, key_hash, sku)
    return see_other("/cart")


def _put_into_cart(session: Session, key_hash: str, sku: str) -> None:
    if cart_queries.title_and_quantity(session, key_hash, sku) is None:
        cart_commands.add(session, key_hash, sku, 1)


@_answered
async def leave(_request: Request, token: str, _key_hash: str) -> Response:
    """Out of the line, and the unit that was kept goes to the next."""
    await db.write(line.leave, token)
    return see_other("/line/left")


def _page(token: str) -> str:
    return f"/line/{token}"


routes = [
    Route("/line/{token}/confirm", confirm, methods=["POST"]),
    Route("/line/{token}/take", take, methods=["POST"]),
    Route("/line/{token}/leave", leave, methods=["POST"]),
]
