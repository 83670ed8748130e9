"""Captures authorised payments with the first shipment, or voids them."""

from __future__ import annotations

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import Conflict, NotFound
from ..core.i18n import _
from ..core.money import show
from ..core.shop import shop
from ..providers.payments.base import NeverTaken
from ..providers.payments.registry import bounds, provider
from ..services.payments import authorisations
from ..services.payments.authorisations import Authorised
from .call_provider import call_provider
from .sync_payment import sync_payment


async def capture(order_id: int) -> None:
    """Capture what was authorised for the order, less what was cancelled of it, before the first shipment.

    Nothing happens where nothing is authorised; a second call goes on with the same capture.

    Errors  Conflict where it can't be captured any more: the order is flagged for review then; and where
            less is owed than the provider takes; ProviderDown when the provider doesn't answer: send
            nothing before it does.
    """
    for authorised in await db.read(authorisations.of_order, order_id):
        _refuse_what_is_too_little(authorised)
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


async def capture_now(order_id: int, by: Principal) -> None:
    """Capture what was authorised before anything is sent, because staff say so.

    Errors  Forbidden; Conflict where nothing is authorised; what `capture` refuses.
    """
    await db.write(authorisations.ask, order_id, "capture", by=by, durable=True)
    await capture(order_id)


async def void_now(order_id: int, by: Principal) -> None:
    """Void what was authorised, because staff say so: the bank lets go of the money.

    Errors  Forbidden; Conflict where nothing is authorised; ProviderDown.
    """
    await db.write(authorisations.ask, order_id, "void", by=by, durable=True)
    await void(order_id)


def _refuse_what_is_too_little(authorised: Authorised) -> None:
    least_minor = bounds(authorised.payment.provider, authorised.currency).least_minor
    if not 0 < authorised.amount_minor < least_minor:
        return
    locale = shop().locale
    text = _(
        "{amount} can't be taken: a payment has to be at least {least}. Nothing was taken or sent. Cancel "
        "the order, or agree with the shopper on another way to pay."
    )
    raise Conflict(
        text.format(
            amount=show(authorised.amount_minor, authorised.currency, locale),
            least=show(least_minor, authorised.currency, locale),
        )
    )


async def void(order_id: int) -> None:
    """Void what was authorised for the order; nothing happens where nothing is.

    Errors  ProviderDown; `recover` voids what is left of an ended order.
    """
    for authorised in await db.read(authorisations.of_order, order_id):
        await call_provider(provider(authorised.payment.provider).void, authorised.intent_reference)
        await sync_payment(authorised.payment)
