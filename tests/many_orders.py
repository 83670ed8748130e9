"""Orders in any number, written in bulk and the same each time, and a list of them to try lists with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session

from shop_app.core import money
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict
from shop_app.models import Order, table_of
from shop_app.services.lists import spec as lists
from shop_app.services.lists.spec import Action, Cell, Column, Filter, ListSpec, Plan, Row, Tab, Unchanged

EPOCH = datetime(2024, 11, 20, 9, 0, tzinfo=UTC)
STATUSES = (("placed", 60), ("completed", 25), ("cancelled", 8), ("expired", 5), ("pending", 2))
PAYMENTS = (("paid", 70), ("none", 14), ("authorized", 8), ("refunded", 6), ("disputed", 2))
FULFILMENTS = (("shipped", 50), ("none", 30), ("delivered", 15), ("partial", 5))
COUNTRIES = (("DE", 60), ("AT", 15), ("FR", 10), ("CH", 8), ("GB", 6), ("IS", 1))
NAMES = ("Lind", "Berger", "Köhler", "Wendt", "Vogt", "Nowak", "Fuchs", "Demir", "Sørensen", "Weiss")
CHUNK = 2000

order = table_of(Order)


def fill(session: Session, count: int, *, first: int = 1) -> None:
    """Write `count` orders numbered from `first`, a few minutes apart; every fifth was never paid."""
    random = Random(first)
    rows = [_row(random, number) for number in range(first, first + count)]
    for start in range(0, count, CHUNK):
        session.connection().execute(insert(Order), rows[start : start + CHUNK])


def _row(random: Random, number: int) -> dict[str, Any]:
    placed_at = EPOCH + timedelta(minutes=7 * number, seconds=random.randrange(240))
    total = random.randrange(900, 90_000)
    name = f"{random.choice(('Ada', 'Jonas', 'Ines', 'Oskar', 'Lea'))} {random.choice(NAMES)}"
    paid = number % 5 != 0
    return {
        "number": number,
        "token": f"token-{number:012d}",
        "email": f"{name.split()[0].lower()}.{number % 20_000}@example.com",
        "status": _pick(random, STATUSES),
        "payment_status": _pick(random, PAYMENTS),
        "fulfilment_status": _pick(random, FULFILMENTS),
        "needs_review": "The amount differs" if number % 400 == 0 else "",
        "currency": "EUR",
        "subtotal_minor": total,
        "discount_minor": 0,
        "shipping_minor": 0,
        "tax_minor": total * 19 // 119,
        "total_minor": total,
        "ship_to": {"name": name, "line1": "Kastanienallee 12", "postal_code": "10435", "locality": "Berlin"},
        "bill_to": {},
        "country": _pick(random, COUNTRIES),
        "shipping_method": "standard",
        "payment_provider": "stripe",
        "placed_at": placed_at,
        "paid_at": placed_at + timedelta(minutes=1) if paid else None,
    }


def _pick(random: Random, choices: Sequence[tuple[str, int]]) -> str:
    return random.choices([word for word, _weight in choices], [weight for _word, weight in choices])[0]


# --- A list of them ---------------------------------------------------------------------------------


def load(session: Session, ids: Sequence[int], _by: Principal) -> Mapping[int, Row]:
    columns = (
        order.c.id,
        order.c.number,
        order.c.email,
        order.c.status,
        order.c.total_minor,
        order.c.currency,
    )
    found = session.connection().execute(select(*columns).where(order.c.id.in_(ids)))
    return {row.id: _shown(row) for row in found}


def _shown(row: Any) -> Row:
    return Row(
        row.id,
        f"/admin/orders/{row.number}",
        f"Order {row.number}",
        {"data-testid": "order-row", "data-number": str(row.number)},
        {
            "number": Cell(str(row.number)),
            "email": Cell(row.email),
            "status": Cell(
                row.status.title(), tone="green" if row.status == "completed" else "blue", icon="ring"
            ),
            "total": Cell(
                money.show(row.total_minor, row.currency),
                plain=money.decimal_text(row.total_minor, row.currency),
            ),
        },
    )


def plan(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    """Every order but those that are cancelled."""
    columns = (order.c.id, order.c.number, order.c.status)
    found = session.connection().execute(select(*columns).where(order.c.id.in_(ids))).all()
    return Plan(
        tuple(row.id for row in found if row.status != "cancelled"),
        tuple(
            (row.id, f"Order {row.number}", "It is cancelled") for row in found if row.status == "cancelled"
        ),
    )


def note(session: Session, id: int, _by: Principal, arguments: Mapping[str, str]) -> None:
    """Write a note; an order that has it is unchanged, one that needs a look is refused."""
    row = session.get_one(Order, id)
    if row.needs_review:
        raise Conflict("Somebody has to look at it first.")
    if row.note == arguments["text"]:
        raise Unchanged("It has this note.")
    row.note = arguments["text"]


def order_list(**changes: Any) -> ListSpec:
    """A list of orders as one that a shop has."""
    given: dict[str, Any] = {
        "name": "test-orders",
        "title": "Orders",
        "one": "order",
        "many": "orders",
        "needs": "orders.view",
        "source": order,
        "key": order.c.id,
        "columns": (
            Column("number", "Order", order.c.number, phone="title", nullable=False),
            Column("placed", "Placed", order.c.placed_at, phone="line", nullable=False),
            Column("paid", "Paid", order.c.paid_at, shown=False),
            Column("email", "E-mail", order.c.email, phone="title", nullable=False),
            Column("status", "Status", phone="badges"),
            Column("total", "Total", order.c.total_minor, align="right", phone="end", nullable=False),
        ),
        "load": load,
        "default_sort": "-placed",
        "filters": (
            Filter(
                "status",
                "Status",
                "choice",
                lists.choice(order.c.status),
                tuple((word, word.title()) for word, _weight in STATUSES),
            ),
            Filter("country", "Country", "text", lists.words(order.c.country), ops=("is",)),
            Filter("email", "E-mail", "text", lists.words(order.c.email)),
            Filter("total", "Total", "amount", lists.between(order.c.total_minor)),
            Filter("number", "Number", "number", lists.between(order.c.number)),
            Filter("placed", "Placed", "day", lists.between(order.c.placed_at)),
            Filter("review", "Needs a look", "flag", lists.flag(order.c.needs_review != "")),
        ),
        "search": lambda _session, text: (
            order.c.number == int(text)
            if text.isdigit() and len(text) < 15
            else lists.starts_with(order.c.email, text)
        ),
        "tabs": (Tab("all", "All"), Tab("pending", "Unpaid", "status=pending")),
        "actions": (Action("note", "Note", "copy", "orders.edit", plan, note),),
        "amount": order.c.total_minor,
        "marks": ("data-testid", "data-number"),
    }
    return ListSpec(**given | changes)
