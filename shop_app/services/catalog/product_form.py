"""The page of one product in the back office: what its form shows, and what can be chosen in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from ...core import currencies
from ...core.access.principal import Principal
from ...core.clock import local
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.shop import shop
from ...models import (
    FOR_SALE,
    AuditEntry,
    Category,
    Maker,
    Product,
    ProductStatus,
    SlugRedirect,
    StockLevel,
    StockPolicy,
    TaxClass,
    Variant,
)
from . import availability, commands, identity, previews, price_tags
from .product_changes import seal_of
from .product_draft import ProductDraft, VariantDraft, read_draft
from .product_fields import CELLS, FIELDS, margin, text_of

STATUS_LABELS = {
    ProductStatus.DRAFT: _("Draft"),
    ProductStatus.SCHEDULED: _("Scheduled"),
    ProductStatus.ACTIVE: _("Live"),
    ProductStatus.UNLISTED: _("Unlisted"),
    ProductStatus.ARCHIVED: _("Archived"),
}
STATUS_TONES = {
    ProductStatus.DRAFT: "calm",
    ProductStatus.SCHEDULED: "blue",
    ProductStatus.ACTIVE: "green",
    ProductStatus.UNLISTED: "calm",
    ProductStatus.ARCHIVED: "calm",
}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class SingleVariant:
    """The one variant of a product without options, whose cells are fields of the form."""

    key: str = ""
    sku: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    margin: str = ""
    unit_price: str = ""
    stock_line: str = ""


@dataclass(frozen=True, slots=True)
class ProductForm:
    """`fields` are the texts of `product_fields.FIELDS` by name; amounts in cells are typed texts."""

    id: int = 0
    title: str = ""
    slug: str = ""
    status: str = ""
    status_label: str = ""
    status_tone: str = ""
    opens: str = ""
    """When a scheduled product opens, to be read."""
    fields: dict[str, str] = field(default_factory=dict)
    version: int = 0
    seal: str = ""
    has_options: bool = False
    single: list[SingleVariant] = field(default_factory=list)
    options: str = "[]"
    """JSON: [name, [[value, swatch], …]] of each option."""
    rows: str = "[]"
    """JSON: [id, [value, …], [cell, …] as in `CELLS`, stock, tone] of each variant."""
    variants_text: str = ""
    """ "12, from 4 colours and 3 sizes"."""
    stock_text: str = ""
    symbol: str = ""
    currency: str = ""
    decimals: int = 2
    """Digits of its amounts behind the point."""
    categories: list[Choice] = field(default_factory=list)
    tax_classes: list[Choice] = field(default_factory=list)
    makers: list[Choice] = field(default_factory=list)
    vendors: list[str] = field(default_factory=list)
    shop_href: str = ""
    """Where customers see it; "" while they don't."""
    preview_href: str = ""
    changed_text: str = ""
    """Who changed it last, and when."""
    history_key: str = ""
    """What its entries in the audit are found by."""


def form(session: Session, slug: str, *, by: Principal) -> ProductForm:
    """The product as its form shows it; an old address finds it too.

    Errors  Forbidden, NotFound.
    """
    by.need("products.view")
    product = commands.find(session, slug) or _formerly(session, slug)
    if not product or not product.id:
        raise NotFound(_("There is no such product."))
    draft = read_draft(session, product)
    stocks = _stocks(session, product.id)
    active = [variant for variant in draft.variants if variant.active]
    status = ProductStatus(product.status)
    return ProductForm(
        id=product.id,
        title=product.title,
        slug=product.slug,
        status=status.value,
        status_label=STATUS_LABELS[status],
        status_tone=STATUS_TONES[status],
        opens=_opens(product),
        fields={name: text_of(name, draft) for name in FIELDS},
        version=product.version,
        seal=seal_of(draft),
        has_options=bool(draft.options) or len(draft.variants) != 1,
        single=[] if draft.options else [_single(each, stocks) for each in draft.variants[:1]],
        options=json.dumps([[option.name, option.values] for option in draft.options]),
        rows=json.dumps([_row(each, draft, stocks) for each in draft.variants], separators=(",", ":")),
        variants_text=_variants_text(draft, len(active)),
        stock_text=_stock_text([stocks[each.id] for each in active if each.id in stocks]),
        symbol=price_tags.shown(0).strip("0.,\xa0 "),
        currency=shop().currency,
        decimals=currencies.currency(shop().currency).shown,
        categories=_categories(session),
        tax_classes=[Choice(*row) for row in session.exec(_TAX_CLASSES)],
        makers=[Choice(name, name) for name in session.exec(select(Maker.name).order_by(Maker.name))],
        vendors=_vendors(session),
        shop_href=f"/products/{product.slug}" if status in FOR_SALE else "",
        preview_href=previews.address(product.slug, product.id),
        changed_text=_changed(session, product.handle),
        history_key=product.handle,
    )


_TAX_CLASSES = select(TaxClass.code, TaxClass.label).order_by(col(TaxClass.label))


def _formerly(session: Session, name: str) -> Product | None:
    """The product that had this address, or whose handle it is."""
    moved = (
        select(Product)
        .join(SlugRedirect, col(SlugRedirect.product_id) == Product.id)
        .where(SlugRedirect.slug == name)
    )
    known_as = select(Product).where(Product.handle == identity.handle_of(name))
    return session.exec(moved).first() or session.exec(known_as).first()


def _opens(product: Product) -> str:
    if product.status != ProductStatus.SCHEDULED or not product.publish_at:
        return ""
    shown = local(product.publish_at)
    return f"{shown:%Y-%m-%d %H:%M}"


def _stocks(session: Session, product_id: int) -> dict[int | None, availability.Stock]:
    rows = session.exec(
        select(Variant.id, *availability.STOCK_COLUMNS)  # pyright: ignore[reportCallIssue, reportArgumentType]
        .join(StockLevel, col(StockLevel.variant_id) == Variant.id)
        .where(Variant.product_id == product_id)
    )
    return {row[0]: availability.Stock(*row[1:]) for row in rows}


NO_STOCK = availability.Stock(0, 0, 0, 0, StockPolicy.DENY.value, None)


def _units(stock: availability.Stock) -> str:
    return _("not counted") if stock.policy == StockPolicy.UNTRACKED else str(stock.left)


def _tone(stock: availability.Stock) -> str:
    return {"low": "amber", "out": "coral"}.get(stock.kind, "")


def _row(
    variant: VariantDraft, draft: ProductDraft, stocks: dict[int | None, availability.Stock]
) -> list[object]:
    values = dict(variant.options)
    stock = stocks.get(variant.id, NO_STOCK)
    return [
        variant.id,
        [values.get(option.name, "") for option in draft.options],
        [cell.read(variant) for cell in CELLS.values()],
        _units(stock),
        _tone(stock),
    ]


def _single(variant: VariantDraft, stocks: dict[int | None, availability.Stock]) -> SingleVariant:
    return SingleVariant(
        key=str(variant.id),
        sku=variant.sku,
        cells={name: cell.read(variant) for name, cell in CELLS.items()},
        margin=margin(variant),
        unit_price=price_tags.unit_price(variant.price_minor, variant.contents, variant.contents_unit),
        stock_line=_units(stocks.get(variant.id, NO_STOCK)),
    )


def _variants_text(draft: ProductDraft, count: int) -> str:
    parts = [f"{len(option.values)} × {option.name}" for option in draft.options]
    return f"{count:,}" + (_(", from {parts}").format(parts=", ".join(parts)) if parts else "")


def _stock_text(stocks: Sequence[availability.Stock]) -> str:
    counted = [stock for stock in stocks if stock.policy != StockPolicy.UNTRACKED]
    if not counted:
        return _("Not counted")
    units = sum(max(0, stock.left) for stock in counted)
    return plural("{count} unit can be sold", "{count} units can be sold", units)


def _categories(session: Session) -> list[Choice]:
    rows = session.exec(
        select(Category.id, Category.parent_id, Category.slug, Category.title).order_by(
            col(Category.position), col(Category.title)
        )
    ).all()
    children: dict[int | None, list[tuple[int | None, str, str]]] = {}
    for key, parent, slug, title in rows:
        children.setdefault(parent, []).append((key, slug, title))
    choices: list[Choice] = []

    def walk(parent: int | None, path: str) -> None:
        for key, slug, title in children.get(parent, ()):
            choices.append(Choice(slug, f"{path}{title}"))
            walk(key, f"{path}{title} / ")

    walk(None, "")
    return choices


def _vendors(session: Session) -> list[str]:
    names = select(Product.vendor).where(Product.vendor != "").distinct().order_by(Product.vendor).limit(200)
    return list(session.exec(names))


def _changed(session: Session, key: str) -> str:
    row = session.exec(
        select(AuditEntry.actor, AuditEntry.at)
        .where(AuditEntry.object_kind == "product", AuditEntry.object_key == key)
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
    ).first()
    if not row:
        return ""
    who = row[0].partition(":")[2] or row[0]
    return _("Changed by {who}, {when}").format(who=who, when=f"{local(row[1]):%Y-%m-%d %H:%M}")
