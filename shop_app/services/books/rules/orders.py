"""The rules of orders: totals, lines, taxes, numbers, shipments."""

from __future__ import annotations

from ....core.currencies import CURRENCIES
from .rule import Rule

_OFF_STEP = " OR ".join(
    f"(currency = '{currency.code}' AND (price_minor % {currency.step_minor} <> 0"
    f" OR compare_at_minor % {currency.step_minor} <> 0))"
    for currency in CURRENCIES.values()
    if currency.step_minor != 1
)

ORDERS = (
    Rule(
        "price-step",
        "{sku}: {price_minor} or its compare-at price can't be charged in {currency}.",
        f"SELECT sku, currency, price_minor FROM variant WHERE {_OFF_STEP} ORDER BY sku",
    ),
    Rule(
        "order-step",
        "Order {number}: {what} of {amount_minor} isn't a multiple of {step_minor}.",
        """
        SELECT number, currency, step_minor, what, amount_minor FROM (
            SELECT number, currency, step_minor, 'a total' AS what, total_minor AS amount_minor
            FROM customer_order
            UNION ALL SELECT number, currency, step_minor, 'a delivery', shipping_minor FROM customer_order
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a line',
                l.total_minor + CASE WHEN o.tax_included THEN 0 ELSE l.tax_minor END
            FROM order_line l JOIN customer_order o ON o.id = l.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a price', l.unit_price_minor
            FROM order_line l JOIN customer_order o ON o.id = l.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a discount', d.amount_minor
            FROM order_discount d JOIN customer_order o ON o.id = d.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a payment', p.amount_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a capture', p.captured_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a refund', r.amount_minor
            FROM refund r JOIN payment p ON p.id = r.payment_id JOIN customer_order o ON o.id = p.order_id
            UNION ALL SELECT o.number, o.currency, o.step_minor, 'a part of a refund', f.amount_minor
            FROM refund_line f JOIN refund r ON r.id = f.refund_id JOIN payment p ON p.id = r.payment_id
            JOIN customer_order o ON o.id = p.order_id) x
        WHERE step_minor <> 1 AND amount_minor % step_minor <> 0 ORDER BY number, what, amount_minor
        """,
    ),
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
        SELECT o.number, o.currency, l.sku, l.discount_minor, coalesce(x.sum_minor, 0) AS parts_minor
        FROM order_line l JOIN customer_order o ON o.id = l.order_id LEFT JOIN (
            SELECT line_id, sum(amount_minor) AS sum_minor FROM order_discount
            WHERE line_id IS NOT NULL GROUP BY line_id) x ON x.line_id = l.id
        WHERE l.discount_minor <> coalesce(x.sum_minor, 0) ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "order-tax",
        "Order {number}: its tax is {tax_minor}, its tax lines come to {lines_minor}.",
        """
        SELECT o.number, o.currency, o.tax_minor, coalesce(t.sum_minor, 0) AS lines_minor
        FROM customer_order o LEFT JOIN (
            SELECT order_id, sum(amount_minor) AS sum_minor FROM order_tax_line GROUP BY order_id
        ) t ON t.order_id = o.id
        WHERE o.tax_minor <> coalesce(t.sum_minor, 0) ORDER BY o.number
        """,
    ),
    Rule(
        "line-tax",
        "Order {number}, {sku}: the line's tax is {tax_minor}, its tax lines come to {lines_minor}.",
        """
        SELECT o.number, o.currency, l.sku, l.tax_minor, coalesce(x.sum_minor, 0) AS lines_minor
        FROM order_line l JOIN customer_order o ON o.id = l.order_id LEFT JOIN (
            SELECT line_id, sum(amount_minor) AS sum_minor FROM order_tax_line
            WHERE line_id IS NOT NULL GROUP BY line_id) x ON x.line_id = l.id
        WHERE l.tax_minor <> coalesce(x.sum_minor, 0) ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "tax-base",
        "Order {number}, {sku}: tax and its base come to {sum_minor}, the line to {total_minor}.",
        """
        SELECT o.number, o.currency, l.sku, l.total_minor, t.sum_minor
        FROM (SELECT line_id, min(order_id) AS order_id, sum(base_minor + amount_minor) AS sum_minor
            FROM order_tax_line WHERE line_id IS NOT NULL GROUP BY line_id
            HAVING count(*) = 1 AND count(CASE WHEN included THEN 1 END) = 1) t
        JOIN order_line l ON l.id = t.line_id JOIN customer_order o ON o.id = t.order_id
        WHERE t.sum_minor <> l.total_minor ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "tax-base-on-top",
        "Order {number}, {sku}: the tax is worked out from {base_minor}, the line comes to {total_minor}.",
        """
        SELECT o.number, o.currency, l.sku, l.total_minor, sum(t.base_minor) AS base_minor
        FROM order_tax_line t JOIN order_line l ON l.id = t.line_id JOIN customer_order o ON o.id = t.order_id
        WHERE NOT t.included AND t.base_minor <> l.total_minor
        GROUP BY o.number, o.currency, l.sku, l.total_minor, l.id ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "tax-base-of-shipping",
        "Order {number}: tax on delivery and its base come to {sum_minor}, delivery to {shipping_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, o.currency, o.shipping_minor,
                sum(t.base_minor + CASE WHEN t.included THEN t.amount_minor ELSE 0 END) AS sum_minor
            FROM customer_order o JOIN order_tax_line t ON t.order_id = o.id AND t.line_id IS NULL
            GROUP BY o.id, o.number, o.currency, o.shipping_minor) x
        WHERE shipping_minor <> sum_minor ORDER BY number
        """,
    ),
    Rule(
        "reverse-charge",
        "Order {number}: by reverse charge, and with {tax_minor} tax or without the buyer's VAT number.",
        """
        SELECT number, currency, tax_minor FROM customer_order
        WHERE reverse_charge AND (tax_minor <> 0 OR tax_included OR vat_number = '') ORDER BY number
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
        "line-returns",
        "Order {number}, {sku}: {said} units are marked as come back, returns and refunds hold {back}.",
        """
        SELECT * FROM (
            SELECT o.number, l.sku, l.quantity_returned AS said,
                coalesce(r.units, 0) + coalesce(f.units, 0) AS back
            FROM order_line l JOIN customer_order o ON o.id = l.order_id
            LEFT JOIN (SELECT order_line_id, sum(quantity_received) AS units FROM return_line
                GROUP BY order_line_id) r ON r.order_line_id = l.id
            LEFT JOIN (SELECT order_line_id, sum(quantity) AS units FROM refund_line
                WHERE restocked AND order_line_id IS NOT NULL GROUP BY order_line_id) f
                ON f.order_line_id = l.id) x
        WHERE said <> back ORDER BY number, sku
        """,
    ),
    Rule(
        "return-received",
        "Order {number}: return {return_id} is {status}, and its goods say something else.",
        """
        SELECT o.number, q.id AS return_id, q.status FROM return_request q
        JOIN customer_order o ON o.id = q.order_id LEFT JOIN (
            SELECT return_id, sum(quantity_received) AS units FROM return_line GROUP BY return_id
        ) r ON r.return_id = q.id
        WHERE (q.received_at IS NOT NULL OR q.status = 'received') <> (coalesce(r.units, 0) > 0)
        ORDER BY o.number, q.id
        """,
    ),
    Rule(
        "line-units",
        "Order {number}, {sku}: of {quantity} units {sent} were sent, {ended} cancelled, {back} came back.",
        """
        SELECT o.number, l.sku, l.quantity, l.quantity_fulfilled AS sent, l.quantity_cancelled AS ended,
            l.quantity_returned AS back
        FROM order_line l JOIN customer_order o ON o.id = l.order_id
        WHERE l.quantity_fulfilled + l.quantity_cancelled > l.quantity
            OR l.quantity_returned > l.quantity_fulfilled
        ORDER BY o.number, l.sku
        """,
    ),
    Rule(
        "fulfilment-status",
        "Order {number} says {said}; its units and shipments come to {computed}.",
        """
        SELECT * FROM (
            SELECT o.number, o.fulfilment_status AS said, CASE WHEN l.sent = 0 THEN 'none'
                WHEN l.sent < l.wanted THEN 'partial' WHEN l.back = l.sent THEN 'returned'
                WHEN l.back > 0 THEN 'partially_returned' WHEN p.order_id IS NOT NULL THEN 'shipped'
                ELSE 'delivered' END AS computed
            FROM customer_order o JOIN (
                SELECT order_id, sum(quantity_fulfilled) AS sent, sum(quantity_returned) AS back,
                    sum(quantity - quantity_cancelled) AS wanted
                FROM order_line GROUP BY order_id) l ON l.order_id = o.id
            LEFT JOIN (SELECT DISTINCT order_id FROM shipment WHERE status = 'shipped') p
                ON p.order_id = o.id) x
        WHERE said <> computed ORDER BY number
        """,
    ),
    Rule(
        "line-shipments",
        "Order {number}, {sku}: {said} units are marked as sent, shipments hold {sent}.",
        """
        SELECT o.number, l.sku, l.quantity_fulfilled AS said, coalesce(f.units, 0) AS sent
        FROM order_line l JOIN customer_order o ON o.id = l.order_id LEFT JOIN (
            SELECT f.order_line_id, sum(f.quantity) AS units
            FROM shipment_line f JOIN shipment p ON p.id = f.shipment_id
            WHERE p.status <> 'cancelled' GROUP BY f.order_line_id) f ON f.order_line_id = l.id
        WHERE l.quantity_fulfilled <> coalesce(f.units, 0) ORDER BY o.number, l.sku
        """,
    ),
)
