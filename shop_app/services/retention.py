"""Retention: personal data is deleted at its age; money, stock and their ledgers stay.

Each command takes a session and the most rows it may change, and returns how many it changed: fewer than
the most means that nothing is left. The ages are settings, and the privacy page names them. Which columns are
personal says the registry (`personal/tables.py`), which names the commands by which each table is kept short.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select, update
from sqlmodel import Session

from ..core.clock import now, start_of, today
from ..core.settings import settings
from ..models import (
    AuditEntry,
    Cart,
    Consent,
    DataExport,
    EmailChange,
    KnownBrowser,
    Letter,
    LoginSession,
    Order,
    OrderEvent,
    OrderStatus,
    OrderWord,
    PromotionUse,
    ProviderEvent,
    ReturnRequest,
    SignInCode,
    SpentChallenge,
    StockAlert,
    StockHold,
    UnreachableAddress,
    WishList,
    table_of,
)
from .bulk_jobs import jobs as bulk_jobs
from .personal import under_way
from .personal.tables import REGISTRY
from .staff import audit

_audit = table_of(AuditEntry)
_cart = table_of(Cart)
_order = table_of(Order)
_order_event = table_of(OrderEvent)
_order_word = table_of(OrderWord)
_hold = table_of(StockHold)
_login = table_of(LoginSession)
_spent = table_of(SpentChallenge)
_code = table_of(SignInCode)
_browser = table_of(KnownBrowser)
_change = table_of(EmailChange)
EMAIL_CHANGE_DAYS = 4
"""The old address can take one back for three of them."""
_letter = table_of(Letter)
_inbox = table_of(ProviderEvent)
_export = table_of(DataExport)
_alert = table_of(StockAlert)
_wish_list = table_of(WishList)
_consent = table_of(Consent)
_later = _consent.alias("later")
_unreachable = table_of(UnreachableAddress)

_RENEW = (
    update(_order)
    .where(_order.c.id == bindparam("order"))
    .values(token=bindparam("fresh"), link_since=bindparam("at"))
)


def carts(session: Session, most: int) -> int:
    """Carts, ordered or not, that nobody has changed for `cart_days`; an order loses its cart, not itself."""
    connection = session.connection()
    held = exists().where(_hold.c.cart_id == _cart.c.id)
    waiting = exists().where(_order.c.cart_id == _cart.c.id, _order.c.status == OrderStatus.PENDING.value)
    old = and_(_cart.c.updated_at < _days_ago(settings().cart_days), ~held, ~waiting)
    ids = _ids(session, _cart.c.id, old, most)
    if ids:
        connection.execute(update(_order).where(_order.c.cart_id.in_(ids)).values(cart_id=None))
        connection.execute(delete(_cart).where(_cart.c.id.in_(ids)))
    return len(ids)


def wish_lists(session: Session, most: int) -> int:
    """Guests' lists that nobody has changed for `cart_days`; a customer's go with the account."""
    aged = _wish_list.c.updated_at < _days_ago(settings().cart_days)
    ids = _ids(session, _wish_list.c.id, and_(_wish_list.c.customer_id.is_(None), aged), most)
    if ids:
        session.connection().execute(delete(_wish_list).where(_wish_list.c.id.in_(ids)))
    return len(ids)


def sessions(session: Session, most: int) -> int:
    """Sessions of customers and staff that are over."""
    ids = _ids(session, _login.c.id, _login.c.expires_at <= now(), most)
    if ids:
        session.connection().execute(delete(_login).where(_login.c.id.in_(ids)))
    return len(ids)


def challenges(session: Session, most: int) -> int:
    """Passkeys' challenges that were answered, once nobody could answer them anyway."""
    old = _spent.c.expires_at <= now()
    digests = _ids(session, _spent.c.digest, old, most)
    if digests:
        session.connection().execute(delete(_spent).where(_spent.c.digest.in_(digests)))
    return len(digests)


def sign_in_codes(session: Session, most: int) -> int:
    """Codes that would have signed a customer in, once they are over."""
    ids = _ids(session, _code.c.id, _code.c.expires_at <= now(), most)
    if ids:
        session.connection().execute(delete(_code).where(_code.c.id.in_(ids)))
    return len(ids)


def email_changes(session: Session, most: int) -> int:
    """Changes of an account's address that can neither be confirmed nor taken back any more."""
    old = _change.c.created_at < _days_ago(EMAIL_CHANGE_DAYS)
    ids = _ids(session, _change.c.id, old, most)
    if ids:
        session.connection().execute(delete(_change).where(_change.c.id.in_(ids)))
    return len(ids)


def known_browsers(session: Session, most: int) -> int:
    """Browsers in which nobody has signed in for as long as a visitor's cookie is kept."""
    old = _browser.c.last_at < _days_ago(settings().visitor_days)
    ids = _ids(session, _browser.c.id, old, most)
    if ids:
        session.connection().execute(delete(_browser).where(_browser.c.id.in_(ids)))
    return len(ids)


def letters(session: Session, most: int) -> int:
    """Recipients and contents of letters, after `message_days`; the rows stay, so that none is sent twice."""
    old = and_(_letter.c.to_email != "", _letter.c.created_at < _days_ago(settings().message_days))
    ids = _ids(session, _letter.c.id, old, most)
    if ids:
        emptied = update(_letter).where(_letter.c.id.in_(ids)).values(REGISTRY.of(Letter).emptied())
        session.connection().execute(emptied)
    return len(ids)


def inbox(session: Session, most: int) -> int:
    """Bodies of webhook events, after `message_days`; their ids stay, so that none is applied twice."""
    old = and_(_inbox.c.payload != "", _inbox.c.received_at < _days_ago(settings().message_days))
    ids = _ids(session, _inbox.c.id, old, most)
    if ids:
        session.connection().execute(update(_inbox).where(_inbox.c.id.in_(ids)).values(payload=""))
    return len(ids)


def order_links(session: Session, most: int) -> int:
    """Tokens of order links, after `order_link_days`: the order gets a new one, which is found by
    lookup with number and e-mail."""
    since = func.coalesce(_order.c.link_since, _order.c.placed_at)
    old = and_(since < _days_ago(settings().order_link_days), _order.c.status != OrderStatus.PENDING.value)
    ids = _ids(session, _order.c.id, old, most)
    if ids:
        at = now()
        fresh = [{"order": id, "fresh": secrets.token_urlsafe(24), "at": at} for id in ids]
        session.connection().execute(_RENEW, fresh)
    return len(ids)


def people(session: Session, most: int) -> int:
    """Who ordered: after `unpaid_order_days` where nothing was ever paid, after `order_years` otherwise."""
    chosen = settings()
    unpaid = and_(under_way.NEVER_PAID, _order.c.placed_at < _days_ago(chosen.unpaid_order_days))
    aged = and_(
        _order.c.status != OrderStatus.PENDING.value,
        _order.c.placed_at < _years_ago(chosen.order_years),
    )
    has_person = or_(_order.c.email != "", _order.c.erased_at.is_not(None))
    ids = _ids(session, _order.c.id, and_(has_person, or_(unpaid, aged)), most)
    if ids:
        connection = session.connection()
        connection.execute(update(_order).where(_order.c.id.in_(ids)).values(REGISTRY.of(Order).emptied()))
        for model in (ReturnRequest, PromotionUse):
            declared = REGISTRY.of(model)
            theirs = declared.table.c.order_id.in_(ids)
            connection.execute(update(declared.table).where(theirs).values(declared.emptied()))
        connection.execute(delete(_order_word).where(_order_word.c.order_id.in_(ids)))
        notes = and_(_order_event.c.order_id.in_(ids), _order_event.c.kind == "note")
        connection.execute(update(_order_event).where(notes).values(data={}))
        _empty_audit(session, ids)
    return len(ids)


def _empty_audit(session: Session, order_ids: Sequence[int]) -> None:
    """What the audit says that was written on these orders; who did what and when stays."""
    numbers = session.connection().execute(select(_order.c.number).where(_order.c.id.in_(order_ids)))
    about = _audit.c.object_key.in_([str(number) for number in numbers.scalars()])
    with audit.erasing(session, "orders by their age"):
        emptied = update(_audit).where(_audit.c.object_kind == "order", about).values(before={}, after={})
        session.connection().execute(emptied)


def stock_alerts(session: Session, most: int) -> int:
    """Requests to be told of stock that hasn't come back, after `stock_alert_days`."""
    old = _alert.c.created_at < _days_ago(settings().stock_alert_days)
    ids = _ids(session, _alert.c.id, old, most)
    if ids:
        session.connection().execute(delete(_alert).where(_alert.c.id.in_(ids)))
    return len(ids)


def data_exports(session: Session, most: int) -> int:
    """Files of people's data, at the end of the day for which they can be fetched."""
    ids = _ids(session, _export.c.id, _export.c.expires_at <= now(), most)
    if ids:
        session.connection().execute(delete(_export).where(_export.c.id.in_(ids)))
    return len(ids)


def consents(session: Session, most: int) -> int:
    """What an address agreed to or took back, after `order_years`, once something newer counts.

    The newest stays: it says whether the address may be written to.
    """
    same = (_later.c.email == _consent.c.email, _later.c.purpose == _consent.c.purpose)
    old = and_(
        _consent.c.at < _years_ago(settings().order_years), exists().where(*same, _later.c.id > _consent.c.id)
    )
    ids = _ids(session, _consent.c.id, old, most)
    if ids:
        session.connection().execute(delete(_consent).where(_consent.c.id.in_(ids)))
    return len(ids)


def unreachable_addresses(session: Session, most: int) -> int:
    """Addresses that their mail server refused, after `message_days`: they may be somebody's by then."""
    old = _unreachable.c.at < _days_ago(settings().message_days)
    emails = _ids(session, _unreachable.c.email, old, most)
    if emails:
        session.connection().execute(delete(_unreachable).where(_unreachable.c.email.in_(emails)))
    return len(emails)


def audit_addresses(session: Session, most: int) -> int:
    """Network addresses in the audit, after `message_days`; the entries stay."""
    old = and_(_audit.c.address != "", _audit.c.at < _days_ago(settings().message_days))
    ids = _ids(session, _audit.c.id, old, most)
    if ids:
        with audit.erasing(session, "network addresses by their age"):
            session.connection().execute(update(_audit).where(_audit.c.id.in_(ids)).values(address=""))
    return len(ids)


def audit_entries(session: Session, most: int) -> int:
    """Entries of the audit, after `order_years`."""
    ids = _ids(session, _audit.c.id, _audit.c.at < _years_ago(settings().order_years), most)
    if ids:
        with audit.erasing(session, "entries by their age"):
            session.connection().execute(delete(_audit).where(_audit.c.id.in_(ids)))
    return len(ids)


COMMANDS: dict[str, Callable[[Session, int], int]] = {
    "carts": carts,
    "wish lists": wish_lists,
    "sessions": sessions,
    "passkey challenges": challenges,
    "codes to sign in": sign_in_codes,
    "changes of an address": email_changes,
    "known browsers": known_browsers,
    "letters": letters,
    "messages": inbox,
    "order links": order_links,
    "people": people,
    "stock alerts": stock_alerts,
    "data exports": data_exports,
    "consents": consents,
    "unreachable addresses": unreachable_addresses,
    "network addresses in the audit": audit_addresses,
    "audit entries": audit_entries,
    "bulk jobs": bulk_jobs.forget,
}


def _days_ago(days: int) -> datetime:
    """The beginning of the shop's day that many days ago: what came before is older than so many days."""
    return start_of(today() - timedelta(days=days))


def _years_ago(years: int) -> datetime:
    """The beginning of the calendar year after the one that many years ago.

    Books are kept until the end of a calendar year (for Germany § 147 (4) AO).
    """
    return start_of(date(today().year - years, 1, 1))


def _ids(session: Session, id: Any, old: ColumnElement[bool], most: int) -> Sequence[int]:
    """The first ids that are old; on PostgreSQL locked, without rows that others have locked."""
    statement = select(id).where(old).order_by(id).limit(most).with_for_update(skip_locked=True)
    return session.connection().execute(statement).scalars().all()
