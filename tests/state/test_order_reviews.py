"""Reviewing in a tab: on the page of an order that has arrived, by whoever has its link."""

from __future__ import annotations

import pytest

from shop_app.core.errors import NotFound
from shop_app.state.order_reviews import OrderReviews
from tests.paying import rows
from tests.state.conftest import send, submit
from tests.state.test_returning import address

__all__ = ["address"]
SLUG = "shoal-bowl"
WORDS = {"slug": SLUG, "stars": "4", "headline": "", "body": "It holds fruit.", "author": "Marta L."}


@pytest.fixture
async def tab(open_tab, address) -> OrderReviews:
    opened = await open_tab(OrderReviews, address)
    await opened.load()
    return opened


async def test_a_review_is_written_changed_and_taken_back(tab):
    assert [(one.slug, one.status, one.author) for one in tab.products] == [(SLUG, "", "Marta L.")]
    await send(tab, "open_form", slug=SLUG)
    assert tab.open_slug == SLUG
    await submit(tab, "send", WORDS)
    assert (tab.open_slug, tab.errors, tab.refused) == ("", {}, "")
    await submit(tab, "send", WORDS | {"stars": "2"})
    assert [(row.stars, row.status, row.body) for row in rows("review")] == [
        (2, "pending", "It holds fruit.")
    ]
    assert [(one.status, one.stars) for one in tab.products] == [("pending", 2)]
    await send(tab, "take_back", slug=SLUG)
    assert (rows("review"), tab.products[0].status) == ([], "")
    with pytest.raises(NotFound):
        await send(tab, "take_back", slug=SLUG)


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"stars": ""}, {"stars": "Choose from 1 to 5 stars."}),
        ({"stars": "²"}, {"stars": "Choose from 1 to 5 stars."}),
        ({"body": ""}, {"body": "Write a few words about it."}),
        ({"body": "x" * 4001}, {"body": "Keep this to 4000 characters."}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(tab, wrong, errors):
    await send(tab, "open_form", slug=SLUG)
    await submit(tab, "send", WORDS | wrong)
    assert (tab.errors, tab.open_slug, rows("review")) == (errors, SLUG, [])


async def test_what_did_not_come_with_the_order_is_refused(tab):
    await submit(tab, "send", WORDS | {"slug": "fable-lamp"})
    assert tab.refused == "You can review what has arrived with this order."
    assert rows("review") == []


async def test_a_wrong_link_has_nothing_to_review(open_tab, address):
    tab = await open_tab(OrderReviews, "/orders/" + "x" * 32)
    await tab.load()
    assert tab.products == []
    await submit(tab, "send", WORDS)
    assert tab.refused == "There is no order at this address."
    assert rows("review") == []
