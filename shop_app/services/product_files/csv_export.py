"""All products as Shopify's product CSV, so that importing it again changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from ...core.errors import ShopError
from ...core.i18n import _
from ...core.money import decimal_text
from ...core.settings import settings
from ...core.shop import shop
from ...models import FOR_SALE, Picture, Product, StockPolicy, Variant
from ..catalog.product_draft import ProductDraft, VariantDraft, read_draft
from ..inventory import ledger as inventory_ledger
from .csv_cells import harmless
from .csv_columns import HEADER, NUMBERS, OURS, TRACKER, USUAL
from .csv_product import TAB

Progress = Callable[[int], object]


def count_products(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Product)).one()


def export_file(session: Session, path: Path, *, progress: Progress = lambda _steps: None) -> int:
    """Write all products; returns how many. The file appears whole, or not at all."""
    header = [*HEADER, *_further_columns(session)]
    part = path.with_name(path.name + ".part")
    written = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(header)
            for product in _all_products(session):
                for cells in _rows_of(session, product):
                    writer.writerow([cells.get(name, "") for name in header])
                written += 1
                progress(1)
        part.replace(path)
    except OSError as error:
        raise ShopError(_("The file can't be written: {reason}.").format(reason=error.strerror)) from None
    finally:
        part.unlink(missing_ok=True)
    return written


def _all_products(session: Session) -> Iterator[Product]:
    last = 0
    while chunk := session.exec(
        select(Product).where(col(Product.id) > last).order_by(col(Product.id)).limit(500)
    ).all():
        last = chunk[-1].id or 0
        yield from chunk
        session.expunge_all()


def _further_columns(session: Session) -> list[str]:
    columns: set[str] = set()
    for extra in session.exec(select(Product.extra)):
        columns |= {name.partition(TAB)[0] for name in extra}
    return sorted(
        name for name in columns - set(HEADER) if not name.startswith(("Image Src ", "Image Alt Text "))
    )


def _rows_of(session: Session, product: Product) -> Iterator[dict[str, str]]:
    draft = read_draft(session, product)
    extra = dict(draft.extra)
    variants = [variant for variant in draft.variants if variant.active] or list(draft.variants[:1])
    levels = _free_units(session, variants)
    sources = _addresses(session, draft)
    images = _image_cells(draft, extra, sources)
    for place in range(max(len(variants), len(images))):
        cells = {"Handle": draft.handle}
        if place < len(variants):
            cells |= _variant_cells(draft, variants[place], levels, sources)
            tail = f"{TAB}{variants[place].sku}"
            own = {name.removesuffix(tail): text for name, text in extra.items() if name.endswith(tail)}
            if not cells[TRACKER] or not own.get(TRACKER):
                own.pop(TRACKER, None)
            cells |= own
        if place < len(images):
            cells |= images[place]
        if place == 0:
            cells |= _product_cells(draft)
            cells |= {name: text for name, text in extra.items() if TAB not in name}
        yield {name: _cell(name, text) for name, text in cells.items()}


def _cell(name: str, text: str) -> str:
    return text if name in NUMBERS else harmless(text, name)


def _product_cells(draft: ProductDraft) -> dict[str, str]:
    cells = {
        "Title": draft.title,
        "Gift Card": USUAL["Gift Card"],
        "Body (HTML)": draft.description_html,
        "Vendor": draft.vendor,
        "Type": draft.kind,
        "Tags": ", ".join(draft.tags),
        "Published": "true" if draft.status in FOR_SALE else "false",
        "Status": draft.status,
        "SEO Title": draft.seo_title,
        "SEO Description": draft.seo_description,
        OURS["category"]: draft.category,
        OURS["subtitle"]: draft.subtitle,
        OURS["care"]: draft.care,
        OURS["materials"]: "; ".join(draft.materials),
    }
    if not draft.options:
        return {**cells, "Option1 Name": "Title", "Option1 Value": "Default Title"}
    return {
        **cells,
        **{f"Option{number} Name": option.name for number, option in enumerate(draft.options[:3], 1)},
    }


def _variant_cells(
    draft: ProductDraft, variant: VariantDraft, levels: dict[str, int], sources: dict[str, str]
) -> dict[str, str]:
    currency = shop().currency

    def amount(minor: int | None) -> str:
        return "" if minor is None else decimal_text(minor, currency)

    tracked = variant.stock_policy != StockPolicy.UNTRACKED
    values = {f"Option{number} Value": value for number, (_name, value) in enumerate(variant.options[:3], 1)}
    return {
        **(values or {"Option1 Value": "Default Title"}),
        "Variant SKU": variant.sku,
        "Variant Grams": str(variant.weight_grams),
        TRACKER: USUAL[TRACKER] if tracked else "",
        "Variant Inventory Qty": str(levels[variant.sku]) if tracked else "",
        "Variant Inventory Policy": "continue" if variant.stock_policy == StockPolicy.BACKORDER else "deny",
        "Variant Fulfillment Service": USUAL["Variant Fulfillment Service"],
        "Variant Price": amount(variant.price_minor),
        "Variant Compare At Price": amount(variant.compare_at_minor),
        "Cost per item": amount(variant.cost_minor),
        "Unit Price Total Measure": str(variant.contents or ""),
        "Unit Price Total Measure Unit": variant.contents_unit,
        "Variant Requires Shipping": "true" if variant.requires_shipping else "false",
        "Variant Taxable": "false" if draft.tax_class == "zero" else "true",
        "Variant Barcode": variant.barcode,
        "Variant Image": sources[variant.pictures[0]] if variant.pictures else "",
    }


def _image_cells(draft: ProductDraft, extra: dict[str, str], sources: dict[str, str]) -> list[dict[str, str]]:
    """A row's cells for each picture; those that couldn't be fetched keep their places between the others."""
    waiting = {
        int(name.rsplit(" ", 1)[1]): text for name, text in extra.items() if name.startswith("Image Src ")
    }
    alts = {
        int(name.rsplit(" ", 1)[1]): text
        for name, text in extra.items()
        if name.startswith("Image Alt Text ")
    }
    for name in [name for name in extra if name.startswith(("Image Src ", "Image Alt Text "))]:
        del extra[name]
    places = {place: (url, alts.get(place, "")) for place, url in waiting.items()}
    free = (place for place in range(1, 20_000) if place not in waiting)
    for picture, place in zip(draft.pictures, free, strict=False):
        places[place] = (sources[picture.key], picture.alt)
    return [
        {"Image Src": url, "Image Position": str(place), "Image Alt Text": alt}
        for place, (url, alt) in sorted(places.items())
    ]


def _addresses(session: Session, draft: ProductDraft) -> dict[str, str]:
    """Where each picture came from; the shop's own address for those that were uploaded."""
    keys = [picture.key for picture in draft.pictures]
    rows = session.exec(select(Picture.key, Picture.source).where(col(Picture.key).in_(keys))).all()
    return {
        key: source
        if source.startswith(("http://", "https://"))
        else f"{settings().public_url}/media/{key}/1440.jpg"
        for key, source in rows
    }


def _free_units(session: Session, variants: list[VariantDraft]) -> dict[str, int]:
    rows = session.exec(
        select(Variant.id, Variant.sku).where(col(Variant.sku).in_([v.sku for v in variants]))
    ).all()
    levels = inventory_ledger.levels(session, [key or 0 for key, _sku in rows])
    return {sku: levels.get(key or 0, inventory_ledger.Level()).available for key, sku in rows}
