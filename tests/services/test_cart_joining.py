"""A guest's cart joins the account's at the sign-in: one line for each thing, and what changed is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.access.principal import account_key
from shop_app.core.clock import now
from shop_app.models import ProductStatus
from shop_app.services import joining
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart import joining as cart_joining
from shop_app.services.cart import queries as cart_queries
from shop_app.services.orders import placing
from tests.factories import (
    key_hash,
    make_basics,
    make_customer,
    make_product,
    make_promotion,
    stock_of,
)
from tests.racing import ENOUGH, FORM

pytestmark = pytest.mark.both
GUEST = key_hash("a guest")
TOGETHER = "What you had in your cart here and in your account is in one cart now."
tables = SQLModel.metadata.tables


@pytest.fixture(autouse=True)
def account(session: Session) -> int:
    """The shop, and the id of an account."""
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=5)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
    make_product(session, "Pin", price_minor=100, stock=500)
    customer = make_customer(session)
    return customer.id or 0


def put(session: Session, key: str, earlier: int = 0, **lines: int) -> None:
    """Put lines into a cart, chosen so many minutes ago."""
    for sku, quantity in lines.items():
        cart_commands.set_quantity(session, key, sku.replace("_", "-"), quantity)
    if earlier:
        line, cart = tables["cart_line"], tables["cart"]
        ids = select(cart.c.id).where(cart.c.key_hash == key)
        at = now() - timedelta(minutes=earlier)
        session.connection().execute(
            update(line).where(line.c.cart_id.in_(ids)).values(added_at=at, changed_at=at)
        )


def lines_of(session: Session, key: str) -> dict[str, int]:
    return {line.sku: line.quantity for line in cart_queries.view(session, key).lines}


def notes_of(session: Session, key: str) -> list[str]:
    return [note.text for note in cart_queries.view(session, key).joined]


def open_carts(session: Session) -> int:
    cart = tables["cart"]
    return (
        session.connection()
        .execute(select(func.count()).select_from(cart).where(cart.c.completed_at.is_(None)))
        .scalar_one()
    )


def test_a_guests_cart_becomes_the_accounts_with_its_hold_and_version(session, account):
    put(session, GUEST, DUNE_MUG=2)
    held = cart_holds.enter(session, GUEST)
    before = cart_queries.view(session, GUEST)

    joining.join(session, account, GUEST)

    mine = account_key(account)
    assert cart_queries.view(session, mine) == before
    assert cart_queries.view(session, GUEST) == cart_queries.CartView()
    assert cart_holds.view(session, mine).ends_at == held.ends_at
    assert stock_of(session, "DUNE-MUG") == (5, 0, 2)
    assert session.connection().execute(select(tables["cart"].c.customer_id)).scalars().all() == [account]
    assert events.CartJoined(GUEST) in session.info["events"]


def test_the_quantity_that_was_chosen_last_counts_and_the_sum_is_offered(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, DUNE_MUG=1, PIN=4)
    put(session, GUEST, DUNE_MUG=2, SHOAL_BOWL=1)

    joining.join(session, account, GUEST)

    assert lines_of(session, mine) == {"DUNE-MUG": 2, "PIN": 4, "SHOAL-BOWL": 1}
    _begin, note = cart_queries.view(session, mine).joined
    assert note.text == "Dune Mug: 2 here, 1 in your account. It is 2, as you chose last."
    assert (note.sku, note.count, note.offer, note.label) == ("DUNE-MUG", 2, 3, "Make it 3")

    cart_commands.set_quantity(session, mine, note.sku, note.offer)
    assert [note.offer for note in cart_queries.view(session, mine).joined] == [0, 0]


def test_what_the_account_chose_later_counts_too(session, account):
    mine = account_key(account)
    put(session, GUEST, earlier=5, DUNE_MUG=4)
    put(session, mine, DUNE_MUG=3)

    joining.join(session, account, GUEST)

    assert lines_of(session, mine) == {"DUNE-MUG": 3}
    assert cart_queries.view(session, mine).joined[1].offer == 5  # as many as there are


def test_the_same_quantity_on_both_needs_no_word(session, account):
    mine = account_key(account)
    put(session, mine, DUNE_MUG=2)
    put(session, GUEST, DUNE_MUG=2)

    joining.join(session, account, GUEST)

    assert (lines_of(session, mine), notes_of(session, mine)) == ({"DUNE-MUG": 2}, [TOGETHER])


def test_what_is_capped_gone_sold_out_or_dearer_is_said_line_by_line(session, account):
    mine = account_key(account)
    for title in ("Vase", "Plate"):
        make_product(session, title, price_minor=1000, stock=3)
    put(session, mine, VASE=1, PIN=1, DUNE_MUG=4)
    put(session, GUEST, PLATE=1, SHOAL_BOWL=3)
    variant, product, level = tables["variant"], tables["product"], tables["stock_level"]

    def of_variant(sku: str):
        return select(variant.c.id).where(variant.c.sku == sku)

    run = session.connection().execute
    run(update(product).where(product.c.title == "Vase").values(status=ProductStatus.DRAFT.value))
    run(update(variant).where(variant.c.sku == "PIN").values(price_minor=150))
    run(update(level).where(level.c.variant_id.in_(of_variant("DUNE-MUG"))).values(on_hand=2))
    run(update(level).where(level.c.variant_id.in_(of_variant("SHOAL-BOWL"))).values(on_hand=0))

    joining.join(session, account, GUEST)

    view = cart_queries.view(session, mine)
    assert [note.text for note in view.joined] == [
        TOGETHER,
        "Vase isn't sold any more.",
        "Pin: now €1.50, was €1.00.",
        "Only 2 of Dune Mug are left. We set the quantity to 2.",
        "Shoal Bowl is sold out. It is saved for later.",
    ]
    assert {line.sku: line.quantity for line in view.lines} == {
        "VASE": 1,
        "PIN": 1,
        "DUNE-MUG": 2,
        "PLATE": 1,
    }
    assert [line.sku for line in view.saved] == ["SHOAL-BOWL"]


def test_a_thing_in_the_cart_stays_there_though_it_was_saved_elsewhere(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, DUNE_MUG=1, PIN=1)
    put(session, GUEST, DUNE_MUG=3, SHOAL_BOWL=2)
    cart_commands.save_for_later(session, GUEST, "DUNE-MUG")
    cart_commands.save_for_later(session, GUEST, "SHOAL-BOWL")

    joining.join(session, account, GUEST)

    view = cart_queries.view(session, mine)
    assert {line.sku: line.quantity for line in view.lines} == {"DUNE-MUG": 1, "PIN": 1}
    assert [(line.sku, line.quantity) for line in view.saved] == [("SHOAL-BOWL", 2)]


def test_no_more_than_fifty_different_things_and_the_oldest_are_named(session, account):
    mine = account_key(account)
    for number in range(52):
        make_product(session, f"Thing {number}", price_minor=100, stock=9)
    put(session, mine, earlier=60, **{f"THING_{number}": 1 for number in range(30)})
    put(session, GUEST, **{f"THING_{number}": 1 for number in range(30, 52)})

    joining.join(session, account, GUEST)

    assert len(lines_of(session, mine)) == 50
    said = notes_of(session, mine)
    assert len(said) == 3
    assert all(text.endswith("was left out: a cart holds 50 different things at most.") for text in said[1:])
    assert all(f"THING-{number}" in lines_of(session, mine) for number in range(30, 52))


def test_codes_join_and_what_was_typed_stays(session, account):
    mine = account_key(account)
    for code in ("ONE10", "TWO10"):
        make_promotion(session, code)
    put(session, mine, PIN=1)
    put(session, GUEST, PIN=1)
    cart_commands.apply_code(session, mine, "ONE10")
    cart_commands.apply_code(session, GUEST, "TWO10")
    cart = tables["cart"]
    for key, typed in ((mine, {"email": "old@example.com", "line1": "Old 1", "note": "Ring twice"}),
                       (GUEST, {"email": "new@example.com", "given_name": "Ada"})):  # fmt: skip
        session.connection().execute(update(cart).where(cart.c.key_hash == key).values(checkout=typed))

    joining.join(session, account, GUEST)

    row = session.connection().execute(select(cart).where(cart.c.completed_at.is_(None))).mappings().one()
    assert row["codes"] == ["ONE10", "TWO10"]
    assert row["checkout"] == {"email": "new@example.com", "given_name": "Ada", "note": "Ring twice"}


def test_a_hold_that_had_begun_goes_on_for_the_joined_cart(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, SHOAL_BOWL=1, DUNE_MUG=1)
    put(session, GUEST, DUNE_MUG=2)
    held = cart_holds.enter(session, GUEST)

    joining.join(session, account, GUEST)

    assert cart_holds.view(session, mine).ends_at == held.ends_at
    assert (stock_of(session, "DUNE-MUG"), stock_of(session, "SHOAL-BOWL")) == ((5, 0, 2), (3, 0, 1))
    assert open_carts(session) == 1
    assert books.check(session).violations == ()


def test_two_holds_become_one_without_a_unit_too_many(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, DUNE_MUG=2)
    put(session, GUEST, DUNE_MUG=3)
    cart_holds.enter(session, mine)
    cart_holds.enter(session, GUEST)
    assert stock_of(session, "DUNE-MUG") == (5, 0, 5)

    joining.join(session, account, GUEST)

    assert stock_of(session, "DUNE-MUG") == (5, 0, 3)
    assert lines_of(session, mine) == {"DUNE-MUG": 3}
    assert books.check(session).violations == ()


def test_an_order_that_waits_to_be_paid_is_given_again_after_the_sign_in(session, account):
    put(session, GUEST, PIN=2)
    placed = placing.place(session, GUEST, FORM, expected_total_minor=ENOUGH)

    joining.join(session, account, GUEST)

    again = placing.place(session, account_key(account), FORM, expected_total_minor=ENOUGH)
    assert (again.order_id, again.token) == (placed.order_id, placed.token)


def test_two_orders_that_wait_are_both_kept_and_the_other_one_is_named(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, PIN=2)
    other = placing.place(session, mine, FORM, expected_total_minor=ENOUGH)
    put(session, GUEST, DUNE_MUG=1)
    placing.place(session, GUEST, FORM, expected_total_minor=ENOUGH)

    joining.join(session, account, GUEST)

    assert lines_of(session, mine) == {"PIN": 2, "DUNE-MUG": 1}
    assert notes_of(session, mine)[-1] == (
        f"Order {other.number} still waits for its payment. What is in it is in this cart too."
    )
    assert books.check(session).violations == ()


def test_a_cart_that_has_become_an_order_joins_nothing(session, account):
    put(session, GUEST, PIN=1)
    cart = tables["cart"]
    session.connection().execute(update(cart).values(completed_at=now()))

    joining.join(session, account, GUEST)

    assert cart_queries.view(session, account_key(account)) == cart_queries.CartView()
    assert session.connection().execute(select(cart.c.key_hash)).scalars().all() == [GUEST]


@pytest.mark.parametrize("visitor", ["", key_hash("another")])
def test_without_a_cart_nothing_happens(session, account, visitor):
    put(session, GUEST, PIN=1)
    joining.join(session, account, visitor)
    assert (lines_of(session, GUEST), open_carts(session)) == ({"PIN": 1}, 1)


def test_joining_twice_is_joining_once(session, account):
    mine = account_key(account)
    put(session, mine, earlier=5, PIN=1)
    put(session, GUEST, PIN=2)
    joining.join(session, account, GUEST)
    once = cart_queries.view(session, mine)

    joining.join(session, account, GUEST)

    assert cart_queries.view(session, mine) == once


def test_the_note_stays_until_it_is_read(session, account):
    mine = account_key(account)
    put(session, mine, DUNE_MUG=1)
    put(session, GUEST, PIN=2)
    joining.join(session, account, GUEST)
    assert notes_of(session, mine) == [TOGETHER]

    put(session, GUEST, PIN=2)
    joining.join(session, account, GUEST)
    assert notes_of(session, mine) == [TOGETHER]

    cart_joining.read(session, GUEST)
    assert notes_of(session, mine) == [TOGETHER]
    cart_joining.read(session, mine)
    assert notes_of(session, mine) == []


def test_an_accounts_order_is_the_accounts(session, account):
    put(session, account_key(account), PIN=1)
    placing.place(session, account_key(account), FORM, expected_total_minor=ENOUGH)
    order = tables["customer_order"]
    assert session.connection().execute(select(order.c.customer_id)).scalars().all() == [account]
