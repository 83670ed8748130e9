"""Stocktakes: counted by hand, by scanner and by file, looked at, and booked together or not at all."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, StockPolicy
from shop_app.services.books import check as books
from shop_app.services.inventory import admin, count_file, incoming, queries, stocktake
from shop_app.services.inventory import commands as inventory_commands
from tests.factories import make_product, stock_of, variant_with

pytestmark = pytest.mark.both
CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
OTHER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])


@pytest.fixture
def shelf(session: Session) -> None:
    """A lamp with 10 units and a barcode, a bowl with 4, a course that nobody counts."""
    make_product(session, "Lamp", stock=10)
    make_product(session, "Bowl", stock=4)
    make_product(session, "Course", stock=0, policy=StockPolicy.UNTRACKED)
    variant_with(session, "LAMP").barcode = "4006381333931"
    session.flush()


def take(session: Session, text: str) -> int:
    return stocktake.take_rows(session, count_file.read(text.encode()), by=CLERK)


def seen(session: Session) -> tuple[list[tuple[str, int, str]], list[tuple[str, str, str]]]:
    view = stocktake.open_stocktake(session, by=CLERK)
    return (
        [(line.sku, line.units, line.difference_text) for line in view.lines],
        [(problem.where, problem.code, problem.text) for problem in view.problems],
    )


def test_a_scanned_barcode_is_its_variant_and_says_what_was_counted(session, shelf):
    scanned = stocktake.scan(session, "4006381333931", by=CLERK)
    assert (scanned.sku, scanned.title, scanned.on_hand, scanned.counted) == ("LAMP", "Lamp", 10, "")
    stocktake.count(session, "LAMP", 9, by=CLERK)
    assert stocktake.scan(session, "LAMP", by=CLERK).counted == "9"
    assert stock_of(session, "LAMP") == (10, 0, 0)


def test_differences_are_booked_together_and_sales_meanwhile_stay(session, shelf):
    stocktake.count(session, "LAMP", 9, by=CLERK)
    stocktake.count(session, "BOWL", 4, by=CLERK)
    inventory_commands.adjust(session, variant_with(session, "LAMP").id or 0, -3, reason="sold meanwhile")
    view = stocktake.open_stocktake(session, by=CLERK)
    assert (view.counted, view.differences, view.units) == (2, 1, -1)
    assert seen(session)[0] == [("LAMP", 9, "−1"), ("BOWL", 4, "0")]

    assert stocktake.book(session, by=CLERK) == 1
    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((6, 0, 0), (4, 0, 0))
    last = queries.history(session, "LAMP", by=CLERK)[0]
    assert (last.on_hand, last.reason, last.title, last.who) == (-1, "count", "Counted", "clerk@example.com")
    assert stocktake.open_stocktake(session, by=CLERK) == stocktake.StocktakeView()
    assert books.check(session).violations == ()
    with pytest.raises(Invalid, match="nothing to book"):
        stocktake.book(session, by=CLERK)


def test_what_does_not_fit_books_nothing(session, shelf):
    stocktake.count(session, "BOWL", 3, by=CLERK)
    stocktake.count(session, "LAMP", 0, by=CLERK)
    inventory_commands.adjust(session, variant_with(session, "LAMP").id or 0, -1, reason="sold meanwhile")
    with pytest.raises(Invalid, match=r"^LAMP: "), session.begin_nested():
        stocktake.book(session, by=CLERK)
    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((9, 0, 0), (4, 0, 0))
    assert stocktake.open_stocktake(session, by=CLERK).differences == 2
    stocktake.drop(session, "LAMP", by=CLERK)
    assert stocktake.book(session, by=CLERK) == 1


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("NOPE", "No variant"),
        ("", "No variant"),
        ("COURSE", "isn't tracked"),
        ("'; DROP TABLE", "No variant"),
    ],
)
def test_an_unknown_code_is_said_and_kept(session, shelf, code, sentence):
    with pytest.raises(Invalid, match=sentence) as refusal:
        stocktake.scan(session, code, by=CLERK)
    stocktake.note_problem(session, code, refusal.value.message, by=CLERK)
    stocktake.note_problem(session, code, refusal.value.message, by=CLERK)
    assert seen(session) == ([], [("Scanned", code, refusal.value.message)])


def test_a_barcode_of_two_variants_asks_for_the_sku(session, shelf):
    variant_with(session, "BOWL").barcode = "4006381333931"
    session.flush()
    with pytest.raises(Invalid, match="LAMP, BOWL"):
        stocktake.scan(session, "4006381333931", by=CLERK)


def test_each_counts_for_themselves(session, shelf):
    stocktake.count(session, "LAMP", 9, by=CLERK)
    stocktake.count(session, "LAMP", 12, by=OTHER)
    stocktake.discard(session, by=OTHER)
    assert seen(session)[0] == [("LAMP", 9, "−1")]


def test_a_file_is_a_dry_run_with_its_errors_by_line(session, shelf):
    text = 'SKU;Units\n4006381333931;8\n"BOWL";"5"\nNOPE;1\nBOWL;7\nCOURSE;3\n;2\nLAMP;three\n=1+1;4\n'
    assert take(session, text) == 2
    counted, problems = seen(session)
    assert sorted(counted) == [("BOWL", 5, "+1"), ("LAMP", 8, "−2")]
    assert [(where, code) for where, code, _text in problems] == [
        ("Line 9", "=1+1"),
        ("Line 8", "LAMP"),
        ("Line 7", ""),
        ("Line 6", "COURSE"),
        ("Line 5", "BOWL"),
        ("Line 4", "NOPE"),
    ]
    assert problems[4][2] == "This code stands in line 3 already."
    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((10, 0, 0), (4, 0, 0))
    assert take(session, "BOWL\t6") == 1
    assert seen(session) == ([("BOWL", 6, "+2"), ("LAMP", 8, "−2")], [])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "has no rows"),
        (b"sku;units\n\n", "has no rows"),
        (b"\x89PNG\r\n\x00\x00", "isn't text"),
        (b"LAMP;1\n" * 1_500_000, "2 MB at most"),
        (b"".join(b"A%d;1\n" % number for number in range(20_002)), "20,000 rows"),
    ],
)
def test_files_that_are_none_are_refused(data, sentence):
    with pytest.raises(Invalid, match=sentence):
        count_file.read(data)


def test_spreadsheets_ways_to_write_are_read():
    rows = count_file.read('\ufeff="0042",7\r\nMUG-É, 12 \r\nX,-1\r\nY,1.5\r\nZ,9999999\r\n'.encode())
    assert [(row.line, row.code, row.units, bool(row.problem)) for row in rows] == [
        (1, "0042", 7, False),
        (2, "MUG-É", 12, False),
        (3, "X", 0, True),
        (4, "Y", 0, True),
        (5, "Z", 0, True),
    ]
    assert count_file.read("MÖBEL;3".encode("cp1252"))[0].code == "MÖBEL"


def test_a_delivery_is_expected_received_once_and_moves_the_stock(session, shelf, clock):
    when = date(2026, 12, 3)
    key = incoming.expect(session, "LAMP", 20, supplier=" Ohl & Sons ", on=when, by=CLERK)
    gone = incoming.expect(session, "LAMP", 5, by=CLERK)
    assert queries.stock_levels(session, "LAMP", by=CLERK).incoming == 25
    assert [
        (d.supplier, d.units, d.expected_on, d.is_late)
        for d in incoming.deliveries(session, "LAMP", by=CLERK)
    ] == [
        ("Ohl & Sons", 20, "3 December", False),
        ("", 5, "", False),
    ]
    levels = incoming.receive(session, "LAMP", key, 18, by=CLERK)
    assert (levels.on_hand, levels.incoming) == (28, 5)
    last = queries.history(session, "LAMP", by=CLERK)[0]
    assert (last.on_hand, last.title, last.note) == (18, "Received", "From Ohl & Sons")
    with pytest.raises(Exception, match="received or removed already"):
        incoming.receive(session, "LAMP", key, 18, by=CLERK)
    with pytest.raises(Exception, match="received or removed already"):
        incoming.remove(session, "BOWL", gone, by=CLERK)
    incoming.remove(session, "LAMP", gone, by=CLERK)
    assert queries.stock_levels(session, "LAMP", by=CLERK).incoming == 0
    assert stock_of(session, "LAMP") == (28, 0, 0)
    actions = [entry.action for entry in session.exec(select(AuditEntry))]
    assert actions == ["delivery_expected", "delivery_expected", "stock_changed", "delivery_removed"]


@pytest.mark.parametrize(
    "wrong", [{"units": 0}, {"units": -3}, {"units": 10**6 + 1}, {"supplier": "s" * 201}, {"on": "past"}]
)
def test_a_delivery_that_cannot_be_is_refused(session, shelf, clock, wrong):
    day = date(2026, 11, 19)
    values = {"units": 5, "supplier": "", "on": None} | wrong | ({"on": day} if "on" in wrong else {})
    with pytest.raises(Invalid):
        incoming.expect(
            session, "LAMP", values["units"], supplier=values["supplier"], on=values["on"], by=CLERK
        )
    with pytest.raises(Invalid, match="isn't tracked"):
        incoming.expect(session, "COURSE", 5, by=CLERK)
    assert incoming.deliveries(session, "LAMP", by=CLERK) == []


def test_thresholds_and_policies_are_chosen_for_each_variant(session, shelf, clock):
    assert admin.set_low_at(session, "LAMP", 12, by=CLERK).mark == "low"
    assert admin.set_low_at(session, "LAMP", 0, by=CLERK).mark == ""
    with pytest.raises(Invalid):
        admin.set_low_at(session, "LAMP", 10_001, by=CLERK)
    assert admin.choose_policy(session, "LAMP", "untracked", by=CLERK).tracked is False
    assert admin.choose_policy(session, "LAMP", "backorder", by=CLERK).policy == "backorder"
    assert (stock_of(session, "LAMP"), admin.choose_policy(session, "LAMP", "deny", by=CLERK).mark) == (
        (0, 0, 0),
        "out",
    )
    with pytest.raises(Invalid, match="Choose what happens"):
        admin.choose_policy(session, "LAMP", "sometimes", by=CLERK)
    assert books.check(session).violations == ()


def test_without_the_right_nothing_is_counted(session, shelf):
    looks = Principal("staff", 0, "new@example.com", "New", "clerk", frozenset({"inventory.view"}))
    for attempt in (
        lambda: stocktake.open_stocktake(session, by=NOBODY),
        lambda: stocktake.scan(session, "LAMP", by=looks),
        lambda: stocktake.count(session, "LAMP", 1, by=looks),
        lambda: stocktake.take_rows(session, [], by=looks),
        lambda: stocktake.book(session, by=looks),
        lambda: stocktake.discard(session, by=looks),
        lambda: stocktake.note_problem(session, "X", "x", by=looks),
        lambda: incoming.expect(session, "LAMP", 1, by=looks),
        lambda: incoming.deliveries(session, "LAMP", by=NOBODY),
        lambda: admin.set_low_at(session, "LAMP", 1, by=looks),
        lambda: admin.choose_policy(session, "LAMP", "backorder", by=looks),
    ):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(NotFound):
        stocktake.count(session, "NOPE", 1, by=CLERK)
    assert stock_of(session, "LAMP") == (10, 0, 0)
