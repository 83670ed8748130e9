"""What strangers may keep: where unpaid orders and holds were asked from, an end of orders by transfer, mailboxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNPAID = sa.text("expires_at IS NOT NULL")
TIME_TO_PAY = timedelta(days=14)


def upgrade() -> None:
    for table in ("customer_order", "stock_hold"):
        op.add_column(table, sa.Column("asked_from", sa.String(64), nullable=False, server_default=""))
    op.add_column("letter", sa.Column("mailbox", sa.String(254), nullable=False, server_default=""))
    # What waits for a transfer already gets the whole time anew; nothing that is paid waits.
    order = sa.table(
        "customer_order", sa.column("status"), sa.column("paid_at"), sa.column("payment_status"),
        sa.column("payment_provider"), sa.column("attention"), sa.column("fulfilment_status"),
        sa.column("expires_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.execute(
        order.update()
        .where(
            order.c.status == "placed", order.c.paid_at.is_(None), order.c.payment_status == "none",
            order.c.payment_provider == "manual", order.c.attention == "",
            order.c.fulfilment_status == "none",
        )
        .values(expires_at=datetime.now(UTC) + TIME_TO_PAY)
    )  # fmt: skip
    op.create_index(
        "ix_customer_order_asked_from", "customer_order", ["asked_from"],
        sqlite_where=UNPAID, postgresql_where=UNPAID,
    )  # fmt: skip
    op.create_index("ix_stock_hold_asked_from", "stock_hold", ["asked_from"])
    op.create_index("ix_letter_mailbox_next_try_at", "letter", ["mailbox", "next_try_at"])


def downgrade() -> None:
    op.drop_index("ix_letter_mailbox_next_try_at", "letter")
    op.drop_index("ix_stock_hold_asked_from", "stock_hold")
    op.drop_index("ix_customer_order_asked_from", "customer_order")
    op.execute(sa.text("UPDATE customer_order SET expires_at = NULL WHERE status <> 'pending'"))
    op.drop_column("letter", "mailbox")
    for table in ("stock_hold", "customer_order"):
        op.drop_column(table, "asked_from")
