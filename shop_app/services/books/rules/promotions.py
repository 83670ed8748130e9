"""The rules of promotions: uses, codes, budgets."""

from __future__ import annotations

from .rule import Rule

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
    Rule(
        "promotion-spent",
        "{name}: {spent_minor} are counted as given, its living uses come to {living_minor}.",
        """
        SELECT * FROM (
            SELECT p.name, p.spent_minor, (SELECT coalesce(sum(u.amount_minor), 0) FROM promotion_use u
                WHERE u.promotion_id = p.id AND u.given_back_at IS NULL) AS living_minor
            FROM promotion p) x
        WHERE spent_minor <> living_minor ORDER BY name
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
