"""The database says which release has migrated it."""

import sqlalchemy as sa

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alembic_version", sa.Column("release", sa.String(32), nullable=True))


def downgrade() -> None:
    op.drop_column("alembic_version", "release")
