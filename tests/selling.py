"""Orders that are paid, and the admin that works on them: what tests of refunds and shipments share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.services.books import check as books
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.workflows import cancel as cancel_workflow
from shop_app.workflows import fulfil
from shop_app.workflows import refund as refund_workflow
from tests.paying import FORM, MANAGER, World, rows

CLERK = Principal("staff", 0, "clerk@example.com", permissions=BUILT_IN_ROLES["clerk"])
LATER = replace(FORM, payment_provider="manual")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def sell(world: World, units: Mapping[str, int], form=FORM) -> int:
    """Order these and pay by card, or place them with another form; the order's id."""
    total = 0
    for sku, quantity in units.items():
        total = world.fill_cart(sku, quantity)
    url = world.pay(form, total)
    if form.payment_provider == "stripe":
        world.enter_card(url)
        world.deliver()
    return order().id


def order():
    return rows("customer_order")[-1]


def line(sku: str) -> Any:
    return next(row for row in reversed(rows("order_line")) if row.sku == sku)


def units(sku: str) -> tuple[int, int, int]:
    """Sent, returned, cancelled."""
    order_line = line(sku)
    return order_line.quantity_fulfilled, order_line.quantity_returned, order_line.quantity_cancelled


def stock(place: int = 0) -> tuple[int, int]:
    """On hand and allocated of the bowl (0) or the mug (1)."""
    level = rows("stock_level")[place]
    return level.on_hand, level.allocated


def statuses() -> tuple[str, str, str]:
    order_row = order()
    return order_row.status, order_row.payment_status, order_row.fulfilment_status


def refund(
    key: str = "key-1", *, by: Principal = MANAGER, lines: Mapping[str, int] | None = None, **request: Any
) -> None:
    """Refund of the last order, its lines by SKU."""
    refund_request = RefundRequest(
        lines={line(sku).id: count for sku, count in (lines or {}).items()}, **request
    )
    run(refund_workflow.refund(order().id, refund_request, key, by))


def send(lines: Mapping[str, int], *, by: Principal = CLERK, **more: Any) -> int:
    """A shipment of the last order, by SKU; its id."""
    units = {line(sku).id: count for sku, count in lines.items()}
    given = {"carrier": "DHL", "tracking": "00340434161094042557"} | more
    return run(fulfil.fulfil(order().id, units, by=by, **given))


def delivered(shipment_id: int) -> None:
    with db.transaction() as session:
        fulfilment_commands.mark_delivered(session, shipment_id, by=CLERK)


def cancel(key: str = "cancel-1", *, by: Principal = MANAGER, **more: Any) -> None:
    given = {"restock": True, "refund": True, "reason": "The shopper asked"} | more
    run(cancel_workflow.cancel(order().id, by=by, request_key=key, **given))


def run_sql(statement: str) -> None:
    with db.transaction() as session:
        session.connection().execute(text(statement))


def wrong_books() -> list[str]:
    with db.reading() as session:
        return [violation.sentence for violation in books.check(session).violations]


def letters(kind: str) -> list[dict[str, Any]]:
    return [row.data for row in rows("letter") if row.kind == kind]
