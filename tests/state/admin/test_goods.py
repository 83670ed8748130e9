"""Categories, collections and pictures in a tab: what is refused is said at its field."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.models import Picture
from shop_app.services.catalog import categories, product_pictures
from shop_app.state.admin.categories import Categories
from shop_app.state.admin.collections import Collections, OneCollection
from shop_app.state.admin.pictures import Pictures
from tests.factories import add
from tests.state.conftest import send, submit

OWNER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])
KEYS = [letter * 24 for letter in "abc"]


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop_app.state.base.current_principal", lambda: OWNER)


async def test_a_category_is_added_written_and_removed(open_tab, shop):
    page = await open_tab(Categories)
    await submit(page, "add", {"title": "Cups", "parent": "lighting"})
    await submit(page, "add", {"title": "", "parent": ""})
    assert (page.errors["title"], [row.slug for row in page.rows]) == (
        "Enter a name of 200 characters at most.",
        ["lighting", "cups"],
    )
    await send(page, "open", slug="cups")
    form = {"version": "1", "title": "Mugs", "new_slug": "lighting", "parent": "", "picture": ""}
    await submit(page, "save", form)
    assert (page.errors["slug"], page.is_open) == ("Lighting has this address already.", True)
    await submit(page, "save", form | {"new_slug": "mugs"})
    assert ([(row.slug, row.parent) for row in page.rows], page.is_open) == (
        [("lighting", ""), ("mugs", "")],
        False,
    )
    await send(page, "ask_to_remove", slug="lighting")
    await submit(page, "remove", {"move_to": ""})
    assert ("2 products are in this category" in page.refused, page.is_removing) == (True, True)
    await submit(page, "remove", {"move_to": "mugs"})
    assert [(row.slug, row.products) for row in page.rows] == [("mugs", 2)]


async def test_a_stale_category_keeps_what_somebody_else_wrote(open_tab, shop):
    page = await open_tab(Categories)
    await page.load()
    await send(page, "open", slug="lighting")
    with db.transaction() as session:
        categories.change(session, "lighting", version=1, title="Lamps", new_slug="lighting", by=OWNER)
    await submit(page, "save", {"version": "1", "title": "Lights", "new_slug": "lights"})
    assert "Somebody else has changed this category" in page.refused
    await page.load()
    assert [row.title for row in page.rows] == ["Lamps"]


async def test_a_collection_by_rule_is_typed_and_followed(open_tab, shop):
    listed = await open_tab(Collections)
    await submit(listed, "add", {"title": "Under thirty", "kind": "rule"})
    page = await open_tab(OneCollection, "/admin/collections/under-thirty")
    await page.load()
    assert (page.view.by_rule, [row.number for row in page.conditions]) == (True, [0])
    await submit(page, "set_rule", {"match": "all", "what-0": "price-max", "value-0": "cheap"})
    assert page.errors["rule"] == "Enter an amount in figures, such as 20 or 19.50."
    rule = {
        "match": "all",
        "what-0": "price-max",
        "value-0": "30",
        "what-3": "category-is",
        "value-3": "Lighting",
    }
    await submit(page, "set_rule", rule)
    assert [(item.slug, item.price) for item in page.view.members] == [("shoal-bowl", "€20.00")]
    assert [(row.what, row.value) for row in page.conditions] == [
        ("price-max", "30"),
        ("category-is", "lighting"),
    ]
    await submit(page, "set_rule", {"match": "sometimes"})
    assert "match" in page.errors
    await page.load()
    await page.add_condition()
    await send(page, "drop_condition", number=0)
    assert [row.number for row in page.conditions] == [1, 2]


async def test_products_are_found_put_in_and_ordered_by_hand(open_tab, shop):
    listed = await open_tab(Collections)
    await submit(listed, "add", {"title": "Picks", "kind": "hand"})
    page = await open_tab(OneCollection, "/admin/collections/picks")
    await page.load()
    await submit(page, "find", {"text": "lamp"})
    assert [item.slug for item in page.found] == ["fable-lamp"]
    for slug in ("fable-lamp", "shoal-bowl"):
        await send(page, "put_in", product=slug)
    await send(page, "move", product="shoal-bowl", place=1)
    assert ([item.slug for item in page.view.members], page.found) == (["shoal-bowl", "fable-lamp"], [])
    await submit(page, "save", {"version": "1", "title": "Our picks", "new_slug": "our-picks"})
    assert (page.view.slug, page.loaded) == ("our-picks", "our-picks")
    await send(page, "take_out", product="fable-lamp")
    assert page.view.products == 1


async def test_pictures_are_arranged_described_and_taken_off(open_tab, shop):
    with db.transaction() as session:
        for key in KEYS:
            add(session, Picture(key=key, width=1200, height=1500))
        product_pictures.attach(session, "fable-lamp", KEYS, by=OWNER)
    page = await open_tab(Pictures, "/admin/products/fable-lamp")
    await page.load()
    await submit(page, "arrange", {"keys": " ".join([KEYS[2], KEYS[0], KEYS[1]])})
    assert [item.key for item in page.view.pictures] == [KEYS[2], KEYS[0], KEYS[1]]
    await submit(page, "arrange", {"keys": KEYS[0]})
    assert [item.key for item in page.view.pictures] == [KEYS[2], KEYS[0], KEYS[1]]
    await send(page, "open", key=KEYS[2])
    said = {"key": KEYS[2], "alt": "Lit", "focus_x": "20", "focus_y": "90", "shows-0": "FABLE-LAMP-MOSS"}
    await submit(page, "save", said)
    first = page.view.pictures[0]
    assert (first.alt, first.focus, list(first.skus), page.is_open) == (
        "Lit",
        "20% 90%",
        ["FABLE-LAMP-MOSS"],
        False,
    )
    for wrong in ({"focus_x": "101"}, {"focus_y": "left"}, {"alt": "a" * 1001}, {"shows-0": "SHOAL-BOWL"}):
        await submit(page, "save", said | wrong)
        assert page.errors, wrong
    await submit(page, "remove", {"keys": f"{KEYS[0]} {KEYS[1]}"})
    await submit(page, "remove", {"keys": "../../etc/passwd"})
    assert [item.key for item in page.view.pictures] == [KEYS[2]]
