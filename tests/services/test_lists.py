"""Lists of the back office: the grammar of their addresses, and pages that are read by ranges."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid
from shop_app.models import Order
from shop_app.services.lists import chips, engine, query, view
from shop_app.services.lists.chips import Filled
from shop_app.services.lists.query import ListQuery
from tests.many_orders import fill, order_list

SPEC = order_list()
CLERK = Principal("staff", 1, "clerk@example.com", "Clerk", "clerk", frozenset({"orders.view"}))


def asked(text: str) -> ListQuery:
    return query.read(SPEC, parse_qs(text))


# --- The grammar ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "q=lind",
        "sort=-total",
        "status=paid,pending",
        "status=not:paid",
        "total=min:3000",
        "total=min:3000,max:5000",
        "placed=from:2026-11-01",
        "placed=on:today",
        "placed=last:7",
        "review=yes",
        "email=starts:ada",
        "view=7&q=x&status=placed&sort=total&columns=number,total&density=compact&after=abc",
    ],
)
def test_an_address_is_written_as_it_was_read(text: str):
    assert query.text_of(asked(text)) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("status=is:paid", "status=paid"),
        ("status=paid,paid,pending", "status=paid,pending"),
        ("placed=2026-11-01", "placed=on:2026-11-01"),
        ("total=3000", "total=min:3000,max:3000"),
        ("total=max:5,min:3", "total=min:3,max:5"),
        ("columns=total,nothing,number,total", "columns=total,number"),
        ("email=is:is:x", "email=is:is:x"),
    ],
)
def test_another_writing_becomes_the_usual_one(text: str, same: str):
    assert query.text_of(asked(text)) == same
    assert query.text_of(asked(same)) == same


@pytest.mark.parametrize(
    "junk",
    [
        "sort=password_hash",
        "sort=-status",
        "sort=",
        "nothing=1",
        "view=x",
        "view=-1",
        "density=tiny",
        "columns=,,",
        "after=",
    ],
)
def test_what_no_list_knows_is_left_out(junk: str):
    assert query.text_of(asked(junk)) == ""
    assert asked(junk).unread == ()


@pytest.mark.parametrize(
    ("junk", "label"),
    [
        ("total=abc", "Total"),
        ("total=min:1e9", "Total"),
        ("total=min:99999999999999999999", "Total"),
        ("total=has:3", "Total"),
        ("placed=from:2026-13-01", "Placed"),
        ("placed=last:0", "Placed"),
        ("placed=on:tomorrow", "Placed"),
        ("review=maybe", "Needs a look"),
        ("status=%27;DROP", "Status"),
        ("email=has:x%00", None),
    ],
)
def test_a_filter_that_cant_be_read_is_said(junk: str, label: str | None):
    read = asked(junk)
    if label:
        assert read.filters == ()
        assert len(read.unread) == 1
        assert read.unread[0].startswith(f"{label} can't be ")


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["q", "sort", "status", "total", "placed", "email", "after", "columns"]), st.text()
    )
)
def test_any_text_is_read_to_what_reads_to_itself(fields: dict[str, str]):
    read = query.read(SPEC, fields)
    again = query.read(SPEC, parse_qs(query.text_of(read)))
    assert query.text_of(again) == query.text_of(read)


# --- Pages ------------------------------------------------------------------------------------------


def walk(session: Session, text: str, size: int = 7, total: engine.Count | None = None) -> list[int]:
    """The ids of all pages, forward; the way back has to show the same pages."""
    pages, places = [], [asked(text)]
    while True:
        page = engine.page(session, SPEC, places[-1], size, total)
        pages.append(page)
        assert not page.is_lost
        if not page.following:
            break
        places.append(query.replace(places[-1], after=page.following, before=""))
    for at in range(len(pages) - 1, 0, -1):
        back = engine.page(
            session, SPEC, query.replace(places[at], after="", before=pages[at].previous), size, total
        )
        assert back.ids == pages[at - 1].ids
    assert pages[0].previous == ""
    return [id for page in pages for id in page.ids]


@pytest.mark.both
@pytest.mark.parametrize("sort", ["placed", "-placed", "paid", "-paid", "total", "-total", "email", "number"])
@pytest.mark.parametrize("total", [engine.Count(60), engine.Count(60, True)], ids=["few", "many"])
def test_pages_have_every_order_once_in_their_order(session: Session, sort: str, total: engine.Count):
    """However the records are read: the few by their filters, or many by the order's index."""
    fill(session, 60)
    ids = walk(session, f"sort={sort}&number=min:1", total=total)
    rows = {row.id: row for row in session.exec(query_all()).all()}
    assert len(ids) == 60
    assert set(ids) == set(rows)
    field = {"placed": "placed_at", "paid": "paid_at", "total": "total_minor"}.get(
        sort.removeprefix("-"), sort
    )
    values = [getattr(rows[id], field) for id in ids]
    known = [value for value in values if value is not None]
    assert values[len(known) :] == [None] * (60 - len(known))
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert sort.removeprefix("-") != "paid" or len(known) == 48


def query_all():
    from sqlmodel import select

    return select(Order)


@pytest.mark.both
def test_orders_with_the_same_value_are_told_apart_by_their_id(session: Session):
    fill(session, 30)
    for row in session.exec(query_all()).all():
        row.total_minor = row.subtotal_minor = 4990
    session.flush()
    ids = walk(session, "sort=-total", size=4)
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 30


@pytest.mark.both
def test_filters_and_search_limit_what_there_is(session: Session):
    fill(session, 200)
    rows = session.exec(query_all()).all()

    def found(text: str) -> set[int | None]:
        return set(engine.all_ids(session, SPEC, asked(text)))

    def those(keep) -> set[int | None]:
        return {row.id for row in rows if keep(row)}

    assert found("status=pending,expired") == those(lambda row: row.status in ("pending", "expired"))
    assert found("status=not:placed") == those(lambda row: row.status != "placed")
    assert found("total=min:50000,max:60000") == those(lambda row: 50000 <= row.total_minor <= 60000)
    assert found("email=starts:ada") == those(lambda row: row.email.startswith("ada"))
    assert found("review=yes") == those(lambda row: row.needs_review != "")
    assert found("review=no&number=min:150") == those(
        lambda row: row.needs_review == "" and row.number >= 150
    )
    assert found("q=42") == those(lambda row: row.number == 42)
    day = datetime(2024, 11, 19, 23, tzinfo=UTC), datetime(2024, 11, 20, 23, tzinfo=UTC)
    assert found("placed=on:2024-11-20") == those(lambda row: day[0] <= row.placed_at < day[1])
    assert found("q=nobody@") == set()


@pytest.mark.both
def test_a_place_that_is_none_gives_the_first_page(session: Session):
    fill(session, 20)
    first = engine.page(session, SPEC, asked("sort=total"), 5)
    other = engine.page(session, SPEC, asked("sort=-placed"), 5).following
    for place in ("junk", "W10", "WzEsIDJd" * 50, other, "bnVsbA", "WyJcdWQ4MDAiLCAxXQ"):
        page = engine.page(session, SPEC, asked(f"sort=total&after={place}"), 5)
        assert page.ids == first.ids and page.is_lost, place


@pytest.mark.both
def test_behind_the_last_order_the_last_page_is_shown(session: Session):
    fill(session, 12)
    second = asked(f"sort=number&after={engine.page(session, SPEC, asked('sort=number'), 10).following}")
    session.connection().execute(Order.__table__.delete().where(Order.__table__.c.number > 10))  # pyright: ignore
    page = engine.page(session, SPEC, second, 10)
    assert len(page.ids) == 10
    assert page == engine.Ids(page.ids, is_lost=True)


@pytest.mark.both
def test_counts_stop_at_the_cap_and_sums_with_them(session: Session):
    fill(session, 50)
    rows = session.exec(query_all()).all()
    whole = engine.count(session, SPEC, asked(""), cap=50)
    assert whole == engine.Count(50, False, sum(row.total_minor for row in rows))
    assert whole.text == "50"
    capped = engine.count(session, SPEC, asked(""), cap=49)
    assert capped == engine.Count(49, True, None)
    assert capped.text == "49+"
    assert engine.count(session, SPEC, asked("q=nobody@")) == engine.Count(0, False, 0)


@pytest.mark.both
def test_new_orders_are_counted_from_the_newest_that_was_read(session: Session):
    fill(session, 10)
    newest = engine.newest_id(session, SPEC)
    fill(session, 3, first=11)
    assert engine.newer_than(session, SPEC, asked(""), newest) == 3
    assert engine.newer_than(session, SPEC, asked("number=max:10"), newest) == 0
    assert view.waiting(1) == "1 new"
    assert view.waiting(99) == "99+ new"


# --- What the page shows ----------------------------------------------------------------------------


def test_a_page_says_what_it_shows(session: Session, clock):
    fill(session, 60)
    shown = view.read(session, SPEC, asked("total=min:3000&sort=-total"), CLERK)
    assert [column.key for column in shown.columns] == ["number", "placed", "email", "status", "total"]
    assert shown.columns[-1].direction == "descending"
    assert shown.columns[0].direction == ""
    assert shown.columns[-1].href == "/admin/test-orders?total=min:3000&sort=total"
    assert shown.count.endswith(" orders")
    assert shown.sum.startswith("€")
    chip = shown.filters[0]
    assert (chip.chip, chip.low, chip.high, chip.remove_href) == (
        "Total: from €30",
        "30.00",
        "",
        "/admin/test-orders?sort=-total",
    )
    assert shown.rows[0].marks["data-testid"] == "order-row"
    assert shown.rows[0].cells[0].href.startswith("/admin/orders/")
    assert shown.next_href.startswith("/admin/test-orders?total=min:3000&sort=-total&after=")


def test_who_may_not_read_the_records_gets_no_list(session: Session):
    for read in (
        lambda: view.read(session, SPEC, asked(""), NOBODY),
        lambda: view.tabs(session, SPEC, asked(""), NOBODY),
    ):
        with pytest.raises(Forbidden):
            read()


def test_the_filter_that_emptied_the_list_is_named(session: Session):
    fill(session, 20)
    shown = view.read(session, SPEC, asked("status=pending,placed&total=min:99999900"), CLERK)
    assert shown.is_empty
    assert shown.is_limited
    assert [(one.chip, one.href) for one in shown.blamed] == [
        ("Total: from €999,999", "/admin/test-orders?status=pending,placed")
    ]


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ("status=pending,placed", "Status: Pending or Placed"),
        ("status=not:pending", "Status: not Pending"),
        ("total=max:5000", "Total: up to €50"),
        ("total=min:3050,max:5000", "Total: €30.50 to €50"),
        ("placed=on:today", "Placed: today"),
        ("placed=last:7", "Placed: last 7 days"),
        ("placed=from:2026-11-01", "Placed: from 1 November"),
        ("placed=from:2026-11-01,to:2026-11-05", "Placed: 1 November to 5 November"),
        ("email=starts:ada", "E-mail: begins with ada"),
        ("review=no", "Needs a look: no"),
    ],
)
def test_a_chip_is_a_sentence(session: Session, clock, text: str, chip: str):
    [one] = asked(text).filters
    assert chips.chip_of(session, SPEC, one, "EUR") == chip


@pytest.mark.parametrize(
    ("key", "filled", "parts"),
    [
        ("status", Filled(words=("placed", "pending")), (("is", "placed,pending"),)),
        ("status", Filled(op="not", words=("placed",)), (("not", "placed"),)),
        ("status", Filled(), ()),
        ("total", Filled(low="30", high="1.299,00 €"), (("min", "3000"), ("max", "129900"))),
        ("number", Filled(high="1000"), (("max", "1000"),)),
        ("placed", Filled(period="7", low="2026-11-01"), (("last", "7"),)),
        ("placed", Filled(period="today"), (("on", "today"),)),
        ("placed", Filled(low="2026-11-01"), (("from", "2026-11-01"),)),
        ("email", Filled(op="starts", text="ada"), (("starts", "ada"),)),
        ("review", Filled(words=("no",)), (("is", "no"),)),
    ],
)
def test_a_filters_form_becomes_what_it_asks(key: str, filled: Filled, parts):
    one = SPEC.filter(key)
    assert one
    assert chips.parts_of(one, filled, "EUR") == parts


@pytest.mark.parametrize(
    ("key", "low"), [("total", "abc"), ("total", "1,000"), ("placed", "yesterday"), ("number", "1.5")]
)
def test_a_bound_that_cant_be_read_is_refused(key: str, low: str):
    one = SPEC.filter(key)
    with pytest.raises(Invalid):
        chips.parts_of(one, Filled(low=low), "EUR")  # pyright: ignore
