"""The projection of one product: its listing row, facets, card and search document."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ..catalog.views import focus_of
from . import word_index
from .cards import rating_milli
from .facet_keys import MAX_LABEL, MAX_NAME, in_json, key_of, read_key
from .word_index import Document

RESERVED = re.compile("(option-)*(q|category|sort|page|after|price|new|variant|tag|collection)")
"""Names that the address of a listing uses itself; an option of that name gets "option-" before it."""
COLLECTION = "collection"
"""The facet of the collections that a product is in; its values are their slugs."""
UNSAID = {"title": "default-title"}
"""The option and value that Shopify's files give to a product without options."""
MAX_SWATCHES = 8
_TAGS = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class ProductRows:
    """A product with its parts, as rows of plain values."""

    id: int
    slug: str
    title: str
    subtitle: str
    description_html: str
    materials: list[str]
    attributes: list[dict[str, str]]
    vendor: str
    kind: str
    published_at: datetime
    category_id: int | None
    sold_count: int
    review_count: int
    stars_sum: int
    variants: list[Any] = field(default_factory=list)
    """(id, sku, barcode, price, compare-at, available), in their order."""
    values: list[Any] = field(default_factory=list)
    """(variant id, option, value, swatch)."""
    pictures: list[Any] = field(default_factory=list)
    """(product picture id, key, alt, width, height, colour, focal point x and y)."""
    variant_pictures: list[Any] = field(default_factory=list)
    """(variant id, product picture id), the first of each variant last."""
    tags: list[Any] = field(default_factory=list)
    collections: list[Any] = field(default_factory=list)
    """(slug, title)."""


class Projection(NamedTuple):
    item: dict[str, Any]
    variants: list[dict[str, Any]]
    facets: list[dict[str, Any]]
    document: Document


def project(product: ProductRows, categories: dict[int, tuple[int | None, str]]) -> Projection:
    """The projection of a product that has at least one variant.

    `categories` maps an id to (parent, title).
    """
    cheapest = min(product.variants, key=lambda variant: (variant[3], variant[4] is None))
    item = {
        "product_id": product.id,
        "slug": product.slug,
        "title": product.title,
        "category_id": product.category_id,
        "price_minor": cheapest[3],
        "price_max_minor": max(variant[3] for variant in product.variants),
        "compare_at_minor": cheapest[4],
        "on_sale": any(variant[4] is not None for variant in product.variants),
        "in_stock": any(variant[5] for variant in product.variants),
        "sold_count": product.sold_count,
        "rating_milli": rating_milli(product.stars_sum, product.review_count),
        "review_count": product.review_count,
        "published_at": product.published_at,
        "card": _card(product),
    }
    return Projection(item, _variants(product), _facets(product), _document(product, categories))


def _card(product: ProductRows) -> dict[str, Any]:
    ordered = [_columns(row) for row in product.pictures]
    shows = _pictures_of_variants(product)
    swatches: dict[str, list[str]] = {}
    for variant_id, _option, value, swatch in product.values:
        if swatch and value not in swatches:
            picture = shows.get(variant_id)
            swatches[value] = [value, swatch, picture[0] if picture else ""]
    return {
        "picture": ordered[0] if ordered else [],
        "second": ordered[1] if len(ordered) > 1 else [],
        "swatches": list(swatches.values())[:MAX_SWATCHES],
        "subtitle": product.subtitle,
    }


def _columns(row: Any) -> list[Any]:
    """The picture's columns in the listing index, as `cards.picture` reads them."""
    *columns, x, y = row[1:]
    focus = focus_of(x, y)
    return [*columns, focus] if focus else columns


def _pictures_of_variants(product: ProductRows) -> dict[int, list[Any]]:
    """The first picture of each variant that has one of its own."""
    pictures = {row[0]: _columns(row) for row in product.pictures}
    return {variant_id: pictures[key] for variant_id, key in product.variant_pictures if key in pictures}


def _variants(product: ProductRows) -> list[dict[str, Any]]:
    shows = _pictures_of_variants(product)
    options: dict[int, dict[str, str]] = defaultdict(dict)
    for variant_id, option, value, _swatch in product.values:
        if name := _facet_name(option, value):
            options[variant_id][in_json(name)] = key_of(value)
    return [
        {
            "product_id": product.id,
            "place": place,
            "variant_id": variant_id,
            "sku": sku,
            "price_minor": price_minor,
            "compare_at_minor": compare_at_minor,
            "in_stock": bool(available),
            "options": options[variant_id],
            "picture": shows.get(variant_id, []),
        }
        for place, (variant_id, sku, _barcode, price_minor, compare_at_minor, available) in enumerate(
            sorted(product.variants, key=lambda variant: variant[3])
        )
    ]


@lru_cache(maxsize=65536)
def _facet_name(name: str, label: str) -> str:
    """The facet that a property with this value belongs to; "" where it belongs to none."""
    key, value = key_of(name), key_of(label)
    if not key or not value or UNSAID.get(key) == value:
        return ""
    if RESERVED.fullmatch(key):
        key = f"option-{key}"
    # What can't be read from an address again, such as an accent alone, is none.
    is_readable = (read_key(key, MAX_NAME), read_key(value)) == (key, value)
    return key if is_readable and max(len(name), len(label)) <= MAX_LABEL else ""


def _facets(product: ProductRows) -> list[dict[str, Any]]:
    facets: dict[tuple[str, str], dict[str, Any]] = {}

    def add(key: str, label: str, swatch: str = "") -> None:
        if key:
            value = key_of(label)
            facets.setdefault(
                (key, value),
                {"product_id": product.id, "name": key, "value": value, "label": label, "swatch": swatch},
            )

    for _variant_id, option, value, swatch in product.values:
        add(_facet_name(option, value), value, swatch)
    # What its variants differ in is no property of the product as a whole.
    options = {name for name, _value in facets}
    for name, label in (
        *((attribute.get("name", ""), attribute.get("value", "")) for attribute in product.attributes),
        *(("material", material) for material in product.materials),
    ):
        if (key := _facet_name(name, label)) not in options:
            add(key, label)
    for (tag,) in product.tags:
        add("tag" if _facet_name("tag", tag) else "", tag)
    for slug, title in product.collections:
        facets[COLLECTION, slug] = {
            "product_id": product.id,
            "name": COLLECTION,
            "value": slug,
            "label": title,
            "swatch": "",
        }
    return list(facets.values())


def _document(product: ProductRows, categories: dict[int, tuple[int | None, str]]) -> Document:
    attributes = [product.subtitle, product.vendor, product.kind, *product.materials]
    attributes += [tag for (tag,) in product.tags]
    attributes += [value for _variant, _option, value, _swatch in product.values]
    attributes += [attribute.get("value", "") for attribute in product.attributes]
    parent, seen = product.category_id, set[int]()
    while parent in categories and parent not in seen:
        seen.add(parent)
        parent, title = categories[parent]
        attributes.append(title)
    codes = [code for variant in product.variants for code in (variant[1], variant[2]) if code]
    description = html.unescape(_TAGS.sub(" ", product.description_html))
    return word_index.document(
        product.id, product.sold_count, product.title, codes, dict.fromkeys(attributes), description
    )
