"""Orders in any number with all that belongs to them, from the cart to the return: their books are right.

The database makes the rows itself, so that 50,000 orders take seconds. Of ten orders one is paid by credit
and not sent, one expired unpaid, one was refunded in part, one came back in part (with a return or without),
and the rest arrived; every fifth has a discount.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, SQLModel

from shop_app import models as m
from tests.factories import make_basics, make_product, make_promotion

VARIANTS = 20
AT = "'2026-11-20 09:00:00.000000'"
SERIES = f"""WITH RECURSIVE series(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM series WHERE i < :count),
    made AS (
        SELECT i, i % 10 AS kind, CASE WHEN i % 5 = 0 THEN 100 ELSE 0 END AS off,
            CASE WHEN i % 10 IN (6, 7) THEN 0 ELSE 1 END AS sent FROM series),
    part AS (
        SELECT made.*, number.n, 2 * made.i - 1 + number.n AS line, (made.i + number.n) % {VARIANTS} + 1
            AS variant, CASE WHEN number.n = 0 THEN made.off ELSE 0 END AS line_off
        FROM made CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1) number)"""


def fill(session: Session, count: int) -> None:
    """Write `count` orders, numbered from 1001, into an empty shop."""
    make_basics(session)
    for number in range(VARIANTS):
        make_product(session, f"Thing {number}", stock=1_000_000)
    make_promotion(session, "AUTUMN10")
    session.flush()
    _write(session, count, m.Cart, "made", id="i", key_hash="'key ' || i", currency="'EUR'", country="'DE'",
           completed_at=AT)  # fmt: skip
    _orders(session, count)
    _money(session, count)
    _goods(session, count)
    _sums(session, count)


def _orders(session: Session, count: int) -> None:
    _write(session, count, m.Order, "made", id="i", number="1000 + i", token="'token ' || i", cart_id="i",
           email="'marta@example.com'", currency="'EUR'", country="'DE'", shipping_method="'standard'",
           payment_provider="'stripe'", subtotal_minor="4760", discount_minor="off", shipping_minor="490",
           tax_minor="CASE WHEN off > 0 THEN 822 ELSE 838 END", total_minor="5250 - off",
           status="CASE kind WHEN 6 THEN 'placed' WHEN 7 THEN 'expired' ELSE 'completed' END",
           payment_status="CASE kind WHEN 7 THEN 'none' WHEN 8 THEN 'partially_refunded'"
           " WHEN 9 THEN 'partially_refunded' ELSE 'paid' END",
           fulfilment_status="CASE kind WHEN 6 THEN 'none' WHEN 7 THEN 'none'"
           " WHEN 9 THEN 'partially_returned' ELSE 'delivered' END",
           paid_at=AT)  # fmt: skip
    _write(session, count, m.OrderLine, "part", id="line", order_id="i", variant_id="variant", position="n",
           title="'Thing'", sku="'THING'", quantity="2", unit_price_minor="1190", subtotal_minor="2380",
           discount_minor="line_off", total_minor="2380 - line_off", tax_class="'standard'",
           tax_minor="CASE WHEN line_off > 0 THEN 364 ELSE 380 END", quantity_fulfilled="2 * sent",
           quantity_returned="CASE WHEN kind = 9 AND n = 0 THEN 2 ELSE 0 END")  # fmt: skip
    _write(session, count, m.OrderTaxLine, "part", id="line", order_id="i", line_id="line", label="'VAT'",
           rate_ppm="190000", base_minor="CASE WHEN line_off > 0 THEN 1916 ELSE 2000 END",
           amount_minor="CASE WHEN line_off > 0 THEN 364 ELSE 380 END")  # fmt: skip
    _write(session, count, m.OrderTaxLine, "made", id="2 * :count + i", order_id="i", label="'VAT'",
           rate_ppm="190000", base_minor="412", amount_minor="78")  # fmt: skip
    _write(session, count, m.OrderDiscount, "part WHERE line_off > 0", id="line", order_id="i",
           line_id="line", promotion_id="1", code="'AUTUMN10'", label="'Autumn'",
           amount_minor="100")  # fmt: skip
    _write(session, count, m.PromotionUse, "made WHERE off > 0", id="i / 5", promotion_id="1", order_id="i",
           code="'AUTUMN10'", email="'marta@example.com'", amount_minor="100")  # fmt: skip
    _write(session, count, m.OrderEvent, "made", id="i", order_id="i",
           kind="CASE WHEN kind = 7 THEN 'expired' ELSE 'placed' END")  # fmt: skip


def _money(session: Session, count: int) -> None:
    _write(session, count, m.Payment, "made", id="i", order_id="i",
           provider="CASE WHEN kind = 6 THEN 'credit' ELSE 'stripe' END", reference="'cs_' || i",
           intent_reference="'pi_' || i", currency="'EUR'", amount_minor="5250 - off",
           state="CASE WHEN kind = 7 THEN 'expired' ELSE 'captured' END",
           captured_minor="CASE WHEN kind = 7 THEN 0 ELSE 5250 - off END",
           refunded_minor="CASE kind WHEN 8 THEN 500 WHEN 9 THEN 2380 ELSE 0 END")  # fmt: skip
    _write(session, count, m.PaymentEvent, "made WHERE kind <> 7", id="i", payment_id="i",
           kind="'captured'", amount_minor="5250 - off", provider_reference="'pi_' || i")  # fmt: skip
    back = "CASE WHEN kind = 8 THEN 500 ELSE 2380 END"
    _write(session, count, m.PaymentEvent, "made WHERE kind > 7", id=":count + i", payment_id="i",
           kind="'refunded'", amount_minor=back, provider_reference="'re_' || i")  # fmt: skip
    _write(session, count, m.Refund, "made WHERE kind > 7", id="i", payment_id="i", status="'succeeded'",
           request_key="'refund ' || i", amount_minor=back, provider_reference="'re_' || i")  # fmt: skip
    _write(session, count, m.RefundLine, "made WHERE kind > 7", id="i", refund_id="i",
           order_line_id="2 * i - 1", quantity="CASE WHEN kind = 9 THEN 2 ELSE 0 END",
           amount_minor=back, restocked="i % 20 = 19")  # fmt: skip
    _write(session, count, m.CreditAccount, "made WHERE kind = 6", id="i", kind="'store_credit'",
           email="'marta@example.com'", currency="'EUR'", balance_minor="0")  # fmt: skip
    for kind, sign in (("issued", ""), ("spent", "-")):
        paid = "i" if kind == "spent" else "NULL"
        _write(session, count, m.CreditEntry, "made WHERE kind = 6", account_id="i",
               request_key=f"'{kind} ' || i", kind=f"'{kind}'", amount_minor=f"{sign}5250",
               order_id=paid, payment_id=paid)  # fmt: skip


def _goods(session: Session, count: int) -> None:
    _write(session, count, m.Shipment, "made WHERE sent = 1", id="i", order_id="i", status="'delivered'",
           delivered_at=AT)  # fmt: skip
    _write(session, count, m.ShipmentLine, "part WHERE sent = 1", shipment_id="i", order_line_id="line",
           quantity="2")  # fmt: skip
    _write(session, count, m.ReturnRequest, "made WHERE i % 20 = 9", id="i", order_id="i",
           request_key="'return ' || i", status="'refunded'", email="'marta@example.com'",
           received_at=AT)  # fmt: skip
    _write(session, count, m.ReturnLine, "part WHERE i % 20 = 9 AND n = 0", return_id="i",
           order_line_id="line", quantity="2", quantity_received="2", quantity_restocked="2")  # fmt: skip
    moves = {"held": ("0", "0", "2"), "allocated": ("0", "2", "-2"), "shipped": ("-2", "-2", "0"),
             "released": ("0", "-2", "0"), "returned": ("2", "0", "0")}  # fmt: skip
    which = {"shipped": " WHERE sent = 1", "released": " WHERE kind = 7",
             "returned": " WHERE kind = 9 AND n = 0"}  # fmt: skip
    for place, (kind, (on_hand, allocated, held)) in enumerate(moves.items()):
        _write(session, count, m.StockMovement, f"part{which.get(kind, '')}",
               id=f"1000 + {2 * place} * :count + line", variant_id="variant", kind=f"'{kind}'",
               on_hand_delta=on_hand, allocated_delta=allocated, held_delta=held,
               order_id="NULL" if kind == "held" else "i",
               cart_id="i" if kind in ("held", "allocated") else "NULL")  # fmt: skip


def _sums(session: Session, count: int) -> None:
    """What counts the rows above: levels, uses, the counter; and where PostgreSQL's own ids go on."""
    run = session.connection().execute
    for column in ("on_hand", "allocated"):
        moved = f"SELECT variant_id, sum({column}_delta) AS moved FROM stock_movement GROUP BY variant_id"
        run(text(f"UPDATE stock_level SET {column} = m.moved FROM ({moved}) m"
                 " WHERE m.variant_id = stock_level.variant_id"))  # fmt: skip
    run(text("UPDATE customer_order SET paid_at = NULL WHERE status = 'expired'"))
    run(text("UPDATE cart SET completed_at = NULL WHERE id % 10 = 7"))
    run(text("UPDATE promotion SET used = :uses, spent_minor = 100 * :uses"), {"uses": count // 5})
    run(text("UPDATE promotion_code SET used = :uses"), {"uses": count // 5})
    run(text("INSERT INTO counter (name, value) VALUES ('order', 1000 + :count)"), {"count": count})
    if session.connection().dialect.name == "postgresql":
        for table in SQLModel.metadata.sorted_tables:
            if "id" in table.c and (sequence := run(text(
                f"SELECT pg_get_serial_sequence('{table.name}', 'id')")).scalar()):  # fmt: skip
                run(text(f"SELECT setval('{sequence}', coalesce(max(id), 0) + 1) FROM {table.name}"))


def _write(session: Session, count: int, model: type[SQLModel], source: str, **columns: str) -> None:
    """Insert a row for each row of `source`; each column is SQL, the others have their defaults."""
    values = {
        name: _literal(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
        if not field.is_required() and name != "id"
    } | columns
    selected = f"SELECT {', '.join(values.values())} FROM {source}"
    statement = text(f"INSERT INTO {model.__tablename__} ({', '.join(values)}) {SERIES} {selected}")
    session.connection().execute(statement, {"count": count})


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value).lower()
        case datetime():
            return AT
        case dict() | list():
            return f"'{json.dumps(value)}'"
    return f"'{value}'"
