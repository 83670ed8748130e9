"""The list of products for staff: what it says of each, what it finds, and what it does to many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid, ShopError
from shop_app.models import Product, ProductStatus, Variant
from shop_app.services.catalog import commands
from shop_app.services.desk.products import PRODUCTS
from shop_app.services.lists import engine
from shop_app.services.lists import query as list_query
from shop_app.services.lists.spec import Unchanged
from shop_app.services.search import listing_index
from tests.factories import make_basics, make_product, variant_with

EDITOR = Principal("staff", 1, "ana@example.com", permissions=frozenset({"products.view", "products.edit"}))
VIEWER = Principal("staff", 2, "kim@example.com", permissions=frozenset({"products.view"}))
pytestmark = pytest.mark.both


@pytest.fixture
def shop(session: Session) -> Session:
    """A lamp in two colours, a bowl without stock, a draft and an archived vase."""
    make_basics(session)
    make_product(session, "Fable Lamp", options={"Colour": ["Moss", "Clay"]}, stock=3)
    make_product(session, "Shoal Bowl", price_minor=2000, stock=0)
    make_product(session, "Draft Vase", status=ProductStatus.DRAFT, price_minor=0)
    make_product(session, "Old Vase", status=ProductStatus.ARCHIVED)
    ids = [key for key in session.exec(select(Product.id)) if key]
    listing_index.refresh(session, ids)
    commands.set_prices(session, {"FABLE-LAMP-CLAY": (6000, 8000)}, actor="test")
    draft, _version = commands.draft_of(session, "shoal-bowl")
    commands.save(session, "shoal-bowl", replace(draft, tags=("gift",)), actor="test")
    return session


def shown(session: Session, query: str = "sort=product") -> list[str]:
    ids = engine.page(session, PRODUCTS, list_query.read(PRODUCTS, list_query.fields_of(query))).ids
    rows = PRODUCTS.load(session, ids, VIEWER)
    return [rows[key].label for key in ids]


def key(session: Session, slug: str) -> int:
    return session.exec(select(Product.id).where(Product.slug == slug)).one() or 0


def test_what_a_row_says(shop: Session):
    ids = [key(shop, "fable-lamp"), key(shop, "shoal-bowl")]
    rows = PRODUCTS.load(shop, ids, VIEWER)
    lamp, bowl = (rows[each] for each in ids)
    assert {name: cell.text for name, cell in lamp.cells.items() if name != "updated"} == {
        "product": "Fable Lamp",
        "status": "Live",
        "stock": "6",
        "variants": "2",
        "price": "€49.00 – €60.00",
        "category": "Lighting",
        "vendor": "Fennholm",
    }
    assert (bowl.cells["product"].sub, bowl.cells["stock"].tone) == ("Can't be bought: no stock", "coral")
    assert lamp.marks == {"data-testid": "product-row", "data-slug": "fable-lamp"}
    with pytest.raises(Forbidden):
        PRODUCTS.load(shop, ids, NOBODY)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("sort=product", ["Draft Vase", "Fable Lamp", "Old Vase", "Shoal Bowl"]),
        ("sort=price", ["Shoal Bowl", "Fable Lamp", "Draft Vase", "Old Vase"]),
        ("sort=product&q=vase", ["Draft Vase", "Old Vase"]),
        ("sort=product&q=fable-lamp-cl", ["Fable Lamp"]),
        ("sort=product&q=gift", ["Shoal Bowl"]),
        ("sort=product&q=%25", []),
        ("sort=product&status=draft", ["Draft Vase"]),
        ("sort=product&problem=yes", ["Shoal Bowl"]),
        ("sort=product&stock=yes", ["Fable Lamp"]),
        ("sort=product&tag=gift", ["Shoal Bowl"]),
        ("sort=product&sale=yes", ["Fable Lamp"]),
    ],
)
def test_what_is_found(shop: Session, query: str, titles: list[str]):
    assert shown(shop, query) == titles


def test_every_tab_can_be_read(shop: Session):
    counts = {tab.key: len(shown(shop, tab.query or "sort=product")) for tab in PRODUCTS.tabs}
    assert counts == {"all": 4, "active": 2, "drafts": 1, "scheduled": 0, "problems": 1, "archived": 1}


def run(session: Session, action: str, slug: str, by: Principal = EDITOR, **arguments: str) -> None:
    found = PRODUCTS.action(action)
    assert found
    assert found.run
    if found.check:
        found.check(arguments)
    found.run(session, key(session, slug), by, arguments)


def prices(session: Session, slug: str) -> list[int]:
    statement = select(Variant.price_minor).where(Variant.product_id == key(session, slug))
    return sorted(session.exec(statement))


def test_prices_change_by_percent_or_amount_and_what_is_skipped_is_said_before(shop: Session):
    action = PRODUCTS.action("price")
    assert action
    assert action.plan
    ids = [key(shop, slug) for slug in ("fable-lamp", "draft-vase", "old-vase")]
    plan = action.plan(shop, ids, EDITOR)
    assert (plan.will, [(label, reason) for _id, label, reason in plan.skipped]) == (
        (ids[0],),
        [("Draft Vase", "It has no price"), ("Old Vase", "It is archived")],
    )
    run(shop, "price", "fable-lamp", change="+10 %")
    assert prices(shop, "fable-lamp") == [5390, 6600]
    run(shop, "price", "fable-lamp", change="-0,90")
    assert prices(shop, "fable-lamp") == [5300, 6510]
    for change in ("", "10", "x %", "+0", "+1,000", "*2"):
        with pytest.raises(Invalid):
            run(shop, "price", "fable-lamp", change=change)
    for change in ("-60.00", "+40 %"):
        with pytest.raises(Invalid):
            run(shop, "price", "fable-lamp", change=change)
    assert prices(shop, "fable-lamp") == [5300, 6510]


def test_status_and_tags_of_many(shop: Session):
    action = PRODUCTS.action("archive")
    assert action
    assert action.plan
    plan = action.plan(shop, [key(shop, "fable-lamp"), key(shop, "old-vase")], EDITOR)
    assert [reason for _id, _label, reason in plan.skipped] == ["It is archived already"]
    run(shop, "archive", "fable-lamp")
    run(shop, "add-tags", "fable-lamp", tags="lamp, gift")
    with pytest.raises(Unchanged):
        run(shop, "add-tags", "fable-lamp", tags="gift")
    run(shop, "remove-tags", "fable-lamp", tags="gift")
    draft, _version = commands.draft_of(shop, "fable-lamp")
    assert (draft.status, draft.tags) == ("archived", ("lamp",))
    assert variant_with(shop, "FABLE-LAMP-MOSS").active


def test_who_may_only_look_changes_nothing(shop: Session):
    for action in PRODUCTS.actions:
        with pytest.raises(ShopError) as refusal:
            run(shop, action.key, "shoal-bowl", VIEWER, tags="x", change="+10 %")
        assert isinstance(refusal.value, Forbidden)
    assert shown(shop, "sort=product&status=active") == ["Fable Lamp", "Shoal Bowl"]
