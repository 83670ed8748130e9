"""Lists: pages by cursor, facets with counts, chips, and an address for every view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session, col, select

from shop_app.core.clock import now
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address, MovedTo
from shop_app.models import (
    Category,
    OptionValue,
    Picture,
    Product,
    ProductPicture,
    StockLevel,
    Variant,
    VariantPicture,
)
from shop_app.services.catalog.views import Listing, ListingQuery
from shop_app.services.search import (
    index_cache,
    listing,
    listing_address,
    listing_index,
    listing_pages,
)
from shop_app.services.search.listing_address import href, read_address
from shop_app.state import listing as listing_state
from tests.factories import add, make_category, make_product, variants_of

pytestmark = pytest.mark.both

Make = Callable[..., Product]


def _browse(session: Session, address: str = "") -> Listing:
    """The list behind an address, as a browser would ask for it."""
    query = address.partition("?")[2]
    return listing.browse(
        session, read_address(dict(part.split("=", 1) for part in query.split("&") if part))
    )


def _titles(view: Listing) -> list[str]:
    return [card.title for card in view.cards]


def _counts(view: Listing, name: str) -> dict[str, int]:
    facet = next(facet for facet in view.facets if facet.name == name)
    return {value.label: value.count for value in facet.choices}


@pytest.fixture(autouse=True)
def _renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine even these few rows take long enough for being renewed behind."""
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)


@pytest.fixture
def shop(session: Session) -> None:
    """Four tables and lamps: two colours each, one sold out, one reduced."""
    products = [
        make_product(
            session, "Oak Table", category="Table", price_minor=9000, options={"Colour": ["Oak", "Moss"]}
        ),
        make_product(
            session, "Ash Table", category="Table", price_minor=7000, options={"Colour": ["Ash", "Moss"]}
        ),
        make_product(
            session,
            "Moss Lamp",
            price_minor=4000,
            compare_at_minor=5000,
            options={"Colour": ["Moss"]},
            stock=0,
        ),
        make_product(session, "Clay Lamp", price_minor=5050, options={"Colour": ["Clay"]}, stock=2),
    ]
    for sold, product in enumerate(products, 1):
        product.sold_count = sold
        product.materials = ["Wood"] if "Table" in product.title else ["Steel"]
    listing_index.refresh(session, [product.id for product in products])  # pyright: ignore


def test_everything_is_shown_with_the_most_popular_first(session: Session, shop: None) -> None:
    view = _browse(session, "/products")
    assert (view.title, view.total, view.count_text) == ("All products", 4, "4 products")
    assert _titles(view) == ["Clay Lamp", "Moss Lamp", "Ash Table", "Oak Table"]
    assert (view.shown_text, view.shown_percent, view.next_href, view.more_text) == (
        "Showing 4 of 4",
        100,
        "",
        "",
    )
    assert (view.price_floor, view.price_ceiling) == ("€40.00", "€90.00")
    assert [(card.price, card.compare_at, card.saving, card.stock_line) for card in view.cards] == [
        ("€50.50", "", "", "Only 2 left"),
        ("€40.00", "€50.00", "−20 %", "Sold out"),
        ("€70.00", "", "", ""),
        ("€90.00", "", "", ""),
    ]
    assert [(crumb.label, crumb.href) for crumb in view.crumbs] == [("Home", "/"), ("All products", "")]


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("price", ["Moss Lamp", "Clay Lamp", "Ash Table", "Oak Table"]),
        ("-price", ["Oak Table", "Ash Table", "Clay Lamp", "Moss Lamp"]),
        ("popular", ["Clay Lamp", "Moss Lamp", "Ash Table", "Oak Table"]),
    ],
)
def test_a_list_is_sorted(session: Session, shop: None, sort: str, titles: list[str]) -> None:
    view = _browse(session, f"/products?sort={sort}")
    assert _titles(view) == titles
    assert view.sort == sort


def test_inside_a_facet_any_value_will_do_and_across_facets_all_have_to_fit(
    session: Session, shop: None
) -> None:
    assert _titles(_browse(session, "/products?colour=oak,clay&sort=price")) == ["Clay Lamp", "Oak Table"]
    assert _titles(_browse(session, "/products?colour=moss&material=wood&sort=price")) == [
        "Ash Table",
        "Oak Table",
    ]
    assert _titles(_browse(session, "/products?colour=oak&material=steel")) == []


def test_a_facets_numbers_are_counted_under_all_filters_but_its_own(session: Session, shop: None) -> None:
    assert _counts(_browse(session), "colour") == {"Moss": 3, "Ash": 1, "Clay": 1, "Oak": 1}
    view = _browse(session, "/products?colour=oak")
    assert _counts(view, "colour") == {"Ash": 1, "Clay": 1, "Moss": 3, "Oak": 1}
    assert _counts(view, "material") == {"Wood": 1, "Steel": 0}
    view = _browse(session, "/products?material=steel&in_stock=1")
    assert _counts(view, "colour") == {"Clay": 1, "Moss": 0, "Ash": 0, "Oak": 0}
    assert (view.in_stock, view.in_stock_count, view.on_sale_count) == (True, 1, 0)


def test_availability_and_sale_are_counted_as_if_they_were_switched_on(session: Session, shop: None) -> None:
    view = _browse(session)
    assert (view.in_stock_count, view.on_sale_count) == (3, 1)
    assert (view.in_stock_href, view.on_sale_href) == ("/products?in_stock=1", "/products?on_sale=1")
    assert _titles(_browse(session, view.on_sale_href)) == ["Moss Lamp"]
    assert _browse(session, view.in_stock_href).in_stock_href == "/products"


def test_a_value_and_its_chip_switch_the_same_thing(session: Session, shop: None) -> None:
    view = _browse(session, "/products?category=table&colour=oak&sort=price")
    moss = next(value for facet in view.facets for value in facet.choices if value.label == "Moss")
    assert (moss.chosen, moss.href) == (False, "/products?category=table&colour=moss,oak&sort=price")
    assert [(chip.label, chip.href) for chip in view.chips] == [
        ("Oak", "/products?category=table&sort=price")
    ]
    assert view.clear_href == "/products?category=table&sort=price"
    assert view.canonical == "/products?category=table"


def test_prices_between_are_kept_both_ends_included(session: Session, shop: None) -> None:
    view = _browse(session, "/products?price_min=40&price_max=50.50&sort=price")
    assert _titles(view) == ["Moss Lamp", "Clay Lamp"]
    assert (view.price_min, view.price_max) == ("40", "50.50")
    assert [chip.label for chip in view.chips] == ["€40.00 – €50.50"]
    assert [chip.label for chip in _browse(session, "/products?price_min=70").chips] == ["From €70.00"]
    assert _browse(session, "/products?price_max=60").price_ceiling == "€90.00"


def test_an_unknown_value_gives_nothing_and_can_be_taken_away(session: Session, shop: None) -> None:
    view = _browse(session, "/products?colour=ultraviolet")
    assert (view.total, view.cards, view.count_text) == (0, [], "0 products")
    assert [(chip.label, chip.href) for chip in view.chips] == [("ultraviolet", "/products")]
    assert [link.slug for link in view.suggestions] == ["lighting", "table"]


def test_a_category_shows_what_is_below_it_too(session: Session, shop: None) -> None:
    parent = make_category(session, "Home")
    for slug in ("table", "lighting"):
        session.exec(select(Category).where(Category.slug == slug)).one().parent_id = parent.id
    listing_index.refresh(session, [])
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    assert _titles(_browse(session, "/products?category=home&sort=price")) == [
        "Moss Lamp",
        "Clay Lamp",
        "Ash Table",
        "Oak Table",
    ]
    view = _browse(session, "/products?category=table&sort=price")
    assert _titles(view) == ["Ash Table", "Oak Table"]
    assert [(crumb.label, crumb.href) for crumb in view.crumbs] == [
        ("Home", "/"),
        ("Home", "/products?category=home"),
        ("Table", ""),
    ]


def test_a_category_that_is_not_there_is_not_found(session: Session, shop: None) -> None:
    with pytest.raises(NotFound):
        _browse(session, "/products?category=attic")


def test_words_and_filters_go_together(session: Session, shop: None) -> None:
    view = _browse(session, "/products?q=table&colour=oak")
    assert (view.title, _titles(view)) == ("Results for “table”", ["Oak Table"])
    assert [choice.label for choice in view.sorts][:2] == ["Best match", "Most popular"]
    assert _titles(_browse(session, "/products?q=table&sort=-price")) == ["Oak Table", "Ash Table"]
    view = _browse(session, "/products?q=tabel")
    assert (view.corrected_text, sorted(_titles(view))) == ("table", ["Ash Table", "Oak Table"])


def test_new_ones_are_those_of_the_last_weeks(session: Session, shop: None) -> None:
    old = session.exec(select(Product).where(Product.slug == "oak-table")).one()
    old.published_at = now() - timedelta(days=400)
    listing_index.refresh(session, [old.id])  # pyright: ignore
    view = _browse(session, "/products?new=1&sort=newest")
    assert view.total == 3
    assert "Oak Table" not in _titles(view)
    assert [card.is_new for card in view.cards] == [True, True, True]


def test_every_change_of_the_listing_index_is_seen_at_once(session: Session, shop: None) -> None:
    assert _browse(session).in_stock_count == 3
    variant = session.exec(select(Variant).where(Variant.sku == "CLAY-LAMP-CLAY")).one()
    session.get_one(StockLevel, variant.id).on_hand = 0
    listing_index.refresh_availability(session, [variant.id])  # pyright: ignore
    assert _browse(session).in_stock_count == 2


@pytest.mark.parametrize(
    ("address", "low", "high", "sentence"),
    [
        ("price_min=abc", "abc", "", "Enter amounts in figures, such as 20 or 19.50."),
        ("price_min=-5", "-5", "", "Enter amounts in figures, such as 20 or 19.50."),
        ("price_max=1e9", "", "1e9", "Enter amounts in figures, such as 20 or 19.50."),
        ("price_min=20&price_max=10", "20", "10", "“From” is more than “To”. Swap the two amounts."),
        ("price_min=20&price_max=x", "20", "x", "Enter amounts in figures, such as 20 or 19.50."),
    ],
)
def test_prices_that_are_no_range_filter_nothing_and_get_a_sentence(
    session: Session, shop: None, address: str, low: str, high: str, sentence: str
) -> None:
    view = _browse(session, f"/products?{address}")
    assert (view.total, view.chips) == (4, [])
    assert (view.price_min, view.price_max, view.price_error) == (low, high, sentence)
    # The address keeps what was typed, and links from there don't.
    query = read_address(dict(part.split("=") for part in address.split("&")))
    assert href(query) == f"/products?{address}"
    assert view.in_stock_href == "/products?in_stock=1"
    assert _browse(session, "/products?price_min=10&price_max=20").price_error == ""


# --- Variants -----------------------------------------------------------------------------------


def _lamps(session: Session) -> None:
    """A lamp in two colours and two sizes, each variant with its own price; and one in Moss alone."""
    product = make_product(
        session, "Lamp", options={"Colour": ["Moss", "Clay"], "Size": ["Small", "Large"]}, stock=9
    )
    prices = {"MOSS-SMALL": 2000, "MOSS-LARGE": 4000, "CLAY-SMALL": 3000, "CLAY-LARGE": 6000}
    for variant in variants_of(session, product):
        variant.price_minor = prices[variant.sku.removeprefix("LAMP-")]
        if variant.sku == "LAMP-CLAY-LARGE":
            variant.compare_at_minor = 8000
        if variant.sku == "LAMP-CLAY-SMALL":
            session.get_one(StockLevel, variant.id).on_hand = 0
    plain = make_product(session, "Moss Pot", options={"Colour": ["Moss"]}, price_minor=2500)
    plain.materials = ["Clay"]
    listing_index.refresh(session, [product.id, plain.id])  # pyright: ignore


@pytest.mark.parametrize("walked", [True, False])
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("colour=clay", [("Lamp", "from €30.00", "", "LAMP-CLAY-LARGE")]),
        ("colour=clay&size=small", [("Lamp", "€30.00", "Sold out", "LAMP-CLAY-SMALL")]),
        ("colour=clay&size=small&in_stock=1", []),
        ("colour=clay&in_stock=1", [("Lamp", "€60.00", "", "LAMP-CLAY-LARGE")]),
        ("colour=moss&on_sale=1", []),
        ("colour=clay&on_sale=1", [("Lamp", "€60.00", "", "LAMP-CLAY-LARGE")]),
        ("colour=moss&price_min=30", [("Lamp", "€40.00", "", "LAMP-MOSS-LARGE")]),
        ("colour=clay&price_max=20", []),
        ("colour=clay,moss&size=large", [("Lamp", "from €40.00", "", "LAMP-MOSS-LARGE")]),
        ("price_min=35&price_max=45", [("Lamp", "€40.00", "", "LAMP-MOSS-LARGE")]),
        ("price_min=24&price_max=26", [("Moss Pot", "€25.00", "", "")]),
        ("colour=moss&material=clay", [("Moss Pot", "€25.00", "", "")]),
        ("price_max=100", [("Moss Pot", "€25.00", "", ""), ("Lamp", "from €20.00", "", "")]),
    ],
)
def test_filters_are_fulfilled_by_one_variant_and_the_card_is_about_it(
    session: Session,
    address: str,
    shown: list[tuple[str, str, str, str]],
    walked: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing_pages, "SORTED_HERE", -1 if walked else 10**9)
    _lamps(session)
    view = _browse(session, f"/products?{address}")
    cards = [
        (card.title, card.price, card.stock_line, card.variant_query.removeprefix("?variant="))
        for card in view.cards
    ]
    assert (cards, view.total) == (shown, len(shown))


def test_a_sku_that_is_searched_for_leads_to_its_variant(session: Session) -> None:
    _lamps(session)
    for typed, query in (
        ("lamp-clay-large", "?variant=LAMP-CLAY-LARGE"),
        ("LAMP%20CLAY-LARGE", "?variant=LAMP-CLAY-LARGE"),
        ("lamp-clay", ""),
        ("lamp", ""),
    ):
        cards = _browse(session, f"/products?q={typed.replace('%20', ' ')}").cards
        assert (cards[0].title, cards[0].variant_query) == ("Lamp", query)


def test_counts_are_of_products_with_one_variant_that_fits(session: Session) -> None:
    _lamps(session)
    view = _browse(session, "/products?colour=clay&in_stock=1")
    assert _counts(view, "size") == {"Small": 0, "Large": 1}
    assert _counts(view, "colour") == {"Clay": 1, "Moss": 2}
    assert (view.in_stock_count, view.on_sale_count) == (1, 1)
    assert (view.price_floor, view.price_ceiling) == ("€60.00", "€60.00")
    view = _browse(session, "/products?size=small")
    assert (view.in_stock_count, view.on_sale_count) == (1, 0)


@pytest.mark.parametrize("walked", [True, False])
def test_the_price_that_is_sorted_by_is_that_of_the_variants_that_fit(
    session: Session, walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lamps(session)
    make_product(session, "Clay Jar", options={"Colour": ["Clay"]}, price_minor=2500)
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    monkeypatch.setattr(listing_pages, "SORTED_HERE", -1 if walked else 10**9)
    assert _titles(_browse(session, "/products?sort=price")) == ["Lamp", "Moss Pot", "Clay Jar"]
    assert _titles(_browse(session, "/products?colour=clay&sort=price")) == ["Clay Jar", "Lamp"]
    assert _titles(_browse(session, "/products?colour=clay&sort=-price")) == ["Lamp", "Clay Jar"]


def test_the_card_shows_the_picture_of_its_variant(session: Session) -> None:
    product = make_product(session, "Mug", options={"Colour": ["Moss", "Clay"]})
    shown = {}
    for place, variant in enumerate(variants_of(session, product)):
        key = f"{place:024x}"
        picture = add(session, Picture(key=key, width=960, height=1200, colour="#ffffff"))
        owned = add(
            session,
            ProductPicture(product_id=product.id, picture_id=picture.id, alt=variant.title, position=place),  # pyright: ignore
        )
        add(session, VariantPicture(variant_id=variant.id, product_picture_id=owned.id, position=0))  # pyright: ignore
        shown[variant.title] = key
    listing_index.refresh(session, [product.id])  # pyright: ignore
    assert _browse(session).cards[0].picture.key == shown["Moss"]
    card = _browse(session, "/products?colour=clay").cards[0]
    assert (card.picture.key, card.picture.alt) == (shown["Clay"], "Clay")


def test_any_filters_find_what_looking_at_every_variant_finds(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(9)
    looked_at = []
    for number in range(30):
        colours = rng.sample(["Moss", "Clay", "Oat"], rng.randint(1, 3))
        sizes = rng.sample(["S", "M", "L"], rng.randint(1, 2))
        product = make_product(
            session, f"Thing {number}", options={"Colour": colours, "Size": sizes} if number % 5 else {}
        )
        product.materials = [rng.choice(["Oak", "Ash"])]
        for variant in variants_of(session, product):
            variant.price_minor = rng.choice([1000, 2000, 3000, 4000])
            variant.compare_at_minor = 5000 if rng.random() < 0.3 else None
            stock = rng.choice([0, 4])
            session.get_one(StockLevel, variant.id).on_hand = stock
            colour, _slash, size = variant.title.lower().partition(" / ")
            looked_at.append(
                (product.title, variant.price_minor, bool(variant.compare_at_minor), bool(stock))
                + (colour, size, product.materials[0].lower())
            )
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    for turn in range(60):
        low, high = sorted(rng.sample([None, 1000, 2000, 3000, 4000], 2), key=lambda price: price or 0)
        facets = {
            name: tuple(sorted(rng.sample(values, rng.randint(1, 2))))
            for name, values in (("colour", ["moss", "clay", "oat"]), ("size", ["s", "m", "l"]))
            if rng.random() < 0.6
        } | ({"material": ("oak",)} if rng.random() < 0.3 else {})
        query = ListingQuery(
            price_min_minor=low if rng.random() < 0.5 else None,
            price_max_minor=high if rng.random() < 0.5 else None,
            in_stock=rng.random() < 0.4,
            on_sale=rng.random() < 0.3,
            facets=tuple(sorted(facets.items())),
            sort=rng.choice(["", "price", "-price", "newest"]),
        )
        expected = {
            title
            for title, price, reduced, stocked, colour, size, material in looked_at
            if (query.price_min_minor is None or price >= query.price_min_minor)
            and (query.price_max_minor is None or price <= query.price_max_minor)
            and (stocked or not query.in_stock)
            and (reduced or not query.on_sale)
            and colour in facets.get("colour", (colour,))
            and size in facets.get("size", (size,))
            and material in facets.get("material", (material,))
        }
        for limit in (-1, 10**9):
            monkeypatch.setattr(listing_pages, "SORTED_HERE", limit)
            view = listing.browse(session, query)
            titles = [*_titles(view), *(_titles(_browse(session, view.next_href)) if view.next_href else [])]
            assert (set(titles), len(titles), view.total) == (expected, len(expected), len(expected)), (
                turn,
                query,
            )


# --- The order of facets --------------------------------------------------------------------------


def test_facets_and_values_stay_where_they_are_whatever_is_chosen(session: Session) -> None:
    for number in range(6):
        product = make_product(
            session,
            f"Thing {number}",
            options={
                "Size": ["L", "S", "M"][: 1 + number % 3],
                "Colour": ["Moss", "Oat", "Clay"][number % 3 :],
            },
        )
        product.materials = ["Oak"] if number % 2 else ["Ash", "Zinc"]
        listing_index.refresh(session, [product.id])  # pyright: ignore

    def order(address: str) -> list[tuple[str, list[str]]]:
        view = _browse(session, address)
        return [(facet.name, [value.label for value in facet.choices]) for facet in view.facets]

    first = order("/products")
    assert first == [
        ("colour", ["Clay", "Moss", "Oat"]),
        ("size", ["S", "M", "L"]),
        ("material", ["Ash", "Oak", "Zinc"]),
    ]
    for address in ("colour=oat", "size=m&colour=clay", "material=zinc&in_stock=1", "price_max=1"):
        assert order(f"/products?{address}") == first


def test_of_many_words_the_commonest_come_first_each_part_by_alphabet(session: Session) -> None:
    colours = ["Ash", "Blue", "Clay", "Dune", "Ecru", "Fog", "Gold", "Hay"]
    for number in range(2):
        product = make_product(session, f"Thing {number}", options={"Colour": colours[2 * number :]})
        listing_index.refresh(session, [product.id])  # pyright: ignore
    expected = ["Clay", "Dune", "Ecru", "Fog", "Gold", "Hay", "Ash", "Blue"]
    for address in ("", "?colour=blue", "?q=thing"):
        facet = _browse(session, f"/products{address}").facets[0]
        assert [value.label for value in facet.choices] == expected


def test_a_colour_without_a_swatch_of_its_own_gets_that_of_its_name(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Dark navy", "Mirage"]})
    product.attributes = [{"name": "Finish", "value": "Sand"}]
    other = make_product(session, "Other", options={"Finish": ["Oak", "Sand"]})
    listing_index.refresh(session, [product.id, other.id])  # pyright: ignore
    swatches = {
        facet.name: [(value.label, value.swatch) for value in facet.choices]
        for facet in _browse(session).facets
    }
    assert swatches == {
        "colour": [("Dark navy", "#26344f"), ("Mirage", "#d9cfc3")],
        "finish": [("Oak", ""), ("Sand", "")],
    }


# --- Pages --------------------------------------------------------------------------------------


@pytest.fixture
def many(session: Session) -> list[str]:
    """60 products, many with the same price, rating, popularity and moment."""
    rows_made = []
    for number in range(60):
        product = make_product(session, f"Thing {number:02}", price_minor=1000 + 100 * (number % 7))
        product.sold_count, product.published_at = number % 5, now() - timedelta(hours=number % 3)
        product.review_count, product.stars_sum = 1, 1 + number % 5
        rows_made.append(product)
    session.flush()
    listing_index.refresh(session, [product.id for product in rows_made])  # pyright: ignore
    return [product.title for product in rows_made]


@pytest.mark.parametrize("walked", [True, False])
def test_pages_of_variants_that_fit_follow_each_other_too(
    session: Session, walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_pages, "SORTED_HERE", -1 if walked else 10**9)
    made = []
    for number in range(60):
        product = make_product(session, f"Thing {number}", options={"Colour": ["Moss", "Clay", "Oat"]})
        for place, variant in enumerate(variants_of(session, product)):
            variant.price_minor = 1000 + 700 * ((number + place) % 3) + 100 * (number % 7)
        made.append(product)
    listing_index.refresh(session, [product.id for product in made])  # pyright: ignore
    for sort in ("price", "-price", "newest"):
        address, seen, prices = f"/products?colour=clay,moss&sort={sort}", [], []
        while address:
            view = _browse(session, address)
            seen += _titles(view)
            prices += [card.price.removeprefix("from ") for card in view.cards]
            address = view.next_href
        assert Counter(seen) == Counter(product.title for product in made)
        if sort != "newest":
            assert prices == sorted(prices, reverse=sort == "-price")


@pytest.mark.parametrize("walked", [True, False])
def test_pages_follow_each_other_without_a_gap_or_a_double(
    session: Session, many: list[str], walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_pages, "SORTED_HERE", -1 if walked else 10**9)
    for sort in ("", "popular", "newest", "price", "-price", "rating"):
        for by_number in (False, True):
            address, seen, pages = f"/products?sort={sort}", [], []
            while address:
                view = _browse(session, address)
                seen += _titles(view)
                pages.append((view.page, len(view.cards), view.shown_text))
                address = view.next_href
                if by_number and address:
                    address = f"/products?sort={sort}&page={view.page + 1}"
            assert pages == [
                (1, 24, "Showing 24 of 60"),
                (2, 24, "Showing 48 of 60"),
                (3, 12, "Showing 60 of 60"),
            ]
            assert Counter(seen) == Counter(many)


def test_both_ways_of_reading_a_page_give_the_same_order(
    session: Session, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for sort in ("", "newest", "price", "-price", "rating"):
        collected = []
        for limit in (-1, 10**9):
            monkeypatch.setattr(listing_pages, "SORTED_HERE", limit)
            first = _browse(session, f"/products?sort={sort}")
            collected.append((_titles(first), first.next_href, _titles(_browse(session, first.next_href))))
        assert collected[0] == collected[1]


def test_the_link_back_and_the_texts_of_the_button_are_right(session: Session, many: list[str]) -> None:
    first = _browse(session)
    assert (first.more_text, first.previous_href) == ("Show 24 more", "")
    second = _browse(session, first.next_href)
    assert (second.more_text, second.previous_href, second.shown_percent) == ("Show 12 more", "/products", 80)


def test_a_junk_cursor_shows_the_page_of_that_number(session: Session, many: list[str]) -> None:
    second = _titles(_browse(session, "/products?page=2"))
    for after in ("junk", "1", "1.2.3", "-", "1e9.3", "999999999999999999999.1", "1.1%27"):
        assert _titles(_browse(session, f"/products?page=2&after={after}")) == second


def test_a_cursor_before_everything_shows_a_full_page_and_one_after_it_none(
    session: Session, many: list[str]
) -> None:
    low, high = "-999999999999999999.1", "999999999999999999.1"
    for sort, before, after in (
        ("price", low, high),
        ("newest", high, low),
        ("-price", high, low),
        ("", high, low),
    ):
        address = f"/products?page=2&sort={sort}&after="
        assert len(_browse(session, address + before).cards) == 24
        assert _browse(session, address + after).cards == []


@pytest.mark.parametrize(("asked", "leads_to"), [
    ("page=900", "/products?page=3"),
    ("page=4", "/products?page=3"),
    ("page=9999&utm=a%20b", "/products?page=3&utm=a%20b"),
    ("sort=price&page=9999&after=1.1", "/products?page=3&sort=price"),
    ("q=thing&page=77", "/products?page=3&q=thing"),
    ("q=nothing-at-all&page=2", "/products?q=nothing-at-all"),
    ("category=lighting&page=30", "/products?page=3&category=lighting"),
    ("price_max=0.01&page=2", "/products?price_max=0.01"),
])  # fmt: skip
def test_a_page_past_the_end_leads_to_the_last_one(
    session: Session, many: list[str], asked: str, leads_to: str
) -> None:
    with pytest.raises(MovedTo) as moved:
        listing_state.view(session, Address({}, parse_qs(asked)))
    assert (moved.value.location(asked), moved.value.is_permanent) == (leads_to, False)
    assert _browse(session, leads_to).next_href == ""


def test_a_page_past_the_end_shows_the_last_one(session: Session, many: list[str]) -> None:
    view = _browse(session, "/products?page=900")
    assert (view.page, len(view.cards), view.next_href) == (3, 12, "")


@pytest.mark.parametrize("page", ["1", "2", "3"])
def test_every_page_that_there_is_is_canonical_with_its_number(session: Session, many: list[str], page: str):
    listed = _browse(session, f"/products?page={page}&sort=price&in_stock=1")
    assert listed.canonical == ("/products" if page == "1" else f"/products?page={page}")


@pytest.mark.parametrize("page", ["-1", "0", "1e3", "٣", "２", " 2", "+2", "2.0", "0x2", "two", "", "9" * 40])
def test_what_is_no_number_of_a_page_is_the_first(session: Session, many: list[str], page: str) -> None:
    listed = listing.browse(session, read_address({"page": page}))
    assert (listed.page, listed.canonical, len(listed.cards)) == (1, "/products", 24)


@pytest.mark.parametrize(("written", "slug"), [
    ("Lighting", "lighting"), ("LIGHTING", "lighting"), ("ｌighting", "lighting"),
    ("Floor Lamps", "floor-lamps"), ("floor LAMPS", "floor-lamps"), ("Floor-Lamps", "floor-lamps"),
    ("Möbel", "mobel"), ("mo\u0308bel", "mobel"), ("MÖBEL", "mobel"),
])  # fmt: skip
def test_a_category_by_its_title_or_in_other_letters_leads_to_its_own_address(session, written, slug):
    for title in ("Lighting", "Floor Lamps", "Möbel"):
        make_product(session, f"A {title}", category=title)
    with pytest.raises(MovedTo) as moved:
        listing.browse(session, read_address({"category": written, "sort": "price"}))
    assert (
        moved.value.location("sort=price&category=x&utm=1") == f"/products?category={slug}&sort=price&utm=1"
    )
    assert moved.value.is_permanent
    assert listing.browse(session, read_address({"category": slug})).title


@pytest.mark.parametrize("written", ["../../etc", "light", "lighting,table", "<b>", "Lіghting", "twice"])
def test_a_category_that_nothing_is_called_is_not_found(session: Session, written: str) -> None:
    make_product(session, "A", category="Lighting")
    for slug in ("one", "two"):
        add(session, Category(slug=slug, title="Twice"))
    with pytest.raises(NotFound):
        listing.browse(session, read_address({"category": written}))


def test_results_of_a_search_have_pages_too(session: Session, many: list[str]) -> None:
    view, seen = _browse(session, "/products?q=thing"), []
    assert view.next_href == "/products?q=thing&page=2"
    while True:
        seen += _titles(view)
        if not view.next_href:
            break
        view = _browse(session, view.next_href)
    assert Counter(seen) == Counter(many)


def test_what_is_above_the_cap_is_said_to_be_more(
    session: Session, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop_app.services.search.queries.MOST", 50)
    assert _browse(session, "/products?q=thing").count_text == "50+ products"


# --- Addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/products",
        "/products?q=speckled%20mug%20%26%20bowl&category=table&colour=clay,oak&size=large",
        "/products?price_min=12.50&price_max=40&in_stock=1&on_sale=1&new=1&sort=-price&page=3&after=1900.4",
    ],
)
def test_an_address_and_its_query_are_the_same_both_ways(address: str) -> None:
    assert href(read_address(parse_qs(urlsplit(address).query))) == address


@pytest.mark.parametrize(
    "params",
    [
        {"page": "-3"},
        {"page": "0"},
        {"page": "²"},
        {"page": "9" * 50},
        {"sort": "1; DROP"},
        {"utm_source": "letter"},
        {"a\x00b": "1"},
        {"colour": "a\x00b"},
        {"colour": "\u200b"},
        {"colour": "\ud800"},
        {"Sort": "price"},
        {"colour": ""},
        {"colour": ",,,"},
        {"colour": "a" * 1_000_000},
        {"q": "   "},
        {"variant": "X"},
        {"": ""},
        {"in_stock": "yes"},
        {"after": "x"},
    ],
    ids=lambda params: repr(params)[:40],
)
def test_junk_in_an_address_is_dropped(params: dict[str, str]) -> None:
    query = read_address(params)
    assert query == ListingQuery(page=query.page)
    assert 1 <= query.page <= 10_000


def test_an_address_is_bounded() -> None:
    query = read_address(
        {f"facet{n}": ",".join(f"v{m}" for m in range(100)) for n in range(100)} | {"q": "x" * 10**6}
    )
    assert len(query.facets) == 12
    assert {len(values) for _name, values in query.facets} == {30}
    assert len(query.text) == 200


def test_swatches_come_with_their_values(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Moss", "Clay"]})
    value = session.exec(select(OptionValue).where(OptionValue.value == "Moss")).one()
    value.swatch = "#71804f"
    variants_of(session, product)
    listing_index.refresh(session, [product.id])  # pyright: ignore
    view = _browse(session)
    assert [(value.label, value.swatch) for value in view.facets[0].choices] == [
        ("Clay", "#d57f61"),
        ("Moss", "#71804f"),
    ]
    assert [(swatch.label, swatch.colour) for swatch in view.cards[0].swatches] == [("Moss", "#71804f")]


@pytest.mark.parametrize(
    "query", ["q=lamp&page=3", "size=l&price_min=abc", "colour=oak&category=table&price_max=5"]
)
def test_an_address_of_a_filter_is_that_of_the_list_with_it(query: str) -> None:
    asked = listing_address.read_query(query)
    for name, value in (("colour", "oak"), ("size", "xl"), ("zone", "a")):
        chosen = dict(asked.facets)
        chosen[name] = tuple(sorted(set(chosen.get(name, ())) ^ {value}))
        facets = tuple(sorted((key, values) for key, values in chosen.items() if values))
        assert listing_address.switched(asked, name, value) == listing_address.changed(asked, facets=facets)
