"""Prices at checkout: a rise part by part, a VAT number, an engine that is asked outside."""

from __future__ import annotations

from sqlmodel import col, select

from shop_app.core import db
from shop_app.core.errors import ProviderDown
from shop_app.models import Order, OrderTaxLine
from shop_app.providers import taxes as engines
from shop_app.providers.taxes import QuotedRate
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.state.checkout import Checkout
from shop_app.workflows import pay, quote_taxes
from tests.factories import key_hash
from tests.state.conftest import VISITOR, submit
from tests.state.test_checkout import GOOD, change_price, full_cart  # noqa: F401  (a fixture)

PLACE = {"line1": "Ring 1", "postal_code": "1010", "locality": "Wien", "country": "AT"}


class FakeEngine:
    """Answers with the rate it was given, or not at all."""

    name = "fake"
    ppm: int | None = 300_000
    requests: list[tuple[str, str]] = []

    def rates(self, place, tax_classes):
        FakeEngine.requests.append((place.country, place.postal_code))
        if FakeEngine.ppm is None:
            raise ProviderDown("It doesn't answer.")
        return {"standard": QuotedRate("Ring tax", FakeEngine.ppm)}


def use_engine(monkeypatch, ppm: int | None) -> None:
    monkeypatch.setattr(engines, "ENGINE", FakeEngine)
    monkeypatch.setattr(FakeEngine, "ppm", ppm)
    monkeypatch.setattr(FakeEngine, "requests", [])
    monkeypatch.setattr(quote_taxes, "_failed_at", {})
    engines.engine.cache_clear()


def taxed() -> set[tuple[str, int]]:
    with db.reading() as session:
        return {(row.label, row.rate_ppm) for row in session.exec(select(OrderTaxLine))}


async def test_a_rise_is_shown_part_by_part_and_the_next_click_accepts_it(open_tab, full_cart):  # noqa: F811
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    parts = tab.view.shown_parts
    with db.transaction() as session:
        change_price(session, 5900)
    await submit(tab, "pay", GOOD | {"shown_parts": parts})

    assert tab.refused == "The total is now €118.00, €20.00 more than before."
    assert [(one.label, one.before, one.now, one.difference) for one in tab.changes] == [
        ("Fable Lamp, Moss", "€98.00", "€118.00", "+€20.00")
    ]
    await submit(tab, "pay", GOOD | {"shown_minor": "11800", "shown_parts": tab.view.shown_parts})
    assert (tab.refused, tab.changes) == ("", [])
    assert tab.departure.address.startswith("/orders/")


async def test_a_vat_number_takes_the_tax_out_and_a_wrong_one_is_named(open_tab, full_cart, configure):  # noqa: F811
    configure(SHOP_VAT_NUMBER="DE136695976")
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert "vat_number" not in [field.name for field in tab.view.fields]
    await tab.typed("country", "AT")
    assert "vat_number" in [field.name for field in tab.view.fields]
    await tab.typed("vat_number", "ATU13585626")
    assert tab.errors["vat_number"].startswith("Check the VAT number")
    await tab.typed("vat_number", "ATU13585627")
    assert (tab.errors, tab.view.subtotal) == ({}, "€81.66")
    assert tab.view.tax_note == "Reverse charge: VAT is owed by the recipient"


async def test_the_order_is_taxed_as_the_engine_said_before_it_was_placed(open_tab, full_cart, monkeypatch):  # noqa: F811
    use_engine(monkeypatch, 300_000)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.typed("country", "AT")
    await tab.typed("postal_code", "1010")
    assert tab.view.tax_lines == [("30 % VAT included", "€24.67")]
    await submit(tab, "pay", GOOD | PLACE | {"shipping_method": "", "shown_minor": str(tab.view.total_minor)})

    assert taxed() == {("Ring tax", 300_000)}
    assert ("AT", "1010") in FakeEngine.requests
    assert len(FakeEngine.requests) == len(set(FakeEngine.requests)), "nobody is asked twice within the hour"


async def test_an_engine_that_is_down_keeps_nobody_from_buying(shop, monkeypatch, clock):
    form = CheckoutForm(
        **{name: value for name, value in GOOD.items() if name not in ("ticket", "shown_minor")}
    )
    for number, (ppm, wait, expected) in enumerate(
        [
            (None, 0, ("19 % VAT", 190_000)),
            (250_000, 60, ("Ring tax", 250_000)),
            (None, 4000, ("Ring tax", 250_000)),
        ]
    ):
        use_engine(monkeypatch, ppm)
        clock.shift(wait)
        with db.transaction() as session:
            cart_commands.add(session, key_hash(f"{VISITOR}{number}"), "SHOAL-BOWL", 1)
        await pay.pay(key_hash(f"{VISITOR}{number}"), form, 10**9)
        assert len(FakeEngine.requests) == 1
        with db.reading() as session:
            newest = session.exec(select(OrderTaxLine).order_by(col(OrderTaxLine.id).desc())).first()
        assert newest
        assert (newest.label, newest.rate_ppm) == expected
    with db.reading() as session:
        assert len(session.exec(select(Order)).all()) == 3


async def test_an_engine_that_gave_no_answer_is_let_alone_for_a_while(shop, monkeypatch, clock):
    use_engine(monkeypatch, None)
    form = CheckoutForm(country="AT", postal_code="1010")
    for _again in range(3):
        await quote_taxes.ask_for_taxes(form)
    assert len(FakeEngine.requests) == 1
    clock.shift(quote_taxes.PAUSE_AFTER_FAILURE.total_seconds())
    await quote_taxes.ask_for_taxes(form)
    assert len(FakeEngine.requests) == 2
