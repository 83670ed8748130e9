"""What a payment was made with: card, bank debit, wallet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("method", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("payment", "method")
