"""The audit: what is written, who may read it, and that nobody changes it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from shop_app.core import db
from shop_app.core.access.origin import set_origin
from shop_app.core.access.permissions import BUILT_IN_ROLES, MissingRight
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.models import AuditEntry, AuditErasure
from shop_app.services import retention
from shop_app.services.staff import audit
from shop_app.services.staff.audit_words import AuditChange
from tests.factories import make_staff

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])
BEFORE = {"price_minor": 4900, "active": True, "title": "Lamp", "rate_ppm": 190_000, "tags": ["a"]}
AFTER = {"price_minor": 5900, "active": False, "title": "Lamp", "rate_ppm": 70_000, "tags": ["a", "b"]}


@pytest.fixture(autouse=True)
def _from_nowhere():
    yield
    set_origin("")


def write(key: str = "lamp", kind: str = "product") -> None:
    with db.transaction() as session:
        audit.record(session, CLERK.actor, "changed", kind, key, BEFORE, AFTER)


def kept() -> list[Any]:
    with db.reading() as session:
        return [entry.model_dump() for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]


@pytest.mark.both
@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).values(actor="somebody else"),
        update(AuditEntry).where(col(AuditEntry.id) == 1).values(after={}),
        delete(AuditEntry),
        text("DELETE FROM audit_entry WHERE id = 1"),
    ],
    ids=str,
)
def test_an_entry_is_neither_changed_nor_deleted(engine, statement):
    write()
    before = kept()
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), engine.connect() as connection:
        connection.execution_options(writes=True).execute(statement)
    assert kept() == before


def test_sqlite_replaces_no_entry(engine):
    write()
    before = kept()
    replacing = insert(AuditEntry).prefix_with("OR REPLACE").values(before[0] | {"actor": "x"})
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), engine.connect() as connection:
        connection.execution_options(writes=True).execute(replacing)
    assert kept() == before


@pytest.mark.both
def test_a_whole_table_can_t_be_emptied(engine):
    write()
    statement = "DELETE FROM audit_entry" if engine.dialect.name == "sqlite" else "TRUNCATE audit_entry"
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), engine.connect() as connection:
        connection.execution_options(writes=True).execute(text(statement))
    assert len(kept()) == 1


@pytest.mark.both
def test_what_is_forgotten_by_its_age_goes_and_the_lock_closes_behind_it(engine, clock):
    set_origin("page", "192.0.2.7")
    write()
    with db.transaction() as session:
        assert retention.audit_addresses(session, 10) == 0
        assert retention.audit_entries(session, 10) == 0
    clock.shift(100 * 24 * 3600)
    with db.transaction() as session:
        assert retention.audit_addresses(session, 10) == 1
    assert [(entry["address"], entry["origin"], entry["actor"]) for entry in kept()] == [
        ("", "page", "staff:clerk@example.com")
    ]
    clock.shift(12 * 366 * 24 * 3600)
    with db.transaction() as session:
        assert retention.audit_entries(session, 10) == 1
        assert session.exec(select(AuditErasure)).all() == []
    write("bowl")
    with pytest.raises(DatabaseError), engine.connect() as connection:
        connection.execution_options(writes=True).execute(delete(AuditEntry))
    assert [entry["object_key"] for entry in kept()] == ["bowl"]


def test_an_entry_reads_as_words(session: Session, clock):
    make_staff(session, "clerk@example.com", "clerk", name="Kim Clerk")
    set_origin("page", "192.0.2.7")
    audit.record(session, CLERK.actor, "changed", "product", "lamp", BEFORE, AFTER)
    set_origin("job sweep")
    audit.record(session, "system", "price_list.saved", "product", "lamp", {}, {"note": ""})
    audit.record(session, "system", "changed", "product", "bowl")

    shown = audit.of_record(session, "product", "lamp", CLERK)

    assert [(view.who, view.what, view.place) for view in shown] == [
        ("The shop", "Saved", "Job sweep"),
        ("Kim Clerk", "Changed", "Back office, 192.0.2.7"),
    ]
    assert shown[1].at == "20 November 2026, 11:00 CET"
    assert shown[1].changes == [
        AuditChange("Price", "€49.00", "€59.00"),
        AuditChange("Active", "yes", "no"),
        AuditChange("Rate", "19 %", "7 %"),
        AuditChange("Tags", "a", "a, b"),
    ]


def test_a_record_s_history_needs_the_right_to_see_the_record(session: Session):
    for kind, right in (
        ("product", "See products"),
        ("promotion", "Run discounts"),
        ("odd", "See the audit"),
    ):
        with pytest.raises(MissingRight, match=right):
            audit.of_record(session, kind, "x", NOBODY)
    assert audit.of_record(session, "product", "x", CLERK) == []
    with pytest.raises(MissingRight, match="See the audit"):
        audit.of_record(session, "odd", "x", CLERK)
    assert audit.of_record(session, "odd", "x", OWNER) == []


def test_a_command_and_a_job_say_where_they_run(engine):
    set_origin("")
    write()
    set_origin("command line")
    write()
    assert [(entry["origin"], entry["address"]) for entry in kept()] == [("", ""), ("command line", "")]
