"""Customers sign in and out by plain forms, which work without scripts; a passkey is answered by a script.

POST /account/login, then /account/login/code or /account/login/password; /account/login/again,
/account/login/link, /account/login/passkey[/options], /account/logout. Each form is answered by a redirect;
what went wrong is a word in its address. Neither an answer nor its time depends on whether an address has an
account.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from sqlmodel import Session
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, cookies, rates, security_log
from shop_app.core.access.rates import Limit
from shop_app.core.email_addresses import normal_email
from shop_app.core.errors import ShopError, TooMany
from shop_app.services import joining
from shop_app.services.accounts import browsers, customer_sign_in, passkeys, sessions, sign_in_codes
from shop_app.services.accounts.customer_sign_in import Begun, SignedIn
from shop_app.services.accounts.sessions import WrongLogin
from shop_app.services.accounts.tickets import Expired

from . import sign_in
from .sent_forms import (
    ACCOUNT,
    Handler,
    browser_of,
    fields,
    json_body,
    own_path,
    said,
    see_other,
    session_cookie,
    to_script,
    too_many,
)

LOGIN = "/account/login"
CODE, LINK = f"{LOGIN}/code", sign_in_codes.LINK_PATH
S = TypeVar("S", SignedIn, SignedIn | None)


def _answered(handler: Handler) -> Handler:
    """What every one of these answers where a form can't be read, or too many were sent."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except TooMany as refusal:
            return too_many(refusal, LOGIN)
        except Expired:
            return see_other(LOGIN, _step_cookie(""), problem="expired")
        except (ClientDisconnect, ShopError):
            return see_other(LOGIN, problem="unreadable")

    return answer


# --- The address, and the letter with a code ---


@_answered
async def login(request: Request) -> Response:
    """The address: the next step is the same for all, and a letter with a code is on its way."""
    sent = await fields(request, "email", "next")
    email, target = normal_email(sent["email"]), own_path(sent["next"], ACCOUNT)
    if not email:
        return see_other(LOGIN, problem="email", next=_unless_first(target))
    return await _send_code(request, Begun(email, target))


@_answered
async def again(request: Request) -> Response:
    """Another letter, to the address of the step before."""
    return await _send_code(request, _begun(request), done="again")


async def _send_code(request: Request, begun: Begun, **words: str) -> Response:
    client = clients.of_scope(request.scope)
    if not client.visitor:
        return see_other(LOGIN, problem="cookies")
    limit = await _limit(begun.email, client.visitor, rates.SIGN_IN_LETTER_KNOWN, rates.SIGN_IN_LETTER)
    await rates.take(limit, client, email=begun.email)
    ticket = customer_sign_in.begin(begun.email, client.visitor, begun.target)
    answer = see_other(CODE, _step_cookie(ticket), **words)
    # After the answer: what is written then can't be told from its time.
    answer.background = BackgroundTask(db.write, sign_in_codes.ask, begun.email, client.visitor)
    return answer


async def _limit(email: str, visitor_hash: str, known: Limit, other: Limit) -> Limit:
    """Strangers' tries don't keep somebody out of a browser in which they have signed in before."""
    return known if await db.read(browsers.is_known, email, visitor_hash, kind="customer") else other


# --- What proves who somebody is ---


@_answered
async def code(request: Request) -> Response:
    """The six digits of the letter."""
    sent, begun, browser = await fields(request, "code"), _begun(request), browser_of(request)
    await rates.take(rates.SIGN_IN_CODE, clients.of_scope(request.scope))
    signed = await db.write(_joined, customer_sign_in.by_code, begun.email, sent["code"], browser)
    return _signed_in(signed[0], begun.target) if signed else _wrong(request, CODE, "code")


@_answered
async def link(request: Request) -> Response:
    """The button behind the letter's link, which signs in where the letter was asked for."""
    sent, browser = await fields(request, "token"), browser_of(request)
    await rates.take(rates.SIGN_IN_CODE, clients.of_scope(request.scope))
    signed = await db.write(_joined, customer_sign_in.by_link, sent["token"], browser)
    if signed:
        return _signed_in(signed[0], _begun_or(request, Begun(target=ACCOUNT)).target)
    if await db.read(sign_in_codes.by_link, sent["token"]):
        return _wrong(request, f"{LINK}/{sent['token']}", "elsewhere")
    return _wrong(request, LOGIN, "expired")


@_answered
async def password(request: Request) -> Response:
    """The address and the password; without scripts the address is the one of the step before."""
    sent, browser = await fields(request, "email", "password"), browser_of(request)
    begun = _begun_or(request, Begun())
    email = normal_email(sent["email"]) or begun.email
    if not email:
        raise Expired
    limit = await _limit(email, browser.visitor_hash, rates.CUSTOMER_PASSWORD_KNOWN, rates.CUSTOMER_PASSWORD)
    await rates.take(limit, clients.of_scope(request.scope), email=email)
    try:
        proven = await sign_in.prove(email, sent["password"], kind="customer")
        key, _who = await db.write(_joined, sessions.sign_in, proven, browser)
    except WrongLogin:
        return _wrong(request, CODE, "wrong")
    return _signed_in(key, begun.target or ACCOUNT)


@to_script
async def passkey_options(request: Request) -> Response:
    """A challenge for any passkey of a customer."""
    client = clients.of_scope(request.scope)
    await rates.take(rates.PASSKEY, client)
    return said(json.loads(await db.read(passkeys.options, "sign-in", client.visitor, kind="customer")))


@to_script
async def passkey(request: Request) -> Response:
    """The answer of a passkey: a session, and where to go on to."""
    sent, browser = await json_body(request), browser_of(request)
    await rates.take(rates.PASSKEY, clients.of_scope(request.scope))
    key, _who = await db.write(_joined, customer_sign_in.by_passkey, sent.get("answer"), browser)
    target = own_path(str(sent.get("next", "")), ACCOUNT)
    return said({"to": target}, session_cookie(key, "customer"), _step_cookie(""))


def _joined(session: Session, sign: Callable[..., S], proof: Any, *more: Any) -> S:
    """Sign in, and join what this browser gathered as a guest to the account, in one transaction.

    more  the last of them is the browser
    """
    signed = sign(session, proof, *more)
    if signed is not None:
        joining.join(session, signed[1].id, more[-1].visitor_hash)
    return signed


# --- Out ---


@_answered
async def logout(request: Request) -> Response:
    """End the session of this browser, which is another visitor from now on, with an empty cart."""
    browser = browser_of(request)
    if browser.session_hash:
        await db.write(sessions.sign_out, browser.session_hash)
    visitor = cookies.set_cookie(
        cookies.visitor_cookie(), cookies.new_key(), max_age=cookies.visitor_seconds()
    )
    return see_other(LOGIN, session_cookie(""), _step_cookie(""), visitor, done="out")


# --- Answers ---


def _begun(request: Request) -> Begun:
    """The step that this browser is in.

    Errors  Expired.
    """
    header = clients.header(request.scope, b"cookie")
    return customer_sign_in.read(cookies.read(header, cookies.step_cookie()), clients.visitor_of(header))


def _begun_or(request: Request, other: Begun) -> Begun:
    try:
        return _begun(request)
    except Expired:
        return other


def _signed_in(key: str, target: str) -> Response:
    return see_other(target, session_cookie(key, "customer"), _step_cookie(""))


def _wrong(request: Request, page: str, problem: str) -> Response:
    client = clients.of_scope(request.scope)
    security_log.note("sign-in refused", address=client.address, visitor=client.visitor, detail=problem)
    return see_other(page, problem=problem)


def _step_cookie(ticket: str) -> str:
    seconds = customer_sign_in.STEP_MINUTES * 60 if ticket else 0
    return cookies.set_cookie(cookies.step_cookie(), ticket, max_age=seconds)


def _unless_first(target: str) -> str:
    return "" if target == ACCOUNT else target


routes = [
    Route(LOGIN, login, methods=["POST"]),
    Route(f"{LOGIN}/again", again, methods=["POST"]),
    Route(CODE, code, methods=["POST"]),
    Route(LINK, link, methods=["POST"]),
    Route(f"{LOGIN}/password", password, methods=["POST"]),
    Route(f"{LOGIN}/passkey/options", passkey_options, methods=["POST"]),
    Route(f"{LOGIN}/passkey", passkey, methods=["POST"]),
    Route("/account/logout", logout, methods=["POST"]),
]
