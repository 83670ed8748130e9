"""The tree of categories: added, renamed with a redirect, moved without circles, emptied and removed."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.core.pages import MovedTo
from shop_app.models import AuditEntry, Category, Product
from shop_app.services.catalog import categories
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.search import listing, listing_index
from tests.factories import make_product

pytestmark = pytest.mark.both
OWNER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])


@pytest.fixture
def tree(session: Session) -> None:
    """Living with Chairs and Lamps in it, and Table; a lamp in Lamps."""
    for title, parent in (("Living", ""), ("Table", ""), ("Chairs", "living"), ("Lamps", "living")):
        categories.add(session, title, parent, by=OWNER)
    lamp = make_product(session, "Fable", category="Lamps")
    listing_index.refresh(session, [lamp.id or 0])


def shape(session: Session) -> list[str]:
    rows = categories.tree(session, by=OWNER)
    return ["  " * row.depth + f"{row.slug} {row.products}" for row in rows]


def change(session: Session, slug: str, **values: object) -> str:
    row = next(row for row in categories.tree(session, by=OWNER) if row.slug == slug)
    given = {"title": row.title, "new_slug": slug, "version": row.version} | values
    return categories.change(session, slug, **given, by=OWNER)  # pyright: ignore


def test_the_tree_is_listed_with_what_is_in_it(session, tree):
    assert shape(session) == ["living 0", "  chairs 0", "  lamps 1", "table 0"]
    lamps = categories.tree(session, by=OWNER)[2]
    assert (lamps.path, lamps.parent, lamps.is_first, lamps.is_last) == (
        "Living / Lamps",
        "living",
        False,
        True,
    )
    assert categories.add(session, "Lamps", "table", by=OWNER) == "lamps-2"


def test_a_renamed_category_is_found_by_its_old_address(session, tree):
    assert change(session, "lamps", title="Lighting", new_slug="lighting") == "lighting"
    with pytest.raises(MovedTo) as moved:
        listing.browse(session, ListingQuery(category="lamps"))
    assert moved.value.fields == {"category": "lighting"}
    shown = listing.browse(session, ListingQuery(category="lighting"))
    assert (shown.title, shown.total) == ("Lighting", 1)
    assert listing.browse(session, ListingQuery(text="lighting")).total == 1
    assert change(session, "lighting", new_slug="lamps") == "lamps"
    assert listing.browse(session, ListingQuery(category="lamps")).total == 1
    with pytest.raises(MovedTo):
        listing.browse(session, ListingQuery(category="lighting"))


def test_a_category_moves_with_what_is_under_it_and_never_under_itself(session, tree):
    categories.move(session, "living", "table", by=OWNER)
    assert shape(session) == ["table 0", "  living 0", "    chairs 0", "    lamps 1"]
    assert listing.browse(session, ListingQuery(category="table")).total == 1
    for parent in ("living", "lamps"):
        with pytest.raises(Invalid, match="under itself"):
            categories.move(session, "living", parent, by=OWNER)
    with pytest.raises(Invalid, match="under itself"):
        categories.move(session, "table", "chairs", by=OWNER)
    categories.move(session, "lamps", "", by=OWNER)
    assert shape(session) == ["table 0", "  living 0", "    chairs 0", "lamps 1"]


def test_categories_stand_five_levels_deep_at_most(session, tree):
    parent = ""
    for number in range(5):
        parent = categories.add(session, f"Level {number}", parent, by=OWNER)
    with pytest.raises(Invalid, match="5 levels"):
        categories.add(session, "Too deep", parent, by=OWNER)
    with pytest.raises(Invalid, match="5 levels"):
        categories.move(session, "living", "level-3", by=OWNER)
    categories.move(session, "chairs", "level-3", by=OWNER)


def test_categories_are_ordered_among_their_siblings(session, tree):
    categories.step(session, "lamps", -1, by=OWNER)
    assert shape(session)[1:3] == ["  lamps 1", "  chairs 0"]
    categories.step(session, "lamps", -1, by=OWNER)
    categories.step(session, "table", -1, by=OWNER)
    assert shape(session) == ["table 0", "living 0", "  lamps 1", "  chairs 0"]


def test_only_an_empty_category_goes_or_one_whose_goods_are_moved(session, tree):
    with pytest.raises(Conflict, match="under this one"):
        categories.remove(session, "living", "table", by=OWNER)
    with pytest.raises(Conflict, match="1 product is in this category"):
        categories.remove(session, "lamps", by=OWNER)
    with pytest.raises(NotFound):
        categories.remove(session, "lamps", "nowhere", by=OWNER)
    assert categories.remove(session, "chairs", by=OWNER) == 0
    assert categories.remove(session, "lamps", "table", by=OWNER) == 1
    assert shape(session) == ["living 0", "table 1"]
    assert listing.browse(session, ListingQuery(category="table")).total == 1
    with pytest.raises(MovedTo) as moved:
        listing.browse(session, ListingQuery(category="lamps"))
    assert moved.value.fields == {"category": "table"}
    product = session.exec(select(Product)).one()
    session.refresh(product)
    assert product.version == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"new_slug": "Not a slug"}, "slug"),
        ({"new_slug": ""}, "slug"),
        ({"new_slug": "table"}, "slug"),
        ({"description": "d" * 5001}, "description"),
        ({"picture": "f" * 24}, "picture"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(session, tree, wrong, field):
    with pytest.raises(Invalid) as refusal:
        change(session, "lamps", **wrong)
    assert refusal.value.field == field
    assert session.exec(select(Category.version).where(col(Category.slug) == "lamps")).one() == 1


def test_a_stale_version_overwrites_nothing(session, tree):
    change(session, "lamps", title="Lights")
    with pytest.raises(Conflict, match="Somebody else"):
        categories.change(session, "lamps", version=1, title="Lamps", new_slug="lamps", by=OWNER)
    assert categories.tree(session, by=OWNER)[2].title == "Lights"


def test_each_change_stands_in_the_audit(session, tree):
    change(session, "lamps", title="Lights")
    categories.move(session, "lamps", "table", by=OWNER)
    query = select(AuditEntry).where(AuditEntry.object_key == "lamps").order_by(col(AuditEntry.id))
    assert [(entry.action, entry.before, entry.after) for entry in session.exec(query)] == [
        ("category_added", {}, {"title": "Lamps", "parent": "living"}),
        ("category_changed", {"title": "Lamps"}, {"title": "Lights"}),
        ("category_moved", {"parent": "living"}, {"parent": "table"}),
    ]


def test_clerks_look_and_change_nothing(session, tree):
    clerk = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
    before = shape(session)
    assert categories.tree(session, by=clerk)
    for attempt in (
        lambda: categories.tree(session, by=NOBODY),
        lambda: categories.add(session, "New", by=clerk),
        lambda: categories.change(session, "lamps", version=1, title="X", new_slug="x", by=clerk),
        lambda: categories.move(session, "lamps", "", by=clerk),
        lambda: categories.step(session, "lamps", -1, by=clerk),
        lambda: categories.remove(session, "chairs", by=clerk),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert shape(session) == before
