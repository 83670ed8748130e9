"""The checkout of this tab: what is typed, what is wrong with it, what it costs, the way to pay."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import fields, replace
from typing import Annotated, Literal

import reflex as rx
from pydantic import Field
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import clients, rates, security_log
from shop_app.core.access.rates import Limit
from shop_app.core.db import Unavailable
from shop_app.core.errors import Conflict, Invalid, NotFound, OutOfStock, ShopError, TooMany
from shop_app.core.i18n import _
from shop_app.realtime import rooms
from shop_app.services import consents
from shop_app.services.cart import billing, checkout, unpaid
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart.checkout import MAX_NOTE, CheckoutForm, CheckoutView
from shop_app.services.cart.holds import HoldView
from shop_app.services.cart.price_changes import PriceChange, PriceRisen
from shop_app.workflows import ask_mailer, pay, quote_taxes

from . import attempt_limits, live
from .base import asked_by, personal, public, shopper_key
from .cart import CartCommand, CodeForm, CreditForm, Departure, change_and_view
from .forms import Form, FormState, by_field
from .input_types import AmountMinor, Carried, Code, Email, LongText, RecordId, ShortText, Ticket

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
    "billing",
    "billing_given_name",
    "billing_family_name",
    "billing_company",
    "billing_line1",
    "billing_line2",
    "billing_postal_code",
    "billing_locality",
    "billing_region",
    "billing_country",
]


Value = Email
"""What a field that is left holds: the longest is an e-mail address."""


class PayForm(Form):
    """The form as the browser posts it, autofilled fields included, with what the page showed of the total.

    These values count, not the State's: leaving a field by that same click may have changed the total.
    """

    email: Email = ""
    given_name: ShortText = ""
    family_name: ShortText = ""
    company: ShortText = ""
    line1: ShortText = ""
    line2: ShortText = ""
    postal_code: ShortText = ""
    locality: ShortText = ""
    region: ShortText = ""
    country: ShortText = ""
    phone: ShortText = ""
    vat_number: ShortText = ""
    shipping_method: ShortText = ""
    payment_provider: ShortText = ""
    note: Annotated[LongText, Field(max_length=MAX_NOTE)] = ""
    billing_asked: ShortText = ""
    """Not "" where the page has the check box `billing_same`, which is only sent while it is ticked."""
    billing_same: ShortText = ""
    billing_given_name: ShortText = ""
    billing_family_name: ShortText = ""
    billing_company: ShortText = ""
    billing_line1: ShortText = ""
    billing_line2: ShortText = ""
    billing_postal_code: ShortText = ""
    billing_locality: ShortText = ""
    billing_region: ShortText = ""
    billing_country: ShortText = ""
    shown_minor: AmountMinor = 0
    shown_credit_minor: AmountMinor = 0
    shown_parts: Carried = ""
    ticket: Ticket = ""
    agree_reviews: ShortText = ""
    """Not "" where the box is ticked."""

    def typed(self) -> CheckoutForm:
        """What the shopper has typed of it."""
        names = {field.name for field in fields(CheckoutForm)} - {"billing"}
        elsewhere = billing.OTHER if self.billing_asked and not self.billing_same else ""
        return CheckoutForm(**{name: getattr(self, name) for name in names}, billing=elsewhere)


@personal
class Checkout(FormState, rx.State):
    view: CheckoutView = CheckoutView()
    loaded: bool = False
    empty: bool = False
    refused_kind: str = ""
    """ "" for nothing, price, stock or other."""
    refused_lines: list[str] = []
    """`refused` again, a sentence for each line that is short."""
    confirmation: str = ""
    """What a click has just done, where its button is gone: the focus goes there."""
    changes: list[PriceChange] = []
    """What a total that rose is made of, beside what it was."""
    hold: HoldView = HoldView()
    departure: Departure = Departure()
    account: str = ""
    """The e-mail address of the account that they are signed in to."""
    is_folded: bool = False
    """Whether contact and address are shown as what is known, without their fields."""
    turns: int = 0
    """Grows with every folding and unfolding by hand: the focus goes there."""
    _leaving: bool = False

    @rx.event
    @public
    async def load(self):
        await live.join_checkout(self)
        self._leaving, self.confirmation = False, ""
        by = await asked_by(self)
        self.account = by.email if by.kind == "customer" else ""
        await self._enter()
        self.is_folded, self.loaded = self.view.knows_who, True

    @rx.event
    @public
    async def renew_hold(self):
        """Hold what the cart needs: after the time was over, or for longer."""
        await self._enter()
        self._confirm(_("Your things are held for you again."))

    @rx.event
    @public
    async def extend_hold(self):
        self._show_hold(await db.write(cart_holds.extend, await shopper_key(self)))

    @rx.event
    @public
    async def end_hold(self):
        """The countdown on the page is over; whether the hold is, the server's clock decides."""
        self._show_hold(await db.write(cart_holds.end, await shopper_key(self)))

    @rx.event
    @public
    async def refresh(self):
        """The cart or its hold changed somewhere else: another tab, the sweep."""
        if self.loaded and not self._leaving:
            self._show_hold(await db.read(cart_holds.view, await shopper_key(self)))
            await self._read_view()

    async def _enter(self) -> None:
        try:
            client = clients.of_state(self)
            await rates.take(rates.HOLD, client)
            # Holding changes nothing that this tab's cart shows.
            with live.shown_here(self, rooms.CART, rooms.CHECKOUT):
                entered = await db.write(_enter, await shopper_key(self), client.origin)
        except (Unavailable, TooMany):
            # Checkout goes on without a hold where nothing can be held just now.
            await self._read_view()
            return
        hold, view = entered
        self._show_view(view)
        self._show_hold(hold if view else HoldView())

    async def _keep_hold(self) -> None:
        """Extend the hold, because the shopper did something; written once a minute at most."""
        if cart_holds.worth_extending(self.hold):
            self._show_hold(await db.write(cart_holds.extend, await shopper_key(self)))

    def _show_hold(self, hold: HoldView) -> None:
        self.hold = hold
        if hold.state == "over":
            self.confirmation = ""
        if hold.short:
            self.refused_lines = [line.sentence for line in hold.short]
            self.refused, self.refused_kind = " ".join(self.refused_lines), "stock"
        elif self.refused_kind == "stock":
            self._forget_refusal()

    def _confirm(self, sentence: str) -> None:
        self.confirmation, self.answers = "" if self.refused else sentence, self.answers + 1

    def _clear(self) -> None:
        super()._clear()
        self._forget_refusal()

    def _fail(self, errors: Mapping[str, str]) -> None:
        super()._fail(errors)
        if errors.keys() - checkout.LATER_FIELDS:
            self.is_folded = False

    @rx.event
    @public
    async def go_on(self, form: PayForm):
        """Fold contact and address to what is known, unless something is wrong with them."""
        self._clear()
        typed = form.typed()
        await quote_taxes.ask_for_taxes(typed)
        try:
            with live.shown_here(self, rooms.CHECKOUT):
                problems = await db.write(checkout.keep, await shopper_key(self), typed)
            await ask_mailer.refuse_undeliverable(typed.email)
        except ShopError as refusal:
            await self._explain(refusal)
            return
        await self._read_view()
        wrong = {name: text for name, text in by_field(problems).items() if name not in checkout.LATER_FIELDS}
        if wrong:
            self._fail(wrong)
            return
        self.is_folded, self.turns, self.answers = True, self.turns + 1, self.answers + 1
        await self._keep_hold()

    @rx.event
    @public
    async def keep_typed(self, form: PayForm):
        """Keep what is typed, because they go to sign in: it is there when they come back."""
        with live.shown_here(self, rooms.CHECKOUT):
            await db.write(checkout.keep, await shopper_key(self), form.typed())

    @rx.event
    @public
    async def unfold(self):
        self.is_folded, self.turns = False, self.turns + 1

    def _forget_refusal(self) -> None:
        self.confirmation = ""
        self.refused, self.refused_kind, self.refused_lines, self.changes = "", "", [], []

    @rx.event
    @public
    async def typed(self, field: FormField, value: Value):
        """Keep a value when its field is left, and say at once if something is wrong with it."""
        form = replace(self.view.form, **{field: value})
        await quote_taxes.ask_for_taxes(form)
        with live.shown_here(self, rooms.CHECKOUT):
            self.view = await db.write(checkout.save, await shopper_key(self), form, blurred=field)
        # A field that was left empty is no error before the form is sent.
        self._set_error(field, by_field(self.view.problems).get(field, "") if value else "")
        await self._keep_hold()

    @rx.event
    @public
    async def pay(self, form: PayForm):
        """One click, one order: placing the same cart again gives the same order, and the same way to pay."""
        self._clear()
        try:
            # The page is only made anew where the shopper stays on it.
            if problems := await db.write(checkout.keep, await shopper_key(self), form.typed()):
                await self._read_view()
                return self._fail(by_field(problems))
            await self._place(form)
        except ShopError as refusal:
            await self._explain(refusal)

    async def _place(self, form: PayForm) -> None:
        """Place the order, and send the browser to where it is paid."""
        client = clients.of_state(self)
        await rates.take(rates.ORDER, client, email=form.email)
        if form.agree_reviews:
            await db.write(consents.give, form.email, "reviews", consents.PURPOSES["reviews"], "checkout")
        to = await pay.pay(
            await shopper_key(self),
            form.typed(),
            form.shown_minor,
            shown_parts=form.shown_parts,
            address_hash=client.origin,
            expected_credit_minor=form.shown_credit_minor,
        )
        self._leaving = True
        await live.leave_checkout(self)
        self.departure = Departure(to, form.ticket, self.departure.number + 1)

    async def _explain(self, refusal: ShopError) -> None:
        """Show why the order wasn't placed, with the page as it is now."""
        if isinstance(refusal, Invalid) and refusal.field:
            await self._read_view()
            self._fail({refusal.field: refusal.message})
            return
        if refusal.code == unpaid.CODE:
            client = clients.of_state(self)
            security_log.note("limit", address=client.address, visitor=client.visitor, detail="unpaid units")
        self._forget_refusal()
        self.refused, self.refused_kind = refusal.message, _kind(refusal)
        if isinstance(refusal, OutOfStock):
            self.refused_lines = list(refusal.lines)
        if isinstance(refusal, PriceRisen):
            self.refused, self.changes = refusal.summary, list(refusal.changes)
        if refusal.code in pay.NOT_STARTED:
            await self._enter()
        else:
            await self._read_view()
        await self._keep_hold()
        self.answers += 1

    async def _read_view(self) -> None:
        self._show_view(await db.read(_view, await shopper_key(self)))

    def _show_view(self, view: CheckoutView | None) -> None:
        self.view, self.empty = view or CheckoutView(), view is None
        if self.account and not self.view.form.email:
            self.view = replace(self.view, form=replace(self.view.form, email=self.account))

    @rx.event
    @public
    async def take_what_is_left(self):
        """Make the cart fit what there is."""
        sentences = await db.write(cart_commands.take_what_is_left, await shopper_key(self))
        self._forget_refusal()
        await self._enter()
        self._confirm(" ".join(sentences) or _("Your cart now has what is left."))

    @rx.event
    @public
    async def apply_code(self, form: CodeForm):
        refusal = await self._change_cart(cart_commands.apply_code, form.code, limit=rates.DISCOUNT_CODE)
        self._set_error("code", refusal)

    @rx.event
    @public
    async def remove_code(self, code: Code):
        self._set_error("code", await self._change_cart(cart_commands.remove_code, code))

    @rx.event
    @public
    async def apply_credit(self, form: CreditForm):
        """The code of a gift card, or of store credit."""
        refusal = await self._change_cart(cart_commands.apply_credit, form.credit, limit=rates.CREDIT_CODE)
        self._set_error("credit", refusal)

    @rx.event
    @public
    async def remove_credit(self, account: RecordId):
        self._set_error("credit", await self._change_cart(cart_commands.remove_credit, account))

    async def _change_cart(self, command: CartCommand, arg: str | int, limit: Limit | None = None) -> str:
        """Change the cart and show the page; the command's notice, or why nothing has changed."""
        try:
            async with attempt_limits.counted(self, limit) if limit else nullcontext():
                with live.shown_here(self, rooms.CHECKOUT):
                    notice, view = await db.write(
                        change_and_view, await shopper_key(self), command, _view, arg
                    )
        except ShopError as refusal:
            await self._read_view()
            return refusal.message
        self._show_view(view)
        return notice


def _view(session: Session, key_hash: str) -> CheckoutView | None:
    """The page; None where there is nothing to check out."""
    try:
        return checkout.view(session, key_hash)
    except NotFound:
        return None


def _enter(session: Session, key_hash: str, address_hash: str) -> tuple[HoldView, CheckoutView | None]:
    """The hold and the page, in one transaction."""
    return cart_holds.enter(session, key_hash, address_hash), _view(session, key_hash)


def _kind(refusal: ShopError) -> str:
    return (
        "stock" if isinstance(refusal, OutOfStock) else "price" if isinstance(refusal, Conflict) else "other"
    )
