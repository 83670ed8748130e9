"""Stock alerts: who asked to be told when a sold-out variant is back; and contents, for the price of a unit."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stock_alert",
        sa.Column("id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("mailbox", sa.String(254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["variant.id"],
            name=op.f("fk_stock_alert_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_alert")),
        sa.UniqueConstraint("variant_id", "mailbox", name=op.f("uq_stock_alert_variant_id_mailbox")),
    )
    op.create_index(op.f("ix_stock_alert_created_at"), "stock_alert", ["created_at"])
    op.add_column("variant", sa.Column("contents", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("variant", sa.Column("contents_unit", sa.String(2), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("variant", "contents_unit")
    op.drop_column("variant", "contents")
    op.drop_table("stock_alert")
