"""The shop's own jobs: letters, holds, the payment inbox, unpaid orders, reconciliation, removal by age.

Every job may run twice, late, and in several processes at once: guards in the database make that harmless,
never the timetable that calls it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from functools import partial

from sqlmodel import Session

from .. import letters
from ..core import db
from ..core.clock import now
from ..core.errors import Invalid, NotFound, ProviderDown, ShopError
from ..core.i18n import _
from ..core.settings import settings
from ..providers.mail import AddressRefused, mailer
from ..providers.mail.file import remove_old
from ..services import cart_reminders, consents, outbox, retention, review_requests
from ..services.cart import holds as cart_holds
from ..services.catalog import collection_rules, product_actions
from ..services.orders import commands as order_commands
from ..services.outbox import LetterToSend
from ..services.storefront import order_page
from ..services.storefront.order_page import OrderView
from ..workflows import reconcile as reconcile_workflow
from ..workflows import recover

log = logging.getLogger(__name__)

Pause = Callable[[float], object]
"""Waits so many seconds; True means that the job has to return, and goes on with its next run."""
BATCH = 20
REST = 4
"""The pause after a batch of letters while more are due, as a multiple of the time that the batch took."""
HOLDS_BATCH = 10
"""So many carts' holds are released in one transaction; each may hold a hundred variants."""
HOLDS_PAUSE_SECONDS = 0.05
ASK_BATCH = 200
"""So many letters that aren't about an order are written in one transaction."""
FORGET_BATCH = 200
FORGET_BATCHES = 50
"""So many transactions of `FORGET_BATCH` rows an hour for each kind: 10,000 rows."""
RECENT = timedelta(minutes=30)
"""How far back the regular reconciliation looks; the command line's looks back two days."""


def open_scheduled() -> int:
    """Make scheduled products active whose moment has come; returns how many."""
    with db.transaction() as session:
        return product_actions.open_due(session)


def send_letters(pause: Pause = time.sleep) -> int:
    """Send all letters that are due; returns how many went out.

    `pause`s between batches, so that sending doesn't slow shoppers' requests.
    """
    sent = 0
    while True:
        began = time.monotonic()
        with db.transaction() as session:
            claimed = outbox.claim(session, BATCH)
        sent += sum(_send(letter) for letter in claimed)
        if len(claimed) < BATCH or pause(REST * (time.monotonic() - began)):
            return sent


def _send(letter: LetterToSend) -> bool:
    view = None
    try:
        with db.reading() as session:
            unwanted = _unwanted(session, letter)
            about_order = letter.kind not in letters.WITHOUT_ORDER
            view = order_page.view_of(session, letter.data["order_id"]) if about_order else None
        if unwanted:
            return _withhold(letter, unwanted)
        mailer().send(letters.compose(letter, view))
    except ShopError as refusal:
        _failed(letter, view, refusal.message, for_good=isinstance(refusal, Invalid | NotFound))
        if isinstance(refusal, AddressRefused):
            with db.transaction() as session:
                consents.note_refused(session, letter.to_email, refusal.message)
        return False
    except Exception as error:
        log.exception("Letter %s can't be made", letter.id)
        _failed(letter, view, f"{type(error).__name__} while it was made")
        return False
    with db.transaction() as session:
        outbox.mark_sent(session, letter.id)
        consents.note_reached(session, letter.to_email)
    return True


def _unwanted(session: Session, letter: LetterToSend) -> str:
    """Why nobody wants a letter that isn't about an order any more; "" for all that are to be sent."""
    if not consents.may_send(session, letter.kind, letter.to_email):
        return _("Whoever has this address doesn't want such letters, or it takes none.")
    if letter.kind == cart_reminders.KIND and not cart_reminders.is_due(session, letter.data["cart_id"]):
        return _("This cart isn't left behind any more.")
    if letter.kind == review_requests.KIND and not review_requests.is_due(session, letter.data["order_id"]):
        return _("Nothing of this order was kept, or it is reviewed already.")
    return ""


def _withhold(letter: LetterToSend, why: str) -> bool:
    with db.transaction() as session:
        outbox.withhold(session, letter.id, why)
    return False


def letter_as_sent(session: Session, letter_id: int) -> EmailMessage:
    """A letter of the outbox as it would be sent now.

    Errors  KeyError for a kind that isn't known; NotFound where what it is about is gone.
    """
    letter = outbox.letter_to_send(session, letter_id)
    about_order = letter.kind not in letters.WITHOUT_ORDER
    view = order_page.view_of(session, letter.data["order_id"]) if about_order else None
    return letters.compose(letter, view)


def _failed(letter: LetterToSend, order: OrderView | None, why: str, *, for_good: bool = False) -> None:
    """Note why it wasn't sent; of a letter that is given up, in the order's history and in the log too."""
    with db.transaction() as session:
        given_up = outbox.mark_failed(session, letter.id, why, for_good=for_good)
        if given_up and order:
            said = {"letter": letter.kind, "why": why}
            order_commands.record_event(session, letter.data["order_id"], "letter_given_up", **said)
    if given_up:
        log.warning("Letter %s (%s) was given up: %s", letter.id, letter.kind, why)


def remind_of_carts(pause: Pause = time.sleep) -> None:
    """Write the letters about carts that were left behind."""
    _through(cart_reminders.write, pause)


def ask_for_reviews(pause: Pause = time.sleep) -> None:
    """Write the letters that ask for reviews of what has arrived."""
    _through(review_requests.write, pause)


def _through(write: Callable[[Session, int, int], int | None], pause: Pause) -> None:
    """Call it in batches, each from where the last one ended, until it has come to the end."""
    last_id: int | None = 0
    while last_id is not None:
        began = time.monotonic()
        with db.transaction() as session:
            last_id = write(session, last_id, ASK_BATCH)
        if pause(time.monotonic() - began):
            return


def refresh_collections() -> int:
    """Write anew which products belong to collections by rule; returns how many collections changed.

    Changes of products are followed at once; this finds what the clock alone has changed.
    """
    with db.transaction() as session:
        return collection_rules.refresh_all(session)


def free_holds(pause: Pause = time.sleep) -> int:
    """Release holds that ran out, a few carts at a time; returns how many carts."""
    freed = 0
    while True:
        with db.reading() as session:
            if not cart_holds.any_run_out(session):
                return freed
        with db.transaction() as session:
            count = cart_holds.sweep(session, HOLDS_BATCH)
        freed += count
        if not count or pause(HOLDS_PAUSE_SECONDS):
            return freed


def close_outdated() -> int:
    """End unpaid orders whose cart has changed; returns how many."""
    return asyncio.run(recover.end_outdated_orders())


def sweep() -> int:
    """Apply what waits in the inbox, expire unpaid orders, retry refunds; returns how many."""
    return asyncio.run(recover.sweep())


def reconcile(recent: timedelta = timedelta(hours=48), say: Callable[[str], None] | None = None) -> list[str]:
    """Compare open and recent payments with their providers; returns a sentence for each difference.

    say  is called with each of these sentences at once

    Errors  ProviderDown where the provider doesn't answer.
    """
    return asyncio.run(reconcile_workflow.reconcile(recent, say))


def reconcile_recent() -> None:
    try:
        reconcile(RECENT, lambda sentence: log.warning("Reconciled: %s", sentence))
    except ProviderDown as down:
        log.warning("Payments couldn't be compared: %s", down.reason)
    except ShopError as refusal:
        log.warning("Payments couldn't be compared: %s", refusal.message)


def forget(pause: Pause = time.sleep) -> dict[str, int]:
    """Remove what has reached its age; returns how many by kind, without the kinds that had none.

    In a bounded number of batches, with a pause after each as long as it took; the rest waits for the next
    run. A kind that can't be removed just now doesn't keep the others from being removed.
    """
    commands = {kind: partial(_forget_some, command) for kind, command in retention.COMMANDS.items()}
    commands["letter files"] = partial(remove_old, settings().data_dir / "letters", _messages_since())
    removed_counts: dict[str, int] = {}
    for kind, some in commands.items():
        try:
            removed_counts[kind] = _in_batches(some, pause)
        except (ShopError, OSError):
            log.exception("What is old among %s couldn't be removed; it is tried again in an hour", kind)
    removed = {kind: count for kind, count in removed_counts.items() if count}
    if removed:
        log.info("Removed by age: %s", ", ".join(f"{count} {kind}" for kind, count in removed.items()))
    return removed


def _messages_since() -> float:
    return (now() - timedelta(days=settings().message_days)).timestamp()


def _forget_some(command: Callable[[Session, int], int], most: int) -> int:
    with db.transaction() as session:
        return command(session, most)


def _in_batches(some: Callable[[int], int], pause: Pause) -> int:
    total = 0
    for _batch in range(FORGET_BATCHES):
        began = time.monotonic()
        count = some(FORGET_BATCH)
        total += count
        if count < FORGET_BATCH or pause(time.monotonic() - began):
            break
    return total
