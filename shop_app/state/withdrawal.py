"""The withdrawal from a contract, also for guests: fill in, confirm, and the receipt."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from shop_app import db
from shop_app.errors import Invalid, NotFound, ShopError
from shop_app.services.checkout.checkout import FieldProblem
from shop_app.services.returns import returnable, returns
from shop_app.services.returns.returns import Offer, Receipt
from shop_app.web.rates import within
from shop_app.words import _

from . import lookup
from .base import public
from .payload import Form
from .returning import attention_title, by_field, quantities_in

CONFIRM_RATE = "20/hour"
TOO_OFTEN = _("That was too often in a short time. Wait a few minutes and try again.")
NO_OFFER = Offer(number="", email="", name="", choices=[], until="")
NO_RECEIPT = Receipt(
    number="",
    token="",
    name="",
    email="",
    at="",
    things=[],
    send_back=[],
    not_sent=[],
    send_until="",
    note="",
)


@dataclass(frozen=True, slots=True)
class Who:
    """Who withdraws from which order, as it was typed."""

    number: str = ""
    email: str = ""
    name: str = ""


class Withdrawal(rx.State):
    step: str = "form"
    """form, check or done."""
    who: Who = Who()
    offer: Offer = NO_OFFER
    receipt: Receipt = NO_RECEIPT
    wrong: dict[str, str] = {}
    summary: list[FieldProblem] = []
    summary_title: str = ""
    refused: str = ""
    answers: int = 0
    loaded: bool = False
    known: str = ""
    """The number of the order whose page led here, "" where none did."""
    _request_key: str = ""

    @rx.event
    @public
    async def load(self):
        """An order's page leads here with its token: then who and which are filled in."""
        token = self.router.url.query_parameters.get("order", "")[:64]
        if self.step == "done" and token in ("", self.receipt.token):
            # The socket came back: the receipt stays in sight.
            return
        self._clear()
        self.step, self.who, self.loaded = "form", await db.in_reading(_known, token), True
        self.known = self.who.number

    @rx.event
    @public
    async def look(self, form: Form):
        """The first step: which order, and who."""
        self._clear()
        self.who = Who(*(form.get(name, "").strip()[:200] for name in ("number", "email", "name")))
        if wrong := _problems(self.who):
            return self._point_at(wrong)
        # The same count as finding an order: this form must not be a second way to guess.
        if not await within(lookup.RATE, "lookup", self.router.session.client_ip):
            self.refused = TOO_OFTEN
            return None
        return await self._offer()

    async def _offer(self) -> None:
        try:
            self.offer = await db.in_reading(returns.offer, self.who.number, self.who.email)
        except ShopError as refusal:
            self.refused = refusal.message
            return
        self.step, self._request_key = "check", secrets.token_urlsafe(24)

    @rx.event
    @public
    async def back(self):
        self._clear()
        self.step = "form"

    @rx.event
    @public
    async def confirm(self, form: Form):
        """The second step: it counts from here on. However often it is sent, it is declared once."""
        self._clear()
        quantities = quantities_in(form)
        if not any(quantities.values()):
            return self._point_at([FieldProblem("lines", _("Choose what you want to withdraw from"))])
        if not await within(CONFIRM_RATE, "withdraw", self.router.session.client_ip):
            self.refused = TOO_OFTEN
            return None
        return await self._declare(quantities, form.get("note", "")[: returns.MAX_NOTE])

    async def _declare(self, quantities: dict[int, int], note: str) -> None:
        who = self.who
        try:
            self.receipt = await db.in_durable_transaction(
                returns.withdraw, who.number, who.email, who.name, quantities, note, self._request_key
            )
        except ShopError as refusal:
            if isinstance(refusal, Invalid) and refusal.field:
                self._point_at([FieldProblem(refusal.field, refusal.message)])
                return
            self.refused = refusal.message
            return
        self.step = "done"

    def _clear(self) -> None:
        self.answers += 1
        self.wrong, self.summary, self.summary_title, self.refused = {}, [], "", ""

    def _point_at(self, wrong: list[FieldProblem]) -> None:
        self.summary, self.wrong, self.summary_title = wrong, by_field(wrong), attention_title(wrong)


def _known(session: Session, token: str) -> Who:
    try:
        free = returnable.by_token(session, token) if token else None
    except NotFound:
        free = None
    return Who(free.number, free.email, free.name) if free else Who()


def _problems(who: Who) -> list[FieldProblem]:
    asked = (
        ("name", who.name, _("Enter your name")),
        ("number", who.number, _("Enter the number of the order")),
        ("email", who.email, _("Enter the email address that you ordered with")),
    )
    return [FieldProblem(name, message) for name, value, message in asked if not value]
