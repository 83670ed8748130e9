"""A product's pictures: added, arranged, described, focused, shown on variants, taken off."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, ListingItem, Picture
from shop_app.services.catalog import commands, product_pictures
from shop_app.services.storefront import product_page
from tests.factories import add, make_product

pytestmark = pytest.mark.both
OWNER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])
KEYS = [letter * 24 for letter in "abcd"]


@pytest.fixture
def lamp(session: Session) -> str:
    """A lamp in two colours, and four pictures that were taken in; three are the lamp's."""
    make_product(session, "Lamp", options={"Colour": ["Moss", "Clay"]})
    for key in KEYS:
        add(session, Picture(key=key, source=f"photos/{key[0]}.jpg", width=1200, height=1500))
    product_pictures.attach(session, "lamp", KEYS[:3], by=OWNER)
    return "lamp"


def seen(session: Session) -> list[str]:
    items = product_pictures.of_product(session, "lamp", by=OWNER).pictures
    return [item.key[0] for item in items]


def test_a_batch_goes_behind_the_others_and_twice_is_once(session, lamp):
    assert product_pictures.attach(session, lamp, [KEYS[1], KEYS[3], KEYS[3]], by=OWNER) == 1
    assert seen(session) == ["a", "b", "c", "d"]
    first = product_pictures.of_product(session, lamp, by=OWNER).pictures[0]
    assert (first.file, first.size, first.place, first.focus) == ("a.jpg", "1200 × 1500", 1, "")


def test_pictures_move_one_by_one_and_all_at_once(session, lamp):
    assert product_pictures.move(session, lamp, KEYS[2], 1, by=OWNER) == 1
    assert seen(session) == ["c", "a", "b"]
    assert product_pictures.move(session, lamp, KEYS[2], 99, by=OWNER) == 3
    product_pictures.arrange(session, lamp, [KEYS[1], KEYS[2], KEYS[0]], by=OWNER)
    assert seen(session) == ["b", "c", "a"]
    with pytest.raises(Conflict, match="added or removed"):
        product_pictures.arrange(session, lamp, KEYS[:2], by=OWNER)
    with pytest.raises(Conflict):
        product_pictures.arrange(session, lamp, [KEYS[0], KEYS[0], KEYS[1]], by=OWNER)
    assert seen(session) == ["b", "c", "a"]


def test_the_storefront_shows_alt_text_and_focal_point(session, lamp):
    product_pictures.describe(session, lamp, KEYS[0], "  The lamp, lit ", by=OWNER)
    product_pictures.focus(session, lamp, KEYS[0], 30, 80, by=OWNER)
    shown = product_page.product(session, "lamp").pictures[0]
    assert (shown.alt, shown.focus) == ("The lamp, lit", "30% 80%")
    card = session.exec(select(ListingItem.card).where(ListingItem.slug == "lamp")).one()
    assert card["picture"] == [KEYS[0], "The lamp, lit", 1200, 1500, "#d9cfc3", "30% 80%"]
    assert card["second"] == [KEYS[1], "", 1200, 1500, "#d9cfc3"]


def test_a_picture_shows_variants_and_comes_before_their_others(session, lamp):
    product_pictures.show_on(session, lamp, KEYS[0], ["LAMP-MOSS", "LAMP-CLAY"], by=OWNER)
    product_pictures.show_on(session, lamp, KEYS[1], ["LAMP-MOSS"], by=OWNER)
    draft, _version = commands.draft_of(session, lamp)
    assert {v.sku: v.pictures for v in draft.variants} == {
        "LAMP-MOSS": (KEYS[1], KEYS[0]),
        "LAMP-CLAY": (KEYS[0],),
    }
    product_pictures.show_on(session, lamp, KEYS[0], ["LAMP-CLAY"], by=OWNER)
    items = product_pictures.of_product(session, lamp, by=OWNER).pictures
    assert [item.skus for item in items] == [["LAMP-CLAY"], ["LAMP-MOSS"], []]
    with pytest.raises(Invalid, match="no variant BOWL"):
        product_pictures.show_on(session, lamp, KEYS[0], ["BOWL"], by=OWNER)


def test_saving_the_product_keeps_what_was_said_of_its_pictures(session, lamp):
    product_pictures.focus(session, lamp, KEYS[0], 30, 80, by=OWNER)
    draft, _version = commands.draft_of(session, lamp)
    assert commands.save(session, lamp, draft, actor="test").outcome == "same"
    assert product_pictures.of_product(session, lamp, by=OWNER).pictures[0].focus == "30% 80%"


def test_several_are_taken_off_at_once(session, lamp):
    product_pictures.show_on(session, lamp, KEYS[0], ["LAMP-MOSS"], by=OWNER)
    assert product_pictures.remove(session, lamp, [KEYS[0], KEYS[2], "x" * 24], by=OWNER) == 2
    assert seen(session) == ["b"]
    assert product_pictures.remove(session, lamp, [KEYS[0]], by=OWNER) == 0
    last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert last
    assert (last.action, last.object_key) == ("pictures_removed", "lamp")


@pytest.mark.parametrize("point", [(-1, 0), (0, 101), (1000, 5)])
def test_what_cannot_be_is_refused(session, lamp, point):
    with pytest.raises(Invalid):
        product_pictures.focus(session, lamp, KEYS[0], *point, by=OWNER)
    with pytest.raises(Invalid):
        product_pictures.describe(session, lamp, KEYS[0], "a" * 1001, by=OWNER)
    with pytest.raises(NotFound):
        product_pictures.describe(session, lamp, KEYS[3], "not the lamp's", by=OWNER)
    with pytest.raises(NotFound):
        product_pictures.attach(session, "no-such", KEYS, by=OWNER)
    with pytest.raises(Invalid, match="missing"):
        product_pictures.attach(session, lamp, ["e" * 24], by=OWNER)
    assert seen(session) == ["a", "b", "c"]


def test_clerks_look_and_change_nothing(session, lamp):
    clerk = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
    assert len(product_pictures.of_product(session, lamp, by=clerk).pictures) == 3
    for attempt in (
        lambda: product_pictures.of_product(session, lamp, by=NOBODY),
        lambda: product_pictures.attach(session, lamp, KEYS, by=clerk),
        lambda: product_pictures.arrange(session, lamp, KEYS[:3], by=clerk),
        lambda: product_pictures.move(session, lamp, KEYS[0], 2, by=clerk),
        lambda: product_pictures.describe(session, lamp, KEYS[0], "x", by=clerk),
        lambda: product_pictures.focus(session, lamp, KEYS[0], 1, 1, by=clerk),
        lambda: product_pictures.show_on(session, lamp, KEYS[0], [], by=clerk),
        lambda: product_pictures.remove(session, lamp, KEYS, by=clerk),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert seen(session) == ["a", "b", "c"]
