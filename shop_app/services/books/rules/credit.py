"""The rules of gift cards and store credit: balances are sums; entries agree with payments and refunds."""

from __future__ import annotations

from .rule import Rule

CREDIT = (
    Rule(
        "credit-balance",
        "Credit {account}: {balance_minor} are on it, its entries come to {entries_minor}.",
        """
        SELECT * FROM (
            SELECT a.id AS account, a.currency, a.balance_minor,
                (SELECT coalesce(sum(e.amount_minor), 0) FROM credit_entry e WHERE e.account_id = a.id)
                    AS entries_minor
            FROM credit_account a) x
        WHERE balance_minor <> entries_minor ORDER BY account
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
            SELECT o.number, p.currency, p.amount_minor,
                (SELECT count(*) FROM credit_entry e WHERE e.payment_id = p.id AND e.kind = 'spent')
                    AS entries,
                (SELECT coalesce(-sum(e.amount_minor), 0) FROM credit_entry e
                    JOIN credit_account a ON a.id = e.account_id AND a.currency = p.currency
                    WHERE e.payment_id = p.id AND e.kind = 'spent') AS spent_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id WHERE p.provider = 'credit') x
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
                (SELECT coalesce(sum(e.amount_minor), 0) FROM credit_entry e
                    WHERE e.payment_id = p.id AND e.kind = 'returned') AS returned_minor
            FROM payment p JOIN customer_order o ON o.id = p.order_id) x
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
            SELECT o.number, p.currency, r.amount_minor,
                (SELECT count(*) FROM credit_entry e WHERE e.refund_id = r.id AND e.kind = 'refunded')
                    AS entries,
                (SELECT coalesce(sum(e.amount_minor), 0) FROM credit_entry e
                    WHERE e.refund_id = r.id AND e.kind = 'refunded') AS given_minor
            FROM refund r JOIN payment p ON p.id = r.payment_id JOIN customer_order o ON o.id = p.order_id
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
