"""Checkout with a rival before and after each step: what is paid is what was shown and confirmed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from _pytest.mark import ParameterSet
from sqlalchemy import update
from sqlmodel import SQLModel

from shop_app.core import db, events
from shop_app.core.errors import ShopError
from shop_app.providers.payments.stripe import StripeProvider
from shop_app.services import terms_cache
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import lines as cart_lines
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import placing
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments import inbox as payment_inbox
from shop_app.services.payments import ledger as payment_ledger
from shop_app.services.promotions import commands as promotions_commands
from shop_app.workflows import pay, reconcile, recover
from tests.factories import key_hash, make_promotion, stock_of
from tests.interleaving import Rival, Step, around
from tests.paying import FORM, ME, World, client_of, make_world, rows

tables = SQLModel.metadata.tables
BOWL, CODE, BOWLS = "SHOAL-BOWL", "AUTUMN10", 3
DAY_SECONDS = 24 * 3600

STEPS = (
    Step("the cart is locked", cart_lines, "head"),
    Step("its lines are read", cart_lines, "lines"),
    Step("it is priced", checkout, "price"),
    Step("stock is taken", inventory_commands, "allocate"),
    Step("the code is used", promotions_commands, "take"),
    Step("the order is placed", placing, "place"),
    Step("the attempt is written down", payment_commands, "start_attempt"),
    Step("the provider is asked", StripeProvider, "start"),
    Step("its answer is noted", payment_commands, "opened"),
    Step("the card is entered", World, "enter_card"),
    Step("the notice is stored", payment_inbox, "receive"),
    Step("the payment is retrieved", StripeProvider, "retrieve"),
    Step("the ledger takes it", payment_ledger, "apply"),
)


class Checkout:
    """One shopper who sees a total, confirms it and pays; and all that may come in between."""

    def __init__(self, world: World, clock) -> None:
        self.world, self.clock = world, clock
        with db.transaction() as session:
            make_promotion(session, CODE, usage_limit=1)
        world.fill_cart(BOWL, 2)
        with db.transaction() as session:
            cart_commands.apply_code(session, ME, CODE)
        with db.transaction() as session:
            self.shown = checkout.save(session, ME, FORM).total_minor
        self.confirmed = {self.shown}

    def pay(self) -> None:
        self.pay_what_is_shown(self.shown)

    def pay_what_is_shown(self, shown: int) -> None:
        self.confirmed.add(shown)
        try:
            url = self.world.pay(FORM, shown)
        except ShopError:
            return
        if "/sandbox/pay/" in url:
            self.world.enter_card(url)
        self.world.deliver()

    def quiet(self) -> None:
        """Deliver, reconcile and sweep until nothing waits any more."""
        self.world.deliver()
        asyncio.run(reconcile.reconcile())
        self.clock.shift(DAY_SECONDS)
        asyncio.run(recover.sweep())
        self.world.deliver()
        asyncio.run(reconcile.reconcile())

    # The rivals.

    def price_rises(self) -> None:
        self._price(2980)

    def price_falls(self) -> None:
        self._price(2580)

    def _price(self, minor: int) -> None:
        variant = tables["variant"]
        with db.transaction() as session:
            session.connection().execute(
                update(variant).where(variant.c.sku == BOWL).values(price_minor=minor)
            )

    def tax_rises(self) -> None:
        rate = tables["tax_rate"]
        with db.transaction() as session:
            session.connection().execute(update(rate).values(rate_ppm=rate.c.rate_ppm + 10_000))
            events.publish(session, events.TermsChanged())
        terms_cache.clear_all()

    def stock_is_counted_down(self) -> None:
        with db.transaction() as session:
            on_hand, allocated, held = stock_of(session, BOWL)
            inventory_commands.adjust(session, _variant(), -(on_hand - allocated - held), reason="broken")

    def another_takes_the_rest(self) -> None:
        other = key_hash("another")
        with db.transaction() as session:
            on_hand, allocated, held = stock_of(session, BOWL)
            cart_commands.add(session, other, BOWL, on_hand - allocated - held)
        self._buys(other)

    def another_uses_the_code(self) -> None:
        other = key_hash("another")
        with db.transaction() as session:
            cart_commands.add(session, other, "DUNE-MUG", 1)
            cart_commands.apply_code(session, other, CODE)
        self._buys(other)

    def _buys(self, other: str) -> None:
        with db.transaction(durable=True) as session:
            form = replace(FORM, email="other@example.com", payment_provider="manual")
            placing.place(session, other, form, expected_total_minor=10**9)

    def code_ends(self) -> None:
        promotion = tables["promotion"]
        with db.transaction() as session:
            session.connection().execute(update(promotion).values(active=False))
            events.publish(session, events.TermsChanged())

    def cart_grows(self) -> None:
        with db.transaction() as session:
            cart_commands.add(session, ME, "DUNE-MUG", 1)

    def cart_shrinks(self) -> None:
        with db.transaction() as session:
            cart_commands.set_quantity(session, ME, BOWL, 1)

    def cart_is_emptied(self) -> None:
        with db.transaction() as session:
            cart_commands.remove(session, ME, BOWL)

    def code_is_taken_out(self) -> None:
        with db.transaction() as session:
            cart_commands.remove_code(session, ME, CODE)

    def time_runs_out(self) -> None:
        self.clock.shift(41 * 60)
        asyncio.run(recover.sweep())

    def shopper_cancels(self) -> None:
        mine = [row.token for row in rows("customer_order") if row.email == FORM.email]
        asyncio.run(pay.cancel_payment(mine[-1]))

    def clicks_again(self) -> None:
        asyncio.run(pay.pay(ME, FORM, self.shown))

    def pays_in_another_tab(self) -> None:
        with db.transaction() as session:
            shown = checkout.save(session, ME, FORM).total_minor
        self.pay_what_is_shown(shown)

    def shop_reconciles(self) -> None:
        asyncio.run(reconcile.reconcile())


def _variant() -> int:
    return next(row.id for row in rows("variant") if row.sku == BOWL)


RIVALS: tuple[Callable[[Checkout], None], ...] = (
    Checkout.price_rises,
    Checkout.price_falls,
    Checkout.tax_rises,
    Checkout.stock_is_counted_down,
    Checkout.another_takes_the_rest,
    Checkout.another_uses_the_code,
    Checkout.code_ends,
    Checkout.cart_grows,
    Checkout.cart_shrinks,
    Checkout.cart_is_emptied,
    Checkout.code_is_taken_out,
    Checkout.time_runs_out,
    Checkout.shopper_cancels,
    Checkout.clicks_again,
    Checkout.pays_in_another_tab,
    Checkout.shop_reconciles,
)


@pytest.fixture
def shopper(engine, tmp_path, clock) -> Checkout:
    return Checkout(make_world(tmp_path), clock)


LONG = os.environ.get("SHOP_TESTS_LONG") == "1"


def _cases(steps: Sequence[Step], *, after: Sequence[Step]) -> list[ParameterSet]:
    places = [(step, "before") for step in steps] + [(step, "after") for step in after]
    return [
        pytest.param(step, when, rival, id=f"{when}-{step.label}-{rival.__name__}".replace(" ", "-"))
        for step, when in places
        for rival in RIVALS
    ]


EVERY = _cases(STEPS, after=STEPS)
# After one step is before the next one, but for the last. Inside the transaction that places the order
# every rival waits on SQLite, so what can happen there happens on PostgreSQL.
QUICK = _cases([STEPS[0], *STEPS[5:]], after=STEPS[-1:])
QUICK_ON_POSTGRES = _cases(STEPS[2:4], after=())


@pytest.mark.parametrize(("step", "when", "rival"), EVERY if LONG else QUICK)
def test_what_is_paid_is_what_was_shown(shopper, step, when, rival):
    _go_through(shopper, step, when, rival)


@pytest.mark.postgres
@pytest.mark.parametrize(("step", "when", "rival"), EVERY if LONG else QUICK_ON_POSTGRES)
def test_on_postgresql_too(shopper, step, when, rival):
    _go_through(shopper, step, when, rival)


def _go_through(shopper: Checkout, step: Step, when: str, rival: Callable[[Checkout], None]) -> None:
    strikes = Rival(lambda: rival(shopper))

    with around(step, when, strikes):
        shopper.pay()
    assert strikes.struck
    assert strikes.problem is None or isinstance(strikes.problem, ShopError | IndexError), strikes.problem
    shopper.quiet()

    _money_is_right(shopper)
    _stock_is_right()
    with db.reading() as session:
        assert books.check(session).violations == ()


def _money_is_right(shopper: Checkout) -> None:
    placed = {row.id: row for row in rows("customer_order")}
    mine = [row for row in placed.values() if row.email == FORM.email]
    taken = {row.reference: row for row in rows("payment") if row.provider == "stripe"}
    # Nobody is charged anything but the total of an order that was shown to him, or less.
    assert all(any(row.total_minor <= shown for shown in shopper.confirmed) for row in mine)
    for session in client_of(shopper.world.sandbox).v1.checkout.sessions.list({"limit": 100}).data:
        payment = taken[session.id]
        order = placed[payment.order_id]
        assert session.amount_total == payment.amount_minor == order.total_minor
        assert session.status in ("complete", "expired")
        if session.payment_status == "paid":
            assert (payment.captured_minor, order.payment_status) == (order.total_minor, "paid")
            assert order.status == "placed" or order.needs_review
        else:
            assert payment.captured_minor == 0
            assert order.status in ("cancelled", "expired")
    # A cart that nobody has changed is bought once, however often it was clicked.
    assert (
        sum(row.status == "placed" and row.cart_id == mine[0].cart_id for row in mine) <= 1 if mine else True
    )
    assert not any(row.status == "pending" for row in placed.values())


def _stock_is_right() -> None:
    living = {row.id for row in rows("customer_order") if row.status in ("placed", "completed")}
    sold: dict[int, int] = {}
    for line in rows("order_line"):
        if line.order_id in living:
            sold[line.variant_id] = sold.get(line.variant_id, 0) + line.quantity
    for level in rows("stock_level"):
        assert (level.allocated, level.held) == (sold.get(level.variant_id, 0), 0)
        assert level.allocated <= level.on_hand
