"""The demo catalogue: products, pictures, reviews, terms and logins from `seed/`, the same each time.

Every date counts back from the day of seeding, so that "new" is new and charts end today.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from random import Random
from typing import Any

from sqlmodel import Session

from .. import models as m
from ..core import money
from ..core.clock import now, start_of, today
from ..core.settings import settings
from ..core.shop import shop
from ..services.accounts import sessions
from ..services.accounts.passwords import Hashed, hash_password
from ..services.catalog import pictures
from .bulk import Bulk

SEED = pictures.SHIPPED
DAYS = 730

LOGINS = (
    ("owner@example.com", "demo-owner", "owner", "Olga Fenn"),
    ("clerk@example.com", "demo-clerk", "clerk", "Claas Holm"),
)
SHOPPER = ("shopper@example.com", "demo-shopper", "Sam Shopper")


@dataclass(slots=True)
class Goods:
    """One variant as orders copy it. Before `changed_at` it was sold at `old_price_minor`."""

    variant_id: int
    product_id: int
    slug: str
    title: str
    variant_title: str
    sku: str
    options: dict[str, str]
    category: str
    price_minor: int
    compare_at_minor: int | None
    old_price_minor: int
    changed_at: datetime
    published_at: datetime
    weight_grams: int
    picture_key: str
    picture_alt: str
    available: int
    stock_policy: m.StockPolicy
    sold: int = field(default=0)


def anchor() -> datetime:
    """The moment that all dates count back from: the start of the shop's day of seeding."""
    return start_of(today())


def read(name: str) -> Any:
    """A file of the demo, whose cents are the minor units of the shop's currency, on its step."""
    return json.loads((SEED / name).read_text(encoding="utf-8"), object_hook=_on_step)


def _on_step(row: dict[str, Any]) -> dict[str, Any]:
    step = money.step(shop().currency)
    return {
        name: money.round_half_up(value, step) if value and name.endswith("_minor") else value
        for name, value in row.items()
    }


def load_terms(bulk: Bulk, today: datetime) -> dict[str, int]:
    """Taxes, shipping, synonyms of the search, promotions; returns promotion ids by code."""
    lists = read("shop.json")
    for word, meanings in lists["synonyms"].items():
        for meaning in meanings:
            bulk.add(m.Synonym, word=word, meaning=meaning)
    for zone in lists["zones"]:
        zone_id = bulk.add(m.ShippingZone, name=zone["name"])
        for country in zone["countries"]:
            bulk.add(m.ZoneCountry, country=country, zone_id=zone_id)
        for position, method in enumerate(zone["methods"]):
            rates = method.pop("rates", ())
            method_id = bulk.add(m.ShippingMethod, zone_id=zone_id, position=position, **method)
            for rate in rates:
                bulk.add(m.ShippingRate, method_id=method_id, **rate)
    codes = {}
    for row in lists["promotions"]:
        code, ended = row.pop("code"), row.pop("ended_days_ago", None)
        ends_at = today - timedelta(days=ended) if ended else None
        codes[code] = bulk.add(
            m.Promotion, created_at=today - timedelta(days=DAYS), starts_at=None, ends_at=ends_at, **row
        )
        bulk.add(m.PromotionCode, code=code, promotion_id=codes[code])
    return codes


def load_gifts(bulk: Bulk, today: datetime) -> None:
    """Promotions with a gift, from today on: no order of the history has one."""
    ids = {row["sku"]: row["id"] for row in bulk.rows(m.Variant)}
    for row in read("shop.json")["gifts"]:
        bulk.add(
            m.Promotion, kind=m.PromotionKind.GIFT.value, automatic=True, created_at=today, starts_at=today,
            ends_at=None, gift_variant_id=ids[row.pop("sku")], **row,
        )  # fmt: skip


def hashed_logins() -> dict[str, Hashed]:
    """The demo's passwords by e-mail address, none in production mode. Takes a second."""
    if settings().mode != "demo":
        return {}
    logins = [(email, password) for email, password, *_rest in (*LOGINS, SHOPPER)]
    return {email: hash_password(password) for email, password in logins}


def load_logins(session: Session, hashes: dict[str, Hashed]) -> None:
    """The demo's owner, clerk and shopper, those of them that have a password."""
    for email, _password, role, name in LOGINS:
        if email in hashes:
            sessions.create_staff(session, email, hashes[email], role, name=name, actor="seed")
    email, _password, name = SHOPPER
    if email in hashes:
        shopper = sessions.create_customer(session, email, hashes[email], name=name)
        # As after the first code: one that comes later leaves the password alone.
        session.get_one(m.Customer, shopper.id).verified_at = now()


def load_products(bulk: Bulk, rng: Random, today: datetime) -> list[Goods]:
    """Categories, products, variants, pictures, price history, tags and collections.

    Stock levels are written by the history, which counts what was sold.
    """
    catalogue, lists = read("catalog.json"), read("shop.json")
    photos = {source["file"]: (key, source) for key, source in pictures.shipped().items()}
    picture_ids = {
        file: bulk.add(
            m.Picture, key=key, source=file, width=source["width"], height=source["height"],
            colour=source["colour"],
            created_at=today - timedelta(days=DAYS),
        )
        for file, (key, source) in photos.items()
    }  # fmt: skip
    categories = {}
    for position, row in enumerate(catalogue["categories"]):
        photo = row["photo"]
        categories[row["slug"]] = bulk.add(
            m.Category, slug=row["slug"], title=row["title"], description=row["description"],
            position=position,
            picture_id=picture_ids[photo["file"]], picture_alt=photo["alt"],
        )  # fmt: skip
    tags: dict[str, int] = {}
    goods: list[Goods] = []
    ids: dict[str, int] = {}
    for row in catalogue["products"]:
        published = _published(row["slug"], lists["new"], rng, today)
        goods_of_row = _product(bulk, row, categories, picture_ids, photos, published, rng, today)
        ids[row["slug"]] = goods_of_row[0].product_id
        goods += goods_of_row
        for tag in row["tags"]:
            if tag not in tags:
                tags[tag] = bulk.add(m.Tag, name=tag)
            bulk.add(m.ProductTag, product_id=ids[row["slug"]], tag_id=tags[tag])
    alts = {photo["file"]: photo["alt"] for photo in catalogue["heroes"]}
    for row in lists["collections"]:
        file = row.get("picture")
        collection_id = bulk.add(
            m.Collection, slug=row["slug"], title=row["title"], description=row["description"],
            picture_id=picture_ids.get(file), picture_alt=alts.get(file, ""),
        )  # fmt: skip
        for position, slug in enumerate(row["products"]):
            bulk.add(
                m.CollectionProduct, collection_id=collection_id, product_id=ids[slug], position=position
            )
    return goods


def description_html(text: str) -> str:
    """Plain paragraphs as HTML."""
    return "".join(f"<p>{escape(part, quote=False)}</p>" for part in text.split("\n\n"))


def _published(slug: str, new: list[str], rng: Random, today: datetime) -> datetime:
    if slug in new:
        return today - timedelta(days=4 + 3 * new.index(slug), hours=-9)
    # Most were there from the first day; a third came later, season by season.
    days = DAYS + rng.randint(5, 30) if rng.random() < 0.65 else rng.randint(90, DAYS - 30)
    return today - timedelta(days=days, hours=-9)


def _product(
    bulk: Bulk,
    row: dict[str, Any],
    categories: dict[str, int],
    picture_ids: dict[str, int],
    photos: dict[str, tuple[str, dict[str, Any]]],
    published: datetime,
    rng: Random,
    today: datetime,
) -> list[Goods]:
    product_id = bulk.add(
        m.Product, slug=row["slug"], handle=row["slug"], title=row["title"], subtitle=row["subtitle"],
        description_html=description_html(row["description"]), care=row["care"], materials=row["materials"],
        dimensions_mm=row["dimensions_mm"], attributes=row["attributes"], vendor="Fennholm",
        status=m.ProductStatus.ACTIVE.value, published_at=published, category_id=categories[row["category"]],
        created_at=published, updated_at=published,
    )  # fmt: skip
    shown = {
        photo["file"]: bulk.add(
            m.ProductPicture, product_id=product_id, picture_id=picture_ids[photo["file"]],
            alt=photo["alt"], position=position,
        )
        for position, photo in enumerate(row["photos"])
    }  # fmt: skip
    alts = {photo["file"]: photo["alt"] for photo in row["photos"]}
    options, values = _options(bulk, product_id, row)
    priced = _Pricing(rng, today, published)
    goods = []
    for position, variant in enumerate(row["variants"]):
        goods_item = _goods(row, variant, product_id, priced, photos, alts)
        goods.append(goods_item)
        _variant(bulk, goods_item, variant, position, priced.cost_percent)
        for name, value in variant["options"].items():
            bulk.add(
                m.VariantOption, variant_id=goods_item.variant_id, option_id=options[name],
                value_id=values[name, value],
            )  # fmt: skip
        for place, file in enumerate(variant["photos"]):
            bulk.add(
                m.VariantPicture,
                variant_id=goods_item.variant_id,
                product_picture_id=shown[file],
                position=place,
            )
        _price_history(bulk, goods_item)
    return goods


class _Pricing:
    """What has happened to a product's prices: when it was reduced, whether and when it was cheaper."""

    def __init__(self, rng: Random, today: datetime, published: datetime) -> None:
        self.published = published
        self.reduced_at = today - timedelta(days=rng.randint(11, 38), hours=-8)
        self.risen = rng.random() < 0.35
        self.risen_at = today - timedelta(days=rng.randint(150, 420), hours=-8)
        self.cost_percent = rng.randint(38, 52)

    def before(self, price: int, compare_at: int | None) -> tuple[int, datetime]:
        """The price before today's, and since when today's holds."""
        when = self.reduced_at if compare_at else self.risen_at
        if when <= self.published:
            return price, when
        return compare_at or (max(100, price * 92 // 10_000 * 100) if self.risen else price), when


def _goods(
    row: dict[str, Any],
    variant: dict[str, Any],
    product_id: int,
    priced: _Pricing,
    photos: dict[str, tuple[str, dict[str, Any]]],
    alts: dict[str, str],
) -> Goods:
    own = variant["price_minor"]
    price = own if own is not None else row["price_minor"]
    # The compare-at price of the product goes with its own price alone.
    compare_at = variant["compare_at_minor"] or (row["compare_at_minor"] if own is None else None)
    old, when = priced.before(price, compare_at)
    file = variant["photos"][0]
    return Goods(
        0, product_id, row["slug"], row["title"], " / ".join(variant["options"].values()), variant["sku"],
        variant["options"], row["category"], price, compare_at, old, when, priced.published,
        row["weight_grams"], photos[file][0], alts[file], variant["stock"] or 0,
        m.StockPolicy.UNTRACKED if variant["stock"] is None else m.StockPolicy.DENY,
    )  # fmt: skip


def _variant(bulk: Bulk, item: Goods, variant: dict[str, Any], position: int, cost_percent: int) -> None:
    item.variant_id = bulk.add(
        m.Variant, product_id=item.product_id, sku=item.sku, barcode=variant["barcode"],
        title=item.variant_title, currency=shop().currency, price_minor=item.price_minor,
        compare_at_minor=item.compare_at_minor, position=position,
        cost_minor=item.price_minor * cost_percent // 100, weight_grams=item.weight_grams,
    )  # fmt: skip


def _options(
    bulk: Bulk, product_id: int, row: dict[str, Any]
) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    options, values = {}, {}
    for position, option in enumerate(row["options"]):
        name = option["name"]
        options[name] = bulk.add(m.ProductOption, product_id=product_id, name=name, position=position)
        for place, value in enumerate(option["values"]):
            values[name, value["value"]] = bulk.add(
                m.OptionValue, option_id=options[name], value=value["value"], swatch=value.get("swatch", ""),
                position=place,
            )  # fmt: skip
    return options, values


def _price_history(bulk: Bulk, item: Goods) -> None:
    moved = item.old_price_minor != item.price_minor
    if moved:
        bulk.add(
            m.PriceHistory, variant_id=item.variant_id, currency=shop().currency,
            price_minor=item.old_price_minor, recorded_at=item.published_at,
        )  # fmt: skip
    bulk.add(
        m.PriceHistory, variant_id=item.variant_id, currency=shop().currency,
        price_minor=item.price_minor, compare_at_minor=item.compare_at_minor,
        recorded_at=item.changed_at if moved else item.published_at,
    )  # fmt: skip
