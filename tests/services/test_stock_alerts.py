"""The line of those who wait: who is in it, who is asked, and what is kept for whom until when."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

from shop_app import letters
from shop_app.core import db, events
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound, OutOfStock
from shop_app.core.settings import settings
from shop_app.models import Customer, Product, ProductStatus, StockPolicy
from shop_app.services import consents, outbox, retention
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.search import listing_index
from shop_app.services.stock_alerts import asking, line, queries
from shop_app.worker import waiting
from tests.factories import key_hash, make_basics, make_product, variant_with, variants_of
from tests.interleaving import Rival, Step, around
from tests.paying import rows
from tests.racing import ENOUGH, FORM, numbers, wrong_in_the_books

pytestmark = pytest.mark.both
CLAY = "FABLE-LAMP-CLAY"
ADA, EVE, BOB = "ada@example.com", "eve@example.com", "bob@example.com"


CLOCK: list[Any] = []


@pytest.fixture(autouse=True)
def _shop(engine: Any, clock: Any) -> None:
    """A lamp of which Moss is there and Clay is sold out."""
    CLOCK[:] = [clock]
    with db.transaction() as session:
        make_basics(session)
        lamp = make_product(session, options={"Colour": ["Moss", "Clay"]}, stock=5)
        clay = variants_of(session, lamp)[1]
        inventory_commands.set_on_hand(session, clay.id or 0, 0, reason="stocktake")
        listing_index.refresh(session, [lamp.id or 0])


def later(seconds: float) -> None:
    CLOCK[0].shift(seconds)


def ask(email: str, sku: str = CLAY, browser: str = "") -> None:
    with db.transaction() as session:
        line.ask(session, sku, email, key_hash(browser or email))


def confirm(email: str) -> None:
    """By the link in the letter, in the browser that asked."""
    with db.transaction() as session:
        line.confirm(session, token(email), key_hash(email))


def wait(*emails: str) -> None:
    for email in emails:
        ask(email)
        confirm(email)


def token(email: str) -> str:
    return next(row.token for row in (*rows("stock_alert"), *rows("stock_offer")) if row.email == email)


def place(email: str) -> tuple[str, int]:
    with db.reading() as session:
        view = queries.place(session, key_hash(email), CLAY)
    return view.state, view.place


def count_in(units: int, sku: str = CLAY) -> None:
    with db.transaction() as session:
        variant_id = variant_with(session, sku).id or 0
        inventory_commands.set_on_hand(session, variant_id, units, reason="stocktake")


def serve() -> int:
    """The worker's run; its pause is over at once, and the letters come with the next one."""
    later(asking.ANSWER_SECONDS + 1)
    asked = waiting.serve_line(lambda _seconds: None)
    later(asking.ANSWER_SECONDS + 1)
    return asked + waiting.serve_line(lambda _seconds: None)


def buy(email: str, units: int = 1) -> int:
    """An order of the lamp that is paid later; its id."""
    with db.transaction() as session:
        cart_commands.add(session, key_hash(email), CLAY, units)
        cart_holds.enter(session, key_hash(email))
    return order_of(email)


def order_of(email: str) -> int:
    with db.transaction() as session:
        placed = placing.place(session, key_hash(email), FORM, expected_total_minor=ENOUGH)
        return placed.order_id


def told(kind: str) -> list[str]:
    return [row.to_email for row in rows("letter") if row.kind == kind]


def offered() -> list[str]:
    return [row.email for row in rows("stock_offer") if row.order_id is None]


def test_whoever_asks_has_no_place_before_they_confirm_it():
    ask(ADA)
    assert (place(ADA), told("stock_confirm")) == (("", 0), [ADA])
    count_in(1)
    assert (serve(), numbers(CLAY)) == (0, (1, 0, 0))
    count_in(0)
    confirm(ADA)
    confirm(ADA)
    assert place(ADA) == ("waiting", 1)


def test_one_place_for_each_mailbox_and_asking_again_moves_nobody():
    wait(ADA, EVE)
    for email in (ADA, "ADA+shop@example.com"):
        ask(email, browser="somebody else")
    assert [row.email for row in rows("stock_alert")] == [ADA, EVE]
    assert (place(ADA), place(EVE), place("somebody else")) == (("waiting", 1), ("waiting", 2), ("", 0))
    assert told("stock_confirm") == [ADA, EVE]


def test_an_address_spelt_otherwise_before_it_is_confirmed_makes_the_first_letter_void():
    ask("ada+shop@example.com", browser=EVE)
    first = token("ada+shop@example.com")
    ask(ADA)
    with db.transaction() as session:
        line.confirm(session, first, key_hash(EVE))
    assert ([row.email for row in rows("stock_alert")], place(EVE), place(ADA)) == ([ADA], ("", 0), ("", 0))
    confirm(ADA)
    assert (place(ADA), told("stock_confirm")) == (("waiting", 1), ["ada+shop@example.com", ADA])


def test_as_many_as_there_are_units_are_asked_in_order_and_the_others_stay():
    wait(BOB, ADA, EVE)
    count_in(2)
    assert numbers(CLAY) == (2, 0, 2)
    assert serve() == 2
    assert (offered(), told("stock_offer")) == ([BOB, ADA], [BOB, ADA])
    assert (place(BOB), place(EVE)) == (("kept", 0), ("waiting", 1))
    assert (numbers(CLAY), rows("stock_reserve"), wrong_in_the_books()) == ((2, 0, 2), [], [])


def test_units_beyond_the_line_are_for_sale_to_all():
    wait(ADA)
    count_in(5)
    assert numbers(CLAY) == (5, 0, 1)
    serve()
    assert (offered(), numbers(CLAY)) == ([ADA], (5, 0, 1))


def test_what_is_kept_is_sold_to_nobody_else():
    wait(ADA)
    count_in(1)
    for _moment in ("before it is asked", "after"):
        with pytest.raises(OutOfStock), db.transaction() as session:
            cart_commands.add(session, key_hash(EVE), CLAY, 1)
        serve()
    buy(ADA)
    assert (offered(), numbers(CLAY), wrong_in_the_books()) == ([], (1, 1, 0), [])


def test_the_unit_needs_no_hold_in_checkout_and_has_its_own_time():
    wait(ADA)
    count_in(1)
    serve()
    with db.transaction() as session:
        cart_commands.add(session, key_hash(ADA), CLAY, 1)
        view = cart_holds.enter(session, key_hash(ADA))
    [kept] = rows("stock_offer")
    assert (view.state, view.ends_at, view.short) == ("held", kept.expires_at.isoformat(), [])
    assert (rows("stock_hold"), numbers(CLAY)) == ([], (1, 0, 1))


def test_more_than_is_kept_is_held_as_for_everybody():
    wait(ADA)
    count_in(3)
    serve()
    with db.transaction() as session:
        cart_commands.add(session, key_hash(ADA), CLAY, 3)
        assert cart_holds.enter(session, key_hash(ADA)).short == []
    assert ([row.quantity for row in rows("stock_hold")], numbers(CLAY)) == ([2], (3, 0, 3))
    order_of(ADA)
    assert (numbers(CLAY), offered(), wrong_in_the_books()) == ((3, 3, 0), [], [])


def test_who_lets_it_lapse_makes_room_for_the_next_and_gets_no_other_letter():
    wait(ADA, EVE)
    count_in(1)
    serve()
    later(settings().offer_seconds)
    serve()
    assert (offered(), told("stock_offer")) == ([EVE], [ADA, EVE])
    assert (place(ADA), place(EVE)) == (("", 0), ("kept", 0))
    later(settings().offer_seconds)
    serve()
    assert (offered(), numbers(CLAY), wrong_in_the_books()) == ([], (1, 0, 0), [])
    assert len(rows("letter")) == 4


def test_a_page_that_is_open_has_the_shorter_time_and_the_letter_says_so():
    wait(ADA, EVE)
    count_in(2)
    waiting.serve_line(lambda _seconds: None)
    with db.transaction() as session:
        asking.answer(session, key_hash(ADA), CLAY)
    serve()
    short, long = rows("stock_offer")
    until = {row.to_email: row.data["until"] for row in rows("letter") if row.kind == "stock_offer"}
    seconds = [(row.expires_at - row.offered_at).total_seconds() for row in (short, long)]
    assert [round(each, -1) for each in seconds] == [settings().offer_open_seconds, settings().offer_seconds]
    assert until == {ADA: short.expires_at.isoformat(), EVE: long.expires_at.isoformat()}
    # Whoever comes by the letter has the time that it says.
    with db.transaction() as session:
        asking.answer(session, key_hash(EVE), CLAY)
    assert rows("stock_offer")[1].expires_at == long.expires_at


def test_an_order_that_ends_unpaid_gives_the_unit_back_to_whom_it_was_kept_for():
    wait(ADA, EVE)
    count_in(1)
    serve()
    order_id = buy(ADA)
    with db.transaction() as session:
        order_commands.end_unpaid(session, order_id, why="cancelled")
    assert (offered(), place(EVE), numbers(CLAY)) == ([ADA], ("waiting", 1), (1, 0, 1))
    later(settings().offer_seconds)
    serve()
    assert (offered(), wrong_in_the_books()) == ([EVE], [])


def test_an_order_of_somebody_else_that_ends_goes_to_the_first_in_line():
    count_in(1)
    order_id = buy(BOB)
    wait(ADA)
    with db.transaction() as session:
        order_commands.end_unpaid(session, order_id, why="expired")
    assert (numbers(CLAY), serve(), offered()) == ((1, 0, 1), 1, [ADA])


def test_a_hold_that_lapses_in_checkout_goes_to_the_first_in_line():
    count_in(1)
    with db.transaction() as session:
        cart_commands.add(session, key_hash(BOB), CLAY, 1)
        cart_holds.enter(session, key_hash(BOB))
    wait(ADA)
    later(3600)
    with db.transaction() as session:
        assert cart_holds.sweep(session) == 1
    assert (serve(), offered(), wrong_in_the_books()) == (1, [ADA], [])


def test_leaving_gives_the_unit_to_the_next_and_is_once():
    wait(ADA, EVE)
    count_in(1)
    serve()
    for _time in range(2):
        with db.transaction() as session:
            line.leave_as(session, key_hash(ADA), CLAY)
    assert (serve(), offered()) == (1, [EVE])
    word = token(EVE)
    for _time in range(2):
        with db.transaction() as session:
            line.leave(session, word)
    assert (rows("stock_offer"), rows("stock_alert"), numbers(CLAY)) == ([], [], (1, 0, 0))
    assert wrong_in_the_books() == []


def test_who_leaves_before_being_asked_leaves_no_unit_behind():
    wait(ADA)
    count_in(1)
    with db.transaction() as session:
        line.leave(session, token(ADA))
    assert numbers(CLAY) == (1, 0, 1)
    serve()
    assert (numbers(CLAY), rows("stock_reserve"), wrong_in_the_books()) == ((1, 0, 0), [], [])


def test_the_link_of_the_letter_brings_the_unit_to_the_browser_that_opened_it():
    wait(ADA)
    count_in(1)
    serve()
    word = token(ADA)
    with db.transaction() as session:
        assert line.take_over(session, word, key_hash("phone")) == CLAY
    with pytest.raises(OutOfStock), db.transaction() as session:
        cart_commands.add(session, key_hash(ADA), CLAY, 1)
    buy("phone")
    with pytest.raises(NotFound, match="It isn't kept for you any more"), db.transaction() as session:
        line.take_over(session, word, key_hash("tablet"))
    assert (numbers(CLAY), wrong_in_the_books()) == ((1, 1, 0), [])


def test_what_the_link_shows_follows_what_is_behind_it():
    def shown() -> tuple[str, str]:
        with db.reading() as session:
            view = queries.behind_link(session, word)
        return view.state, view.product

    ask(ADA)
    word = token(ADA)
    assert shown() == ("unconfirmed", "Fable Lamp, Clay")
    confirm(ADA)
    assert shown() == ("waiting", "Fable Lamp, Clay")
    count_in(1)
    serve()
    assert shown() == ("kept", "Fable Lamp, Clay")
    buy(ADA)
    assert shown() == ("ordered", "Fable Lamp, Clay")
    word = "guessed"
    assert shown() == ("", "")


def customer(email: str, *, verified: bool = True) -> int:
    with db.transaction() as session:
        row = Customer(email=email, verified_at=now() if verified else None)
        session.add(row)
        session.flush()
        return row.id or 0


def ask_as(customer_id: int) -> None:
    with db.transaction() as session:
        line.ask_as(session, customer_id, CLAY)


def place_of(customer_id: int) -> list[str]:
    with db.reading() as session:
        return [view.state for view in queries.places(session, f"customer:{customer_id}")]


def test_a_customer_is_in_line_at_once_if_their_address_is_verified():
    known, stranger = customer(ADA), customer(EVE, verified=False)
    ask_as(known)
    ask_as(known)
    with pytest.raises(Forbidden, match="Confirm the address of your account first"):
        ask_as(stranger)
    assert (place_of(known), place_of(stranger), rows("letter")) == (["waiting"], [], [])
    count_in(1)
    serve()
    assert place_of(known) == ["kept"]
    count_in(1)
    with pytest.raises(Conflict, match="One is kept for you already"):
        ask_as(known)


def test_what_a_browser_waits_for_joins_the_account_with_that_address():
    wait(ADA, BOB)
    ask(EVE, browser=ADA)
    owner = customer(ADA)
    for _time in range(2):
        with db.transaction() as session:
            line.join(session, owner, key_hash(ADA))
    assert (place_of(owner), place(ADA), place(BOB)) == (["waiting"], ("", 0), ("waiting", 2))
    # Somebody else's address isn't theirs because it was typed in the same browser.
    assert {row.email: row.confirmed_at for row in rows("stock_alert")}[EVE] is None
    unverified = customer("bob@example.org", verified=False)
    with db.transaction() as session:
        line.join(session, unverified, key_hash(BOB))
    assert (place_of(unverified), place(BOB)) == ([], ("waiting", 2))


def test_stock_that_does_not_come_after_all_is_set_aside_for_nobody():
    wait(ADA)
    with pytest.raises(RuntimeError), db.transaction() as session:
        inventory_commands.set_on_hand(session, variant_with(session, CLAY).id or 0, 2, reason="stocktake")
        raise RuntimeError
    assert (serve(), rows("stock_reserve"), place(ADA)) == (0, [], ("waiting", 1))


@pytest.mark.parametrize("policy", [StockPolicy.BACKORDER, StockPolicy.UNTRACKED])
def test_what_can_be_bought_without_a_count_is_told_to_all(policy: StockPolicy):
    wait(ADA, EVE, BOB)
    count_in(1)
    serve()
    with db.transaction() as session:
        inventory_commands.set_policy(session, variant_with(session, CLAY).id or 0, policy)
    serve()
    assert (told("back_in_stock"), rows("stock_alert")) == ([EVE, BOB], [])
    assert (offered(), wrong_in_the_books()) == ([ADA] if policy == StockPolicy.BACKORDER else [], [])


def test_a_unit_that_is_set_aside_goes_with_the_count():
    wait(ADA)
    count_in(1)
    with db.transaction() as session:
        inventory_commands.set_policy(session, variant_with(session, CLAY).id or 0, StockPolicy.UNTRACKED)
    assert (numbers(CLAY), rows("stock_reserve"), wrong_in_the_books()) == ((0, 0, 0), [], [])


def publish(status: ProductStatus) -> None:
    with db.transaction() as session:
        product = session.get_one(Product, variant_with(session, CLAY).product_id)
        product.status = status
        session.flush()
        listing_index.refresh(session, [product.id or 0])


def test_nobody_is_asked_about_what_left_the_shop_until_it_is_there_again():
    wait(ADA)
    publish(ProductStatus.ARCHIVED)
    count_in(1)
    assert (serve(), numbers(CLAY)) == (0, (1, 0, 0))
    publish(ProductStatus.ACTIVE)
    assert (serve(), told("stock_offer")) == (1, [ADA])


def test_only_what_is_sold_out_and_in_the_shop_can_be_asked_for():
    with db.transaction() as session:
        hidden = make_product(session, "Hidden", stock=0, status=ProductStatus.DRAFT)
        listing_index.refresh(session, [hidden.id or 0])
    with pytest.raises(Conflict, match="It can be bought again"):
        ask(ADA, "FABLE-LAMP-MOSS")
    for sku in ("HIDDEN", "NOWHERE"):
        with pytest.raises(NotFound):
            ask(ADA, sku)
    with pytest.raises(Invalid) as refusal:
        ask("ada at home")
    assert (refusal.value.field, rows("stock_alert"), rows("letter")) == ("email", [], [])


def test_many_who_wait_are_asked_in_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "BATCH", 2)
    emails = [f"{name}@example.com" for name in "abcdefg"]
    wait(*emails)
    count_in(5)
    assert (serve(), offered(), told("stock_offer")) == (5, emails[:5], emails[:5])
    assert (place(emails[5]), wrong_in_the_books()) == (("waiting", 1), [])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["_sold_out", "_note_customer"])
def test_stock_that_comes_back_while_somebody_asks_is_not_missed(when: str, step: str):
    """Whatever comes first: either the one who asks reads that it is back, or the unit is set aside."""
    customer_id = customer(ADA)
    rival = Rival(lambda: count_in(1))
    answer = "noted"
    with around(Step(step, line, step), when, rival):
        try:
            ask_as(customer_id)
        except Conflict:
            answer = "it is back"
    rival.finish()
    assert (rival.struck, rival.problem) == (True, None)
    serve()
    assert (answer, offered()) in [("noted", [ADA]), ("it is back", [])]
    assert numbers(CLAY)[2] == len(offered())


def test_two_that_ask_at_once_ask_each_once():
    wait(ADA, EVE)
    count_in(2)
    rival = Rival(lambda: waiting.serve_line(lambda _seconds: None))
    with around(Step("the first are taken", asking.offers, "offer_to"), "before", rival):
        waiting.serve_line(lambda _seconds: None)
    rival.finish()
    assert (rival.problem, offered(), wrong_in_the_books()) == (None, [ADA, EVE], [])


def test_a_move_of_the_line_is_an_event_with_the_skus():
    heard: list[events.LineMoved] = []
    stop = events.subscribe(events.LineMoved, heard.append)
    wait(ADA)
    count_in(1)
    stop()
    assert set(heard) == {events.LineMoved((CLAY,))}


def test_a_cart_with_the_variant_hears_that_one_is_kept_and_that_it_is_not_any_more():
    wait(ADA, EVE)
    count_in(1)
    serve()
    with db.transaction() as session:
        cart_commands.add(session, key_hash(ADA), CLAY, 1)
    cart_id = rows("cart")[0].id
    heard: list[events.Event] = []
    stops = [events.subscribe(kind, heard.append) for kind in (events.CartChanged, events.LineMoved)]
    with db.transaction() as session:
        line.take_over(session, token(ADA), key_hash("phone"))
    taken_over = set(heard)
    heard.clear()
    with db.transaction() as session:
        line.take_over(session, token(ADA), key_hash(ADA))
    given_back = set(heard)
    heard.clear()
    later(settings().offer_seconds)
    waiting.serve_line(lambda _seconds: None)
    for stop in stops:
        stop()
    both = {events.CartChanged(cart_id), events.LineMoved((CLAY,))}
    assert (taken_over, given_back, set(heard)) == (both, both, both)
    assert (offered(), wrong_in_the_books()) == ([EVE], [])


def test_who_unsubscribed_leaves_the_line_and_is_told_again_once_they_ask_again():
    wait(ADA, EVE)
    with db.transaction() as session:
        consents.withdraw(session, ADA, "back_in_stock", "one-click")
    assert [row.email for row in rows("stock_alert")] == [EVE]
    wait(ADA)
    with db.reading() as session:
        assert [(one.given, one.source) for one in consents.history(session, ADA)] == [
            (True, "line"),
            (False, "one-click"),
            (True, "line"),
        ]
        assert consents.may_send(session, "stock_offer", ADA)
    count_in(1)
    serve()
    assert offered() == [EVE]


def test_an_old_request_is_forgotten():
    wait(ADA)
    later((settings().stock_alert_days + 1) * 86_400)
    with db.transaction() as session:
        assert retention.stock_alerts(session, 10) == 1
    assert rows("stock_alert") == []


def letter(kind: str) -> EmailMessage:
    row = next(row for row in rows("letter") if row.kind == kind)
    with db.reading() as session:
        return letters.compose(outbox.letter_to_send(session, row.id), None)


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body
    return body.get_content()


def test_the_letters_say_what_it_is_and_until_when():
    ask(ADA)
    word = token(ADA)
    confirm(ADA)
    count_in(1)
    serve()
    [kept] = rows("stock_offer")
    first, second = letter("stock_confirm"), letter("stock_offer")
    assert first["Subject"] == "Do you want to be told about Fable Lamp, Clay?"
    assert second["Subject"] == "Fable Lamp, Clay is back, and one is kept for you"
    for message in (first, second):
        assert f"/line/{word}" in text(message)
    assert queries.until_text(kept.expires_at) in text(second).replace("\n", " ")
