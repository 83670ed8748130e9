"""The shop's profile: opened once, changed with rights and versions, known after the commit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shop_app.core import db, events
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid
from shop_app.core.shop import Link, shop
from shop_app.models import AuditEntry, ShopProfile, Staff
from shop_app.realtime.other_processes import Follower
from shop_app.services.accounts import passwords, sessions
from shop_app.services.shop import profile

TERMS = {"name": "Tide & Twine", "country": "DE", "currency": "EUR", "locale": "en"}


def opened(**more: object) -> None:
    with db.transaction() as session:
        profile.open_shop(session, **{**TERMS, **more})


def owner(session: Session) -> Principal:
    """An owner, made when it is first asked for."""
    staff = session.exec(select(Staff)).first()
    if staff is None:
        return sessions.create_staff(session, "ada@example.com", passwords.Hashed("x"), "owner")
    return Principal("staff", staff.id or 0, staff.email, "", "owner", BUILT_IN_ROLES["owner"])


def changed(version: int | None = None, **changes: object) -> None:
    with db.transaction() as session:
        profile.save(session, owner(session), changes, version=version)


@pytest.mark.both
def test_before_it_is_opened_the_settings_are_the_first_values(engine, configure):
    configure(SHOP_CURRENCY="CHF", SHOP_COUNTRY="CH", SHOP_TRANSFER_DAYS="5")
    with db.reading() as session:
        first = profile.read(session)
    assert (first.version, first.is_open, first.name) == (0, False, "Your shop")
    assert (first.currency, first.country, first.transfer_days) == ("CHF", "CH", 5)
    assert shop() == first


@pytest.mark.both
def test_opening_writes_the_row_and_the_process_knows_it_after_the_commit(engine, configure):
    blog = {"label": "Blog", "href": "/about"}
    opened(lead="Nets and rope", promises=["Sent by noon"], footer_links=[blog])
    with db.reading() as session:
        row = session.exec(select(ShopProfile)).one()
        assert profile.read(session) == shop()
    assert (row.name, row.version, row.promises) == ("Tide & Twine", 1, ["Sent by noon"])
    assert shop().footer_links == (Link("Blog", "/about"),)
    # From then on the row counts.
    configure(SHOP_CURRENCY="USD")
    with db.reading() as session:
        assert profile.load(session).currency == "EUR"
    assert shop().currency == "EUR"


@pytest.mark.both
def test_a_shop_is_opened_once(engine):
    opened()
    with pytest.raises(Conflict, match="open already"):
        opened(name="Another")
    assert shop().name == "Tide & Twine"


@pytest.mark.both
def test_a_change_raises_the_version_and_stands_in_the_audit(engine):
    opened()
    changed(version=1, name="Tide", phone="０３０ 12", announcement_from=None)
    with db.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "changed")).one()
    assert (shop().version, shop().name, shop().phone) == (2, "Tide", "030 12")
    assert entry.before == {"name": "Tide & Twine", "phone": ""}
    assert entry.after == {"name": "Tide", "phone": "030 12"}


def test_what_is_the_same_writes_nothing(engine):
    opened()
    changed(name="  Tide & Twine ")
    assert shop().version == 1


@pytest.mark.both
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " \u200b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"contact_email": "ada@localhost"}, "contact_email"),
        ({"announcement_href": "javascript:alert(1)"}, "announcement_href"),
        ({"announcement_href": "//evil.example"}, "announcement_href"),
        ({"announcement_on": True}, "announcement"),
        ({"footer_links": [{"label": "", "href": "/about"}]}, "footer_links"),
        ({"promises": ["a", "b", "c"]}, "promises"),
        ({"currency": "XXX"}, "currency"),
        ({"country": "UK"}, "country"),
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"locale": "tlh-XX"}, "locale"),
        ({"region": "XX"}, "region"),
        ({"transfer_days": 91}, "transfer_days"),
        ({"capture": "never"}, "capture"),
        ({"logo_key": "0" * 24}, "logo_key"),
    ],
)
def test_a_value_that_cant_be_kept_names_its_field_and_changes_nothing(engine, changes, field):
    opened()
    before = shop()
    with pytest.raises(Invalid) as refused:
        changed(**changes)
    assert refused.value.field == field
    assert shop() == before
    with db.reading() as session:
        assert profile.read(session) == before


def test_a_stale_version_and_somebody_without_the_right_change_nothing(engine):
    opened()
    changed(phone="1")
    with pytest.raises(profile.ChangedMeanwhile) as refused:
        changed(version=1, phone="2", name="Tide")
    assert refused.value.fields == {"phone": "It was changed meanwhile, to: 1"}
    with db.transaction() as session, pytest.raises(Forbidden):
        profile.save(session, NOBODY, {"phone": "3"})
    assert (shop().phone, shop().name) == ("1", "Tide & Twine")
    # What others changed in other fields stands in nobody's way, and stays.
    changed(version=1, name="Tide")
    assert (shop().phone, shop().name, shop().version) == ("1", "Tide", 3)


def test_the_announcement_shows_between_its_moments(engine, clock):
    opened(announcement="Closed on Monday", announcement_on=True)
    assert shop().announces(now())
    changed(announcement_from=now() + timedelta(hours=1), announcement_until=now() + timedelta(hours=2))
    assert not shop().announces(now())
    assert shop().announces(now() + timedelta(hours=1))
    assert not shop().announces(now() + timedelta(hours=2))
    with pytest.raises(Invalid) as refused:
        changed(announcement_until=now())
    assert refused.value.field == "announcement_until"


async def test_another_process_knows_a_change_within_a_look(engine):
    opened()
    follower = Follower()
    await follower.look()
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE shop_profile SET name = 'Elsewhere', version = 7")
    assert shop().name == "Tide & Twine"
    await follower.look()
    assert (shop().name, shop().version) == ("Elsewhere", 7)


def test_a_rolled_back_change_is_not_known(engine):
    opened()
    with pytest.raises(RuntimeError), db.transaction() as session:
        events.publish(session, events.ShopChanged(profile.read(session)))
        profile.save(session, owner(session), {"name": "Gone"})
        raise RuntimeError
    assert shop().name == "Tide & Twine"
