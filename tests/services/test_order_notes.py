"""What staff write down about an order, what they find it by, and letters that go out once more."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop_app.core import db
from shop_app.core.access.principal import NOBODY
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.services.orders import finding, notes
from shop_app.services.orders.notes import ChangedMeanwhile
from shop_app.services.orders.queries import order as order_table
from tests.paying import MANAGER, everything, make_world, rows
from tests.selling import CLERK, cancel, order, run_sql, sell, send, wrong_books

both = pytest.mark.both


@pytest.fixture
def world(engine, tmp_path):
    return make_world(tmp_path)


def found(text: str) -> list[int]:
    """The numbers of the orders that a typed text finds."""
    with db.reading() as session:
        statement = select(order_table.c.number).where(finding.matching(text)).order_by(order_table.c.number)
        return list(session.connection().execute(statement).scalars())


@both
def test_an_order_is_found_by_all_of_its_names(world):
    sell(world, {"DUNE-MUG": 1})
    first = order()
    sell(world, {"SHOAL-BOWL": 1})
    second = order()
    send({"SHOAL-BOWL": 1}, tracking="0034 0434")
    payment = rows("payment")[0]
    for text in ("Marta", "marta lind", "LIND", "lin", "marta@example.com", "marta@ex", "lind mar"):
        assert found(text) == [first.number, second.number], text
    for text in (str(first.number), f"#{first.number}", "DUNE-MUG", "dune-mug", payment.intent_reference):
        assert found(text) == [first.number], text
    for text in ("0034 0434", str(second.number)):
        assert found(text) == [second.number], text
    for text in ("", "  ", "marta berg", "9" * 40, "%", "_", "'; --", "x" * 5000, "\x00", "00340434 1"):
        assert found(text) == [], text


def test_another_address_is_written_with_its_words_and_without_a_trace_of_the_old_one(world):
    sell(world, {"DUNE-MUG": 1})
    seen = dict(order().ship_to)
    with db.transaction() as session:
        typed = {"family_name": "Köhler", "line1": "Lindenstraße 5", "country": "FR"}
        notes.change_address(session, order().id, typed, seen=seen, by=MANAGER)
    now = order()
    assert (now.ship_to["family_name"], now.ship_to["country"]) == ("Köhler", "DE")
    assert now.bill_to == now.ship_to
    assert (found("kohler"), found("Lind")) == ([now.number], [])
    entry = rows("audit_entry")[-1]
    assert (entry.action, entry.after) == ("order.address_changed", {"fields": ["family_name", "line1"]})
    assert wrong_books() == []


def test_an_address_that_cant_be_changed_stays_as_it_is(world):
    sell(world, {"DUNE-MUG": 1})
    seen, order_id = dict(order().ship_to), order().id

    def change(error: type[Exception], typed: dict[str, str], *, by=MANAGER, seen=seen) -> None:
        before = everything()
        with pytest.raises(error), db.transaction() as session:
            notes.change_address(session, order_id, typed, seen=seen, by=by)
        assert everything() == before

    change(Invalid, {"line1": ""})
    change(Invalid, {"postal_code": "1"})
    change(Invalid, {"given_name": "see evil.example"})
    change(Forbidden, {"line1": "Ahornweg 7"}, by=CLERK)
    change(ChangedMeanwhile, {"line1": "Ahornweg 7"}, seen=seen | {"line1": "Elsewhere 1"})
    send({"DUNE-MUG": 1})
    change(Conflict, {"line1": "Ahornweg 7"})


def test_a_note_stays_and_has_bounds(world):
    sell(world, {"DUNE-MUG": 1})
    with db.transaction() as session:
        notes.add_note(session, order().id, "  They call on Friday  ", by=CLERK)
    event = rows("order_event")[-1]
    assert (event.kind, event.data, event.actor, event.public) == (
        "note",
        {"text": "They call on Friday"},
        "staff:clerk@example.com",
        False,
    )
    before = everything()
    for text, by, error in (("", CLERK, Invalid), ("x" * 2001, CLERK, Invalid), ("Hi", NOBODY, Forbidden)):
        with pytest.raises(error), db.transaction() as session:
            notes.add_note(session, order().id, text, by=by)
    with pytest.raises(NotFound), db.transaction() as session:
        notes.add_note(session, 999, "Hi", by=CLERK)
    assert everything() == before


def test_an_order_that_is_over_goes_into_the_archive_and_comes_out_again(world):
    sell(world, {"DUNE-MUG": 1})
    order_id = order().id

    def archive(archived: bool) -> None:
        with db.transaction() as session:
            notes.archive(session, order_id, archived=archived, by=CLERK)

    with pytest.raises(Conflict, match="isn't over"):
        archive(True)
    cancel()
    archive(True)
    archive(True)
    assert order().archived_at is not None
    archive(False)
    assert order().archived_at is None
    assert [row.kind for row in rows("order_event")][-2:] == ["archived", "unarchived"]
    run_sql("UPDATE customer_order SET needs_review = 'Look'")
    with pytest.raises(Conflict, match="waits for a person"):
        archive(True)


def test_a_letter_goes_out_once_more_to_where_the_order_is_now(world):
    sell(world, {"DUNE-MUG": 1})
    order_id, letter = order().id, rows("letter")[-1]
    assert (letter.kind, letter.order_id) == ("order_paid", order_id)
    run_sql("UPDATE customer_order SET email = 'new@example.com'")
    for _ in range(2):
        with db.transaction() as session:
            notes.send_letter_again(session, order_id, letter.id, by=CLERK)
    again = rows("letter")[-2:]
    assert [(row.dedupe_key, row.to_email, row.kind) for row in again] == [
        (f"{letter.dedupe_key}:again:1", "new@example.com", "order_paid"),
        (f"{letter.dedupe_key}:again:2", "new@example.com", "order_paid"),
    ]
    before = everything()
    with pytest.raises(NotFound), db.transaction() as session:
        notes.send_letter_again(session, order_id, 999, by=CLERK)
    run_sql("UPDATE letter SET to_email = '', data = '{}'")
    before = everything()
    with pytest.raises(Conflict), db.transaction() as session:
        notes.send_letter_again(session, order_id, letter.id, by=CLERK)
    assert everything() == before
