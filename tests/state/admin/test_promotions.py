"""The form of a promotion: read as its draft, with what is wrong said field by field."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal
from shop_app.models import Promotion
from shop_app.state.admin.promotions import PromotionAdmin, PromotionForm
from tests.state.conftest import submit

MANAGER = Principal("staff", 0, permissions=frozenset({"discounts.edit"}))
SPRING = {"name": "Spring", "percent": "10", "code": "SPRING"}


@pytest.fixture
async def signed_in(engine):
    set_principal(MANAGER)
    yield
    set_principal(None)


def promotions() -> list[Promotion]:
    with db.reading() as session:
        return list(session.exec(select(Promotion)).all())


def test_a_form_is_read_as_a_draft():
    form = PromotionForm.model_validate(
        {
            "name": " Spring ",
            "percent": "10",
            "products": "3, 4",
            "first_order": "on",
            "usage_limit": "",
            "kind": "",
            "starts_at": "2026-11-20T10:00",
            "ends_at": "",
        }
    )
    draft = form.draft()
    assert (draft.name, draft.kind, draft.percent, draft.products) == ("Spring", "percent", 10, (3, 4))
    assert (draft.first_order, draft.automatic, draft.usage_limit) == (True, False, None)
    assert draft.starts_at
    assert draft.starts_at.isoformat() == "2026-11-20T09:00:00+00:00"
    assert draft.ends_at is None


@pytest.mark.parametrize(
    ("typed", "begins", "ends"),
    [
        ("2026-12-24", "2026-12-23T23:00:00", "2026-12-24T23:00:00"),
        ("2026-12-24T00:00", "2026-12-23T23:00:00", "2026-12-23T23:00:00"),
        ("2026-07-01", "2026-06-30T22:00:00", "2026-07-01T22:00:00"),
        ("2026-03-29", "2026-03-28T23:00:00", "2026-03-29T22:00:00"),
        ("2026-10-25", "2026-10-24T22:00:00", "2026-10-25T23:00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),  # Twice.
        ("2026-03-29T02:30", "2026-03-29T01:30:00", "2026-03-29T01:30:00"),  # Never.
        ("2026-12-24T10:00Z", "2026-12-24T10:00:00", "2026-12-24T10:00:00"),
        ("2026-12-24T10:00+09:00", "2026-12-24T01:00:00", "2026-12-24T01:00:00"),
        (" 2026-12-24 10:00 ", "2026-12-24T09:00:00", "2026-12-24T09:00:00"),
    ],
)
def test_days_and_hours_are_those_of_the_shops_clocks(typed, begins, ends):
    draft = PromotionForm.model_validate({"starts_at": typed, "ends_at": typed}).draft()
    assert draft.starts_at
    assert draft.ends_at
    assert draft.starts_at.isoformat() == f"{begins}+00:00"
    assert draft.ends_at.isoformat() == f"{ends}+00:00"


@pytest.mark.parametrize(
    ("field", "junk"),
    [
        ("percent", "ten"),
        ("percent", "-1"),
        ("products", "1;2"),
        ("products", "0"),
        ("ends_at", "soon"),
        ("ends_at", "9999-12-31"),
        ("starts_at", "0001-01-01"),
        ("ends_at", "2026-02-30"),
        ("ends_at", "24.12.2026"),
        ("usage_limit", "9" * 20),
        ("kind", "Half Off!"),
        ("name", "x" * 201),
        ("gift_sku", "../x"),
    ],
)
async def test_what_cannot_be_read_is_named_and_makes_nothing(open_tab, signed_in, field, junk):
    tab = await open_tab(PromotionAdmin, "/admin")
    await submit(tab, "create", SPRING | {field: junk})
    assert list(tab.errors) == [field]
    assert promotions() == []


async def test_what_the_service_refuses_stands_at_its_field_too(open_tab, signed_in):
    tab = await open_tab(PromotionAdmin, "/admin")
    await submit(tab, "create", SPRING | {"percent": "0"})
    assert list(tab.errors) == ["percent"]
    assert promotions() == []
    await submit(tab, "create", SPRING)
    assert (tab.errors, [promotion.name for promotion in promotions()]) == ({}, ["Spring"])
