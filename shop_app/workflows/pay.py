"""Places the cart and opens its payment; ends orders that weren't paid."""

from __future__ import annotations

from ..core import db
from ..core.errors import Conflict, NotFound, ProviderDown
from ..core.i18n import _
from ..providers.payments.base import AmountRefused, NeverTaken
from ..providers.payments.registry import provider
from ..services.cart.checkout import CheckoutForm
from ..services.orders import placing
from ..services.orders.placing import PlacedOrder
from ..services.payments import commands as payment_commands
from .ask_mailer import refuse_undeliverable
from .call_provider import call_provider
from .quote_taxes import ask_for_taxes
from .sync_payment import sync_payment

MAX_TRIES = 3
NOT_STARTED = (ProviderDown.code, AmountRefused.code)
"""The codes of refusals with which an order has ended at once, and the cart holds nothing any more."""


async def pay(
    key_hash: str,
    form: CheckoutForm,
    expected_total_minor: int,
    *,
    expected_credit_minor: int = 0,
    shown_parts: str = "",
    address_hash: str = "",
    express: bool = False,
) -> str:
    """Place the visitor's cart; returns the address to send the browser to.

    That is the payment provider's page, or the order's own where nothing has to be paid there now.
    `shown_parts` are what the page said the total is made of: they explain a rise. `address_hash` is the
    keyed hash of the client's IP address. `express` is for a form with nothing but its country.

    Errors  What `placing.place` refuses; Invalid for an email address that letters won't reach;
            AmountRefused; ProviderDown when the provider doesn't answer, or refuses. Then the order ends at
            once, with its units and credit free again; the cart is kept, and another click places another.
    """
    await refuse_undeliverable(form.email)
    await ask_for_taxes(form)
    for _try in range(MAX_TRIES):
        try:
            placed = await db.write(
                placing.place,
                key_hash,
                form,
                expected_total_minor=expected_total_minor,
                expected_credit_minor=expected_credit_minor,
                shown_parts=shown_parts,
                address_hash=address_hash,
                express=express,
                durable=True,
            )
        except placing.Superseded as superseded:
            if not await end_unpaid_order(superseded.order_id, "superseded"):
                raise Conflict(
                    _("Your last payment is still being worked on. Try again in a moment.")
                ) from None
            continue
        if not placed.awaits_payment:
            return page_of(placed.token)
        return await _open(placed)
    raise Conflict(_("Your cart changed several times. Look at it again, then pay."))


def page_of(token: str) -> str:
    """The order's own page."""
    return f"/orders/{token}"


async def _open(placed: PlacedOrder) -> str:
    attempt = await db.write(payment_commands.start_attempt, placed.order_id, durable=True)
    if attempt.redirect_url:
        return attempt.redirect_url
    payment_provider = provider(attempt.provider)
    try:
        started = await call_provider(payment_provider.start, attempt.request)
    except Exception as failure:
        # Where the reply alone was lost, the payment is open at the provider, and nobody has its address.
        await db.write(payment_commands.not_started, attempt.payment_id, durable=True)
        if isinstance(failure, AmountRefused) or not isinstance(failure, (NeverTaken, NotFound)):
            raise
        raise ProviderDown(
            _("The payment couldn't be started. Nothing was charged, and your cart is kept.")
        ) from None
    if not await db.write(payment_commands.opened, attempt.payment_id, started, durable=True):
        # The order was ended meanwhile: nobody may pay it.
        await call_provider(payment_provider.expire, started.reference)
        raise Conflict(_("This order was ended in the meantime. Look at your cart, then pay."))
    return started.redirect_url or page_of(placed.token)


async def end_unpaid_order(order_id: int, why: str) -> bool:
    """End an unpaid order: its payments at the provider first, then the order itself.

    True once it isn't pending any more, also where it turned out to be paid.

    Errors  ProviderDown when the provider doesn't answer: the order stays as it is.
    """
    for payment in await db.read(payment_commands.of_order, order_id):
        if payment.reference:
            await call_provider(provider(payment.provider).expire, payment.reference)
            await sync_payment(payment)
    return await db.write(payment_commands.end_unpaid, order_id, why, durable=True)


async def cancel_payment(token: str) -> None:
    """End the order of a shopper who came back without paying; one that was paid after all stays paid.

    Errors  NotFound; ProviderDown: the order expires later then.
    """
    order_id = await db.read(payment_commands.order_with, token)
    await end_unpaid_order(order_id, "cancelled")
