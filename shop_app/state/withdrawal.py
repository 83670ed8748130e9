"""The withdrawal from a contract, also for guests: fill in, confirm, and the receipt."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import Invalid, NotFound, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.services.checkout.checkout import FieldProblem
from shop_app.services.returns import returnable, returns
from shop_app.services.returns.returns import Offer, Receipt

from . import guesses
from .base import public
from .payload import Form
from .returning import attention_title, by_field, quantities_in

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
    _offered: Who = Who()
    """To whom `look` made the offer that may be confirmed; empty where it made none."""
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
        self._take_offer_back()
        self.who = await self._known(token)
        self.known, self.loaded = self.who.number, True

    async def _known(self, token: str) -> Who:
        if not token:
            return Who()
        try:
            async with guesses.counted(self, rates.ORDER_LINK):
                free = await db.read(returnable.by_token, token)
        except (NotFound, TooMany):
            return Who()
        return Who(free.number, free.email, free.name)

    @rx.event
    @public
    async def look(self, form: Form):
        """The first step: which order, and who."""
        self._clear()
        self._take_offer_back()
        self.who = Who(*(form.get(name, "").strip()[:200] for name in ("number", "email", "name")))
        if wrong := _problems(self.who):
            return self._point_at(wrong)
        return await self._offer()

    async def _offer(self) -> None:
        try:
            # The same count as finding an order: this form must not be a second way to guess.
            async with guesses.counted(self, rates.LOOK_UP, email=self.who.email):
                self.offer = await db.read(returns.offer, self.who.number, self.who.email)
        except ShopError as refusal:
            self.refused = refusal.message
            return
        self.step, self._offered, self._request_key = "check", self.who, secrets.token_urlsafe(24)

    def _take_offer_back(self) -> None:
        self.step, self.offer, self._offered, self._request_key = "form", NO_OFFER, Who(), ""

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
        if not self._request_key:
            # Only what `look` has offered to this tab: this step must not try numbers by itself.
            self._take_offer_back()
            self.refused = _("Say first which order it is about.")
            return None
        return await self._declare(quantities, form.get("note", "")[: returns.MAX_NOTE])

    async def _declare(self, quantities: dict[int, int], note: str) -> None:
        who = self._offered
        try:
            async with guesses.counted(self, rates.WITHDRAWAL):
                self.receipt = await db.write(
                    returns.withdraw,
                    who.number,
                    who.email,
                    who.name,
                    quantities,
                    note,
                    self._request_key,
                    durable=True,
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


def _problems(who: Who) -> list[FieldProblem]:
    asked = (
        ("name", returns.name_problem(who.name)),
        ("number", "" if who.number else _("Enter the number of the order")),
        ("email", "" if who.email else _("Enter the email address that you ordered with")),
    )
    return [FieldProblem(name, message) for name, message in asked if message]
