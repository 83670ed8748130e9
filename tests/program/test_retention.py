"""What is kept has an age: the job removes it then and not before, and the privacy page says the same."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import Session, SQLModel, select

from shop_app.core import db
from shop_app.core.access import cookies
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, NotFound
from shop_app.core.settings import settings
from shop_app.models import Customer
from shop_app.providers.payments import registry
from shop_app.services import consents, outbox, retention
from shop_app.services.accounts import sessions, sign_in_codes
from shop_app.services.accounts.browsers import Browser
from shop_app.services.accounts.passwords import hash_password
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import queries as order_queries
from shop_app.services.returns import commands as return_commands
from shop_app.services.search import listing_index
from shop_app.services.shop import legal
from shop_app.services.stock_alerts import line
from shop_app.services.storefront import order_page
from shop_app.worker import jobs, timetable
from tests import factories
from tests.factories import key_hash, sign_in
from tests.paying import FORM, ME, World, make_world, rows
from tests.prepared import put_demo_into_place
from tests.selling import delivered, run_sql, sell, send, wrong_books

both = pytest.mark.both

PERSON = replace(
    FORM,
    email="canary-mail@example.com",
    given_name="Canarygiven",
    family_name="Canaryfamily",
    line1="Canarystreet 7",
    phone="+49 30 5550199",
    note="Canarynote",
)
KEYS = ("return-request-key-1", "withdrawal-request-1")
TO_MIDNIGHT = 13 * 3600
"""From the hour at which the clock of the tests stands into the next day of the shop."""
TRACES = ("canary", "5550199")


@pytest.fixture
def world(engine, tmp_path, clock) -> World:
    return make_world(tmp_path)


def forget() -> dict[str, int]:
    return jobs.forget(pause=lambda _seconds: None)


def traces() -> set[str]:
    """The tables in which something of the person still stands."""
    collected = set()
    for name in SQLModel.metadata.tables:
        text = repr([tuple(row) for row in rows(name)]).lower()
        if any(trace in text for trace in TRACES):
            collected.add(name)
    return collected


# --- Each kind, a moment before its age and at it ------------------------------------------------


@both
def test_a_cart_goes_with_its_lines_once_nobody_has_changed_it_for_so_long(world, clock):
    world.fill_cart()
    clock.shift(settings().cart_days * 86_400)
    assert forget() == {}
    with db.transaction() as session:
        cart_commands.add(session, key_hash("another visitor"), "DUNE-MUG", 1)
    clock.shift(TO_MIDNIGHT)
    assert forget() == {"carts": 1}
    assert [row.key_hash for row in rows("cart")] == [key_hash("another visitor")]
    assert len(rows("cart_line")) == 1
    assert traces() == set()


@both
def test_a_cart_that_holds_units_stays_until_they_are_free(world, clock):
    world.fill_cart()
    with db.transaction() as session:
        cart_holds.enter(session, ME)
    assert len(rows("stock_hold")) == 1
    run_sql("UPDATE cart SET updated_at = '2020-01-01 00:00:00+00:00'")
    assert forget() == {}
    assert (len(rows("stock_hold")), wrong_books()) == (1, [])
    clock.shift(settings().hold_most_minutes * 60 + 1)
    with db.transaction() as session:
        cart_holds.sweep(session)
    run_sql("UPDATE cart SET updated_at = '2020-01-01 00:00:00+00:00'")
    assert forget() == {"carts": 1}
    assert wrong_books() == []


@both
def test_a_cart_that_waits_for_its_payment_stays(world, clock):
    world.pay()
    run_sql("UPDATE cart SET updated_at = '2020-01-01 00:00:00+00:00'")
    assert forget() == {}
    assert rows("customer_order")[0].status == "pending"
    assert rows("customer_order")[0].cart_id == rows("cart")[0].id


@both
def test_an_ordered_cart_goes_and_its_order_stays(world, clock):
    order_id = sell(world, {"SHOAL-BOWL": 1})
    clock.shift((settings().cart_days + 1) * 86_400)
    before = rows("stock_level")
    done = forget()
    assert done["carts"] == 1
    (order,) = rows("customer_order")
    assert (order.id, order.cart_id, order.email, order.status) == (
        order_id,
        None,
        "marta@example.com",
        "placed",
    )
    assert rows("stock_level") == before
    assert {row.cart_id for row in rows("stock_movement")} == {None}
    assert wrong_books() == []


def _signed_in(session: Session) -> None:
    sessions.create_staff(session, "clerk@example.com", hash_password("a-long-password"), "clerk")
    sessions.create_customer(session, "ada@example.com", hash_password("a-long-password"))
    sign_in(session, "clerk@example.com", "a-long-password", kind="staff")
    sign_in(session, "ada@example.com", "a-long-password", kind="customer")


@both
def test_sessions_last_as_long_as_the_settings_say_and_go_when_they_are_over(world, clock, configure):
    with db.transaction() as session:
        _signed_in(session)
    lasting = {row.staff_id is None: row.expires_at - row.created_at for row in rows("login_session")}
    assert lasting == {
        True: timedelta(days=settings().customer_session_days),
        False: timedelta(hours=settings().staff_session_hours),
    }
    clock.shift(settings().staff_session_hours * 3600 - 1)
    assert forget() == {}
    clock.shift(1)
    assert forget() == {"sessions": 1}
    clock.shift(settings().customer_session_days * 86_400 - settings().staff_session_hours * 3600)
    assert forget() == {"sessions": 1}
    assert rows("login_session") == []


@both
def test_consents_that_count_no_more_and_refused_addresses_go_at_their_age(world, clock):
    with db.transaction() as session:
        for agreed in (True, False, True):
            change = consents.give if agreed else consents.withdraw
            change(session, "ada@example.com", "news", *["Write to me."] * agreed, "checkout")
        consents.note_refused(session, "ada@example.com", "550")
    clock.shift((settings().message_days + 1) * 86_400)
    assert forget() == {"unreachable addresses": 1}
    clock.shift((settings().order_years + 1) * 366 * 86_400)
    assert forget() == {"consents": 2}
    with db.reading() as session:
        assert consents.is_given(session, "ada@example.com", "news")


@both
def test_codes_to_sign_in_and_known_browsers_go_at_their_age(world, clock):
    with db.transaction() as session:
        _signed_in(session)
        ada = session.exec(select(Customer)).one()
        sessions.open_for_customer(session, ada, Browser("b" * 64))
        sign_in_codes.ask(session, "ada@example.com", "b" * 64)
    clock.shift(599)
    assert forget() == {}
    clock.shift(1)
    assert forget() == {"codes to sign in": 1}
    assert rows("sign_in_code") == []
    clock.shift(settings().visitor_days * 86_400)
    assert "known browsers" not in forget()
    clock.shift(TO_MIDNIGHT)
    assert forget()["known browsers"] == 1
    assert rows("known_browser") == []


@both
def test_letters_and_messages_lose_their_words_and_stay_known(world, clock, tmp_path):
    sell(world, {"SHOAL-BOWL": 1}, replace(PERSON, payment_provider="stripe"))
    assert jobs.send_letters() == 1
    (file,) = (settings().data_dir / "letters").glob("*.eml")
    written = now().timestamp()
    os.utime(file, (written, written))
    keys = [row.dedupe_key for row in rows("letter")], [row.event_id for row in rows("provider_event")]
    assert all(row.payload for row in rows("provider_event"))

    clock.shift(settings().message_days * 86_400)
    assert forget() == {}
    clock.shift(TO_MIDNIGHT)
    done = forget()
    assert done == {"letters": 1, "messages": len(keys[1]), "letter files": 1}
    assert not file.exists()
    assert [(row.to_email, row.data) for row in rows("letter")] == [("", {})]
    assert {row.payload for row in rows("provider_event")} == {""}
    assert keys == (
        [row.dedupe_key for row in rows("letter")],
        [row.event_id for row in rows("provider_event")],
    )
    # Neither is sent, nor taken, a second time.
    assert jobs.send_letters() == 0
    assert wrong_books() == []
    assert forget() == {}


@both
def test_a_letter_that_has_nobody_any_more_is_never_tried(world, clock, caplog):
    """One that waited until its words were gone, and one about an order whose shopper is forgotten."""
    sell(world, {"SHOAL-BOWL": 1}, replace(PERSON, payment_provider="manual"))
    clock.shift((settings().transfer_days + 1) * 86_400)
    jobs.sweep()
    clock.shift((settings().message_days + 1) * 86_400)
    done = forget()
    assert (done["letters"], done["people"]) == (2, 1)
    with db.transaction() as session:
        outbox.write(session, "order_refunded", "", "order_refunded:1", {"order_id": 1})
    assert jobs.send_letters() == 0
    assert [(row.attempts, row.problem) for row in rows("letter")] == [(0, "")] * 3
    assert "can't be made" not in caplog.text


@both
def test_an_orders_link_is_another_after_its_age_and_the_look_up_finds_it(world, clock):
    sell(world, {"SHOAL-BOWL": 1})
    old = rows("customer_order")[0].token
    clock.shift(settings().order_link_days * 86_400)
    forget()
    assert rows("customer_order")[0].token == old
    clock.shift(TO_MIDNIGHT)
    assert forget()["order links"] == 1
    with db.reading() as session:
        with pytest.raises(NotFound):
            order_page.view(session, old)
        fresh = order_queries.look_up(session, "1001", "marta@example.com")
        assert order_page.view(session, fresh).number == "1001"
    assert fresh != old
    # From now on this one is as old as it is.
    assert forget() == {}
    clock.shift((settings().order_link_days + 1) * 86_400)
    assert forget() == {"order links": 1}
    assert rows("customer_order")[0].token != fresh


@both
def test_what_happens_to_the_money_after_the_link_has_changed_still_counts(world, clock):
    """The provider knows the order by the link that it had when it was paid."""
    sell(world, {"SHOAL-BOWL": 2})
    (payment,) = rows("payment")
    clock.shift((settings().order_link_days + 1) * 86_400)
    assert forget()["order links"] == 1
    stripe = registry.provider("stripe").client
    stripe.v1.refunds.create({"payment_intent": payment.intent_reference, "amount": 1000})
    world.deliver()
    assert {row.outcome for row in rows("provider_event")} <= {"applied", "already known"}
    assert [(row.amount_minor, row.status) for row in rows("refund")] == [(1000, "succeeded")]
    assert rows("customer_order")[0].payment_status == "partially_refunded"
    assert wrong_books() == []


@both
@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_an_order_that_was_never_paid_forgets_who_placed_it(world, clock, end):
    total_minor = world.fill_cart()
    with db.transaction() as session:
        checkout.save(session, ME, PERSON)
    world.pay(PERSON, total_minor)
    run_sql(f"UPDATE payment SET state = '{end}'")
    run_sql(f"UPDATE customer_order SET status = '{end}', paid_at = NULL")
    assert traces() >= {"customer_order", "cart"}
    clock.shift(settings().unpaid_order_days * 86_400)
    forget()
    assert "customer_order" in traces()
    clock.shift(TO_MIDNIGHT)
    assert forget()["people"] == 1
    assert "customer_order" not in traces()
    clock.shift((settings().cart_days + settings().message_days) * 86_400)
    forget()
    assert traces() == set()
    (order,) = rows("customer_order")
    assert (order.number, order.total_minor, order.country) == (1001, 3270, "DE")
    with db.reading() as session:
        assert order_page.view(session, order.token).number == "1001"
        with pytest.raises(NotFound):
            order_queries.look_up(session, "1001", "")


@both
def test_money_for_an_order_that_has_forgotten_its_shopper_waits_for_a_person(world, clock):
    world.pay(PERSON, world.fill_cart())
    run_sql("UPDATE payment SET state = 'expired'")
    with db.transaction() as session:
        order_commands.end_unpaid(session, 1, why="expired")
    clock.shift((settings().unpaid_order_days + 1) * 86_400)
    assert forget()["people"] == 1
    with db.transaction() as session:
        assert order_commands.apply_payments(session, 1, 3270, "EUR") == "needs_review"
    (order,) = rows("customer_order")
    assert (order.status, order.needs_review[:16]) == ("expired", "Paid after the o")
    assert rows("letter") == []


@both
def test_any_other_order_keeps_who_placed_it_as_long_as_invoices(world, clock):
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 1}, PERSON)
    delivered(send({"SHOAL-BOWL": 2}))
    with db.transaction() as session:
        token = rows("customer_order")[0].token
        return_commands.request(session, token, {0: 1}, "changed_mind", "Canarynote", KEYS[0])
    with db.transaction() as session:
        return_commands.withdraw(session, "1001", PERSON.email, "Canary Name", None, "Canarynote", KEYS[1])
    assert jobs.send_letters() >= 3
    assert {"customer_order", "return_request", "letter"} <= traces()
    clock.shift((settings().message_days + 1) * 86_400)
    forget()
    # The same form once more, when its receipt is forgotten: a sentence, and nothing is declared twice.
    declared = rows("return_request")
    with pytest.raises(Conflict, match="Open the form again"), db.transaction() as session:
        return_commands.withdraw(session, "1001", PERSON.email, "Canary Name", None, "Canarynote", KEYS[1])
    assert rows("return_request") == declared
    clock.shift(-(settings().message_days + 1) * 86_400)
    # Until the calendar year is over, in Berlin.
    clock.move_to(datetime(2036, 12, 31, 22, 59, 59, tzinfo=UTC))
    forget()
    assert traces() == {"customer_order", "order_word", "return_request"}
    clock.shift(1)
    assert forget()["people"] == 1
    assert traces() == set()
    with db.reading() as session:
        assert order_page.view(session, rows("customer_order")[0].token).total == "€79.60"
    assert wrong_books() == []


# --- The job --------------------------------------------------------------------------------------


def _old_carts(count: int) -> None:
    at = now() - timedelta(days=1000)
    carts = [
        {
            "key_hash": f"{number:064d}",
            "currency": "EUR",
            "country": "DE",
            "codes": [],
            "credits": [],
            "checkout": {"email": "canary@example.com"},
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        for number in range(count)
    ]
    with db.transaction() as session:
        session.connection().execute(insert(SQLModel.metadata.tables["cart"]), carts)


@both
def test_a_run_is_bounded_and_leaves_room_between_its_transactions(world, monkeypatch):
    monkeypatch.setattr(jobs, "FORGET_BATCH", 10)
    monkeypatch.setattr(jobs, "FORGET_BATCHES", 3)
    _old_carts(45)
    left: list[int] = []
    assert jobs.forget(lambda _seconds: left.append(len(rows("cart")))) == {"carts": 30}
    assert left == [35, 25, 15]
    assert forget() == {"carts": 15}


@both
def test_what_cant_be_removed_keeps_nothing_else(world, clock, monkeypatch, caplog):
    def broken(_session: Session, _most: int) -> int:
        raise db.Unavailable("locked")

    monkeypatch.setitem(retention.COMMANDS, "sessions", broken)
    _old_carts(1)
    assert forget() == {"carts": 1}
    assert "What is old among sessions couldn't be removed" in caplog.text


def test_it_runs_once_an_hour():
    assert {job.name: job.every_seconds for job in timetable.shop_jobs(bool)}["forget"] == 3600


@both
def test_who_waits_for_stock_that_never_comes_is_forgotten(world, clock):
    with db.transaction() as session:
        bowl = factories.variant_with(session, "SHOAL-BOWL")
        inventory_commands.set_on_hand(session, bowl.id or 0, 0, reason="stocktake")
        listing_index.refresh(session, [bowl.product_id])
        line.ask(session, "SHOAL-BOWL", PERSON.email)
    clock.shift(settings().stock_alert_days * 86_400)
    # What it wrote to them is forgotten before.
    assert forget() == {"letters": 1}
    assert traces() == {"stock_alert"}
    clock.shift(TO_MIDNIGHT)
    assert forget() == {"stock alerts": 1}
    assert traces() == set()


# --- The privacy page ------------------------------------------------------------------------------


def _said() -> list[int]:
    _before, _gap, html = legal.shown(legal.base("privacy", "en")).html.partition("How long we keep it")
    return [int(re.search(r"\d+", text)[0]) for text in re.findall("<dd>(.*?)</dd>", html)]  # pyright: ignore


def test_the_privacy_page_names_the_ages_that_the_job_goes_by(engine):
    chosen = settings()
    assert _said() == list(chosen.ages)
    assert f"Max-Age={chosen.visitor_days * 86_400};" in cookies.set_cookie(
        "c", "k", max_age=cookies.visitor_seconds()
    )
    assert "ten years" not in legal.base("privacy", "en").body


def test_other_settings_are_said_at_once(engine, configure):
    ages = (31, 32, 33, 34, 35, 36, 37, 8, 38)
    configure(
        SHOP_CART_DAYS="31",
        SHOP_VISITOR_DAYS="32",
        SHOP_CUSTOMER_SESSION_DAYS="33",
        SHOP_STAFF_SESSION_HOURS="34",
        SHOP_MESSAGE_DAYS="35",
        SHOP_ORDER_LINK_DAYS="36",
        SHOP_UNPAID_ORDER_DAYS="37",
        SHOP_ORDER_YEARS="8",
        SHOP_STOCK_ALERT_DAYS="38",
    )
    assert tuple(_said()) == ages


@both
def test_the_job_goes_by_other_settings_too(world, clock, configure):
    world.fill_cart()
    clock.shift(3 * 86_400)
    assert forget() == {}
    configure(SHOP_CART_DAYS="2")
    assert forget() == {"carts": 1}


def test_years_of_a_shop_are_forgotten_and_its_books_still_add_up(engine, clock):
    put_demo_into_place()
    db.engine().dispose()
    before = [(row.number, row.total_minor, row.payment_status) for row in rows("customer_order")]
    assert len(before) > 100
    clock.shift(12 * 366 * 86_400)
    while forget():
        pass
    assert {row.email for row in rows("customer_order") if row.status != "pending"} == {""}
    assert [(row.number, row.total_minor, row.payment_status) for row in rows("customer_order")] == before
    assert wrong_books() == []
