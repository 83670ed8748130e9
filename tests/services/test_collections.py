"""Collections: by hand with an order, by rule kept up to date, shown as lists."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import Collection
from shop_app.services.catalog import categories, collection_rules, collection_views, collections, commands
from shop_app.services.catalog.collection_rules import Condition, Rule
from shop_app.services.search import listing, listing_address, listing_index
from shop_app.services.storefront import home
from tests.factories import make_product

pytestmark = pytest.mark.both
OWNER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])


@pytest.fixture
def goods(session: Session) -> None:
    """A lamp at €49, a bowl at €20, a reduced mug at €12."""
    made = [
        make_product(session, "Lamp", price_minor=4900),
        make_product(session, "Bowl", price_minor=2000, category="Table"),
        make_product(session, "Mug", price_minor=1200, compare_at_minor=1600, category="Table"),
    ]
    listing_index.refresh(session, [product.id or 0 for product in made])


def inside(session: Session, slug: str) -> list[str]:
    return [item.slug for item in collection_views.collection(session, slug, by=OWNER).members]


def listed(session: Session, address: str) -> tuple[str, list[str]]:
    shown = listing.browse(session, listing_address.read_query(address))
    return shown.title, sorted(card.slug for card in shown.cards)


def by_rule(session: Session, *conditions: Condition, any: bool = False) -> str:
    slug = collections.add(session, "Picks", by_rule=True, by=OWNER)
    collections.set_rule(session, slug, Rule(conditions, any), version=1, by=OWNER)
    return slug


def test_a_collection_by_hand_keeps_its_order_and_is_a_list(session, goods):
    slug = collections.add(session, "Featured", by=OWNER)
    assert collections.put_in(session, slug, ["lamp", "mug", "bowl", "mug"], by=OWNER) == 3
    assert collections.move(session, slug, "bowl", 1, by=OWNER) == 1
    assert inside(session, slug) == ["bowl", "lamp", "mug"]
    assert [card.slug for card in home.home(session).featured] == ["bowl", "lamp", "mug"]
    assert collections.take_out(session, slug, ["lamp"], by=OWNER) == 1
    assert listed(session, "collection=featured") == ("Featured", ["bowl", "mug"])
    assert listed(session, "collection=featured&on_sale=1") == ("Featured", ["mug"])
    found = collection_views.find_products(session, slug, "la", by=OWNER)
    assert [(item.slug, item.price) for item in found] == [("lamp", "€49.00")]


def test_a_list_of_a_collection_has_its_own_address(session, goods):
    slug = collections.add(session, "Summer picks", by=OWNER)
    with pytest.raises(NotFound):
        listing.browse(session, listing_address.read_query("collection=winter"))
    collections.put_in(session, slug, ["mug"], by=OWNER)
    shown = listing.browse(session, listing_address.read_query("collection=summer-picks"))
    assert (shown.canonical, [crumb.label for crumb in shown.crumbs]) == (
        "/products?collection=summer-picks",
        ["Home", "Summer picks"],
    )
    collections.change(session, slug, version=1, title="Autumn", new_slug="autumn", by=OWNER)
    assert listed(session, "collection=autumn") == ("Autumn", ["mug"])
    collections.remove(session, "autumn", by=OWNER)
    with pytest.raises(NotFound):
        listing.browse(session, listing_address.read_query("collection=autumn"))


@pytest.mark.parametrize(
    ("conditions", "any", "slugs"),
    [
        ([("price", "max", "2000")], False, ["bowl", "mug"]),
        ([("price", "min", "2000")], False, ["bowl", "lamp"]),
        ([("price", "min", "1300"), ("price", "max", "2100")], False, ["bowl"]),
        ([("sale", "is", "")], False, ["mug"]),
        ([("category", "is", "table")], False, ["bowl", "mug"]),
        ([("category", "not", "table")], False, ["lamp"]),
        ([("vendor", "is", "Fennholm")], False, ["bowl", "lamp", "mug"]),
        ([("title", "has", "AM")], False, ["lamp"]),
        ([("title", "has", "%")], False, []),
        ([("tag", "not", "gone")], False, ["bowl", "lamp", "mug"]),
        ([("sale", "is", ""), ("title", "has", "lamp")], True, ["lamp", "mug"]),
        ([("new", "days", "30")], False, ["bowl", "lamp", "mug"]),
        ([("new", "days", "0")], False, []),
    ],
)
def test_a_rule_means(session, goods, conditions, any, slugs):
    slug = by_rule(session, *(Condition(*parts) for parts in conditions), any=any)
    assert sorted(inside(session, slug)) == slugs
    assert collection_views.collection(session, slug, by=OWNER).products == len(slugs)


def test_a_rule_follows_every_change_of_a_product(session, goods):
    slug = by_rule(session, Condition("price", "max", "2000"), Condition("tag", "is", "gift"))
    assert inside(session, slug) == []
    draft, _version = commands.draft_of(session, "mug")
    commands.save(session, "mug", replace(draft, tags=("gift",)), actor="test")
    assert inside(session, slug) == ["mug"]
    assert listed(session, "collection=picks") == ("Picks", ["mug"])
    commands.set_prices(session, {"MUG": (2100, None)}, actor="test")
    assert inside(session, slug) == []
    commands.set_prices(session, {"MUG": (1900, None)}, actor="test")
    draft, _version = commands.draft_of(session, "mug")
    commands.save(session, "mug", replace(draft, status="archived"), actor="test")
    assert (inside(session, slug), listed(session, "on_sale=1")[1]) == ([], [])


def test_what_the_clock_changes_is_found_by_the_job(session, clock, goods):
    slug = by_rule(session, Condition("new", "days", "30"))
    clock.shift(31 * 24 * 3600)
    assert len(inside(session, slug)) == 3
    assert collection_rules.refresh_all(session) == 1
    assert inside(session, slug) == []
    assert collection_rules.refresh_all(session) == 0


def test_a_rule_goes_on_to_mean_a_category_that_moved_or_was_renamed(session, goods):
    slug = by_rule(session, Condition("category", "is", "lighting"))
    categories.move(session, "table", "lighting", by=OWNER)
    assert sorted(inside(session, slug)) == ["bowl", "lamp", "mug"]
    categories.change(session, "lighting", version=1, title="Light", new_slug="light", by=OWNER)
    rule = collection_views.collection(session, slug, by=OWNER).conditions
    assert [(one.field, one.value) for one in rule] == [("category", "light")]
    assert collection_rules.refresh_all(session) == 0


@pytest.mark.parametrize(
    "condition",
    [
        ("price", "max", "cheap"),
        ("price", "max", "-1"),
        ("price", "is", "5"),
        ("tag", "is", "  "),
        ("tag", "is", "t" * 256),
        ("new", "days", "99999"),
        ("password_hash", "is", "x"),
        ("title", "has", ""),
    ],
)
def test_a_rule_that_cannot_be_is_refused(session, goods, condition):
    slug = collections.add(session, "Picks", by_rule=True, by=OWNER)
    with pytest.raises(Invalid):
        collections.set_rule(session, slug, Rule((Condition(*condition),)), version=1, by=OWNER)
    with pytest.raises(Invalid, match="Add a condition"):
        collections.set_rule(session, slug, Rule(), version=1, by=OWNER)
    with pytest.raises(Conflict):
        collections.set_rule(session, slug, Rule((Condition("sale", "is"),)), version=2, by=OWNER)
    assert session.exec(select(Collection.rule)).one() == {}


def test_hand_and_rule_do_not_mix_and_home_keeps_its_addresses(session, goods):
    ruled, made = by_rule(session, Condition("sale", "is")), collections.add(session, "Featured", by=OWNER)
    for attempt in (
        lambda: collections.put_in(session, ruled, ["lamp"], by=OWNER),
        lambda: collections.take_out(session, ruled, ["mug"], by=OWNER),
        lambda: collections.move(session, ruled, "mug", 1, by=OWNER),
        lambda: collections.set_rule(session, made, Rule((Condition("sale", "is"),)), version=1, by=OWNER),
    ):
        with pytest.raises(Invalid):
            attempt()
    with pytest.raises(Conflict, match="home page"):
        collections.change(session, made, version=1, title="Featured", new_slug="other", by=OWNER)
    with pytest.raises(NotFound, match="no product nothing"):
        collections.put_in(session, made, ["nothing"], by=OWNER)
    with pytest.raises(NotFound):
        collections.move(session, made, "lamp", 1, by=OWNER)
    rows = collection_views.collections(session, by=OWNER)
    assert [(row.slug, row.by_rule, row.products, row.on_home) for row in rows] == [
        ("featured", False, 0, True),
        ("picks", True, 1, False),
    ]


def test_clerks_look_and_change_nothing(session, goods):
    clerk = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
    slug = collections.add(session, "Picks", by=OWNER)
    assert collection_views.collection(session, slug, by=clerk).title == "Picks"
    for attempt in (
        lambda: collection_views.collections(session, by=NOBODY),
        lambda: collections.add(session, "New", by=clerk),
        lambda: collections.change(session, slug, version=1, title="X", new_slug="x", by=clerk),
        lambda: collections.set_rule(session, slug, Rule(), version=1, by=clerk),
        lambda: collections.put_in(session, slug, ["lamp"], by=clerk),
        lambda: collections.take_out(session, slug, ["lamp"], by=clerk),
        lambda: collections.move(session, slug, "lamp", 1, by=clerk),
        lambda: collections.remove(session, slug, by=clerk),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert [row.slug for row in collection_views.collections(session, by=OWNER)] == ["picks"]
