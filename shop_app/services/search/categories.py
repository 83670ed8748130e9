"""The tree of categories, with the number of products in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from ...core import typed_text
from ...models import Category, Picture
from ..catalog.views import CategoryLink, NavigationLink, PictureView
from . import facet_counts, facet_fold, index_cache
from .index_cache import IndexCache

CATEGORIES = "categories"
"""The tag of what depends on the categories themselves, and not on what is in them."""


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


def meant(tree: Tree, text: str) -> Branch | None:
    """The category of that slug in other letters, or else the only one of that title; None for none."""
    wanted = typed_text.code(text).casefold()
    of_title = [
        branch for branch in tree.by_id.values() if typed_text.code(branch.title).casefold() == wanted
    ]
    return tree.by_slug.get(wanted) or (of_title[0] if len(of_title) == 1 else None)


def _read_tree(session: Session) -> Tree:
    rows = (
        session.connection()
        .execute(
            select(
                col(Category.id),
                col(Category.parent_id),
                col(Category.slug),
                col(Category.title),
                col(Category.description),
                col(Category.picture_alt),
                col(Picture.key),
                col(Picture.width),
                col(Picture.height),
                col(Picture.colour),
            )
            .outerjoin(Picture, col(Picture.id) == Category.picture_id)
            .order_by(col(Category.position), col(Category.title))
        )
        .all()
    )
    parents = {row[0]: row[1] for row in rows}
    paths = {key: _path(key, parents) for key in parents}
    branches = [
        Branch(
            key,
            slug,
            title,
            description,
            PictureView(picture_key, alt, width, height, colour) if picture_key else PictureView(),
            paths[key],
            tuple(other for other in parents if key in paths[other]),
        )
        for key, _parent, slug, title, description, alt, picture_key, width, height, colour in rows
    ]
    return Tree(
        by_slug={branch.slug: branch for branch in branches},
        by_id={branch.id: branch for branch in branches},
        top=[branch for branch in branches if len(branch.path) == 1],
    )


def _path(key: int, parents: dict[int, int | None]) -> tuple[int, ...]:
    path: list[int] = []
    step: int | None = key
    while step is not None and step not in path:
        path.append(step)
        step = parents.get(step)
    return tuple(reversed(path))


tree = IndexCache(_read_tree, CATEGORIES)


def navigation(session: Session) -> list[NavigationLink]:
    """The top categories, in order, for header and footer."""
    top = tree.get(session, index_cache.stamp(session)).top
    return [NavigationLink(branch.slug, branch.title, branch.picture) for branch in top]


def links(session: Session, branches: list[Branch], at: str) -> list[CategoryLink]:
    """These categories with their numbers of products."""
    counts = facet_fold.counts.get(session, at)
    numbers = {
        branch.id: facet_counts.union([counts.categories.get(key, 0) for key in branch.below]).bit_count()
        for branch in branches
    }
    return [
        CategoryLink(branch.slug, branch.title, branch.description, branch.picture, numbers[branch.id])
        for branch in branches
    ]
