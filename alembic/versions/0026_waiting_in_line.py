"""People wait in line for what is sold out: confirmed, by place, and a unit held for each whose turn it is."""

import sqlalchemy as sa

from alembic import op
from shop_app.core import short_locks

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "ix_stock_alert_variant_id_confirmed_at": ["variant_id", "confirmed_at", "id"],
    "ix_stock_alert_key_hash_variant_id": ["key_hash", "variant_id"],
    "ix_stock_alert_token": ["token"],
}
TOKEN = {"postgresql": "replace(gen_random_uuid()::text, '-', '')", "sqlite": "lower(hex(randomblob(16)))"}
"""What nobody can guess."""


def upgrade() -> None:
    short_locks.add_column("stock_alert", sa.Column("confirmed_at", MOMENT, nullable=True))
    for name in ("key_hash", "token"):
        column = sa.Column(name, sa.String(64), nullable=False, server_default="")
        short_locks.add_column("stock_alert", column)
    # Whoever asked before is in line since then: nobody had to confirm anything.
    word = TOKEN[op.get_bind().dialect.name]
    short_locks.change_rows("stock_alert", f"confirmed_at = created_at, token = {word}", where="token = ''")
    for name, columns in INDEXES.items():
        short_locks.create_index(name, "stock_alert", columns)
    _make_offers()
    op.create_table(
        "stock_reserve",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_stock_reserve_units_positive")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_reserve_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_stock_reserve")),
    )


def _make_offers() -> None:
    op.create_table(
        "stock_offer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("order_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_offer_variant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["customer_order.id"], name=op.f("fk_stock_offer_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_offer")),
    )
    op.create_index("ix_stock_offer_key_hash_variant_id", "stock_offer", ["key_hash", "variant_id"])
    for column in ("variant_id", "token", "expires_at", "order_id"):
        op.create_index(op.f(f"ix_stock_offer_{column}"), "stock_offer", [column])


def downgrade() -> None:
    """What was held for people in line is free again."""
    units = (
        "(SELECT count(*) FROM stock_offer o WHERE o.variant_id = stock_level.variant_id"
        " AND o.order_id IS NULL) + coalesce((SELECT r.units FROM stock_reserve r"
        " WHERE r.variant_id = stock_level.variant_id), 0)"
    )
    op.execute(
        "INSERT INTO stock_movement (variant_id, kind, on_hand_delta, allocated_delta, held_delta, reason,"
        f" note, actor, at) SELECT variant_id, 'unheld', 0, 0, -({units}), 'line ended', '', 'system',"
        f" CURRENT_TIMESTAMP FROM stock_level WHERE ({units}) > 0"
    )
    op.execute(f"UPDATE stock_level SET held = held - ({units}) WHERE ({units}) > 0")
    op.drop_table("stock_reserve")
    op.drop_table("stock_offer")
    op.drop_index(op.f("ix_stock_alert_token"), "stock_alert")
    op.drop_index("ix_stock_alert_key_hash_variant_id", "stock_alert")
    op.drop_index("ix_stock_alert_variant_id_confirmed_at", "stock_alert")
    # Nobody had to confirm before: those who haven't yet would be written to.
    op.execute("DELETE FROM stock_alert WHERE confirmed_at IS NULL")
    for column in ("token", "key_hash", "confirmed_at"):
        op.drop_column("stock_alert", column)
