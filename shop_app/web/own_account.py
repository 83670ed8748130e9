"""What people do to their own account by HTTP, as it takes a password or a passkey, or brings a new cookie.

For scripts, in JSON: POST /admin/login/passkey[/options], and for staff below /admin and customers below
/account, passkeys[/options] and confirm[/options]. As a plain form: POST /admin/security/password. What
customers alone do is in `web/customer_account.py`. Passwords never reach a State.
"""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, policy, rates
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.services.accounts import (
    customer_account,
    open_sessions,
    own_account,
    passkeys,
    passwords,
    sessions,
)
from shop_app.services.accounts.browsers import Browser, Kind
from shop_app.services.accounts.sessions import WrongLogin

from . import refused_sign_ins, sign_in
from .sent_forms import (
    browser_of,
    fields,
    json_body,
    own_path,
    said,
    see_other,
    session_cookie,
    to_script,
    too_many,
    with_cookies,
)
from .staff_sign_in import LOGIN, SECURITY


async def sender(request: Request) -> Principal:
    """Who sends it.

    Errors  Forbidden for everybody but staff below /admin, for everybody but customers elsewhere.
    """
    by = await policy.who(clients.header(request.scope, b"cookie"))
    if by.kind != ("staff" if request.url.path.startswith("/admin/") else "customer"):
        raise Forbidden(_("You are signed out. Sign in again."))
    return by


# --- Signing in by a passkey ---


@to_script
async def sign_in_options(request: Request) -> Response:
    """A challenge for any passkey of the shop."""
    client = clients.of_scope(request.scope)
    await rates.take(rates.PASSKEY, client)
    return _json(await db.read(passkeys.options, "sign-in", client.visitor))


@to_script
async def sign_in_by_passkey(request: Request) -> Response:
    """The answer of a passkey: a session, and where to go on to."""
    sent, browser = await json_body(request), browser_of(request)
    await rates.take(rates.PASSKEY, clients.of_scope(request.scope))
    try:
        key, _who = await db.write(_signed_in, sent.get("answer"), browser)
    except ShopError:
        refused_sign_ins.note("", browser.network)
        raise
    return said({"to": own_path(str(sent.get("next", "")))}, session_cookie(key))


def _signed_in(session: Session, answer: Any, browser: Browser) -> tuple[str, Principal]:
    staff_id = passkeys.prove(session, answer, "sign-in", browser.visitor_hash)
    return sessions.sign_in_by_factor(session, staff_id, browser, "passkey")


# --- Adding one ---


@to_script
async def add_options(request: Request) -> Response:
    """A challenge for a new passkey, for whoever has proven who they are lately."""
    by, client = await _fresh(request), clients.of_scope(request.scope)
    return _json(await db.read(passkeys.add_options, by, client.visitor))


@to_script
async def add(request: Request) -> Response:
    """Keep the passkey that the browser made."""
    sent, by, client = await json_body(request), await _fresh(request), clients.of_scope(request.scope)
    command = passkeys.add if by.kind == "staff" else customer_account.add_passkey
    await db.write(command, by, sent.get("answer"), client.visitor, str(sent.get("name", "")))
    return said({})


async def _fresh(request: Request) -> Principal:
    """Errors  Forbidden; Conflict for whoever has to prove first who they are."""
    by = await sender(request)
    if not await db.read(open_sessions.fresh, by.session_id):
        raise Conflict(_("Confirm that it is you."), code="prove_again")
    return by


# --- Proving again who one is ---


@to_script
async def confirm_options(request: Request) -> Response:
    """A challenge for one's own passkeys."""
    by, client = await sender(request), clients.of_scope(request.scope)
    await rates.take(rates.PASSKEY, client)
    return _json(await db.read(passkeys.options, "confirm", client.visitor, by.id, kind=_kind(by)))


@to_script
async def confirm(request: Request) -> Response:
    """A password, a code or a passkey of whoever is signed in: the session gets a new key."""
    by, client = await sender(request), clients.of_scope(request.scope)
    await rates.take(rates.SECOND_FACTOR, client, email=by.email)
    if request.headers.get("content-type", "").startswith("application/json"):
        key = await db.write(_by_passkey, by, (await json_body(request)).get("answer"), client.visitor)
    else:
        sent = await fields(request, "password", "code")
        key = await (
            _by_password(by, sent["password"])
            if sent["password"]
            else _by_code(by, sent["code"], client.visitor)
        )
    return said({}, session_cookie(key, _kind(by)))


def _by_passkey(session: Session, by: Principal, answer: Any, visitor_hash: str) -> str:
    passkeys.prove(session, answer, "confirm", visitor_hash, by.id, kind=_kind(by))
    return open_sessions.prove_again(session, by)


async def _by_password(by: Principal, password: str) -> str:
    try:
        await sign_in.prove(by.email, password, kind=_kind(by))
    except WrongLogin:
        raise Invalid(_("This isn't your password."), field="password") from None
    return await db.write(open_sessions.prove_again, by)


async def _by_code(by: Principal, code: str, visitor_hash: str) -> str:
    if not code:
        raise Invalid(_("Enter your password or a code."))
    if by.kind == "staff":
        return await db.write(_prove_code, by, code)
    if key := await db.write(customer_account.prove_by_letter, by, code, visitor_hash):
        return key
    raise Invalid(_("This code is wrong, or too old. Ask for a new one."), field="code")


def _prove_code(session: Session, by: Principal, code: str) -> str:
    own_account.prove_code(session, by.id, code)
    return open_sessions.prove_again(session, by)


# --- Another password ---


async def change_password(request: Request) -> Response:
    """The present password and the next one; all other sessions end."""
    try:
        sent, by = await fields(request, "current", "password"), await sender(request)
        await rates.take(rates.SECOND_FACTOR, clients.of_scope(request.scope), email=by.email)
        proven = await sign_in.prove(by.email, sent["current"], kind="staff")
        hashed = await sign_in.on_thread(passwords.hash_password, sent["password"], about=(by.email, by.name))
        key = await db.write(own_account.change_password, by, proven, hashed)
    except TooMany as refusal:
        return too_many(refusal, LOGIN)
    except Forbidden:
        return see_other("/admin/login", next=SECURITY)
    except WrongLogin:
        return see_other(SECURITY, problem="current")
    except (ClientDisconnect, ShopError) as refusal:
        return see_other(SECURITY, problem=getattr(refusal, "code", "unreadable"))
    return see_other(SECURITY, session_cookie(key), done="password")


def _kind(by: Principal) -> Kind:
    return "staff" if by.kind == "staff" else "customer"


def _json(options: str) -> Response:
    return with_cookies(said(json.loads(options)), ())


routes = [
    Route("/admin/login/passkey/options", sign_in_options, methods=["POST"]),
    Route("/admin/login/passkey", sign_in_by_passkey, methods=["POST"]),
    *(
        Route(f"{base}/{path}", handler, methods=["POST"])
        for base in ("/admin", "/account")
        for path, handler in (
            ("passkeys/options", add_options),
            ("passkeys", add),
            ("confirm/options", confirm_options),
            ("confirm", confirm),
        )
    ),
    Route(f"{SECURITY}/password", change_password, methods=["POST"]),
]
