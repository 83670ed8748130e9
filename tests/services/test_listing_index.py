"""The listing index: the rows that products are projected to, and that stale ones leave."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, text
from sqlmodel import Session, col, select

from shop_app.core.clock import now
from shop_app.models import (
    ListingFacet,
    ListingItem,
    ListingVariant,
    Product,
    ProductStatus,
    ProductTag,
    Review,
    ReviewStatus,
    StockLevel,
    Tag,
)
from shop_app.services.catalog import reviews
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.search import index_cache, listing_index
from shop_app.services.search import queries as search_queries
from tests.factories import add, make_product, put_in_stock, variant_with, variants_of

pytestmark = pytest.mark.both


def _item(session: Session, product: Product) -> ListingItem | None:
    session.expire_all()
    return session.get(ListingItem, product.id)


def _facets(session: Session, product: Product) -> set[tuple[str, str, str]]:
    rows = session.exec(select(ListingFacet).where(ListingFacet.product_id == product.id))
    return {(row.name, row.value, row.label) for row in rows}


def test_a_product_comes_to_the_listing_index_with_its_prices_and_facets(session: Session) -> None:
    product = make_product(
        session, options={"Colour": ["Moss", "Rosé"]}, price_minor=4900, compare_at_minor=5900
    )
    variants_of(session, product)[1].price_minor = 5200
    product.materials = ["Solid oak"]
    product.attributes = [{"name": "Made in", "value": "Norway"}]
    product.sold_count = 7
    add(session, ProductTag(product_id=product.id, tag_id=add(session, Tag(name="Gift idea")).id))  # pyright: ignore
    listing_index.refresh(session, [product.id])  # pyright: ignore

    item = _item(session, product)
    assert item is not None
    assert (item.slug, item.title, item.sold_count) == ("fable-lamp", "Fable Lamp", 7)
    assert (item.price_minor, item.price_max_minor, item.compare_at_minor) == (4900, 5200, 5900)
    assert (item.on_sale, item.in_stock) == (True, True)
    assert _facets(session, product) == {
        ("colour", "moss", "Moss"),
        ("colour", "rosé", "Rosé"),
        ("material", "solid-oak", "Solid oak"),
        ("made-in", "norway", "Norway"),
        ("tag", "gift-idea", "Gift idea"),
    }


def _variants(session: Session, product: Product) -> list[ListingVariant]:
    session.expire_all()
    rows = select(ListingVariant).where(ListingVariant.product_id == product.id)
    return list(session.exec(rows.order_by(col(ListingVariant.place))))


def test_the_variants_come_to_the_listing_index_the_cheapest_first(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Moss", "Clay"]}, price_minor=4900)
    variants_of(session, product)[1].price_minor = 1900
    variants_of(session, product)[1].compare_at_minor = 2900
    product.attributes = [{"name": "Colour", "value": "Chalk"}, {"name": "Finish", "value": "Satin"}]
    listing_index.refresh(session, [product.id])  # pyright: ignore
    assert [
        (row.place, row.sku, row.price_minor, row.compare_at_minor, row.in_stock, row.options, row.picture)
        for row in _variants(session, product)
    ] == [
        (0, "FABLE-LAMP-CLAY", 1900, 2900, True, {"colour": "clay"}, []),
        (1, "FABLE-LAMP-MOSS", 4900, None, True, {"colour": "moss"}, []),
    ]
    # A property is said once: what is an option isn't taken from the details as well.
    assert _facets(session, product) == {
        ("colour", "moss", "Moss"),
        ("colour", "clay", "Clay"),
        ("finish", "satin", "Satin"),
    }


def test_what_an_earlier_version_has_put_on_the_listing_index_is_completed(session: Session) -> None:
    old, new = (
        make_product(session, "Old", options={"Colour": ["Moss", "Clay"]}),
        make_product(session, "New"),
    )
    listing_index.refresh(session, [old.id, new.id])  # pyright: ignore
    at = index_cache.stamp(session)
    listing_index.complete(session)
    assert index_cache.stamp(session) == at
    session.connection().execute(delete(ListingVariant).where(col(ListingVariant.product_id) == old.id))
    listing_index.complete(session)
    assert [row.sku for row in _variants(session, old)] == ["OLD-MOSS", "OLD-CLAY"]


def test_what_isnt_complete_is_completed_a_part_at_a_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = [make_product(session, title) for title in ("Old", "Older", "Oldest")]
    first, second, third = (product.id or 0 for product in products)
    listing_index.refresh(session, [first, second, third])
    session.connection().execute(delete(ListingVariant).where(col(ListingVariant.product_id) != second))
    monkeypatch.setattr(listing_index, "_incomplete", listing_index._incomplete.limit(1), raising=True)
    assert listing_index.complete(session) == first
    assert not _variants(session, products[2])
    assert listing_index.complete(session, after=first) == third
    assert listing_index.complete(session, after=third) == 0
    assert all(len(_variants(session, product)) == 1 for product in products)


def test_projecting_again_changes_nothing(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Moss"]})
    listing_index.refresh(session, [product.id])  # pyright: ignore
    before = session.connection().execute(text("SELECT * FROM search_document")).all()
    terms = session.connection().execute(text("SELECT * FROM search_term ORDER BY term")).all()
    facets = _facets(session, product)

    listing_index.refresh(session, [product.id])  # pyright: ignore

    assert session.connection().execute(text("SELECT * FROM search_document")).all() == before
    assert session.connection().execute(text("SELECT * FROM search_term ORDER BY term")).all() == terms
    assert _facets(session, product) == facets


@pytest.mark.parametrize("why", ["draft", "scheduled", "nothing to sell", "deleted variants"])
def test_what_cannot_be_bought_leaves_the_listing_index_facets_and_search(session: Session, why: str) -> None:
    product = make_product(session, options={"Colour": ["Moss"]})
    listing_index.refresh(session, [product.id])  # pyright: ignore
    assert search_queries.find(session, "fable").product_ids == [product.id]

    if why == "draft":
        product.status = ProductStatus.DRAFT
    if why == "scheduled":
        product.published_at = now() + timedelta(days=1)
    for variant in variants_of(session, product):
        if why == "nothing to sell":
            variant.active = False
        if why == "deleted variants":
            session.delete(variant)
    listing_index.refresh(session, [product.id])  # pyright: ignore

    assert _item(session, product) is None
    assert _facets(session, product) == set()
    assert search_queries.find(session, "fable") == search_queries.Matches()
    assert session.connection().execute(text("SELECT count(*) FROM search_document")).scalar() == 0


def test_the_option_that_shopify_makes_up_is_no_facet_and_the_addresss_own_names_are_kept_free(
    session: Session,
) -> None:
    plain = make_product(session, "Plain", options={"Title": ["Default Title"]})
    odd = make_product(session, "Odd", options={"Sort": ["A"], "Option sort": ["B"], "Tag": ["C"]})
    listing_index.refresh(session, [plain.id, odd.id])  # pyright: ignore
    assert _facets(session, plain) == set()
    assert _facets(session, odd) == {
        ("option-sort", "a", "A"),
        ("option-option-sort", "b", "B"),
        ("option-tag", "c", "C"),
    }


def test_the_stock_flags_turn_with_the_last_unit_and_not_before(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Moss", "Clay"]}, stock=2)
    moss, clay = variants_of(session, product)
    listing_index.refresh(session, [product.id])  # pyright: ignore
    at = index_cache.stamp(session)

    session.get_one(StockLevel, moss.id).held = 1
    assert listing_index.refresh_availability(session, [moss.id]) is False  # pyright: ignore
    assert index_cache.stamp(session) == at

    session.get_one(StockLevel, moss.id).held = 2
    assert listing_index.refresh_availability(session, [moss.id]) is True  # pyright: ignore
    item = _item(session, product)
    assert item is not None
    assert item.in_stock is True
    assert [row.in_stock for row in _variants(session, product)] == [False, True]

    session.get_one(StockLevel, clay.id).allocated = 2
    assert listing_index.refresh_availability(session, [clay.id]) is True  # pyright: ignore
    item = _item(session, product)
    assert item is not None
    assert item.in_stock is False
    assert index_cache.stamp(session) != at

    session.get_one(StockLevel, moss.id).held = 0
    assert listing_index.refresh_availability(session, [moss.id, clay.id]) is True  # pyright: ignore
    item = _item(session, product)
    assert item is not None
    assert item.in_stock is True


def test_a_variant_that_may_be_ordered_ahead_counts_as_in_stock(session: Session) -> None:
    product = make_product(session, stock=0)
    variant = variant_with(session, "FABLE-LAMP")
    listing_index.refresh(session, [product.id])  # pyright: ignore
    session.get_one(StockLevel, variant.id).policy = "backorder"
    assert listing_index.refresh_availability(session, [variant.id]) is True  # pyright: ignore


def test_more_than_a_chunk_is_projected_and_progress_is_reported(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_index, "CHUNK", 2)
    ids = [make_product(session, f"Lamp {number}").id for number in range(5)]
    messages: list[int] = []
    listing_index.refresh(session, [*ids, ids[0], 999_999], messages.append)  # pyright: ignore
    assert messages == [2, 4, 6]
    assert (
        session.exec(select(col(ListingItem.product_id)).order_by(col(ListingItem.product_id))).all() == ids
    )


def test_popular_products_move_to_the_front_of_the_search(session: Session) -> None:
    first, second = (make_product(session, f"Lamp {name}").id for name in ("one", "two"))
    listing_index.refresh(session, [first, second])  # pyright: ignore
    assert search_queries.find(session, "lamp").product_ids == [first, second]
    session.get_one(Product, second).sold_count = 40
    listing_index.refresh(session, [second])  # pyright: ignore
    assert search_queries.find(session, "lamp").product_ids == [second, first]


def test_a_sale_moves_a_product_in_lists_at_once_and_in_the_search_when_it_doubles(session: Session) -> None:
    first, second = (make_product(session, f"Lamp {name}") for name in ("one", "two"))
    second.sold_count = 4
    listing_index.refresh(session, [first.id, second.id])  # pyright: ignore
    at = index_cache.stamp(session)
    second.sold_count = 5
    listing_index.refresh_sold(session, [second.id])  # pyright: ignore
    item = _item(session, second)
    assert item is not None
    assert (item.sold_count, index_cache.stamp(session)) == (5, at)
    first.sold_count = 8
    listing_index.refresh_sold(session, [first.id])  # pyright: ignore
    assert search_queries.find(session, "lamp").product_ids == [first.id, second.id]


def test_published_reviews_alone_count(session: Session) -> None:
    product = make_product(session)
    for stars, status in ((5, "published"), (4, "published"), (1, "pending"), (1, "rejected")):
        add(session, Review(product_id=product.id, author_name="A", stars=stars, status=ReviewStatus(status)))  # pyright: ignore
    reviews.refresh(session, [product.id])  # pyright: ignore
    listing_index.refresh(session, [product.id])  # pyright: ignore
    session.expire_all()
    assert (product.review_count, product.stars_sum) == (2, 9)
    item = _item(session, product)
    assert item is not None
    assert (item.rating_milli, item.review_count) == (4500, 2)


def test_a_product_without_a_stock_level_is_sold_out(session: Session) -> None:
    product = make_product(session)
    variant = variant_with(session, "FABLE-LAMP")
    level = session.get_one(StockLevel, variant.id)
    session.delete(level)
    session.flush()
    listing_index.refresh(session, [product.id])  # pyright: ignore
    item = _item(session, product)
    assert item is not None
    assert item.in_stock is False
    put_in_stock(session, variant, 1)
    assert listing_index.refresh_availability(session, [variant.id]) is True  # pyright: ignore


def test_a_movement_of_stock_turns_the_flag_by_itself(session: Session) -> None:
    product = make_product(session, stock=2)
    variant = variant_with(session, "FABLE-LAMP")
    listing_index.refresh(session, [product.id])  # pyright: ignore
    inventory_commands.set_on_hand(session, variant.id, 0, reason="stocktake", actor="test")  # pyright: ignore
    item = _item(session, product)
    assert item is not None
    assert item.in_stock is False


def test_a_slow_value_is_served_while_it_is_renewed_in_the_background(engine: Engine) -> None:
    renewed = threading.Event()
    built: list[str] = []

    def build(_session: Session) -> int:
        built.append(threading.current_thread().name)
        if len(built) > 1:
            renewed.set()
        return len(built)

    cache = index_cache.IndexCache(build)
    with Session(engine) as session:
        assert cache.get(session, "a") == 1
        entry = cache._values[session.connection().engine]
        entry.took_s, entry.made_at = 1.0, entry.made_at - 21
        assert cache.get(session, "b") == 1
        assert renewed.wait(10)
    assert built == ["MainThread", "index-cache"]
