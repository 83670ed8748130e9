"""What has to match is found however it is typed: discount codes, gift cards, order and VAT numbers."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import select, update
from sqlmodel import Session, SQLModel

from shop_app.core import migrate
from shop_app.core.errors import NotFound
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.credit import codes as credit_codes
from shop_app.services.orders import placing
from shop_app.services.orders import queries as order_queries
from shop_app.services.promotions import queries as promotions_queries
from shop_app.services.taxes import vat_numbers
from tests.factories import key_hash, make_basics, make_product, make_promotion
from tests.paying import FORM

pytestmark = pytest.mark.both
ME = key_hash()


@pytest.fixture
def shop(session: Session) -> Session:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=50)
    cart_commands.add(session, ME, "DUNE-MUG", 2)
    return session


def place(session: Session, **changes: str) -> placing.PlacedOrder:
    form = checkout.CheckoutForm(**{**vars_of(FORM), "payment_provider": "manual", **changes})
    checkout.save(session, ME, form)
    total = checkout.view(session, ME).total_minor
    return placing.place(session, ME, form, expected_total_minor=total)


def vars_of(form: checkout.CheckoutForm) -> dict[str, str]:
    return {name: getattr(form, name) for name in form.__slots__}


DISCOUNTS = [
    "summer-24", " SUMMER - 24 ", "SUMMER–24", "SUMMER—24", "SUMMER‑24", "SUMMER−24", "ＳＵＭＭＥＲ－２４",
    "SUMMER-٢٤", "SUMMER-२४", "SUM\u00adMER-24\u200b", "\ufeffSUMMER-24\u202c", "SUM\tMER-24\n",
]  # fmt: skip


@pytest.mark.parametrize("typed", DISCOUNTS, ids=ascii)
def test_a_discount_code_is_found_however_it_is_typed(shop: Session, typed: str) -> None:
    make_promotion(shop, "SUMMER-24")
    cart_commands.apply_code(shop, ME, typed)
    assert [reason.code for reason in cart_queries.view(shop, ME).reasons] == []
    assert [discount.code for discount in cart_queries.view(shop, ME).discounts] == ["SUMMER-24"]


def test_another_code_is_not(shop: Session) -> None:
    make_promotion(shop, "SUMMER-24")
    for typed in ("SUMMER24", "SUMMER_24", "SUMMER-2４5", "ЅUMMER-24"):
        with pytest.raises(NotFound):
            cart_commands.apply_code(shop, ME, typed)


@pytest.mark.parametrize("text", [*DISCOUNTS, "ŉ", "ΐ", "ß", "㎝", "½", "İi", "ǰ", "ﬃ"], ids=ascii)
def test_a_folded_code_stays_as_it_is(text: str) -> None:
    once = promotions_queries.normal(text)
    assert promotions_queries.normal(once) == once


@pytest.mark.parametrize(
    "typed",
    [
        "7KQ2-ACDE-FGHJ", "7kq2 acde fghj", "7KQ2–ACDE—FGHJ", "７ＫＱ２－ＡＣＤＥ－ＦＧＨＪ",
        "7KQ2\u00adACDE\u200bFGHJ",
        "٧KQ٢-ACDE-FGHJ", "'7KQ2ACDEFGHJ", "7KQ2\u00a0ACDE\u202fFGHJ\ufeff",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_gift_card_is_found_however_its_code_is_typed(typed: str) -> None:
    assert credit_codes.hashed(typed) == credit_codes.hashed("7KQ2-ACDE-FGHJ")


@pytest.mark.parametrize(
    "typed",
    ["1001", "#1001", "1 001", " # 1001 ", "＃１００１", "١٠٠١", "১০০১", "10\u200b01", "\u202d1001\u202c"],
    ids=ascii,
)
def test_an_order_is_found_however_its_number_and_address_are_typed(shop: Session, typed: str) -> None:
    placed = place(shop, email="info@müller.de")
    for address in ("info@müller.de", "INFO@xn--mller-kva.de", " info＠mu\u0308ller.de. "):
        assert order_queries.look_up(shop, typed, address) == placed.token


@pytest.mark.parametrize(
    "typed",
    [
        "ATU13585627", "atu 135 856 27", "AT–U13585627", "ＡＴＵ１３５８５６２７", "U13585627", "ATU١٣٥٨٥٦٢٧",
        "AT\u200bU13585627",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_vat_number_is_read_however_it_is_typed(typed: str) -> None:
    assert vat_numbers.normal(typed, "AT") == "ATU13585627"


def test_codes_from_before_are_folded_with_their_uses_unless_another_has_that_form(shop: Session) -> None:
    make_promotion(shop, "SUMMER-24")
    make_promotion(shop, "SALE")
    cart_commands.apply_code(shop, ME, "SUMMER-24")
    place(shop)
    _set_code(shop, "SUMMER-24", "SUMMER–24")
    make_promotion(shop, "ＳＡＬＥ")

    _migrate(shop, "0008")

    codes = shop.connection().execute(select(SQLModel.metadata.tables["promotion_code"].c.code)).scalars()
    assert sorted(codes) == ["SALE", "SUMMER-24", "ＳＡＬＥ"]
    uses = shop.connection().execute(select(SQLModel.metadata.tables["promotion_use"].c.code)).scalars()
    assert list(uses) == ["SUMMER-24"]
    assert books.check(shop).violations == ()


def _set_code(session: Session, code: str, other: str) -> None:
    for name in ("promotion_code", "promotion_use"):
        table: Any = SQLModel.metadata.tables[name]
        session.connection().execute(update(table).where(table.c.code == code).values(code=other))


def _migrate(session: Session, revision: str) -> None:
    """Run one migration of data on a database that has the newest schema."""
    script = ScriptDirectory.from_config(migrate._config()).get_revision(revision)
    with Operations.context(MigrationContext.configure(session.connection())):
        script.module.upgrade()
