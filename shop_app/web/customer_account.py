"""What customers alone do to their own account by HTTP: a password, a code by letter, an address taken back.

POST /account/security/password and /account/email-undo as plain forms, /account/confirm/code for scripts.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.errors import Conflict, Forbidden, NotFound, ShopError, TooMany
from shop_app.core.shop import shop
from shop_app.services.accounts import customer_account, email_changes, open_sessions, passwords
from shop_app.services.accounts.tickets import MAX_CHARS, Expired
from shop_app.services.accounts.ways_in import ProveAgain

from . import sign_in
from .own_account import sender
from .sent_forms import fields, said, see_other, session_cookie, to_script, too_many

LOGIN, SECURITY, UNDO = "/account/login", "/account/security", email_changes.PATH


@to_script
async def ask_code(request: Request) -> Response:
    """A letter with a code, by which this browser proves again who is signed in."""
    by, client = await sender(request), clients.of_scope(request.scope)
    await rates.take(rates.ACCOUNT_LETTER, client, email=by.email)
    await db.write(customer_account.ask_code, by, client.visitor)
    return said({})


async def set_password(request: Request) -> Response:
    """A password, the first or another one; all other sessions end."""
    try:
        sent, by = await fields(request, "password"), await sender(request)
        await rates.take(rates.NEW_PASSWORD, clients.of_scope(request.scope))
        # Before it is hashed, which costs more than to look.
        if not await db.read(open_sessions.fresh, by.session_id):
            raise ProveAgain
        about = (by.email, by.name, shop().name)
        hashed = await sign_in.on_thread(passwords.hash_password, sent["password"], about=about)
        key = await db.write(customer_account.set_password, by, hashed)
    except (Forbidden, NotFound):
        return see_other(LOGIN, next=SECURITY)
    except (ClientDisconnect, ShopError) as refusal:
        return see_other(SECURITY, problem=getattr(refusal, "code", "unreadable"))
    return see_other(SECURITY, session_cookie(key, "customer"), done="password")


async def undo(request: Request) -> Response:
    """Take an address back by the link at the old one; it signs nobody in."""
    try:
        ticket = (await fields(request, "ticket"))["ticket"][:MAX_CHARS]
        await rates.take(rates.NEW_PASSWORD, clients.of_scope(request.scope))
        await db.write(email_changes.undo, ticket)
    except Expired:
        return see_other(f"{UNDO}/over")
    except Conflict:
        # The page says why.
        return see_other(f"{UNDO}/{ticket}")
    except TooMany as refusal:
        return too_many(refusal, LOGIN)
    except (ClientDisconnect, ShopError):
        return see_other(f"{UNDO}/over")
    return see_other(f"{UNDO}/{ticket}")


routes = [
    Route("/account/confirm/code", ask_code, methods=["POST"]),
    Route(f"{SECURITY}/password", set_password, methods=["POST"]),
    Route(UNDO, undo, methods=["POST"]),
]
