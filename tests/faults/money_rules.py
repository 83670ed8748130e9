"""What must be true of money that moves later or elsewhere: authorised, credit, disputed, returned."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.faults.provider_books import Ask, ProviderBooks

_STATUS = {
    "needs_response": "open",
    "warning_needs_response": "open",
    "under_review": "answered",
    "warning_under_review": "answered",
    "won": "won",
    "warning_closed": "won",
    "lost": "lost",
}
"""What the shop calls a dispute that the provider calls so."""


def judge(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    return [
        *_authorised(provider_books, ask),
        *_voided(provider_books, ask),
        *_credit(ask),
        *_credit_adds_up(ask),
        *_disputes(provider_books, ask),
        *_returns(ask),
    ]


_PAYMENTS = """SELECT p.intent_reference AS intent, p.state, p.amount_minor, p.captured_minor, o.number,
    o.status, o.payment_status, o.needs_review FROM payment p JOIN customer_order o ON o.id = p.order_id
    WHERE p.provider = 'stripe'"""


def _by_intent(ask: Ask) -> dict[str, list[Any]]:
    collected = defaultdict(list)
    for row in ask(_PAYMENTS):
        collected[row["intent"]].append(row)
    return collected


def _authorised(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    """The provider holds just what the shop counts on, each for one agreed order or a marked one."""
    wrong, payments, held = [], _by_intent(ask), provider_books.authorised
    for intent, amount in held.items():
        rows = payments[intent]
        if [(row["state"], row["amount_minor"]) for row in rows] != [("authorized", amount)]:
            wrong.append(
                f"{intent}: {amount} are authorised, the shop's payments say {list(map(dict, rows))}"
            )
            continue
        (row,) = rows
        if (row["status"], row["payment_status"]) != ("placed", "authorized") and not row["needs_review"]:
            wrong.append(
                f"{intent}: {amount} are authorised, order {row['number']} is {row['status']}"
                f" and {row['payment_status']}"
            )
    rows = [row for payment in payments.values() for row in payment if row["state"] == "authorized"]
    wrong += [
        f"Order {row['number']} counts on {row['intent']}, of which the provider holds nothing"
        for row in rows
        if row["intent"] not in held
    ]
    twice = Counter(row["number"] for row in rows if not row["needs_review"])
    return wrong + [f"Order {number} is authorised {n} times" for number, n in twice.items() if n > 1]


def _voided(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    """A voided payment is cancelled in the shop, and no living order rests on it without needing review."""
    wrong, payments = [], _by_intent(ask)
    for intent in provider_books.voided:
        rows = payments[intent]
        if [(row["state"], row["captured_minor"]) for row in rows] != [("cancelled", 0)]:
            wrong.append(f"{intent} was voided, the shop's payments say {list(map(dict, rows))}")
            continue
        (row,) = rows
        if row["status"] not in ("cancelled", "expired") and not row["needs_review"]:
            wrong.append(f"{intent} was voided, order {row['number']} is {row['status']}")
    return wrong


def _credit(ask: Ask) -> list[str]:
    """Every entry once, and every account at the sum of its entries."""
    wrong = []
    for row in ask("""SELECT a.id, a.kind, a.balance_minor, coalesce(sum(e.amount_minor), 0) AS entries,
            coalesce(sum(CASE WHEN e.kind = 'issued' THEN 1 ELSE 0 END), 0) AS issued FROM credit_account a
            LEFT JOIN credit_entry e ON e.account_id = a.id GROUP BY a.id, a.kind, a.balance_minor"""):
        if row["balance_minor"] != row["entries"] or row["balance_minor"] < 0:
            wrong.append(f"Credit {row['id']} is at {row['balance_minor']}, its entries at {row['entries']}")
        if row["issued"] != (row["kind"] == "gift_card"):
            wrong.append(f"Credit {row['id']}, a {row['kind']}, was issued {row['issued']} times")
    for row in ask("SELECT request_key, amount_minor FROM credit_entry WHERE kind = 'issued'"):
        if row["request_key"].rsplit("-", 1)[-1] != str(row["amount_minor"]):
            wrong.append(f"{row['request_key']} was issued with {row['amount_minor']}")
    wrong += [
        f"Payment {row['payment_id']}: its credit was {row['kind']} {row['times']} times"
        for row in ask("""SELECT payment_id, kind, count(*) AS times FROM credit_entry
            WHERE kind IN ('spent', 'returned') GROUP BY payment_id, kind HAVING count(*) > 1""")
    ]
    return wrong + [
        f"Refund {row['refund_id']} was given as credit {row['times']} times"
        for row in ask("""SELECT refund_id, count(*) AS times FROM credit_entry WHERE kind = 'refunded'
            GROUP BY refund_id HAVING count(*) > 1""")
    ]


def _credit_adds_up(ask: Ask) -> list[str]:
    """Without looking at entries: what was issued, less what payments took, with what refunds gave."""
    (sums,) = ask("""SELECT
        (SELECT coalesce(sum(balance_minor), 0) FROM credit_account) AS there,
        (SELECT coalesce(sum(amount_minor), 0) FROM credit_entry WHERE kind = 'issued') AS issued,
        (SELECT coalesce(sum(CASE WHEN state = 'authorized' THEN amount_minor ELSE captured_minor END), 0)
            FROM payment WHERE provider = 'credit') AS taken,
        (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r JOIN payment p ON p.id = r.payment_id
            WHERE r.status = 'succeeded' AND (p.provider = 'credit' OR r.destination = 'credit')) AS given""")
    issued, taken, given, balance = (int(sums[name]) for name in ("issued", "taken", "given", "there"))
    wrong = []
    if issued - taken + given != balance:
        wrong.append(f"Credit: {issued} issued, {taken} taken, {given} given back, and {balance} are there")
    return wrong + [
        f"Order {row['number']} is {row['status']}, and {row['amount_minor']} of credit are set aside for it"
        for row in ask("""SELECT o.number, o.status, p.amount_minor FROM payment p
            JOIN customer_order o ON o.id = p.order_id WHERE p.provider = 'credit'
            AND p.state = 'authorized' AND (o.status <> 'placed' OR o.payment_status <> 'authorized')
            AND o.needs_review = ''""")
    ]


def _disputes(provider_books: ProviderBooks, ask: Ask) -> list[str]:
    """Each is stored once, as the provider has it; it moves its order's payment status alone."""
    wrong, of_order = [], defaultdict(set)
    disputes_by_order = defaultdict(list)
    for row in ask("""SELECT d.provider_reference AS id, d.status AS said, d.amount_minor, d.payment_id,
            p.intent_reference AS intent, o.number, o.status, o.payment_status,
            EXISTS (SELECT 1 FROM order_event v WHERE v.order_id = o.id AND v.kind = 'cancelled'
                AND v.actor LIKE 'staff%') AS ended_by_staff
            FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN customer_order o
            ON o.id = p.order_id"""):
        disputes_by_order[row["id"]].append(row)
    real = {dispute["id"]: dispute for dispute in provider_books.things["dispute"]}
    wrong += [
        f"The shop knows the dispute {id}, the provider doesn't" for id in disputes_by_order if id not in real
    ]
    for id, dispute in real.items():
        as_is = (_STATUS[dispute["status"]], dispute["amount"], dispute["payment_intent"])
        if [(row["said"], row["amount_minor"], row["intent"]) for row in disputes_by_order[id]] != [as_is]:
            wrong.append(
                f"The dispute {id} is {as_is}, the shop says {list(map(dict, disputes_by_order[id]))}"
            )
            continue
        (row,) = disputes_by_order[id]
        is_inquiry = dispute["status"].startswith("warning_")
        of_order[row["number"]].add("inquiry" if is_inquiry else as_is[0])
        if row["status"] not in ("placed", "completed") and not row["ended_by_staff"]:
            wrong.append(f"The order {row['number']} of the dispute {id} is {row['status']}")
    says = {
        row["number"]: row["payment_status"]
        for row in ask("SELECT number, payment_status FROM customer_order")
    }
    for number, status in says.items():
        statuses = of_order[number]
        expected = (
            "disputed" if statuses & {"open", "answered"} else "charged_back" if "lost" in statuses else ""
        )
        if (status if status in ("disputed", "charged_back") else "") != expected:
            wrong.append(f"Order {number} is {status}, its disputes are {sorted(statuses)}")
    return wrong


def _returns(ask: Ask) -> list[str]:
    """A return is refunded once, for just its units; what arrived is counted once."""
    wrong = []
    refunds = defaultdict(set)
    units = Counter[int]()
    for row in ask("""SELECT r.return_id, r.request_key, coalesce(sum(l.quantity), 0) AS units FROM refund r
            LEFT JOIN refund_line l ON l.refund_id = r.id WHERE r.return_id IS NOT NULL
            GROUP BY r.return_id, r.request_key"""):
        refunds[row["return_id"]].add(row["request_key"].rsplit(":", 1)[0])
        units[row["return_id"]] += int(row["units"])
    for row in ask("""SELECT q.id, q.status, sum(CASE WHEN q.received_at IS NULL THEN l.quantity
            ELSE l.quantity_received END) AS units FROM return_request q
            JOIN return_line l ON l.return_id = q.id GROUP BY q.id, q.status, q.received_at"""):
        refund = refunds[row["id"]]
        if len(refund) != (row["status"] == "refunded"):
            wrong.append(f"Return {row['id']} is {row['status']}, and was refunded by {sorted(refund)}")
        if refund and units[row["id"]] != row["units"]:
            wrong.append(f"Return {row['id']} of {row['units']} units was refunded for {units[row['id']]}")
    return wrong + [
        f"{row['sku']} of order {row['order_id']}: {row['said']} are back, {row['back']} arrived"
        for row in ask("""SELECT * FROM (SELECT i.sku, i.order_id, i.quantity_returned AS said,
            (SELECT coalesce(sum(l.quantity_received), 0) FROM return_line l WHERE l.order_line_id = i.id)
            + (SELECT coalesce(sum(f.quantity), 0) FROM refund_line f
                WHERE f.order_line_id = i.id AND f.restocked) AS back FROM order_line i) found
            WHERE said <> back""")
    ]


def figures(provider_books: ProviderBooks, ask: Ask) -> dict[str, int]:
    """What came of it."""
    (row,) = ask("""SELECT (SELECT count(*) FROM credit_entry) AS entries,
        (SELECT count(DISTINCT order_id) FROM payment WHERE provider = 'credit' AND captured_minor > 0)
            AS with_credit,
        (SELECT count(*) FROM refund r JOIN payment p ON p.id = r.payment_id
            WHERE p.provider = 'credit' OR r.destination = 'credit') AS to_credit,
        (SELECT count(*) FROM return_request WHERE status = 'refunded') AS refunded""")
    stands = Counter(_STATUS[dispute["status"]] for dispute in provider_books.things["dispute"])
    return {
        "captured at fulfilment": len(provider_books.captured_later),
        "authorised still": len(provider_books.authorised),
        "authorised and voided": len(provider_books.voided),
        "credit entries": row["entries"],
        "orders paid with credit": row["with_credit"],
        "refunds to credit": row["to_credit"],
        "returns refunded": row["refunded"],
    } | {f"disputes {status}": count for status, count in stands.items()}
