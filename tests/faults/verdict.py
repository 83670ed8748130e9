"""What must be true once the kills are over: the provider's books held against the shop's, unit by unit."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import text
from sqlmodel import Session

from shop_app.core import db
from shop_app.services.books import check as books
from tests.faults import money_rules
from tests.faults.provider_books import Ask, ProviderBooks
from tests.faults.shoppers import INITIAL

LIVING = ("pending", "placed", "completed")


def _asking(session: Session) -> Ask:
    return lambda sql: list(session.connection().execute(text(sql)).mappings())


def judge(provider_books: ProviderBooks) -> list[str]:
    """Every sentence is something that is wrong."""
    with db.reading() as session:
        ask = _asking(session)
        return [
            *_payments(provider_books, ask),
            *_totals(ask),
            *_units(ask),
            *_refunds(provider_books, ask),
            *_inbox(provider_books, ask),
            *_letters(ask),
            *money_rules.judge(provider_books, ask),
            *(f"check-books, {one.rule}: {one.sentence}" for one in books.check(session).violations),
        ]


def _payments(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    wrong = []
    rows = ask("""SELECT p.intent_reference AS intent, p.captured_minor, p.refunded_minor, o.id, o.number,
        o.status, o.needs_review, o.paid_at,
        (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r WHERE r.payment_id = p.id
            AND r.destination = 'credit' AND r.status = 'succeeded') AS to_credit,
        EXISTS (SELECT 1 FROM order_event v
            WHERE v.order_id = o.id AND v.kind = 'cancelled' AND v.actor LIKE 'staff%'
            AND v.at >= o.paid_at) AS ended_by_staff FROM payment p
        JOIN customer_order o ON o.id = p.order_id WHERE p.provider = 'stripe'""")
    of_intent = defaultdict(list)
    for row in rows:
        of_intent[row["intent"]].append(row)
    for intent, amount in provider_books.captured.items():
        orders = of_intent[intent]
        if len(orders) != 1:
            wrong.append(f"{intent}: {amount} were captured, and {len(orders)} payments of the shop say so")
            continue
        (row,) = orders
        ended = row["status"] == "cancelled" and row["ended_by_staff"]
        agreed = (row["status"] in ("placed", "completed") or ended) and row["paid_at"] is not None
        if not agreed and not row["needs_review"]:
            wrong.append(f"{intent}: {amount} were captured, order {row['number']} is {row['status']}")
        if row["captured_minor"] != amount:
            wrong.append(f"{intent}: {amount} were captured, the shop's payment says {row['captured_minor']}")
    kept = Counter[int]()
    for row in rows:
        kept[row["number"]] += row["captured_minor"] > row["refunded_minor"] and not row["needs_review"]
    wrong += [f"Order {number} is paid {count} times" for number, count in kept.items() if count > 1]
    # What went back as credit is still at the provider.
    noted = sum(row["captured_minor"] - row["refunded_minor"] + int(row["to_credit"]) for row in rows)
    (ledger,) = ask("""SELECT coalesce(sum(CASE WHEN kind = 'captured' THEN amount_minor
        WHEN kind = 'refunded' THEN -amount_minor ELSE 0 END), 0) AS net FROM payment_event
        WHERE payment_id IN (SELECT id FROM payment WHERE provider = 'stripe')
        AND provider_reference NOT LIKE 'credit-%'""")
    if not provider_books.net == int(ledger["net"]) == noted:
        wrong.append(
            f"The provider has {provider_books.net}, the ledger {ledger['net']}, the payments {noted}"
        )
    return wrong


def _totals(ask: Ask) -> list[str]:
    """Card and credit together pay an order, to the cent and once."""
    return [
        f"Order {row['number']} of {row['total_minor']} is paid with {row['captured']}"
        for row in ask("""SELECT o.number, o.total_minor, sum(p.captured_minor) AS captured
            FROM customer_order o JOIN payment p ON p.order_id = o.id
            WHERE o.paid_at IS NOT NULL AND o.needs_review = '' GROUP BY o.number, o.total_minor
            HAVING sum(p.captured_minor) <> o.total_minor""")
    ]


def _units(ask: Ask) -> list[str]:
    wrong = []
    living = ", ".join(f"'{status}'" for status in LIVING)
    levels = ask(f"""SELECT v.sku, l.on_hand, l.allocated, l.held,
        (SELECT coalesce(sum(i.quantity - i.quantity_fulfilled - i.quantity_cancelled), 0)
            FROM order_line i JOIN customer_order o ON o.id = i.order_id
            WHERE i.variant_id = v.id AND o.status IN ({living})) AS in_orders,
        (SELECT coalesce(sum(i.quantity_fulfilled), 0) FROM order_line i WHERE i.variant_id = v.id)
        - (SELECT coalesce(sum(t.quantity_restocked), 0) FROM return_line t
            JOIN order_line i ON i.id = t.order_line_id WHERE i.variant_id = v.id)
        - (SELECT coalesce(sum(f.quantity), 0) FROM refund_line f
            JOIN order_line i ON i.id = f.order_line_id WHERE i.variant_id = v.id AND f.restocked) AS sent
        FROM stock_level l JOIN variant v ON v.id = l.variant_id""")
    for row in levels:
        initial, name = INITIAL[row["sku"]], row["sku"]
        if row["on_hand"] < 0 or row["on_hand"] + row["sent"] != initial:
            wrong.append(f"{name}: {row['on_hand']} on hand and {row['sent']} sent, of {initial}")
        if row["in_orders"] + row["sent"] > initial:
            wrong.append(f"{name}: {row['in_orders'] + row['sent']} sold of {initial}")
        if row["held"] or row["allocated"] != row["in_orders"]:
            wrong.append(
                f"{name}: {row['held']} held and {row['allocated']} allocated, orders have {row['in_orders']}"
            )
    (waiting,) = ask("SELECT count(*) AS orders FROM customer_order WHERE status = 'pending'")
    if waiting["orders"]:
        wrong.append(f"{waiting['orders']} orders still wait for a payment that nobody can make")
    return wrong


def _refunds(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    wrong = []
    counts_made = Counter(
        refund["id"] for refund in provider_books.things["refund"] if refund["status"] == "succeeded"
    )
    counts_asked = Counter(
        refund["metadata"].get("request_key") for refund in provider_books.things["refund"]
    )
    if None in counts_asked:
        wrong.append(f"{counts_asked[None]} refunds of the provider's name no request of the shop")
    rows = ask("""SELECT r.request_key, r.provider_reference, r.status FROM refund r
        JOIN payment p ON p.id = r.payment_id WHERE p.provider = 'stripe' AND r.destination = 'original'""")
    keys = Counter(row["provider_reference"] for row in rows if row["status"] == "succeeded")
    wrong += [
        f"The provider made refund {id}, the shop knows {keys[id]}" for id in counts_made if keys[id] != 1
    ]
    wrong += [f"The shop knows refund {id}, the provider doesn't" for id in keys if id not in counts_made]
    wrong += [
        f"The request {key} was refunded {count} times" for key, count in counts_asked.items() if count > 1
    ]
    wrong += [f"Refund {row['request_key']} still waits" for row in rows if row["status"] == "pending"]
    return wrong


def _inbox(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    wrong = []
    stored = {row["event_id"]: row["outcome"] for row in ask("SELECT event_id, outcome FROM provider_event")}
    true = {event["id"] for event in provider_books.things["event"]}
    wrong += [f"The event {id} is not the provider's, and was stored" for id in stored if id not in true]
    wrong += [f"The event {id} never came" for id in true if id not in stored]
    wrong += [f"The event {id} isn't applied" for id, outcome in stored.items() if not outcome]
    accepted = sum(
        bool(row["forged"]) and row["delivered_at"] is not None for row in provider_books.deliveries
    )
    if accepted:
        wrong.append(f"{accepted} forged webhooks were accepted")
    return wrong


def _letters(ask: Ask) -> list[str]:
    rows = ask("""SELECT o.number, count(l.id) AS letters FROM customer_order o
        LEFT JOIN letter l ON l.kind = 'order_paid' AND l.dedupe_key = 'order_paid:' || o.number
        WHERE o.paid_at IS NOT NULL GROUP BY o.number HAVING count(l.id) <> 1""")
    return [f"Order {row['number']} is paid, and has {row['letters']} letters" for row in rows]


def figures(provider_books: ProviderBooks) -> dict[str, int]:
    """What came of it all."""
    with db.reading() as session:
        rows = session.connection().execute(
            text("""SELECT CASE WHEN paid_at IS NOT NULL THEN 'orders paid' WHEN needs_review <> ''
                THEN 'orders marked' ELSE 'orders ' || status END AS name, count(*) FROM customer_order
                GROUP BY 1 ORDER BY 1""")
        )
        numbers = {row[0]: row[1] for row in rows} | money_rules.figures(provider_books, _asking(session))
    return numbers | {
        "refunds": len(provider_books.things["refund"]),
        "events": len(provider_books.things["event"]),
        "deliveries that failed": sum(max(0, row["attempts"] - 1) for row in provider_books.deliveries),
        "forged refused": sum(
            row["forged"] and row["last_status"] == 400 for row in provider_books.deliveries
        ),
    }
