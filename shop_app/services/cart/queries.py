"""The cart as the shopper sees it: amounts as text, and what to say about each line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from ...core.dates import day
from ...core.email_addresses import normal_email
from ...core.i18n import _, plural
from ...core.money import show
from ...core.shop import shop
from ...models import MAX_QUANTITY, PromotionKind
from ..credit import payments as credit_payments
from ..credit.payments import CreditView
from ..customers.addresses import country_name
from ..pricing.price_cart import Totals
from ..taxes import queries as taxes_queries
from . import express, join_notes, priced_cart, ways_to_pay
from . import lines as cart_lines
from .join_notes import JoinNote
from .lines import Head, Line
from .priced_cart import Priced
from .ways_to_pay import Mark, Ways


@dataclass(frozen=True, slots=True)
class CartLineView:
    sku: str
    slug: str
    title: str
    variant: str
    picture_key: str
    picture_alt: str
    quantity: int
    max_quantity: int
    unit: str
    total: str
    """What the line comes to, before discounts on the whole cart."""
    compare_at: str
    notice: str
    """What changed since it was added, or what is wrong with it: "Now €24.00, was €19.00"."""
    notice_kind: str
    """"", info (a change that was applied) or problem (it can't be bought like this)."""
    promise: str = ""
    """When backordered units arrive: "Expected on 12 December"."""


@dataclass(frozen=True, slots=True)
class DiscountView:
    code: str
    label: str
    amount: str
    """ "−€8.00"."""


@dataclass(frozen=True, slots=True)
class CodeReason:
    """Why an entered code gives nothing: "Spend €4.20 more to use AUTUMN10"."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class CartView:
    count: int = 0
    """Units, saved ones not counted."""
    lines: list[CartLineView] = field(default_factory=list)
    gifts: list[CartLineView] = field(default_factory=list)
    """What comes with it for nothing, one unit each; in no sum."""
    saved: list[CartLineView] = field(default_factory=list)
    subtotal: str = ""
    discounts: list[DiscountView] = field(default_factory=list)
    reasons: list[CodeReason] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    """What is missing for a promotion without a code: "Spend €12.00 more for a salt cellar"."""
    shipping: str = ""
    """ "€4.90" or "Free", for the cheapest way to the country."""
    total: str = ""
    total_minor: int = 0
    tax_lines: list[tuple[str, str]] = field(default_factory=list)
    """("19 % tax", "€12.88") where it comes on top of the prices."""
    tax_note: str = ""
    """ "Includes €12.88 VAT", or why there is none; "" where it comes on top."""
    price_note: str = ""
    """What isn't in the subtotal: "Including VAT. Delivery is added at checkout."."""
    free_shipping_line: str = ""
    """ "Add €23.10 for free delivery", "Delivery is free"."""
    free_shipping_percent: int = 0
    country: str = ""
    country_name: str = ""
    can_check_out: bool = False
    version: int = 0
    credits: list[CreditView] = field(default_factory=list)
    """The gift cards and the credit that pay, and how much each."""
    left: str = ""
    """What is left to pay after them; "" without any."""
    wallets: list[Mark] = field(default_factory=list)
    """What it can be paid with at once, without our checkout."""
    payment_notes: list[str] = field(default_factory=list)
    """Which ways to pay don't take what is left to pay, and what can be done."""
    joined: list[JoinNote] = field(default_factory=list)
    """What has changed as the carts of browser and account joined, until it is read."""


def cart_view(head: Head, lines: list[Line], priced: Priced, ways: Ways) -> CartView:
    """The view of these lines, priced already, and of the ways to pay them."""
    totals, locale, currency = priced.totals, shop().locale, head.currency
    kept = [_line_view(line, priced, currency, locale) for line in lines if not line.saved]
    way = totals.shipping
    free_line, percent = _free_shipping(priced, currency, locale)
    paid_with = ways.chosen.paid_with
    can_check_out = bool(kept) and all(line.notice_kind != "problem" for line in kept)
    return CartView(
        count=sum(line.quantity for line in lines if not line.saved),
        lines=kept,
        gifts=gift_views(priced, currency, locale),
        saved=[_line_view(line, priced, currency, locale) for line in lines if line.saved],
        subtotal=show(bought_minor(totals), currency, locale),
        discounts=discount_views(totals, currency, locale),
        reasons=[CodeReason(reason.code, reason.text) for reason in priced.reasons if reason.code],
        hints=[reason.text for reason in priced.reasons if not reason.code],
        shipping=money_or_free(way.price_minor, currency, locale) if way else "",
        total=show(totals.total_minor, currency, locale),
        total_minor=totals.total_minor,
        tax_lines=tax_lines(totals, currency, locale) if is_on_top(totals) else [],
        tax_note=tax_note(totals, currency, locale),
        price_note=_price_note(totals),
        free_shipping_line=free_line,
        free_shipping_percent=percent,
        country=head.country,
        country_name=country_name(head.country, locale),
        can_check_out=can_check_out,
        wallets=express.wallets(head, priced) if can_check_out else [],
        version=head.version,
        credits=credit_payments.shown(paid_with, currency),
        left=show(ways.chosen.left_minor, currency, locale) if paid_with else "",
        payment_notes=list(ways.notes) if kept else [],
        joined=join_notes.shown(head.joined, lines),
    )


def bought_minor(totals: Totals) -> int:
    """The subtotal that a shopper can add up: without gifts."""
    return totals.subtotal_minor - sum(gift.list_minor for gift in totals.gifts)


def discount_views(totals: Totals, currency: str, locale: str) -> list[DiscountView]:
    """The discounts without gifts, which are shown as lines."""
    return [
        DiscountView(line.offer.code, line.offer.label, f"−{show(line.amount_minor, currency, locale)}")
        for line in totals.discounts
        if line.offer.kind != PromotionKind.GIFT
    ]


def gift_views(priced: Priced, currency: str, locale: str) -> list[CartLineView]:
    """Gifts as lines; `compare_at` is what they cost otherwise."""
    return [
        CartLineView(
            line.sku,
            line.slug,
            line.title,
            line.variant_title,
            line.picture_key or "",
            line.picture_alt or "",
            line.quantity,
            line.quantity,
            _("Free"),
            _("Free"),
            show(priced.shown_minor(line.price_minor, line.tax_class), currency, locale),
            "",
            "",
        )
        for line in priced.gifts
    ]


def is_on_top(totals: Totals) -> bool:
    """Whether there is a tax that the prices don't hold."""
    return not totals.tax_included and not totals.reverse_charge


def tax_lines(totals: Totals, currency: str, locale: str) -> list[tuple[str, str]]:
    """("19 % VAT included", "€12.88") for each rate, the highest first; none by reverse charge."""
    return tax_rows(
        ((tax.ppm, tax.amount_minor) for tax in totals.taxes if tax.ppm),
        currency,
        locale,
        totals.tax_included,
    )


def tax_rows(
    taxes: Iterable[tuple[int, int]], currency: str, locale: str, included: bool
) -> list[tuple[str, str]]:
    """The same for each (rate in parts per million, amount)."""
    text = _("{rate} % VAT included") if included else _("{rate} % tax")
    return [(text.format(rate=_percent(ppm)), show(minor, currency, locale)) for ppm, minor in taxes]


def _percent(ppm: int) -> str:
    return f"{(Decimal(ppm) / 10_000).normalize():f}"


def money_or_free(minor: int, currency: str, locale: str) -> str:
    return show(minor, currency, locale) if minor else _("Free")


def reverse_charge_note() -> str:
    return _("Reverse charge: VAT is owed by the recipient")


def tax_note(totals: Totals, currency: str, locale: str) -> str:
    if totals.reverse_charge:
        return reverse_charge_note()
    if not totals.tax_included or not totals.tax_minor:
        return ""
    return _("Includes {amount} VAT").format(amount=show(totals.tax_minor, currency, locale))


def _price_note(totals: Totals) -> str:
    if totals.shipping and not totals.shipping.price_minor:
        delivery = _("Delivery is free.")
    else:
        delivery = _("Delivery is added at checkout.")
    if totals.reverse_charge:
        return f"{_('Without VAT.')} {delivery}"
    return f"{_('Including VAT.') if totals.tax_included else _('Plus tax.')} {delivery}"


def expected(promised_on: date | None) -> str:
    """When backordered units arrive: "Expected on 12 December"; "" without a day."""
    return _("Expected on {day}").format(day=day(promised_on)) if promised_on else ""


def _line_view(line: Line, priced: Priced, currency: str, locale: str) -> CartLineView:
    notice, kind = _notice(line, currency, locale)
    unit_minor = priced.shown_minor(line.price_minor, line.tax_class)
    before = priced.shown_minor(line.compare_at_minor, line.tax_class) if line.compare_at_minor else 0
    compare_at = show(before, currency, locale) if before else ""
    return CartLineView(
        line.sku,
        line.slug,
        line.title,
        line.variant_title,
        line.picture_key or "",
        line.picture_alt or "",
        line.quantity,
        min(MAX_QUANTITY, max(0, line.available)) if line.for_sale else 0,
        show(unit_minor, currency, locale),
        show(unit_minor * line.quantity, currency, locale),
        compare_at,
        notice,
        kind,
        expected(line.promised_on),
    )


def _notice(line: Line, currency: str, locale: str) -> tuple[str, str]:
    """What to say about the line, and whether it is info or a problem."""
    if not line.for_sale:
        return _("No longer sold. Take it out to go on."), "problem"
    if line.available <= 0:
        return _("Sold out. Take it out or save it for later."), "problem"
    if line.quantity > line.available:
        left = plural("Only {count} is left.", "Only {count} are left.", line.available)
        return left + " " + _("Choose fewer to go on."), "problem"
    if line.price_minor == line.seen_price_minor:
        return "", ""
    new, old = (show(minor, currency, locale) for minor in (line.price_minor, line.seen_price_minor))
    if line.price_minor < line.seen_price_minor:
        return _("The price went down: now {new}, was {old}").format(new=new, old=old), "info"
    return _("Now {new}, was {old}").format(new=new, old=old), "info"


def _free_shipping(priced: Priced, currency: str, locale: str) -> tuple[str, int]:
    """The line above the cart, and how far the shopper has come, in percent."""
    limits = [method.free_above_minor for method in priced.methods if not method.is_pick_up]
    set_limits = [limit for limit in limits if limit]
    totals = priced.totals
    given = any(line.offer.kind == PromotionKind.FREE_SHIPPING for line in totals.discounts)
    if not totals.shipping or not (set_limits or given):
        return "", 0
    goods, limit = totals.goods_minor, min(set_limits, default=0)
    if given or goods >= limit:
        return _("Delivery is free"), 100
    missing = show(limit - goods, currency, locale)
    return _("Add {amount} for free delivery").format(amount=missing), 100 * goods // limit


def view(session: Session, key_hash: str) -> CartView:
    """The visitor's open cart, priced for the cheapest way of delivery; an empty one where there is none."""
    head = cart_lines.head(session, key_hash)
    if head is None:
        return CartView()
    lines = cart_lines.lines(session, head.id)
    typed = head.checkout
    priced = priced_cart.price(
        session,
        head,
        [line for line in lines if line.for_sale and not line.saved],
        place=taxes_queries.place_of(
            head.country, str(typed.get("region", "")), str(typed.get("postal_code", ""))
        ),
        email=normal_email(str(typed.get("email", ""))),
        vat_number=str(typed.get("vat_number", "")),
    )
    ways = ways_to_pay.of_cart(
        session,
        head,
        priced.totals.total_minor,
        collected=priced.method is not None and priced.method.is_pick_up,
        chosen=str(typed.get("payment_provider", "")),
    )
    return cart_view(head, lines, priced, ways)


def title_and_quantity(session: Session, key_hash: str, sku: str) -> tuple[str, int] | None:
    """What a line of the visitor's cart holds, without its price; None where there is no such line."""
    head = cart_lines.head(session, key_hash)
    lines = cart_lines.lines(session, head.id) if head else []
    return next(((line.title, line.quantity) for line in lines if line.sku == sku), None)
