"""Captures authorised payments with the first shipment, or voids them."""

from __future__ import annotations

from ..core import db
from ..core.errors import Conflict, NotFound
from ..core.i18n import _
from ..providers.payments.base import NeverTaken
from ..providers.payments.registry import provider
from ..services.payments import authorisations
from .call_provider import call_provider
from .sync_payment import sync_payment


async def capture(order_id: int) -> None:
    """Capture what was authorised for the order, less what was cancelled of it, before the first shipment.

    Nothing happens where nothing is authorised; a second call goes on with the same capture.

    Errors  Conflict where it can't be captured any more: the order is flagged for review then;
            ProviderDown when the provider doesn't answer: send nothing before it does.
    """
    for authorised in await db.read(authorisations.of_order, order_id):
        payment_provider = provider(authorised.payment.provider)
        refused = False
        try:
            if authorised.amount_minor:
                await call_provider(
                    payment_provider.capture,
                    authorised.intent_reference,
                    authorised.amount_minor,
                    authorised.key,
                )
            else:
                await call_provider(payment_provider.void, authorised.intent_reference)
        except (NeverTaken, NotFound):
            refused = True
        await sync_payment(authorised.payment)
        if refused and await db.read(authorisations.is_uncaptured, authorised.payment.payment_id):
            raise Conflict(_("The payment can't be captured any more. Ask the shopper to pay again."))


async def void(order_id: int) -> None:
    """Void what was authorised for the order; nothing happens where nothing is.

    Errors  ProviderDown; `recover` voids what is left of an ended order.
    """
    for authorised in await db.read(authorisations.of_order, order_id):
        await call_provider(provider(authorised.payment.provider).void, authorised.intent_reference)
        await sync_payment(authorised.payment)
