"""Structured data: what search engines read of a product (schema.org, as JSON-LD)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from ...core import money
from ...core.settings import settings
from ...core.shop import shop
from ..catalog import price_tags
from ..catalog.views import Crumb
from ..search.cards import rating_text

_AVAILABILITY = {
    "in": "InStock",
    "low": "LimitedAvailability",
    "out": "OutOfStock",
    "backorder": "BackOrder",
}
MAX_PICTURES = 6
MAX_OFFERS = 100
"""Above it the offers of a product are summed up: those of 2,048 variants would be half a megabyte."""


class Offered(NamedTuple):
    """A variant on offer; `availability` is in, low, out or backorder."""

    sku: str
    barcode: str
    title: str
    price_minor: int
    availability: str


def json_ld(
    *,
    slug: str,
    title: str,
    description: str,
    brand: str,
    picture_keys: Sequence[str],
    rating_milli: int,
    review_count: int,
    crumbs: Sequence[Crumb],
    offers: Sequence[Offered],
) -> str:
    """Product, offers, rating and breadcrumbs as a text that is safe inside a <script>."""
    base = settings().public_url
    address = f"{base}/products/{slug}"
    product: dict[str, Any] = {
        "@type": "Product",
        "@id": f"{address}#product",
        "name": title,
        "url": address,
        "description": description,
        "sku": offers[0].sku,
        "offers": [_offer(address, offer) for offer in offers]
        if len(offers) <= MAX_OFFERS
        else _all_offers(address, offers),
    }
    if brand:
        product["brand"] = {"@type": "Brand", "name": brand}
    if picture_keys:
        product["image"] = [f"{base}/media/{key}/960.jpg" for key in picture_keys[:MAX_PICTURES]]
    if review_count:
        product["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": rating_text(rating_milli),
            "reviewCount": review_count,
            "bestRating": 5,
            "worstRating": 1,
        }
    trail = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": place,
                "name": crumb.label,
                "item": base + crumb.href if crumb.href else address,
            }
            for place, crumb in enumerate(crumbs, 1)
        ],
    }
    text = json.dumps({"@context": "https://schema.org", "@graph": [product, trail]}, ensure_ascii=False)
    # So that no text in it can end the script element.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _all_offers(address: str, offers: Sequence[Offered]) -> dict[str, Any]:
    currency = shop().currency
    best = min(offers, key=lambda offer: (offer.availability == "out", offer.price_minor))
    prices = [offer.price_minor for offer in offers]
    return {
        "@type": "AggregateOffer",
        "url": address,
        "offerCount": len(offers),
        "lowPrice": money.decimal_text(min(prices), currency),
        "highPrice": money.decimal_text(max(prices), currency),
        "priceCurrency": currency,
        "availability": f"https://schema.org/{_AVAILABILITY[best.availability]}",
    }


def _offer(address: str, offer: Offered) -> dict[str, Any]:
    currency = shop().currency
    entry: dict[str, Any] = {
        "@type": "Offer",
        "sku": offer.sku,
        "url": f"{address}?variant={quote(offer.sku)}",
        "price": money.decimal_text(price_tags.sold_minor(offer.price_minor), currency),
        "priceCurrency": currency,
        "availability": f"https://schema.org/{_AVAILABILITY[offer.availability]}",
        "itemCondition": "https://schema.org/NewCondition",
    }
    if offer.title:
        entry["name"] = offer.title
    if offer.barcode.isdigit() and len(offer.barcode) in (8, 12, 13, 14):
        entry["gtin"] = offer.barcode
    return entry
