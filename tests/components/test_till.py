"""Cart, checkout and order page as HTML: what they say where no scripts run, and how lines and steps read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shop_app.components import fields, order_steps
from shop_app.components.cart_line import variant_and_units
from shop_app.components.kit import as_html, values_of
from shop_app.pages import cart, checkout
from shop_app.services.cart.queries import CartLineView, CartView
from shop_app.services.cart.ways_to_pay import Mark
from shop_app.services.shop.shown import ShopShown
from shop_app.services.storefront.order_page import OrderView
from shop_app.services.storefront.order_steps import OrderStep
from shop_app.state.cart import Cart
from shop_app.state.order import Order
from shop_app.state.shell import Shell


def html(make: Any, *args: Any) -> str:
    shop = SimpleNamespace(**vars(values_of(Shell)) | {"shop": ShopShown(contact_email="ada@tide.example")})
    with as_html({Shell: shop}):
        return str(make(*args))


@pytest.mark.parametrize("page", [cart.page, checkout.page])
def test_without_scripts_a_page_says_that_it_needs_them_and_whom_to_write_to(page):
    before, _, rest = html(page).partition("<noscript>")
    said, _, _after = rest.partition("</noscript>")
    assert "needs scripts to work" in said
    assert 'href="mailto:ada@tide.example"' in said
    assert "needs scripts" not in before


@pytest.mark.parametrize(
    ("variant", "quantity", "text"),
    [("", 1, ""), ("", 3, "× 3"), ("Moss", 1, "Moss"), ("Moss", 2, "Moss × 2")],
)
def test_a_line_says_its_units_where_there_are_several(variant, quantity, text):
    line = CartLineView("S", "s", "Mug", variant, "", "", quantity, 9, "€1", "€1", "", "", "")
    shown = html(variant_and_units, line)
    assert shown == (f'<p class="text-sm text-ink-3">{text}</p>' if text else "")


def test_a_required_field_is_marked_and_so_is_an_optional_one():
    required = html(lambda: fields.text_field("Email", name="email", required=True))
    assert '<span class="text-ink-2" aria-hidden="true"> *</span>' in required
    assert "optional" in html(lambda: fields.text_field("Note", name="note", optional=True))
    neither = html(lambda: fields.text_field("Code", name="code"))
    assert "*" not in neither
    assert "optional" not in neither


def test_a_step_that_an_order_ended_with_has_no_tick():
    values = values_of(Order)
    values.view = OrderView(steps=[OrderStep("Not paid in time", "20 November", "ended")])
    with as_html({Order: values}):
        shown = str(order_steps.stations())
    assert "bg-ink-3" in shown
    assert "bg-green" not in shown


def test_wallets_stand_below_the_way_to_checkout_where_there_are_any():
    line = CartLineView("S", "s", "Mug", "", "", "", 1, 9, "€1", "€1", "", "", "")
    values = values_of(Cart)
    for wallets in ([], [Mark("apple_pay", "Apple Pay")]):
        values.view = CartView(count=1, lines=[line], can_check_out=True, total_minor=590, wallets=wallets)
        with as_html({Cart: values}):
            shown = str(cart.page())
        assert ('data-testid="pay-at-once"' in shown) == bool(wallets)
    assert 'src="/marks/apple_pay.svg" alt="Apple Pay"' in shown
    assert '<input type="hidden" name="shown_minor" value="590"' in shown
