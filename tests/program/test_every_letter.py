"""Every kind of letter, with real data: whole in text and HTML, small, safe, and easy to end."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from shop_app.core import db
from shop_app.core.shop import hold, shop
from shop_app.letters import KINDS, WITHOUT_ORDER, compose, samples
from shop_app.models import OrderLine
from shop_app.services import consents
from shop_app.services.outbox import LetterToSend
from shop_app.services.storefront import order_page
from tests.paying import World, make_world, rows

MAX_BYTES = 102 * 1024
HOME = "http://localhost:3000"
NAME = "<script>alert(1)</script> & Söhne"
ADA = "ada@example.com"


@pytest.fixture
def world(engine, tmp_path) -> World:
    """A shop and an order, both with a name that tries to be HTML."""
    hold(replace(shop(), name=NAME, legal_name=NAME, address="Main Street 1\n10999 Berlin", vat_number="DE1"))
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.deliver()
    with db.transaction() as session:
        session.get_one(OrderLine, 1).title = NAME
    return world


@pytest.fixture
def letters(world) -> dict[str, EmailMessage]:
    """One of every kind."""
    with db.reading() as session:
        made = {kind: samples.sample(session, kind) for kind in samples.kinds()}
    return {kind: message for kind, message in made.items() if message}


def parts(message: EmailMessage) -> tuple[str, str]:
    """Text and HTML, as a mail program that got the bytes has them."""
    received = message_from_bytes(bytes(message), policy=policy.default)
    assert received.get_content_type() == "multipart/alternative"
    text, html = received.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()


def test_every_letter_is_whole_in_text_and_html(letters):
    for kind, message in letters.items():
        text, html = parts(message)
        assert len(bytes(message)) <= MAX_BYTES, kind
        assert "<script" not in html, kind
        assert not re.search(r"\bNone\b|\bUndefined\b|\{\w*\}|\{\{", text + html), kind
        links = re.findall(r'href="([^"]*)"', html)
        assert links, kind
        assert all(link.startswith((HOME, "https://www.dhl.com/")) for link in links), kind
        assert "prefers-color-scheme:dark" in html, kind
        assert 'lang="en"' in html, kind
        assert message["Content-Language"] == "en", kind
        assert message["Subject"].strip(), kind
        for words in ("Main Street 1", "10999 Berlin", "DE1"):
            assert words in text, kind
            assert words in html, kind
        assert "\n\n\n" not in text, kind


def test_what_is_not_about_an_order_can_be_ended_by_one_click(letters):
    for kind, message in letters.items():
        received = message_from_bytes(bytes(message), policy=policy.default)
        if kind not in consents.PURPOSE_BY_KIND:
            assert received["List-Unsubscribe"] is None, kind
            continue
        # On one line of the bytes: a folded address isn't one any more.
        (link,) = re.findall(rb"^List-Unsubscribe: <([!-~]+)>\r?$", bytes(message), re.MULTILINE)
        assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", kind
        home, token = link.decode().rsplit("/", 1)
        assert home == f"{HOME}/letters", kind
        assert consents.read_token(token) == (samples.ADDRESS, consents.PURPOSE_BY_KIND[kind])
        assert all(link.decode() in part for part in parts(message)), kind


def test_every_kind_has_a_sample_and_none_is_about_an_order_and_not(letters):
    assert set(samples.kinds()) == KINDS.keys() | WITHOUT_ORDER.keys()
    assert not KINDS.keys() & WITHOUT_ORDER.keys()
    assert consents.PURPOSE_BY_KIND.keys() <= set(samples.kinds())
    assert letters.keys() == set(samples.kinds())


@pytest.mark.usefixtures("world")
def test_a_letter_says_in_which_language_its_reader_was_written_to():
    with db.reading() as session:
        view = order_page.view_of(session, rows("customer_order")[0].id)
    letter = LetterToSend(1, "order_paid", ADA, "order_paid:1", {"locale": "fr_CH"})
    message = compose(letter, view)
    assert message["Content-Language"] == "fr-CH"
    assert '<html lang="fr-CH">' in parts(message)[1]
