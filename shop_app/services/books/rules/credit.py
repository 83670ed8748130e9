"""The rules of gift cards and store credit: balances are sums; entries agree with payments and refunds."""

from __future__ import annotations

from .rule import Rule

CREDIT = (
    Rule(
        "credit-balance",
        "Credit {account}: {balance_minor} are on it, its entries come to {entries_minor}.",
        """
        SELECT a.id AS account, a.currency, a.balance_minor, coalesce(e.sum_minor, 0) AS entries_minor
        FROM credit_account a LEFT JOIN (
            SELECT account_id, sum(amount_minor) AS sum_minor FROM credit_entry GROUP BY account_id
        ) e ON e.account_id = a.id
        WHERE a.balance_minor <> coalesce(e.sum_minor, 0) ORDER BY a.id
        """,
    ),
    Rule(
        "credit-below-zero",
        "Credit {account} is at {balance_minor}.",
        """
        SELECT id AS account, currency, balance_minor FROM credit_account
        WHERE balance_minor < 0 ORDER BY id
        """,
    ),
    Rule(
        "credit-payments",
        "Order {number} was paid with {amount_minor} of credit, {entries} entries say so, of {spent_minor}.",
        """
        SELECT * FROM (
            SELECT o.number, p.currency, p.amount_minor, coalesce(s.entries, 0) AS entries,
                coalesce(s.sum_minor, 0) AS spent_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id LEFT JOIN (
                SELECT e.payment_id, count(*) AS entries,
                    -sum(CASE WHEN a.currency = q.currency THEN e.amount_minor ELSE 0 END) AS sum_minor
                FROM credit_entry e JOIN credit_account a ON a.id = e.account_id
                JOIN payment q ON q.id = e.payment_id
                WHERE e.kind = 'spent' GROUP BY e.payment_id) s ON s.payment_id = p.id
            WHERE p.provider = 'credit') x
        WHERE entries <> 1 OR spent_minor <> amount_minor ORDER BY number
        """,
    ),
    Rule(
        "credit-spent",
        "{spent_minor} of credit {account} were spent for no payment ({key}).",
        """
        SELECT e.account_id AS account, a.currency, -e.amount_minor AS spent_minor, e.request_key AS key
        FROM credit_entry e JOIN credit_account a ON a.id = e.account_id
        WHERE e.kind = 'spent' AND NOT EXISTS (
            SELECT 1 FROM payment p WHERE p.id = e.payment_id AND p.provider = 'credit'
            AND p.order_id = e.order_id)
        ORDER BY e.id
        """,
    ),
    Rule(
        "credit-returned",
        "Order {number}: {returned_minor} of its credit went back, {unused_minor} of it aren't used.",
        """
        SELECT * FROM (
            SELECT o.number, p.currency,
                CASE WHEN p.provider = 'credit' AND p.state <> 'authorized'
                    THEN p.amount_minor - p.captured_minor ELSE 0 END AS unused_minor,
                coalesce(e.sum_minor, 0) AS returned_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id LEFT JOIN (
                SELECT payment_id, sum(amount_minor) AS sum_minor FROM credit_entry
                WHERE kind = 'returned' GROUP BY payment_id) e ON e.payment_id = p.id) x
        WHERE unused_minor <> returned_minor ORDER BY number
        """,
    ),
    Rule(
        "credit-waiting",
        "Order {number} is {status}, and {amount_minor} of credit are still set aside for it.",
        """
        SELECT o.number, o.status, p.currency, p.amount_minor
        FROM payment p JOIN customer_order o ON o.id = p.order_id
        WHERE p.provider = 'credit' AND p.state = 'authorized'
            AND (o.status IN ('cancelled', 'expired') OR o.paid_at IS NOT NULL)
        ORDER BY o.number
        """,
    ),
    Rule(
        "credit-refunds",
        "Order {number}: {amount_minor} were refunded as credit, {entries} entries of {given_minor} say so.",
        """
        SELECT * FROM (
            SELECT o.number, p.currency, r.amount_minor, coalesce(e.entries, 0) AS entries,
                coalesce(e.sum_minor, 0) AS given_minor
            FROM refund r JOIN payment p ON p.id = r.payment_id JOIN customer_order o ON o.id = p.order_id
            LEFT JOIN (SELECT refund_id, count(*) AS entries, sum(amount_minor) AS sum_minor
                FROM credit_entry WHERE kind = 'refunded' GROUP BY refund_id) e ON e.refund_id = r.id
            WHERE r.status = 'succeeded' AND (r.destination = 'credit' OR p.provider = 'credit')) x
        WHERE entries <> 1 OR given_minor <> amount_minor ORDER BY number
        """,
    ),
    Rule(
        "credit-refunded",
        "{given_minor} were given to credit {account} for no refund ({key}).",
        """
        SELECT e.account_id AS account, a.currency, e.amount_minor AS given_minor, e.request_key AS key
        FROM credit_entry e JOIN credit_account a ON a.id = e.account_id
        WHERE e.kind = 'refunded' AND NOT EXISTS (
            SELECT 1 FROM refund r JOIN payment p ON p.id = r.payment_id
            WHERE r.id = e.refund_id AND r.status = 'succeeded'
            AND (r.destination = 'credit' OR p.provider = 'credit'))
        ORDER BY e.id
        """,
    ),
)
