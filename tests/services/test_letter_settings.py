"""The settings of letters: how each reads, and when those are sent that aren't about an order."""

from __future__ import annotations

import re

import pytest

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden, Invalid, NotFound
from shop_app.core.shop import shop
from shop_app.letters import samples
from shop_app.services.desk import letter_kinds
from shop_app.services.desk.letter_kinds import BesideOrders
from shop_app.services.shop import profile
from shop_app.services.shop.profile import ChangedMeanwhile
from tests.paying import MANAGER, make_world, rows

OWNER = Principal("staff", 0, "o@example.com", permissions=frozenset({"settings.view", "settings.edit"}))


@pytest.fixture(autouse=True)
def _shop(engine, tmp_path) -> None:
    letter_kinds.sample_with(samples.kinds(), samples.sample)
    with db.transaction() as session:
        profile.open_shop(session, name="Berg", country="DE", currency="EUR", locale="en")
    make_world(tmp_path)


def change(*typed, by: Principal = OWNER) -> None:
    with db.transaction() as session:
        letter_kinds.change_beside_orders(session, BesideOrders(*typed), by)


def kept() -> tuple[int, int, bool, int]:
    (row,) = rows("shop_profile")
    days, need = row.review_request_days, bool(row.review_requests_need_consent)
    return row.cart_reminder_hours, days, need, row.version


def test_nothing_is_sent_until_it_is_switched_on():
    assert kept() == (0, 0, True, 1)
    change("24", "14", False, 1)
    assert kept() == (24, 14, False, 2)
    assert (shop().cart_reminder_hours, shop().review_request_days) == (24, 14)
    change("", "", True, 2)
    assert kept() == (0, 0, True, 3)


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        (("-1", "0"), Invalid),
        (("169", "0"), Invalid),
        (("1", "61"), Invalid),
        (("x", "0"), Invalid),
        (("\u0663", "0"), Invalid),
    ],
)
def test_what_is_no_number_in_its_bounds_is_refused(typed, refusal):
    with pytest.raises(refusal):
        change(*typed, True, 1)
    assert kept() == (0, 0, True, 1)


def test_two_who_change_the_same_do_not_write_over_each_other_and_not_everybody_may():
    change("24", "0", True, 1)
    with pytest.raises(ChangedMeanwhile):
        change("48", "0", True, 1)
    with pytest.raises(Forbidden):
        change("48", "0", True, 2, by=Principal("staff", 0, "c@example.com"))
    assert kept() == (24, 0, True, 2)


def test_a_letter_is_shown_as_text_and_html_without_its_links_secrets():
    with db.reading() as session:
        shown = letter_kinds.sample(session, "cart_reminder", MANAGER)
        with pytest.raises(NotFound):
            letter_kinds.sample(session, "nothing", MANAGER)
        with pytest.raises(Forbidden):
            letter_kinds.sample(session, "cart_reminder", Principal("staff", 0, "c@example.com"))
    assert shown.subject == "Your cart is still there"
    assert "/letters/…" in shown.text
    assert "/letters/…" in shown.html
    assert "<h1" in shown.html
    assert not re.search(r"/letters/[\w-]{22}", shown.text + shown.html)
