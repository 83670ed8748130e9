"""The cart as the shopper sees it: amounts as text, and what to say about each line."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from ..models import MAX_QUANTITY, PromotionKind
from ..money import show
from ..settings import settings
from ..words import _, plural
from . import priced_cart
from .addresses import country_name
from .priced_cart import Head, Line, Priced
from .pricing import DiscountLine


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
    saved: list[CartLineView] = field(default_factory=list)
    subtotal: str = ""
    discounts: list[DiscountView] = field(default_factory=list)
    reasons: list[CodeReason] = field(default_factory=list)
    shipping: str = ""
    """ "€4.90" or "Free", for the cheapest way to the country."""
    total: str = ""
    total_minor: int = 0
    tax_note: str = ""
    """ "Includes €12.88 VAT"."""
    free_shipping_line: str = ""
    """ "Add €23.10 for free delivery", "Delivery is free"."""
    free_shipping_percent: int = 0
    country: str = ""
    country_name: str = ""
    can_check_out: bool = False
    version: int = 0


EMPTY = CartView()


def show_cart(
    session: Session, head: Head, lines: list[Line], notices: dict[str, str] | None = None
) -> CartView:
    """The view of these lines, priced for the cheapest way of delivery."""
    wanted = [line for line in lines if line.for_sale and not line.saved]
    priced = priced_cart.price(session, head, wanted, region=str(head.checkout.get("region", "")))
    totals, locale, currency = priced.totals, settings().locale, head.currency
    kept = [_line_view(line, currency, locale, notices) for line in lines if not line.saved]
    way = totals.shipping
    free_line, percent = _free_shipping(priced, currency, locale)
    return CartView(
        count=sum(line.quantity for line in lines if not line.saved),
        lines=kept,
        saved=[_line_view(line, currency, locale, notices) for line in lines if line.saved],
        subtotal=show(totals.subtotal_minor, currency, locale),
        discounts=[discount_view(line, currency, locale) for line in totals.discounts],
        reasons=[CodeReason(reason.code, reason.text) for reason in priced.reasons],
        shipping=money_or_free(way.price_minor, currency, locale) if way else "",
        total=show(totals.total_minor, currency, locale),
        total_minor=totals.total_minor,
        tax_note=tax_note(totals.tax_minor, currency, locale),
        free_shipping_line=free_line,
        free_shipping_percent=percent,
        country=head.country,
        country_name=country_name(head.country, locale),
        can_check_out=bool(kept) and all(line.notice_kind != "problem" for line in kept),
        version=head.version,
    )


def discount_view(line: DiscountLine, currency: str, locale: str) -> DiscountView:
    return DiscountView(line.offer.code, line.offer.label, f"−{show(line.amount_minor, currency, locale)}")


def money_or_free(minor: int, currency: str, locale: str) -> str:
    return show(minor, currency, locale) if minor else _("Free")


def tax_note(tax_minor: int, currency: str, locale: str) -> str:
    return _("Includes {amount} VAT").format(amount=show(tax_minor, currency, locale)) if tax_minor else ""


def _line_view(line: Line, currency: str, locale: str, notices: dict[str, str] | None) -> CartLineView:
    notice, kind = _notice(line, currency, locale)
    if notices and line.sku in notices:
        notice, kind = notices[line.sku], "info"
    compare_at = show(line.compare_at_minor, currency, locale) if line.compare_at_minor else ""
    return CartLineView(
        line.sku, line.slug, line.title, line.variant_title, line.picture_key or "", line.picture_alt or "",
        line.quantity, min(MAX_QUANTITY, max(0, line.available)) if line.for_sale else 0,
        show(line.price_minor, currency, locale), show(line.price_minor * line.quantity, currency, locale),
        compare_at, notice, kind,
    )  # fmt: skip


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
    limits = [method.free_above_minor for method in priced.known_methods if not method.is_pick_up]
    known = [limit for limit in limits if limit]
    totals = priced.totals
    given = any(line.offer.kind == PromotionKind.FREE_SHIPPING for line in totals.discounts)
    if not totals.shipping or not (known or given):
        return "", 0
    goods, limit = totals.goods_minor, min(known, default=0)
    if given or goods >= limit:
        return _("Delivery is free"), 100
    missing = show(limit - goods, currency, locale)
    return _("Add {amount} for free delivery").format(amount=missing), 100 * goods // limit
