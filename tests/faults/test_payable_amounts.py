"""Amounts that a way to pay doesn't take: known before, left by gift cards, refused without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.currencies import CURRENCIES
from shop_app.core.errors import Invalid
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import AmountRefused, Bounds, PaymentMethod
from shop_app.providers.payments.manual import MANUAL
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.credit import commands as credit_commands
from shop_app.services.credit.payments import Card, cover, sum_of
from shop_app.workflows import pay as pay_workflow
from tests.factories import make_product, make_promotion
from tests.paying import FORM, ME, World, client_of, everything, make_world, rows
from tests.selling import refund

OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])
LATER = replace(FORM, payment_provider="manual")
COLLECTED = replace(FORM, shipping_method="pick-up")
MOST = 99_999_999
"""Stripe's for EUR."""
CASH = "You can pay like this: Bank transfer, or cash when you collect."


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    """A shop with a bowl that comes to €32.70 with its delivery."""
    yield make_world(tmp_path)
    with db.reading() as session:
        assert books.check(session).violations == ()


def cart_with(
    world: World, *card_amounts: int, form=FORM, sku: str = "SHOAL-BOWL", quantity: int = 1
) -> None:
    world.fill_cart(sku, quantity)
    with db.transaction() as session:
        checkout.save(session, ME, form)
        for place, amount in enumerate(card_amounts):
            issued = credit_commands.issue(session, amount, by=OWNER, request_key=f"card-{place}-of-the-test")
            cart_commands.apply_credit(session, ME, issued.code)


def shown() -> checkout.CheckoutView:
    with db.reading() as session:
        return checkout.view(session, ME)


def shown_cart() -> cart_queries.CartView:
    with db.reading() as session:
        return cart_queries.view(session, ME)


def pay(form=FORM) -> str:
    view = shown()
    return asyncio.run(pay_workflow.pay(ME, form, view.total_minor, expected_credit_minor=view.credit_minor))


def balances() -> list[int]:
    return [row.balance_minor for row in rows("credit_account")]


def all_of_it() -> dict[str, list]:
    more = {name: [tuple(row) for row in rows(name)] for name in ("credit_account", "credit_entry")}
    return everything() | more


def only(*methods: PaymentMethod) -> None:
    """Offer these ways to pay alone."""
    registry.offer(methods)


def card_method() -> PaymentMethod:
    provider = registry.provider("stripe")
    return PaymentMethod("stripe", lambda: provider)


def stays(amount: str) -> str:
    return f"{amount} stays on it, because the rest has to be a payment of at least €0.50"


# --- Gift cards leave what can be paid ----------------------------------------------------------

# Cards -> what they pay, what is left, what the page says of each.
LEFT = [
    ([2000], ["−€20.00"], "€12.70", [""]),
    ([3219], ["−€32.19"], "€0.51", [""]),
    ([3220], ["−€32.20"], "€0.50", [""]),
    ([3221], ["−€32.20"], "€0.50", [stays("€0.01")]),
    ([3240], ["−€32.20"], "€0.50", [stays("€0.20")]),
    ([3269], ["−€32.20"], "€0.50", [stays("€0.49")]),
    ([3000, 240], ["−€30.00", "−€2.20"], "€0.50", ["", stays("€0.20")]),
    ([3230, 10], ["−€32.20", ""], "€0.50", [stays("€0.10"), stays("€0.10")]),
    ([3260, 9], ["−€32.20", ""], "€0.50", [stays("€0.40"), stays("€0.09")]),
    ([30, 3210], ["−€0.30", "−€31.90"], "€0.50", ["", stays("€0.20")]),
]


@pytest.mark.parametrize(("cards", "amounts", "left", "notes"), LEFT)
def test_a_card_payment_is_left_that_can_be_made(world, cards, amounts, left, notes):
    cart_with(world, *cards)
    view = shown()
    assert [credit.amount for credit in view.credits] == amounts
    assert [credit.note for credit in view.credits] == notes
    assert (view.left, view.pay_label, shown_cart().left) == (left, f"Pay {left}", left)
    world.enter_card(pay())
    world.deliver()
    (order,) = rows("customer_order")
    assert (order.status, order.payment_status) == ("placed", "paid")
    assert sum(cards) - sum(balances()) == view.credit_minor


@pytest.mark.parametrize("cards", [[3270], [4000], [3240, 30], [3269, 5000]])
def test_cards_that_pay_for_everything_leave_nothing(world, cards):
    cart_with(world, *cards)
    assert (shown().is_covered, shown().left) == (True, "€0.00")
    assert pay() == f"/orders/{rows('customer_order')[0].token}"
    assert rows("customer_order")[0].payment_status == "paid"


def test_a_transfer_takes_any_rest(world):
    cart_with(world, 3240, form=LATER)
    view = shown()
    assert (view.left, view.credit_minor, view.credits[0].note) == ("€0.30", 3240, "")
    pay(LATER)
    assert (rows("customer_order")[0].status, balances()) == ("placed", [0])


@given(
    st.lists(st.integers(0, 3000), max_size=5),
    st.integers(0, 6000),
    st.sampled_from([Bounds(), Bounds(50), Bounds(300, 5000), Bounds(100, 200)]),
)
def test_cards_leave_nothing_or_what_can_be_paid(spendable, total, bounds):
    cards = [Card(place, "", amount) for place, amount in enumerate(spendable)]
    parts = cover(cards, total, "EUR", bounds)
    left = total - sum_of(parts)
    assert all(
        0 <= part.amount_minor <= card.spendable_minor for part, card in zip(parts, cards, strict=True)
    )
    assert left >= max(0, total - sum(spendable))
    if total >= bounds.least_minor:
        assert left == 0 or left >= bounds.least_minor
        # They pay as much as they can.
        assert left in (max(0, total - sum(spendable)), bounds.least_minor)


# --- Totals that can't be paid ------------------------------------------------------------------


def a_product(price_minor: int) -> None:
    with db.transaction() as session:
        make_product(session, "Thing", price_minor=price_minor, stock=9)


# Price of one, how many, form -> ways, and what is said. Collected, so that no delivery is added.
TOTALS = [
    (30, 1, ["manual"], ["Card: a payment has to be at least €0.50, and this is €0.30."]),
    (49, 1, ["manual"], ["Card: a payment has to be at least €0.50, and this is €0.49."]),
    (50, 1, ["stripe", "manual"], []),
    (MOST, 1, ["stripe", "manual"], []),
    (MOST + 1, 1, ["manual"], ["Card: a payment can be €999,999.99 at most, and this is €1,000,000.00."]),
    (60_000_000, 2, ["manual"], ["Card: a payment can be €999,999.99 at most, and this is €1,200,000.00."]),
]


@pytest.mark.parametrize(("price", "quantity", "ways", "notes"), TOTALS)
def test_what_a_card_cant_pay_is_said_before_and_another_way_is_offered(world, price, quantity, ways, notes):
    a_product(price)
    cart_with(world, form=COLLECTED, sku="THING", quantity=quantity)
    view = shown()
    assert [way.code for way in view.payments] == ways
    assert view.cart.payment_notes == notes + [CASH] * bool(notes)
    assert [way.code for way in view.payments if way.chosen] == ways[:1]
    if "stripe" not in ways:
        before = all_of_it()
        with pytest.raises(Invalid) as refusal:
            pay(COLLECTED)
        assert (refusal.value.field, refusal.value.message) == ("payment_provider", notes[0])
        assert all_of_it() == before
    pay(replace(COLLECTED, payment_provider=ways[0]))
    assert len(rows("customer_order")) == 1


@pytest.mark.parametrize(
    ("price", "quantity", "to_do"),
    [(30, 1, "Add something to your cart."), (60_000_000, 2, "Make several orders of it.")],
)
def test_where_no_way_is_left_the_cart_says_what_to_do(world, price, quantity, to_do):
    a_product(price)
    only(card_method())
    cart_with(world, form=COLLECTED, sku="THING", quantity=quantity)
    view = shown()
    assert (view.payments, view.cart.payment_notes[-1]) == ([], to_do)
    # The cart counts with the cheapest delivery, which is no collecting: that lifts the small one.
    assert shown_cart().payment_notes[-1:] == ([to_do] if quantity > 1 else [])
    with pytest.raises(Invalid, match=r"^Card: a payment"):
        pay(COLLECTED)
    assert rows("customer_order") == []


def test_cards_bring_a_total_below_the_most(world):
    a_product(MOST)
    cart_with(world, 5000, form=replace(FORM, shipping_method="standard"), sku="THING")
    assert shown().cart.payment_notes == []
    with db.transaction() as session:
        cart_commands.remove_credit(session, ME, rows("credit_account")[0].id)
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    assert shown().cart.payment_notes == [
        "Card: a payment can be €999,999.99 at most, and this is €1,000,027.79.",
        "You can pay like this: Bank transfer.",
    ]


def test_a_total_below_the_least_isnt_made_smaller_still(world):
    """Neither way helps: the card keeps what it has, and a transfer takes the rest."""
    a_product(30)
    cart_with(world, 10, form=COLLECTED, sku="THING")
    view = shown()
    assert ([way.code for way in view.payments], view.left) == (["manual"], "€0.20")
    assert view.cart.payment_notes == ["Card: a payment has to be at least €0.50, and this is €0.20.", CASH]


def test_a_promotion_may_leave_less_than_can_be_paid_or_nothing_at_all(world):
    with db.transaction() as session:
        make_promotion(session, "ALMOST", kind="fixed", percent=0, amount_minor=2750)
        make_promotion(session, "ALL", percent=100)
    cart_with(world, form=COLLECTED)
    with db.transaction() as session:
        cart_commands.apply_code(session, ME, "ALMOST")
    assert (shown().total, [way.code for way in shown().payments]) == ("€0.30", ["manual"])
    with db.transaction() as session:
        cart_commands.remove_code(session, ME, "ALMOST")
        cart_commands.apply_code(session, ME, "ALL")
    assert (shown().total, [way.code for way in shown().payments]) == ("€0.00", ["stripe", "manual"])
    pay(COLLECTED)
    assert rows("customer_order")[0].payment_status == "paid"


def test_a_price_that_fell_below_the_least_after_the_page_was_shown_is_refused_and_nothing_placed(world):
    a_product(60)
    cart_with(world, form=COLLECTED, sku="THING")
    view = shown()
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE variant SET price_minor = 40 WHERE sku = 'THING'")
    before = all_of_it()
    with pytest.raises(Invalid, match="at least €0.50, and this is €0.40"):
        asyncio.run(pay_workflow.pay(ME, COLLECTED, view.total_minor))
    assert all_of_it() == before


# --- The provider has the last word -------------------------------------------------------------


@pytest.mark.both
def test_an_amount_that_the_provider_alone_refuses_gives_everything_back_at_once(world, monkeypatch):
    """As where it pays the shop out in another currency, whose least is more."""
    monkeypatch.setattr(type(registry.provider("stripe")), "bounds", lambda _self, _currency: Bounds())
    cart_with(world, 3240)
    assert shown().pay_label == "Pay €0.30"
    stock = rows("stock_level")
    with pytest.raises(AmountRefused) as refusal:
        pay()
    assert refusal.value.message == (
        "This amount can't be paid by card. Choose another way to pay, or change your cart."
    )
    (order,) = rows("customer_order")
    assert (order.status, rows("stock_level"), balances()) == ("cancelled", stock, [3240])
    assert [row.state for row in rows("payment")] == ["cancelled", "failed"]
    assert client_of(world.sandbox).v1.checkout.sessions.list({"limit": 9}).data == []
    # The same cart by transfer, at once.
    pay(LATER)
    assert [row.status for row in rows("customer_order")] == ["cancelled", "placed"]
    assert balances() == [0]


def test_the_bounds_are_those_of_the_currency():
    for code, currency in CURRENCIES.items():
        bounds = registry.bounds("stripe", code)
        assert (bounds.least_minor, bounds.most_minor) == (currency.least_minor, currency.most_minor)
        assert bounds.takes(0)
        assert bounds.takes(bounds.least_minor - 1) is (bounds.least_minor == 1)
        assert [bounds.takes(each) for each in (bounds.least_minor, bounds.most_minor)] == [True, True]
        assert not bounds.takes(bounds.most_minor + 1)
        assert registry.bounds("manual", code) == Bounds()


class Vouchers(type(MANUAL.provider())):
    """A way to pay of an extension, which takes €10 to €20."""

    name = "vouchers"

    def bounds(self, currency: str) -> Bounds:
        return Bounds(1000, 2000)

    def label(self, *, collected: bool) -> str:
        return "Vouchers"


def test_an_extensions_way_to_pay_says_its_bounds_or_takes_everything(world):
    only(PaymentMethod("vouchers", Vouchers), MANUAL)
    form = replace(FORM, payment_provider="vouchers")
    cart_with(world, form=form)
    assert [way.code for way in shown().payments] == ["manual"]
    assert shown().cart.payment_notes == [
        "Vouchers: a payment can be €20.00 at most, and this is €32.70.",
        "You can pay like this: Bank transfer.",
    ]
    with db.transaction() as session:
        issued = credit_commands.issue(session, 3000, by=OWNER, request_key="a card of the test")
        cart_commands.apply_credit(session, ME, issued.code)
    view = shown()
    assert (view.left, view.credit_minor, [way.code for way in view.payments]) == (
        "€10.00",
        2270,
        ["vouchers", "manual"],
    )


def test_a_refund_may_be_smaller_than_a_payment_can_be(world):
    cart_with(world, 3240)
    world.enter_card(pay())
    world.deliver()
    refund(free_minor=1)
    refund("key-2", free_minor=49)
    assert [(row.amount_minor, row.status) for row in rows("refund")] == [(1, "succeeded"), (49, "succeeded")]
