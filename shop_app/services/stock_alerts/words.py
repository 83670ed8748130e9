"""What letters about a variant say of it: its name, its price, and where the letter leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...models import Product, Variant
from ..catalog import price_tags

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


def of_variants(session: Session, variant_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What a letter needs of each variant; its path is the product's page."""
    rows: Any = session.connection().execute(_names, {"ids": list(variant_ids)})
    return {
        variant_id: {
            "product": f"{title}, {variant_title}" if variant_title else title,
            "price": price_tags.shown(price_minor),
            "path": f"/products/{slug}?variant={quote(sku)}",
        }
        for variant_id, sku, variant_title, price_minor, title, slug in rows
    }


def link(token: str) -> str:
    """The page of a place in line, for whoever has the letter."""
    return f"/line/{token}"
