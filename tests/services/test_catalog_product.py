"""The product page: pickers that know what can be bought, honest prices, facts, reviews and neighbours."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session

from shop_app.core.clock import now
from shop_app.core.errors import NotFound
from shop_app.models import (
    Picture,
    PriceHistory,
    Product,
    ProductPicture,
    ProductStatus,
    ProductTag,
    Review,
    SlugRedirect,
    StockLevel,
    StockPolicy,
    Tag,
    Variant,
    VariantPicture,
)
from shop_app.services.catalog import reviews
from shop_app.services.catalog.availability import of_variants
from shop_app.services.catalog.price_history import Price, lowest_before_reduction
from shop_app.services.catalog.views import Crumb, Detail, HomeView, Moved
from shop_app.services.search import listing_index
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import product_page
from shop_app.services.storefront.product_page import product
from tests.factories import add, make_basics, make_product, variants_of

pytestmark = pytest.mark.both


def _id(row: object) -> int:
    return row.id  # pyright: ignore


@pytest.fixture
def towel(session: Session) -> Product:
    """Two colours in two sizes; bath in clay isn't made, hand in clay is sold out, bath in moss nearly."""
    product = make_product(
        session, "Loom Towel", options={"Colour": ["Moss", "Clay"], "Size": ["Hand", "Bath"]}, stock=20
    )
    by_sku = {variant.sku: variant for variant in variants_of(session, product)}
    by_sku["LOOM-TOWEL-CLAY-BATH"].active = False
    session.get_one(StockLevel, by_sku["LOOM-TOWEL-CLAY-HAND"].id).held = 20
    session.get_one(StockLevel, by_sku["LOOM-TOWEL-MOSS-BATH"].id).allocated = 17
    listing_index.refresh(session, [_id(product)])
    return product


def test_the_first_variant_that_can_be_bought_is_chosen(session: Session) -> None:
    products = make_product(session, options={"Colour": ["Moss", "Clay"]})
    session.get_one(StockLevel, variants_of(session, products)[0].id).on_hand = 0
    session.flush()
    page = product(session, "fable-lamp")
    assert page.chosen_sku == "FABLE-LAMP-CLAY"
    assert product(session, "fable-lamp", "FABLE-LAMP-MOSS").chosen_sku == "FABLE-LAMP-MOSS"
    assert product(session, "fable-lamp", "ELSEWHERE").chosen_sku == "FABLE-LAMP-CLAY"


def test_each_variant_says_what_is_left_of_it(session: Session, towel: Product) -> None:
    page = product(session, "loom-towel")
    assert [(v.sku, v.availability, v.stock_line, v.max_quantity, v.available) for v in page.variants] == [
        ("LOOM-TOWEL-MOSS-HAND", "in", "In stock", 20, True),
        ("LOOM-TOWEL-MOSS-BATH", "low", "Only 3 left in Moss / Bath", 3, True),
        ("LOOM-TOWEL-CLAY-HAND", "out", "Sold out in Clay / Hand", 0, False),
    ]


def test_pickers_lead_to_the_variant_and_know_whether_it_can_be_bought(
    session: Session, towel: Product
) -> None:
    page = product(session, "loom-towel", "LOOM-TOWEL-MOSS-BATH")
    chosen = next(variant for variant in page.variants if variant.sku == page.chosen_sku)
    assert [
        (option.name, [(c.value, c.chosen, c.available, c.sku) for c in option.choices])
        for option in chosen.options
    ] == [
        (
            "Colour",
            [("Moss", True, True, "LOOM-TOWEL-MOSS-BATH"), ("Clay", False, False, "LOOM-TOWEL-CLAY-HAND")],
        ),
        (
            "Size",
            [("Hand", False, True, "LOOM-TOWEL-MOSS-HAND"), ("Bath", True, True, "LOOM-TOWEL-MOSS-BATH")],
        ),
    ]


def test_the_picture_of_the_chosen_variant_comes_up(session: Session) -> None:
    products = make_product(session, options={"Colour": ["Moss", "Clay"]})
    shown = []
    for place, key in enumerate(("aa", "bb")):
        picture = add(session, Picture(key=key, width=960, height=1200, colour="#112233"))
        shown.append(
            add(
                session,
                ProductPicture(product_id=_id(products), picture_id=_id(picture), alt=key, position=place),
            )
        )
    clay = variants_of(session, products)[1]
    for place, picture in enumerate((shown[1], shown[0])):
        add(session, VariantPicture(variant_id=_id(clay), product_picture_id=_id(picture), position=place))
    page = product(session, "fable-lamp")
    assert [(p.key, p.alt, p.width, p.height, p.colour) for p in page.pictures] == [
        ("aa", "aa", 960, 1200, "#112233"),
        ("bb", "bb", 960, 1200, "#112233"),
    ]
    assert [variant.picture_index for variant in page.variants] == [0, 1]


@pytest.mark.parametrize("status", [ProductStatus.DRAFT, ProductStatus.ARCHIVED])
def test_what_is_not_published_is_not_found(session: Session, status: ProductStatus) -> None:
    make_product(session, status=status)
    with pytest.raises(NotFound):
        product(session, "fable-lamp")


def test_what_is_published_later_is_not_found_before(session: Session) -> None:
    products = make_product(session)
    products.published_at = now() + timedelta(hours=1)
    session.flush()
    with pytest.raises(NotFound):
        product(session, "fable-lamp")


def test_an_old_address_says_where_the_product_went(session: Session) -> None:
    products = make_product(session)
    add(session, SlugRedirect(slug="old-lamp", product_id=_id(products)))
    with pytest.raises(Moved) as moved:
        product(session, "old-lamp")
    assert moved.value.slug == "fable-lamp"
    with pytest.raises(NotFound):
        product(session, "never-was")


def test_a_reduced_product_names_the_lowest_price_of_the_30_days_before(session: Session) -> None:
    products = make_product(session, price_minor=4000, compare_at_minor=6000)
    variant = variants_of(session, products)[0]
    for days, price, compare_at in ((90, 4500, None), (25, 6000, None), (20, 5500, None), (5, 4000, 6000)):
        row = PriceHistory(
            variant_id=_id(variant), currency="EUR", price_minor=price, compare_at_minor=compare_at
        )
        row.recorded_at = now() - timedelta(days=days)
        add(session, row)
    page = product(session, "fable-lamp")
    assert page.variants[0].lowest_30_days == "Lowest price of the last 30 days: €45.00"
    assert (page.variants[0].price, page.variants[0].compare_at, page.variants[0].saving) == (
        "€40.00",
        "€60.00",
        "You save €20.00",
    )


def _priced(session: Session, variant: Variant, *prices: tuple[int, int, int | None]) -> None:
    for days, price, compare_at in prices:
        moment = now() - timedelta(days=days)
        row = PriceHistory(
            variant_id=_id(variant),
            currency="EUR",
            price_minor=price,
            compare_at_minor=compare_at,
            recorded_at=moment,
        )
        add(session, row)


def test_each_variant_names_its_own_lowest_price_on_the_page_and_in_pushes(session: Session) -> None:
    lamp = make_product(
        session,
        options={"Colour": ["Moss", "Clay", "Sand"]},
        price_minor=4000,
        compare_at_minor=6000,
    )
    moss, clay, sand = variants_of(session, lamp)
    sand.compare_at_minor = None
    session.flush()
    _priced(session, moss, (90, 6000, None), (5, 4000, 6000))
    # The many prices of one variant don't hide another's.
    _priced(session, moss, *((1 - n / 1000, 4000, 6000) for n in range(501)))
    _priced(session, clay, (90, 4500, None), (5, 4000, 6000))
    _priced(session, sand, (90, 3000, None))
    listing_index.refresh(session, [_id(lamp)])
    lowest = {
        "FABLE-LAMP-MOSS": "",
        "FABLE-LAMP-CLAY": "Lowest price of the last 30 days: €45.00",
        "FABLE-LAMP-SAND": "",
    }
    page = product(session, "fable-lamp", "FABLE-LAMP-MOSS")
    assert {variant.sku: variant.lowest_30_days for variant in page.variants} == lowest
    (pushed,) = of_variants(session, (_id(moss),))
    assert {sku: variant.lowest_30_days for sku, variant in pushed.variants.items()} == lowest


@pytest.mark.parametrize(
    ("history", "lowest"),
    [
        ([], None),
        ([(0, 4000, 6000)], None),
        ([(0, 6000, None)], None),
        ([(0, 4000, 6000), (5, 6000, None)], 6000),
        # Lowering a running reduction doesn't start a new one.
        ([(0, 3000, 6000), (10, 4000, 6000), (50, 6000, None)], 6000),
        # The price in force when the period began counts, an older one doesn't.
        ([(0, 4000, 6000), (10, 6000, None), (40, 5000, None), (80, 2000, None)], 5000),
        ([(0, 4000, 6000), (29, 5000, None), (31, 4900, None), (32, 1, None)], 4900),
        # The whole day counts that the period begins on: 30 days before, at whatever hour.
        ([(0, 4000, 6000), (29.9, 5000, None), (30.2, 4900, None), (32, 4800, None)], 4800),
        # An earlier reduction inside the period counts.
        ([(0, 4000, 6000), (5, 6000, None), (10, 4500, 6000), (60, 6000, None)], 4500),
    ],
)
def test_the_lowest_price_before_a_reduction(
    clock: time_machine.Coordinates, history: list[tuple[float, int, int | None]], lowest: int | None
) -> None:
    moment = now()
    prices = [Price(price, compare_at, moment - timedelta(days=days)) for days, price, compare_at in history]
    assert lowest_before_reduction(prices) == lowest


def test_delivery_is_named_in_working_days_with_its_price(
    session: Session, clock: time_machine.Coordinates
) -> None:
    make_basics(session)
    make_product(session)
    (variant,) = product(session, "fable-lamp").variants
    assert variant.delivery_line == "With you Mon 23 to Wed 25 November"
    assert variant.delivery_cost_line == "Delivery €4.90, free from €50.00"


def test_each_variant_says_what_its_own_delivery_costs(session: Session) -> None:
    make_basics(session)
    lamp = make_product(session, options={"Size": ["Small", "Large"]}, price_minor=4000)
    variants_of(session, lamp)[1].price_minor = 5000
    session.flush()
    assert [variant.delivery_cost_line for variant in product(session, "fable-lamp").variants] == [
        "Delivery €4.90, free from €50.00",
        "Free delivery",
    ]


def test_what_is_sold_by_weight_names_the_price_of_a_kilogram(session: Session) -> None:
    coffee = make_product(session, "Coffee", options={"Size": ["Small", "Large"]}, price_minor=900)
    large = variants_of(session, coffee)[1]
    large.contents, large.contents_unit = 350, "g"
    session.flush()
    listing_index.refresh(session, [_id(coffee)])
    assert [variant.unit_price for variant in product(session, "coffee").variants] == ["", "€25.71 per kg"]
    (pushed,) = of_variants(session, (_id(large),))
    assert [variant.unit_price for variant in pushed.variants.values()] == ["", "€25.71 per kg"]


def test_the_average_is_drawn_as_what_it_is(session: Session) -> None:
    lamp = make_product(session)
    drawn = []
    for stars in (3, 3, 4, 4):
        add(session, Review(product_id=_id(lamp), author_name="Ada", stars=stars, status="published"))
        reviews.refresh(session, [_id(lamp)])
        page = product(session, "fable-lamp")
        drawn.append((page.rating, page.rating_percent))
    assert drawn == [("3.0", 60), ("3.0", 60), ("3.3", 67), ("3.5", 70)]


def test_what_may_be_ordered_ahead_names_its_day(session: Session, clock: time_machine.Coordinates) -> None:
    products = make_product(session, stock=0, policy=StockPolicy.BACKORDER)
    level = session.get_one(StockLevel, variants_of(session, products)[0].id)
    assert product(session, "fable-lamp").variants[0].stock_line == "Made to order"
    level.backorder_on = (now() + timedelta(days=13)).date()
    session.flush()
    variant = product(session, "fable-lamp").variants[0]
    assert (variant.stock_line, variant.availability, variant.max_quantity) == (
        "Ships from 3 December",
        "backorder",
        99,
    )


def test_facts_are_written_for_people(session: Session) -> None:
    products = make_product(session, weight_grams=1340)
    products.materials = ["Stoneware", "Cork"]
    products.dimensions_mm = {"width": 112, "height": 90}
    products.attributes = [{"name": "Made in", "value": "Norway"}, {"name": "Empty", "value": ""}]
    session.flush()
    assert product(session, "fable-lamp").details == [
        Detail("Materials", "Stoneware, Cork"),
        Detail("Measurements", "11.2 × 9 cm (width, height)"),
        Detail("Weight", "1.3 kg"),
        Detail("Made in", "Norway"),
    ]


def test_reviews_are_shown_ten_at_a_time_with_their_spread(session: Session) -> None:
    products = make_product(session)
    for number in range(13):
        review = Review(
            product_id=_id(products),
            author_name=f"Guest {number}",
            stars=5 if number else 2,
            status="published",
            verified=number == 12,
            variant_title="Moss",
            body="Good.",
            created_at=now() - timedelta(days=20 - number),
        )
        add(session, review)
    add(session, Review(product_id=_id(products), author_name="Troll", stars=1, status="pending"))
    reviews.refresh(session, [_id(products)])
    session.expire_all()
    page = product(session, "fable-lamp")
    assert (page.rating, page.review_count, page.review_text, page.more_reviews) == (
        "4.8",
        13,
        "13 reviews",
        3,
    )
    assert [(star.stars, star.count, star.percent) for star in page.stars] == [
        (5, 12, 92),
        (4, 0, 0),
        (3, 0, 0),
        (2, 1, 8),
        (1, 0, 0),
    ]
    assert [review.author for review in page.reviews][:2] == ["Guest 12", "Guest 11"]
    assert (page.reviews[0].bought, page.reviews[1].bought) == ("Bought: Moss", "")
    assert [review.author for review in reviews.more_reviews(session, "fable-lamp", 10)] == [
        "Guest 2",
        "Guest 1",
        "Guest 0",
    ]
    assert [review.author for review in reviews.more_reviews(session, "fable-lamp", 0, stars=2)] == [
        "Guest 0"
    ]
    for order, first in (("", "Guest 12"), ("best", "Guest 12"), ("worst", "Guest 0")):
        assert reviews.more_reviews(session, "fable-lamp", 0, sort=order)[0].author == first
    assert [review.author for review in reviews.more_reviews(session, "fable-lamp", 1, sort="worst")][:2] == [
        "Guest 12",
        "Guest 11",
    ]
    assert reviews.more_reviews(session, "fable-lamp", 10**12) == []
    assert reviews.more_reviews(session, "never-was", 0) == []


def test_related_are_those_of_the_category_or_with_several_tags_in_stock_first(session: Session) -> None:
    products = make_product(session, "Reed Lamp")
    tagged = make_product(session, "Reed Vase", category="Vases")
    near = make_product(session, "Bell Lamp")
    gone = make_product(session, "Sold Lamp", stock=0)
    far = make_product(session, "Far Chair", category="Chairs")
    twice = make_product(session, "Reed Basket", category="Chairs")
    reed, willow = add(session, Tag(name="reed")), add(session, Tag(name="willow"))
    for one, tag in ((products, reed), (products, willow), (tagged, reed), (twice, reed), (twice, willow)):
        add(session, ProductTag(product_id=_id(one), tag_id=_id(tag)))
    listing_index.refresh(session, [_id(one) for one in (products, tagged, near, gone, far, twice)])
    page = product(session, "reed-lamp")
    assert [card.title for card in page.related] == ["Reed Basket", "Bell Lamp", "Reed Vase", "Sold Lamp"]
    assert page.crumbs == [
        Crumb("Home", "/"),
        Crumb("Lighting", "/products?category=lighting"),
        Crumb("Reed Lamp", ""),
    ]


def test_structured_data_says_what_the_page_says_with_whole_addresses(
    session: Session, towel: Product
) -> None:
    towel.title = "Towel </script><script>alert(1)</script>"
    towel.review_count, towel.stars_sum = 4, 19
    session.flush()
    page = product(session, "loom-towel")
    assert "<" not in page.json_ld
    item, trail = json.loads(page.json_ld)["@graph"]
    assert (item["@type"], item["name"], item["url"]) == (
        "Product",
        towel.title,
        "http://localhost:3000/products/loom-towel",
    )
    assert [
        (o["sku"], o["price"], o["priceCurrency"], o["availability"].rpartition("/")[2])
        for o in item["offers"]
    ] == [
        ("LOOM-TOWEL-MOSS-HAND", "49.00", "EUR", "InStock"),
        ("LOOM-TOWEL-MOSS-BATH", "49.00", "EUR", "LimitedAvailability"),
        ("LOOM-TOWEL-CLAY-HAND", "49.00", "EUR", "OutOfStock"),
    ]
    assert item["aggregateRating"]["ratingValue"] == "4.8"
    assert [entry["item"] for entry in trail["itemListElement"]] == [
        "http://localhost:3000/",
        "http://localhost:3000/products?category=lighting",
        "http://localhost:3000/products/loom-towel",
    ]


def test_the_description_for_search_engines_is_plain_and_short(session: Session) -> None:
    products = make_product(
        session, description_html="<p>One &amp; <b>two</b>.</p>" + "<p>Many more words.</p>" * 40
    )
    description = product(session, "fable-lamp").meta_description
    assert description.startswith("Fable Lamp, made for tests. One & two . Many more words.")
    assert len(description) <= 156
    products.seo_description = "As the shopkeeper wrote it."
    session.flush()
    assert product(session, "fable-lamp").meta_description == "As the shopkeeper wrote it."


def test_cards_by_address_keep_their_order_and_leave_out_what_is_gone(session: Session) -> None:
    ids = [_id(make_product(session, title)) for title in ("Ash", "Birch", "Cedar")]
    listing_index.refresh(session, ids)
    cards = storefront.cards(session, ["cedar", "gone", "ash", "cedar"])
    assert [card.slug for card in cards] == ["cedar", "ash"]
    assert storefront.cards(session, []) == []


def test_the_sitemap_has_every_public_address_and_no_other(session: Session) -> None:
    product = make_product(session)
    hidden = make_product(session, "Hidden", status=ProductStatus.DRAFT)
    listing_index.refresh(session, [_id(product), _id(hidden)])
    assert [path for path, _changed_at in storefront.list_addresses(session)] == [
        "/products",
        "/products?category=lighting",
    ]
    assert [path for path, _changed_at in storefront.product_addresses(session)] == ["/products/fable-lamp"]


def test_an_empty_shop_has_a_home_page(session: Session) -> None:
    assert storefront.home(session) == HomeView([], [], [], [], [], 0, [])


def test_markup_becomes_plain_words() -> None:
    assert product_page.plain_text("<p>a<br>b</p>\n<ul><li>c &lt; d</li></ul>") == "a b c < d"
