"""The State of the cart: exact views after each handler, and refusals that change nothing."""

from __future__ import annotations

import json

import pytest

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import PaymentMethod, Started, StartPayment
from shop_app.providers.payments.stripe import StripeProvider
from shop_app.services.cart import queries as cart_queries
from shop_app.state.cart import Cart, Removed
from tests.state.conftest import VISITOR, send, submit

LAMP, BOWL = "FABLE-LAMP-MOSS", "SHOAL-BOWL"


def kept():
    """What the database holds for the visitor."""
    with db.reading() as session:
        view = cart_queries.view(session, key_hash(VISITOR))
    return [(line.sku, line.quantity) for line in view.lines]


async def test_adding_shows_the_line_and_opens_the_drawer(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(LAMP, 2)
    assert (tab.view.count, tab.view.subtotal, tab.drawer_open, tab.refusal) == (2, "€98.00", True, "")
    assert [(line.title, line.variant, line.unit, line.total) for line in tab.view.lines] == [
        ("Fable Lamp", "Moss", "€49.00", "€98.00")
    ]
    assert kept() == [(LAMP, 2)]


async def test_the_answer_to_adding_is_small_and_touches_no_other_state(open_tab, shop):
    tab = await open_tab(Cart)
    root = tab._get_root_state()
    root._clean()
    await tab.add(LAMP, 1)
    delta = root.get_delta()
    assert list(delta) == [Cart.get_full_name()]
    assert len(json.dumps(delta, default=lambda view: {s: getattr(view, s) for s in view.__slots__})) < 2048


async def test_adding_more_than_there_is_says_how_many_are_left_and_changes_nothing(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(LAMP, 1)
    await tab.close_drawer()
    await tab.add(LAMP, 3)
    assert tab.refused_sku == LAMP
    assert "3" in tab.refusal
    assert (tab.view.count, tab.drawer_open, tab.answers) == (1, False, 2)
    assert kept() == [(LAMP, 1)]


async def test_an_unknown_sku_is_refused_in_words(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add("NO-SUCH-THING", 1)
    assert tab.refusal
    assert tab.view.count == 0
    assert kept() == []


async def test_the_form_of_a_product_page_adds_its_quantity(open_tab, shop):
    tab = await open_tab(Cart)
    await submit(tab, "add_form", {"sku": BOWL, "quantity": "3", "Colour": "Moss"})
    assert kept() == [(BOWL, 3)]


NO_WHOLE_NUMBER = ["", " ", "2.5", "2,5", "1e2", "-1", "−1", "+2", "1 2", "2-", "0x2", "½", "٣٣٣٣", "abc"]
NO_WHOLE_NUMBER += ["999999999999", "9" * 400, "100", "2\u00002x", "1_0", "二", "3.0", "NaN", "true"]
WHOLE_NUMBERS = {"3": 3, " 3 ": 3, "３": 3, "٣": 3, "३": 3, "03": 3, "3\u200b": 3, "\u00a03\t": 3}


@pytest.mark.parametrize("typed", [*NO_WHOLE_NUMBER, 2.5, -1, 100, True, float("nan")])
async def test_what_is_no_number_of_units_is_refused_and_changes_nothing(open_tab, shop, typed):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 2)
    for act in (
        lambda: submit(tab, "add_form", {"sku": BOWL, "quantity": typed}),
        lambda: send(tab, "add", sku=BOWL, quantity=typed),
        lambda: send(tab, "set_quantity", sku=BOWL, quantity=typed),
    ):
        tab.refusal, answers = "", tab.answers
        await act()
        assert tab.refusal == "Enter a whole number from 1 to 99."
        assert (tab.refused_sku, tab.answers, kept()) == (BOWL, answers + 1, [(BOWL, 2)])


@pytest.mark.parametrize(("typed", "units"), WHOLE_NUMBERS.items())
async def test_a_whole_number_counts_however_it_is_written(open_tab, shop, typed, units):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 2)
    await send(tab, "set_quantity", sku=BOWL, quantity=typed)
    assert (tab.refusal, kept()) == ("", [(BOWL, units)])
    await submit(tab, "add_form", {"sku": BOWL, "quantity": typed})
    assert (tab.refusal, kept()) == ("", [(BOWL, 2 * units)])


async def test_none_takes_a_line_out_as_removing_does_and_adds_nothing(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 0)
    assert (tab.refusal, kept()) == ("Enter a whole number from 1 to 99.", [])
    await tab.add(BOWL, 2)
    await send(tab, "set_quantity", sku=BOWL, quantity="0")
    assert (kept(), tab.removed) == ([], Removed(BOWL, "Shoal Bowl", 2))
    await tab.undo()
    assert kept() == [(BOWL, 2)]


async def test_a_browser_without_our_cookie_is_told_why_it_has_no_cart(open_tab, shop):
    tab = await open_tab(Cart, visitor="")
    await tab.add(BOWL, 1)
    assert "cookie" in tab.refusal
    assert kept() == []


async def test_asking_for_more_than_is_left_in_the_cart_takes_what_is_left_and_says_so(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(LAMP, 1)
    await tab.set_quantity(LAMP, 9)
    assert kept() == [(LAMP, 3)]
    assert tab.refused_sku == LAMP
    assert tab.refusal.startswith("Only 3")


async def test_removing_can_be_undone(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 4)
    await tab.remove(BOWL)
    assert kept() == []
    assert tab.removed == Removed(BOWL, "Shoal Bowl", 4)
    await tab.undo()
    assert kept() == [(BOWL, 4)]
    assert tab.removed == Removed()


async def test_undoing_twice_puts_it_back_once(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 4)
    await tab.remove(BOWL)
    await tab.undo()
    await tab.undo()
    assert kept() == [(BOWL, 4)]


async def test_what_is_saved_for_later_waits_outside_of_the_sums(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 2)
    await tab.save_for_later(BOWL)
    assert (tab.view.count, [line.sku for line in tab.view.saved]) == (0, [BOWL])
    await tab.move_to_cart(BOWL)
    assert (tab.view.count, tab.view.saved) == (2, [])


async def test_a_code_that_is_not_there_says_so_and_leaves_the_cart(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 1)
    await submit(tab, "apply_code", {"code": "NOPE"})
    assert tab.errors.get("code", "") == "There is no code NOPE"
    await submit(tab, "apply_code", {"code": "  "})
    assert tab.errors.get("code", "") == "Enter a code"
    assert tab.view.discounts == []


async def test_a_country_that_is_not_delivered_to_is_refused(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.add(BOWL, 1)
    await tab.set_country("AT")
    assert tab.view.country == "AT"
    await tab.set_country("ZZ")
    assert "country" in tab.refusal
    assert tab.view.country == "AT"


async def test_a_second_tab_of_the_same_visitor_loads_the_same_cart(open_tab, shop):
    first, second = await open_tab(Cart), await open_tab(Cart)
    await first.add(BOWL, 2)
    await second.load()
    assert second.view == first.view
    stranger = await open_tab(Cart, visitor="s" * 43)
    await stranger.load()
    assert stranger.view.count == 0


async def test_the_page_of_the_cart_opens_no_drawer_over_itself(open_tab, shop):
    tab = await open_tab(Cart, "/cart")
    await tab.open_drawer()
    assert tab.drawer_open is False


async def test_another_page_starts_without_drawer_and_undo_and_news_of_another_tab_closes_neither(
    open_tab, shop
):
    tab = await open_tab(Cart, "/products/fable-lamp")
    await tab.load()
    await tab.add(BOWL, 1)
    await tab.load()
    assert tab.drawer_open is True
    location = {"pathname": "/products", "asPath": "/products", "origin": "http://localhost:3000"}
    tab._get_root_state()._update_router_vars(location, {})
    await tab.load()
    assert tab.drawer_open is False


async def test_the_countries_are_named_and_in_order(open_tab, shop):
    tab = await open_tab(Cart)
    await tab.load_countries()
    assert [(one.code, one.name) for one in tab.countries] == [("AT", "Austria"), ("DE", "Germany")]


async def test_a_wallet_pays_from_the_cart_and_only_the_page_that_sent_it_leaves(open_tab, shop):
    registry.remember_methods("stripe", ("card", "apple_pay"))
    started: list[StartPayment] = []

    class Page(StripeProvider):
        def start(self, request: StartPayment) -> Started:
            started.append(request)
            return Started("cs_1", "https://pay.example/cs_1", None)

    page = Page(key="sk_test_x", base="http://localhost:1", webhook_secrets=("whsec_x",))
    registry.offer([PaymentMethod("stripe", lambda: page)])
    registry.remember_methods("stripe", ("card", "apple_pay"))
    tab = await open_tab(Cart, "/cart")
    await tab.load()
    await tab.add("SHOAL-BOWL", 1)
    assert [mark.name for mark in tab.view.wallets] == ["Apple Pay"]

    await submit(tab, "pay_at_once", {"shown_minor": str(tab.view.total_minor), "ticket": "mine"})
    assert (tab.departure.address, tab.departure.ticket) == ("https://pay.example/cs_1", "mine")
    (request,) = started
    assert (request.email, request.asks_address_in, request.amount_minor) == ("", "DE", tab.view.total_minor)
