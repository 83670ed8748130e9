"""Removing what was never sold: variants and products without a line of an order and without a movement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists
from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import OrderLine, Product, StockMovement, Variant
from ..staff import audit
from . import commands

_SOLD = exists().where(col(OrderLine.variant_id) == col(Variant.id))
_MOVED = exists().where(col(StockMovement.variant_id) == col(Variant.id))


def remove(session: Session, variant_ids: Sequence[int]) -> set[int]:
    """Delete those of the variants that nobody bought and nobody counted; the others stay as they are."""
    if not variant_ids:
        return set()
    rows = session.exec(select(Variant.id).where(col(Variant.id).in_(variant_ids), ~_SOLD, ~_MOVED))
    gone = {key for key in rows if key}
    session.flush()
    session.connection().execute(delete(Variant).where(col(Variant.id).in_(gone)))
    session.expire_all()
    return gone


def delete_product(session: Session, slug: str, *, by: Principal) -> None:
    """Delete a product that was never sold and never had stock.

    Errors  Forbidden, NotFound; Conflict for one with history, which can be archived.
    """
    by.need("products.edit")
    product = commands.find(session, slug)
    if not product or not product.id:
        raise NotFound(_("There is no such product."))
    ids = [key for key in session.exec(select(Variant.id).where(Variant.product_id == product.id)) if key]
    if len(remove(session, ids)) < len(ids):
        raise Conflict(_("It was sold or counted, so its orders need it. Archive it."))
    audit.record(session, by.actor, "deleted", "product", product.handle, before={"title": product.title})
    product_id = product.id
    session.connection().execute(delete(Product).where(col(Product.id) == product_id))
    session.expire_all()
    events.publish(session, events.CatalogueChanged((product_id,)))
