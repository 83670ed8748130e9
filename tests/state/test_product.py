"""The State of the product page: the product, the chosen variant, reviews and what was looked at before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.core.clock import now
from shop_app.core.errors import NotFound
from shop_app.models import Product as ProductRow
from shop_app.models import Review
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.catalog import reviews
from shop_app.services.catalog.views import ProductPage
from shop_app.services.stock_alerts.queries import PlaceView
from shop_app.state.product import Product
from shop_app.state.stock_line import StockLine
from tests.paying import rows
from tests.providers.smtp_server import smtp_server
from tests.state.conftest import VISITOR, set_stock, submit

LAMP = "/products/fable-lamp"


def go_to(tab: Product, path: str) -> None:
    """The tab has gone on to another page."""
    tab._get_root_state()._update_router_vars({"pathname": path, "asPath": path, "origin": ""}, {})


async def test_a_product_opens_with_a_variant_that_can_be_bought(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    assert (tab.page.slug, tab.page.title, tab.missing) == ("fable-lamp", "Fable Lamp", False)
    assert (tab.chosen.sku, tab.chosen.price) == ("FABLE-LAMP-MOSS", "€49.00")
    assert {sku: one.available for sku, one in tab.availability.variants.items()} == {
        "FABLE-LAMP-MOSS": True,
        "FABLE-LAMP-CLAY": False,
    }
    assert tab.availability.as_of == tab.page.as_of_ms > 0


async def test_the_address_may_name_a_variant(open_tab, shop):
    tab = await open_tab(Product, f"{LAMP}?variant=FABLE-LAMP-CLAY")
    await tab.load()
    assert (tab.chosen.sku, tab.chosen.available) == ("FABLE-LAMP-CLAY", False)


async def test_what_the_page_does_not_show_is_not_sent(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    assert (tab.page.variants, tab.page.reviews, tab.page.json_ld) == ([], [], "")


async def test_choosing_reads_the_stock_afresh(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    with db.transaction() as session:
        set_stock(session, "FABLE-LAMP-CLAY", 2)
    await tab.choose("FABLE-LAMP-CLAY")
    assert (tab.chosen.sku, tab.chosen.available) == ("FABLE-LAMP-CLAY", True)
    assert tab.availability.variants["FABLE-LAMP-CLAY"].max_quantity == 2


async def test_a_product_that_is_not_there_leaves_nothing_of_the_one_before(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    root = tab._get_root_state()
    root._update_router_vars({"pathname": "/products/gone", "asPath": "/products/gone", "origin": ""}, {})
    await tab.load()
    assert (tab.missing, tab.page) == (True, ProductPage())


@pytest.mark.parametrize("slug", ["%00", "'; drop table product; --", "x" * 5000, "", "../admin"])
async def test_a_strange_address_is_a_product_that_is_not_there(open_tab, shop, slug):
    tab = await open_tab(Product, f"/products/{slug}")
    await tab.load()
    assert tab.missing is True


async def test_a_variant_of_no_product_can_not_be_chosen(open_tab, shop):
    tab = await open_tab(Product, "/products/gone")
    await tab.load()
    with pytest.raises(NotFound):
        await tab.choose("FABLE-LAMP-MOSS")


async def test_cards_of_what_was_looked_at_leave_out_this_one_and_what_is_gone(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    await tab.show_recent(["fable-lamp", "shoal-bowl", "gone", "shoal-bowl"])
    assert [card.slug for card in tab.recent] == ["shoal-bowl"]


async def test_filtering_reviews_twice_by_the_same_stars_shows_all_again(open_tab, shop):
    tab = await open_tab(Product, LAMP)
    await tab.load()
    await tab.filter_reviews(5)
    assert (tab.stars, tab.reviews, tab.reviews_left) == (5, [], 0)
    await tab.filter_reviews(5)
    assert tab.stars == 0


async def test_reviews_are_sorted_also_among_those_of_some_stars(open_tab, shop):
    with db.transaction() as session:
        lamp = session.exec(select(ProductRow).where(ProductRow.slug == "fable-lamp")).one()
        for days, stars in ((1, 3), (2, 5), (3, 1), (4, 5)):
            row = Review(
                product_id=lamp.id or 0,
                author_name=f"{stars} stars, {days} days ago",
                stars=stars,
                status="published",
                created_at=now() - timedelta(days=days),
            )
            session.add(row)
        reviews.refresh(session, [lamp.id or 0])
    tab = await open_tab(Product, LAMP)
    await tab.load()
    await tab.sort_reviews("worst")
    assert [review.stars for review in tab.reviews] == [1, 3, 5, 5]
    await tab.filter_reviews(5)
    assert (tab.sort, [review.author for review in tab.reviews]) == (
        "worst",
        ["5 stars, 2 days ago", "5 stars, 4 days ago"],
    )
    # Another product starts anew; back at this one, its reviews stand as they were left.
    go_to(tab, "/products/shoal-bowl")
    await tab.load()
    assert (tab.sort, tab.stars) == ("", 0)
    go_to(tab, LAMP)
    await tab.load()
    assert (tab.sort, tab.stars, [review.stars for review in tab.reviews]) == ("worst", 5, [5, 5])


async def test_reviews_that_were_loaded_are_there_again_on_the_way_back(open_tab, shop):
    with db.transaction() as session:
        lamp = session.exec(select(ProductRow).where(ProductRow.slug == "fable-lamp")).one()
        for days in range(20):
            at = now() - timedelta(days=days)
            session.add(
                Review(product_id=lamp.id or 0, author_name="Kim", stars=4, status="published", created_at=at)
            )
        reviews.refresh(session, [lamp.id or 0])
    tab = await open_tab(Product, LAMP)
    await tab.load()
    at_first = len(tab.reviews)
    await tab.show_more_reviews()
    shown = len(tab.reviews)
    assert at_first < shown <= 20
    go_to(tab, "/products/shoal-bowl")
    await tab.load()
    go_to(tab, LAMP)
    await tab.load()
    assert (len(tab.reviews), tab.reviews_left) == (shown, 20 - shown)
    # And where the socket was lost for a moment.
    await tab.load()
    assert len(tab.reviews) == shown


async def test_the_last_ones_are_told_to_be_the_visitors_own(open_tab, shop):
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "FABLE-LAMP-MOSS", 3)
        cart_holds.enter(session, key_hash(VISITOR))
    own = await open_tab(Product, "/products/fable-lamp?variant=FABLE-LAMP-MOSS")
    await own.load()
    assert (own.chosen.stock_line, own.kept) == ("Sold out in Moss", "3 of these are kept for you")
    await own.choose("FABLE-LAMP-CLAY")
    assert own.kept == ""
    other = await open_tab(Product, "/products/fable-lamp?variant=FABLE-LAMP-MOSS", visitor="o" * 43)
    await other.load()
    assert (other.chosen.stock_line, other.kept) == ("Sold out in Moss", "")


CLAY = "FABLE-LAMP-CLAY"


async def test_who_asks_to_be_told_reads_the_same_answer_also_the_second_time(open_tab, shop):
    for _time in range(2):
        tab = await open_tab(StockLine, LAMP)
        await submit(tab, "ask", {"sku": CLAY, "email": "ada@example.com"})
        assert (tab.sku, tab.asked_text, tab.errors, tab.refused) == (
            CLAY,
            "We wrote to ada@example.com. Confirm it by that letter, and you are in line.",
            {},
            "",
        )
        assert tab.place == PlaceView()
    assert [row.email for row in rows("stock_alert")] == ["ada@example.com"]


async def test_what_can_not_be_told_of_is_said_in_the_form(open_tab, shop):
    tab = await open_tab(StockLine, LAMP)
    await submit(tab, "ask", {"sku": CLAY, "email": "ada at home"})
    assert tab.errors == {"email": "Enter an email address with an @, like name@example.com"}
    await submit(tab, "ask", {"sku": "FABLE-LAMP-MOSS", "email": "ada@example.com"})
    assert (tab.refused, tab.errors) == ("It can be bought again. Reload the page.", {})
    assert rows("stock_alert") == []


async def test_an_address_that_letters_wont_reach_is_not_kept(open_tab, shop, configure):
    with smtp_server() as server:
        configure(SHOP_SMTP_URL=server.url)
        tab = await open_tab(StockLine, LAMP)
        await submit(tab, "ask", {"sku": CLAY, "email": "jürgen@example.com"})
        assert list(tab.errors) == ["email"]
        assert rows("stock_alert") == []
        await submit(tab, "ask", {"sku": CLAY, "email": "Ada@xn--mller-kva.de"})
    assert tab.asked_text == "We wrote to ada@müller.de. Confirm it by that letter, and you are in line."
    assert [row.email for row in rows("stock_alert")] == ["ada@müller.de"]


async def test_one_visitor_asks_for_letters_to_others_20_times_an_hour(open_tab, shop):
    for number in range(21):
        tab = await open_tab(StockLine, LAMP)
        await submit(tab, "ask", {"sku": CLAY, "email": f"name{number}@example.com"})
    assert tab.refused == "That was too often in a short time. Wait a few minutes and try again."
    assert len(rows("stock_alert")) == 20


async def test_an_address_in_other_letters_leads_to_the_product_with_its_query(open_tab, shop):
    tab = await open_tab(Product, "/products/Fable-LAMP?variant=FABLE-LAMP-MOSS&utm=1")
    event = await tab.load()
    assert str(event.args[0][1]) == '"/products/fable-lamp?variant=FABLE-LAMP-MOSS&utm=1"'
