"""Letters and jobs: written with what they are about, sent once, and retried under the same id."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import time
from dataclasses import replace
from email.message import EmailMessage

import pytest

from shop_app.core import db
from shop_app.core.errors import Invalid, ProviderDown
from shop_app.core.settings import settings
from shop_app.models import OrderLine
from shop_app.providers import mail
from shop_app.services import outbox
from shop_app.worker import jobs, timetable
from tests.paying import FORM, World, make_world, rows


class Post:
    """A post office that keeps what it is given, or refuses."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.refuses: Exception | None = None

    def send(self, letter: EmailMessage) -> None:
        if self.refuses:
            raise self.refuses
        self.sent.append(letter)


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def post(monkeypatch) -> Post:
    office = Post()
    monkeypatch.setattr(jobs, "mailer", lambda: office)
    return office


@pytest.fixture
def paid(world) -> World:
    world.enter_card(world.pay())
    world.deliver()
    return world


@pytest.mark.both
def test_a_paid_order_is_told_about_once(paid, post):
    assert jobs.send_letters() == 1
    assert jobs.send_letters() == 0

    (letter,) = post.sent
    (row,) = rows("letter")
    assert (letter["To"], letter["Subject"]) == ("marta@example.com", "Order 1001 is paid: your receipt")
    assert letter["Message-ID"] == "<order_paid.1001@localhost>"
    assert (row.sent_at is not None, row.attempts, row.problem) == (True, 1, "")


def test_a_letter_says_what_was_bought_in_text_and_html(paid, post):
    jobs.send_letters()
    text, html = (part.get_content() for part in post.sent[0].iter_parts())

    link = f"http://localhost:3000/orders/{rows('customer_order')[0].token}"
    for words in ("Thank you, it is paid", "Shoal Bowl", "€27.80", "€4.90", "€32.70", "10999 Berlin", link):
        assert words in text
        assert words in html
    assert "<" not in text
    assert not re.search(r"\n\n\n", text)
    assert "color-scheme" in html
    assert not re.search(r"<script|<img|src=", html)


def test_names_of_shoppers_and_things_cant_write_html(world, post):
    world.enter_card(world.pay())
    world.deliver()
    with db.transaction() as session:
        session.get_one(OrderLine, 1).title = "<b>Bo</b>"
    jobs.send_letters()
    _text, html = (part.get_content() for part in post.sent[0].iter_parts())

    assert "<b>Bo</b>" not in html
    assert "&lt;b&gt;Bo&lt;/b&gt;" in html


def test_paying_later_gets_the_details_of_the_transfer(world, post, configure):
    world.pay(replace(FORM, payment_provider="manual"))
    jobs.send_letters()

    assert post.sent[0]["Subject"] == "Order 1001: how to pay"
    text = post.sent[0].get_body(("plain",))
    assert text is not None
    assert "Amount: €32.70" in text.get_content()


def test_a_server_that_is_down_delays_letters_ever_longer_and_blocks_no_order(clock, paid, post):
    post.refuses = ProviderDown("down")
    assert jobs.send_letters() == 0
    assert (rows("letter")[0].sent_at, rows("letter")[0].problem) == (None, "down")
    assert jobs.send_letters() == 0
    assert rows("letter")[0].attempts == 1

    clock.move_to(rows("letter")[0].next_try_at)
    post.refuses = None
    assert jobs.send_letters() == 1
    assert rows("customer_order")[0].payment_status == "paid"


def test_an_address_that_takes_nothing_is_not_tried_again(clock, paid, post):
    post.refuses = Invalid("gone")
    jobs.send_letters()
    clock.shift(30 * 24 * 3600)

    post.refuses = None
    assert jobs.send_letters() == 0


def test_a_letter_of_an_unknown_kind_keeps_no_other_waiting(paid, post):
    with db.transaction() as session:
        outbox.write(session, "unknown", "a@example.com", "unknown:1", {"order_id": 1})
        outbox.write(session, "order_paid", "b@example.com", "order_paid:lost", {"order_id": 999})

    assert jobs.send_letters() == 1
    assert sorted((row.kind, bool(row.problem)) for row in rows("letter")) == [
        ("order_paid", False),
        ("order_paid", True),
        ("unknown", True),
    ]


def test_two_processes_dont_send_the_same_letter_together(paid, post):
    with db.transaction() as session:
        assert len(outbox.claim(session)) == 1
    with db.transaction() as session:
        assert outbox.claim(session) == []


def test_a_letter_that_a_dead_process_had_claimed_is_sent_with_the_same_name(clock, paid, post):
    with db.transaction() as session:
        outbox.claim(session)
    clock.shift(121)

    assert jobs.send_letters() == 1
    assert post.sent[0]["Message-ID"] == "<order_paid.1001@localhost>"


def test_without_a_server_letters_are_files(paid):
    jobs.send_letters()

    (path,) = (settings().data_dir / "letters").iterdir()
    read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert read["Subject"] == "Order 1001 is paid: your receipt"


def test_while_the_server_runs_letters_leave_at_once_and_it_stops_when_told(paid):
    folder = settings().data_dir / "letters"

    async def run() -> None:
        async with timetable.running():
            until = time.monotonic() + 10
            # It is another thread that sends.
            while not list(folder.glob("*.eml")) and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    asyncio.run(run())
    assert [path.name for path in folder.glob("*.eml")] == ["order_paid-1001.eml"]
    assert mail.mailer.cache_info().currsize == 1


def test_reconcile_answers_the_command_line_in_sentences(world):
    world.enter_card(world.pay())

    (sentence,) = jobs.reconcile()
    assert sentence.endswith("of order id 1: applied.")
    assert jobs.reconcile() == []


def test_a_changed_cart_ends_its_unpaid_order_at_once(engine, tmp_path):
    world = make_world(tmp_path)
    world.pay()

    async def run() -> None:
        async with timetable.running():
            world.fill_cart("DUNE-MUG")
            until = time.monotonic() + 20
            # It is another thread that ends it.
            while rows("customer_order")[0].status == "pending" and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    asyncio.run(run())
    assert [row.status for row in rows("customer_order")] == ["cancelled"]
    assert [row.state for row in rows("payment")] == ["expired"]
