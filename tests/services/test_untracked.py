"""Untracked variants: always for sale, never held, no number shown, and the books hold through all of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid, ShopError
from shop_app.models import StockPolicy
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart import queries as cart_queries
from shop_app.services.catalog import commands as catalog_commands
from shop_app.services.catalog.availability import Stock, card_line, stock_line
from shop_app.services.catalog.product_draft import read_draft
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.inventory import admin as inventory_admin
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.inventory import ledger as inventory_ledger
from shop_app.services.inventory import queries as inventory_queries
from shop_app.services.orders import commands as order_commands
from shop_app.services.product_files import csv_export, csv_import
from shop_app.services.returns import admin as return_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.search import listing, listing_index
from shop_app.services.stock_alerts import line as waiting_line
from shop_app.services.storefront import product_page
from shop_app.worker import waiting
from tests.factories import key_hash, make_basics, make_product, stock_of, variant_with
from tests.paying import MANAGER, ME, World, everything, make_world, rows
from tests.selling import CLERK, cancel, line, order, refund, sell, send, units, wrong_books

pytestmark = pytest.mark.both
TABLE = "OAK-TABLE"
EXPRESS = key_hash("another visitor")


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    """A table that is made to order, beside three bowls and five mugs."""
    shop = make_world(tmp_path)
    with db.transaction() as session:
        table = make_product(session, "Oak Table", price_minor=49900, stock=0, policy=StockPolicy.UNTRACKED)
        listing_index.refresh(session, [table.id or 0])
    yield shop
    assert wrong_books() == []


def levels(sku: str = TABLE) -> tuple[int, int, int]:
    """On hand, allocated, held."""
    with db.reading() as session:
        return stock_of(session, sku)


def moved(sku: str = TABLE) -> list[tuple[str, int, int, int]]:
    """The movements since the product was made: kind and what it changed."""
    with db.reading() as session:
        key = variant_with(session, sku).id
    return [
        (row.kind, row.on_hand_delta, row.allocated_delta, row.held_delta)
        for row in rows("stock_movement")
        if row.variant_id == key and row.reason != "test"
    ]


def switch(change: Callable[..., object], *args: object, **more: object) -> None:
    with db.transaction() as session:
        change(session, *args, by=CLERK, **more)


# --- What is shown --------------------------------------------------------------------------------


def test_it_is_available_and_shows_no_number(world):
    stock = Stock(7, 7, 0, 3, "untracked", None)
    assert (stock.kind, stock.available, stock.max_quantity) == ("in", True, 99)
    assert (stock_line(stock), stock_line(stock, "Moss"), card_line([stock])) == ("Available",) * 2 + ("",)
    low = Stock(1, 0, 0, 3, "deny", None)
    assert (card_line([low]), card_line([low, stock])) == ("Only 1 left", "")


def test_pages_lists_and_search_engines_take_it_for_in_stock(world):
    with db.reading() as session:
        view = product_page.product(session, "oak-table")
        page = listing.browse(session, ListingQuery(in_stock=True))
    (variant,) = view.variants
    assert (variant.availability, variant.stock_line, variant.max_quantity) == ("in", "Available", 99)
    assert '"availability":"https://schema.org/InStock"' in view.json_ld.replace(" ", "")
    assert "oak-table" in [card.slug for card in page.cards]


# --- Cart, order, shipment, return ----------------------------------------------------------------


def test_as_many_as_a_line_takes_are_bought_and_nothing_is_held(world):
    world.fill_cart(TABLE, 99)
    with db.transaction() as session:
        assert cart_holds.enter(session, ME) == cart_holds.HoldView()
        assert cart_holds.extend(session, ME) == cart_holds.HoldView()
        assert cart_queries.view(session, ME).lines[0].notice == ""
    assert (levels(), rows("stock_hold"), moved()) == ((0, 0, 0), [], [])

    with db.transaction() as session:
        cart_commands.set_quantity(session, ME, TABLE, 2)
    sell(world, {TABLE: 1})
    assert units(TABLE) == (0, 0, 0)
    assert (levels(), moved()) == ((3, 3, 0), [("allocated", 3, 3, 0)])


def test_only_what_is_tracked_is_held_for_a_mixed_cart(world):
    world.fill_cart(TABLE, 5)
    world.fill_cart("SHOAL-BOWL", 2)
    with db.transaction() as session:
        hold = cart_holds.enter(session, ME)
    assert (hold.state, hold.short) == ("held", [])
    assert (levels(), levels("SHOAL-BOWL")) == ((0, 0, 0), (3, 0, 2))
    with db.transaction() as session:
        cart_commands.set_quantity(session, ME, TABLE, 9)
    assert (levels(), levels("SHOAL-BOWL")) == ((0, 0, 0), (3, 0, 2))


def test_sent_and_come_back_it_is_sold_as_before(world):
    sell(world, {TABLE: 3})
    shipment = send({TABLE: 2})
    assert levels() == (1, 1, 0)
    refund(lines={TABLE: 1}, restock=True)
    assert (units(TABLE), levels()) == ((2, 0, 1), (0, 0, 0))
    refund("key-2", lines={TABLE: 1}, restock=True)
    assert (units(TABLE), levels()) == ((2, 1, 1), (0, 0, 0))
    assert moved()[1:] == [
        ("shipped", -2, -2, 0),
        ("released", -1, -1, 0),
        ("returned", 1, 0, 0),
        ("adjusted", -1, 0, 0),
    ]
    assert shipment


def test_a_return_is_received_and_restocked_once(world):
    sell(world, {TABLE: 2})
    send({TABLE: 2})
    head = order()
    with db.transaction() as session:
        return_commands.request(session, head.token, {0: 2}, "other", "", "k" * 32)
        return_admin.approve(session, 1, by=MANAGER)
        key = line(TABLE).id
        return_admin.receive(session, 1, {key: 2}, {key: 1}, by=MANAGER)
    assert levels() == (0, 0, 0)
    before = everything()
    switch(return_admin.receive, 1, {key: 2}, {key: 1})
    assert everything() == before


@pytest.mark.parametrize("restock", [True, False])
def test_cancelling_leaves_nothing_behind(world, restock):
    sell(world, {TABLE: 4})
    cancel(restock=restock)
    assert (units(TABLE), levels()) == ((0, 0, 4), (0, 0, 0))


def test_an_order_that_nobody_pays_ends_and_can_be_paid_late(world):
    world.fill_cart(TABLE, 2)
    world.pay(total_minor=world.fill_cart(TABLE, 1))
    assert levels() == (3, 3, 0)
    order_id = order().id
    with db.transaction() as session:
        order_commands.end_unpaid(session, order_id, why="expired")
    assert levels() == (0, 0, 0)
    with db.transaction() as session:
        assert order_commands.reactivate(session, order_commands.lock(session, order_id), now())
    assert levels() == (3, 3, 0)


def test_it_counts_against_no_limit_of_what_is_kept_unpaid(world, configure):
    configure(SHOP_UNPAID_UNITS="2", SHOP_UNPAID_UNITS_PER_ADDRESS="2")
    world.pay(total_minor=world.fill_cart(TABLE, 50))
    assert levels() == (50, 50, 0)
    with db.transaction() as session:
        cart_commands.add(session, EXPRESS, "SHOAL-BOWL", 2)
        cart_holds.enter(session, EXPRESS, "a" * 64)
    assert levels("SHOAL-BOWL") == (3, 0, 2)


# --- Staff switch it ------------------------------------------------------------------------------


def test_tracking_ends_with_its_holds_and_its_number_and_orders_keep_theirs(world):
    sell(world, {"DUNE-MUG": 2})
    world.fill_cart("DUNE-MUG", 3)
    with db.transaction() as session:
        cart_holds.enter(session, ME)
    assert levels("DUNE-MUG") == (5, 2, 3)
    switch(inventory_admin.stop_tracking, "DUNE-MUG")

    assert (levels("DUNE-MUG"), rows("stock_hold")) == ((2, 2, 0), [])
    assert moved("DUNE-MUG")[-2:] == [("unheld", 0, 0, -3), ("adjusted", -3, 0, 0)]
    with db.reading() as session:
        assert inventory_queries.stock_levels(session, "DUNE-MUG", by=CLERK).tracked is False
        assert cart_queries.view(session, ME).can_check_out
    sell(world, {"DUNE-MUG": 4})
    assert (units("DUNE-MUG"), levels("DUNE-MUG")) == ((0, 0, 0), (9, 9, 0))
    before = everything()
    switch(inventory_admin.stop_tracking, "DUNE-MUG")
    assert everything() == before


def test_what_was_backordered_beyond_the_stock_becomes_untracked(world):
    with db.transaction() as session:
        mug = variant_with(session, "DUNE-MUG").id or 0
        inventory_commands.set_policy(session, mug, StockPolicy.BACKORDER)
    sell(world, {"DUNE-MUG": 8})
    assert levels("DUNE-MUG") == (5, 8, 0)
    switch(inventory_admin.stop_tracking, "DUNE-MUG")
    assert (levels("DUNE-MUG"), moved("DUNE-MUG")[-1]) == ((8, 8, 0), ("received", 3, 0, 0))


def test_tracking_begins_with_the_count_that_staff_give(world):
    sell(world, {TABLE: 3})
    before = everything()
    for wrong in (2, -1, 10**6 + 1, True):
        with pytest.raises(Invalid):
            switch(inventory_admin.track, TABLE, wrong)
    assert everything() == before
    switch(inventory_admin.track, TABLE, 4)

    assert levels() == (4, 3, 0)
    with db.reading() as session:
        seen = inventory_queries.stock_levels(session, TABLE, by=CLERK)
    assert (seen.tracked, seen.backorder, seen.left) == (True, False, 1)
    with pytest.raises(ShopError, match="Only 1 of Oak Table is left"), db.transaction() as session:
        cart_commands.add(session, ME, TABLE, 2)
    send({TABLE: 3})
    refund(lines={TABLE: 2}, restock=True)
    assert levels() == (3, 0, 0)
    with pytest.raises(Conflict, match="tracked already"):
        switch(inventory_admin.track, TABLE, 4)


def test_goods_that_left_untracked_come_back_into_the_count(world):
    sell(world, {TABLE: 2})
    send({TABLE: 2})
    switch(inventory_admin.track, TABLE, 5)
    refund(lines={TABLE: 2}, restock=True)
    assert levels() == (7, 0, 0)


def test_goods_that_left_tracked_come_back_out_of_the_count(world):
    sell(world, {"DUNE-MUG": 2})
    send({"DUNE-MUG": 2})
    switch(inventory_admin.stop_tracking, "DUNE-MUG")
    refund(lines={"DUNE-MUG": 2}, restock=True)
    assert levels("DUNE-MUG") == (0, 0, 0)


@pytest.mark.parametrize("change", [
    lambda session: inventory_admin.set_units(session, TABLE, 3, seen=0, reason="count", by=CLERK),
    lambda session: inventory_admin.change_units(session, TABLE, 3, reason="found", by=CLERK),
    lambda session: inventory_admin.set_policy(session, TABLE, backorder=True, by=CLERK),
    lambda session: inventory_admin.set_policy(session, TABLE, backorder=False, by=CLERK),
])  # fmt: skip
def test_what_has_no_number_gets_none_by_the_way(world, change):
    before = everything()
    with pytest.raises(Invalid, match="isn't tracked"), db.transaction() as session:
        change(session)
    assert everything() == before


def test_only_those_who_may_adjust_stock_switch_it(world):
    before = everything()
    for change, args in ((inventory_admin.stop_tracking, ("DUNE-MUG",)), (inventory_admin.track, (TABLE, 1))):
        with pytest.raises(Forbidden), db.transaction() as session:
            change(session, *args, by=Principal("staff", 0, "guest@example.com"))
    assert everything() == before


def test_a_saved_product_keeps_or_changes_the_policy(world):
    for policy in (StockPolicy.DENY, StockPolicy.BACKORDER, StockPolicy.UNTRACKED):
        with db.transaction() as session:
            table = catalog_commands.find(session, "oak-table")
            assert table
            draft = read_draft(session, table)
            (variant,) = draft.variants
            changed = replace(draft, variants=(replace(variant, stock_policy=policy.value),))
            catalog_commands.put(session, changed, actor="test")
            assert read_draft(session, table).variants[0].stock_policy == policy
    with pytest.raises(Invalid, match="deny, backorder or untracked"), db.transaction() as session:
        never = replace(draft, variants=(replace(variant, stock_policy="never"),))
        catalog_commands.put(session, never, actor="test")


def test_who_asked_to_be_told_gets_a_letter_when_it_can_always_be_had(world):
    with db.transaction() as session:
        listing_index.refresh(session, [row.id for row in rows("product")])
        mug = variant_with(session, "DUNE-MUG").id or 0
        inventory_commands.set_on_hand(session, mug, 0, reason="count")
        waiting_line.ask(session, "DUNE-MUG", "ada@example.com")
    with db.transaction() as session:
        waiting_line.confirm(session, rows("stock_alert")[0].token, "")
    switch(inventory_admin.stop_tracking, "DUNE-MUG")
    waiting.serve_line(lambda _seconds: None)
    assert [row.kind for row in rows("letter")] == ["stock_confirm", "back_in_stock"]
    with pytest.raises(Conflict), db.transaction() as session:
        waiting_line.ask(session, TABLE, "ada@example.com")


# --- The books ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [
    "UPDATE stock_level SET on_hand = on_hand + 1 WHERE policy = 'untracked'",
    "UPDATE stock_level SET held = 1, on_hand = 1 WHERE policy = 'untracked'",
    "UPDATE stock_level SET policy = 'untracked' WHERE on_hand = 5",
])  # fmt: skip
def test_the_database_refuses_a_free_or_held_unit_of_it(world, wrong):
    before = everything()
    with pytest.raises(Exception, match="untracked_has_none_free"), db.transaction() as session:
        session.connection().execute(text(wrong))
    assert everything() == before


# --- Files ----------------------------------------------------------------------------------------

HEAD = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Status"
LINE = "oak,Oak,Title,Default Title,OAK,49.90,active"
NO_QUANTITY = "the stock of OAK isn't tracked, so its quantity was left out."


def take(folder: Path, **cells: str) -> list[str]:
    """Import one product with these columns beside the usual ones; what the report says."""
    names = {
        "tracker": "Variant Inventory Tracker",
        "quantity": "Variant Inventory Qty",
        "policy": "Variant Inventory Policy",
    }
    path = folder / "in.csv"
    columns = ",".join([HEAD, *(names[name] for name in cells)])
    path.write_text(f"{columns}\n{','.join([LINE, *cells.values()])}\n", encoding="utf-8")
    return [problem.message for problem in csv_import.import_file(path, pictures=False).problems]


def policy_and_units() -> tuple[str, int]:
    with db.reading() as session:
        key = variant_with(session, "OAK").id or 0
        level = inventory_ledger.levels(session, [key])[key]
    return level.policy, level.on_hand


@pytest.mark.parametrize(("cells", "expected", "said"), [
    ({"tracker": "", "quantity": "0", "policy": "deny"}, ("untracked", 0), []),
    ({"tracker": "", "quantity": "", "policy": ""}, ("untracked", 0), []),
    ({"tracker": "  ", "quantity": "0", "policy": "continue"}, ("untracked", 0), []),
    ({"tracker": "", "quantity": "7", "policy": "deny"}, ("untracked", 0), [NO_QUANTITY]),
    ({"tracker": ""}, ("untracked", 0), []),
    ({"tracker": "shopify", "quantity": "7", "policy": "deny"}, ("deny", 7), []),
    ({"tracker": "Shopify", "quantity": "0", "policy": ""}, ("deny", 0), []),
    ({"tracker": "shipwire", "quantity": "7", "policy": "continue"}, ("backorder", 7), []),
    ({"tracker": "shopify"}, ("deny", 0), []),
    ({"quantity": "7"}, ("deny", 7), []),
    ({"quantity": "0"}, ("deny", 0), []),
    ({"quantity": ""}, ("untracked", 0), []),
    ({"policy": "continue"}, ("untracked", 0), []),
    ({}, ("untracked", 0), []),
])  # fmt: skip
def test_a_file_says_what_is_tracked(engine, tmp_path, cells, expected, said):
    with db.transaction() as session:
        make_basics(session)
    assert take(tmp_path, **cells) == said
    assert (policy_and_units(), wrong_books()) == (expected, [])
    before = everything()
    take(tmp_path, **cells)
    assert everything() == before


@pytest.mark.parametrize(("first", "second", "expected"), [
    ({"tracker": ""}, {}, ("untracked", 0)),
    ({"tracker": ""}, {"quantity": "5"}, ("untracked", 0)),
    ({"tracker": ""}, {"policy": "continue"}, ("untracked", 0)),
    ({"tracker": ""}, {"tracker": "shopify", "quantity": "5"}, ("deny", 5)),
    ({"tracker": ""}, {"tracker": "shopify", "quantity": "5", "policy": "continue"}, ("backorder", 5)),
    ({"quantity": "5"}, {}, ("deny", 5)),
    ({"quantity": "5", "policy": "continue"}, {"tracker": "shopify"}, ("backorder", 5)),
    ({"quantity": "5", "policy": "continue"}, {"tracker": ""}, ("untracked", 0)),
    ({"quantity": "5"}, {"tracker": "", "quantity": "5"}, ("untracked", 0)),
])  # fmt: skip
def test_a_later_file_changes_what_it_names(engine, tmp_path, first, second, expected):
    with db.transaction() as session:
        make_basics(session)
    take(tmp_path, **first)
    take(tmp_path, **second)
    assert (policy_and_units(), wrong_books()) == (expected, [])


def test_a_file_that_tracks_what_orders_have_counts_on_top_of_them(world, tmp_path):
    take(tmp_path, tracker="", quantity="0")
    sell(world, {"OAK": 3})
    take(tmp_path, tracker="shopify", quantity="5")
    assert levels("OAK") == (8, 3, 0)


def test_an_export_writes_it_back(engine, tmp_path):
    with db.transaction() as session:
        make_basics(session)
    for cells, written in (
        ({"tracker": "shipwire", "quantity": "4"}, ("shipwire", "4", "deny")),
        ({"tracker": ""}, ("", "", "deny")),
        ({"tracker": "shopify", "quantity": "4", "policy": "continue"}, ("shopify", "4", "continue")),
    ):
        take(tmp_path, **cells)
        with db.reading() as session:
            csv_export.export_file(session, tmp_path / "out.csv")
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert tuple(row[f"Variant Inventory {name}"] for name in ("Tracker", "Qty", "Policy")) == written
        before = everything()
        assert csv_import.import_file(tmp_path / "out.csv", pictures=False).same == 1
        assert everything() == before


def test_a_tracker_of_before_is_no_tracker_of_what_staff_track_no_more(engine, tmp_path):
    with db.transaction() as session:
        make_basics(session)
    take(tmp_path, tracker="shipwire", quantity="4")
    switch(inventory_admin.stop_tracking, "OAK")
    with db.reading() as session:
        csv_export.export_file(session, tmp_path / "out.csv")
    csv_import.import_file(tmp_path / "out.csv", pictures=False)
    assert policy_and_units() == ("untracked", 0)
