"""The address book: a customer's own addresses, bounded, with a default for deliveries and one for bills."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session

from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid, NotFound, TooMany
from shop_app.services.customers import address_book
from shop_app.services.customers.address_book import AddressForm
from tests.factories import make_customer

pytestmark = pytest.mark.both
HOME = AddressForm(
    given_name="Marta", family_name="Lind", line1=" Oranienstraße  18 ", postal_code="D-10999",
    locality="Berlin", country="DE",
)  # fmt: skip
OFFICE = replace(
    HOME, company="Lind & Co", line1="Am Speicher 4", country="AT", postal_code="1010", locality="Wien"
)


@pytest.fixture
def me(session: Session) -> Principal:
    return person(session, "marta@example.com")


def person(session: Session, email: str) -> Principal:
    return Principal("customer", make_customer(session, email).id or 0, email)


def shown(session: Session, by: Principal) -> list[tuple[int, bool, bool]]:
    return [(one.id, one.is_default, one.is_default_billing) for one in address_book.views(session, by)]


def test_the_first_address_is_the_default_for_both_and_is_kept_as_its_country_writes_it(session, me):
    home = address_book.save(session, me, HOME)
    office = address_book.save(session, me, OFFICE)

    first, second = address_book.views(session, me)
    assert shown(session, me) == [(home, True, True), (office, False, False)]
    assert first.lines == ["Marta Lind", "Oranienstraße 18", "10999 Berlin", "Germany"]
    assert second.one_line == "Lind & Co, Marta Lind, Am Speicher 4, 1010 Wien, Austria"
    assert address_book.defaults(session, me) == (first.form, first.form)


def test_each_use_has_one_default(session, me):
    home, office = address_book.save(session, me, HOME), address_book.save(session, me, OFFICE)

    address_book.make_default(session, me, office, "billing")
    assert shown(session, me) == [(home, True, False), (office, False, True)]
    address_book.make_default(session, me, office, "delivery")
    address_book.make_default(session, me, office, "delivery")
    assert shown(session, me) == [(office, True, True), (home, False, False)]


def test_an_address_is_edited_and_deleted(session, me):
    home, office = address_book.save(session, me, HOME), address_book.save(session, me, OFFICE)

    assert address_book.save(session, me, replace(HOME, line1="Skalitzer Straße 1"), home) == home
    assert address_book.one(session, me, home).form.line1 == "Skalitzer Straße 1"
    assert address_book.one(session, me, home).is_default
    address_book.delete_one(session, me, home)
    assert shown(session, me) == [(office, False, False)]
    assert address_book.defaults(session, me) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"line1": ""}, "line1"), ({"postal_code": "1"}, "postal_code"), ({"country": "XX"}, "country"),
     ({"country": ""}, "country"), ({"given_name": "", "family_name": ""}, "given_name"),
     ({"given_name": "https://spam.example"}, "given_name"), ({"locality": "<b>"}, "locality"),
     ({"line1": "x" * 201}, "line1")],
)  # fmt: skip
def test_what_no_parcel_reaches_isnt_kept(session, me, wrong, field):
    kept = address_book.save(session, me, HOME)
    before = address_book.views(session, me)
    for address_id in (0, kept):
        with pytest.raises(Invalid) as refusal:
            address_book.save(session, me, replace(HOME, **wrong), address_id)
        assert refusal.value.field == field
    assert address_book.views(session, me) == before


def test_another_ones_address_is_not_found_and_stays_as_it_is(session, me):
    other = person(session, "other@example.com")
    theirs = address_book.save(session, other, HOME)
    before = address_book.views(session, other)
    for attempt in (
        lambda: address_book.one(session, me, theirs),
        lambda: address_book.save(session, me, OFFICE, theirs),
        lambda: address_book.delete_one(session, me, theirs),
        lambda: address_book.make_default(session, me, theirs, "delivery"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert address_book.views(session, other) == before
    assert address_book.views(session, me) == []


def test_only_customers_have_one(session, me):
    home = address_book.save(session, me, HOME)
    for by in (NOBODY, Principal("staff", me.id, "clerk@example.com")):
        for attempt in (
            lambda by=by: address_book.views(session, by),
            lambda by=by: address_book.save(session, by, OFFICE),
            lambda by=by: address_book.delete_one(session, by, home),
        ):
            with pytest.raises(Forbidden):
                attempt()
    assert shown(session, me) == [(home, True, True)]


def test_a_hundred_are_kept_and_the_next_is_refused_with_a_sentence(session, me):
    for _number in range(address_book.MOST):
        address_book.save(session, me, HOME)
    with pytest.raises(TooMany) as refusal:
        address_book.save(session, me, HOME)
    assert "100 addresses at most" in refusal.value.message
    assert len(address_book.views(session, me)) == address_book.MOST
    newest = address_book.views(session, me)[1].id
    assert address_book.save(session, me, OFFICE, newest) == newest
