"""Money and stock to the end: lanes and gifts, credit, returns, VAT numbers, disputes that are lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ZERO, NO, NOTHING = sa.text("0"), sa.false(), ""
PAYMENT = ("none", "authorized", "partially_paid", "paid", "overpaid", "partially_refunded", "refunded",
           "disputed", "voided")  # fmt: skip
FULFILMENT = ("none", "partial", "shipped", "delivered", "returned")
MOVEMENT = ("received", "adjusted", "held", "unheld", "allocated", "released", "shipped", "returned")
PROMOTION = ("percent", "fixed", "free_shipping")
LANES = (("default", "Offers and codes", 10, False), ("codes", "Codes for everything", 20, True),
         ("shipping", "Delivery", 30, True))  # fmt: skip


def _known(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def _alter(table: str, columns: tuple[sa.Column, ...] = (), checks: dict[str, str] | None = None) -> None:
    """Add columns, and have these CHECKs in place of those of the same name ("" has none)."""
    there = {check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints(table)}
    # SQLite can't change a CHECK: the table is made anew there, with all else as it was.
    anew = checks and op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table(table, recreate="always" if anew else "never") as batch:
        for column in columns:
            batch.add_column(column)
        for name, rule in (checks or {}).items():
            whole = f"ck_{table}_{name}"
            if whole in there:
                batch.drop_constraint(op.f(whole), type_="check")
            if rule:
                batch.create_check_constraint(op.f(whole), sa.text(rule))


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table('promotion_lane',
    sa.Column('code', sa.String(32), nullable=False),
    sa.Column('label', sa.String(100), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('on_discounted', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_promotion_lane'))
    )
    op.create_table('tax_quote',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('country', sa.String(2), nullable=False),
    sa.Column('region', sa.String(16), nullable=False),
    sa.Column('postal_code', sa.String(20), nullable=False),
    sa.Column('tax_class', sa.String(32), nullable=False),
    sa.Column('label', sa.String(100), nullable=False),
    sa.Column('rate_ppm', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('rate_ppm BETWEEN 0 AND 1000000', name=op.f('ck_tax_quote_rate_in_bounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_quote')),
    sa.UniqueConstraint('country', 'region', 'postal_code', 'tax_class', name=op.f('uq_tax_quote_country_region_postal_code_tax_class'))
    )
    op.create_table('credit_account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('code_hash', sa.String(64), nullable=True),
    sa.Column('last_four', sa.String(4), nullable=False),
    sa.Column('email', sa.String(254), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(3), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'gift_card') = (code_hash IS NOT NULL)", name=op.f('ck_credit_account_gift_cards_have_codes')),
    sa.CheckConstraint("kind IN ('gift_card', 'store_credit')", name=op.f('ck_credit_account_kind_known')),
    sa.CheckConstraint('balance_minor >= 0', name=op.f('ck_credit_account_balance_not_negative')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_credit_account_customer_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_account')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_credit_account_code_hash'))
    )
    op.create_index(op.f('ix_credit_account_customer_id'), 'credit_account', ['customer_id'], unique=False)
    op.create_index(op.f('ix_credit_account_email'), 'credit_account', ['email'], unique=False)
    op.create_table('return_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('request_key', sa.String(64), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('email', sa.String(254), nullable=False),
    sa.Column('reason', sa.String(100), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('actor', sa.String(200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('return', 'withdrawal')", name=op.f('ck_return_request_kind_known')),
    sa.CheckConstraint("status IN ('requested', 'approved', 'declined', 'received', 'refunded', 'cancelled')", name=op.f('ck_return_request_status_known')),
    sa.ForeignKeyConstraint(['order_id'], ['customer_order.id'], name=op.f('fk_return_request_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_return_request')),
    sa.UniqueConstraint('request_key', name=op.f('uq_return_request_request_key'))
    )
    op.create_index(op.f('ix_return_request_order_id'), 'return_request', ['order_id'], unique=False)
    op.create_table('credit_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(32), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('request_key', sa.String(64), nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('refund_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('actor', sa.String(200), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('issued', 'spent', 'returned', 'refunded', 'adjusted')", name=op.f('ck_credit_entry_kind_known')),
    sa.CheckConstraint('amount_minor <> 0', name=op.f('ck_credit_entry_moves_something')),
    sa.ForeignKeyConstraint(['account_id'], ['credit_account.id'], name=op.f('fk_credit_entry_account_id')),
    sa.ForeignKeyConstraint(['order_id'], ['customer_order.id'], name=op.f('fk_credit_entry_order_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_credit_entry_payment_id')),
    sa.ForeignKeyConstraint(['refund_id'], ['refund.id'], name=op.f('fk_credit_entry_refund_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_entry')),
    sa.UniqueConstraint('request_key', name=op.f('uq_credit_entry_request_key'))
    )
    op.create_index(op.f('ix_credit_entry_account_id'), 'credit_entry', ['account_id'], unique=False)
    op.create_index(op.f('ix_credit_entry_order_id'), 'credit_entry', ['order_id'], unique=False)
    op.create_table('return_line',
    sa.Column('return_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('order_line_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('quantity_received', sa.Integer(), nullable=False),
    sa.Column('quantity_restocked', sa.Integer(), nullable=False),
    sa.CheckConstraint('quantity > 0 AND quantity_received BETWEEN 0 AND quantity', name=op.f('ck_return_line_quantities_in_bounds')),
    sa.CheckConstraint('quantity_restocked BETWEEN 0 AND quantity_received', name=op.f('ck_return_line_restocked_in_bounds')),
    sa.ForeignKeyConstraint(['order_line_id'], ['order_line.id'], name=op.f('fk_return_line_order_line_id')),
    sa.ForeignKeyConstraint(['return_id'], ['return_request.id'], name=op.f('fk_return_line_return_id')),
    sa.PrimaryKeyConstraint('return_id', 'order_line_id', name=op.f('pk_return_line'))
    )
    op.create_index(op.f('ix_return_line_order_line_id'), 'return_line', ['order_line_id'], unique=False)
    op.bulk_insert(
        sa.table("promotion_lane", sa.column("code"), sa.column("label"), sa.column("position"),
                 sa.column("on_discounted", sa.Boolean())),
        [{"code": code, "label": label, "position": position, "on_discounted": on_discounted}
         for code, label, position, on_discounted in LANES],
    )  # fmt: skip
    # Whether a promotion takes something off reduced prices too is its lane's affair now.
    op.execute(sa.text("UPDATE promotion SET lane = 'codes' WHERE lane = 'default' AND on_sale_too"))
    op.execute(
        sa.text(
            "INSERT INTO promotion_lane (code, label, position, on_discounted) SELECT lane, lane, 40, true"
            " FROM promotion WHERE lane NOT IN (SELECT code FROM promotion_lane) GROUP BY lane"
        )
    )
    _alter("cart", (sa.Column("credits", JSON, nullable=False, server_default="[]"),))
    _alter(
        "customer_order",
        (
            sa.Column("vat_number", sa.String(20), nullable=False, server_default=NOTHING),
            sa.Column("reverse_charge", sa.Boolean(), nullable=False, server_default=NO),
        ),
        {
            "payment_status_known": _known("payment_status", (*PAYMENT, "charged_back")),
            "fulfilment_status_known": _known("fulfilment_status", (*FULFILMENT, "partially_returned")),
        },
    )
    _alter(
        "order_line",
        (
            sa.Column("is_gift", sa.Boolean(), nullable=False, server_default=NO),
            sa.Column("promised_on", sa.Date(), nullable=True),
        ),
        {
            "parts_in_bounds": "quantity_fulfilled + quantity_cancelled <= quantity",
            "only_sent_units_return": "quantity_returned <= quantity_fulfilled",
        },
    )
    _alter("payment", (sa.Column("authorized_until", sa.DateTime(timezone=True), nullable=True),))
    _alter("stock_movement", (), {"kind_known": _known("kind", (*MOVEMENT, "recalled"))})
    _alter(
        "stock_hold",
        (sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),)
        if postgres
        else (sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default="2026-01-01"),),
    )
    _alter(
        "refund",
        (
            sa.Column("destination", sa.String(32), nullable=False, server_default="original"),
            sa.Column("return_id", KEY, nullable=True),
        ),
        {"destination_known": _known("destination", ("original", "credit"))},
    )
    with op.batch_alter_table("refund") as batch:
        batch.create_foreign_key(op.f("fk_refund_return_id"), "return_request", ["return_id"], ["id"])
    op.create_index("ix_refund_return_id", "refund", ["return_id"])
    op.execute(sa.text("UPDATE dispute SET status = 'open' WHERE status NOT IN ('won', 'lost')"))
    _alter(
        "dispute",
        (sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),),
        {
            "status_known": _known("status", ("open", "answered", "won", "lost")),
            "amount_not_negative": "amount_minor >= 0",
        },
    )
    with op.batch_alter_table("dispute") as batch:
        batch.alter_column("status", type_=sa.String(32), existing_type=sa.String(64), existing_nullable=False)
    _alter(
        "promotion",
        (
            sa.Column("gift_variant_id", KEY, nullable=True),
            sa.Column("buy_quantity", sa.Integer(), nullable=False, server_default=ZERO),
            sa.Column("get_quantity", sa.Integer(), nullable=False, server_default=ZERO),
            sa.Column("minimum_quantity", sa.Integer(), nullable=False, server_default=ZERO),
            sa.Column("first_order", sa.Boolean(), nullable=False, server_default=NO),
            sa.Column("spent_minor", sa.BigInteger(), nullable=False, server_default=ZERO),
        ),
        {
            "kind_known": _known("kind", (*PROMOTION, "buy_x_get_y", "gift")),
            "quantities_not_negative": "buy_quantity >= 0 AND get_quantity >= 0 AND minimum_quantity >= 0",
        },
    )
    op.execute(
        sa.text(
            "UPDATE promotion SET spent_minor = coalesce((SELECT sum(amount_minor) FROM promotion_use"
            " WHERE promotion_id = promotion.id AND given_back_at IS NULL), 0)"
        )
    )
    # No budget was kept before: one that is overdrawn stands at what was given.
    op.execute(sa.text("UPDATE promotion SET budget_minor = spent_minor WHERE budget_minor < spent_minor"))
    _alter(
        "promotion",
        (),
        {"within_budget": "spent_minor >= 0 AND (budget_minor IS NULL OR spent_minor <= budget_minor)"},
    )
    with op.batch_alter_table("promotion") as batch:
        batch.drop_column("on_sale_too")
        batch.create_foreign_key(op.f("fk_promotion_lane"), "promotion_lane", ["lane"], ["code"])
        batch.create_foreign_key(
            op.f("fk_promotion_gift_variant_id"), "variant", ["gift_variant_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("promotion") as batch:
        batch.drop_constraint(op.f("fk_promotion_lane"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_promotion_gift_variant_id"), type_="foreignkey")
        batch.add_column(sa.Column("on_sale_too", sa.Boolean(), nullable=False, server_default=NO))
    op.execute(sa.text("DELETE FROM promotion WHERE kind IN ('buy_x_get_y', 'gift')"))
    _alter(
        "promotion", (), {"kind_known": _known("kind", PROMOTION), "quantities_not_negative": "", "within_budget": ""}
    )
    for column in ("buy_quantity", "get_quantity", "minimum_quantity", "first_order", "spent_minor",
                   "gift_variant_id"):  # fmt: skip
        op.drop_column("promotion", column)
    _alter("dispute", (), {"status_known": "", "amount_not_negative": ""})
    op.drop_column("dispute", "closed_at")
    op.drop_index("ix_refund_return_id", "refund")
    _alter("refund", (), {"destination_known": ""})
    with op.batch_alter_table("refund") as batch:
        batch.drop_constraint(op.f("fk_refund_return_id"), type_="foreignkey")
        batch.drop_column("return_id")
        batch.drop_column("destination")
    op.drop_column("stock_hold", "since")
    op.execute(sa.text("UPDATE stock_movement SET kind = 'adjusted' WHERE kind = 'recalled'"))
    _alter("stock_movement", (), {"kind_known": _known("kind", MOVEMENT)})
    op.drop_column("payment", "authorized_until")
    _alter("order_line", (), {"parts_in_bounds": "", "only_sent_units_return": ""})
    op.drop_column("order_line", "is_gift")
    op.drop_column("order_line", "promised_on")
    op.execute(sa.text("UPDATE customer_order SET payment_status = 'disputed' WHERE payment_status = 'charged_back'"))
    op.execute(
        sa.text(
            "UPDATE customer_order SET fulfilment_status = 'delivered'"
            " WHERE fulfilment_status = 'partially_returned'"
        )
    )
    _alter(
        "customer_order", (),
        {"payment_status_known": _known("payment_status", PAYMENT),
         "fulfilment_status_known": _known("fulfilment_status", FULFILMENT)},
    )  # fmt: skip
    op.drop_column("customer_order", "vat_number")
    op.drop_column("customer_order", "reverse_charge")
    op.drop_column("cart", "credits")
    for table in ("return_line", "credit_entry", "return_request", "credit_account", "tax_quote", "promotion_lane"):
        op.drop_table(table)
