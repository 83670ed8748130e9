"""The demo shop: whole, the same each time, with books that are right."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from shop_app.core import db
from shop_app.demo import catalogue, load, scale
from shop_app.models import (
    Collection,
    Customer,
    ListingItem,
    Order,
    Picture,
    Product,
    Promotion,
    Review,
    ShippingMethod,
    Staff,
    StockLevel,
    StockPolicy,
    TaxRate,
    Variant,
)
from shop_app.services.books import check as books
from shop_app.services.catalog import pictures
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.search import listing
from shop_app.services.search import queries as search_queries
from tests.factories import sign_in
from tests.prepared import put_demo_into_place
from tests.production import PRODUCTION

DEMO_TABLES = (
    "product",
    "variant",
    "option_value",
    "picture",
    "product_picture",
    "price_history",
    "review",
    "customer_order",
    "order_line",
    "order_tax_line",
    "payment",
    "payment_event",
    "stock_level",
    "stock_movement",
    "shipment",
    "promotion_use",
    "listing_item",
    "listing_variant",
    "synonym",
)
MADE_ANEW = {"token", "stamp"}


@pytest.fixture
def demo(clock) -> None:
    put_demo_into_place()


def test_the_books_of_the_demo_are_right(demo):
    with db.reading() as session:
        assert books.check(session).violations == ()


@pytest.mark.postgres
def test_on_postgresql_it_is_whole_too_and_grows(engine, clock):
    load.fill()
    scale.grow(30, seed=3)
    with db.reading() as session:
        assert books.check(session).violations == ()
        assert session.exec(select(func.count()).select_from(ListingItem)).one() == 81
    with db.transaction() as session:
        session.add(Product(slug="mine", title="Its number is a new one"))


def test_what_is_in_it(demo):
    with db.reading() as session:
        numbers = {
            table.__name__: session.exec(select(func.count()).select_from(table)).one()
            for table in (Product, Variant, ListingItem, Picture, Staff, ShippingMethod, TaxRate)
        }
        assert numbers == {
            "Product": 51,
            "Variant": 79,
            "ListingItem": 51,
            "Picture": 95,
            "Staff": 2,
            "ShippingMethod": 8,
            "TaxRate": 246,
        }
        assert 3000 <= session.exec(select(func.count()).select_from(Order)).one() <= 4000
        assert 800 <= session.exec(select(func.count()).select_from(Review)).one() <= 1100
        assert session.exec(select(Promotion.name).order_by(col(Promotion.id))).all() == [
            "10 % off from €40",
            "€5 off your first order from €30",
            "Free delivery",
            "15 % off in summer",
            "a salt cellar, from €150",
        ]
        hero = session.exec(select(Collection).where(Collection.slug == "hero")).one()
        assert (
            pictures.shipped()[session.get_one(Picture, hero.picture_id).key]["file"] == "photos/hero-1.jpg"
        )


def test_some_are_sold_out_some_are_few_and_the_rest_is_there(demo):
    with db.reading() as session:
        levels = session.exec(select(StockLevel.policy, StockLevel.on_hand - StockLevel.allocated)).all()
    free = [units for policy, units in levels if policy == StockPolicy.DENY]
    assert (sum(units == 0 for units in free), sum(0 < units <= 3 for units in free)) == (5, 8)
    assert min(free) == 0
    assert [units for policy, units in levels if policy == StockPolicy.UNTRACKED] == [0, 0]


def test_no_two_reviews_say_the_same_and_stars_are_uneven(demo):
    with db.reading() as session:
        bodies = session.exec(select(Review.body).where(Review.body != "")).all()
        stars = Counter(session.exec(select(Review.stars)).all())
        counts = session.exec(select(Product.review_count, Product.stars_sum, Product.id)).all()
        rows_by_product = session.exec(
            select(func.count(), func.sum(Review.stars), Review.product_id).group_by(col(Review.product_id))
        ).all()
    assert len(bodies) == len(set(bodies))
    assert stars[5] > stars[4] > stars[3] > stars[2] > 10
    assert {tuple(row) for row in counts if row[0]} == {tuple(row) for row in rows_by_product}


SPEAKS_OF = {
    r"\bgrain\b|\boil(ed|ing)?\b|\bwood\b|\bknot\b": ("wood", "oak", "beech", "ash", "walnut"),
    r"\bglaze\b": ("glaze", "glazed"),
    r"\bclay\b": ("stoneware", "terracotta"),
    r"\bbrass\b": ("brass",),
    r"\benamel\b": ("enamel", "enamelled"),
    r"\bstone\b": ("stone", "granite", "marble"),
    r"\bcloth came|\bcloth feels|\bcloth picks|\bglue\b": ("cloth",),
    r"\bfelt\b.*(floor|keeps|underneath)": ("felt",),
    r"\b(dishwasher)\b": ("dishwasher safe", "dishwasher and microwave safe"),
    r"\bmicrowave\b": ("microwave safe",),
    r"\binduction\b": ("induction",),
    r"\bbulbs?\b|\bdim(med|mable|mer)?\b|\bswitch\b": ("bulb",),
    r"\bcutlery\b|\bknife\b|\bknives\b": ("plate", "board"),
    r"\bgarlic\b": ("board", "mortar"),
    r"\bsoap\b|\bbathroom\b|\btap\b": ("soap", "bath", "brushes", "towel", "glass", "basin"),
    r"\bplant\b|\bfig\b|\bsoil\b": ("plant",),
    r"\btulips\b|\bbunch\b|\bstems?\b": ("vase",),
    r"\bcandle\b(?! )|\bwick\b": ("candle", "light"),
    r"\b(hook|hung)\b": ("wall", "hang", "hangs", "frame"),
    r"\bbattery\b|\bhands were\b|\bminute since\b": ("battery",),
}
"""What a review may speak of -> what the product's own page has to name, one of these."""


def test_reviews_speak_of_what_their_product_is_and_is_made_of(demo):
    pages = {
        row["slug"]: " ".join(
            [row["title"], row["category"], row["description"], row["care"], *row["materials"]]
        ).lower()
        for row in catalogue.read("catalog.json")["products"]
    }
    with db.reading() as session:
        written = session.exec(
            select(Product.slug, Review.body).join(Product, col(Product.id) == Review.product_id)
        ).all()
    wrong = [
        (slug, body)
        for slug, body in written
        for speaks, named in SPEAKS_OF.items()
        if re.search(speaks, body.lower()) and not any(re.search(rf"\b{word}", pages[slug]) for word in named)
    ]
    assert wrong == []
    assert len(written) > 500


def test_reviews_are_no_older_than_their_product_and_not_from_tomorrow(demo):
    with db.reading() as session:
        late = session.exec(
            select(func.count())
            .select_from(Review)
            .join(Product)
            .where(col(Review.created_at) < Product.published_at)
        ).one()
        newest = session.exec(select(func.max(Review.created_at))).one()
        ordered = session.exec(select(func.max(Order.placed_at))).one()
    assert late == 0
    assert str(newest) < "2026-11-20 10:00"
    assert "2026-11-19 00:00" < str(ordered) < "2026-11-20 10:00:01"


def test_december_and_sundays_are_busier_and_the_shop_grows(demo):
    with db.reading() as session:
        placed = session.exec(select(Order.placed_at)).all()
    months = Counter((at.year, at.month) for at in placed)
    assert months[2025, 12] > 1.2 * months[2025, 10]
    assert sum(at.year == 2026 for at in placed) > 1.2 * sum(at.year == 2025 for at in placed)


def snapshot(session: Session) -> dict[str, list[dict[str, object]]]:
    return {
        table: [
            {name: value for name, value in row.items() if name not in MADE_ANEW}
            for row in session.connection().execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).mappings()
        ]
        for table in DEMO_TABLES
    }


def test_the_same_day_gives_the_same_shop(engine, clock):
    load.fill()
    with db.reading() as session:
        first = snapshot(session)
    db.engine().dispose()
    put_demo_into_place()
    with db.reading() as session:
        assert snapshot(session) == first


def test_demo_logins_work_in_demo_mode(demo):
    with db.transaction() as session:
        for email, password, kind, role in (
            ("owner@example.com", "demo-owner", "staff", "owner"),
            ("clerk@example.com", "demo-clerk", "staff", "clerk"),
            ("shopper@example.com", "demo-shopper", "customer", ""),
        ):
            assert sign_in(session, email, password, kind)[1].role == role
        shopper = session.exec(select(Customer.id).where(Customer.email == "shopper@example.com")).one()
        assert session.exec(select(func.count()).where(col(Order.customer_id) == shopper)).one() >= 5


def test_production_mode_has_no_demo_logins(engine, configure):
    configure(**PRODUCTION)
    load.fill()
    with db.reading() as session:
        assert session.exec(select(Staff)).all() == []
        assert session.exec(select(Customer).where(col(Customer.password_hash).is_not(None))).all() == []


def test_a_generated_catalogue_is_the_same_however_it_grew(demo):
    assert scale.grow(30, seed=3) == 30
    assert scale.grow(50, seed=3) == 20
    assert scale.grow(50, seed=3) == 0
    once = generated()
    assert (len(once), len({title for _slug, title, *_rest in once}) > 20) == (50, True)
    with db.reading() as session:
        assert books.check(session).violations == ()
        assert session.exec(select(func.count()).select_from(ListingItem)).one() == 101


def generated() -> list[tuple[object, ...]]:
    with db.reading() as session:
        rows = session.exec(
            select(Product.slug, Product.title, func.count(col(Variant.id)), func.sum(Variant.price_minor))
            .join(Variant)
            .where(col(Variant.sku).like("G3-%"))
            .group_by(col(Product.id))
            .order_by(col(Product.id))
        ).all()
    return [tuple(row) for row in rows]


def test_fifty_at_once_are_the_fifty_that_came_one_by_one(demo, monkeypatch):
    monkeypatch.setattr(scale, "CHUNK", 7)
    scale.grow(50, seed=3)
    in_chunks = generated()
    with db.transaction() as session:
        session.connection().execute(
            text(
                "DELETE FROM price_history WHERE variant_id IN (SELECT id FROM variant WHERE sku LIKE 'G3-%')"
            )
        )
        session.connection().execute(
            text("DELETE FROM product WHERE id IN (SELECT product_id FROM variant WHERE sku LIKE 'G3-%')")
        )
        session.connection().execute(text("DELETE FROM counter WHERE name = 'generated 3'"))
    monkeypatch.setattr(scale, "CHUNK", 2000)
    scale.grow(50, seed=3)
    assert generated() == in_chunks


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("sofa", {"Lounge Low Chair", "Long Bench"}),
        ("couch", {"Lounge Low Chair", "Long Bench"}),
        (
            "blue",
            {
                "Dune Mug",
                "Rill Tumblers, Set of 2",
                "Ember Kettle",
                "Field Notebooks, Set of 2",
                "Rinse Tumbler",
            },
        ),
        ("blue mug", {"Dune Mug", "Rinse Tumbler"}),
        ("FH-DNM-CLA", {"Dune Mug"}),
        ("speckeld mgu", {"Dune Mug"}),
    ],
)
def test_the_search_of_the_demo_finds_what_people_mean(demo, typed, expected):
    with db.reading() as session:
        matches = search_queries.find(session, typed)
        titles = {session.get_one(Product, key).title for key in matches.product_ids}
    assert titles == expected
    assert matches.corrected == ("speckled mug" if typed == "speckeld mgu" else "")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("lights", ["Canopy Table Lamp", "Moonrise Globe Lamp", "Heron Floor Lamp", "Bell Pendant"]),
        ("cup", ["Reeded Pencil Cup", "Rinse Tumbler", "Dune Mug"]),
        ("lamps", ["Canopy Table Lamp", "Moonrise Globe Lamp"]),
    ],
)
def test_what_has_the_word_itself_comes_first(demo, typed, first):
    with db.reading() as session:
        ids = search_queries.find(session, typed).product_ids
        titles = [session.get_one(Product, key).title for key in ids]
    assert titles[: len(first)] == first


def test_the_lists_of_the_demo_have_one_facet_a_property(demo):
    with db.reading() as session:
        view = listing.browse(session, ListingQuery())
    assert [facet.name for facet in view.facets] == ["colour", "size", "material", "finish"]
    colours, sizes = view.facets[:2]
    assert all(value.swatch for value in colours.choices)
    assert [value.label for value in sizes.choices] == [
        "16 cm",
        "23 cm",
        "32 × 42 cm",
        "50 × 70 cm",
        "Hand, 50 × 90 cm",
        "Bath, 70 × 140 cm",
        "120 cm",
        "160 cm",
        "0.6 l",
        "1.0 l",
    ]
