"""What somebody who waits sees: their place in line, or until when one is kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, bindparam, func, or_, select
from sqlmodel import Session, col

from ...core import dates
from ...core.i18n import _
from ...models import Variant
from . import words
from .line import IN_LINE, alert, offer

_about = (
    alert.c.variant_id,
    col(Variant.sku),
    alert.c.id,
    alert.c.confirmed_at,
    alert.c.email,
    alert.c.token,
)
_WAITS = select(*_about).join(Variant, col(Variant.id) == alert.c.variant_id).order_by(alert.c.id)
_HAS = (
    select(
        offer.c.variant_id,
        col(Variant.sku),
        offer.c.email,
        offer.c.token,
        offer.c.expires_at,
        offer.c.told_at,
        offer.c.order_id,
    )
    .join(Variant, col(Variant.id) == offer.c.variant_id)
    .order_by(offer.c.id)
)
_IS_OWN = (alert.c.key_hash == bindparam("key"), IN_LINE)
_WAITS_HERE = _WAITS.where(*_IS_OWN, col(Variant.sku) == bindparam("sku"))
_HAS_HERE = _HAS.where(
    offer.c.key_hash == bindparam("key"), col(Variant.sku) == bindparam("sku"), offer.c.order_id.is_(None)
)
_WAITS_ANYWHERE = _WAITS.where(*_IS_OWN).limit(bindparam("most"))
_HAS_ANYWHERE = _HAS.where(offer.c.key_hash == bindparam("key"), offer.c.order_id.is_(None)).limit(
    bindparam("most")
)
_WAITS_BY = _WAITS.where(alert.c.token == bindparam("word"))
_HAS_BY = _HAS.where(offer.c.token == bindparam("word"))
_BEFORE = (
    select(func.count())
    .select_from(alert)
    .where(
        alert.c.variant_id == bindparam("variant"),
        IN_LINE,
        or_(
            alert.c.confirmed_at < bindparam("since"),
            and_(alert.c.confirmed_at == bindparam("since"), alert.c.id < bindparam("own")),
        ),
    )
)
MOST = 100


@dataclass(frozen=True, slots=True)
class PlaceView:
    """Where somebody stands who wants one of a variant."""

    state: Literal["", "unconfirmed", "waiting", "kept", "ordered"] = ""
    """Unconfirmed and ordered only by the link of a letter."""
    sku: str = ""
    place: int = 0
    """1 is who is asked next."""
    until: str = ""
    """Until when one is kept, as people read it."""
    sentence: str = ""
    told: bool = False
    """Whether the letter that it is kept is written."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the link in a letter leads to; without a state there is nothing behind it any more."""

    state: Literal["", "unconfirmed", "waiting", "kept", "ordered"] = ""
    sku: str = ""
    product: str = ""
    price: str = ""
    address: str = ""
    """The product's page."""
    link: str = ""
    """The page of this place in line."""
    sentence: str = ""


def place(session: Session, key_hash: str, sku: str) -> PlaceView:
    """Where this shopper stands who wants one of that variant.

    Nothing before it is confirmed: a stranger who asks with somebody's address mustn't see whether they wait.
    """
    params = {"key": key_hash, "sku": sku}
    if row := session.connection().execute(_HAS_HERE, params).first():
        return _kept(row)
    row = session.connection().execute(_WAITS_HERE, params).first()
    return _waiting(session, row) if row else PlaceView()


def places(session: Session, key_hash: str) -> list[LinkView]:
    """All that this shopper waits for, what is kept first: for the page of saved things."""
    if not key_hash:
        return []
    params = {"key": key_hash, "most": MOST}
    kept = session.connection().execute(_HAS_ANYWHERE, params).all()
    waits = session.connection().execute(_WAITS_ANYWHERE, params).all()
    about = words.of_variants(session, {row.variant_id for row in (*kept, *waits)})
    return [
        *(_linked(_kept(row), row, about) for row in kept),
        *(_linked(_waiting(session, row), row, about) for row in waits),
    ]


def behind_link(session: Session, token: str) -> LinkView:
    """What whoever has the letter may see; a token that never was looks like one that is over."""
    row: Any = session.connection().execute(_HAS_BY, {"word": token}).first()
    if row:
        view = _kept(row)
    else:
        row = session.connection().execute(_WAITS_BY, {"word": token}).first()
        if row is None:
            return LinkView()
        view = _waiting(session, row)
    return _linked(view, row, words.of_variants(session, [row.variant_id]))


def _linked(view: PlaceView, row: Any, about: dict[int, dict[str, Any]]) -> LinkView:
    variant, link = about[row.variant_id], words.link(row.token)
    return LinkView(
        view.state, view.sku, variant["product"], variant["price"], variant["path"], link, view.sentence
    )


def _kept(row: Any) -> PlaceView:
    if row.order_id is not None:
        return PlaceView("ordered", row.sku, sentence=_("It is in your order."))
    until = until_text(row.expires_at)
    sentence = _("One is kept for you until {moment}.").format(moment=until)
    return PlaceView("kept", row.sku, 0, until, sentence, row.told_at is not None)


def until_text(moment: datetime) -> str:
    """Until when, as people read it: the same words on the page and in the letter."""
    return dates.full_moment(moment)


def _waiting(session: Session, row: Any) -> PlaceView:
    if row.confirmed_at is None:
        return PlaceView("unconfirmed", row.sku, sentence=_("Confirm it by the letter that we sent you."))
    params = {"variant": row.variant_id, "since": row.confirmed_at, "own": row.id}
    ahead = session.connection().execute(_BEFORE, params).scalar_one()
    sentence = _("You are number {place} in line.").format(place=ahead + 1)
    return PlaceView("waiting", row.sku, ahead + 1, sentence=sentence)
