"""A product's pictures as staff arrange them: order, alt texts, focal points, and the variants they show.

Each command changes what it names and nothing else, so that two people can work on one product's pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlmodel import Session, col

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _, plural
from ...core.typed_text import prose
from ...models import Picture, Product, ProductPicture, Variant, VariantPicture, table_of
from ..staff import audit
from .product_draft import MAX_PICTURES
from .views import focus_of

MAX_ALT = 1000

_shown = table_of(ProductPicture)
_of_variant = table_of(VariantPicture)
_product = select(col(Product.id), col(Product.slug), col(Product.handle), col(Product.title)).where(
    col(Product.slug) == bindparam("slug")
)
_locked = _product.with_for_update()
_pictures = (
    select(
        _shown.c.id,
        col(Picture.key),
        col(Picture.source),
        col(Picture.width),
        col(Picture.height),
        col(Picture.colour),
        _shown.c.alt,
        _shown.c.focus_x,
        _shown.c.focus_y,
    )
    .join(Picture, col(Picture.id) == _shown.c.picture_id)
    .where(_shown.c.product_id == bindparam("product"))
    .order_by(_shown.c.position, _shown.c.id)
)
_variants = (
    select(col(Variant.id), col(Variant.sku), col(Variant.title), _of_variant.c.product_picture_id)
    .outerjoin(_of_variant, _of_variant.c.variant_id == col(Variant.id))
    .where(col(Variant.product_id) == bindparam("product"), col(Variant.active))
    .order_by(col(Variant.position), col(Variant.id))
)


@dataclass(frozen=True, slots=True)
class PictureItem:
    """One picture of a product, for staff."""

    key: str = ""
    alt: str = ""
    file: str = ""
    """The name that it came with."""
    size: str = ""
    """ "1200 × 1500"."""
    colour: str = "#d9cfc3"
    focus: str = ""
    focus_x: int = 50
    focus_y: int = 50
    skus: list[str] = field(default_factory=list)
    """The variants that it shows."""
    place: int = 1
    """From 1."""


@dataclass(frozen=True, slots=True)
class ShownVariant:
    sku: str
    title: str
    place: int
    """From 0."""


@dataclass(frozen=True, slots=True)
class ProductPictures:
    slug: str = ""
    title: str = ""
    pictures: list[PictureItem] = field(default_factory=list)
    variants: list[ShownVariant] = field(default_factory=list)
    """Those that a picture can be said to show; empty for a product with one variant."""


def of_product(session: Session, slug: str, *, by: Principal) -> ProductPictures:
    """Errors  Forbidden; NotFound."""
    by.need("products.view")
    product = _row(session, slug)
    rows = session.connection().execute(_pictures, {"product": product.id}).all()
    skus: dict[int, list[str]] = {}
    variants: dict[str, ShownVariant] = {}
    for _id, sku, title, picture_id in session.connection().execute(_variants, {"product": product.id}):
        variants.setdefault(sku, ShownVariant(sku, title or sku, len(variants)))
        if picture_id is not None:
            skus.setdefault(picture_id, []).append(sku)
    items = [
        PictureItem(
            row.key,
            row.alt,
            row.source.rsplit("/", 1)[-1],
            f"{row.width} × {row.height}",
            row.colour,
            focus_of(row.focus_x, row.focus_y),
            row.focus_x,
            row.focus_y,
            skus.get(row.id, []),
            place,
        )
        for place, row in enumerate(rows, 1)
    ]
    return ProductPictures(
        product.slug, product.title, items, list(variants.values()) if len(variants) > 1 else []
    )


def attach(session: Session, slug: str, keys: Sequence[str], *, by: Principal) -> int:
    """Put pictures that were taken in behind the product's others; returns how many are new there.

    Errors  Forbidden; NotFound; Invalid for an unknown picture, or more than a product may have.
    """
    product, rows = _opened(session, slug, by)
    present = {row.key for row in rows}
    new = [key for key in dict.fromkeys(keys) if key not in present]
    stored = select(col(Picture.key), col(Picture.id)).where(col(Picture.key).in_(new))
    ids = {row.key: row.id for row in session.connection().execute(stored)} if new else {}
    if len(ids) < len(new):
        raise Invalid(_("A picture is missing. Upload it again."), field="pictures")
    if len(rows) + len(new) > MAX_PICTURES:
        raise Invalid(_("A product has at most {most} pictures.").format(most=MAX_PICTURES), field="pictures")
    after_last = select(func.coalesce(func.max(_shown.c.position) + 1, 0)).where(
        _shown.c.product_id == product.id
    )
    start = session.connection().execute(after_last).scalar_one()
    if new:
        values = [
            {"product_id": product.id, "picture_id": ids[key], "position": start + place, "alt": ""}
            | {"focus_x": 50, "focus_y": 50}
            for place, key in enumerate(new)
        ]
        session.connection().execute(insert(_shown), values)
        _changed(session, product, by, "pictures_added", after={"pictures": new})
    return len(new)


def arrange(session: Session, slug: str, keys: Sequence[str], *, by: Principal) -> None:
    """Put the pictures into this order.

    Errors  Forbidden; NotFound; Conflict where the product has others than these meanwhile.
    """
    product, rows = _opened(session, slug, by)
    before = [row.key for row in rows]
    if sorted(keys) != sorted(before):
        raise Conflict(_("Somebody has added or removed pictures meanwhile. Look at them again."))
    if list(keys) == before:
        return
    ids = {row.key: row.id for row in rows}
    session.connection().execute(
        update(_shown).where(_shown.c.id == bindparam("picture")).values(position=bindparam("place")),
        [{"picture": ids[key], "place": place} for place, key in enumerate(keys)],
    )
    _changed(session, product, by, "pictures_arranged", {"order": before}, {"order": list(keys)})


def move(session: Session, slug: str, key: str, place: int, *, by: Principal) -> int:
    """Put a picture to that place, from 1; returns the place that it has then.

    Errors  Forbidden; NotFound.
    """
    product, rows = _opened(session, slug, by)
    keys = [row.key for row in rows]
    _one(rows, key)
    place = max(1, min(place, len(keys)))
    keys.remove(key)
    keys.insert(place - 1, key)
    arrange(session, product.slug, keys, by=by)
    return place


def describe(session: Session, slug: str, key: str, alt: str, *, by: Principal) -> None:
    """Say what a picture shows, for those who can't see it.

    Errors  Forbidden; NotFound; Invalid for a text that is too long.
    """
    product, rows = _opened(session, slug, by)
    row, alt = _one(rows, key), prose(alt)
    if len(alt) > MAX_ALT:
        raise Invalid(_("Keep this below {count} characters.").format(count=f"{MAX_ALT:,}"), field="alt")
    if alt != row.alt:
        session.connection().execute(update(_shown).where(_shown.c.id == row.id).values(alt=alt))
        _changed(session, product, by, "picture_described", {key: row.alt}, {key: alt})


def focus(session: Session, slug: str, key: str, x: int, y: int, *, by: Principal) -> None:
    """Set the focal point, in per cent of the picture's width and height.

    Errors  Forbidden; NotFound; Invalid for a point outside.
    """
    product, rows = _opened(session, slug, by)
    row = _one(rows, key)
    if not (0 <= x <= 100 and 0 <= y <= 100):
        raise Invalid(_("The focal point has to be inside the picture."), field="focus")
    if (x, y) != (row.focus_x, row.focus_y):
        values = {"focus_x": x, "focus_y": y}
        session.connection().execute(update(_shown).where(_shown.c.id == row.id).values(values))
        _changed(
            session, product, by, "picture_focused", {key: f"{row.focus_x} {row.focus_y}"}, {key: f"{x} {y}"}
        )


def show_on(session: Session, slug: str, key: str, skus: Iterable[str], *, by: Principal) -> None:
    """Say which variants the picture shows; it comes before their others.

    Errors  Forbidden; NotFound; Invalid for a SKU that the product hasn't.
    """
    product, rows = _opened(session, slug, by)
    row, wanted = _one(rows, key), set(skus)
    connection = session.connection()
    variants = connection.execute(_variants, {"product": product.id}).all()
    ids = {variant.sku: variant.id for variant in variants}
    if unknown := sorted(wanted - ids.keys()):
        raise Invalid(_("The product has no variant {sku}.").format(sku=unknown[0]), field="skus")
    before = {variant.sku for variant in variants if variant.product_picture_id == row.id}
    gone, new = [ids[sku] for sku in before - wanted], [ids[sku] for sku in wanted - before]
    connection.execute(
        delete(_of_variant).where(
            _of_variant.c.product_picture_id == row.id, _of_variant.c.variant_id.in_(gone)
        )
    )
    connection.execute(
        update(_of_variant)
        .where(_of_variant.c.variant_id.in_(new))
        .values(position=_of_variant.c.position + 1)
    )
    if new:
        values = [{"variant_id": key, "product_picture_id": row.id, "position": 0} for key in new]
        connection.execute(insert(_of_variant), values)
    if before != wanted:
        _changed(session, product, by, "picture_shown", {key: sorted(before)}, {key: sorted(wanted)})


def edit(
    session: Session,
    slug: str,
    key: str,
    *,
    alt: str,
    focal_point: tuple[int, int],
    skus: Iterable[str] | None,
    by: Principal,
) -> None:
    """All that is said of one picture; `skus` None leaves the variants as they are.

    Errors  as `describe`, `focus` and `show_on`.
    """
    describe(session, slug, key, alt, by=by)
    focus(session, slug, key, *focal_point, by=by)
    if skus is not None:
        show_on(session, slug, key, skus, by=by)


def remove(session: Session, slug: str, keys: Iterable[str], *, by: Principal) -> int:
    """Take pictures off the product; those that are gone already do no harm. Returns how many were there.

    Errors  Forbidden; NotFound.
    """
    product, rows = _opened(session, slug, by)
    wanted = set(keys)
    gone = [row for row in rows if row.key in wanted]
    if gone:
        session.connection().execute(delete(_shown).where(_shown.c.id.in_([row.id for row in gone])))
        before = {"pictures": [{"key": row.key, "alt": row.alt} for row in gone]}
        _changed(session, product, by, "pictures_removed", before)
    return len(gone)


def summary(taken: int, refused: int) -> str:
    """What is said once about a batch of files."""
    parts = []
    if taken:
        parts.append(plural("{count} picture was added.", "{count} pictures were added.", taken))
    if refused:
        parts.append(plural("{count} file was refused.", "{count} files were refused.", refused))
    return " ".join(parts) or _("These pictures are here already.")


def _row(session: Session, slug: str, *, lock: bool = False) -> Any:
    session.flush()
    row = session.connection().execute(_locked if lock else _product, {"slug": slug}).first()
    if row is None:
        raise NotFound(_("There is no such product."))
    return row


def _opened(session: Session, slug: str, by: Principal) -> tuple[Any, list[Any]]:
    """The product, locked, and its pictures in their order."""
    by.need("products.edit")
    product = _row(session, slug, lock=True)
    return product, list(session.connection().execute(_pictures, {"product": product.id}))


def _one(rows: Iterable[Any], key: str) -> Any:
    row = next((row for row in rows if row.key == key), None)
    if row is None:
        raise NotFound(_("The product doesn't have this picture any more. Look again."))
    return row


def _changed(
    session: Session, product: Any, by: Principal, action: str, before: Any = None, after: Any = None
) -> None:
    audit.record(session, by.actor, action, "product", product.handle, before, after, staff_id=by.id or None)
    events.publish(session, events.CatalogueChanged((product.id,)))
