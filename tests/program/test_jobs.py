"""Letters and jobs: written with what they are about, sent once, and retried under the same id."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import time
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from shop_app.cli.checks import database
from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.errors import Invalid, ProviderDown
from shop_app.core.settings import settings
from shop_app.models import Letter, OrderLine
from shop_app.providers import mail
from shop_app.providers.mail.smtp import SmtpMailer
from shop_app.services import outbox
from shop_app.services.bulk_jobs import runs
from shop_app.worker import jobs, timetable
from shop_app.workflows import ask_mailer
from tests.paying import FORM, World, client_of, everything, make_world, rows
from tests.providers.smtp_server import smtp_server


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


def test_a_receipt_goes_out_to_a_host_with_an_umlaut_that_the_page_shows_readable(world, configure):
    world.enter_card(world.pay(replace(FORM, email="Info@MÜLLER.de")))
    world.deliver()
    with smtp_server() as server:
        configure(SHOP_SMTP_URL=server.url)
        assert jobs.send_letters() == 1

        assert server.recipients == ["info@xn--mller-kva.de"]
    (order,), (letter,) = rows("customer_order"), rows("letter")
    assert (order.email, letter.to_email, letter.problem) == ("info@müller.de", "info@müller.de", "")
    (payment,) = rows("payment")
    session = client_of(world.sandbox).v1.checkout.sessions.retrieve(payment.reference)
    assert session.customer_email == "info@xn--mller-kva.de"


def test_a_letter_that_cant_arrive_is_given_up_at_once_and_staff_see_why(paid, configure, caplog):
    with db.transaction() as session:
        session.get_one(Letter, 1).to_email = "jürgen@example.com"
    with smtp_server() as server:
        configure(SHOP_SMTP_URL=server.url)
        assert jobs.send_letters() == 0
        assert server.recipients == []

    (letter,), why = rows("letter"), "The mail server has no SMTPUTF8, which this address needs."
    assert (letter.sent_at, letter.attempts, letter.problem) == (None, outbox.MAX_ATTEMPTS, why)
    events = [(event.data, event.public) for event in rows("order_event") if event.kind == "letter_given_up"]
    assert events == [({"letter": "order_paid", "why": why}, False)]
    assert f"Letter 1 (order_paid) was given up: {why}" in caplog.messages
    with db.reading() as session:
        (finding,) = database.letters(session, settings())
    assert (finding.mark, finding.text) == (
        "missing",
        f"1 were given up; order_paid to jürgen@example.com: {why}",
    )


@pytest.mark.parametrize(("minutes", "mark"), [(None, "fails"), (6, "fails"), (1, "ok")])
def test_doctor_says_where_nobody_does_the_background_work(engine, minutes: int | None, mark: str):
    if minutes is not None:
        with db.transaction() as session:
            runs.note(session, "sweep", now() - timedelta(minutes=minutes), 5, "")
    elsewhere = settings().model_copy(update={"jobs": "elsewhere"})
    with db.reading() as session:
        found = [(finding.mark, finding.subject) for finding in database.jobs(session, elsewhere)]
    assert found == [(mark, "jobs")]


@pytest.mark.parametrize(
    ("answer", "attempts", "given_up"), [("550 nobody here", outbox.MAX_ATTEMPTS, 1), ("451 later", 1, 0)]
)
def test_a_refused_letter_is_given_up_or_tried_again(paid, configure, answer, attempts, given_up):
    with smtp_server(RCPT=answer) as server:
        configure(SHOP_SMTP_URL=server.url)
        assert jobs.send_letters() == 0

    (letter,) = rows("letter")
    assert (letter.attempts, letter.problem) == (attempts, f"The mail server refused: {answer}")
    assert len([event for event in rows("order_event") if event.kind == "letter_given_up"]) == given_up


def test_a_grey_list_delays_a_letter_and_loses_none(clock, paid, configure):
    with smtp_server(RCPT="450 4.2.0 Greylisted, come back in 30 seconds") as server:
        configure(SHOP_SMTP_URL=server.url)
        assert jobs.send_letters() == 0
        server.answers = {}
        clock.move_to(rows("letter")[0].next_try_at)
        assert jobs.send_letters() == 1
        assert server.recipients == ["marta@example.com"] * 2
        assert len(server.taken) == 1


def test_after_the_last_try_a_letter_is_given_up_and_staff_see_why(clock, paid, post):
    post.refuses = ProviderDown("down")
    for _try in range(outbox.MAX_ATTEMPTS):
        clock.move_to(rows("letter")[0].next_try_at)
        assert jobs.send_letters() == 0
    events = [event.data for event in rows("order_event") if event.kind == "letter_given_up"]
    assert events == [{"letter": "order_paid", "why": "down"}]


def test_an_address_that_letters_wont_reach_is_refused_and_nothing_changes(world, configure):
    total = world.fill_cart()
    form, before = replace(FORM, email="jürgen@example.com"), everything()
    with smtp_server() as server:
        configure(SHOP_SMTP_URL=server.url)
        with pytest.raises(Invalid, match="our mail server takes plain letters alone") as refusal:
            world.pay(form, total)
        assert (refusal.value.field, everything()) == ("email", before)
    with smtp_server(unicode=True) as server:
        configure(SHOP_SMTP_URL=server.url)
        world.enter_card(world.pay(form, total))
        world.deliver()
        assert jobs.send_letters() == 1
        assert server.recipients == ["jürgen@example.com"]


@pytest.mark.parametrize("post", [Post, lambda: SmtpMailer("smtp://127.0.0.1:9")], ids=["own", "down"])
def test_a_mailer_that_doesnt_know_keeps_nobody_from_buying(world, monkeypatch, post):
    monkeypatch.setattr(ask_mailer, "mailer", post)
    assert world.pay(replace(FORM, email="jürgen@example.com")).startswith("http")
    assert rows("customer_order")[0].email == "jürgen@example.com"


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
