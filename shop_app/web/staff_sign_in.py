"""Signing in and out of the back office by plain forms, which work without scripts.

POST /admin/login, /admin/login/code, /admin/login/reset, /admin/login/new-password, /admin/logout. Each is
answered by a redirect; what went wrong is a word in its address, which the page has the sentence for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, cookies, rates
from shop_app.core.access.rates import Limit
from shop_app.core.errors import Invalid, ShopError, TooMany
from shop_app.services.accounts import browsers, passwords, resets, second_step, sessions
from shop_app.services.accounts.sessions import FactorNeeded, WrongLogin
from shop_app.services.accounts.tickets import Expired

from . import refused_sign_ins, sign_in
from .sent_forms import browser_of, fields, own_path, see_other, session_cookie, too_many

LOGIN = "/admin/login"
SECURITY = "/admin/security"
CODE, RESET, NEW_PASSWORD = f"{LOGIN}/code", f"{LOGIN}/reset", f"{LOGIN}/new-password"
Handler = Callable[[Request], Awaitable[Response]]


def _answered(handler: Handler) -> Handler:
    """What every one of these answers where a form can't be read, or too many were sent."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except TooMany as refusal:
            return too_many(refusal, LOGIN)
        except (ClientDisconnect, ShopError):
            return see_other(LOGIN, problem="unreadable")

    return answer


@_answered
async def login(request: Request) -> Response:
    """The password: a session, or the next step where the account has a second factor."""
    sent = await fields(request, "email", "password", "next")
    browser, target = browser_of(request), own_path(sent["next"])
    try:
        await rates.take(
            await _limit(sent["email"], browser.visitor_hash),
            clients.of_scope(request.scope),
            email=sent["email"],
        )
        key, who = await sign_in.sign_in(sent["email"], sent["password"], kind="staff", browser=browser)
    except FactorNeeded as needed:
        return _to_second_step(needed, browser.visitor_hash, target)
    except (WrongLogin, TooMany) as refusal:
        refused_sign_ins.note(sent["email"], browser.network)
        if isinstance(refusal, TooMany):
            raise
        return see_other(LOGIN, problem="wrong", next=_unless_first(target))
    # Whoever has to add a second factor first may do nothing else.
    return signed_in(key, target if who.permissions else SECURITY)


async def _limit(email: str, visitor_hash: str) -> Limit:
    is_known = visitor_hash and await db.read(browsers.is_known, email, visitor_hash)
    return rates.SIGN_IN_KNOWN if is_known else rates.SIGN_IN


def _to_second_step(needed: FactorNeeded, visitor_hash: str, target: str) -> Response:
    try:
        ticket = second_step.begin(needed, visitor_hash, target)
    except Expired:
        return see_other(LOGIN, problem="cookies")
    return see_other(CODE, _step_cookie(ticket))


@_answered
async def code(request: Request) -> Response:
    """The code after the password."""
    sent, browser = await fields(request, "code"), browser_of(request)
    ticket = cookies.read(clients.header(request.scope, b"cookie"), cookies.step_cookie())
    try:
        begun = second_step.read(ticket, browser.visitor_hash)
        await rates.take(rates.SECOND_FACTOR, clients.of_scope(request.scope), email=begun.email)
        key, _who = await db.write(second_step.finish, begun, sent["code"], browser)
    except Expired:
        return see_other(LOGIN, _step_cookie(""), problem="expired")
    except Invalid:
        refused_sign_ins.note(begun.email, browser.network)
        return see_other(CODE, problem="code")
    return signed_in(key, begun.target)


@_answered
async def ask_reset(request: Request) -> Response:
    """A letter with a link where there is such a member of staff; else the same answer, as fast."""
    sent, client = await fields(request, "email"), clients.of_scope(request.scope)
    await rates.take(rates.NEW_PASSWORD, client)
    answer = see_other(RESET, done="sent")
    # After the answer: writing takes longer than finding nobody.
    answer.background = BackgroundTask(db.write, resets.ask, sent["email"], client.visitor)
    return answer


@_answered
async def new_password(request: Request) -> Response:
    """The password that somebody chose by the link in the letter; it signs nobody in."""
    sent, client = await fields(request, "ticket", "password"), clients.of_scope(request.scope)
    try:
        await rates.take(rates.NEW_PASSWORD, client)
        owner = await db.read(resets.owner, sent["ticket"], client.visitor)
        hashed = await sign_in.on_thread(
            passwords.hash_password, sent["password"], about=(owner.email, owner.name)
        )
        await db.write(resets.set_password, sent["ticket"], client.visitor, hashed)
    except Expired:
        return see_other(RESET, problem="expired")
    except Invalid as refusal:
        return see_other(NEW_PASSWORD, ticket=sent["ticket"], problem=refusal.code)
    return see_other(LOGIN, session_cookie(""), done="password")


@_answered
async def logout(request: Request) -> Response:
    """End the session of this browser. Its pages are emptied within a second."""
    browser = browser_of(request)
    if browser.session_hash:
        await db.write(sessions.sign_out, browser.session_hash)
    return see_other(LOGIN, session_cookie(""), done="out")


def signed_in(key: str, target: str) -> Response:
    """The answer that brings a new session's cookie."""
    return see_other(target, session_cookie(key), _step_cookie(""))


def _step_cookie(ticket: str) -> str:
    seconds = second_step.MINUTES * 60 if ticket else 0
    return cookies.set_cookie(cookies.step_cookie(), ticket, max_age=seconds)


def _unless_first(target: str) -> str:
    return "" if target == "/admin" else target


routes = [
    Route(LOGIN, login, methods=["POST"]),
    Route(CODE, code, methods=["POST"]),
    Route(RESET, ask_reset, methods=["POST"]),
    Route(NEW_PASSWORD, new_password, methods=["POST"]),
    Route("/admin/logout", logout, methods=["POST"]),
]
