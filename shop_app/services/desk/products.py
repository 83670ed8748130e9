"""The list of products for staff: whether each can be bought, and what is done to many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session

from ...core import clock, dates, money
from ...core.access.principal import Principal
from ...core.i18n import _
from ...core.settings import settings
from ...models import (
    FOR_SALE,
    Category,
    ListingItem,
    Picture,
    Product,
    ProductPicture,
    ProductStatus,
    ProductTag,
    StockLevel,
    StockPolicy,
    Tag,
    Variant,
    table_of,
)
from ..catalog import price_tags
from ..catalog.product_form import STATUS_LABELS, STATUS_TONES
from ..lists import spec as lists
from ..lists.spec import Cell, Column, Filter, ListSpec, Row, Tab
from .product_bulk import ACTIONS

VIEW = "products.view"
product, listing = table_of(Product), table_of(ListingItem)
variant, level, category = table_of(Variant), table_of(StockLevel), table_of(Category)
picture, product_picture = table_of(Picture), table_of(ProductPicture)
tag, product_tag = table_of(Tag), table_of(ProductTag)
_ICONS = {
    ProductStatus.DRAFT: "ring",
    ProductStatus.SCHEDULED: "clock",
    ProductStatus.ACTIVE: "done",
    ProductStatus.UNLISTED: "eye",
    ProductStatus.ARCHIVED: "cancelled",
}
_LEFT = level.c.on_hand - level.c.allocated - level.c.held
_IS_COUNTED = func.coalesce(level.c.policy, StockPolicy.DENY.value) != StockPolicy.UNTRACKED.value
_PROBLEM = and_(
    product.c.status == ProductStatus.ACTIVE.value,
    or_(listing.c.product_id.is_(None), listing.c.in_stock.is_(False), listing.c.price_minor == 0),
)
"""For sale, and yet nothing of it can be bought."""


# --- Rows -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Variants:
    """What a product's variants for sale come to."""

    count: int = 0
    lowest_minor: int = 0
    highest_minor: int = 0
    left: int = 0
    counted: int = 0
    buyable: int = 0


def _load(session: Session, ids: Sequence[int], by: Principal) -> dict[int, Row]:
    by.need(VIEW)
    wanted = (
        select(
            product.c.id,
            product.c.slug,
            product.c.title,
            product.c.status,
            product.c.vendor,
            product.c.updated_at,
            product.c.publish_at,
            category.c.title.label("category"),
        )
        .outerjoin(category, category.c.id == product.c.category_id)
        .where(product.c.id.in_(ids))
    )
    variants, pictures = _variants(session, ids), _pictures(session, ids)
    return {
        row.id: _row(row, variants.get(row.id, _Variants()), pictures.get(row.id, ""))
        for row in session.connection().execute(wanted)
    }


def _variants(session: Session, ids: Sequence[int]) -> dict[int, _Variants]:
    is_buyable = or_(level.c.policy != StockPolicy.DENY.value, _LEFT > 0)
    sums = (
        select(
            variant.c.product_id,
            func.count(),
            func.min(variant.c.price_minor),
            func.max(variant.c.price_minor),
            func.coalesce(func.sum(case((_IS_COUNTED, _LEFT), else_=0)), 0),
            func.sum(case((_IS_COUNTED, 1), else_=0)),
            func.sum(case((is_buyable, 1), else_=0)),
        )
        .outerjoin(level, level.c.variant_id == variant.c.id)
        .where(variant.c.product_id.in_(ids), variant.c.active)
        .group_by(variant.c.product_id)
    )
    return {row[0]: _Variants(*map(int, row[1:])) for row in session.connection().execute(sums)}


def _pictures(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The key of each product's first picture."""
    rows = session.connection().execute(
        select(product_picture.c.product_id, picture.c.key)
        .join(picture, picture.c.id == product_picture.c.picture_id)
        .where(product_picture.c.product_id.in_(ids))
        .order_by(product_picture.c.position.desc(), product_picture.c.id.desc())
    )
    return {row.product_id: row.key for row in rows}


def _row(row: Any, variants: _Variants, picture_key: str) -> Row:
    href, status = f"/admin/products/{row.slug}", ProductStatus(row.status)
    shown = Cell(
        row.title,
        href=href,
        picture=f"/media/{picture_key}/320.jpg" if picture_key else "",
        sub=_problem(row, variants),
    )
    low, high = variants.lowest_minor, variants.highest_minor
    price = price_tags.shown(low)
    if high > low:
        price = f"{price} – {price_tags.shown(high)}"
    cells = {
        "product": shown,
        "status": Cell(STATUS_LABELS[status], STATUS_TONES[status], _ICONS[status], title=_opens(row)),
        "stock": _stock(variants),
        "variants": Cell(str(variants.count)),
        "price": Cell(price if variants.count else "", plain=_plain(low) if variants.count else ""),
        "category": Cell(row.category or ""),
        "vendor": Cell(row.vendor),
        "updated": Cell(dates.day(clock.day_of(row.updated_at)), title=dates.full_moment(row.updated_at)),
    }
    marks = {"data-testid": "product-row", "data-slug": row.slug}
    return Row(row.id, href, row.title, marks, cells)


def _plain(minor: int) -> str:
    return money.decimal_text(minor, settings().currency)


def _opens(row: Any) -> str:
    return _("Opens {moment}").format(moment=dates.full_moment(row.publish_at)) if row.publish_at else ""


def _problem(row: Any, variants: _Variants) -> str:
    """Why a product that is for sale can't be bought; "" where it can, or isn't for sale."""
    if row.status not in FOR_SALE:
        return ""
    if not variants.count:
        return _("Can't be bought: no variant is for sale")
    if not variants.buyable:
        return _("Can't be bought: no stock")
    return _("Costs nothing: no price") if not variants.highest_minor else ""


def _stock(variants: _Variants) -> Cell:
    if not variants.counted:
        return Cell(_("Not counted") if variants.count else "")
    text = f"{variants.left:,}"
    if variants.left <= 0:
        return Cell(text, "coral", "error", plain=str(variants.left))
    return Cell(text, plain=str(variants.left))


# --- Finding ----------------------------------------------------------------------------------------


def _search(_session: Session, text: str) -> lists.Condition:
    """By title, SKU, barcode, vendor or tag."""
    codes = select(variant.c.product_id).where(
        or_(lists.starts_with(variant.c.sku, text), lists.starts_with(variant.c.sku, text.upper()))
    )
    barcodes = select(variant.c.product_id).where(variant.c.barcode == text)
    tagged = (
        select(product_tag.c.product_id)
        .join(tag, tag.c.id == product_tag.c.tag_id)
        .where(tag.c.name.in_({text, text.lower()}))
    )
    # The index of titles is read for this, and not the wide rows.
    other = table_of(Product).alias("named")
    titles = select(other.c.id).where(other.c.title.icontains(text, autoescape=True))
    return or_(
        product.c.id.in_(titles),
        product.c.id.in_(codes),
        product.c.id.in_(barcodes),
        product.c.id.in_(tagged),
        lists.starts_with(product.c.vendor, text),
    )


def _categories(session: Session) -> lists.Options:
    rows = session.connection().execute(select(category.c.slug, category.c.title).order_by(category.c.title))
    return tuple((slug, title) for slug, title in rows)


def _category_is(op: str, slugs: Any) -> lists.Condition:
    ids = select(category.c.id).where(category.c.slug.in_(slugs))
    if op == "is":
        return product.c.category_id.in_(ids)
    return or_(product.c.category_id.is_(None), product.c.category_id.not_in(ids))


def _tag_is(_op: str, name: str) -> lists.Condition:
    ids = (
        select(product_tag.c.product_id).join(tag, tag.c.id == product_tag.c.tag_id).where(tag.c.name == name)
    )
    return product.c.id.in_(ids)


def _sku_is(op: str, text: str) -> lists.Condition:
    ids = select(variant.c.product_id).where(lists.words(variant.c.sku)(op, text))
    return product.c.id.in_(ids)


PRODUCTS = ListSpec(
    name="products",
    title=_("Products"),
    one=_("product"),
    many=_("products"),
    needs=VIEW,
    source=product.outerjoin(listing, listing.c.product_id == product.c.id),
    key=product.c.id,
    columns=(
        Column("product", _("Product"), product.c.title, phone="title", nullable=False),
        Column("status", _("Status"), phone="badges"),
        Column("stock", _("In stock"), align="right", phone="badges"),
        Column("variants", _("Variants"), align="right"),
        Column("price", _("Price"), listing.c.price_minor, align="right", phone="end"),
        Column("category", _("Category"), phone="line"),
        Column("vendor", _("Vendor"), shown=False),
        Column("updated", _("Changed"), product.c.updated_at, align="right", nullable=False),
    ),
    load=_load,
    default_sort="-updated",
    filters=(
        Filter(
            "status",
            _("Status"),
            "choice",
            lists.choice(product.c.status),
            tuple((status.value, label) for status, label in STATUS_LABELS.items()),
        ),
        Filter("category", _("Category"), "choice", _category_is, _categories),
        Filter("problem", _("Can't be bought"), "flag", lists.flag(_PROBLEM)),
        Filter("stock", _("In stock"), "flag", lists.flag(listing.c.in_stock.is_(True))),
        Filter("sale", _("Reduced"), "flag", lists.flag(listing.c.on_sale.is_(True))),
        Filter("price", _("Price"), "amount", lists.between(listing.c.price_minor)),
        Filter("vendor", _("Vendor"), "text", lists.words(product.c.vendor)),
        Filter("tag", _("Tag"), "text", _tag_is, ops=("is",)),
        Filter("sku", _("SKU"), "text", _sku_is),
        Filter("updated", _("Changed"), "day", lists.between(product.c.updated_at)),
    ),
    search=_search,
    search_hint=_("Title, SKU, barcode, vendor, tag"),
    tabs=(
        Tab("all", _("All")),
        Tab("active", _("Live"), "status=active"),
        Tab("drafts", _("Drafts"), "status=draft"),
        Tab("scheduled", _("Scheduled"), "status=scheduled"),
        Tab("problems", _("Can't be bought"), "problem=yes"),
        Tab("archived", _("Archived"), "status=archived"),
    ),
    actions=ACTIONS,
    empty=lists.Empty(
        _("No products yet"),
        _("Give the first one a name; its page says what it still needs."),
        _("New product"),
        "/admin/products/new",
    ),
    marks=("data-testid", "data-slug"),
)
