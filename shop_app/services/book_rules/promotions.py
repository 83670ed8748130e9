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
)
