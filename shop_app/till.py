"""The till: places an order, opens its payment and settles it; here alone database and payment company meet.

Every step is written down before the next one begins, and no step outside happens inside a transaction.
A process may die between any two lines: `sweep` and `reconcile` find what is half done and go on with it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from . import db
from .errors import Conflict, NotFound, ProviderDown, ShopError
from .providers.payments import NeverTaken, PaymentPicture, provider
from .services import orders, payment_inbox, payment_ledger, payments, refunds
from .services.checkout import CheckoutForm
from .services.orders import PlacedOrder
from .services.payment_ledger import Known
from .services.refunds import RefundRequest
from .words import _

log = logging.getLogger(__name__)

MOST_TRIES = 3
AT_ONCE = 8


async def pay(key_hash: str, form: CheckoutForm, expected_total_minor: int) -> str:
    """Place the visitor's cart and answer with the address to send the browser to.

    That is the payment company's page, or the order's own where nothing has to be paid there now.

    Errors  What `orders.place` refuses; ProviderDown when the company doesn't answer. The cart is kept,
            and the same click later goes on with the same order.
    """
    for _try in range(MOST_TRIES):
        try:
            placed = await db.in_durable_transaction(
                orders.place, key_hash, form, expected_total_minor=expected_total_minor
            )
        except orders.Superseded as old:
            if not await close(old.order_id, "superseded"):
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
    attempt = await db.in_durable_transaction(payments.start_attempt, placed.order_id)
    if attempt.redirect_url:
        return attempt.redirect_url
    company = provider(attempt.provider)
    try:
        started = await asyncio.to_thread(company.start, attempt.request)
    except NeverTaken:
        await db.in_durable_transaction(payments.never_taken, attempt.payment_id)
        raise ProviderDown(
            _("The payment couldn't be started. Nothing was charged, and your cart is kept.")
        ) from None
    if not await db.in_durable_transaction(payments.opened, attempt.payment_id, started):
        # The order was ended while the company answered: nobody may pay this.
        await asyncio.to_thread(company.expire, started.reference)
        raise Conflict(_("This order was ended in the meantime. Look at your cart, then pay."))
    return started.redirect_url or page_of(placed.token)


async def close(order_id: int, why: str) -> bool:
    """End an unpaid order: its payments at the company first, then the order itself.

    True once it isn't waiting any more, also where it turned out to be paid.

    Errors  ProviderDown when the company doesn't answer: the order stays as it is.
    """
    for payment in await db.in_reading(payments.of_order, order_id):
        if payment.reference:
            await asyncio.to_thread(provider(payment.provider).expire, payment.reference)
            await settle(payment)
    return await db.in_durable_transaction(payments.give_up, order_id, why)


async def give_up(token: str) -> None:
    """The shopper came back without paying. An order that was paid after all stays paid.

    Errors  NotFound; ProviderDown, and the order then ends when its time is over.
    """
    order_id = await db.in_reading(payments.order_with, token)
    await close(order_id, "cancelled")


# --- Settling -----------------------------------------------------------------------------------


async def settle(payment: Known, inbox_id: int | None = None) -> str:
    """Look at the company's truth and make the books agree with it; once, twice or late is the same."""
    picture = await _look(payment)
    return await db.in_durable_transaction(payment_ledger.apply, payment.payment_id, picture, inbox_id)


async def settle_from_provider(name: str, reference: str) -> str:
    """The same, for a reference of the company's.

    Errors  NotFound for a payment that the shop doesn't have; ProviderDown.
    """
    return await settle(await db.in_reading(payments.with_reference, name, reference))


async def _look(payment: Known) -> PaymentPicture:
    return await asyncio.to_thread(provider(payment.provider).look, payment.reference)


async def apply_notice(inbox_id: int) -> str:
    """Do what an entry of the inbox gives reason to; the answer is its outcome.

    Errors  ProviderDown, and the entry waits for its next turn.
    """
    entry = await db.in_reading(payment_inbox.inbox_entry, inbox_id)
    if entry.applied:
        return "already known"
    notice = provider(entry.provider).notice_of(entry.payload)
    payment_id = await db.in_reading(payment_inbox.find, notice)
    if payment_id is None:
        return await _let_be(inbox_id, "ignored", "No payment of this shop.")
    payment = await db.in_reading(payments.with_id, payment_id)
    if not payment.reference:
        if not notice.reference:
            return await _let_be(inbox_id, "ignored", "The payment has no session yet.")
        # The company was quicker than our own note of where the payment is open.
        payment = Known(payment_id, payment.order_id, payment.provider, notice.reference, payment.state)
    try:
        return await settle(payment, inbox_id)
    except NotFound:
        return await _let_be(inbox_id, "refused", "The company doesn't know this payment.")


async def _let_be(inbox_id: int, outcome: str, problem: str) -> str:
    await db.in_durable_transaction(payment_inbox.close_entry, inbox_id, outcome, problem)
    return outcome


# --- Refunds ------------------------------------------------------------------------------------


async def refund(
    payment_id: int, amount_minor: int, request_key: str, *, reason: str = "", note: str = "", actor: str
) -> None:
    """Give money back. Asking again with the same key is the same refund.

    Errors  Conflict for more than what is left; ProviderDown when the company doesn't answer: the
            refund is written down then, and is asked for again.
    """
    wanted = await db.in_durable_transaction(
        refunds.request, payment_id, amount_minor, request_key, reason=reason, note=note, actor=actor
    )
    if wanted.waiting:
        await _ask_for_refund(wanted)


async def _ask_for_refund(wanted: RefundRequest) -> None:
    company = provider(wanted.provider)
    try:
        picture = await asyncio.to_thread(
            company.refund, wanted.intent_reference, wanted.amount_minor, wanted.key, wanted.reason
        )
    except (NeverTaken, NotFound):
        await db.in_durable_transaction(refunds.refused, wanted.refund_id)
        raise Conflict(_("The payment company didn't take the refund. No money was moved.")) from None
    await db.in_durable_transaction(refunds.answered, wanted.refund_id, picture)


# --- What heals ---------------------------------------------------------------------------------


async def sweep() -> int:
    """Apply what waits in the inbox, end unpaid orders whose time is over, ask again for refunds.

    Safe to run at any time, twice, and in several processes. Returns how many things it did.
    """
    done = 0
    for inbox_id in await db.in_reading(payment_inbox.unapplied):
        done += await _try(f"event {inbox_id} of the inbox", apply_notice(inbox_id))
    for order_id in await db.in_reading(payments.overdue):
        done += await _try(f"the end of order {order_id}", close(order_id, "expired"))
    for wanted in await db.in_reading(refunds.unsent):
        done += await _try(f"refund {wanted.refund_id}", _ask_for_refund(wanted))
    return done


async def _try(what: str, work) -> bool:
    try:
        await work
        return True
    except ProviderDown:
        log.warning("%s has to wait: the payment company doesn't answer", what.capitalize())
    except ShopError as refusal:
        log.warning("%s has to wait: %s", what.capitalize(), refusal.message)
    except Exception:
        # One that is broken must not keep the others waiting.
        log.exception("%s failed", what.capitalize())
    return False


async def reconcile(recent: timedelta = timedelta(hours=48)) -> list[str]:
    """Hold open and recent payments against the company's books; says in sentences what was missed."""
    await sweep()
    found = await db.in_reading(payments.to_compare, recent=recent)
    gate, sentences = asyncio.Semaphore(AT_ONCE), []

    async def compare(payment: Known) -> None:
        async with gate:
            try:
                outcome = await settle(payment)
            except ShopError as refusal:
                sentences.append(f"Payment {payment.reference}: {refusal.message}")
                return
        if outcome != "already known":
            sentences.append(f"Payment {payment.reference} of order id {payment.order_id}: {outcome}.")

    await asyncio.gather(*map(compare, found))
    return sorted(sentences)
