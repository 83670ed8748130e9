"""The rules of the three numbers, the holds and the ledger of movements."""

from __future__ import annotations

from .rule import Rule

_OPEN_UNITS = """
    SELECT l.variant_id, l.order_id, sum(l.quantity - l.quantity_fulfilled - l.quantity_cancelled) AS units
    FROM order_line l JOIN customer_order o ON o.id = l.order_id
    WHERE o.status IN ('pending', 'placed', 'completed') AND l.variant_id IS NOT NULL
    GROUP BY l.variant_id, l.order_id
"""
"""Units that belong to living orders and haven't left."""

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
        "stock-untracked",
        "{sku} isn't tracked: on hand {on_hand}, held {held}; orders have {allocated} of it,"
        " {holds} units are held.",
        """
        SELECT v.sku, l.on_hand, l.allocated, l.held, coalesce(h.units, 0) AS holds
        FROM stock_level l JOIN variant v ON v.id = l.variant_id LEFT JOIN (
            SELECT variant_id, sum(quantity) AS units FROM stock_hold GROUP BY variant_id
        ) h ON h.variant_id = l.variant_id
        WHERE l.policy = 'untracked'
            AND (l.on_hand <> l.allocated OR l.held <> 0 OR coalesce(h.units, 0) <> 0)
        ORDER BY v.sku
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
        "stock-returned",
        "Order {number}, {sku}: {moved} units were restocked, returns and refunds say {said}.",
        """
        SELECT * FROM (
            SELECT o.number, v.sku, coalesce(m.units, 0) AS moved,
                coalesce(r.units, 0) + coalesce(f.units, 0) AS said
            FROM (SELECT DISTINCT order_id, variant_id FROM order_line
                WHERE quantity_returned > 0 AND variant_id IS NOT NULL) x
            JOIN customer_order o ON o.id = x.order_id JOIN variant v ON v.id = x.variant_id
            LEFT JOIN (SELECT order_id, variant_id, sum(on_hand_delta) AS units FROM stock_movement
                WHERE kind = 'returned' AND order_id IS NOT NULL GROUP BY order_id, variant_id) m
                ON m.order_id = x.order_id AND m.variant_id = x.variant_id
            LEFT JOIN (SELECT l.order_id, l.variant_id, sum(r.quantity_restocked) AS units
                FROM return_line r JOIN order_line l ON l.id = r.order_line_id
                GROUP BY l.order_id, l.variant_id) r
                ON r.order_id = x.order_id AND r.variant_id = x.variant_id
            LEFT JOIN (SELECT l.order_id, l.variant_id, sum(f.quantity) AS units
                FROM refund_line f JOIN order_line l ON l.id = f.order_line_id
                WHERE f.restocked GROUP BY l.order_id, l.variant_id) f
                ON f.order_id = x.order_id AND f.variant_id = x.variant_id) y
        WHERE moved <> said ORDER BY number, sku
        """,
    ),
    Rule(
        "stock-held",
        "{sku}: {held} are held; the holds of carts come to {units}, {offers} are kept for people in line,"
        " {reserved} are set aside for the next.",
        """
        SELECT * FROM (
            SELECT v.sku, l.held, coalesce(h.units, 0) AS units, coalesce(o.units, 0) AS offers,
                coalesce(r.units, 0) AS reserved
            FROM stock_level l JOIN variant v ON v.id = l.variant_id LEFT JOIN (
                SELECT variant_id, sum(quantity) AS units FROM stock_hold GROUP BY variant_id
            ) h ON h.variant_id = l.variant_id LEFT JOIN (
                SELECT variant_id, count(*) AS units FROM stock_offer WHERE order_id IS NULL
                GROUP BY variant_id
            ) o ON o.variant_id = l.variant_id
            LEFT JOIN stock_reserve r ON r.variant_id = l.variant_id) x
        WHERE held <> units + offers + reserved ORDER BY sku
        """,
    ),
    Rule(
        "hold-ledger",
        "Cart {cart_id}, {sku}: {units} are held for it, its movements come to {moved}.",
        """
        SELECT * FROM (
            SELECT m.cart_id, v.sku, coalesce(h.quantity, 0) AS units, m.moved
            FROM (SELECT cart_id, variant_id, sum(held_delta) AS moved FROM stock_movement
                WHERE cart_id IS NOT NULL GROUP BY cart_id, variant_id) m
            JOIN variant v ON v.id = m.variant_id
            LEFT JOIN stock_hold h ON h.cart_id = m.cart_id AND h.variant_id = m.variant_id) x
        WHERE moved <> units ORDER BY cart_id, sku
        """,
    ),
)
