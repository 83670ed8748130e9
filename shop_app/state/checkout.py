"""The checkout of this tab: what is typed, what is wrong with it, what it costs, the way to pay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from typing import Literal

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import asking, rates, security_log
from shop_app.core.access.rates import Limit
from shop_app.core.db import Unavailable
from shop_app.core.errors import Conflict, Invalid, NotFound, OutOfStock, ShopError, TooMany
from shop_app.core.i18n import _, plural
from shop_app.services.cart import cart
from shop_app.services.cart.cart import EMPTY, CartView
from shop_app.services.checkout import checkout, holds, unpaid
from shop_app.services.checkout.checkout import CheckoutForm, CheckoutView, FieldProblem
from shop_app.services.checkout.holds import NO_HOLD, HoldView
from shop_app.services.checkout.price_changes import PriceChange, PriceRisen
from shop_app.workflows import pay, quote_taxes

from . import guesses, live
from .base import public, visitor_hash
from .payload import Code, Form, RecordId, ShortText

FormField = Literal[
    "email",
    "given_name",
    "family_name",
    "company",
    "line1",
    "line2",
    "postal_code",
    "locality",
    "region",
    "country",
    "phone",
    "vat_number",
    "shipping_method",
    "payment_provider",
    "note",
]
NOTHING = CheckoutView(
    cart=EMPTY,
    form=CheckoutForm(),
    fields=[],
    countries=[],
    deliveries=[],
    payments=[],
    subtotal="",
    discounts=[],
    shipping="",
    tax_lines=[],
    total="",
    total_minor=0,
    pay_label="",
)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes to pay: only the page that sent `ticket` with its form follows."""

    address: str = ""
    ticket: str = ""
    number: int = 0


class Checkout(rx.State):
    view: CheckoutView = NOTHING
    loaded: bool = False
    empty: bool = False
    wrong: dict[str, str] = {}
    """Field -> what is wrong with it, shown below the field."""
    summary: list[FieldProblem] = []
    summary_title: str = ""
    refused: str = ""
    refused_kind: str = ""
    """ "" for nothing, price, stock or other."""
    code_refusal: str = ""
    credit_refusal: str = ""
    told: str = ""
    """What a click has just done, where its button is gone: the focus goes there."""
    refused_lines: list[str] = []
    """The same, a sentence for each line that is short."""
    changes: list[PriceChange] = []
    """What a total that rose is made of, beside what it was."""
    hold: HoldView = NO_HOLD
    answers: int = 0
    """Grows with every answer to the pay button, so that it stops being busy."""
    departure: Departure = Departure()
    _leaving: bool = False

    @rx.event
    @public
    async def load(self):
        await live.join_checkout(self)
        self._leaving, self.told = False, ""
        await self._enter()
        # Holding changes nothing that this tab's cart shows.
        live.shows_cart(self)
        self.loaded = True

    @rx.event
    @public
    async def hold_again(self):
        """Hold what the cart needs: after the time was over, or for longer."""
        await self._enter()
        self._tell(_("Your things are held for you again."))

    @rx.event
    @public
    async def keep_longer(self):
        self._show_hold(await db.write(holds.extend, visitor_hash(self)))

    @rx.event
    @public
    async def time_is_over(self):
        """The page's clock has come to its end; the shop's decides."""
        self._show_hold(await db.write(holds.end, visitor_hash(self)))

    @rx.event
    @public
    async def look_again(self):
        """The cart or its hold changed somewhere else: another tab, the sweep."""
        if self.loaded and not self._leaving:
            self._show_hold(await db.read(holds.view, visitor_hash(self)))
            await self._look()

    async def _enter(self) -> None:
        try:
            asker = asking.of_state(self)
            await rates.take(rates.HOLD, asker)
            entered = await db.write(_enter, visitor_hash(self), asker.origin)
            live.shows_checkout(self)
        except (Unavailable, TooMany):
            # A hold is a courtesy: where nothing can be held just now, the page is still there.
            await self._look()
            return
        if entered is None:
            self.view, self.hold, self.empty = NOTHING, NO_HOLD, True
            return
        hold, self.view = entered
        self.empty = False
        self._show_hold(hold)

    async def _stay(self) -> None:
        """What the shopper does keeps the hold; written down once a minute at most."""
        if holds.worth_extending(self.hold):
            self._show_hold(await db.write(holds.extend, visitor_hash(self)))

    def _show_hold(self, hold: HoldView) -> None:
        self.hold = hold
        if hold.state == "over":
            self.told = ""
        if hold.short:
            self.refused_lines = [line.sentence for line in hold.short]
            self.refused, self.refused_kind = " ".join(self.refused_lines), "stock"
        elif self.refused_kind == "stock":
            self._forget_refusal()

    def _tell(self, sentence: str) -> None:
        self.told, self.answers = "" if self.refused else sentence, self.answers + 1

    def _forget_refusal(self) -> None:
        self.told = ""
        self.refused, self.refused_kind, self.refused_lines, self.changes = "", "", [], []

    @rx.event
    @public
    async def typed(self, field: FormField, value: ShortText):
        """Keep a value when its field is left, and say at once if something is wrong with it."""
        form = replace(self.view.form, **{field: value})
        await quote_taxes.ask_for_taxes(form)
        self.view = await db.write(checkout.save, visitor_hash(self), form, blurred=field)
        live.shows_checkout(self)
        found = {problem.field: problem.message for problem in self.view.problems}
        kept = {name: message for name, message in self.wrong.items() if name != field}
        self.wrong = kept | ({field: found[field]} if field in found and value else {})
        await self._stay()

    @rx.event
    @public
    async def pay(self, form: Form):
        """One click, one order: placing the same cart again gives the same order, and the same way to pay."""
        typed, shown_minor = _read(form), _amount(form.get("shown_minor", ""))
        self.wrong, self.summary = {}, []
        self._forget_refusal()
        try:
            # The page is only made anew where the shopper stays on it.
            if wrong := await db.write(checkout.keep, visitor_hash(self), typed):
                await self._look()
                return self._point_at(wrong)
            asker = asking.of_state(self)
            await rates.take(rates.ORDER, asker, email=typed.email)
            to = await pay.pay(
                visitor_hash(self), typed, shown_minor, shown_parts=form.get("shown_parts", ""),
                asked_from=asker.origin, expected_credit_minor=_amount(form.get("shown_credit_minor", "")),
            )  # fmt: skip
            self._leaving = True
            await live.leave_checkout(self)
            self.departure = Departure(to, form.get("ticket", "")[:64], self.departure.number + 1)
        except ShopError as refusal:
            await self._refuse(refusal)

    def _point_at(self, wrong: list[FieldProblem]) -> None:
        self.answers += 1
        self.summary, self.wrong = wrong, {problem.field: problem.message for problem in wrong}
        self.summary_title = plural(
            "One thing needs your attention", "{count} things need your attention", len(wrong)
        )

    async def _refuse(self, refusal: ShopError) -> None:
        if isinstance(refusal, Invalid) and refusal.field:
            await self._look()
            self._point_at([FieldProblem(refusal.field, refusal.message)])
            return
        if refusal.code == unpaid.CODE:
            asker = asking.of_state(self)
            security_log.note("limit", address=asker.address, visitor=asker.visitor, detail="unpaid units")
        self._forget_refusal()
        self.refused, self.refused_kind = refusal.message, _kind(refusal)
        if isinstance(refusal, OutOfStock):
            self.refused_lines = list(refusal.lines)
        if isinstance(refusal, PriceRisen):
            self.refused, self.changes = refusal.summary, list(refusal.changes)
        await self._look()
        await self._stay()
        self.answers += 1

    async def _look(self) -> None:
        try:
            self.view, self.empty = await db.read(checkout.view, visitor_hash(self)), False
        except NotFound:
            self.view, self.empty = NOTHING, True

    @rx.event
    @public
    async def take_what_is_left(self):
        """Make the cart fit what there is."""
        await db.write(_take, visitor_hash(self))
        self._forget_refusal()
        await self._enter()
        self._tell(_("Your cart now has what is left."))

    @rx.event
    @public
    async def apply_code(self, form: Form):
        code = form.get("code", "")[:40]
        self.code_refusal = await self._changed(cart.apply_code, code, limit=rates.DISCOUNT_CODE)

    @rx.event
    @public
    async def remove_code(self, code: Code):
        self.code_refusal = await self._changed(cart.remove_code, code)

    @rx.event
    @public
    async def apply_credit(self, form: Form):
        """The code of a gift card, or of store credit."""
        code = form.get("credit", "")[:60]
        self.credit_refusal = await self._changed(cart.apply_credit, code, limit=rates.CREDIT_CODE)

    @rx.event
    @public
    async def remove_credit(self, account: RecordId):
        self.credit_refusal = await self._changed(cart.remove_credit, account)

    async def _changed(
        self, verb: Callable[..., CartView], arg: str | int, limit: Limit | None = None
    ) -> str:
        """Change the cart and look again; "" where it was done, else why not. `limit` as in `Cart._do`."""
        try:
            async with guesses.counted(self, limit) if limit else nullcontext():
                await db.write(verb, visitor_hash(self), arg)
            return ""
        except ShopError as refused:
            return refused.message
        finally:
            await self._look()


def _enter(session: Session, key_hash: str, asked_from: str) -> tuple[HoldView, CheckoutView] | None:
    """The hold and the page, in one transaction; None where there is nothing to check out."""
    try:
        return holds.enter(session, key_hash, asked_from), checkout.view(session, key_hash)
    except NotFound:
        return None


def _kind(refusal: ShopError) -> str:
    return (
        "stock" if isinstance(refusal, OutOfStock) else "price" if isinstance(refusal, Conflict) else "other"
    )


def _read(form: dict[str, str]) -> CheckoutForm:
    """The form as the browser posts it, autofilled fields included; what isn't ours is left out."""
    return CheckoutForm(**{f.name: form.get(f.name, "").strip()[:200] for f in fields(CheckoutForm)})


def _amount(text: str) -> int:
    """The total that the browser showed when the button was pressed; 0, which no cart fits, for junk.

    Not what this State holds: a field that was left by that very press may have brought a new total.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else 0


def _take(session: Session, key_hash: str) -> None:
    for line in holds.view(session, key_hash).short:
        cart.set_quantity(session, key_hash, line.sku, line.left)
