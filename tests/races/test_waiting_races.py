"""Races of those who wait: units come back while people buy, leave, let them lapse and are asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import placing
from shop_app.services.stock_alerts import asking, line
from shop_app.worker import waiting
from tests.factories import key_hash, make_basics, make_product, variant_with
from tests.racing import ENOUGH, FORM, at_once, count, numbers, tables, wrong_in_the_books

pytestmark = pytest.mark.both
TEN = [f"person {number}" for number in range(10)]


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Rare", stock=1)
    count_in(0)


def count_in(units: int) -> None:
    with db.transaction() as session:
        variant_id = variant_with(session, "RARE").id or 0
        inventory_commands.set_on_hand(session, variant_id, units, reason="stocktake")


def wait(*people: str) -> None:
    for person in people:
        email = f"{person.replace(' ', '-')}@example.com"
        with db.transaction() as session:
            line.ask(session, "RARE", email, key_hash(person))
        with db.transaction() as session:
            line.confirm(session, token(person), key_hash(person))


def token(person: str) -> str:
    with db.reading() as session:
        alert = tables["stock_alert"]
        return (
            session.connection()
            .execute(alert.select().where(alert.c.key_hash == key_hash(person)))
            .one()
            .token
        )


def buy(person: str) -> str:
    with db.transaction() as session:
        cart_commands.add(session, key_hash(person), "RARE", 1)
    with db.transaction() as session:
        cart_holds.enter(session, key_hash(person))
    with db.transaction(durable=True) as session:
        placing.place(session, key_hash(person), FORM, expected_total_minor=ENOUGH)
    return "bought"


def serve() -> None:
    waiting.serve_line(lambda _seconds: None)


def run_out() -> None:
    with db.transaction() as session:
        offer = tables["stock_offer"]
        session.connection().execute(update(offer).values(expires_at=now() - timedelta(seconds=1)))


def test_of_ten_in_line_and_ten_passers_by_only_the_first_can_buy_the_one_unit(engine):
    wait(*TEN)
    count_in(1)
    passers_by = [f"stranger {number}" for number in range(10)]

    ended = at_once(
        lambda who: serve() or "served" if who == "worker" else buy(who), [*TEN[1:], *passers_by, "worker"], 8
    )

    assert ended == {"OutOfStock": 19, "served": 1}
    assert (buy(TEN[0]), numbers("RARE"), wrong_in_the_books()) == ("bought", (1, 1, 0), [])


def test_workers_that_meet_ask_each_person_once(engine):
    wait(*TEN)
    count_in(6)

    at_once(lambda _who: serve(), list(range(8)), 4)

    assert (count("stock_offer"), count("stock_alert"), count("stock_reserve")) == (6, 4, 0)
    assert (numbers("RARE"), wrong_in_the_books()) == ((6, 0, 6), [])


def test_who_buys_at_the_moment_in_which_the_time_is_over_has_it_or_the_next_has(engine):
    for _round in range(6):
        wait("late", "next")
        count_in(1 + numbers("RARE")[1])
        serve()
        with db.transaction() as session:
            cart_commands.set_quantity(session, key_hash("late"), "RARE", 1)
        run_out()

        def order(_who: str) -> str:
            with db.transaction(durable=True) as session:
                placing.place(session, key_hash("late"), FORM, expected_total_minor=ENOUGH)
            return "bought"

        ended = at_once(lambda who: order(who) if who == "late" else serve(), ["late", "worker"], 2)

        on_hand, allocated, held = numbers("RARE")
        assert allocated + held == on_hand
        assert (held == 0) == ("bought" in ended)
        assert wrong_in_the_books() == []
        _clear("late", "next")


def _clear(*people: str) -> None:
    """Everybody leaves; what was kept is free, and counted away."""
    for person in people:
        with db.transaction() as session:
            line.leave_as(session, key_hash(person), "RARE")
    serve()
    count_in(numbers("RARE")[1])


def test_the_same_letter_opened_in_two_browsers_gives_the_unit_to_one(engine):
    wait("Ada")
    word = token("Ada")
    count_in(1)
    serve()

    def take(browser: str) -> str:
        with db.transaction() as session:
            line.take_over(session, word, key_hash(browser))
        return buy(browser)

    ended = at_once(take, [f"browser {number}" for number in range(8)], 4)

    assert ended["bought"] == 1
    assert (numbers("RARE"), wrong_in_the_books()) == ((1, 1, 0), [])


def test_leaving_asking_counting_and_lapsing_at_once_keep_the_books(engine):
    wait(*TEN)

    def act(what: str) -> str:
        kind, _space, number = what.partition(" ")
        if kind == "count":
            count_in(int(number))
        elif kind == "serve":
            serve()
        elif kind == "lapse":
            run_out()
            serve()
        elif kind == "leave":
            with db.transaction() as session:
                line.leave_as(session, key_hash(f"person {number}"), "RARE")
        else:
            return buy(f"person {number}")
        return kind

    plan = [
        step
        for number in range(10)
        for step in (f"count {5 + number}", "serve", f"leave {number}", f"buy {9 - number}", "lapse")
    ]
    at_once(act, plan, 8)
    serve()

    on_hand, allocated, held = numbers("RARE")
    assert allocated + held <= on_hand
    assert wrong_in_the_books() == []
    # No unit waits for nobody, and nobody waits beside a free unit.
    assert count("stock_reserve") == 0
    assert held == count("stock_offer") - _ordered()
    assert count("stock_alert") == 0 or allocated + held == on_hand


def _ordered() -> int:
    with db.reading() as session:
        offer = tables["stock_offer"]
        found = session.connection().execute(offer.select().where(offer.c.order_id.is_not(None)))
        return len(found.all())


def test_a_worker_that_dies_between_its_steps_leaves_nothing_half_done(engine, monkeypatch):
    class Died(BaseException):
        """The process ends here."""

    def die(*_args: object) -> None:
        raise Died

    wait(*TEN)
    count_in(3)
    for step in ("ask_next", "free_rest", "write_letters"):
        original = getattr(asking, step)

        def half(*args, original=original) -> None:
            original(*args)
            die()

        monkeypatch.setattr(asking, step, half)
        with pytest.raises(Died):
            waiting.serve_line(lambda _seconds: None)
        monkeypatch.setattr(asking, step, original)
        assert wrong_in_the_books() == []
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.0)
    serve()
    assert (count("stock_offer"), count("stock_alert"), count("stock_reserve")) == (3, 7, 0)
    assert (numbers("RARE"), _letters()) == ((3, 0, 3), 3)


def _letters() -> int:
    with db.reading() as session:
        letter = tables["letter"]
        found = session.connection().execute(letter.select().where(letter.c.kind == "stock_offer"))
        return len(found.all())
