"""The hosted payment page: takes a test card or account, without scripts, and redirects to the shop."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..core import money
from ..core.clock import now
from ..core.i18n import _
from . import charges, sessions
from .api import Api, read_body
from .local_access import from_own_page
from .replies import Refused
from .store import Store, Tables

_EXPIRY = re.compile(r"\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*")


@cache
def _template() -> Any:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return templates.get_template("pay.html")


class PayPage:
    """GET shows the page; POST pays, declines or confirms, and answers with a redirect or the page."""

    def __init__(self, store: Store, api: Api, *, public_url: str) -> None:
        self._store = store
        self._api = api
        self._public_url = public_url

    async def endpoint(self, request: Request) -> Response:
        id, form = request.path_params["session"], {}
        if request.method == "POST":
            if not from_own_page(request, self._public_url):
                return HTMLResponse(_("This form came from another site."), 403)
            try:
                fields = parse_qs((await read_body(request)).decode(errors="replace"), keep_blank_values=True)
            except (Refused, ValueError):
                return HTMLResponse(_("The request is too large."), 413)
            form = {name: values[0][:200] for name, values in fields.items()}
        response = await run_in_threadpool(self.answer, id, form)
        self._api.changed()
        return response

    def answer(self, id: str, form: dict[str, str]) -> Response:
        """One visit, in one transaction."""
        with self._store.change() as tables:
            try:
                session = sessions.find(tables, id)
            except Refused:
                return _page(None, [], view="unknown", status=404)
            if session["status"] == "complete":
                return RedirectResponse(session["success_url"], 303)
            items = sessions.line_items(tables, id)
            if session["status"] == "expired":
                return _page(session, items, view="expired", status=410)
            if not form:
                debits = _takes_debits(tables, session)
                return _page(session, items, view=_view(tables, session), debits=debits)
            return _act(tables, session, items, form)


def _view(tables: Tables, session: dict[str, Any]) -> str:
    intent = tables.get("payment_intent", session["payment_intent"] or "")
    return "confirm" if intent and intent["status"] == "requires_action" else "card"


def _act(
    tables: Tables, session: dict[str, Any], items: list[dict[str, Any]], form: dict[str, str]
) -> Response:
    if _view(tables, session) == "confirm":
        intent = charges.intent_of(tables, session)
        if form.get("answer") == "confirm":
            charges.succeed(tables, session, intent, charges.CARDS["4000002500003155"])
            return RedirectResponse(session["success_url"], 303)
        charges.refuse_confirmation(tables, intent)
        message = _("The payment wasn't confirmed. Nothing was charged. Try again, or use another card.")
        return _page(session, items, view="card", errors={"page": message}, status=402)
    if session["shipping_address_collection"]:
        if wrong := _ask_who(session, form):
            return _page(session, items, view="card", form=form, errors=wrong, status=422)
        tables.put(session)
    if "account" in form:
        return _debit(tables, session, items, form)
    number = re.sub(r"[\s-]", "", form.get("card", ""))
    errors = _problems(number, form)
    if errors:
        return _page(session, items, view="card", form=form, errors=errors, status=422)
    card = charges.CARDS.get(number, charges.UNKNOWN)
    intent = charges.intent_of(tables, session)
    if card.does == "pay":
        charges.succeed(tables, session, intent, card)
        return RedirectResponse(session["success_url"], 303)
    if card.does == "confirm":
        charges.ask_for_confirmation(tables, intent, session["url"])
        return RedirectResponse(session["url"], 303)
    charges.decline(tables, intent, card)
    message = f"{card.message} {_('Nothing was charged. Try another card.')}"
    return _page(session, items, view="card", errors={"page": message}, status=402)


def _debit(
    tables: Tables, session: dict[str, Any], items: list[dict[str, Any]], form: dict[str, str]
) -> Response:
    """Pay by bank debit: the shopper goes on at once, the bank answers later."""
    account = re.sub(r"\s", "", form["account"]).upper()
    if not _takes_debits(tables, session) or account not in charges.BANK_ACCOUNTS:
        wrong = {"account": _("Enter one of the test accounts below.")}
        return _page(session, items, view="card", form=form, errors=wrong, status=422, debits=True)
    charges.begin_debit(tables, session, charges.intent_of(tables, session), account)
    return RedirectResponse(session["success_url"], 303)


ADDRESS = {"email": "Email", "name": "Name", "line1": "Street", "postal_code": "Postcode", "city": "City"}
"""What the page asks for where the shop doesn't say who buys."""


def _ask_who(session: dict[str, Any], form: dict[str, str]) -> dict[str, str]:
    """Keep what was typed of e-mail and address in the session; what is missing, by field."""
    wrong = {name: _("Fill this in.") for name in ADDRESS if not form.get(name, "").strip()}
    if "@" not in form.get("email", ""):
        wrong["email"] = _("Enter an email address.")
    (country,) = session["shipping_address_collection"]["allowed_countries"][:1]
    address = {name: form.get(name, "").strip() for name in ("line1", "postal_code", "city")}
    session |= {
        "customer_details": {"email": form.get("email", "").strip(), "name": form.get("name", "").strip()},
        "collected_information": {
            "shipping_details": {
                "name": form.get("name", "").strip(),
                "address": {**address, "line2": None, "state": None, "country": country},
            }
        },
    }
    return wrong


def _takes_debits(tables: Tables, session: dict[str, Any]) -> bool:
    """Bank debits are in euros, and can't be authorised now and captured later."""
    manual = tables.private(session["id"])["intent"].get("capture_method") == "manual"
    return session["currency"] == "eur" and not manual


def _problems(number: str, form: dict[str, str]) -> dict[str, str]:
    """What is wrong with the card's details, by field."""
    wrong: dict[str, str] = {}
    if not charges.passes_luhn(number):
        wrong["card"] = _("Enter the whole card number, such as 4242 4242 4242 4242.")
    match = _EXPIRY.fullmatch(form.get("expiry", ""))
    if not match or not 1 <= int(match[1]) <= 12:
        wrong["expiry"] = _("Enter month and year, such as 12/34.")
    elif (2000 + int(match[2]) % 100, int(match[1])) < (now().year, now().month):
        wrong["expiry"] = _("This date is in the past.")
    if not re.fullmatch(r"\d{3,4}", form.get("cvc", "").strip(), re.ASCII):
        wrong["cvc"] = _("Enter the 3 or 4 digits.")
    return wrong


def _page(
    session: dict[str, Any] | None,
    items: list[dict[str, Any]],
    *,
    view: str,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    debits: bool = False,
) -> HTMLResponse:
    def show(minor: int) -> str:
        return money.show(minor, (session or {})["currency"].upper())

    asks = ADDRESS if session and session["shipping_address_collection"] else {}
    given = (
        dict.fromkeys(ADDRESS, "")
        | {"account": "", "card": "", "expiry": "12/34", "cvc": "123"}
        | (form or {})
    )
    html = _template().render(
        _=_,
        session=session,
        items=items,
        view=view,
        form=given,
        errors=errors or {},
        show=show,
        cards=[card for card in charges.CARDS.values() if card.label],
        # The address stands in the form of the card alone.
        accounts=charges.BANK_ACCOUNTS if debits and not asks else {},
        asks=asks,
    )
    return HTMLResponse(html, status, headers=_headers(session))


def _headers(session: dict[str, Any] | None) -> dict[str, str]:
    # With no-referrer browsers would send no Origin with the form either.
    # form-action also applies to the redirect after a form, and the shop may be on another port.
    home = urlsplit(session["success_url"]) if session else None
    shop = f" {home.scheme}://{home.netloc}" if home else ""
    return {
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; font-src 'self';"
        f" form-action 'self'{shop}; frame-ancestors 'none'; base-uri 'none'",
    }
