"""Who buys, where that is known only from the payment: an express order's e-mail and addresses."""

from __future__ import annotations

from sqlmodel import Session

from ...core.email_addresses import normal_email
from ...core.typed_text import prose
from ...models import Order
from ...providers.payments.base import Shopper
from ..customers import addresses
from . import claims, finding


def fill_in(session: Session, order_id: int, shopper: Shopper) -> str:
    """Write who paid on an order that was placed without; why a person has to look at it, or "".

    An order that knows its shopper stays as it is. The order has to be locked.
    """
    order = session.get_one(Order, order_id)
    # What retention has emptied has no country there.
    if order.email or order.ship_to.get("line1") or not order.ship_to.get("country"):
        return ""
    typed = {
        **addresses.parts_of_name(shopper.name, shopper.country),
        "company": "",
        "line1": shopper.line1,
        "line2": shopper.line2,
        "postal_code": shopper.postal_code,
        "locality": shopper.locality,
        "region": "",
        "country": shopper.country,
    }
    order.email = normal_email(shopper.email)
    # A wallet tells the region also where the shop asks for none.
    order.ship_to = order.bill_to = addresses.normal(typed) | {"region": prose(shopper.region)[:100]}
    session.flush()
    finding.write_words(session, order_id, order.email, order.ship_to)
    claims.claim_one(session, order_id)
    if shopper.country != order.country:
        return f"The address is in {shopper.country}, and the order was priced for {order.country}."
    return "" if order.email else "The payment names no e-mail address that can be written to."
