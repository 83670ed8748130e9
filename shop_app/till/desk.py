"""What staff do with an order where money may move by it: refund, send, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import Conflict, NotFound, ProviderDown, ShopError
from ..core.i18n import _
from ..providers.payments import NeverTaken, provider
from ..services.orders import cancelling, fulfilment
from ..services.payments import authorisations, payments
from ..services.refunds import refunds
from ..services.refunds.refunds import RefundRequest, RefundWish
from .captures import capture
from .outside import ask
from .settling import settle


async def refund(order_id: int, wish: RefundWish, request_key: str, by: Principal) -> None:
    """Give money of an order back, by its payments. Asking again with the same key is the same refund.

    Errors  What `refunds.request` refuses; ProviderDown when the company doesn't answer: the refund is
            written down then, and is asked for again.
    """
    await _ask_for_all(await db.in_durable_transaction(refunds.request, order_id, wish, request_key, by))


async def fulfil(
    order_id: int,
    units: Mapping[int, int],
    *,
    carrier: str,
    tracking: str,
    by: Principal,
    request_key: str = "",
    despite_attention: bool = False,
    unpaid_too: bool = False,
) -> int:
    """Send a parcel, and take the money first where it is only authorised; the parcel's id.

    Errors  What `fulfilment.ship` and `capture` refuse: nothing is sent then.
    """
    by.need(fulfilment.PERMISSION)
    bold = {"despite_attention": despite_attention, "unpaid_too": unpaid_too, "request_key": request_key}
    if await db.in_reading(fulfilment.check, order_id, units, **bold):
        await capture(order_id)
    parcel = await db.in_durable_transaction(
        fulfilment.ship, order_id, units, carrier=carrier, tracking=tracking, by=by, **bold
    )
    return parcel.id


async def cancel(
    order_id: int, *, restock: bool, refund: bool, reason: str, by: Principal, request_key: str
) -> None:
    """End all of an order that hasn't left; the same key is the same cancelling.

    Its open payments are ended at the company first, so that nobody pays what won't come. One that was
    paid at that very moment is refunded, or refused where `refund` is False.

    Errors  What `cancelling.cancel` refuses; ProviderDown when the company doesn't answer: before
            anything was changed, or with the refund written down, to be asked for again.
    """
    by.need(cancelling.PERMISSION)
    was_unpaid = await db.in_reading(cancelling.check, order_id, request_key)
    await _end_payments(order_id)
    wanted = await db.in_durable_transaction(
        cancelling.cancel, order_id, restock=restock, refund=refund, reason=reason, by=by,
        request_key=request_key, was_unpaid=was_unpaid,
    )  # fmt: skip
    await _ask_for_all(wanted)


async def _end_payments(order_id: int) -> None:
    """Let go at the companies what is authorised, and close what is open; paid ones stay paid."""
    for held in await db.in_reading(authorisations.of_order, order_id):
        # Captured in this very moment? What is true is looked up next.
        with suppress(NeverTaken, NotFound):
            await ask(provider(held.payment.provider).void, held.intent_reference)
        await settle(held.payment)
    for payment in await db.in_reading(payments.of_order, order_id):
        if payment.reference:
            await ask(provider(payment.provider).expire, payment.reference)
            await settle(payment)


async def _ask_for_all(wanted: Iterable[RefundRequest]) -> None:
    problem: ShopError | None = None
    for one in wanted:
        if one.waiting:
            try:
                await ask_for_refund(one)
            except ProviderDown:
                text = _("The payment company doesn't answer. The refund is kept, and goes on by itself.")
                problem = problem or ProviderDown(text)
            except ShopError as refusal:
                problem = refusal
    if problem:
        raise problem


async def ask_again(wanted: RefundRequest) -> None:
    """Go on with a refund that has no answer: the company may have it, and forgets keys after a day."""
    payment = await db.in_reading(payments.with_id, wanted.payment_id)
    if payment.reference and payment.provider != "manual":
        await settle(payment)
    if await db.in_reading(refunds.is_waiting, wanted.refund_id):
        await ask_for_refund(wanted)


async def ask_for_refund(wanted: RefundRequest) -> None:
    company = provider(wanted.provider)
    try:
        picture = await ask(
            company.refund, wanted.intent_reference, wanted.amount_minor, wanted.key, wanted.reason
        )
    except (NeverTaken, NotFound):
        await db.in_durable_transaction(refunds.refused, wanted.refund_id)
        raise Conflict(_("The payment company didn't take the refund. No money was moved.")) from None
    await db.in_durable_transaction(refunds.answered, wanted.refund_id, picture)
