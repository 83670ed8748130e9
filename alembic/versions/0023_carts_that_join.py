"""Carts keep what changed when they joined, and lines when their quantity was chosen."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    note = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("cart", sa.Column("joined", note, nullable=True))
    op.add_column("cart_line", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("cart_line", "changed_at")
    op.drop_column("cart", "joined")
