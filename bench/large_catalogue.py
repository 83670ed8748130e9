"""A generated catalogue of any size for measurements: the same for the same size, written in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from shop_app import models as m
from shop_app.services.search import listing_index

CHUNK = 1000
COLOURS = {
    "Moss": "#71804f",
    "Oat": "#e0d0b8",
    "Clay": "#d57f61",
    "Ink": "#3f4b5e",
    "Chalk": "#eee8de",
    "Sage": "#b4bda0",
    "Rust": "#b8573a",
    "Fog": "#c9cdd0",
    "Ochre": "#c8963e",
    "Charcoal": "#44464a",
}
SIZES = ("Small", "Medium", "Large")
CATEGORIES = ("Table", "Kitchen", "Lighting", "Furniture", "Vases", "Desk", "Bath", "Decor")
KINDS = (
    "Mug",
    "Bowl",
    "Plate",
    "Jar",
    "Lamp",
    "Stool",
    "Vase",
    "Tray",
    "Clock",
    "Basket",
    "Candle",
    "Mirror",
)
MATERIALS = ("Stoneware", "Solid oak", "Walnut", "Glass", "Linen", "Steel", "Brass", "Cotton", "Wool", "Cork")
TAGS = ("gift", "new home", "handmade", "set", "outdoor", "small", "classic", "wood", "stone", "soft")
SYLLABLES = (
    "ba",
    "den",
    "fir",
    "gal",
    "hol",
    "jor",
    "kel",
    "lun",
    "mar",
    "nor",
    "pel",
    "ros",
    "sil",
    "tor",
    "vik",
)
ROOMS = ("Tisch", "Küchen", "Steh", "Garten", "Wand", "Bad", "Kinder", "Schreibtisch", "Reise", "Winter")
WARES = ("lampe", "stuhl", "vase", "tasse", "schale", "regal", "spiegel", "decke", "uhr", "kissen")
CRAFTS = ("陶器", "磁器", "ガラス", "木製", "竹", "手作り", "北欧", "和風", "漆塗り", "真鍮")
THINGS = ("マグカップ", "ボウル", "皿", "ランプ", "椅子", "花瓶", "トレイ", "時計", "かご", "鏡", "茶碗")
LINES = ("毎日の食卓に合う軽い器です。", "職人がひとつずつ仕上げました。", "電子レンジで使えます。")
CLAUSES = (
    "Made in small batches",
    "finished by hand",
    "kind to a wooden table",
    "speckled like a gull's egg",
    "steady on the shelf",
    "easy to wash",
    "good for every day",
    "lighter than it looks",
    "mended for life",
)
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


def fill(session: Session, count: int) -> None:
    """Write `count` products with variants, options, stock, tags and materials, and put them on the listing
    index."""
    session.add(m.TaxClass(code="standard", label="Standard"))
    session.flush()
    fixed: dict[type, list[dict[str, Any]]] = {
        m.Category: [
            {
                "id": place,
                "slug": title.lower(),
                "title": title,
                "description": "",
                "picture_alt": "",
                "position": place,
            }
            for place, title in enumerate(CATEGORIES, 1)
        ],
        m.Tag: [{"id": place, "name": name} for place, name in enumerate(TAGS, 1)],
        m.Picture: [
            {
                "id": place,
                "key": f"{place:032x}",
                "source": "",
                "width": 960,
                "height": 1200,
                "colour": "#d9cfc3",
            }
            for place in range(1, 101)
        ],
    }
    _write(session, fixed)
    products = _products(count)
    while chunk := list(islice(products, CHUNK)):
        rows: dict[type, list[dict[str, Any]]] = {}
        for product in chunk:
            for table, row in product:
                rows.setdefault(table, []).append(row)
        _write(session, rows)
    listing_index.refresh(session, range(1, count + 1))


def _write(session: Session, rows: dict[type, list[dict[str, Any]]]) -> None:
    for table, rows_of_table in rows.items():
        session.connection().execute(insert(table.__table__), rows_of_table)  # pyright: ignore


def _products(count: int) -> Iterator[list[tuple[type, dict[str, Any]]]]:
    rng = Random(count)
    variant_id = 0
    for number in range(1, count + 1):
        rows = _product(rng, number, variant_id)
        variant_id += sum(table is m.Variant for table, _row in rows)
        yield rows


def _product(rng: Random, number: int, last_variant: int) -> list[tuple[type, dict[str, Any]]]:
    name = "".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))).capitalize()
    title, description = _texts(rng, number, name)
    kind, price = rng.choice(KINDS), rng.randrange(900, 60000, 50)
    reduced = price + 1000 if rng.random() < 0.1 else None
    published = EPOCH + timedelta(minutes=rng.randrange(60 * 24 * 900))
    count = rng.choice((0, 0, 1, 3, 12, 40))
    rows: list[tuple[type, dict[str, Any]]] = [
        (
            m.Product,
            {
                "id": number,
                "slug": f"{name.lower()}-{kind.lower()}-{number}",
                "title": title or f"{name} {kind}",
                "subtitle": f"{rng.choice(MATERIALS)}, {rng.randint(8, 60)} cm",
                "description_html": f"<p>{'. '.join(rng.sample(CLAUSES, 5))}. {description}</p>",
                "care": "",
                "kind": kind,
                "materials": rng.sample(MATERIALS, 2),
                "dimensions_mm": {"height": 100},
                "attributes": [],
                "vendor": "Bench",
                "status": "active",
                "published_at": published,
                "tax_class": "standard",
                "category_id": rng.randint(1, len(CATEGORIES)),
                "seo_title": "",
                "seo_description": "",
                "extra": {},
                "sold_count": int(rng.paretovariate(1.1)),
                "review_count": count,
                "stars_sum": sum(rng.choices((5, 4, 3, 1), (70, 20, 7, 3), k=count)),
                "created_at": published,
                "updated_at": published,
                "version": 1,
            },
        )
    ]
    for place, tag in enumerate(rng.sample(range(1, len(TAGS) + 1), 2)):
        rows.append((m.ProductTag, {"product_id": number, "tag_id": tag}))
        picture = {"product_id": number, "picture_id": rng.randint(1 + 50 * place, 50 + 50 * place)}
        rows.append((m.ProductPicture, {"id": 2 * number + place, **picture, "alt": name, "position": place}))
    values = rng.sample(list(COLOURS), 3) if rng.random() < 0.7 else list(SIZES)
    rows += _variants(rng, number, last_variant, values, price, reduced)
    return rows


def _texts(rng: Random, number: int, name: str) -> tuple[str, str]:
    """Title and more of the description of every fifth product, in turn German and Japanese."""
    if number % 10 == 3:
        return f"{rng.choice(ROOMS)}{rng.choice(WARES)} {name}", ""
    if number % 10 == 7:
        return f"{rng.choice(CRAFTS)}{rng.choice(THINGS)} {name}", "".join(rng.sample(LINES, 2))
    return "", ""


def _variants(
    rng: Random, number: int, last: int, values: list[str], price: int, reduced: int | None
) -> list[tuple[type, dict[str, Any]]]:
    option = "Size" if values[0] in SIZES else "Colour"
    rows: list[tuple[type, dict[str, Any]]] = [
        (m.ProductOption, {"id": number, "product_id": number, "name": option, "position": 0})
    ]
    for place, value in enumerate(values):
        key, swatch = last + place + 1, COLOURS.get(value, "")
        rows.append(
            (
                m.OptionValue,
                {"id": key, "option_id": number, "value": value, "swatch": swatch, "position": place},
            )
        )
        rows.append(
            (
                m.Variant,
                {
                    "id": key,
                    "product_id": number,
                    "sku": f"BE-{number:06d}-{place}",
                    "barcode": "",
                    "title": value,
                    "currency": "EUR",
                    "price_minor": price,
                    "compare_at_minor": reduced,
                    "weight_grams": 400,
                    "requires_shipping": True,
                    "active": True,
                    "position": place,
                    "version": 1,
                },
            )
        )
        rows.append((m.VariantOption, {"variant_id": key, "option_id": number, "value_id": key}))
        stock = rng.choice((0, 2, 15, 80))
        rows.append(
            (
                m.StockLevel,
                {
                    "variant_id": key,
                    "on_hand": stock,
                    "allocated": 0,
                    "held": 0,
                    "low_at": 3,
                    "policy": "deny",
                },
            )
        )
    return rows
