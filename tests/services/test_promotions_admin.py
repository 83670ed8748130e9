"""Admin of promotions: who may, what can't be, codes by the thousand, and an audit entry for each act."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, SQLModel, col

from shop_app.core import events
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, Promotion, PromotionCode
from shop_app.services import terms_cache
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.promotions import admin as promotions_admin
from shop_app.services.promotions.admin import PromotionDraft
from tests.factories import key_hash, make_basics, make_product

pytestmark = pytest.mark.both
MANAGER = Principal("staff", 0, "m@example.com", "M", "manager", BUILT_IN_ROLES["manager"])
CLERK = Principal("staff", 0, "c@example.com", "C", "clerk", BUILT_IN_ROLES["clerk"])
SPRING = PromotionDraft("Spring, 10 % off", percent=10, code="spring10", lane="codes")
ME = key_hash()


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400)


def acts(session: Session) -> list[tuple[str, str]]:
    rows_now = session.execute(select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id))
    return [tuple(row) for row in rows_now]


def counts(session: Session) -> tuple[int, int, int]:
    promotions, codes, entries = (
        len(session.execute(select(table)).all()) for table in (Promotion, PromotionCode, AuditEntry)
    )
    return promotions, codes, entries


def test_a_promotion_is_made_changed_and_ended_and_carts_follow_at_once(session):
    promotion_id = promotions_admin.create(session, SPRING, by=MANAGER)
    assert events.TermsChanged() in session.info["events"]
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    cart_commands.apply_code(session, ME, "SPRING10")
    assert cart_queries.view(session, ME).discounts[0].amount == "−€2.40"

    promotions_admin.change(session, promotion_id, replace(SPRING, percent=20), version=1, by=MANAGER)
    assert cart_queries.view(session, ME).discounts[0].amount == "−€4.80"
    with pytest.raises(Conflict, match="Somebody else"):
        promotions_admin.change(session, promotion_id, SPRING, version=1, by=MANAGER)
    promotions_admin.end(session, promotion_id, by=MANAGER)
    promotions_admin.end(session, promotion_id, by=MANAGER)
    assert cart_queries.view(session, ME).discounts == []
    assert acts(session) == [("staff:m@example.com", act) for act in ("created", "changed", "ended")]


def test_all_kinds_can_be_made(session):
    for draft in (
        replace(SPRING, code="", kind="buy_x_get_y", percent=100, buy_quantity=2, get_quantity=1),
        PromotionDraft("A mug", kind="gift", gift_sku="DUNE-MUG", minimum_minor=100, lane="default"),
        PromotionDraft("Free delivery", kind="free_shipping", lane="shipping"),
        PromotionDraft("Five off", kind="fixed", amount_minor=500, products=(1, 1), categories=(3,)),
    ):
        promotions_admin.create(session, replace(draft, automatic=True), by=MANAGER)
    rows = session.execute(select(SQLModel.metadata.tables["promotion"])).all()
    assert [(row.kind, row.automatic) for row in rows] == [
        ("buy_x_get_y", True),
        ("gift", True),
        ("free_shipping", True),
        ("fixed", True),
    ]
    assert rows[3].conditions == {"products": [1], "categories": [3]}
    terms_cache.clear_all()
    cart_commands.add(session, ME, "DUNE-MUG", 3)
    assert cart_queries.view(session, ME).gifts[0].sku == "DUNE-MUG"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "magic"}, "kind"),
        ({"lane": "fast"}, "lane"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"amount_minor": 5}, "amount_minor"),
        ({"kind": "fixed", "percent": 0}, "amount_minor"),
        ({"kind": "buy_x_get_y"}, "buy_quantity"),
        ({"kind": "gift", "percent": 0}, "gift_sku"),
        ({"gift_sku": "DUNE-MUG"}, "gift_sku"),
        ({"minimum_minor": -1}, "minimum_minor"),
        ({"budget_minor": -1}, "budget_minor"),
        ({"code": "x" * 41}, "code"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_and_nothing_is_written(session, change, field):
    with pytest.raises(Invalid) as refusal, session.begin_nested():
        promotions_admin.create(session, replace(SPRING, **change), by=MANAGER)

    assert refusal.value.field == field
    assert counts(session) == (0, 0, 0)


def test_a_code_that_is_taken_is_refused(session):
    promotions_admin.create(session, SPRING, by=MANAGER)
    with pytest.raises(Conflict, match="SPRING10 is taken"), session.begin_nested():
        promotions_admin.create(session, replace(SPRING, code=" spring 10 "), by=MANAGER)

    assert counts(session) == (1, 1, 1)


def test_limits_cannot_be_set_below_what_has_been_used(session):
    promotion_id = promotions_admin.create(session, SPRING, by=MANAGER)
    session.execute(update(Promotion).values(used=3, spent_minor=700))
    for more in ({"usage_limit": 2}, {"budget_minor": 699}):
        with pytest.raises(Conflict, match="used more"):
            promotions_admin.change(session, promotion_id, replace(SPRING, **more), version=1, by=MANAGER)

    promotions_admin.change(session, promotion_id, replace(SPRING, usage_limit=3), version=1, by=MANAGER)


def test_who_may_not_changes_nothing(session):
    promotion_id = promotions_admin.create(session, SPRING, by=MANAGER)
    before = counts(session)
    for act in (
        lambda: promotions_admin.create(session, SPRING, by=CLERK),
        lambda: promotions_admin.change(session, promotion_id, SPRING, version=1, by=CLERK),
        lambda: promotions_admin.end(session, promotion_id, by=CLERK),
        lambda: promotions_admin.generate_codes(session, promotion_id, 1, by=CLERK),
        lambda: promotions_admin.codes_csv(session, promotion_id, by=CLERK),
    ):
        with pytest.raises(Forbidden):
            act()

    assert counts(session) == before


def test_ten_thousand_codes_are_unguessable_and_good_for_one_order_each(session):
    promotion_id = promotions_admin.create(session, replace(SPRING, code=""), by=MANAGER)
    codes = promotions_admin.generate_codes(session, promotion_id, 10_000, prefix="tea", by=MANAGER)

    assert len(set(codes)) == 10_000
    assert {len(code) for code in codes} == {15}
    assert set("".join(code.removeprefix("TEA-") for code in codes)) == {*promotions_admin.ALPHABET, "-"}
    assert not set(promotions_admin.ALPHABET) & set("0O1IL2Z5S8BUV")
    listed = list(csv.reader(io.StringIO(promotions_admin.codes_csv(session, promotion_id, by=MANAGER))))
    assert listed[0] == ["code", "usage_limit", "used"]
    assert listed[1:] == [[code, "1", "0"] for code in sorted(codes)]
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    cart_commands.apply_code(session, ME, codes[0].lower())
    assert cart_queries.view(session, ME).discounts[0].code == codes[0]
    entry = session.execute(select(AuditEntry.after).order_by(col(AuditEntry.id).desc())).scalars().first()
    assert entry == {"count": 10_000, "prefix": "TEA"}


def test_codes_that_cannot_be_made_are_refused(session):
    promotion_id = promotions_admin.create(session, SPRING, by=MANAGER)
    for more, field in (
        ({"count": 0}, "count"),
        ({"count": 10_001}, "count"),
        ({"count": 1, "prefix": "=1+1"}, "prefix"),
        ({"count": 1, "usage_limit": 0}, "usage_limit"),
    ):
        with pytest.raises(Invalid) as refusal:
            promotions_admin.generate_codes(session, promotion_id, by=MANAGER, **more)
        assert refusal.value.field == field
    with pytest.raises(NotFound):
        promotions_admin.generate_codes(session, 999, 1, by=MANAGER)
    assert counts(session)[1] == 1
