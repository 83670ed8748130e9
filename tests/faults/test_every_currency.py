"""Shown = charged = taken, in every currency: from the cart to the last refund, on both sides' books."""

from __future__ import annotations

import os
import re
from random import Random
from typing import Any

import pytest

from shop_app.core import db, money
from shop_app.core.currencies import CURRENCIES
from shop_app.core.errors import Invalid
from shop_app.models import TaxClass
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.orders import units as order_units
from shop_app.services.storefront import order_page
from tests.factories import add, make_basics, make_product, make_promotion
from tests.paying import FORM, ME, World, client_of, everything, make_sandbox, rows
from tests.selling import line, order, refund, send, wrong_books

KINDS = ("EUR", "HUF", "TWD", "RSD", "IDR", "JPY", "CLP", "MGA", "ISK", "UGX", "KWD", "BHD", "TND")
CODES = sorted(CURRENCIES) if os.environ.get("SHOP_TESTS_LONG") == "1" else KINDS
"""By night all of them, by day each kind."""
SKUS = ("DUNE-MUG", "FIELD-BOOK", "SEED-BAG")


def open_shop(code: str, rng: Random, tmp_path) -> World:
    """A shop of three products of three tax classes; delivery at 4.90 in cents, whatever they come to."""
    currency = CURRENCIES[code]
    with db.transaction() as session:
        make_basics(session)
        add(session, TaxClass(code="zero", label="Zero"))
        for title, tax_class in (("Dune Mug", "standard"), ("Field Book", "reduced"), ("Seed Bag", "zero")):
            steps = rng.randrange(100, 9_000) + currency.least_minor // currency.step_minor
            make_product(
                session, title, price_minor=steps * currency.step_minor, tax_class=tax_class, currency=code,
                stock=20,
            )  # fmt: skip
        make_promotion(session, "PART", percent=rng.randrange(3, 40))
    return World(make_sandbox(tmp_path))


def amount(text: str, code: str) -> int:
    """The minor units of an amount as it is shown, by its digits alone."""
    decimals = CURRENCIES[code].shown
    assert re.search(rf"\.\d{{{decimals}}}$" if decimals else r"\d$", text), text
    return int(re.sub(r"\D", "", text)) * CURRENCIES[code].last_digit_minor


@pytest.mark.parametrize("on_top", [False, True], ids=["included", "on top"])
@pytest.mark.parametrize("code", CODES)
def test_what_is_shown_is_charged_taken_and_given_back(engine, tmp_path, configure, code, on_top):
    configure(SHOP_CURRENCY=code, SHOP_PRICES_INCLUDE_TAX="false" if on_top else "true")
    rng, step = Random(f"{code} {on_top}"), money.step(code)
    world = open_shop(code, rng, tmp_path)
    with db.transaction() as session:
        for sku in SKUS:
            cart_commands.add(session, ME, sku, rng.randrange(1, 6))
        cart_commands.apply_code(session, ME, "PART")
    with db.transaction() as session:
        page = checkout.save(session, ME, FORM)

    parts = [page.subtotal, page.shipping, *(text for _rate, text in page.tax_lines if page.tax_on_top)]
    off = sum(amount(line.amount, code) for line in page.discounts)
    shipping = 0 if page.shipping == "Free" else amount(page.shipping, code)
    tax = sum(amount(text, code) for _rate, text in page.tax_lines) if page.tax_on_top else 0
    shown = amount(page.total, code)
    assert amount(page.subtotal, code) - off + shipping + tax == shown == page.total_minor, parts

    url = world.pay(FORM, page.total_minor)
    stripe_api = client_of(world.sandbox).v1
    (session_row,) = stripe_api.checkout.sessions.list({"limit": 1}).data
    assert (session_row.amount_total, session_row.currency) == (shown, code.lower())
    assert page.total in world.browser.get(url).text
    world.enter_card(url)
    assert set(world.deliver()) == {200}
    assert (order().payment_status, order().total_minor, order().step_minor) == ("paid", shown, step)
    assert rows("payment")[-1].captured_minor == shown
    with db.reading() as session:
        assert order_page.view(session, order().token).total == page.total

    give_back(rng, step)
    refunds = stripe_api.refunds.list({"limit": 100}).data
    assert sum(one.amount for one in refunds) == shown
    assert [one.amount % step for one in refunds] == [0] * len(refunds)
    assert order().payment_status == "refunded"
    assert wrong_books() == []


def give_back(rng: Random, step: int) -> None:
    """Refund the last order in parts: units, some of the delivery, an amount, and at last all the rest."""
    units = {row.sku: row.quantity for row in rows("order_line")}
    sku = rng.choice(SKUS)
    refund(
        "part",
        lines={sku: rng.randint(1, units[sku])},
        shipping_minor=order().shipping_minor // step // 3 * step,
    )
    refund("amount", free_minor=step)
    if step > 1:
        before = everything()
        for wrong in ({"free_minor": step + 1}, {"shipping_minor": step // 2}):
            with pytest.raises(Invalid, match="multiples of"):
                refund("wrong", **wrong)
        assert everything() == before
    left = order().total_minor - sum(row.amount_minor for row in rows("refund"))
    refund("rest", free_minor=left)


@pytest.mark.parametrize("code", ["EUR", "ISK", "KWD"])
def test_what_a_first_shipment_takes_is_a_multiple_too(engine, tmp_path, configure, code):
    configure(SHOP_CURRENCY=code, SHOP_CAPTURE="at_fulfilment")
    rng: Any = Random(code)
    world = open_shop(code, rng, tmp_path)
    with db.transaction() as session:
        cart_commands.add(session, ME, "DUNE-MUG", 3)
        cart_commands.apply_code(session, ME, "PART")
        total = checkout.save(session, ME, FORM).total_minor
    world.enter_card(world.pay(FORM, total))
    world.deliver()
    assert order().payment_status == "authorized"
    with db.transaction() as session:
        order_units.cancel(
            session, order().id, {line("DUNE-MUG").id: 1}, restock=True, reason="withdrawn", actor="test"
        )
    send({"DUNE-MUG": 2})

    taken = rows("payment")[-1].captured_minor
    assert 0 < taken < total
    assert taken % money.step(code) == 0
    (intent,) = client_of(world.sandbox).v1.payment_intents.list({"limit": 1}).data
    assert intent.amount_received == taken
    assert wrong_books() == []
