"""What the back office's frame shows: counts of open work, alerts, records found by any of their names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.services.desk import alerts, counts, finding
from tests.paying import MANAGER, make_world
from tests.selling import CLERK, order, run_sql, sell, send

STOCK_CLERK = Principal("staff", 0, "count@example.com", permissions=frozenset({"inventory.view"}))
OWNER = Principal("staff", 0, "owner@example.com", permissions=MANAGER.permissions | {"settings.view"})


@pytest.fixture
def world(engine, tmp_path):
    return make_world(tmp_path)


def found(text: str, by: Principal = MANAGER) -> list[tuple[str, str, bool]]:
    with db.reading() as session:
        return [(hit.kind, hit.href, hit.exact) for hit in finding.find(session, text, by)]


def work(by: Principal = MANAGER) -> dict[str, int]:
    with db.reading() as session:
        return counts.open_work(session, by)


def said(by: Principal) -> list[tuple[str, str]]:
    with db.reading() as session:
        return [(alert.level, alert.href) for alert in alerts.alerts(session, by)]


def test_a_paid_order_is_to_be_packed_until_it_is_sent(world):
    assert work()["orders_to_pack"] == 0
    sell(world, {"DUNE-MUG": 2})
    assert (work()["orders_to_pack"], work()["orders_unpaid"]) == (1, 0)
    send({"DUNE-MUG": 1})
    assert work()["orders_to_pack"] == 1
    send({"DUNE-MUG": 1})
    assert work()["orders_to_pack"] == 0


def test_what_needs_a_person_is_no_work_to_pack(world):
    sell(world, {"DUNE-MUG": 1})
    run_sql("UPDATE customer_order SET needs_review = 'Paid twice'")
    assert (work()["orders_to_pack"], work()["orders_attention"]) == (0, 1)


def test_one_is_told_of_the_work_that_one_may_see(world):
    assert set(work(STOCK_CLERK)) == {"stock_low"}
    assert set(work(Principal("staff", 0))) == set()


@pytest.mark.parametrize("write", [str, "#{}".format, " {} ".format])
def test_an_order_is_found_by_its_number(world, write):
    sell(world, {"DUNE-MUG": 1})
    number = order().number
    assert found(write(number)) == [("order", f"/admin/orders/{number}", True)]


def test_an_order_is_found_by_its_buyer_its_parcel_and_its_payment(world):
    sell(world, {"DUNE-MUG": 1})
    send({"DUNE-MUG": 1}, tracking="00340434161094042557")
    href = f"/admin/orders/{order().number}"
    with db.reading() as session:
        reference = session.connection().exec_driver_sql("SELECT reference FROM payment").scalar_one()
    assert found(order().email[:6]) == [("order", href, False)]
    assert found(order().email.upper()) == [("order", href, False)]
    assert found("00340434161094042557") == [("order", href, True)]
    assert found(reference) == [("order", href, True)]


def test_a_product_is_found_by_title_sku_and_barcode(world):
    run_sql("UPDATE variant SET barcode = '4006381333931' WHERE sku = 'DUNE-MUG'")
    href = "/admin/products/dune-mug"
    assert found("une mu") == [("product", href, False)]
    assert ("product", href, True) in found("DUNE-MUG")
    assert ("product", href, False) in found("DUNE-M")
    assert found("4006381333931") == [("product", href, True)]


@pytest.mark.parametrize(
    "junk", ["", " ", "x", "%", "_%", "'; --", "\x00", "99999999999999999999", "ß" * 200]
)
def test_junk_finds_nothing(world, junk: str):
    sell(world, {"DUNE-MUG": 1})
    assert found(junk) == []


def test_what_one_may_not_see_is_not_found(world):
    sell(world, {"DUNE-MUG": 1})
    assert found(str(order().number), STOCK_CLERK) == []
    assert found("DUNE-MUG", STOCK_CLERK) == []
    assert ("product", "/admin/products/dune-mug", True) in found("DUNE-MUG", CLERK)


def test_each_kind_has_its_heading_once(world):
    sell(world, {"DUNE-MUG": 1})
    sell(world, {"DUNE-MUG": 1})
    with db.reading() as session:
        hits = finding.find(session, order().email[:6], MANAGER)
    assert [hit.heading for hit in hits] == ["Orders", ""]


def test_alerts_are_for_those_who_see_settings_and_the_worst_comes_first(world):
    assert said(CLERK) == []
    quiet = said(OWNER)
    assert {level for level, _href in quiet} == {"info"}
    sell(world, {"DUNE-MUG": 1})
    run_sql("UPDATE letter SET attempts = 3, problem = 'Refused', sent_at = NULL")
    assert said(OWNER)[0] == ("bad", "/admin/settings/letters-sent")
    assert len(said(OWNER)) == len(quiet) + 1


def test_an_event_that_stays_unapplied_and_silence_are_said(world):
    sell(world, {"DUNE-MUG": 1})
    before = (now() - timedelta(hours=30)).strftime("%Y-%m-%d %H:%M:%S+00:00")
    run_sql(f"UPDATE provider_event SET received_at = '{before}'")
    assert ("warn", "/admin/settings/payments") in said(OWNER)
    run_sql("UPDATE provider_event SET applied_at = NULL")
    assert ("bad", "/admin/settings/events") in said(OWNER)
