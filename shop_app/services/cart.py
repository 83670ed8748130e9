"""The cart: add, change, save for later, codes; each verb returns the cart as the shopper sees it.

Verbs take the SHA-256 of the visitor's key; a cart comes to exist with its first line. Nothing is
reserved here: a cart is a wish.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from .. import facts
from ..clock import now
from ..errors import Invalid, NotFound, OutOfStock, TooMany
from ..models import MAX_LINES, MAX_QUANTITY, PromotionKind
from ..models.base import Key
from ..money import show
from ..settings import settings
from ..words import _, plural
from . import priced_cart, promotions, shipping
from .addresses import country_name
from .priced_cart import HEAD_COLUMNS, Head, Line, Priced, cart, cart_line, variant
from .pricing import DiscountLine
from .stock import only_left

# Bumping the version first also locks the row: whoever places this cart waits, and the other way round.
_BUMP = (
    update(cart)
    .where(cart.c.key_hash == bindparam("key"), cart.c.completed_at.is_(None))
    .values(version=cart.c.version + 1, updated_at=bindparam("at"))
    .returning(*HEAD_COLUMNS)
)
_OPEN = text("""
    INSERT INTO cart (key_hash, currency, country, codes, checkout, version, created_at, updated_at)
    VALUES (:key, :currency, :country, :codes, :checkout, 1, :at, :at)
    ON CONFLICT (key_hash) WHERE completed_at IS NULL
    DO UPDATE SET version = cart.version + 1, updated_at = excluded.updated_at
    RETURNING id, country, currency, codes, checkout, version, customer_id
""").bindparams(
    bindparam("codes", type_=cart.c.codes.type), bindparam("checkout", type_=cart.c.checkout.type),
    bindparam("at", type_=cart.c.created_at.type),
).columns(*HEAD_COLUMNS)  # fmt: skip
_PUT = """
    INSERT INTO cart_line (cart_id, variant_id, quantity, saved, seen_price_minor, added_at)
    SELECT :cart, id, :quantity, :saved, price_minor, :at FROM variant WHERE sku = :sku
    ON CONFLICT (cart_id, variant_id)
    DO UPDATE SET quantity = {quantity}, saved = excluded.saved, seen_price_minor = excluded.seen_price_minor
"""
_TYPES = (
    bindparam("cart", type_=Key), bindparam("quantity", type_=cart_line.c.quantity.type),
    bindparam("saved", type_=cart_line.c.saved.type), bindparam("at", type_=cart_line.c.added_at.type),
)  # fmt: skip
_ADD = text(
    _PUT.format(quantity="CASE WHEN cart_line.saved THEN 0 ELSE cart_line.quantity END + excluded.quantity")
).bindparams(*_TYPES)
_SET = text(_PUT.format(quantity="excluded.quantity")).bindparams(*_TYPES)
_the_line = (
    cart_line.c.cart_id == bindparam("cart"),
    cart_line.c.variant_id == bindparam("variant"),
)
_REMOVE = delete(cart_line).where(*_the_line)
_MOVE = update(cart_line).where(*_the_line).values(saved=bindparam("to_saved"))
_SEEN = (
    update(cart_line)
    .where(cart_line.c.cart_id == bindparam("cart"), cart_line.c.variant_id == variant.c.id)
    .values(seen_price_minor=variant.c.price_minor)
)


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


def view(session: Session, key_hash: str) -> CartView:
    """The visitor's open cart; EMPTY where there is none."""
    head = priced_cart.head(session, key_hash)
    return show_cart(session, head, priced_cart.lines(session, head.id)) if head else EMPTY


def view_of(session: Session, cart_id: int) -> CartView:
    """The cart with that id, for pushing it to its own visitor; EMPTY once it has become an order."""
    statement = cart.select().with_only_columns(cart.c.key_hash).where(cart.c.id == cart_id)
    key_hash = session.connection().execute(statement.where(cart.c.completed_at.is_(None))).scalar()
    return view(session, key_hash) if key_hash else EMPTY


def add(session: Session, key_hash: str, sku: str, quantity: int) -> CartView:
    """Put units of a variant into the cart, on top of those that are there.

    Errors  NotFound for an unknown or hidden SKU; OutOfStock when fewer are left, and says how many;
            Invalid for a quantity below 1 or past the limit, TooMany for too many lines.
    """
    _check_quantity(quantity, 1)
    head = _open(session, key_hash)
    _put(session, head, sku, quantity, _ADD)
    lines = priced_cart.lines(session, head.id)
    line = _line(lines, sku)
    if not line.for_sale:
        raise NotFound(_("This isn't for sale any more."))
    if line.quantity > line.available:
        raise OutOfStock(_too_few(line, line.quantity - quantity), left={sku: max(0, line.available)})
    if len(lines) > MAX_LINES:
        raise TooMany(_("A cart holds {count} different things at most.").format(count=MAX_LINES))
    return _changed(session, head, lines)


def set_quantity(session: Session, key_hash: str, sku: str, quantity: int) -> CartView:
    """Make it that many units (0 removes). Asking for more than is left sets what is left, with a notice."""
    _check_quantity(quantity, 0)
    if not quantity:
        return remove(session, key_hash, sku)
    head = _open(session, key_hash)
    _put(session, head, sku, quantity, _SET)
    lines = priced_cart.lines(session, head.id)
    line = _line(lines, sku)
    if not line.for_sale:
        raise NotFound(_("This isn't for sale any more."))
    if line.available <= 0:
        raise OutOfStock(only_left(0, line.full_title), left={sku: 0})
    if len(lines) > MAX_LINES:
        raise TooMany(_("A cart holds {count} different things at most.").format(count=MAX_LINES))
    notices = {}
    if quantity > line.available:
        _put(session, head, sku, line.available, _SET)
        lines = priced_cart.lines(session, head.id)
        notices[sku] = only_left(line.available, line.title)
    return _changed(session, head, lines, notices)


def remove(session: Session, key_hash: str, sku: str) -> CartView:
    """Take the line out. `set_quantity`/`add` with what was there undoes it."""
    head, line = _open_with_line(session, key_hash, sku)
    session.connection().execute(_REMOVE, {"cart": head.id, "variant": line.variant_id})
    return _changed(session, head)


def save_for_later(session: Session, key_hash: str, sku: str) -> CartView:
    return _move(session, key_hash, sku, to_saved=True)


def move_to_cart(session: Session, key_hash: str, sku: str) -> CartView:
    return _move(session, key_hash, sku, to_saved=False)


def apply_code(session: Session, key_hash: str, code: str) -> CartView:
    """Enter a discount code. One that gives nothing yet stays, with its reason.

    Errors  NotFound for a code that doesn't exist, has ended or is used up, and says which.
    """
    code = promotions.normal(code)
    if not code:
        raise Invalid(_("Enter a discount code."), field="discount_code")
    if len(code) > 64 or not code.isprintable():
        raise NotFound(_("There is no such code."))
    head = _open(session, key_hash)
    promotions.check(session, code, now(), cart_id=head.id)
    if code not in head.codes and len(head.codes) >= promotions.MAX_CODES:
        raise TooMany(_("Take another code out first."))
    return _set(session, head, codes=[*(known for known in head.codes if known != code), code])


def remove_code(session: Session, key_hash: str, code: str) -> CartView:
    head, code = _open(session, key_hash), promotions.normal(code)
    return _set(session, head, codes=[known for known in head.codes if known != code])


def set_country(session: Session, key_hash: str, country: str) -> CartView:
    """Where it goes, for tax and shipping estimate.

    Errors  Invalid for a country that the shop doesn't deliver to.
    """
    if country not in shipping.methods(session):
        raise Invalid(_("Choose a country that we deliver to."), field="country")
    return _set(session, _open(session, key_hash), country=country)


def accept_changes(session: Session, key_hash: str) -> CartView:
    """The shopper has seen the new prices: clear their notices."""
    head = priced_cart.head(session, key_hash, lock=True)
    if head is None:
        return EMPTY
    session.connection().execute(_SEEN, {"cart": head.id})
    return _changed(session, head)


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


def _check_quantity(quantity: Any, least: int) -> None:
    if type(quantity) is not int or not least <= quantity <= MAX_QUANTITY:
        text = _("Choose between {least} and {most}.")
        raise Invalid(text.format(least=max(1, least), most=MAX_QUANTITY), field="quantity")


def _open(session: Session, key_hash: str) -> Head:
    """The visitor's cart, made if need be, locked, its version raised."""
    connection, at = session.connection(), now()
    row = connection.execute(_BUMP, {"key": key_hash, "at": at}).first()
    if row is None:
        known = settings()
        row = connection.execute(
            _OPEN,
            {
                "key": key_hash, "currency": known.currency, "country": known.country, "codes": [],
                "checkout": {}, "at": at,
            },
        ).one()  # fmt: skip
    return Head(*row)


def _put(session: Session, head: Head, sku: str, quantity: int, statement: Any) -> None:
    parameters = {"cart": head.id, "sku": sku, "quantity": quantity, "saved": False, "at": now()}
    try:
        done = session.connection().execute(statement, parameters)
    except IntegrityError as error:
        text = _("The shop sells {most} of one thing at most in one order.").format(most=MAX_QUANTITY)
        raise Invalid(text, field="quantity") from error
    if done.rowcount != 1:
        raise NotFound(_("This isn't for sale any more."))


def _line(lines: list[Line], sku: str) -> Line:
    for line in lines:
        if line.sku == sku:
            return line
    raise NotFound(_("This isn't in your cart any more."))


def _open_with_line(session: Session, key_hash: str, sku: str) -> tuple[Head, Line]:
    head = _open(session, key_hash)
    return head, _line(priced_cart.lines(session, head.id), sku)


def _too_few(line: Line, in_cart: int) -> str:
    sentence = only_left(line.available, line.title)
    if line.available > 0 and in_cart > 0:
        return sentence + " " + _("{count} of them in your cart already.").format(count=in_cart)
    return sentence


def _move(session: Session, key_hash: str, sku: str, *, to_saved: bool) -> CartView:
    head, line = _open_with_line(session, key_hash, sku)
    session.connection().execute(_MOVE, {"cart": head.id, "variant": line.variant_id, "to_saved": to_saved})
    return _changed(session, head)


def _set(session: Session, head: Head, **values: Any) -> CartView:
    statement = update(cart).where(cart.c.id == head.id).values(**values).returning(*HEAD_COLUMNS)
    return _changed(session, Head(*session.connection().execute(statement).one()))


def _changed(
    session: Session, head: Head, lines: list[Line] | None = None, notices: dict[str, str] | None = None
) -> CartView:
    facts.announce(session, facts.CartChanged(head.id))
    if lines is None:
        lines = priced_cart.lines(session, head.id)
    return show_cart(session, head, lines, notices)
