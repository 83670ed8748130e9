"""How the catalogue's hot queries are run: by an index, in a few statements, at any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bench import large_catalogue
from shop_app.services.catalog import availability
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.search import (
    categories,
    facet_fold,
    index_cache,
    listing,
    listing_index,
    listing_pages,
)
from shop_app.services.search import queries as search_queries
from shop_app.services.search.suggestions import suggest
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import product_page

SIZE = 400


@pytest.fixture
def large(session: Session) -> Session:
    large_catalogue.fill(session, SIZE)
    return session


@contextmanager
def watched(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        sent.append((statement, values))

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(bind, "before_cursor_execute", note)


def plan(session: Session, statement: str, values: Any) -> list[str]:
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return [row[3] for row in rows]


FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "category": {"category": "table"},
    "price": {"price_min_minor": 500, "price_max_minor": 90_000},
    "stock": {"in_stock": True},
    "sale": {"on_sale": True},
    "new": {"new": True},
    "facet": {"facets": (("colour", ("moss", "oat")),)},
    "everything": {
        "category": "table",
        "price_min_minor": 500,
        "price_max_minor": 90_000,
        "in_stock": True,
        "on_sale": True,
        "facets": (("colour", ("moss", "oat")), ("material", ("brass",))),
    },
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_a_page_of_a_list_is_read_in_the_order_of_an_index(
    large: Session, filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_pages, "SORTED_HERE", -1)
    listing.browse(large, ListingQuery())
    # No index has products in the order of the cheapest variant that fits: that is walked in memory.
    by_variant = {"price_min_minor", "in_stock", "on_sale", "facets"} & set(filters)
    for sort in ("", "newest", "rating") if by_variant else ("", "newest", "price", "-price", "rating"):
        for after in ("", "5000.3"):
            with watched(large) as sent:
                listing.browse(large, ListingQuery(sort=sort, after=after, page=2 if after else 1, **filters))
            pages = [(sql, values) for sql, values in sent if "FROM listing_item" in sql and "LIMIT" in sql]
            assert len(pages) == 1
            steps = plan(large, *pages[0])
            # A scan along an index stops at LIMIT; a sort or a scan of the table wouldn't.
            assert not [step for step in steps if "TEMP B-TREE" in step], steps
            assert "USING INDEX ix_listing_item_" in steps[0], steps
            assert not [step for step in steps[1:] if step.startswith("SCAN")], steps


def test_every_other_question_finds_its_rows_by_an_index(large: Session) -> None:
    for key in (facet_fold.counts, categories.tree, search_queries.vocabulary):
        key.get(large, index_cache.stamp(large))
    slug = large.connection().exec_driver_sql("SELECT slug FROM listing_item LIMIT 1").scalar_one()
    with watched(large) as sent:
        product_page.product(large, slug)
        storefront.home(large)
        storefront.cards(large, [slug])
        availability.of_variants(large, (1, 2))
        listing_index.refresh_availability(large, [1])
        suggest(large, "mug")
    for statement, values in sent:
        for step in plan(large, statement, values):
            unbounded = step.startswith("SCAN") and "INDEX" not in step and "VIRTUAL TABLE INDEX" not in step
            # Tables of a few rows that a shopkeeper keeps by hand, and the newest line of one.
            small = any(
                name in step
                for name in ("listing_change", "collection", "shipping", "zone", "CONSTANT", "subquery")
            )
            assert small or not unbounded, (step, statement)


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (ListingQuery(), 3),
        (ListingQuery(category="table", facets=(("colour", ("moss",)),), price_min_minor=100), 3),
        (ListingQuery(sort="price", page=2, after="2000.1"), 3),
        (ListingQuery(text="mug"), 7),
    ],
)
def test_a_list_takes_a_few_statements(large: Session, query: ListingQuery, most: int) -> None:
    listing.browse(large, ListingQuery())
    search_queries.find(large, "mug")
    with watched(large) as sent:
        listing.browse(large, query)
    assert len(sent) <= most, [statement for statement, _values in sent]


def test_a_product_page_takes_as_many_statements_in_a_large_catalogue_as_in_a_small_one(
    large: Session,
) -> None:
    slug = large.connection().exec_driver_sql("SELECT slug FROM listing_item LIMIT 1").scalar_one()
    listing.browse(large, ListingQuery())
    with watched(large) as sent:
        product_page.product(large, slug)
    assert len(sent) <= 20


def test_counts_kept_in_memory_are_those_of_the_database(large: Session) -> None:
    counts = facet_fold.counts.get(large, index_cache.stamp(large))
    counted = large.connection().exec_driver_sql(
        "SELECT name, value, count(*) FROM listing_facet GROUP BY name, value"
    )
    assert {(name, value): n for name, value, n in counted} == {
        (name, value): found.fits.bits.bit_count()
        for name, values in counts.facets.items()
        for value, found in values.items()
    }
    stocked = large.connection().exec_driver_sql("SELECT count(*) FROM listing_item WHERE in_stock").scalar()
    assert counts.in_stock.bits.bit_count() == stocked


def test_a_search_reads_no_more_than_its_limit(large: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    result = search_queries.find(large, "mug", most=5)
    assert len(result.product_ids) == 5
    with watched(large) as sent:
        search_queries.find(large, "mug", most=5)
    assert all("LIMIT" in sql or "listing_change" in sql or "listing_item" in sql for sql, _values in sent)
