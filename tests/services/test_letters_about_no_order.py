"""Cart reminders and review requests: only to whom agreed, each once, and about what is still so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlmodel import select

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.errors import ProviderDown
from shop_app.core.shop import hold, shop
from shop_app.models import Product, Review
from shop_app.providers.mail import AddressRefused
from shop_app.services import consents, outbox
from shop_app.services.cart import commands as cart_commands
from shop_app.services.returns import commands as return_commands
from shop_app.worker import jobs
from tests.factories import make_customer
from tests.paying import World, make_world, rows
from tests.program.test_jobs import Post
from tests.selling import delivered, line, order, run_sql, sell, send

pytestmark = pytest.mark.both
ADA = "ada@example.com"
HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def world(engine, tmp_path, clock) -> World:
    hold(replace(shop(), cart_reminder_hours=4, review_request_days=7))
    return make_world(tmp_path)


@pytest.fixture
def post(monkeypatch) -> Post:
    office = Post()
    monkeypatch.setattr(jobs, "mailer", lambda: office)
    return office


def agree(purpose: str, email: str = ADA) -> None:
    with db.transaction() as session:
        consents.give(session, email, purpose, consents.PURPOSES[purpose], "test")


def withdraw(purpose: str, email: str = ADA) -> None:
    with db.transaction() as session:
        consents.withdraw(session, email, purpose, "test")


def written(kind: str) -> list[str]:
    return [row.to_email for row in rows("letter") if row.kind == kind]


def problems(kind: str) -> list[str]:
    return [row.problem for row in rows("letter") if row.kind == kind]


# --- Carts left behind ---


def leave_cart(email: str = ADA, *, verified: bool = True) -> str:
    """A customer's cart with two mugs; its key."""
    with db.transaction() as session:
        customer = make_customer(session, email)
        customer.verified_at = now() if verified else None
        session.flush()
        key = f"customer:{customer.id}"
        cart_commands.add(session, key, "DUNE-MUG", 2)
        cart_commands.add(session, key, "SHOAL-BOWL", 1)
        cart_commands.save_for_later(session, key, "SHOAL-BOWL")
    return key


def test_a_customer_who_agreed_is_reminded_of_a_cart_once(world, post, clock):
    leave_cart()
    agree("reminders")
    clock.shift(3 * HOUR)
    jobs.remind_of_carts()
    assert written("cart_reminder") == []
    clock.shift(2 * HOUR)
    for _twice in range(2):
        jobs.remind_of_carts()
        jobs.send_letters()
    (message,) = post.sent
    assert (message["To"], message["Subject"]) == (ADA, "Your cart is still there")
    part = message.get_body(("plain",))
    assert part is not None
    assert "2 × Dune Mug\n" in part.get_content()
    assert "Shoal Bowl" not in part.get_content()


def test_nobody_is_reminded_who_has_not_agreed_or_while_the_shop_has_not_switched_it_on(world, clock):
    leave_cart()
    leave_cart("eve@example.com", verified=False)
    agree("reminders", "eve@example.com")
    leave_cart("bob@example.com")
    agree("reminders", "bob@example.com")
    withdraw("reminders", "bob@example.com")
    clock.shift(5 * HOUR)
    jobs.remind_of_carts()
    agree("reminders")
    hold(replace(shop(), cart_reminder_hours=0))
    jobs.remind_of_carts()
    assert written("cart_reminder") == []
    hold(replace(shop(), cart_reminder_hours=4))
    jobs.remind_of_carts()
    assert written("cart_reminder") == [ADA]


def test_a_guests_cart_an_empty_one_and_an_old_one_are_left_alone(world, clock):
    world.fill_cart()
    agree("reminders", "marta@example.com")
    key = leave_cart()
    agree("reminders")
    with db.transaction() as session:
        cart_commands.remove(session, key, "DUNE-MUG")
    clock.shift(5 * HOUR)
    jobs.remind_of_carts()
    with db.transaction() as session:
        cart_commands.add(session, key, "DUNE-MUG", 1)
    clock.shift(15 * DAY)
    jobs.remind_of_carts()
    assert written("cart_reminder") == []


def test_who_has_ordered_since_is_not_reminded_even_where_the_letter_is_written(world, post, clock):
    leave_cart()
    agree("reminders")
    clock.shift(5 * HOUR)
    jobs.remind_of_carts()
    post.refuses = ProviderDown("down")
    jobs.send_letters()
    sell(world, {"SHOAL-BOWL": 1})
    run_sql(f"UPDATE customer_order SET email = '{ADA}'")
    clock.shift(HOUR)
    post.refuses = None
    jobs.send_letters()
    assert [message["Subject"] for message in post.sent if message["To"] == ADA] == []
    assert problems("cart_reminder") == ["This cart isn't left behind any more."]
    jobs.remind_of_carts()
    assert written("cart_reminder") == [""], "one row, that says no more whom it was for"


def test_who_withdraws_is_not_written_to_also_where_the_letter_waits(world, post, clock):
    leave_cart()
    agree("reminders")
    clock.shift(5 * HOUR)
    jobs.remind_of_carts()
    withdraw("reminders")
    jobs.send_letters()
    assert post.sent == []
    assert problems("cart_reminder") == [
        "Whoever has this address doesn't want such letters, or it takes none."
    ]


def test_runs_at_once_and_one_that_is_killed_write_one_letter(world, clock, monkeypatch):
    leave_cart()
    agree("reminders")
    clock.shift(5 * HOUR)
    write = outbox.write

    def write_and_die(*args, **more):
        write(*args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "write", write_and_die)
    with pytest.raises(KeyboardInterrupt):
        jobs.remind_of_carts()
    assert written("cart_reminder") == []
    monkeypatch.setattr(outbox, "write", write)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _run: jobs.remind_of_carts(), range(4)))
    assert written("cart_reminder") == [ADA]


# --- Reviews ---


def buy(world: World, email: str = ADA) -> None:
    """Two mugs and a bowl, all delivered now."""
    sell(world, {"DUNE-MUG": 2, "SHOAL-BOWL": 1})
    with db.transaction() as session:
        where = {"email": email, "number": order().number}
        session.connection().execute(
            text("UPDATE customer_order SET email = :email WHERE number = :number"), where
        )
    delivered(send({"DUNE-MUG": 2, "SHOAL-BOWL": 1}))


def test_buyers_who_agreed_are_asked_once_after_the_last_parcel(world, post, clock):
    agree("reviews")
    buy(world)
    clock.shift(6 * DAY)
    jobs.ask_for_reviews()
    assert written("review_request") == []
    clock.shift(2 * DAY)
    for _twice in range(2):
        jobs.ask_for_reviews()
        jobs.send_letters()
    assert written("review_request") == [ADA]
    (message,) = [one for one in post.sent if one["Subject"].startswith("How do you like it")]
    part = message.get_body(("plain",))
    assert part is not None
    assert f"/orders/{order().token}" in part.get_content()
    assert "2 × Dune Mug" in part.get_content()


def test_without_consent_only_where_the_shop_says_so_and_nobody_who_objected(world, clock):
    buy(world)
    clock.shift(8 * DAY)
    jobs.ask_for_reviews()
    assert written("review_request") == []
    hold(replace(shop(), review_requests_need_consent=False))
    withdraw("reviews")
    jobs.ask_for_reviews()
    assert written("review_request") == []
    agree("reviews")
    with db.transaction() as session:
        consents.note_refused(session, ADA, "550")
    jobs.ask_for_reviews()
    assert written("review_request") == []
    with db.transaction() as session:
        consents.note_reached(session, ADA)
    jobs.ask_for_reviews()
    assert written("review_request") == [ADA]


def test_what_goes_back_is_not_asked_about(world, post, clock):
    agree("reviews")
    buy(world)
    with db.transaction() as session:
        return_commands.request(session, order().token, {line("DUNE-MUG").position: 2}, "other", "", "k" * 32)
    clock.shift(8 * DAY)
    jobs.ask_for_reviews()
    (row,) = [row for row in rows("letter") if row.kind == "review_request"]
    assert row.data["lines"] == [{"quantity": 1, "title": "Shoal Bowl", "variant": ""}]
    with db.transaction() as session:
        return_commands.request(
            session, order().token, {line("SHOAL-BOWL").position: 1}, "other", "", "l" * 32
        )
    jobs.send_letters()
    assert problems("review_request") == ["Nothing of this order was kept, or it is reviewed already."]


def test_who_has_reviewed_already_is_not_asked(world, post, clock):
    agree("reviews")
    buy(world)
    clock.shift(8 * DAY)
    jobs.ask_for_reviews()
    with db.transaction() as session:
        product = session.exec(select(Product)).first()
        assert product
        written_one = {"product_id": product.id, "order_id": order().id, "author_name": "Ada", "stars": 5}
        session.add(Review(**written_one, body="Well made."))
    jobs.send_letters()
    assert problems("review_request") == ["Nothing of this order was kept, or it is reviewed already."]
    run_sql("DELETE FROM letter WHERE kind = 'review_request'")
    jobs.ask_for_reviews()
    assert written("review_request") == []


def test_an_order_that_came_long_ago_is_not_asked_about(world, clock):
    agree("reviews")
    buy(world)
    clock.shift(38 * DAY)
    jobs.ask_for_reviews()
    assert written("review_request") == []


# --- Addresses that take nothing ---


def test_an_address_that_was_refused_gets_letters_about_its_orders_alone(world, post, clock):
    agree("reviews", "marta@example.com")
    sell(world, {"DUNE-MUG": 1})
    post.refuses = AddressRefused("550 5.1.1 nobody here")
    jobs.send_letters()
    assert [row.email for row in rows("unreachable_address")] == ["marta@example.com"]
    delivered(send({"DUNE-MUG": 1}))
    clock.shift(8 * DAY)
    jobs.ask_for_reviews()
    assert written("review_request") == []
    post.refuses = None
    jobs.send_letters()
    assert {message["To"] for message in post.sent} == {"marta@example.com"}
    assert rows("unreachable_address") == []
    jobs.ask_for_reviews()
    assert written("review_request") == ["marta@example.com"]
