"""check-books finds what is wrong: each rule is broken once, and named."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shop_app.core import db
from shop_app.services.books import check as books
from shop_app.services.books.rules import RULES
from tests.prepared import demo_database

# The database itself refuses some of these: its checks are put aside, as someone with a console could.
_ACCOUNT = (
    "INSERT INTO credit_account (id, kind, code_hash, last_four, email, currency, balance_minor, active,"
    " created_at) VALUES (1, 'gift_card', 'x', 'XXXX', '', 'EUR',"
)
_ENTRY = (
    "INSERT INTO credit_entry (note, actor, at, account_id, request_key, kind, amount_minor, payment_id)"
    " VALUES ('', '', '2026-01-01', 1, 'x',"
)
BREAKS = {
    "price-step": "UPDATE variant SET currency = 'ISK', price_minor = 11481 WHERE id = 1",
    "order-step": "UPDATE customer_order SET step_minor = 100 WHERE number = 1001",
    "order-total": "UPDATE customer_order SET total_minor = total_minor + 1 WHERE number = 1001",
    "order-lines": "DELETE FROM order_line WHERE order_id = 1",
    "order-copies": "UPDATE order_line SET title = '' WHERE id = 1",
    "order-subtotal": "UPDATE customer_order SET subtotal_minor = subtotal_minor + 1 WHERE number = 1001",
    "order-discount": "UPDATE customer_order SET discount_minor = discount_minor + 1 WHERE number = 1001",
    "line-discount": "UPDATE order_line SET discount_minor = discount_minor + 1 WHERE id = 1",
    "order-tax": "UPDATE customer_order SET tax_minor = tax_minor + 1 WHERE number = 1001",
    "line-tax": "UPDATE order_line SET tax_minor = tax_minor + 1 WHERE id = 1",
    "tax-base": "UPDATE order_tax_line SET base_minor = base_minor + 1 WHERE line_id = 1",
    "tax-base-on-top": "UPDATE order_tax_line SET included = false, base_minor = 1 WHERE line_id = 1",
    "tax-base-of-shipping": "UPDATE order_tax_line SET base_minor = base_minor + 1 WHERE line_id IS NULL",
    "reverse-charge": "UPDATE customer_order SET reverse_charge = true WHERE number = 1001",
    "order-numbers": "UPDATE counter SET value = value + 1 WHERE name = 'order'",
    "line-returns": "UPDATE refund_line SET restocked = NOT restocked WHERE restocked",
    "return-received": (
        "INSERT INTO return_request (order_id, request_key, kind, status, email, reason, note, answer, actor,"
        " created_at, version) VALUES (1, 'k', 'return', 'received', 'a@example.com', '', '', '', '',"
        " '2026-11-20', 1)"
    ),
    "line-units": "UPDATE order_line SET quantity_cancelled = quantity WHERE quantity_fulfilled > 0",
    "fulfilment-status": "UPDATE customer_order SET fulfilment_status = 'partial' WHERE status = 'completed'",
    "line-shipments": "UPDATE shipment_line SET quantity = quantity + 1 WHERE shipment_id = 1",
    "payment-captured": "UPDATE payment SET captured_minor = captured_minor - 1 WHERE id = 1",
    "payment-refunded": "UPDATE payment SET refunded_minor = refunded_minor + 1 WHERE id = 1",
    "payment-pending": "UPDATE payment SET refund_pending_minor = 1 WHERE id = 1",
    "refunds-bounded": "UPDATE payment_event SET amount_minor = 99999999 WHERE kind = 'refunded'",
    "refund-events": "DELETE FROM payment_event WHERE kind = 'refunded'",
    "refund-parts": "UPDATE refund_line SET amount_minor = 99999999",
    "refund-lines": "UPDATE refund_line SET quantity = quantity + 1",
    "refund-shipping": "UPDATE refund_line SET order_line_id = NULL, amount_minor = 99999",
    "payment-status": "UPDATE customer_order SET payment_status = 'partially_paid' WHERE number = 1001",
    "payment-state": "UPDATE payment SET state = 'authorized' WHERE id = 1",
    "dispute-events": "INSERT INTO dispute (payment_id, provider_reference, status, reason, amount_minor,"
    " created_at) VALUES (1, 'du_1', 'lost', '', 100, '2026-01-01')",
    "event-counted-once": "UPDATE payment_event SET provider_reference = 'pi_same' WHERE kind = 'captured'"
    " AND payment_id IN (SELECT id FROM payment WHERE provider = 'stripe')",
    "paid-without-money": "DELETE FROM payment_event WHERE payment_id = 1 AND kind = 'captured'",
    "money-without-order": "UPDATE customer_order SET status = 'cancelled' WHERE number = 1001",
    "money-counted-once": "UPDATE payment SET intent_reference = 'pi_same' WHERE id IN (1, 2)",
    "stock-ledger": "UPDATE stock_level SET on_hand = on_hand + 1 WHERE variant_id = 1",
    "stock-bounds": "UPDATE stock_level SET held = on_hand + 1 WHERE variant_id = 1",
    "stock-untracked": "UPDATE stock_level SET policy = 'untracked', on_hand = allocated + 1"
    " WHERE variant_id = 1",
    "stock-allocated": "UPDATE stock_level SET allocated = allocated + 1 WHERE variant_id = 1",
    "stock-of-orders": "UPDATE stock_movement SET allocated_delta = 99 WHERE kind = 'allocated'",
    "stock-returned": "UPDATE refund_line SET restocked = FALSE",
    "stock-held": "UPDATE stock_level SET held = held + 1 WHERE variant_id = 1",
    "hold-ledger": "UPDATE stock_movement SET cart_id = 1, held_delta = 5 WHERE id = 1",
    "promotion-used": "UPDATE promotion SET used = used + 1 WHERE id = 1",
    "code-used": "UPDATE promotion_code SET used = used + 1 WHERE code = 'AUTUMN10'",
    "promotion-spent": "UPDATE promotion SET spent_minor = spent_minor + 1 WHERE id = 1",
    "promotion-limits": "UPDATE promotion SET budget_minor = spent_minor - 1 WHERE id = 1",
    "code-limit": "UPDATE promotion_code SET usage_limit = used - 1 WHERE code = 'AUTUMN10'",
    "gift-free": "UPDATE order_line SET is_gift = true WHERE id = 1",
    "use-amount": "UPDATE promotion_use SET amount_minor = amount_minor + 1 WHERE id = 1",
    "credit-balance": f"{_ACCOUNT} 500, TRUE, '2026-01-01')",
    "credit-below-zero": f"{_ACCOUNT} -500, TRUE, '2026-01-01')",
    "credit-payments": "UPDATE payment SET provider = 'credit' WHERE id = 1",
    "credit-spent": f"{_ACCOUNT} -500, TRUE, '2026-01-01'); {_ENTRY} 'spent', -500, 1)",
    "credit-returned": f"{_ENTRY} 'returned', 500, 1)",
    "credit-waiting": "UPDATE payment SET provider = 'credit', state = 'authorized' WHERE id = 1",
    "credit-refunds": "UPDATE refund SET destination = 'credit' WHERE status = 'succeeded'",
    "credit-refunded": f"{_ACCOUNT} 500, TRUE, '2026-01-01'); {_ENTRY} 'refunded', 500, 1)",
}


@pytest.fixture(scope="module")
def demo_engine(tmp_path_factory: pytest.TempPathFactory):
    """The demo's database for all breaks; each is undone."""
    path = tmp_path_factory.mktemp("books") / "shop.db"
    shutil.copyfile(demo_database(), path)
    engine = db.make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def books_of(demo_engine):
    """A session on it that is undone at the end."""
    with Session(demo_engine) as session:
        session.connection(execution_options={"writes": True})
        session.connection().exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        yield session
        session.rollback()
        session.connection().exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.parametrize("rule", list(BREAKS))
def test_a_broken_rule_is_found_and_said(books_of, rule):
    own = [candidate for candidate in RULES if candidate.name == rule]
    assert books.check(books_of, own).violations == ()
    for statement in BREAKS[rule].split("; "):
        books_of.connection().execute(text(statement))
    violations = books.check(books_of, own).violations
    assert {violation.rule for violation in violations} == {rule}
    assert all("{" not in violation.sentence for violation in violations)


def test_an_open_cart_of_a_placed_order_is_found(books_of):
    books_of.connection().execute(
        text(
            "INSERT INTO cart (id, key_hash, currency, country, codes, checkout, version, created_at,"
            " updated_at) VALUES (1, 'x', 'EUR', 'DE', '[]', '{}', 1, '2026-01-01', '2026-01-01')"
        )
    )
    books_of.connection().execute(text("UPDATE customer_order SET cart_id = 1 WHERE number = 1001"))
    assert [violation.rule for violation in books.check(books_of).violations] == ["order-cart"]


def test_every_rule_is_broken_once_here():
    assert {rule.name for rule in RULES} == {*BREAKS, "order-cart"}


def test_the_sentence_names_the_order_and_the_amounts(books_of):
    books_of.connection().execute(
        text("UPDATE customer_order SET subtotal_minor = 100, discount_minor = 0 WHERE number = 1001")
    )
    first = next(v for v in books.check(books_of).violations if v.rule == "order-subtotal")
    assert first.sentence.startswith("Order 1001: its subtotal is €1.00, its lines come to €")


@pytest.mark.postgres
def test_an_empty_shop_has_right_books_on_postgresql(session):
    result = books.check(session)
    assert (result.violations, result.rules) == ((), len(RULES))
    assert result.as_dict()["ok"] is True
