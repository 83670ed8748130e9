"""The rules of promotions: uses, codes, budgets."""

from __future__ import annotations

from .rule import Rule

PROMOTIONS = (
    Rule(
        "promotion-used",
        "{name}: {used} uses are counted, {living} are there.",
        """
        SELECT p.name, p.used, coalesce(u.uses, 0) AS living FROM promotion p LEFT JOIN (
            SELECT promotion_id, count(*) AS uses FROM promotion_use
            WHERE given_back_at IS NULL GROUP BY promotion_id) u ON u.promotion_id = p.id
        WHERE p.used <> coalesce(u.uses, 0) ORDER BY p.name
        """,
    ),
    Rule(
        "code-used",
        "{code}: {used} uses are counted, {living} are there.",
        """
        SELECT c.code, c.used, coalesce(u.uses, 0) AS living FROM promotion_code c LEFT JOIN (
            SELECT code, count(*) AS uses FROM promotion_use WHERE given_back_at IS NULL GROUP BY code
        ) u ON u.code = c.code
        WHERE c.used <> coalesce(u.uses, 0) ORDER BY c.code
        """,
    ),
    Rule(
        "use-amount",
        "Order {number}, {code}: {said_minor} are counted as used, its discounts come to {given_minor}.",
        """
        SELECT o.number, o.currency, u.code, u.amount_minor AS said_minor, d.sum_minor AS given_minor
        FROM promotion_use u JOIN customer_order o ON o.id = u.order_id JOIN (
            SELECT order_id, promotion_id, sum(amount_minor) AS sum_minor FROM order_discount
            WHERE promotion_id IS NOT NULL GROUP BY order_id, promotion_id
        ) d ON d.order_id = u.order_id AND d.promotion_id = u.promotion_id
        WHERE u.amount_minor <> d.sum_minor AND d.sum_minor > 0 ORDER BY o.number, u.code
        """,
    ),
    Rule(
        "promotion-spent",
        "{name}: {spent_minor} are counted as given, its living uses come to {living_minor}.",
        """
        SELECT p.name, p.spent_minor, coalesce(u.sum_minor, 0) AS living_minor FROM promotion p LEFT JOIN (
            SELECT promotion_id, sum(amount_minor) AS sum_minor FROM promotion_use
            WHERE given_back_at IS NULL GROUP BY promotion_id) u ON u.promotion_id = p.id
        WHERE p.spent_minor <> coalesce(u.sum_minor, 0) ORDER BY p.name
        """,
    ),
    Rule(
        "promotion-limits",
        "{name}: {used} uses and {spent_minor} given are more than its limits allow.",
        """
        SELECT name, used, spent_minor FROM promotion
        WHERE used > usage_limit OR spent_minor > budget_minor ORDER BY name
        """,
    ),
    Rule(
        "code-limit",
        "{code}: {used} uses, and it is good for {usage_limit}.",
        """
        SELECT code, used, usage_limit FROM promotion_code WHERE used > usage_limit ORDER BY code
        """,
    ),
    Rule(
        "gift-free",
        "Order {number}, {sku}: a gift, and it costs {total_minor} and {tax_minor} tax.",
        """
        SELECT o.number, o.currency, l.sku, l.total_minor, l.tax_minor
        FROM order_line l JOIN customer_order o ON o.id = l.order_id
        WHERE l.is_gift AND (l.total_minor <> 0 OR l.tax_minor <> 0) ORDER BY o.number, l.sku
        """,
    ),
)
