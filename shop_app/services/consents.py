"""Consents: which addresses may get letters that aren't about an order, as their owners said and say.

Each change is a row that is never edited: what was agreed to, when, and where. The newest one of an address
and a purpose counts, at once: the worker asks before it sends. Each such letter has a link by which its
reader changes all of it without signing in.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, select
from sqlmodel import Session

from ..core import events
from ..core.clock import now
from ..core.email_addresses import normal_email
from ..core.errors import Invalid, NotFound
from ..core.i18n import _
from ..core.settings import settings
from ..core.shop import shop
from ..core.upsert import Insert, upsert
from ..models import Consent, UnreachableAddress, table_of

PURPOSES: dict[str, str] = {
    "back_in_stock": _("Tell me when something that I asked for is back."),
    "reminders": _("Remind me by e-mail, once, of a cart that I leave behind."),
    "reviews": _("Ask me by e-mail, once for each order, how I like what I bought."),
    "news": _("Write to me now and then about new things and offers."),
}
"""What someone agrees to, as it reads beside the box."""
PURPOSE_BY_KIND: dict[str, str] = {
    "stock_offer": "back_in_stock",
    "back_in_stock": "back_in_stock",
    "cart_reminder": "reminders",
    "review_request": "reviews",
}
"""The kinds of letters that aren't about an order; all others need no consent."""
MOST_ENTRIES = 200
_NONCE_BYTES = 12
_MAX_TOKEN_CHARS = 1_000

_consent, _unreachable = table_of(Consent), table_of(UnreachableAddress)
_NEWEST_FIRST = (
    select(_consent.c.purpose, _consent.c.given, _consent.c.text, _consent.c.source, _consent.c.at)
    .where(_consent.c.email == bindparam("to_email"))
    .order_by(_consent.c.id.desc())
)
_NEWEST = _NEWEST_FIRST.where(_consent.c.purpose == bindparam("for_purpose")).limit(1)
_ALL = _NEWEST_FIRST.limit(MOST_ENTRIES)
_CHANGE = insert(_consent)
_REFUSED = select(_unreachable.c.email).where(_unreachable.c.email == bindparam("to_email"))
_REACHED = delete(_unreachable).where(_unreachable.c.email == bindparam("to_email"))


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One change."""

    purpose: str
    given: bool
    text: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """A purpose as its switch shows it."""

    purpose: str
    text: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class CheckoutConsents:
    """What checkout asks and says about letters that aren't about the order."""

    asks_reminders: bool = False
    """Of customers: they alone are reminded."""
    reminders_on: bool = False
    asks_reviews: bool = False
    tells_of_reviews: bool = False
    """Whether buyers are asked for reviews without having agreed: then they are told so beforehand."""


@upsert(_unreachable)
def _refuse_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_unreachable.c.email])


# --- What was said ---


def give(session: Session, email: str, purpose: str, text: str, source: str) -> None:
    """Note that the owner of this address agrees to `text`, unless that is noted already.

    Errors  Invalid for what is no address or purpose.
    """
    _change(session, email, purpose, text, source, given=True)


def withdraw(session: Session, email: str, purpose: str, source: str) -> None:
    """Note that they don't agree any more, or object to what needs no consent; letters not sent yet stay.

    Errors  Invalid for what is no address or purpose.
    """
    _change(session, email, purpose, "", source, given=False)


def _change(session: Session, email: str, purpose: str, text: str, source: str, *, given: bool) -> None:
    to_email = normal_email(email)
    if not to_email or purpose not in PURPOSES:
        raise Invalid(_("Enter an e-mail address like name@example.com."), field="email")
    before = _newest(session, to_email, purpose)
    if before and before.given == given and before.text == text:
        return
    row = {"email": to_email, "purpose": purpose, "given": given, "text": text[:500], "source": source[:64]}
    session.connection().execute(_CHANGE, row | {"at": now()})
    if not given:
        events.publish(session, events.ConsentWithdrawn(to_email, purpose))


def is_given(session: Session, email: str, purpose: str) -> bool:
    """Whether the owner of this address has agreed, and still does."""
    newest = _newest(session, normal_email(email), purpose)
    return bool(newest and newest.given)


def history(session: Session, email: str) -> list[ConsentEntry]:
    """The changes of this address, the newest first, 200 at most."""
    rows: Any = session.connection().execute(_ALL, {"to_email": normal_email(email)})
    return [ConsentEntry(*row) for row in rows]


def choices(session: Session, email: str) -> list[Choice]:
    """Every purpose, and whether letters of it are sent."""
    to_email = normal_email(email)
    return [Choice(purpose, text, _is_on(session, to_email, purpose)) for purpose, text in PURPOSES.items()]


def choose(session: Session, email: str, purposes_on: set[str], source: str) -> None:
    """Switch all purposes as chosen: what differs is noted, with its text of now."""
    for choice in choices(session, email):
        if choice.purpose in purposes_on and not choice.is_on:
            give(session, email, choice.purpose, choice.text, source)
        elif choice.purpose not in purposes_on and choice.is_on:
            withdraw(session, email, choice.purpose, source)


def at_checkout(session: Session, customer_email: str) -> CheckoutConsents:
    """For a customer with that address, or for a guest where it is ""."""
    asks_reminders = bool(customer_email and shop().cart_reminder_hours)
    asks, need = bool(shop().review_request_days), shop().review_requests_need_consent
    return CheckoutConsents(
        asks_reminders,
        asks_reminders and is_given(session, customer_email, "reminders"),
        asks and need,
        asks and not need,
    )


def _newest(session: Session, email: str, purpose: str) -> ConsentEntry | None:
    row: Any = session.connection().execute(_NEWEST, {"to_email": email, "for_purpose": purpose}).first()
    return ConsentEntry(*row) if row else None


def _is_on(session: Session, email: str, purpose: str) -> bool:
    newest = _newest(session, email, purpose)
    return newest.given if newest else not _needs_consent(purpose)


def _needs_consent(purpose: str) -> bool:
    """Whether silence means no. Who asks for a letter about stock agrees to it by asking."""
    if purpose == "reviews":
        return shop().review_requests_need_consent
    return purpose != "back_in_stock"


# --- What may be sent ---


def may_send(session: Session, kind: str, email: str) -> bool:
    """Whether a letter of this kind may go to the address now; one about an order always may."""
    purpose = PURPOSE_BY_KIND.get(kind)
    if purpose is None:
        return True
    to_email = normal_email(email)
    refused = session.connection().execute(_REFUSED, {"to_email": to_email}).first()
    return not refused and _is_on(session, to_email, purpose)


def may_be_sent(email: Any, purpose: str) -> ColumnElement[bool]:
    """The same for a column of addresses and a purpose, as a condition of a query."""
    newest = (
        select(_consent.c.given)
        .where(_consent.c.email == email, _consent.c.purpose == purpose)
        .order_by(_consent.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    refused = exists().where(_unreachable.c.email == email)
    return and_(func.coalesce(newest, not _needs_consent(purpose)), ~refused)


def note_refused(session: Session, email: str, why: str) -> None:
    """Note that the address's mail server refused it for good: it is left alone until a letter gets there."""
    row = {"email": normal_email(email), "why": why[:500], "at": now()}
    if row["email"]:
        session.connection().execute(_refuse_once(session), row)


def note_reached(session: Session, email: str) -> None:
    """Note that a letter was taken there: it can be written to again."""
    session.connection().execute(_REACHED, {"to_email": normal_email(email)})


# --- The link in a letter ---


def token_of(email: str, purpose: str = "") -> str:
    """What the link of a letter to this address ends with: nobody else can make or read it.

    purpose  what one click on the mail program's own button ends; "" for none
    """
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _sealer().encrypt(nonce, json.dumps([normal_email(email), purpose]).encode(), None)
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def read_token(token: str) -> tuple[str, str]:
    """The address and the purpose of a link.

    Errors  NotFound for one that isn't the shop's.
    """
    try:
        if len(token) > _MAX_TOKEN_CHARS:
            raise ValueError
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        email, purpose = json.loads(_sealer().decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None))
    except (ValueError, binascii.Error, InvalidTag):
        raise NotFound(_("There is nothing at this address.")) from None
    return email, purpose


def _sealer() -> AESGCM:
    return AESGCM(hmac.digest(settings().signing_key.encode(), b"links of letters", "sha256"))
