"""Amounts that can't be charged: refused where somebody enters them, and shown as they are everywhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from shop_app.core import db, money
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.errors import Invalid
from shop_app.demo import catalogue
from shop_app.models import CreditAccount, CreditEntry, Product, Promotion, Variant
from shop_app.providers.payments.base import Bounds, PayLine, StartPayment
from shop_app.providers.payments.stripe import line_items
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.catalog import commands as catalog_commands
from shop_app.services.catalog import price_tags
from shop_app.services.catalog.product_draft import ProductDraft, VariantDraft
from shop_app.services.credit import admin as credit_admin
from shop_app.services.credit import commands as credit_commands
from shop_app.services.credit import payments as credit_payments
from shop_app.services.payments.refundable import RefundableLine
from shop_app.services.product_files import csv_export, csv_import
from shop_app.services.promotions import admin as promotions_admin
from shop_app.services.promotions.admin import PromotionDraft
from shop_app.services.storefront import product_page
from tests.factories import key_hash, make_basics, make_product, make_tax_classes

MANAGER = Principal("staff", 0, "m@example.com", "M", "manager", BUILT_IN_ROLES["manager"])
LAMP = ProductDraft(slug="lamp", title="Lamp", status="active", variants=(VariantDraft("LAMP", 11_500, ()),))

OFF_STEP = [
    ("ISK", 11_481, "Amounts in ISK are multiples of ISK1."),
    ("ISK", 50, "Amounts in ISK are multiples of ISK1."),
    ("UGX", 3_700_001, "Amounts in UGX are multiples of UGX1."),
    ("KWD", 5124, "Amounts in KWD are multiples of KWD0.010."),
    ("TND", 1, "Amounts in TND are multiples of TND0.010."),
    ("BHD", 10_005, "Amounts in BHD are multiples of BHD0.010."),
]
ON_STEP = [
    ("ISK", 11_500),
    ("UGX", 3_700_000),
    ("KWD", 5120),
    ("EUR", 1),
    ("JPY", 1),
    ("HUF", 11_481),
    ("RSD", 1),
]


def saved(session: Session, minor: int, compare_at: int | None = None) -> None:
    variant = replace(LAMP.variants[0], price_minor=minor, compare_at_minor=compare_at)
    catalog_commands.create(session, replace(LAMP, variants=(variant,)), actor="test")


@pytest.mark.parametrize(("code", "minor", "sentence"), OFF_STEP)
def test_a_price_that_cant_be_charged_is_refused(session, configure, code, minor, sentence):
    configure(SHOP_CURRENCY=code)
    make_tax_classes(session)
    for price, compare_at, field in ((minor, None, "price"), (0, minor, "compare_at")):
        with pytest.raises(Invalid) as refused:
            saved(session, price, compare_at)
        assert (refused.value.message, refused.value.field) == (sentence, field)
    assert session.exec(select(Product)).all() == []


@pytest.mark.parametrize(("code", "minor"), ON_STEP)
def test_a_price_that_can_be_charged_is_taken(session, configure, code, minor):
    configure(SHOP_CURRENCY=code)
    make_tax_classes(session)
    saved(session, minor)
    assert session.exec(select(Variant.price_minor)).one() == minor


@pytest.mark.parametrize(("code", "minor", "sentence"), OFF_STEP)
def test_promotions_gift_cards_and_adjustments_are_refused_alike(session, configure, code, minor, sentence):
    configure(SHOP_CURRENCY=code)
    draft = PromotionDraft("Off", kind="fixed", amount_minor=minor, code="off", lane="codes")
    with pytest.raises(Invalid) as refused:
        promotions_admin.create(session, draft, by=MANAGER)
    assert (refused.value.message, refused.value.field) == (sentence, "amount_minor")
    small = minor % 1000 or minor % 10_000
    with pytest.raises(Invalid, match="multiples"):
        credit_commands.issue(session, small, by=MANAGER, request_key="one")
    account = credit_commands.account_of(session, "marta@example.com", code)
    for amount in (small, -small):
        with pytest.raises(Invalid, match="multiples"):
            credit_admin.adjust(session, account, amount, note="why", request_key="two", by=MANAGER)
    assert session.exec(select(Promotion)).all() == []
    assert session.exec(select(CreditEntry)).all() == []


@pytest.mark.parametrize(
    ("code", "text", "minor"),
    [
        ("ISK", "114.81", None), ("ISK", "114.00", 11_400), ("ISK", "115", 11_500), ("UGX", "0.50", None),
        ("KWD", "5.124", None), ("KWD", "5.120", 5120), ("KWD", "5.12", 5120), ("JPY", "115", 115),
        ("JPY", "115.50", None), ("RSD", "114.81", 11_481),
    ],
)  # fmt: skip
def test_a_file_says_the_line_of_a_price_that_cant_be_charged(engine, configure, tmp_path, code, text, minor):
    configure(SHOP_CURRENCY=code)
    with db.transaction() as session:
        make_tax_classes(session)
    file = tmp_path / "products.csv"
    file.write_text(f"Handle,Title,Variant SKU,Variant Price,Status\nlamp,Lamp,LAMP,{text},active\n")
    report = csv_import.import_file(file)

    with db.reading() as session:
        prices = session.exec(select(Variant.price_minor)).all()
    if minor is None:
        assert prices == []
        assert [problem.line for problem in report.problems if not problem.warning] == [2]
    else:
        assert prices == [minor]


@pytest.mark.parametrize(
    ("code", "minor", "shown", "machine"),
    [
        ("ISK", 11_500, "ISK115", "115"), ("UGX", 3_700_000, "UGX37,000", "37000"),
        ("KWD", 5120, "KWD5.120", "5.120"), ("RSD", 11_481, "RSD114.81", "114.81"),
        ("JPY", 1500, "¥1,500", "1500"), ("EUR", 2490, "€24.90", "24.90"),
    ],
)  # fmt: skip
def test_pages_machines_and_files_say_the_same(engine, configure, tmp_path, code, minor, shown, machine):
    configure(SHOP_CURRENCY=code)
    with db.transaction() as session:
        make_product(session, "Lamp", price_minor=minor, currency=code)
    with db.reading() as session:
        page = product_page.product(session, "lamp")
    assert page.variants[0].price == price_tags.shown(minor) == shown
    item = json.loads(page.json_ld)["@graph"][0]
    assert [(offer["price"], offer["priceCurrency"]) for offer in item["offers"]] == [(machine, code)]
    file = tmp_path / "out.csv"
    with db.reading() as session:
        csv_export.export_file(session, file)
    assert f",{machine}," in file.read_text()
    csv_import.import_file(file)
    with db.reading() as session:
        assert session.exec(select(Variant.price_minor)).all() == [minor]


@pytest.mark.parametrize(
    ("code", "minor", "shown", "machine", "sold"),
    [
        ("ISK", 11_481, "ISK115", "115", 11_500), ("ISK", 11_449, "ISK114", "114", 11_400),
        ("UGX", 50, "UGX1", "1", 100), ("KWD", 5124, "KWD5.120", "5.120", 5120),
        ("KWD", 5125, "KWD5.130", "5.130", 5130), ("EUR", 2491, "€24.91", "24.91", 2491),
    ],
)  # fmt: skip
def test_a_price_that_was_written_past_the_drafts_is_shown_as_it_is_sold(
    session, configure, code, minor, shown, machine, sold
):
    configure(SHOP_CURRENCY=code)
    make_basics(session)
    make_product(session, "Lamp", price_minor=minor, currency=code)
    page = product_page.product(session, "lamp")
    assert page.variants[0].price == shown
    assert json.loads(page.json_ld)["@graph"][0]["offers"][0]["price"] == machine
    cart_commands.add(session, key_hash(), "LAMP", 3)
    view = cart_queries.view(session, key_hash())
    assert view.lines[0].unit == shown
    assert view.total_minor - 3 * sold == money.round_half_up(490, money.step(code)) * (3 * sold < 5000)


@pytest.mark.parametrize(
    ("code", "minor", "contents", "text"),
    [
        ("ISK", 11_500, 750, "ISK153 per kg"), ("KWD", 5120, 750, "KWD6.827 per kg"),
        ("EUR", 500, 750, "€6.67 per kg"), ("JPY", 500, 750, "¥667 per kg"),
    ],
)  # fmt: skip
def test_the_price_of_a_kilogram_has_the_decimals_that_are_shown(configure, code, minor, contents, text):
    configure(SHOP_CURRENCY=code)
    assert price_tags.unit_price(minor, contents, "g") == text


def test_a_balance_from_before_steps_pays_in_whole_ones(session, configure):
    configure(SHOP_CURRENCY="ISK")
    issued = credit_commands.issue(session, 100_000, by=MANAGER, request_key="one")
    session.get_one(CreditAccount, issued.account_id).balance_minor = 11_481
    session.flush()
    for total, pays in ((50_000, 11_400), (5000, 5000)):
        cards = credit_payments.cards(session, 1, [issued.account_id], "ISK")
        (part,) = credit_payments.cover(cards, total, "ISK", Bounds())
        assert part.amount_minor == pays


@pytest.mark.parametrize(
    ("total", "quantity", "step", "shares"),
    [
        (1000, 3, 1, [334, 333, 333]), (1000, 3, 10, [340, 330, 330]), 
        (100_000, 3, 100, [33_400, 33_300, 33_300]),
        (200, 3, 100, [100, 100, 0]), (5120, 2, 10, [2560, 2560]), (0, 2, 100, [0, 0]),
    ],
)  # fmt: skip
def test_units_are_refunded_in_steps_that_come_to_the_line(total, quantity, step, shares):
    left, parts = total, []
    for gone in range(quantity):
        parts.append(RefundableLine(1, "", quantity, quantity - gone, total, left, step).share(1))
        left -= parts[-1]
    assert parts == shares
    assert left == 0


@pytest.mark.parametrize(
    ("code", "total", "quantity", "sent"),
    [
        ("ISK", 100_000, 4, (4, 25_000)), ("ISK", 100_000, 8, (8, 12_500)), ("ISK", 100_000, 3, (1, 100_000)),
        ("ISK", 1000, 4, (1, 1000)), ("KWD", 1000, 8, (1, 1000)), ("EUR", 1000, 8, (8, 125)),
    ],
)  # fmt: skip
def test_items_are_sent_with_unit_amounts_that_can_be_charged(clock, code, total, quantity, sent):
    request = StartPayment(
        order_id=1, attempt=1, order_number=1001, order_token="t", currency=code, amount_minor=total,
        email="a@example.com", lines=(PayLine("Mug", quantity, total),), started_at=now(), expires_at=now(),
        return_url="https://shop.example", cancel_url="https://shop.example",
    )  # fmt: skip
    (item,) = line_items(request)
    assert (item.get("quantity"), item.get("price_data", {}).get("unit_amount")) == sent


@pytest.mark.parametrize("code", ["EUR", "ISK", "KWD", "JPY"])
def test_the_demo_is_on_the_step_of_the_shops_currency(configure, code):
    configure(SHOP_CURRENCY=code)
    step = {"ISK": 100, "KWD": 10}.get(code, 1)
    products, zones = catalogue.read("catalog.json")["products"], catalogue.read("shop.json")["zones"]
    amounts = [product["price_minor"] for product in products]
    amounts += [method.get("price_minor", 0) for zone in zones for method in zone["methods"]]
    assert [amount for amount in amounts if amount % step] == []
    assert min(amount for amount in amounts if amount) >= step
