"""The withdrawal from a contract, also for guests: fill in, confirm, and the receipt."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import NotFound, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.services.returns import commands as return_commands
from shop_app.services.returns import returnable
from shop_app.services.returns.commands import Offer, Receipt
from shop_app.services.returns.returnable import Free

from . import attempt_limits
from .base import personal, public
from .forms import FormState, LinesForm
from .input_types import ShortText
from .lookup import LookupForm
from .returning import Note


@dataclass(frozen=True, slots=True)
class Who:
    """Who withdraws from which order, as it was typed."""

    number: str = ""
    email: str = ""
    name: str = ""


class WhoForm(LookupForm):
    name: ShortText = ""

    def problems(self) -> dict[str, str]:
        """What is missing or wrong, by field in the order of the page."""
        wrong = return_commands.name_problem(self.name)
        return ({"name": wrong} if wrong else {}) | self.missing()


class ConfirmForm(LinesForm):
    note: Note = ""


@personal
class Withdrawal(FormState, rx.State):
    step: str = "form"
    """form, check or done."""
    who: Who = Who()
    offer: Offer = Offer()
    receipt: Receipt = Receipt()
    loaded: bool = False
    prefilled: str = ""
    """The number of the order whose page led here, "" where none did."""
    nothing_sent: bool = False
    """Whether nothing of that order has left yet: then withdrawing is cancelling it."""
    _offered: Who = Who()
    """To whom `look` made the offer that may be confirmed; empty where it made none."""
    _request_key: str = ""

    @rx.event
    @public
    async def load(self):
        """Where an order's page links here with its token, number and person are filled in."""
        token = self.router.url.query_parameters.get("order", "")[:64]
        if self.step == "done" and token in ("", self.receipt.token):
            # The socket came back: the receipt stays in sight.
            return
        self._clear()
        self._forget_offer()
        self.nothing_sent, self.who = False, Who()
        if order := await self._order(token):
            self.who = Who(order.number, order.email, order.name)
            to_send = any(line.not_sent for line in order.lines)
            self.nothing_sent = to_send and not any(line.sent for line in order.lines)
        self.prefilled, self.loaded = self.who.number, True

    async def _order(self, token: str) -> Free | None:
        if not token:
            return None
        try:
            async with attempt_limits.counted(self, rates.ORDER_LINK):
                return await db.read(returnable.by_token, token)
        except (NotFound, TooMany):
            return None

    @rx.event
    @public
    async def look(self, form: WhoForm):
        """The first step: which order, and who."""
        self._clear()
        self._forget_offer()
        self.who = Who(form.number, form.email, form.name)
        if problems := form.problems():
            return self._fail(problems)
        return await self._offer()

    async def _offer(self) -> None:
        try:
            # The same count as finding an order: this form must not be a second way to guess.
            async with attempt_limits.counted(self, rates.LOOK_UP, email=self.who.email):
                self.offer = await db.read(return_commands.offer, self.who.number, self.who.email)
        except ShopError as refusal:
            self._refuse(refusal)
            return
        self.step, self.answers = "check", self.answers + 1
        self._offered, self._request_key = self.who, secrets.token_urlsafe(24)

    def _forget_offer(self) -> None:
        self.step, self.offer, self._offered, self._request_key = "form", Offer(), Who(), ""

    @rx.event
    @public
    async def back(self):
        self._clear()
        self.step = "form"

    @rx.event
    @public
    async def confirm(self, form: ConfirmForm):
        """The second step: it counts from here on. However often it is sent, it is declared once."""
        self._clear()
        if not any(form.lines.values()):
            return self._fail({"lines": _("Choose what you want to withdraw from")})
        if not self._request_key:
            # Only what `look` has offered to this tab: this step must not try numbers by itself.
            self._forget_offer()
            return self._refuse(ShopError(_("Say first which order it is about.")))
        return await self._declare(form.lines, form.note)

    async def _declare(self, quantities: dict[int, int], note: str) -> None:
        who = self._offered
        try:
            async with attempt_limits.counted(self, rates.WITHDRAWAL):
                self.receipt = await db.write(
                    return_commands.withdraw,
                    who.number,
                    who.email,
                    who.name,
                    quantities,
                    note,
                    self._request_key,
                    durable=True,
                )
        except ShopError as refusal:
            self._refuse(refusal)
            return
        self.step, self.answers = "done", self.answers + 1
