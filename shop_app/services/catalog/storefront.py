"""The storefront: navigation, the home page, cards by slug, and every public address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from ...core import clock
from ...models import Category, Collection, CollectionProduct, Picture, Product, ShelfItem
from ..listing import facet_counts, kept
from ..listing.kept import Kept
from . import cards as card_rows
from .catalog import CategoryLink, HomeView, PictureView, ProductCard, SitemapEntry

FEATURED, HERO = 5, 8
STRIP = 8


class Branch(NamedTuple):
    """A category with its place in the tree."""

    id: int
    slug: str
    title: str
    description: str
    picture: PictureView
    path: tuple[int, ...]
    """From the top category down to this one."""
    below: tuple[int, ...]
    """This one and all categories under it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All categories, in their order."""

    by_slug: dict[str, Branch]
    by_id: dict[int, Branch]
    top: list[Branch]


def _read_tree(session: Session) -> Tree:
    rows = session.connection().execute(
        select(
            col(Category.id), col(Category.parent_id), col(Category.slug), col(Category.title),
            col(Category.description), col(Category.picture_alt), col(Picture.key), col(Picture.width),
            col(Picture.height), col(Picture.colour),
        )
        .outerjoin(Picture, col(Picture.id) == Category.picture_id)
        .order_by(col(Category.position), col(Category.title))
    ).all()  # fmt: skip
    parents = {row[0]: row[1] for row in rows}
    paths = {key: _path(key, parents) for key in parents}
    branches = [
        Branch(
            key, slug, title, description,
            PictureView(picture_key, alt, width, height, colour) if picture_key else PictureView(),
            paths[key], tuple(other for other in parents if key in paths[other]),
        )
        for key, _parent, slug, title, description, alt, picture_key, width, height, colour in rows
    ]  # fmt: skip
    return Tree(
        by_slug={branch.slug: branch for branch in branches},
        by_id={branch.id: branch for branch in branches},
        top=[branch for branch in branches if len(branch.path) == 1],
    )  # fmt: skip


def _path(key: int, parents: dict[int, int | None]) -> tuple[int, ...]:
    path: list[int] = []
    step: int | None = key
    while step is not None and step not in path:
        path.append(step)
        step = parents.get(step)
    return tuple(reversed(path))


tree = Kept(_read_tree)


def navigation(session: Session) -> list[CategoryLink]:
    """The top categories, in order, for header and footer."""
    at = kept.stamp(session)
    return links(session, tree.get(session, at).top, at)


def links(session: Session, branches: list[Branch], at: str) -> list[CategoryLink]:
    """These categories with their numbers of products."""
    counts = facet_counts.counts.get(session, at)
    numbers = {
        branch.id: facet_counts.union([counts.categories.get(key, 0) for key in branch.below]).bit_count()
        for branch in branches
    }
    return [
        CategoryLink(branch.slug, branch.title, branch.description, branch.picture, numbers[branch.id])
        for branch in branches
    ]


def home(session: Session) -> HomeView:
    """The home page: the collections "hero", with its picture, and "featured".

    What sells best stands in where they are missing.
    """
    at = kept.stamp(session)
    known = facet_counts.counts.get(session, at)
    heroes = session.connection().execute(_heroes).all()
    return HomeView(
        hero=[PictureView(*row[1:]) for row in heroes],
        hero_items=_collection(session, heroes[0].slug, HERO) if heroes else [],
        categories=links(session, tree.get(session, at).top, at),
        featured=_collection(session, "featured", FEATURED) or _rows(session, _best, FEATURED),
        sale=_rows(session, _on_sale, STRIP), sale_count=known.on_sale.bit_count(),
        new=_rows(session, _newest, STRIP),
    )  # fmt: skip


_heroes = (
    select(
        col(Collection.slug), col(Picture.key), col(Collection.picture_alt), col(Picture.width),
        col(Picture.height), col(Picture.colour),
    )
    .join(Picture, col(Picture.id) == Collection.picture_id)
    .where(col(Collection.slug) == "hero")
)  # fmt: skip
_popular_order = (col(ShelfItem.sold_count).desc(), col(ShelfItem.product_id).desc())
_on_sale = select(*card_rows.COLUMNS).where(col(ShelfItem.on_sale)).order_by(*_popular_order)
_best = select(*card_rows.COLUMNS).order_by(*_popular_order)
_newest = select(*card_rows.COLUMNS).order_by(
    col(ShelfItem.published_at).desc(), col(ShelfItem.product_id).desc()
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


def sitemap(session: Session) -> Iterator[SitemapEntry]:
    """Every public address of the catalogue."""
    now = clock.now()
    yield SitemapEntry("/", now)
    yield SitemapEntry("/products", now)
    for branch in tree.get(session, kept.stamp(session)).by_slug.values():
        yield SitemapEntry(f"/products?category={branch.slug}", now)
    rows = session.connection().execute(
        select(col(ShelfItem.slug), col(Product.updated_at))
        .join(Product, col(Product.id) == ShelfItem.product_id)
        .order_by(col(ShelfItem.product_id))
    )
    for slug, changed_at in rows:
        yield SitemapEntry(f"/products/{slug}", changed_at)
