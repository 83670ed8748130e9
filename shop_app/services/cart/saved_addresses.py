"""Addresses of the account at checkout: its defaults fill the first visit, and any of them can be chosen."""

from __future__ import annotations

from dataclasses import fields, replace

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.shop import shop
from ..customers import address_book, addresses
from ..customers.address_book import AddressForm
from ..shipping import queries as shipping_queries
from . import billing, checkout
from . import lines as cart_lines
from .checkout import CheckoutForm, CheckoutView


def prefill(session: Session, key_hash: str, by: Principal) -> None:
    """Fill in what the account knows, where nothing was typed yet and there is something to check out.

    Errors  Forbidden for everybody but customers.
    """
    head = cart_lines.head(session, key_hash)
    if head is None or any(head.checkout.get(name) for name in ("email", *address_book.PARTS[:-2])):
        return
    delivery, bills = address_book.defaults(session, by)
    form = CheckoutForm(email=by.email, country=head.country)
    if delivery and delivery.country in shipping_queries.methods(session):
        form = _with_delivery(form, delivery)
        if bills and replace(bills, phone="") != replace(delivery, phone=""):
            form = replace(form, billing=billing.OTHER, **_billing_of(bills))
    if not all(line.saved for line in cart_lines.lines(session, head.id)):
        checkout.keep(session, key_hash, form)


def choose(session: Session, key_hash: str, by: Principal, address_id: int) -> CheckoutView:
    """Have it sent to that address; whatever else was typed stays.

    Errors  Forbidden; NotFound for another's address or an empty cart; Invalid where nothing is delivered to.
    """
    chosen = address_book.one(session, by, address_id).form
    if chosen.country not in shipping_queries.methods(session):
        country = addresses.country_name(chosen.country, shop().locale)
        raise Invalid(_("We don't deliver to {country}").format(country=country), field="country")
    before = checkout.view(session, key_hash).form
    return checkout.save(session, key_hash, _with_delivery(before, chosen))


def keep(session: Session, by: Principal, form: CheckoutForm, address_id: int = 0) -> int:
    """Keep the form's delivery address in the account: in the place of that one, or as a new one; its id.

    Errors  as `address_book.save`.
    """
    typed = AddressForm(**{part.name: getattr(form, part.name) for part in fields(AddressForm)})
    return address_book.save(session, by, typed, address_id)


def _with_delivery(form: CheckoutForm, address: AddressForm) -> CheckoutForm:
    return replace(form, **{name: getattr(address, name) for name in address_book.PARTS})


def _billing_of(address: AddressForm) -> dict[str, str]:
    return {f"billing_{name}": getattr(address, name) for name in billing.PARTS}
