"""Checkout: the form as far as it is filled in, what is missing, and the page with deliveries and totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session

from ...core import clock, events
from ...core.clock import now
from ...core.email_addresses import normal_email
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...core.typed_text import prose
from ...providers.payments import registry
from ..credit import payments as credit_payments
from ..credit.payments import CreditView
from ..customers import addresses
from ..customers.addresses import AddressField, country_name
from ..shipping import queries as shipping_queries
from ..taxes import queries as taxes_queries
from ..taxes import vat_numbers
from . import billing, price_changes, priced_cart, ways_to_pay
from . import lines as cart_lines
from .lines import HEAD_COLUMNS, Head, Line, cart
from .priced_cart import Priced
from .queries import (
    CartLineView,
    CartView,
    DiscountView,
    bought_minor,
    cart_view,
    discount_views,
    gift_views,
    is_on_top,
    money_or_free,
    reverse_charge_note,
    tax_lines,
)
from .ways_to_pay import PaymentChoice

MAX_NOTE = 500
LATER_FIELDS = frozenset({"shipping_method", "payment_provider", "note"})
"""Fields of the form that are of no contact and no address."""
_SAVE = (
    update(cart)
    .where(cart.c.key_hash == bindparam("key"), cart.c.completed_at.is_(None))
    .values(checkout=bindparam("form"), updated_at=bindparam("at"))
    .returning(*HEAD_COLUMNS)
)
_MOVE_TO = (
    update(cart)
    .where(cart.c.id == bindparam("cart"))
    .values(country=bindparam("to_country"), version=cart.c.version + 1)
    .returning(*HEAD_COLUMNS)
)


@dataclass(frozen=True, slots=True)
class CountryChoice:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class DeliveryChoice:
    code: str
    label: str
    note: str
    price: str
    """ "€4.90" or "Free"."""
    dates: str
    """ "Wed 25 to Fri 27 November"."""
    chosen: bool


@dataclass(frozen=True, slots=True)
class CheckoutForm:
    """What the shopper has typed; kept with the cart, for another try after a declined card."""

    email: str = ""
    given_name: str = ""
    family_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    locality: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    vat_number: str = ""
    """The buyer's EU VAT number; with a valid one they may owe the tax themselves (reverse charge)."""
    shipping_method: str = ""
    payment_provider: str = ""
    note: str = ""
    billing: str = ""
    """Where the bill goes: "" for the delivery address, `billing.OTHER` for the one below."""
    billing_given_name: str = ""
    billing_family_name: str = ""
    billing_company: str = ""
    billing_line1: str = ""
    billing_line2: str = ""
    billing_postal_code: str = ""
    billing_locality: str = ""
    billing_region: str = ""
    billing_country: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    field: str
    message: str
    """The same sentence below the field and in the summary on top."""


@dataclass(frozen=True, slots=True)
class CheckoutView:
    cart: CartView = CartView()
    form: CheckoutForm = CheckoutForm()
    fields: list[AddressField] = field(default_factory=list)
    billing_fields: list[AddressField] = field(default_factory=list)
    """Of the billing address, where it is another one; [] otherwise."""
    countries: list[CountryChoice] = field(default_factory=list)
    deliveries: list[DeliveryChoice] = field(default_factory=list)
    payments: list[PaymentChoice] = field(default_factory=list)
    subtotal: str = ""
    discounts: list[DiscountView] = field(default_factory=list)
    shipping: str = ""
    tax_lines: list[tuple[str, str]] = field(default_factory=list)
    """("19 % VAT included", "€12.88")."""
    total: str = ""
    total_minor: int = 0
    pay_label: str = ""
    """ "Pay €80.70", or "Place order, €80.70" where the money comes later."""
    problems: list[FieldProblem] = field(default_factory=list)
    asks_for_vat_number: bool = False
    gifts: list[CartLineView] = field(default_factory=list)
    """What comes with the order for nothing."""
    tax_on_top: bool = False
    """Whether the tax lines are addends of the total, rather than in the prices."""
    tax_note: str = ""
    """Why there is no tax, where the buyer owes it."""
    shown_parts: str = ""
    """What the total is made of, for the order's form to bring back: see `price_changes`."""
    credits: list[CreditView] = field(default_factory=list)
    """The gift cards and the credit that pay, and how much each."""
    credit_ids: list[int] = field(default_factory=list)
    """Which accounts those are."""
    credit_minor: int = 0
    """What they come to, for the order's form to bring back beside the total."""
    left: str = ""
    """What is left to pay after them; "" without any."""
    knows_who: bool = False
    """Whether nothing is missing of contact and addresses."""
    address: list[str] = field(default_factory=list)
    """The delivery address line by line, once `knows_who`."""
    billing_address: list[str] = field(default_factory=list)
    """The other billing address; [] without one."""
    is_covered: bool = False
    """Whether they pay for everything: then no other way to pay is needed."""


def view(session: Session, key_hash: str) -> CheckoutView:
    """The page, as the form was kept last.

    Errors  NotFound when the cart is empty.
    """
    head = cart_lines.head(session, key_hash)
    if head is None:
        raise empty_cart()
    return _page(session, head)


def save(session: Session, key_hash: str, form: CheckoutForm, *, blurred: str = "") -> CheckoutView:
    """Keep what is typed and answer with the page: deliveries and totals follow country and method.

    `problems` holds those of the field `blurred` alone, or none where it is "".
    """
    head = _keep(session, key_hash, form)
    wrong = [problem for problem in problems(session, form) if problem.field == blurred] if blurred else []
    return replace(_page(session, head), problems=wrong)


def keep(session: Session, key_hash: str, form: CheckoutForm) -> list[FieldProblem]:
    """Keep what is typed and answer with all that is missing or wrong."""
    _keep(session, key_hash, form)
    return problems(session, form)


def _keep(session: Session, key_hash: str, form: CheckoutForm) -> Head:
    connection = session.connection()
    kept = {name: text[: MAX_NOTE + 1] for name, text in asdict(form).items() if text}
    row = connection.execute(_SAVE, {"key": key_hash, "form": kept, "at": now()}).first()
    if row is None:
        raise empty_cart()
    head = Head(*row)
    if form.country != head.country and form.country in shipping_queries.methods(session):
        head = Head(*connection.execute(_MOVE_TO, {"cart": head.id, "to_country": form.country}).one())
        events.publish(session, events.CartChanged(head.id))
    return head


def problems(session: Session, form: CheckoutForm) -> list[FieldProblem]:
    """All that is missing or wrong before the order can be placed, in the order of the page."""
    methods_by_country = shipping_queries.methods(session)
    problems_of = [("email", addresses.email_problem(form.email))]
    served = form.country in methods_by_country
    problems_of.append(("country", "" if served else _("Choose a country that we deliver to")))
    problems_of += addresses.problems(asdict(form))
    if form.billing == billing.OTHER:
        problems_of += billing.problems(asdict(form), shop().locale)
    problems_of.append(("vat_number", vat_numbers.problem(form.vat_number, form.country)))
    methods = {method.code for method in methods_by_country.get(form.country, ())}
    if form.shipping_method and methods and form.shipping_method not in methods:
        problems_of.append(("shipping_method", _("Choose how it is delivered")))
    if form.payment_provider:
        offered = methods_by_country.get(form.country, ())
        collected = ways_to_pay.is_collected(offered, form.shipping_method)
        wrong = ways_to_pay.problem(form.payment_provider, collected=collected)
        problems_of.append(("payment_provider", wrong))
    if len(form.note) > MAX_NOTE:
        problems_of.append(("note", _("Keep the note below {count} characters").format(count=MAX_NOTE)))
    return [FieldProblem(name, message) for name, message in problems_of if message]


def normal(form: CheckoutForm) -> CheckoutForm:
    """The form as an order keeps it: without stray spaces, e-mail and postcode in their usual form.

    Who hasn't chosen how to pay pays by the first way.
    """
    clean = {field.name: prose(getattr(form, field.name)) for field in fields(form)}
    clean |= addresses.normal({name: clean[name] for name in (*billing.PARTS, "phone")})
    clean["email"] = normal_email(form.email)
    takes_vat_number = vat_numbers.is_asked_for(form.country)
    clean["vat_number"] = vat_numbers.normal(form.vat_number, form.country) if takes_vat_number else ""
    clean |= billing.normal(clean)
    clean["payment_provider"] = clean["payment_provider"] or registry.offered(collected=False)[0].name
    return CheckoutForm(**clean)


def price(
    session: Session,
    head: Head,
    lines: Iterable[Line],
    form: CheckoutForm,
    *,
    fresh: bool = False,
    with_gifts: bool = True,
) -> Priced:
    """What the lines that are for sale and not saved come to, delivered as the form says."""
    bought = [line for line in lines if line.for_sale and not line.saved]
    return priced_cart.price(
        session,
        head,
        bought,
        method_code=form.shipping_method,
        place=taxes_queries.place_of(head.country, form.region, form.postal_code),
        email=normal_email(form.email),
        vat_number=form.vat_number,
        fresh=fresh,
        with_gifts=with_gifts,
    )


def empty_cart() -> NotFound:
    return NotFound(_("Your cart is empty."))


def _page(session: Session, head: Head) -> CheckoutView:
    lines = cart_lines.lines(session, head.id)
    if all(line.saved for line in lines):
        raise empty_cart()
    locale, currency = shop().locale, head.currency
    form = _kept_form(head)
    priced = price(session, head, lines, form)
    totals, way = priced.totals, priced.totals.shipping
    collected = priced.method is not None and priced.method.is_pick_up
    ways = ways_to_pay.of_cart(
        session, head, totals.total_minor, collected=collected, chosen=form.payment_provider
    )
    chosen, paid_with = ways.chosen.provider, ways.chosen.paid_with
    form = replace(form, payment_provider=chosen.name, shipping_method=way.code if way else "")
    total = show(totals.total_minor, currency, locale)
    credit_minor = credit_payments.sum_of(paid_with)
    left = show(ways.chosen.left_minor, currency, locale)
    knows_who = not [one for one in problems(session, form) if one.field not in LATER_FIELDS]
    clean = asdict(normal(form)) if knows_who else {}
    return CheckoutView(
        cart=cart_view(head, lines, priced, ways),
        form=form,
        fields=_fields(head.country),
        billing_fields=list(billing.fields(form.billing_country, locale)) if form.billing else [],
        asks_for_vat_number=vat_numbers.is_asked_for(head.country),
        countries=_countries(tuple(shipping_queries.methods(session)), locale),
        deliveries=_deliveries(session, head, priced, locale),
        payments=ways_to_pay.choices(ways, collected=collected),
        gifts=gift_views(priced, currency, locale),
        subtotal=show(bought_minor(totals), currency, locale),
        discounts=discount_views(totals, currency, locale),
        shipping=money_or_free(way.price_minor, currency, locale) if way else "",
        tax_lines=tax_lines(totals, currency, locale),
        tax_on_top=is_on_top(totals),
        tax_note=reverse_charge_note() if totals.reverse_charge else "",
        shown_parts=price_changes.written(price_changes.parts_of(priced)),
        total=total,
        total_minor=totals.total_minor,
        pay_label=(_("Pay {amount}") if chosen.pays_now else _("Place order, {amount}")).format(amount=left)
        if credit_minor < totals.total_minor
        else _("Place order"),
        credits=credit_payments.shown(paid_with, currency),
        credit_ids=[part.account_id for part in paid_with],
        credit_minor=credit_minor,
        left=left if paid_with else "",
        knows_who=knows_who,
        address=addresses.lines(clean, locale) if clean else [],
        billing_address=addresses.lines(billing.address_of(clean), locale) if clean.get("billing") else [],
        is_covered=0 < credit_minor == totals.total_minor,
    )


def _fields(country: str) -> list[AddressField]:
    """Those of the address, and the VAT number below the company where it changes the tax."""
    fields = [
        field if field.name == "phone" else replace(field, autocomplete=f"shipping {field.autocomplete}")
        for field in addresses.fields(country)
    ]
    if vat_numbers.is_asked_for(country):
        at = [address_field.name for address_field in fields].index("company") + 1
        fields.insert(at, AddressField("vat_number", _("VAT number of the company"), "off", False, "text"))
    return fields


def _kept_form(head: Head) -> CheckoutForm:
    kept: Mapping[str, Any] = head.checkout
    form = CheckoutForm(**{field.name: str(kept.get(field.name, "")) for field in fields(CheckoutForm)})
    # Browsers send the host of an e-mail address in ASCII.
    email = normal_email(form.email) or form.email
    billing_country = form.billing_country or head.country
    return replace(form, email=email, country=head.country, billing_country=billing_country)


def _deliveries(session: Session, head: Head, priced: Priced, locale: str) -> list[DeliveryChoice]:
    quotes = shipping_queries.quotes(
        session, head.country, priced.totals.goods_minor, priced.weight_grams, clock.day_of(priced.at)
    )
    return [
        DeliveryChoice(
            code=quote.method.code,
            label=quote.method.label,
            note=quote.method.note,
            price=money_or_free(priced.shown_delivery_minor(quote.price_minor), head.currency, locale),
            dates=shipping_queries.arrival_text(
                quote.arrives_from, quote.arrives_until, locale, pick_up=quote.method.is_pick_up
            ),
            chosen=priced.method is not None and quote.method.code == priced.method.code,
        )
        for quote in quotes
    ]


@lru_cache(maxsize=64)
def _sorted_countries(codes: tuple[str, ...], locale: str, own: str) -> tuple[CountryChoice, ...]:
    named = [CountryChoice(code, country_name(code, locale)) for code in codes]
    return tuple(sorted(named, key=lambda choice: (choice.code != own, choice.name)))


def _countries(codes: tuple[str, ...], locale: str) -> list[CountryChoice]:
    """Where the shop delivers to, its own country first."""
    return list(_sorted_countries(codes, locale, shop().country))
