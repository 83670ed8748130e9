"""Personal data: the registry knows every column, an erasure leaves invoices alone, an export has all."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

from shop_app import models
from shop_app.cli.main import main
from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, NotFound, ShopError
from shop_app.core.settings import settings
from shop_app.models import (
    Address,
    BulkJob,
    EmailChange,
    KnownBrowser,
    LoginSession,
    Order,
    Passkey,
    Product,
    ProviderEvent,
    Review,
    SavedView,
    SignInCode,
    StockAlert,
    WishItem,
    WishList,
)
from shop_app.services import consents, retention
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.credit import commands as credit_commands
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import notes, placing
from shop_app.services.personal import archive, exports, person
from shop_app.services.personal.tables import REGISTRY
from shop_app.services.returns import admin as returns_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.staff import audit
from shop_app.services.stock_alerts import line
from shop_app.worker import data_exports, jobs, waiting
from shop_app.workflows import erase_person
from tests.factories import make_customer, make_staff, variant_with
from tests.interleaving import Rival, Step, around
from tests.paying import FORM, MANAGER, ME, World, make_world, rows
from tests.selling import delivered, order, refund, run_sql, sell, send, wrong_books

both = pytest.mark.both
EMAIL = "canary-mail@example.com"
OWNER = Principal("staff", 0, "owner@example.com", permissions=BUILT_IN_ROLES["manager"] | {"credit.edit"})
PERSON = replace(
    FORM,
    email=EMAIL,
    given_name="Canarygiven",
    family_name="Canaryfamily",
    line1="Canarystreet 7",
    phone="+49 30 5550199",
    note="Canarynote",
)
TRACES = ("canary", "5550199")

assert models.__name__


@pytest.mark.parametrize("name", sorted(SQLModel.metadata.tables))
def test_the_registry_knows_every_column_of(name: str):
    """A new table or column: declare it in services/personal/tables.py, or among the other tables."""
    declared = REGISTRY.tables[name]
    named = [*declared.plain, *declared.personal]
    assert sorted(named) == sorted(column.name for column in SQLModel.metadata.tables[name].columns)
    assert {*declared.kept, *declared.hidden, *declared.written_in} <= set(named)
    assert not declared.file or declared.whose, "an export has to find whose rows they are"


def test_the_registry_names_every_command_of_retention():
    named = {age for declared in REGISTRY.tables.values() for age in declared.ages}
    assert named == set(retention.COMMANDS)


# --- Erasing ----------------------------------------------------------------------------------------


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def traces() -> set[str]:
    """Table and column in which something of the person still stands."""
    found = set()
    for name in SQLModel.metadata.tables:
        for row in rows(name):
            for column, value in row._mapping.items():
                if any(
                    trace in json.dumps(value, default=str, ensure_ascii=False).lower() for trace in TRACES
                ):
                    found.add(f"{name}.{column}")
    return found


def account() -> Principal:
    with db.transaction() as session:
        customer = make_customer(session, EMAIL, "Canarygiven Canaryfamily")
        customer.verified_at = now()
        session.flush()
        assert customer.id
        return Principal("customer", customer.id, EMAIL, customer.name, session_id=7)


def fill_every_path(world: World, me: Principal) -> None:
    """The person's words in everything that keeps them."""
    staff_id = _order_and_return(world)
    with db.transaction() as session:
        key = me.shopper_key(ME)
        cart_commands.add(session, key, "DUNE-MUG", 1)
        checkout.save(session, key, PERSON)
        cart_holds.enter(session, key, "hash of an address")
        # A guest's cart, left after the address was typed.
        cart_commands.add(session, "b" * 64, "DUNE-MUG", 1)
        checkout.save(session, "b" * 64, PERSON)
        product = session.exec(select(Product)).first()
        assert product
        values = {"customer_id": me.id, "product_id": product.id, "author_name": "Canarygiven", "stars": 5}
        session.add(Review(**values, body="Well made.", status="published"))
        session.add(Review(**values, body=f"Ask {EMAIL}", status="published"))
        session.add(Review(**values, body="Hidden Canaryfamily", status="rejected"))
        session.add(
            Address(customer_id=me.id, given_name="Canarygiven", line1="Canarystreet 7", country="DE")
        )
        session.add(
            LoginSession(
                token_hash="t" * 64,
                customer_id=me.id,
                expires_at=now() + timedelta(days=1),
                device="Canary OS",
            )
        )
        variant = product_variant(session)
        session.add(StockAlert(variant_id=variant, email=EMAIL, mailbox=EMAIL))
        _fill_the_account(session, me, variant)
        for kind, key in (("store_credit", "credit-key-1"), ("gift_card", "credit-key-2")):
            credit_commands.issue(
                session, 500, by=OWNER, email=EMAIL, kind=kind, note="Canarynote", request_key=key
            )
        audit.record(session, "staff:ada@example.com", "customer.seen", "customer", EMAIL)
        session.add(BulkJob(list_name="orders", action="note", actor="x", arguments={"text": f"for {EMAIL}"}))
        session.add(SavedView(staff_id=staff_id, list_name="orders", label="One", query=f"q={EMAIL}"))
        session.add(
            ProviderEvent(
                provider="stripe", event_id="evt_9", kind="x", applied_at=now(),
                payload=json.dumps({"name": "Canarygiven Canaryfamily", "street": "Canarystreet 7"}),
            )
        )  # fmt: skip
        consents.give(session, EMAIL, "news", "Write to me.", "checkout")
        consents.withdraw(session, EMAIL, "news", "one-click")
        consents.note_refused(session, EMAIL, f"no such user {EMAIL}")
        exports.ask(session, me)


def _fill_the_account(session: Session, me: Principal, variant_id: int) -> None:
    """How one signs in, wish lists, and a review of somebody who bought as a guest."""
    key = me.shopper_key(ME)
    soon = now() + timedelta(days=1)
    session.add(Passkey(customer_id=me.id, credential_id="c", public_key="p", name="Canary phone"))
    session.add(KnownBrowser(customer_id=me.id, visitor_hash="v" * 64, device="Canary OS"))
    session.add(SignInCode(email=EMAIL, visitor_hash="v" * 64, seed="s", tries_left=5, expires_at=soon))
    asked = {"visitor_hash": "v" * 64, "seed": "s", "tries_left": 5, "expires_at": soon}
    session.add(EmailChange(customer_id=me.id, old_email=EMAIL, new_email="canary-new@example.com", **asked))
    theirs = WishList(shopper_key=key, customer_id=me.id, name="Canarylist", token="t" * 32)
    # A guest's list is found by the name that it shows.
    guests = WishList(shopper_key="b" * 64, name="Later", shown_name="Canarygiven Canaryfamily")
    session.add_all([theirs, guests])
    session.flush()
    session.add(WishItem(list_id=theirs.id or 0, variant_id=variant_id, seen_price_minor=100))
    bought = session.exec(select(Order)).one()
    by_guest = {"product_id": 2, "order_id": bought.id, "author_name": "Canarygiven C.", "stars": 4}
    session.add(Review(**by_guest, body="As a guest.", status="published"))


def product_variant(session: Session) -> int:
    return variant_with(session, "SHOAL-BOWL").id or 0


def _order_and_return(world: World) -> int:
    """A paid order with everything that can be written on one, whose return is over."""
    sell(world, {"SHOAL-BOWL": 2}, PERSON)
    with db.transaction() as session:
        staff = make_staff(session)
        notes.add_note(session, order().id, "Canarygiven called: Canarynote", by=MANAGER)
        order_commands.record_event(
            session, order().id, "letter_given_up", letter="x", why=f"{EMAIL} bounced"
        )
    delivered(send({"SHOAL-BOWL": 2}))
    with db.transaction() as session:
        return_commands.request(
            session, order().token, {0: 1}, "changed_mind", "Canarynote", "return-request-key-1"
        )
    with db.transaction() as session:
        returns_admin.decline(session, 1, by=MANAGER, answer="Canarynote")
    refund(free_minor=100, note="Canarynote")
    world.deliver()
    jobs.send_letters()
    return staff.id


def find(me: Principal):
    return lambda session: person.of_customer(session, me.id)


@both
def test_nothing_of_an_erased_person_is_left_but_the_invoice(world):
    me = account()
    fill_every_path(world, me)
    before = traces()
    assert before >= {
        "customer.email", "customer_order.ship_to", "customer_order.note", "order_word.word",
        "order_event.data", "return_request.note", "return_request.answer", "letter.to_email",
        "cart.checkout", "review.author_name", "review.body", "stock_alert.email", "credit_account.email",
        "credit_entry.note", "audit_entry.after", "audit_entry.object_key", "bulk_job.arguments",
        "saved_view.query", "provider_event.payload", "login_session.device", "refund.note",
        "passkey.name", "known_browser.device", "sign_in_code.email", "email_change.new_email",
        "wish_list.name", "wish_list.shown_name",
    }  # fmt: skip
    assert list((settings().data_dir / "letters").glob("*.eml"))
    orders = erase_person.erase(find(me), by=me)
    assert [row for row in rows("order_event") if "canary" in str(row).lower()] == []
    assert traces() == {"customer_order.bill_to"}
    assert list((settings().data_dir / "letters").glob("*.eml")) == []
    (kept,) = rows("customer_order")
    assert kept.bill_to["line1"] == "Canarystreet 7"
    assert (kept.email, kept.phone, kept.ship_to, kept.note, kept.customer_id) == ("", "", {}, "", None)
    assert [(row.author_name, row.order_id, row.body) for row in rows("review")] == [
        ("", None, "Well made."),
        ("", None, ""),
        ("", None, "As a guest."),
    ]
    assert [row.name for row in rows("wish_list")] == ["Later"]
    assert rows("wish_item") == rows("passkey") == rows("known_browser") == rows("stock_alert") == []
    assert rows("cart") == rows("stock_hold") == rows("login_session") == rows("data_export") == []
    assert (orders, len(rows("erasure"))) == (1, 1)
    assert EMAIL not in (settings().data_dir / "erased.jsonl").read_text()
    assert wrong_books() == []
    # What stays goes with its age.
    with pytest.raises(NotFound):
        erase_person.erase(lambda session: person.of_email(session, EMAIL), by="command line")


@both
def test_what_stays_of_an_invoice_goes_with_its_age(world, clock):
    me = account()
    sell(world, {"SHOAL-BOWL": 1}, PERSON)
    delivered(send({"SHOAL-BOWL": 1}))
    erase_person.erase(find(me), by=me)
    clock.shift((settings().order_years + 2) * 366 * 86_400)
    jobs.forget(pause=lambda _seconds: None)
    assert traces() == set()
    assert [(row.bill_to, row.erased_at) for row in rows("customer_order")] == [({}, None)]
    assert wrong_books() == []


@both
def test_an_address_that_isnt_verified_finds_nobodys_orders(world):
    """Somebody could make an account with another's address, and erase or fetch what is theirs."""
    sell(world, {"SHOAL-BOWL": 1}, PERSON)
    delivered(send({"SHOAL-BOWL": 1}))
    with db.transaction() as session:
        customer = make_customer(session, EMAIL, "A stranger")
        me = Principal("customer", customer.id or 0, EMAIL, "A stranger")
    orders = rows("customer_order")
    with db.reading() as session:
        found = person.of_customer(session, me.id)
        names = {
            part.name: session.connection().execute(part.statement).all() for part in exports.parts(found)
        }
    assert {name for name, theirs in names.items() if theirs} == {"account"}
    erase_person.erase(find(me), by=me)
    assert rows("customer_order") == orders
    assert rows("customer") == []


@both
@pytest.mark.parametrize("what", ["unsent", "unpaid", "return", "review"])
def test_nothing_is_erased_while_an_order_is_under_way(world, what):
    me = account()
    if what == "unpaid":
        world.pay(PERSON, world.fill_cart())
    else:
        sell(world, {"SHOAL-BOWL": 2}, PERSON)
    if what in ("return", "review"):
        delivered(send({"SHOAL-BOWL": 2}))
    with db.transaction() as session:
        if what == "return":
            return_commands.request(
                session, order().token, {0: 1}, "changed_mind", "", "return-request-key-1"
            )
        if what == "review":
            order_commands.flag_for_review(session, order().id, "Paid twice.")
    before = {name: rows(name) for name in SQLModel.metadata.tables}
    sentence = {
        "unsent": "Order 1001 hasn't been sent yet.",
        "unpaid": "Order 1001 isn't paid, or its payment isn't over.",
        "return": "A return of order 1001 is under way.",
        "review": "Somebody has to look at order 1001 first.",
    }[what]
    with pytest.raises(Conflict) as refusal:
        erase_person.erase(find(me), by=me)
    assert refusal.value.message == sentence
    assert {name: rows(name) for name in SQLModel.metadata.tables} == before
    assert not (settings().data_dir / "erased.jsonl").exists()


@both
def test_an_order_that_was_never_paid_keeps_nothing(world):
    me = account()
    world.pay(PERSON, world.fill_cart())
    run_sql("UPDATE payment SET state = 'expired'")
    with db.transaction() as session:
        order_commands.end_unpaid(session, 1, why="expired")
    erase_person.erase(find(me), by=me)
    assert traces() == set()
    assert wrong_books() == []


@both
def test_another_person_loses_nothing(world):
    me = account()
    other = replace(
        PERSON, email="marta@example.com", given_name="Marta", line1="Elsewhere 9", phone="", note=""
    )
    sell(world, {"SHOAL-BOWL": 1}, other)
    delivered(send({"SHOAL-BOWL": 1}))
    kept = ("customer_order", "order_word", "order_event", "payment", "cart", "letter", "provider_event")
    before = {name: rows(name) for name in kept}
    erase_person.erase(find(me), by=me)
    assert {name: rows(name) for name in kept} == before


@both
def test_a_unit_that_is_kept_for_them_is_the_next_persons(world):
    me = account()
    with db.transaction() as session:
        variant_id = product_variant(session)
        inventory_commands.set_on_hand(session, variant_id, 0, reason="stocktake")
        line.ask_as(session, me.id, "SHOAL-BOWL")
        other = make_customer(session, "marta@example.com", "Marta")
        other.verified_at = now()
        session.flush()
        line.ask_as(session, other.id or 0, "SHOAL-BOWL")
        inventory_commands.set_on_hand(session, variant_id, 1, reason="stocktake")
    waiting.serve_line(lambda _seconds: None)
    assert [row.email for row in rows("stock_offer")] == [EMAIL]
    erase_person.erase(find(me), by=me)
    waiting.serve_line(lambda _seconds: None)
    assert [row.email for row in rows("stock_offer")] == ["marta@example.com"]
    assert traces() == set()
    assert rows("stock_alert") == rows("stock_reserve") == []
    assert wrong_books() == []


# --- An erasure while an order is being placed ------------------------------------------------------


@both
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("label", ["look", "lock", "insert"])
def test_an_erasure_while_an_order_is_being_placed_has_one_of_two_ends(world, when, label):
    """Either the order is there, and nothing is erased; or everything is erased, and there is no order."""
    me = account()
    key = me.shopper_key(ME)
    with db.transaction() as session:
        cart_commands.add(session, key, "DUNE-MUG", 1)
        run = session.connection().execute
        run(text("UPDATE cart SET customer_id = :me WHERE key_hash = :key"), {"me": me.id, "key": key})
    step = {
        "look": Step("look", placing.cart_lines, "head"),
        "lock": Step("lock", placing.cart_lines, "lines"),
        "insert": Step("insert", placing.inventory_commands, "allocate"),
    }[label]
    rival = Rival(lambda: erase_person.erase(find(me), by=me))
    placed = None
    with around(step, when, rival):
        try:
            with db.transaction(durable=True) as session:
                placed = placing.place(session, key, PERSON, expected_total_minor=10**9)
        except ShopError:
            placed = None
    rival.finish()
    if placed:
        assert isinstance(rival.problem, Conflict)
        assert [row.email for row in rows("customer_order")] == [EMAIL]
        assert len(rows("customer")) == 1
    else:
        assert rival.problem is None
        assert rows("customer_order") == rows("customer") == rows("cart") == []
        assert traces() == set()
    assert wrong_books() == []


# --- After a restore --------------------------------------------------------------------------------


@both
def test_who_came_back_with_a_backup_is_erased_again(world, clock):
    me = account()
    sell(world, {"SHOAL-BOWL": 1}, PERSON)
    delivered(send({"SHOAL-BOWL": 1}))
    made_at = now()
    backup = {name: rows(name) for name in ("customer", "cart", "customer_order", "order_word", "letter")}
    clock.shift(60)
    erase_person.erase(find(me), by=me)
    assert traces() == {"customer_order.bill_to"}
    known = erase_person.known()
    # As a restore leaves them: the rows of before, and no list.
    with db.transaction() as session:
        run = session.connection().execute
        run(text("DELETE FROM erasure"))
        for name, theirs in backup.items():
            table = SQLModel.metadata.tables[name]
            for row in theirs:
                if name in ("customer", "cart", "order_word"):
                    run(table.insert().values(**row._mapping))
                else:
                    run(table.update().where(table.c.id == row.id).values(**row._mapping))
    assert "customer.email" in traces()
    # Whoever was erased before the backup was made isn't in it, and may be somebody new.
    assert erase_person.erase_again(known, now()) == 0
    assert "customer.email" in traces()
    assert erase_person.erase_again(known, made_at) == 1
    assert traces() == {"customer_order.bill_to"}
    assert rows("customer") == []
    assert wrong_books() == []


# --- Exporting --------------------------------------------------------------------------------------


@both
def test_an_export_has_everything_of_its_owner_and_nothing_of_others(world, clock):
    me = account()
    fill_every_path(world, me)
    with db.transaction() as session:
        other = make_customer(session, "other@example.com", "Somebody else")
        stranger = Principal("customer", other.id or 0, other.email, other.name)
    assert data_exports.make(pause=bool) == 1
    (row,) = rows("data_export")
    path = archive.path_of(row.token)
    assert (row.percent, row.size_bytes) == (100, path.stat().st_size)
    assert [(one.to_email, one.kind) for one in rows("letter")][-1] == (EMAIL, "data_export")
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        told = {name: zipped.read(name).decode("utf-8-sig") for name in zipped.namelist()}
    text_of_all = "".join(told.values())
    (bought,) = json.loads(told["json/orders.json"])
    assert (bought["number"], bought["ship_to"]["line1"], bought["note"]) == (
        1001,
        "Canarystreet 7",
        "Canarynote",
    )
    assert len(json.loads(told["json/reviews.json"])) == 4
    assert [row["name"] for row in json.loads(told["json/wish-lists.json"])] == ["Canarylist"]
    assert [row["name"] for row in json.loads(told["json/passkeys.json"])] == ["Canary phone"]
    assert told["csv/account.csv"].splitlines()[0] == (
        "id,email,name,verified_at,blocked_at,locale,created_at"
    )
    assert len(told["csv/orders.csv"].splitlines()) == 2
    for secret in ("other@example.com", "password_hash", "token_hash", "code_hash", "manager@example.com"):
        assert secret not in text_of_all
    with db.reading() as session:
        assert exports.file_of(session, me, row.token) == row.token
        for by, token in ((stranger, row.token), (me, "x" * 32), (NOBODY, row.token), (MANAGER, row.token)):
            with pytest.raises(NotFound):
                exports.file_of(session, by, token)
    clock.shift(86_400)
    with db.reading() as session, pytest.raises(NotFound):
        exports.file_of(session, me, row.token)
    assert data_exports.make(pause=bool) == 0
    assert not path.exists()
    assert jobs.forget(pause=lambda _seconds: None)["data exports"] == 1


@both
def test_asking_twice_is_asking_once_and_a_new_file_replaces_the_one_before(world):
    me = account()
    for _time in range(2):
        with db.transaction() as session:
            exports.ask(session, me)
    assert data_exports.make(pause=bool) == 1
    (first,) = rows("data_export")
    with db.transaction() as session:
        exports.ask(session, me)
    assert data_exports.make(pause=bool) == 1
    (second,) = rows("data_export")
    assert first.token != second.token
    assert data_exports.make(pause=bool) == 0
    files = [path.name for path in (settings().data_dir / "exports").iterdir()]
    assert files == [f"{second.token}.zip"]
    with db.transaction() as session, pytest.raises(Forbidden):
        exports.ask(session, MANAGER)


@both
def test_a_file_that_is_being_made_goes_with_its_account(world, monkeypatch):
    me = account()
    with db.transaction() as session:
        exports.ask(session, me)
    told: list[int] = []

    def erased_meanwhile(session: Session, made: Any, percent: int) -> bool:
        told.append(percent)
        session.connection().execute(text("DELETE FROM customer"))
        return got_on(session, made, percent)

    got_on = exports.got_on
    monkeypatch.setattr(exports, "got_on", erased_meanwhile)
    assert data_exports.make(pause=bool) == 0
    assert len(told) == 1
    assert list((settings().data_dir / "exports").iterdir()) == []
    assert rows("letter") == []


# --- Staff --------------------------------------------------------------------------------------------


@both
def test_staff_export_and_erase_a_guest_by_command(world, tmp_path):
    sell(world, {"SHOAL-BOWL": 1}, PERSON)
    delivered(send({"SHOAL-BOWL": 1}))
    file = tmp_path / "person.zip"
    assert command("export-person", EMAIL.upper(), str(file)) == (
        0,
        f"Everything about {EMAIL} is in {file}.\n",
    )
    with zipfile.ZipFile(file) as zipped:
        assert len(json.loads(zipped.read("json/orders.json"))) == 1
    assert command("export-person", EMAIL, str(file))[0] == 1
    said = f"{EMAIL} is erased. Orders of theirs: 1; invoices stay.\n"
    assert command("erase", EMAIL, "--yes") == (0, said)
    assert traces() == {"customer_order.bill_to"}
    assert [row.action for row in rows("audit_entry")][-2:] == ["person.exported", "person.erased"]
    assert command("erase", EMAIL, "--yes") == (1, "Nothing is kept about this address.\n")
    assert command("erase", "nobody", "--yes")[0] == 1


def command(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(args))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output
