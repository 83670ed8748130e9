"""Stock alerts: who asked to be told when a sold-out variant can be bought again.

A request is for one letter, and is deleted in the transaction that writes it: so the letter is written once,
however often the stock comes and goes, and the address isn't kept longer than it is needed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session, col

from ..core import clock, email_addresses, events
from ..core.errors import Conflict, Invalid, NotFound
from ..core.i18n import _
from ..core.upsert import Insert, upsert
from ..models import Product, StockAlert, StockLevel, Variant, table_of
from . import outbox
from .catalog import availability, price_tags
from .customers import addresses

MOST_AT_ONCE = 100
"""So many letters are written in the transaction that changes the stock; the worker writes the others."""

_alert = table_of(StockAlert)
_on_sale = (
    select(col(Variant.id))
    .join(Product, col(Product.id) == Variant.product_id)
    .where(col(Variant.sku) == bindparam("sku"), col(Variant.active), availability.PUBLISHED)
)
# Locked, so that stock that comes back at this moment is seen here, or sees the request.
_stock = (
    select(*availability.STOCK_COLUMNS)
    .where(col(StockLevel.variant_id) == bindparam("variant"))
    .with_for_update(read=True)
)
_buyable = (
    select(_alert.c.id)
    .join(StockLevel, col(StockLevel.variant_id) == _alert.c.variant_id)
    .join(Variant, col(Variant.id) == _alert.c.variant_id)
    .join(Product, col(Product.id) == Variant.product_id)
    .where(availability.BUYABLE, col(Variant.active), availability.PUBLISHED)
    .order_by(_alert.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=_alert, skip_locked=True)
)
_buyable_of = _buyable.where(_alert.c.variant_id.in_(bindparam("variants", expanding=True)))
_take = (
    delete(_alert)
    .where(_alert.c.id.in_(bindparam("ids", expanding=True)))
    .returning(_alert.c.variant_id, _alert.c.email)
)
_names = (
    select(
        col(Variant.id),
        col(Variant.sku),
        col(Variant.title),
        col(Variant.price_minor),
        col(Product.title),
        col(Product.slug),
    )
    .join(Product, col(Product.id) == Variant.product_id)
    .where(col(Variant.id).in_(bindparam("ids", expanding=True)))
)


@upsert(_alert)
def _insert_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_alert.c.variant_id, _alert.c.mailbox])


def ask(session: Session, sku: str, email: str) -> None:
    """Note that this address wants one letter when the variant can be bought again; asking twice is once.

    Errors  Invalid for what is no e-mail address; NotFound; Conflict where it can be bought already.
    """
    if problem := addresses.email_problem(email):
        raise Invalid(problem, field="email")
    to_email = email_addresses.normal_email(email)
    connection = session.connection()
    variant_id = connection.execute(_on_sale, {"sku": sku, "now": clock.now()}).scalar()
    if variant_id is None:
        raise NotFound(_("There is no such product."))
    stock = connection.execute(_stock, {"variant": variant_id}).first()
    if stock and availability.Stock(*stock).available:
        raise Conflict(_("It can be bought again. Reload the page."))
    connection.execute(
        _insert_once(session),
        {
            "variant_id": variant_id,
            "email": to_email,
            "mailbox": email_addresses.mailbox(to_email),
            "created_at": clock.now(),
        },
    )


def follow_stock(session: Session, event: events.StockChanged) -> None:
    params = {"variants": list(event.variant_ids), "most": MOST_AT_ONCE}
    _tell(session, _buyable_of, params)


def tell(session: Session, most: int) -> int:
    """Write the letters of up to `most` requests whose variant can be bought, oldest first; returns how many.

    Requests that another transaction is just answering are left to it.
    """
    return _tell(session, _buyable, {"most": most})


def _tell(session: Session, requests: Any, params: dict[str, Any]) -> int:
    connection = session.connection()
    ids = connection.execute(requests, params | {"now": clock.now()}).scalars().all()
    if not ids:
        return 0
    taken = connection.execute(_take, {"ids": ids}).all()
    told = _told(session, {variant_id for variant_id, _email in taken})
    for variant_id, email in taken:
        outbox.write(
            session, "back_in_stock", email, f"back_in_stock:{secrets.token_hex(12)}", told[variant_id]
        )
    return len(taken)


def _told(session: Session, variant_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What the letter needs of each variant."""
    rows: Any = session.connection().execute(_names, {"ids": list(variant_ids)})
    return {
        variant_id: {
            "product": f"{title}, {variant_title}" if variant_title else title,
            "price": price_tags.shown(price_minor),
            "path": f"/products/{slug}?variant={quote(sku)}",
        }
        for variant_id, sku, variant_title, price_minor, title, slug in rows
    }
