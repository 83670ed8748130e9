"""The home page, cards by slug, and the addresses of all lists and products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core import clock
from ...models import Collection, CollectionProduct, ListingItem, Picture, Product
from ..catalog.views import HomeView, PictureView, ProductCard
from ..search import cards as card_rows
from ..search import facet_fold, index_cache
from ..search.categories import links, tree
from ..search.listing_rows import COLLECTION

FEATURED, HERO = 5, 8
STRIP = 8


def home(session: Session) -> HomeView:
    """The home page: the collections "hero", with its picture, and "featured".

    Best sellers take the place of a missing one.
    """
    at = index_cache.stamp(session)
    counts = facet_fold.counts.get(session, at)
    heroes = session.connection().execute(_heroes).all()
    return HomeView(
        hero=[PictureView(*row[1:]) for row in heroes],
        hero_items=_collection(session, heroes[0].slug, HERO) if heroes else [],
        categories=links(session, tree.get(session, at).top, at),
        featured=_collection(session, "featured", FEATURED) or _rows(session, _best, FEATURED),
        sale=_rows(session, _on_sale, STRIP),
        sale_count=counts.on_sale.bits.bit_count(),
        new=_rows(session, _newest, STRIP),
        new_count=counts.published_since(card_rows.new_since(clock.now())).bit_count(),
        product_count=len(counts.place),
    )


_heroes = (
    select(
        col(Collection.slug),
        col(Picture.key),
        col(Collection.picture_alt),
        col(Picture.width),
        col(Picture.height),
        col(Picture.colour),
    )
    .join(Picture, col(Picture.id) == Collection.picture_id)
    .where(col(Collection.slug) == "hero")
)
_popular_order = (col(ListingItem.sold_count).desc(), col(ListingItem.product_id).desc())
_on_sale = select(*card_rows.COLUMNS).where(col(ListingItem.on_sale)).order_by(*_popular_order)
_best = select(*card_rows.COLUMNS).order_by(*_popular_order)
_newest = select(*card_rows.COLUMNS).order_by(
    col(ListingItem.published_at).desc(), col(ListingItem.product_id).desc()
)


def _rows(session: Session, statement: object, count: int) -> list[ProductCard]:
    rows = session.connection().execute(statement.limit(count)).all()  # pyright: ignore
    return card_rows.cards(session, rows)


def _collection(session: Session, slug: str, count: int) -> list[ProductCard]:
    """The products of a hand-made list, in its order."""
    ids = session.connection().execute(
        select(col(CollectionProduct.product_id))
        .join(Collection, col(Collection.id) == CollectionProduct.collection_id)
        .where(col(Collection.slug) == slug)
        .order_by(col(CollectionProduct.position), col(CollectionProduct.product_id))
        .limit(count)
    )
    return card_rows.of_products(session, [key for (key,) in ids])


def cards(session: Session, slugs: list[str]) -> list[ProductCard]:
    """The cards of these products, in that order, missing ones left out (recently viewed)."""
    return card_rows.of_slugs(session, list(dict.fromkeys(slugs))[:24])


_ADDRESSES = (
    select(col(ListingItem.product_id), col(ListingItem.slug), col(Product.updated_at))
    .join(Product, col(Product.id) == ListingItem.product_id)
    .where(col(ListingItem.product_id) > bindparam("after"))
    .order_by(col(ListingItem.product_id))
    .limit(5000)
)


def list_addresses(session: Session) -> Iterator[tuple[str, None]]:
    """The address of the whole catalogue, of each category, and of each collection with a product."""
    at = index_cache.stamp(session)
    yield "/products", None
    for branch in tree.get(session, at).by_slug.values():
        yield f"/products?category={branch.slug}", None
    for slug in facet_fold.counts.get(session, at).facets.get(COLLECTION, ()):
        yield f"/products?collection={slug}", None


def product_addresses(session: Session) -> Iterator[tuple[str, datetime]]:
    """The address of every public product, and when it changed."""
    last = 0
    while rows := session.connection().execute(_ADDRESSES, {"after": last}).all():
        for last, slug, changed_at in rows:  # noqa: B007
            yield f"/products/{slug}", changed_at
