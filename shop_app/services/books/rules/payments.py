"""The rules of payments, refunds and disputes."""

from __future__ import annotations

from .rule import Rule

_EVENTS = """
    SELECT p.id AS payment_id, p.order_id,
        count(CASE WHEN e.kind = 'captured' THEN 1 END) AS captures,
        count(CASE WHEN e.kind = 'authorized' AND taken.payment_id IS NULL THEN 1 END) AS promises,
        coalesce(sum(CASE WHEN e.kind = 'captured' THEN e.amount_minor END), 0) AS captured_minor,
        coalesce(sum(CASE WHEN e.kind = 'refunded' AND failed.payment_id IS NULL THEN e.amount_minor END), 0)
            AS refunded_minor,
        coalesce(sum(CASE WHEN e.kind = 'authorized' AND taken.payment_id IS NULL THEN e.amount_minor END), 0)
            AS authorized_minor
    FROM payment p
    LEFT JOIN payment_event e ON e.payment_id = p.id AND e.kind IN ('captured', 'refunded', 'authorized')
    LEFT JOIN (SELECT DISTINCT payment_id, provider_reference FROM payment_event WHERE kind = 'refund_failed')
        failed ON failed.payment_id = e.payment_id AND failed.provider_reference = e.provider_reference
    LEFT JOIN (SELECT DISTINCT payment_id, provider_reference FROM payment_event
        WHERE kind IN ('captured', 'voided'))
        taken ON taken.payment_id = e.payment_id AND taken.provider_reference = e.provider_reference
    GROUP BY p.id, p.order_id
"""
"""What the events of each payment come to. A refund that failed later doesn't count, nor does what was
authorised and then captured or voided."""
_DISPUTED = """
    SELECT p.order_id,
        count(CASE WHEN w.id IS NULL AND l.id IS NULL THEN e.id END) AS disputed, count(l.id) AS lost
    FROM payment p
    LEFT JOIN payment_event e ON e.payment_id = p.id AND e.kind = 'dispute_opened'
    LEFT JOIN payment_event w ON w.payment_id = p.id AND w.kind = 'dispute_won'
        AND w.provider_reference = e.provider_reference
    LEFT JOIN payment_event l ON l.payment_id = p.id AND l.kind = 'dispute_lost'
        AND l.provider_reference = e.provider_reference
    GROUP BY p.order_id
"""
_CANCELLED = """
    SELECT l.order_id, sum((l.total_minor + CASE WHEN o.tax_included THEN 0 ELSE l.tax_minor END)
        / o.step_minor * l.quantity_cancelled / l.quantity * o.step_minor) AS minor
    FROM order_line l JOIN customer_order o ON o.id = l.order_id
    WHERE l.quantity_cancelled > 0 GROUP BY l.order_id
"""
"""What the cancelled units of an order come to, in whole steps: it isn't due."""

PAYMENTS = (
    Rule(
        "payment-captured",
        "Order {number}, attempt {attempt}: {captured_minor} are noted as captured,"
        " its events say {events_minor}.",
        f"""
        SELECT o.number, p.attempt, p.currency, p.captured_minor, e.captured_minor AS events_minor
        FROM payment p JOIN ({_EVENTS}) e ON e.payment_id = p.id JOIN customer_order o ON o.id = p.order_id
        WHERE p.captured_minor <> CASE WHEN e.captured_minor > p.amount_minor THEN p.amount_minor
            ELSE e.captured_minor END
        ORDER BY o.number, p.attempt
        """,
    ),
    Rule(
        "payment-refunded",
        "Order {number}, attempt {attempt}: {refunded_minor} are noted as refunded,"
        " its events say {events_minor}.",
        f"""
        SELECT o.number, p.attempt, p.currency, p.refunded_minor, e.refunded_minor AS events_minor
        FROM payment p JOIN ({_EVENTS}) e ON e.payment_id = p.id JOIN customer_order o ON o.id = p.order_id
        WHERE p.refunded_minor <> CASE WHEN e.refunded_minor > p.captured_minor THEN p.captured_minor
            ELSE e.refunded_minor END
        ORDER BY o.number, p.attempt
        """,
    ),
    Rule(
        "payment-pending",
        "Order {number}, attempt {attempt}: {noted_minor} wait to be refunded,"
        " open refunds come to {open_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, p.attempt, p.currency, p.refund_pending_minor AS noted_minor,
                p.captured_minor - p.refunded_minor AS most, coalesce(r.sum_minor, 0) AS open_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id LEFT JOIN (
                SELECT payment_id, sum(amount_minor) AS sum_minor FROM refund
                WHERE status = 'pending' GROUP BY payment_id) r ON r.payment_id = p.id) x
        WHERE noted_minor <> CASE WHEN open_minor > most THEN most ELSE open_minor END
        ORDER BY number, attempt
        """,
    ),
    Rule(
        "refunds-bounded",
        "Order {number}: {refunded_minor} were refunded, more than the {captured_minor} that came in.",
        f"""
        SELECT o.number, o.currency, sum(e.captured_minor) AS captured_minor, sum(e.refunded_minor)
            AS refunded_minor
        FROM ({_EVENTS}) e JOIN customer_order o ON o.id = e.order_id
        GROUP BY o.id, o.number, o.currency
        HAVING sum(e.refunded_minor) > sum(e.captured_minor) ORDER BY o.number
        """,
    ),
    Rule(
        "refund-events",
        "Order {number}: the refund {reference} of {amount_minor} is settled,"
        " and its payment has no such event.",
        """
        SELECT o.number, o.currency, r.amount_minor, coalesce(r.provider_reference, r.request_key)
            AS reference
        FROM refund r JOIN payment p ON p.id = r.payment_id JOIN customer_order o ON o.id = p.order_id
        WHERE r.status = 'succeeded' AND NOT EXISTS (
            SELECT 1 FROM payment_event e WHERE e.payment_id = p.id AND e.kind = 'refunded'
            AND e.provider_reference = r.provider_reference AND e.amount_minor = r.amount_minor)
        ORDER BY o.number
        """,
    ),
    Rule(
        "refund-parts",
        "Order {number}: the refund {request_key} of {amount_minor} has lines that come to {lines_minor}.",
        """
        SELECT o.number, o.currency, r.request_key, r.amount_minor, sum(l.amount_minor) AS lines_minor
        FROM refund r JOIN refund_line l ON l.refund_id = r.id JOIN payment p ON p.id = r.payment_id
        JOIN customer_order o ON o.id = p.order_id
        GROUP BY r.id, r.request_key, r.amount_minor, o.number, o.currency
        HAVING sum(l.amount_minor) > r.amount_minor ORDER BY o.number, r.request_key
        """,
    ),
    Rule(
        "refund-lines",
        "Order {number}, {sku}: {units} of {quantity} units were refunded, {given_minor} of {whole_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, l.sku, l.quantity, sum(f.quantity) AS units,
                l.total_minor + CASE WHEN o.tax_included THEN 0 ELSE l.tax_minor END AS whole_minor,
                sum(f.amount_minor) AS given_minor
            FROM refund_line f JOIN refund r ON r.id = f.refund_id AND r.status <> 'failed'
            JOIN order_line l ON l.id = f.order_line_id JOIN customer_order o ON o.id = l.order_id
            GROUP BY l.id, o.number, o.currency, l.sku, l.quantity, l.total_minor, l.tax_minor,
                o.tax_included) x
        WHERE given_minor > whole_minor OR units > quantity ORDER BY number, sku
        """,
    ),
    Rule(
        "refund-shipping",
        "Order {number}: {given_minor} of the delivery's {whole_minor} were refunded.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, f.given_minor,
                o.shipping_minor + coalesce(t.sum_minor, 0) AS whole_minor
            FROM (SELECT p.order_id, sum(f.amount_minor) AS given_minor
                FROM refund_line f JOIN refund r ON r.id = f.refund_id AND r.status <> 'failed'
                JOIN payment p ON p.id = r.payment_id
                WHERE f.order_line_id IS NULL GROUP BY p.order_id) f
            JOIN customer_order o ON o.id = f.order_id
            LEFT JOIN (SELECT order_id, sum(amount_minor) AS sum_minor FROM order_tax_line
                WHERE line_id IS NULL AND NOT included GROUP BY order_id) t ON t.order_id = o.id) x
        WHERE given_minor > whole_minor ORDER BY number
        """,
    ),
    Rule(
        "payment-status",
        "Order {number} says {said}, its payments' events say {computed}: of {due_minor}, {captured_minor}"
        " came in and {refunded_minor} went back.",
        f"""
        SELECT * FROM (
            SELECT number, currency, said, due_minor, captured_minor, refunded_minor,
                CASE WHEN disputed > 0 THEN 'disputed'
                    WHEN lost > 0 THEN 'charged_back'
                    WHEN captured_minor = 0 AND authorized_minor > 0 AND authorized_minor >= due_minor
                        THEN 'authorized'
                    WHEN captured_minor = 0 THEN 'none'
                    WHEN refunded_minor >= captured_minor THEN 'refunded'
                    WHEN refunded_minor > 0 THEN 'partially_refunded'
                    WHEN captured_minor < due_minor THEN 'partially_paid'
                    WHEN captured_minor > total_minor THEN 'overpaid'
                    ELSE 'paid' END AS computed
            FROM (
                SELECT o.number, o.currency, o.payment_status AS said, o.total_minor, s.captured_minor,
                    s.refunded_minor, s.authorized_minor, d.disputed, d.lost,
                    o.total_minor - coalesce(c.minor, 0) AS due_minor
                FROM customer_order o JOIN (
                    SELECT order_id, sum(captured_minor) AS captured_minor, sum(refunded_minor)
                        AS refunded_minor, sum(authorized_minor) AS authorized_minor
                    FROM ({_EVENTS}) e GROUP BY order_id) s ON s.order_id = o.id
                JOIN ({_DISPUTED}) d ON d.order_id = o.id
                LEFT JOIN ({_CANCELLED}) c ON c.order_id = o.id) y) x
        WHERE said <> computed AND NOT (computed = 'none' AND said = 'voided')
        ORDER BY number
        """,
    ),
    Rule(
        "payment-state",
        "Order {number}, attempt {attempt}: the payment is {state}, its events say otherwise.",
        f"""
        SELECT o.number, p.attempt, p.state
        FROM payment p JOIN customer_order o ON o.id = p.order_id JOIN ({_EVENTS}) e ON e.payment_id = p.id
        WHERE (e.captures > 0) <> (p.state = 'captured') OR (e.promises > 0) <> (p.state = 'authorized')
        ORDER BY o.number, p.attempt
        """,
    ),
    Rule(
        "dispute-events",
        "Order {number}: the dispute {reference} is {status}, the events of its payment say otherwise.",
        """
        SELECT * FROM (
            SELECT o.number, d.provider_reference AS reference, d.status, coalesce(e.opened, 0) AS opened,
                coalesce(e.won, 0) AS won, coalesce(e.lost, 0) AS lost
            FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN customer_order o ON o.id = p.order_id
            LEFT JOIN (
                SELECT payment_id, provider_reference, count(CASE WHEN kind = 'dispute_opened' THEN 1 END)
                    AS opened, count(CASE WHEN kind = 'dispute_won' THEN 1 END) AS won,
                    count(CASE WHEN kind = 'dispute_lost' THEN 1 END) AS lost
                FROM payment_event WHERE kind IN ('dispute_opened', 'dispute_won', 'dispute_lost')
                GROUP BY payment_id, provider_reference) e
                ON e.payment_id = d.payment_id AND e.provider_reference = d.provider_reference) x
        WHERE (opened > 0 AND status = 'won' AND won = 0) OR (status = 'lost' AND lost = 0)
            OR (won > 0 AND status NOT IN ('won', 'lost')) OR (lost > 0 AND status <> 'lost')
            OR (won + lost > 0 AND opened = 0)
        ORDER BY number, reference
        """,
    ),
    Rule(
        "event-counted-once",
        "{reference} of {provider} is in the ledger {times} times as {kind}.",
        """
        SELECT p.provider, e.kind, e.provider_reference AS reference, count(*) AS times
        FROM payment_event e JOIN payment p ON p.id = e.payment_id
        WHERE p.provider NOT IN ('manual', 'credit')
            AND e.kind IN ('captured', 'refunded', 'dispute_opened', 'dispute_lost')
        GROUP BY p.provider, e.kind, e.provider_reference HAVING count(*) > 1
        ORDER BY e.provider_reference
        """,
    ),
    Rule(
        "paid-without-money",
        "Order {number} says {said}, and no money came in for it.",
        """
        SELECT number, payment_status AS said FROM customer_order o
        WHERE payment_status IN ('paid', 'overpaid', 'partially_paid', 'refunded', 'partially_refunded',
                'disputed', 'charged_back')
            AND total_minor > 0 AND NOT EXISTS (
                SELECT 1 FROM payment p JOIN payment_event e ON e.payment_id = p.id
                WHERE p.order_id = o.id AND e.kind = 'captured')
        ORDER BY number
        """,
    ),
    # Staff who cancelled a paid order decided what is kept, such as the delivery.
    Rule(
        "money-without-order",
        "Order {number} is {status}, {kept_minor} were kept for it, and it isn't flagged for review.",
        f"""
        SELECT o.number, o.status, o.currency, sum(e.captured_minor - e.refunded_minor) AS kept_minor
        FROM ({_EVENTS}) e JOIN customer_order o ON o.id = e.order_id
        WHERE o.status NOT IN ('placed', 'completed') AND o.needs_review = ''
            AND NOT EXISTS (SELECT 1 FROM refund r JOIN payment p ON p.id = r.payment_id
                WHERE p.order_id = o.id AND r.status = 'pending')
            AND NOT EXISTS (SELECT 1 FROM order_event v WHERE v.order_id = o.id AND v.kind = 'cancelled'
                AND v.actor LIKE 'staff%' AND v.at >= o.paid_at)
            AND NOT EXISTS (SELECT 1 FROM order_event v WHERE v.order_id = o.id AND v.kind = 'resolved')
        GROUP BY o.id, o.number, o.status, o.currency
        HAVING sum(e.captured_minor - e.refunded_minor) > 0 ORDER BY o.number
        """,
    ),
    Rule(
        "money-counted-once",
        "The payment {reference} belongs to {orders} orders.",
        """
        SELECT intent_reference AS reference, count(DISTINCT order_id) AS orders FROM payment
        WHERE intent_reference IS NOT NULL AND captured_minor > 0
        GROUP BY provider, intent_reference HAVING count(DISTINCT order_id) > 1 ORDER BY intent_reference
        """,
    ),
)
