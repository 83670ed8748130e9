"""A large generated catalogue beside the demo's: the same products for the same seed, in bulk.

Each product is made from its own number alone, so that growing from 1,000 to 100,000 gives the same
shop as making 100,000 at once. Pictures are the demo's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import text
from sqlmodel import Session, col, select

from .. import models as m
from ..core import db
from ..core.clock import now
from ..core.money import round_half_up, step
from ..core.shop import shop
from ..services.catalog import pictures
from ..services.search import listing_index
from .bulk import Bulk
from .catalogue import anchor

CHUNK = 2000

WHAT = {
    "table": ("Bowl", "Plate", "Cup", "Jug", "Platter", "Glass", "Saucer", "Carafe"),
    "kitchen": ("Pan", "Jar", "Board", "Colander", "Whisk", "Canister", "Kettle", "Ladle"),
    "lighting": ("Lamp", "Pendant", "Lantern", "Sconce", "Reading Light", "Globe"),
    "furniture": ("Stool", "Shelf", "Side Table", "Bench", "Chair", "Cabinet", "Coat Rack"),
    "vases-planters": ("Vase", "Planter", "Pot", "Watering Can", "Bud Vase", "Trough"),
    "desk": ("Tray", "Pen Rest", "Notebook", "Bookend", "Letter Rack", "Paperweight"),
    "bath": ("Towel", "Soap Dish", "Tumbler", "Bath Mat", "Hook", "Basket"),
    "decor": ("Candle", "Mirror", "Frame", "Bird", "Bell", "Clock", "Garland"),
}
NAMES = (
    "Alder",
    "Birk",
    "Calm",
    "Dell",
    "Eider",
    "Fjell",
    "Glen",
    "Haar",
    "Isle",
    "Juniper",
    "Kelp",
    "Lark",
    "Moor",
    "Nook",
    "Oriel",
    "Pebble",
    "Quill",
    "Rook",
    "Skerry",
    "Tarn",
    "Umber",
    "Vale",
    "Willow",
    "Yarrow",
    "Zephyr",
)
MATERIALS = (
    "Stoneware",
    "Oak",
    "Ash",
    "Glass",
    "Linen",
    "Steel",
    "Brass",
    "Terracotta",
    "Marble",
    "Cotton",
    "Walnut",
)
COLOURS = (
    ("Moss", "#71804f"),
    ("Oat", "#e0d0b8"),
    ("Clay", "#d57f61"),
    ("Ink", "#3f4b5e"),
    ("Chalk", "#eee8de"),
    ("Sage", "#b4bda0"),
    ("Rust", "#b8573a"),
    ("Slate", "#77818a"),
    ("Plum", "#875a68"),
    ("Ochre", "#dd9f55"),
)
SIZES = ("Small", "Medium", "Large", "Extra large")
TAGS = (
    "gift",
    "handmade",
    "set",
    "recycled",
    "dishwasher-safe",
    "outdoor",
    "small-batch",
    "stackable",
    "limited",
    "everyday",
    "classic",
    "winter",
    "summer",
    "refill",
)
LINES = (
    "Made to be used every day and looked after for years.",
    "The proportions were drawn by hand until nothing was left to take away.",
    "Small differences from piece to piece belong to the making.",
    "It stands quietly among other things and does its job.",
    "Spare parts can be had for as long as we sell it.",
)


def grow(count: int, *, seed: int, progress: Callable[[int], object] = lambda _steps: None) -> int:
    """Have `count` generated products of that seed; returns how many were added. A chunk a transaction."""
    name = f"generated {seed}"
    with db.reading() as session:
        counter = session.get(m.Counter, name)
        made_count = counter.value if counter else 0
        maker = _Maker(session, seed)
    progress(min(made_count, count))
    for first in range(made_count + 1, count + 1, CHUNK):
        last = min(first + CHUNK - 1, count)
        with db.transaction() as session:
            _no_time_limit(session)
            maker.make(session, first, last)
            session.merge(m.Counter(name=name, value=last))
        progress(last - first + 1)
    return max(0, count - made_count)


def _no_time_limit(session: Session) -> None:
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(text("SET LOCAL statement_timeout = 0"))


class _Maker:
    """Makes products by their numbers, with what the database already has to refer to."""

    def __init__(self, session: Session, seed: int) -> None:
        self.seed, self.currency, self.today, self.now = seed, shop().currency, anchor(), now()
        self.step = step(self.currency)
        categories = session.exec(select(m.Category.slug, m.Category.id)).all()
        self.categories = [(slug, key) for slug, key in categories if slug in WHAT] or [
            (slug, key) for slug, key in zip(WHAT, [None] * len(WHAT), strict=True)
        ]
        photos = {source["file"]: key for key, source in pictures.shipped().items()}
        ids = dict(session.exec(select(m.Picture.key, m.Picture.id)).all())
        # A picture fits any product here; those of people's own uploads are left alone.
        self.pictures = [
            ids[key] for file, key in sorted(photos.items()) if key in ids and "/hero-" not in file
        ]

    def make(self, session: Session, first: int, last: int) -> None:
        """Write the products of these numbers, and what lists and search read of them."""
        bulk = Bulk(session)
        self.tags = self._tags(session)
        ids = [self._product(bulk, number) for number in range(first, last + 1)]
        bulk.write()
        listing_index.refresh(session, ids)

    def _tags(self, session: Session) -> list[int]:
        ids = dict(session.exec(select(m.Tag.name, m.Tag.id).where(col(m.Tag.name).in_(TAGS))).all())
        for name in TAGS:
            if name not in ids:
                tag = m.Tag(name=name)
                session.add(tag)
                session.flush()
                ids[name] = tag.id
        return [ids[name] or 0 for name in TAGS]

    def _product(self, bulk: Bulk, number: int) -> int:
        rng = Random(f"{self.seed} product {number}")
        category, category_id = rng.choice(self.categories)
        what, name, material = rng.choice(WHAT[category]), rng.choice(NAMES), rng.choice(MATERIALS)
        title = f"{name} {material} {what}"
        at = self.today - timedelta(days=rng.randint(1, 1100), minutes=rng.randint(0, 1439))
        slug = f"{title.lower().replace(' ', '-')}-{self.seed}-{number}"
        product_id = bulk.add(
            m.Product,
            slug=slug,
            handle=slug,
            title=title,
            subtitle=f"{material}, No. {number}",
            description_html=f"<p>{rng.choice(LINES)} {rng.choice(LINES)}</p>",
            materials=[material],
            vendor=f"{rng.choice(NAMES)} Works",
            kind=what,
            category_id=category_id,
            status=m.ProductStatus.ACTIVE.value,
            published_at=at,
            created_at=at,
            updated_at=at,
            sold_count=int(rng.paretovariate(1.1)) % 5000,
        )
        for place, picture_id in enumerate(rng.sample(self.pictures, 2) if len(self.pictures) > 1 else ()):
            bulk.add(
                m.ProductPicture,
                product_id=product_id,
                picture_id=picture_id,
                position=place,
                alt=title if place == 0 else f"{title}, another view",
            )
        for tag_id in rng.sample(self.tags, rng.randint(1, 3)):
            bulk.add(m.ProductTag, product_id=product_id, tag_id=tag_id)
        self._variants(bulk, rng, number, product_id, at)
        return product_id

    def _variants(self, bulk: Bulk, rng: Random, number: int, product_id: int, at: datetime) -> None:
        name, values = _option(rng)
        option_id = bulk.add(m.ProductOption, product_id=product_id, name=name, position=0) if name else 0
        price = round_half_up(rng.randint(4, 400) * 100 - rng.choice((0, 10, 50)), self.step)
        compare_at = None
        if rng.random() < 0.1:
            compare_at = price + round_half_up(max(100, price * rng.randint(10, 35) // 100), self.step)
        weight = rng.randint(80, 9000)
        for place, (value, swatch) in enumerate(values):
            variant_id = bulk.add(
                m.Variant,
                product_id=product_id,
                sku=f"G{self.seed}-{number}-{place + 1}",
                title=value,
                currency=self.currency,
                price_minor=price,
                compare_at_minor=compare_at,
                cost_minor=price * 45 // 100,
                weight_grams=weight,
                position=place,
                barcode="",
            )
            if name:
                value_id = bulk.add(
                    m.OptionValue, option_id=option_id, value=value, swatch=swatch, position=place
                )
                bulk.add(m.VariantOption, variant_id=variant_id, option_id=option_id, value_id=value_id)
            bulk.add(
                m.PriceHistory,
                variant_id=variant_id,
                currency=self.currency,
                price_minor=price,
                compare_at_minor=compare_at,
                recorded_at=at,
            )
            self._stock(bulk, variant_id, 0 if rng.random() < 0.07 else rng.randint(1, 120), at)

    def _stock(self, bulk: Bulk, variant_id: int, units: int, at: datetime) -> None:
        bulk.add(m.StockLevel, variant_id=variant_id, on_hand=units)
        if units:
            bulk.add(
                m.StockMovement,
                variant_id=variant_id,
                kind=m.MovementKind.RECEIVED.value,
                on_hand_delta=units,
                reason="delivery",
                actor="seed",
                at=at,
            )


def _option(rng: Random) -> tuple[str, list[tuple[str, str]]]:
    """An option with its values, in colours, in sizes, or none at all."""
    kind = rng.random()
    if kind < 0.5:
        return "Colour", rng.sample(COLOURS, rng.randint(2, 4))
    if kind < 0.75:
        return "Size", [(size, "") for size in SIZES[: rng.randint(2, 4)]]
    return "", [("", "")]
