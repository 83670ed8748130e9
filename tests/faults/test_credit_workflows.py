"""Part credit, part card, from the cart to the end: paid, declined, cancelled, expired, superseded, late."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, NotFound, ProviderDown, TooMany
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.payments import commands as payment_commands
from shop_app.services.storefront import order_page
from shop_app.workflows import mark_paid, reconcile
from shop_app.workflows import pay as pay_workflow
from tests.paying import FORM, ME, World, client_of, everything, make_world, rows

OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])
LATER = replace(FORM, payment_provider="manual")
TOTAL = 3270
CARD = 2000
REST = TOTAL - CARD


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    yield make_world(tmp_path)
    with db.reading() as session:
        assert books.check(session).violations == ()


def a_card(amount_minor: int = CARD, key: str = "one", **more) -> credit_commands.Issued:
    with db.transaction() as session:
        return credit_commands.issue(session, amount_minor, by=OWNER, request_key=key, **more)


def enter(issued: credit_commands.Issued) -> None:
    with db.transaction() as session:
        cart_commands.apply_credit(session, ME, issued.code)


def shown() -> checkout.CheckoutView:
    with db.reading() as session:
        return checkout.view(session, ME)


def pay(world: World, form=FORM) -> str:
    """Click on pay, with what the page shows at that moment."""
    view = shown()
    return asyncio.run(pay_workflow.pay(ME, form, view.total_minor, expected_credit_minor=view.credit_minor))


def cart_with(world: World, *cards: credit_commands.Issued, sku: str = "SHOAL-BOWL") -> None:
    world.fill_cart(sku)
    for issued in cards:
        enter(issued)


def balances() -> list[int]:
    return [row.balance_minor for row in rows("credit_account")]


def entries() -> list[tuple[str, int]]:
    return [(row.kind, row.amount_minor) for row in rows("credit_entry")]


def payments() -> list[tuple[str, str, int, int]]:
    return [(row.provider, row.state, row.amount_minor, row.captured_minor) for row in rows("payment")]


def order():
    return rows("customer_order")[-1]


def statuses() -> tuple[str, str]:
    return order().status, order().payment_status


def letters() -> list[str]:
    return [row.kind for row in rows("letter")]


def all_of_it() -> dict[str, list]:
    more = {name: [tuple(row) for row in rows(name)] for name in ("credit_account", "credit_entry")}
    return everything() | more


# --- The straight way -----------------------------------------------------------------------------


def test_the_page_shows_what_the_card_pays_and_what_is_left(world):
    issued = a_card()
    cart_with(world, issued)

    view = shown()
    assert [(c.label, c.amount) for c in view.credits] == [
        (f"Gift card ending {issued.last_four}", "−€20.00")
    ]
    assert (view.total, view.left, view.pay_label, view.credit_minor) == (
        "€32.70",
        "€12.70",
        "Pay €12.70",
        CARD,
    )
    assert (view.cart.left, view.is_covered) == ("€12.70", False)


@pytest.mark.both
def test_card_and_credit_together_pay_the_order(world):
    issued = a_card()
    cart_with(world, issued)
    url = pay(world)

    assert statuses() == ("pending", "none")
    assert payments() == [("credit", "authorized", 2000, 0), ("stripe", "open", REST, 0)]
    assert (balances(), entries()) == ([0], [("issued", 2000), ("spent", -2000)])
    (session,) = client_of(world.sandbox).v1.checkout.sessions.list({"limit": 9}).data
    assert session.amount_total == REST

    world.enter_card(url)
    world.deliver()
    assert statuses() == ("placed", "paid")
    assert payments() == [("credit", "captured", 2000, 2000), ("stripe", "captured", REST, REST)]
    assert (order().needs_review, letters()) == ("", ["order_paid"])
    assert (balances(), len(entries())) == ([0], 2)
    with db.reading() as session:
        view = order_page.view(session, order().token)
    assert (view.total, view.phase) == ("€32.70", "paid")
    assert view.paid_with == [(f"Gift card ending {issued.last_four}", "€20.00"), ("Card", "€12.70")]


@pytest.mark.both
def test_credit_alone_pays_at_once_and_nobody_outside_is_asked(world):
    issued = a_card(5000)
    cart_with(world, issued)
    assert (shown().pay_label, shown().is_covered) == ("Place order", True)

    assert pay(world) == f"/orders/{order().token}"
    assert statuses() == ("placed", "paid")
    assert order().paid_at is not None
    assert payments() == [("credit", "captured", TOTAL, TOTAL)]
    assert (balances(), letters()) == ([5000 - TOTAL], ["order_paid"])
    assert [row.kind for row in rows("payment_event")] == ["authorized", "captured"]
    assert client_of(world.sandbox).v1.checkout.sessions.list({"limit": 9}).data == []
    # The same click again finds the same order.
    asyncio.run(pay_workflow.pay(ME, FORM, TOTAL, expected_credit_minor=TOTAL))
    assert len(rows("customer_order")) == 1


def test_several_cards_pay_in_the_order_in_which_they_were_entered(world):
    small, large = a_card(1000, "small"), a_card(5000, "large")
    cart_with(world, large, small)
    first, second = shown().credits
    assert (first.amount, second.amount, second.note) == (
        "−€32.70",
        "",
        "Isn't needed, the others pay for all of it",
    )
    with db.transaction() as session:
        cart_commands.remove_credit(session, ME, large.account_id)
    enter(large)
    assert [one.amount for one in shown().credits] == ["−€10.00", "−€22.70"]
    pay(world)
    assert (balances(), statuses()) == ([0, 5000 - 2270], ("placed", "paid"))


def test_a_transfer_is_asked_for_the_rest_alone_and_settles_both(world):
    cart_with(world, a_card())
    pay(world, LATER)

    assert (statuses(), payments()) == (("placed", "none"), [("credit", "authorized", 2000, 0)])
    assert letters() == ["order_placed"]
    with db.reading() as session:
        view = order_page.view(session, order().token)
    assert (view.phase, view.transfer_details[0]) == ("awaiting_transfer", ("Amount", "€12.70"))

    asyncio.run(mark_paid.mark_paid(order().number, "bank 1", OWNER))
    assert statuses() == ("placed", "paid")
    assert payments() == [("credit", "captured", 2000, 2000), ("manual", "captured", REST, REST)]


# --- Without paying -------------------------------------------------------------------------------


def test_a_decline_keeps_the_credit_set_aside(world):
    cart_with(world, a_card())
    world.enter_card(pay(world), "4000000000000002")
    world.deliver()
    assert (statuses(), balances()) == (("pending", "none"), [0])
    # For this cart it is there as ever: the page shows what it showed.
    assert (shown().left, shown().credits[0].amount) == ("€12.70", "−€20.00")


@pytest.mark.both
def test_cancelling_puts_it_back_and_the_next_order_takes_it_again(world):
    cart_with(world, a_card())
    pay(world)
    asyncio.run(pay_workflow.cancel_payment(order().token))

    assert (order().status, balances()) == ("cancelled", [2000])
    assert payments() == [("credit", "cancelled", 2000, 0), ("stripe", "expired", REST, 0)]
    assert entries() == [("issued", 2000), ("spent", -2000), ("returned", 2000)]
    world.enter_card(pay(world))
    world.deliver()
    assert (statuses(), balances(), len(rows("customer_order"))) == (("placed", "paid"), [0], 2)


def test_a_changed_cart_ends_the_old_order_and_the_new_one_has_the_credit(world):
    cart_with(world, a_card())
    pay(world)
    world.fill_cart("DUNE-MUG")
    assert shown().credits[0].amount == "−€20.00"
    pay(world)

    assert [row.status for row in rows("customer_order")] == ["cancelled", "pending"]
    assert (balances(), [row.state for row in rows("payment") if row.provider == "credit"]) == (
        [0],
        ["cancelled", "authorized"],
    )


def test_taking_the_card_out_again_makes_another_order_at_the_full_price(world):
    issued = a_card()
    cart_with(world, issued)
    pay(world)
    with db.transaction() as session:
        cart_commands.remove_credit(session, ME, issued.account_id)
    pay(world)
    assert (balances(), rows("payment")[-1].amount_minor) == ([2000], TOTAL)


@pytest.mark.both
def test_an_expired_order_gives_it_back_and_a_late_payment_takes_it_again(world, clock, monkeypatch):
    cart_with(world, a_card())
    url = pay(world)
    late(world, url, monkeypatch)
    assert (order().status, balances()) == ("expired", [2000])

    assert asyncio.run(reconcile.reconcile())
    assert (statuses(), order().needs_review) == (("placed", "paid"), "")
    assert (balances(), [kind for kind, _amount in entries()]) == (
        [0],
        ["issued", "spent", "returned", "spent"],
    )
    assert [row.state for row in rows("payment") if row.provider == "credit"] == ["cancelled", "captured"]


@pytest.mark.both
def test_a_late_payment_whose_credit_is_spent_is_for_a_person(world, clock, monkeypatch):
    issued = a_card()
    cart_with(world, issued)
    url = pay(world)
    late(world, url, monkeypatch)
    with db.transaction() as session:
        credit_commands.add_entry(
            session, issued.account_id, -1, credit_commands.CreditEntryKind.ADJUSTED, "adjusted:1"
        )

    asyncio.run(reconcile.reconcile())
    assert (order().status, balances()) == ("expired", [1999])
    assert order().needs_review == "Paid after the order had expired and its units or its credit were gone."
    assert rows("stock_level")[0].allocated == 0


def late(world: World, url: str, monkeypatch) -> None:
    """The order ends here while, unseen by us, its payment goes through at the provider."""
    world.enter_card(url)
    with monkeypatch.context() as patch:
        patch.setattr(pay_workflow, "sync_payment", _nothing)
        patch.setattr(payment_commands, "end_unpaid", _end_unseen)
        assert asyncio.run(pay_workflow.end_unpaid_order(order().id, "expired"))


async def _nothing(*_args) -> str:
    return ""


def _end_unseen(session, order_id: int, why: str) -> bool:
    order_commands.end_unpaid(session, order_id, why=why)
    return True


# --- What changed since the page was shown --------------------------------------------------------


def test_a_card_that_was_spent_elsewhere_is_refused_with_the_difference_and_nothing_is_placed(world):
    issued = a_card()
    cart_with(world, issued)
    view = shown()
    with db.transaction() as session:
        credit_commands.add_entry(
            session, issued.account_id, -1500, credit_commands.CreditEntryKind.ADJUSTED, "adjusted:1"
        )
    before = all_of_it()

    with pytest.raises(Conflict, match=r"€27.70 is left to pay now, €15.00 more than before"):
        asyncio.run(pay_workflow.pay(ME, FORM, view.total_minor, expected_credit_minor=view.credit_minor))
    assert all_of_it() == before
    pay(world)
    assert rows("payment")[-1].amount_minor == 2770


def test_a_price_that_rose_is_refused_even_where_a_card_would_cover_it(world):
    cart_with(world, a_card(9000))
    view = shown()
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE variant SET price_minor = 4000 WHERE price_minor = 2780")
    before = all_of_it()
    with pytest.raises(Conflict):
        asyncio.run(pay_workflow.pay(ME, FORM, view.total_minor, expected_credit_minor=view.credit_minor))
    assert all_of_it() == before


def test_a_card_with_more_on_it_than_before_leaves_less_to_pay(world):
    issued = a_card()
    cart_with(world, issued)
    view = shown()
    with db.transaction() as session:
        credit_commands.add_entry(
            session, issued.account_id, 500, credit_commands.CreditEntryKind.ADJUSTED, "adjusted:1"
        )
    asyncio.run(pay_workflow.pay(ME, FORM, view.total_minor, expected_credit_minor=view.credit_minor))
    assert rows("payment")[-1].amount_minor == REST - 500


def test_a_provider_that_fails_gives_the_credit_back_for_the_next_click(world):
    cart_with(world, a_card())
    world.faults(api=[{"path": "POST /v1/checkout/sessions", "do": "500", "times": 3}])
    with pytest.raises(ProviderDown):
        pay(world)
    assert (statuses(), balances()) == (("cancelled", "none"), [CARD])
    world.faults()
    world.enter_card(pay(world))
    world.deliver()
    assert (statuses(), balances(), len(rows("customer_order"))) == (("placed", "paid"), [0], 2)


# --- Entering a code ------------------------------------------------------------------------------


@pytest.mark.both
def test_whatever_is_wrong_with_a_code_the_sentence_is_the_same_and_the_cart_stays(world, clock):
    world.fill_cart()
    ended = a_card(key="ended", expires_at=now() + timedelta(hours=1))
    empty, off = a_card(key="empty"), a_card(key="off")
    with db.transaction() as session:
        credit_commands.add_entry(
            session, empty.account_id, -2000, credit_commands.CreditEntryKind.ADJUSTED, "adjusted:1"
        )
        session.connection().exec_driver_sql(
            f"UPDATE credit_account SET active = FALSE WHERE id = {off.account_id}"
        )
    clock.shift(3601)
    before, sentences = all_of_it(), set()
    for wrong in (ended, empty, off, dataclasses.replace(off, code="2222-3333-4444-5555-6666")):
        with pytest.raises(NotFound) as refused:
            enter(wrong)
        sentences.add(refused.value.message)
    assert sentences == {
        "This code has nothing left to spend, or isn't one of ours. Check it, please: every sign counts."
    }
    assert all_of_it() == before


def test_a_card_that_ends_while_it_is_in_the_cart_pays_nothing_any_more(world, clock):
    cart_with(world, a_card(expires_at=now() + timedelta(hours=1)))
    clock.shift(3601)
    view = shown()
    assert (view.credits[0].amount, view.credits[0].note, view.left) == (
        "",
        "Nothing is left on it",
        "€32.70",
    )
    pay(world)
    assert (balances(), payments()) == ([2000], [("stripe", "open", TOTAL, 0)])


def test_a_cart_takes_five_cards_and_no_more(world):
    world.fill_cart()
    for number in range(5):
        enter(a_card(100, f"card {number}"))
    before = all_of_it()
    sixth = a_card(100, "sixth")
    with pytest.raises(TooMany, match="another card"):
        enter(sixth)
    assert all_of_it()["cart"] == before["cart"]
