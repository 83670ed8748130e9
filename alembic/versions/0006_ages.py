"""Ages: when an order's link was made anew, and what makes it cheap to forget a cart."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "ix_stock_movement_cart_id"


def upgrade() -> None:
    op.add_column("customer_order", sa.Column("link_since", sa.DateTime(timezone=True), nullable=True))
    # Every cart that goes takes its id out of the ledger: without an index that reads all of it.
    with_cart = sa.text("cart_id IS NOT NULL")
    op.create_index(INDEX, "stock_movement", ["cart_id"], sqlite_where=with_cart, postgresql_where=with_cart)


def downgrade() -> None:
    op.drop_index(INDEX, "stock_movement")
    op.drop_column("customer_order", "link_since")
