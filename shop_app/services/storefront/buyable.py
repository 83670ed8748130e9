"""Whether customers can buy a product, and what hinders them: computed from facts, never from ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.settings import settings
from ...models import (
    FOR_SALE,
    Product,
    ProductPicture,
    ProductStatus,
    StockLevel,
    TaxRate,
    Variant,
)
from ..catalog import availability
from ..shipping import queries as shipping_queries


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that selling needs. `state` is done, hint (sells without it) or stop (hinders selling)."""

    key: str
    state: str
    text: str
    href: str = ""
    """Where it is mended: a part of the page, or another page."""


@dataclass(frozen=True, slots=True)
class _Sold:
    """What the checks need of a variant."""

    sku: str
    price_minor: int
    weight_grams: int
    requires_shipping: bool
    stock: availability.Stock


def checks(session: Session, product_id: int, *, by: Principal) -> list[Check]:
    """What selling this product needs, what hinders it first.

    Errors  Forbidden, NotFound.
    """
    by.need("products.view")
    product = session.get(Product, product_id)
    if not product:
        raise NotFound(_("There is no such product."))
    variants = _variants(session, product_id)
    listed = [
        _status(product),
        _variants_there(variants),
        _price(variants),
        _stock(variants),
        *_delivery(session, variants),
        _tax(session, product),
        _picture(session, product_id),
        _given("description", product.description_html, _("Described"), _("No description yet")),
        _given("category", product.category_id, _("In a category"), _("In no category: lists leave it out")),
        _given("maker", product.maker_id, _("Maker named"), _("No maker named: the EU wants one beside it")),
    ]
    order = {"stop": 0, "hint": 1, "done": 2}
    return sorted((check for check in listed if check), key=lambda check: order[check.state])


def _variants(session: Session, product_id: int) -> list[_Sold]:
    rows = session.exec(
        select(  # pyright: ignore[reportCallIssue, reportArgumentType]
            Variant.sku,
            Variant.price_minor,
            Variant.weight_grams,
            Variant.requires_shipping,
            *availability.STOCK_COLUMNS,
        )
        .join(StockLevel, col(StockLevel.variant_id) == Variant.id, isouter=True)
        .where(Variant.product_id == product_id, Variant.active)
        .order_by(col(Variant.position))
    )
    return [_Sold(*row[:4], stock=availability.Stock(*row[4:])) for row in rows]


def _status(product: Product) -> Check:
    if product.status in FOR_SALE:
        return Check("status", "done", _("Open to customers"))
    sentence = {
        ProductStatus.DRAFT: _("A draft: customers don't see it"),
        ProductStatus.SCHEDULED: _("Scheduled: customers don't see it yet"),
        ProductStatus.ARCHIVED: _("Archived: customers don't see it"),
    }[ProductStatus(product.status)]
    return Check("status", "stop", sentence, "#field-status")


def _variants_there(variants: Sequence[_Sold]) -> Check | None:
    return None if variants else Check("variants", "stop", _("No variant is for sale"), "#variants")


def _price(variants: Sequence[_Sold]) -> Check | None:
    free = [variant.sku for variant in variants if not variant.price_minor]
    if not variants:
        return None
    if not free:
        return Check("price", "done", _("Has a price"))
    if len(free) == len(variants):
        return Check("price", "stop", _("No price yet: it would cost nothing"), "#variants")
    return Check("price", "hint", _("No price: {skus}").format(skus=_few(free)), "#variants")


def _stock(variants: Sequence[_Sold]) -> Check | None:
    out = [variant.sku for variant in variants if not variant.stock.available]
    if not variants:
        return None
    if not out:
        return Check("stock", "done", _("In stock"))
    if len(out) == len(variants):
        return Check("stock", "stop", _("No stock"), f"/admin/inventory/{variants[0].sku}")
    return Check("stock", "hint", _("Sold out: {skus}").format(skus=_few(out)), "/admin/inventory")


def _delivery(session: Session, variants: Sequence[_Sold]) -> list[Check]:
    sent = [variant for variant in variants if variant.requires_shipping]
    if not sent:
        return [Check("delivery", "done", _("Needs no delivery"))] if variants else []
    ways, home = shipping_queries.methods(session), settings().country
    heaviest = max(sent, key=lambda variant: variant.weight_grams)
    lacking = {
        country
        for country, methods in ways.items()
        if shipping_queries.cheapest(methods, heaviest.price_minor, heaviest.weight_grams) is None
    }
    if not ways.keys() - lacking or home not in ways or home in lacking:
        text = _("No delivery to {country} for {grams} g").format(
            country=home, grams=f"{heaviest.weight_grams:,}"
        )
        return [Check("delivery", "stop", text, "/admin/settings")]
    checks = [Check("delivery", "done", _("Can be delivered"))]
    if lacking:
        text = _("Too heavy for delivery to {countries}").format(countries=_few(sorted(lacking)))
        checks.append(Check("delivery-abroad", "hint", text, "/admin/settings"))
    if any(not variant.weight_grams for variant in sent):
        checks.append(Check("weight", "hint", _("No weight: it counts as 0 g"), "#variants"))
    return checks


def _tax(session: Session, product: Product) -> Check:
    rate = session.exec(
        select(TaxRate.id).where(
            TaxRate.tax_class == product.tax_class, TaxRate.country == settings().country
        )
    ).first()
    if rate:
        return Check("tax", "done", _("Taxed"))
    text = _("No tax rate of this class in {country}: it is sold without tax")
    return Check("tax", "hint", text.format(country=settings().country), "#field-tax_class")


def _picture(session: Session, product_id: int) -> Check:
    shown = session.exec(select(ProductPicture.id).where(ProductPicture.product_id == product_id)).first()
    return _given("picture", shown, _("Has pictures"), _("No picture yet"), "#pictures")


def _given(key: str, value: object, done: str, missing: str, href: str = "") -> Check:
    return Check(key, "done", done) if value else Check(key, "hint", missing, href or f"#field-{key}")


def _few(names: Sequence[str]) -> str:
    """The first three, and how many more."""
    more = len(names) - 3
    return ", ".join(names[:3]) + (plural(" and {count} more", " and {count} more", more) if more > 0 else "")
