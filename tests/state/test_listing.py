"""The list of products in a tab: pages that follow join what is there, everything else replaces it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shop_app.core.pages import read_address
from shop_app.realtime import page_values
from shop_app.services.catalog.views import Listing, ListingQuery, PictureView, ProductCard
from shop_app.services.search import listing_address
from shop_app.state import listing as listing_state
from shop_app.state.listing import Browse, shown


def _card(slug: str) -> ProductCard:
    return ProductCard(
        slug=slug,
        title=slug,
        price="€1.00",
        compare_at="",
        saving="",
        is_new=False,
        in_stock=True,
        stock_line="",
        picture=PictureView(),
        second=PictureView(),
        swatches=[],
        rating="",
        review_count=0,
        as_of_ms=0,
    )


def _found(page: int, *slugs: str, **more: Any) -> Listing:
    return replace(Listing(), page=page, cards=[_card(slug) for slug in slugs], **more)


def _show(state: Browse, query: ListingQuery, listed: Listing) -> None:
    state._show(query, shown(query, listed))


def _slugs(state: Browse) -> list[str]:
    return [card.slug for card in state.cards]


@pytest.fixture
def state() -> Browse:
    browse = Browse()  # pyright: ignore[reportCallIssue]
    _show(browse, ListingQuery(category="table"), _found(1, "a", "b"))
    return browse


def test_the_next_page_of_the_same_list_joins_it(state: Browse):
    _show(state, ListingQuery(category="table", page=2), _found(2, "b", "c"))
    assert _slugs(state) == ["a", "b", "c"]
    assert state.first_page == 1


def test_coming_back_to_the_last_page_keeps_all_that_was_loaded(state: Browse):
    _show(state, ListingQuery(category="table", page=2), _found(2, "c"))
    _show(state, ListingQuery(category="table", page=2), _found(2, "c"))
    assert _slugs(state) == ["a", "b", "c"]


def test_a_page_that_was_just_opened_shows_what_was_served(state: Browse):
    token = page_values.is_opened.set(True)
    try:
        _show(state, ListingQuery(category="table", page=2), _found(2, "c"))
    finally:
        page_values.is_opened.reset(token)
    assert _slugs(state) == ["c"]
    assert state.first_page == 2


def test_another_list_replaces_what_is_there(state: Browse):
    _show(
        state, ListingQuery(category="bath", page=2), _found(2, "x", previous_href="/products?category=bath")
    )
    assert _slugs(state) == ["x"]
    assert (state.first_page, state.previous_href) == (2, "/products?category=bath")


def test_a_page_further_on_replaces_what_is_there(state: Browse):
    _show(state, ListingQuery(category="table", page=3), _found(3, "z"))
    assert _slugs(state) == ["z"]


def test_the_view_that_is_sent_holds_the_cards_once(state: Browse):
    assert state.view.cards == []


@pytest.mark.parametrize(
    ("query", "mark"),
    [
        (ListingQuery(), "all"),
        (ListingQuery(category="table", on_sale=True), "table"),
        (ListingQuery(on_sale=True), "sale"),
        (ListingQuery(new=True), "new"),
        (ListingQuery(text="lamp", category="table"), ""),
    ],
)
def test_the_navigation_marks_what_is_shown(query: ListingQuery, mark: str):
    assert listing_address.navigation_entry(query) == mark


@pytest.mark.parametrize(
    ("query", "kept", "is_free"),
    [
        ("utm_source=letter&Page=2", {}, False),
        ("sort=price&category=table&category=x&page=01", {"category": ("table",), "sort": ("price",)}, False),
        ("page=3&in_stock=1", {"in_stock": ("1",), "page": ("3",)}, False),
        ("colour=oak,clay&colour=moss", {"colour": ("clay,moss,oak",)}, True),
        ("q=+a++lamp+", {"q": ("a lamp",)}, True),
        ("price_min=10.00", {"price_min": ("10",)}, True),
        ("price_min=abc&price_max=5", {"price_min": ("abc",), "price_max": ("5",)}, True),
        ("page=2&after=100.7", {"page": ("2",), "after": ("100.7",)}, True),
    ],
)
def test_one_list_has_one_address(query: str, kept: dict[str, tuple[str, ...]], is_free: bool) -> None:
    address = listing_state.shared(read_address("/products", "/products", query))
    assert (address.query, address.is_free) == (kept, is_free)
    assert listing_state.shared(address) == address


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/products?category=Lighting&utm=a%20b", "/products?category=lighting&utm=a%20b"),
        ("/products?page=9999&after=1.1&sort=price", "/products?sort=price"),
    ],
)
async def test_a_list_with_another_address_goes_there(open_tab, shop, address: str, leads_to: str) -> None:
    tab = await open_tab(Browse, address)
    event = await tab.load()
    assert (str(event.args[0][1]), tab.loaded) == (f'"{leads_to}"', False)


async def test_a_category_that_is_not_there_is_missing(open_tab, shop) -> None:
    tab = await open_tab(Browse, "/products?category=Nothing%20of%20that")
    assert await tab.load() is None
    assert (tab.missing, tab.cards) == (True, [])
