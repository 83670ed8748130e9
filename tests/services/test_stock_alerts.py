"""Stock alerts: one letter to each who asked, in the transaction that brings the stock back, never two."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import Session

from shop_app import letters
from shop_app.core import db, events
from shop_app.core.errors import Conflict, Invalid, NotFound
from shop_app.models import ProductStatus, StockLevel, StockPolicy
from shop_app.services import outbox, stock_alerts
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.search import listing_index
from shop_app.worker import jobs
from tests.factories import make_product, variant_with, variants_of
from tests.interleaving import Rival, Step, around
from tests.paying import rows

pytestmark = pytest.mark.both
CLAY = "FABLE-LAMP-CLAY"
ADA, EVE = "ada@example.com", "eve@example.com"


@pytest.fixture(autouse=True)
def _shop(engine: Any) -> None:
    """A lamp of which Moss is there and Clay is sold out."""
    with db.transaction() as session:
        lamp = make_product(session, options={"Colour": ["Moss", "Clay"]}, stock=5)
        _moss, clay = variants_of(session, lamp)
        session.get_one(StockLevel, clay.id).on_hand = 0
        session.flush()
        listing_index.refresh(session, [lamp.id or 0])


def ask(email: str, sku: str = CLAY) -> None:
    with db.transaction() as session:
        stock_alerts.ask(session, sku, email)


def count_in(units: int, sku: str = CLAY) -> None:
    with db.transaction() as session:
        variant_id = variant_with(session, sku).id or 0
        inventory_commands.set_on_hand(session, variant_id, units, reason="stocktake")


def told() -> list[str]:
    return sorted(row.to_email for row in rows("letter"))


def test_stock_that_comes_back_is_told_once_to_each_who_asked():
    for email in (ADA, EVE, ADA, "ADA+shop@example.com"):
        ask(email)
    assert [row.email for row in rows("stock_alert")] == [ADA, EVE]
    count_in(0)
    assert told() == []
    count_in(2)
    assert (told(), rows("stock_alert")) == ([ADA, EVE], [])
    count_in(0)
    count_in(2)
    assert told() == [ADA, EVE]


def test_who_asks_again_after_a_letter_gets_another_one():
    for _time in range(2):
        ask(ADA)
        count_in(1)
        count_in(0)
    assert told() == [ADA, ADA]
    assert len({row.dedupe_key for row in rows("letter")}) == 2


def test_stock_that_does_not_come_after_all_is_not_told_of():
    ask(ADA)
    with pytest.raises(RuntimeError), db.transaction() as session:
        inventory_commands.set_on_hand(session, variant_with(session, CLAY).id or 0, 2, reason="stocktake")
        raise RuntimeError
    assert (told(), len(rows("stock_alert"))) == ([], 1)


def test_a_variant_that_may_be_backordered_is_told_of():
    ask(ADA)
    with db.transaction() as session:
        inventory_commands.set_policy(session, variant_with(session, CLAY).id or 0, StockPolicy.BACKORDER)
    assert told() == [ADA]


def test_only_what_is_sold_out_and_in_the_shop_can_be_asked_for(session: Session):
    hidden = make_product(session, "Hidden", stock=0, status=ProductStatus.DRAFT)
    listing_index.refresh(session, [hidden.id or 0])
    with pytest.raises(Conflict, match="It can be bought again"):
        stock_alerts.ask(session, "FABLE-LAMP-MOSS", ADA)
    for sku in ("HIDDEN", "NOWHERE"):
        with pytest.raises(NotFound):
            stock_alerts.ask(session, sku, ADA)
    with pytest.raises(Invalid) as refusal:
        stock_alerts.ask(session, CLAY, "ada at home")
    assert refusal.value.field == "email"


def test_a_product_that_left_the_shop_is_told_of_when_it_is_there_again():
    ask(ADA)
    with db.transaction() as session:
        variant = variant_with(session, CLAY)
        product = session.get_one(_product(), variant.product_id)
        product.status = ProductStatus.ARCHIVED
        session.flush()
        listing_index.refresh(session, [product.id])
        inventory_commands.set_on_hand(session, variant.id or 0, 1, reason="stocktake")
    assert told() == []
    with db.transaction() as session:
        product = session.get_one(_product(), variant_with(session, CLAY).product_id)
        product.status = ProductStatus.ACTIVE
        session.flush()
        listing_index.refresh(session, [product.id])
    assert (jobs.tell_of_stock(lambda _seconds: None), told()) == (1, [ADA])
    assert jobs.tell_of_stock(lambda _seconds: None) == 0


def _product() -> Any:
    from shop_app.models import Product

    return Product


def test_many_who_wait_are_told_in_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stock_alerts, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(jobs, "BATCH", 2)
    emails = [f"{name}@example.com" for name in "abcdefgh"]
    for email in emails:
        ask(email)
    count_in(1)
    assert told() == emails[:3]
    assert jobs.tell_of_stock(lambda _seconds: None) == 5
    assert told() == emails


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["on_sale", "insert"])
def test_stock_that_comes_back_while_somebody_asks_is_not_missed(
    when: str, step: str, monkeypatch: pytest.MonkeyPatch
):
    """Whatever comes first: either the one who asks reads that it is back, or the letter is written."""
    name = {"on_sale": "normal_email", "insert": "mailbox"}[step]
    rival = Rival(lambda: count_in(1))
    answer = "noted"
    with around(Step(step, stock_alerts.email_addresses, name), when, rival):
        try:
            ask(ADA)
        except Conflict:
            answer = "it is back"
    assert rival.struck
    assert rival.problem is None
    assert (answer, told(), rows("stock_alert")) in [("noted", [ADA], []), ("it is back", [], [])]


def test_two_who_tell_at_once_tell_once():
    for email in (ADA, EVE):
        ask(email)
    count_in(0)
    with db.transaction() as session:
        # The stock came back without an event: the worker alone can tell.
        session.get_one(StockLevel, variant_with(session, CLAY).id).on_hand = 1
    rival = Rival(lambda: jobs.tell_of_stock(lambda _seconds: None))
    with (
        around(Step("the names are read", stock_alerts, "_told"), "before", rival),
        db.transaction() as session,
    ):
        assert stock_alerts.tell(session, 20) == 2
    assert rival.problem is None
    assert (told(), rows("stock_alert")) == ([ADA, EVE], [])


def test_the_letter_says_what_is_back_and_that_it_is_the_only_one():
    ask(ADA)
    with db.transaction() as session:
        variant_id = variant_with(session, CLAY).id or 0
        inventory_commands.set_on_hand(session, variant_id, 1, reason="stocktake")
        written = [event for event in session.info["events"] if isinstance(event, events.LetterWritten)]
        (letter,) = outbox.claim(session)
    assert [event.letter_id for event in written] == [letter.id]
    message: EmailMessage = letters.compose(letter, None)
    assert message["Subject"] == "Fable Lamp, Clay is back"
    plain, formatted = (part.get_content() for part in message.iter_parts())
    for words in (plain, formatted):
        assert "It can be bought again, at €49.00." in words
        assert "/products/fable-lamp?variant=FABLE-LAMP-CLAY" in words
        assert "This is the only letter about it" in words
        assert "/letters/" in words
        assert "an order with this address" not in words
    assert jobs.send_letters(lambda _seconds: None) == 0
    assert letter.to_email == ADA


def test_letters_that_strangers_ask_for_are_limited_for_each_mailbox(configure: Any):
    configure(SHOP_LETTERS_A_DAY="2")
    for _time in range(3):
        ask(ADA)
        count_in(1)
        count_in(0)
    waits = [(row.next_try_at - row.created_at).days for row in rows("letter")]
    assert waits == [0, 0, 1]
