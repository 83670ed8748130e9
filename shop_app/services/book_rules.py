"""The rules of the books: for each its name, its sentence, and the SQL that finds what breaks it.

Columns that end in `_minor` are shown as money, in the row's `currency`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    sentence: str
    sql: str


_EVENTS = """
    SELECT p.id AS payment_id, p.order_id,
        (SELECT coalesce(sum(e.amount_minor), 0) FROM payment_event e
            WHERE e.payment_id = p.id AND e.kind = 'captured') AS captured_minor,
        (SELECT coalesce(sum(e.amount_minor), 0) FROM payment_event e
            WHERE e.payment_id = p.id AND e.kind = 'refunded' AND NOT EXISTS (
                SELECT 1 FROM payment_event f WHERE f.payment_id = p.id AND f.kind = 'refund_failed'
                AND f.provider_reference = e.provider_reference)) AS refunded_minor
    FROM payment p
"""
"""What the events of each payment come to; a refund that failed later doesn't count."""

_OPEN_UNITS = """
    SELECT l.variant_id, l.order_id, sum(l.quantity - l.quantity_fulfilled - l.quantity_cancelled) AS units
    FROM order_line l JOIN customer_order o ON o.id = l.order_id
    WHERE o.status IN ('pending', 'placed', 'completed') AND l.variant_id IS NOT NULL
    GROUP BY l.variant_id, l.order_id
"""
"""Units that belong to living orders and haven't left."""

ORDERS = (
    Rule(
        "order-total",
        "Order {number}: its total is {total_minor}, its parts come to {parts_minor}.",
        """
        SELECT * FROM (
            SELECT number, currency, total_minor, subtotal_minor - discount_minor + shipping_minor
                + CASE WHEN tax_included THEN 0 ELSE tax_minor END AS parts_minor
            FROM customer_order) o
        WHERE total_minor <> parts_minor ORDER BY number
        """,
    ),
    Rule(
        "order-lines",
        "Order {number} has no lines.",
        """
        SELECT number FROM customer_order o
        WHERE NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id) ORDER BY number
        """,
    ),
    Rule(
        "order-copies",
        "Order {number}: a line lacks the copy of its title or SKU.",
        """
        SELECT DISTINCT o.number FROM order_line l JOIN customer_order o ON o.id = l.order_id
        WHERE l.title = '' OR l.sku = '' ORDER BY o.number
        """,
    ),
    Rule(
        "order-subtotal",
        "Order {number}: its subtotal is {subtotal_minor}, its lines come to {lines_minor}.",
        """
        SELECT o.number, o.currency, o.subtotal_minor, sum(l.subtotal_minor) AS lines_minor
        FROM customer_order o JOIN order_line l ON l.order_id = o.id
        GROUP BY o.id, o.number, o.currency, o.subtotal_minor
        HAVING o.subtotal_minor <> sum(l.subtotal_minor) ORDER BY o.number
        """,
    ),
    Rule(
        "order-discount",
        "Order {number}: its discount is {discount_minor}, its lines have {lines_minor}.",
        """
        SELECT o.number, o.currency, o.discount_minor, sum(l.discount_minor) AS lines_minor
        FROM customer_order o JOIN order_line l ON l.order_id = o.id
        GROUP BY o.id, o.number, o.currency, o.discount_minor
        HAVING o.discount_minor <> sum(l.discount_minor) ORDER BY o.number
        """,
    ),
    Rule(
        "line-discount",
        "Order {number}, {sku}: the line's discount is {discount_minor}, its parts come to {parts_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, l.sku, l.discount_minor,
                (SELECT coalesce(sum(d.amount_minor), 0) FROM order_discount d WHERE d.line_id = l.id)
                    AS parts_minor
            FROM order_line l JOIN customer_order o ON o.id = l.order_id) x
        WHERE discount_minor <> parts_minor ORDER BY number, sku
        """,
    ),
    Rule(
        "order-tax",
        "Order {number}: its tax is {tax_minor}, its tax lines come to {lines_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, o.tax_minor,
                (SELECT coalesce(sum(t.amount_minor), 0) FROM order_tax_line t
                    WHERE t.order_id = o.id) AS lines_minor
            FROM customer_order o) x
        WHERE tax_minor <> lines_minor ORDER BY number
        """,
    ),
    Rule(
        "line-tax",
        "Order {number}, {sku}: the line's tax is {tax_minor}, its tax lines come to {lines_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, l.sku, l.tax_minor,
                (SELECT coalesce(sum(t.amount_minor), 0) FROM order_tax_line t WHERE t.line_id = l.id)
                    AS lines_minor
            FROM order_line l JOIN customer_order o ON o.id = l.order_id) x
        WHERE tax_minor <> lines_minor ORDER BY number, sku
        """,
    ),
    Rule(
        "tax-base",
        "Order {number}, {sku}: tax and its base come to {sum_minor}, the line to {total_minor}.",
        """
        SELECT o.number, o.currency, l.sku, l.total_minor, t.base_minor + t.amount_minor AS sum_minor
        FROM order_tax_line t JOIN order_line l ON l.id = t.line_id JOIN customer_order o ON o.id = t.order_id
        WHERE t.included AND t.base_minor + t.amount_minor <> l.total_minor
            AND NOT EXISTS (SELECT 1 FROM order_tax_line other WHERE other.line_id = l.id
                AND other.id <> t.id)
        ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "order-numbers",
        "Order numbers run from {first} to {last} with {missing} missing; the counter stands at {counted}.",
        """
        SELECT * FROM (
            SELECT min(number) AS first, max(number) AS last, max(number) - min(number) + 1 - count(*)
                AS missing,
                (SELECT max(value) FROM counter WHERE name = 'order') AS counted
            FROM customer_order) x
        WHERE first IS NOT NULL AND (missing <> 0 OR counted IS NULL OR counted <> last)
        """,
    ),
    Rule(
        "order-cart",
        "Order {number} is {status}, and its cart is still open.",
        """
        SELECT o.number, o.status FROM customer_order o JOIN cart c ON c.id = o.cart_id
        WHERE o.status IN ('placed', 'completed') AND c.completed_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM order_event e WHERE e.order_id = o.id AND e.kind = 'expired')
        ORDER BY o.number
        """,
    ),
    Rule(
        "line-parcels",
        "Order {number}, {sku}: {said} units are marked as sent, parcels hold {sent}.",
        """
        SELECT * FROM (
            SELECT o.number, l.sku, l.quantity_fulfilled AS said,
                (SELECT coalesce(sum(f.quantity), 0) FROM fulfilment_line f
                    JOIN fulfilment p ON p.id = f.fulfilment_id
                    WHERE f.order_line_id = l.id AND p.status <> 'cancelled') AS sent
            FROM order_line l JOIN customer_order o ON o.id = l.order_id) x
        WHERE said <> sent ORDER BY number, sku
        """,
    ),
)

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
                p.captured_minor - p.refunded_minor AS most,
                (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r
                    WHERE r.payment_id = p.id AND r.status = 'pending') AS open_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id) x
        WHERE noted_minor <> CASE WHEN open_minor > most THEN most ELSE open_minor END ORDER BY number,
        attempt
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
        "payment-status",
        "Order {number} says {said}; of {total_minor}, {captured_minor} came in"
        " and {refunded_minor} went back.",
        f"""
        SELECT * FROM (
            SELECT o.number, o.currency, o.payment_status AS said, o.total_minor, s.captured_minor,
                s.refunded_minor,
                CASE WHEN s.captured_minor = 0 THEN 'none'
                    WHEN s.refunded_minor >= s.captured_minor THEN 'refunded'
                    WHEN s.refunded_minor > 0 THEN 'partially_refunded'
                    WHEN s.captured_minor < o.total_minor THEN 'partially_paid'
                    WHEN s.captured_minor > o.total_minor THEN 'overpaid'
                    ELSE 'paid' END AS folded
            FROM customer_order o JOIN (
                SELECT order_id, sum(captured_minor) AS captured_minor, sum(refunded_minor) AS refunded_minor
                FROM ({_EVENTS}) e GROUP BY order_id) s ON s.order_id = o.id) x
        WHERE said <> folded AND said NOT IN ('disputed', 'voided', 'authorized')
        ORDER BY number
        """,
    ),
    Rule(
        "paid-without-money",
        "Order {number} says {said}, and no money came in for it.",
        """
        SELECT number, payment_status AS said FROM customer_order o
        WHERE payment_status IN ('paid', 'overpaid', 'partially_paid', 'refunded', 'partially_refunded')
            AND total_minor > 0 AND NOT EXISTS (
                SELECT 1 FROM payment p JOIN payment_event e ON e.payment_id = p.id
                WHERE p.order_id = o.id AND e.kind = 'captured')
        ORDER BY number
        """,
    ),
    Rule(
        "money-without-order",
        "Order {number} is {status}, {kept_minor} were kept for it, and nobody was asked to look.",
        f"""
        SELECT o.number, o.status, o.currency, sum(e.captured_minor - e.refunded_minor) AS kept_minor
        FROM ({_EVENTS}) e JOIN customer_order o ON o.id = e.order_id
        WHERE o.status NOT IN ('placed', 'completed') AND o.attention = ''
            AND NOT EXISTS (SELECT 1 FROM refund r JOIN payment p ON p.id = r.payment_id
                WHERE p.order_id = o.id AND r.status = 'pending')
        GROUP BY o.id, o.number, o.status, o.currency
        HAVING sum(e.captured_minor - e.refunded_minor) > 0 ORDER BY o.number
        """,
    ),
    Rule(
        "money-counted-once",
        "The payment {reference} stands on {orders} orders.",
        """
        SELECT intent_reference AS reference, count(DISTINCT order_id) AS orders FROM payment
        WHERE intent_reference IS NOT NULL AND captured_minor > 0
        GROUP BY provider, intent_reference HAVING count(DISTINCT order_id) > 1 ORDER BY intent_reference
        """,
    ),
)

STOCK = (
    Rule(
        "stock-ledger",
        "{sku}: on hand {on_hand}, allocated {allocated}, held {held};"
        " the movements come to {moved_on_hand}, {moved_allocated} and {moved_held}.",
        """
        SELECT * FROM (
            SELECT v.sku, coalesce(l.on_hand, 0) AS on_hand, coalesce(l.allocated, 0) AS allocated,
                coalesce(l.held, 0) AS held, coalesce(m.on_hand, 0) AS moved_on_hand,
                coalesce(m.allocated, 0) AS moved_allocated, coalesce(m.held, 0) AS moved_held
            FROM variant v LEFT JOIN stock_level l ON l.variant_id = v.id LEFT JOIN (
                SELECT variant_id, sum(on_hand_delta) AS on_hand, sum(allocated_delta) AS allocated,
                    sum(held_delta) AS held
                        FROM stock_movement GROUP BY variant_id) m ON m.variant_id = v.id) x
        WHERE on_hand <> moved_on_hand OR allocated <> moved_allocated OR held <> moved_held ORDER BY sku
        """,
    ),
    Rule(
        "stock-bounds",
        "{sku}: on hand {on_hand}, allocated {allocated}, held {held}: more is promised than is there.",
        """
        SELECT v.sku, l.on_hand, l.allocated, l.held FROM stock_level l JOIN variant v ON v.id = l.variant_id
        WHERE l.on_hand < 0 OR l.allocated < 0 OR l.held < 0
            OR (l.policy <> 'backorder' AND l.allocated + l.held > l.on_hand) ORDER BY v.sku
        """,
    ),
    Rule(
        "stock-allocated",
        "{sku}: {allocated} are allocated, open orders have {units}.",
        f"""
        SELECT * FROM (
            SELECT v.sku, l.allocated, coalesce(u.units, 0) AS units
            FROM stock_level l JOIN variant v ON v.id = l.variant_id LEFT JOIN (
                SELECT variant_id, sum(units) AS units FROM ({_OPEN_UNITS}) o GROUP BY variant_id
            ) u ON u.variant_id = l.variant_id) x
        WHERE allocated <> units ORDER BY sku
        """,
    ),
    Rule(
        "stock-of-orders",
        "Order {number}, {sku}: {units} units are still to be sent, its movements keep {kept}.",
        f"""
        SELECT o.number, v.sku, coalesce(u.units, 0) AS units, m.kept
        FROM (SELECT order_id, variant_id, sum(allocated_delta) AS kept FROM stock_movement
            WHERE order_id IS NOT NULL GROUP BY order_id, variant_id) m
        JOIN customer_order o ON o.id = m.order_id JOIN variant v ON v.id = m.variant_id
        LEFT JOIN ({_OPEN_UNITS}) u ON u.order_id = m.order_id AND u.variant_id = m.variant_id
        WHERE m.kept <> coalesce(u.units, 0) ORDER BY o.number, v.sku
        """,
    ),
    Rule(
        "stock-held",
        "{sku}: {held} are held, the holds of carts come to {units}.",
        """
        SELECT * FROM (
            SELECT v.sku, l.held, coalesce(h.units, 0) AS units
            FROM stock_level l JOIN variant v ON v.id = l.variant_id LEFT JOIN (
                SELECT variant_id, sum(quantity) AS units FROM stock_hold GROUP BY variant_id
            ) h ON h.variant_id = l.variant_id) x
        WHERE held <> units ORDER BY sku
        """,
    ),
)

PROMOTIONS = (
    Rule(
        "promotion-used",
        "{name}: {used} uses are counted, {living} are there.",
        """
        SELECT * FROM (
            SELECT p.name, p.used, (SELECT count(*) FROM promotion_use u
                WHERE u.promotion_id = p.id AND u.given_back_at IS NULL) AS living
            FROM promotion p) x
        WHERE used <> living ORDER BY name
        """,
    ),
    Rule(
        "code-used",
        "{code}: {used} uses are counted, {living} are there.",
        """
        SELECT * FROM (
            SELECT c.code, c.used, (SELECT count(*) FROM promotion_use u
                WHERE u.code = c.code AND u.given_back_at IS NULL) AS living
            FROM promotion_code c) x
        WHERE used <> living ORDER BY code
        """,
    ),
    Rule(
        "use-amount",
        "Order {number}, {code}: {said_minor} are counted as used, its discounts come to {given_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, u.code, u.amount_minor AS said_minor,
                (SELECT coalesce(sum(d.amount_minor), 0) FROM order_discount d
                    WHERE d.order_id = o.id AND d.promotion_id = u.promotion_id) AS given_minor
            FROM promotion_use u JOIN customer_order o ON o.id = u.order_id) x
        WHERE said_minor <> given_minor AND given_minor > 0 ORDER BY number, code
        """,
    ),
)

RULES = (*ORDERS, *PAYMENTS, *STOCK, *PROMOTIONS)
