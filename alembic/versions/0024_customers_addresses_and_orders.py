"""Addresses have a default for bills; a customer's orders are read newest first."""

import sqlalchemy as sa

from alembic import op
from shop_app.core import short_locks

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEX = "ix_customer_order_customer_id_placed_at"
FORMER = "ix_customer_order_customer_id"


def upgrade() -> None:
    short_locks.create_index(INDEX, "customer_order", ["customer_id", "placed_at", "id"])
    op.add_column("address", sa.Column("is_default_billing", sa.Boolean(), nullable=True))
    # The new one begins with the same column.
    op.drop_index(FORMER, "customer_order")


def downgrade() -> None:
    op.create_index(FORMER, "customer_order", ["customer_id"])
    op.drop_index(INDEX, "customer_order")
    op.drop_column("address", "is_default_billing")
