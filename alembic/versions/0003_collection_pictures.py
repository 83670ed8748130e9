"""A collection has a picture: the still life on the home page shows what is in its collection."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In plain words, because making the table anew on SQLite would empty what refers to it.
    postgres = op.get_bind().dialect.name == "postgresql"
    op.execute(
        f"ALTER TABLE collection ADD COLUMN picture_id {'BIGINT' if postgres else 'INTEGER'}"
        " CONSTRAINT fk_collection_picture_id REFERENCES picture (id)"
    )
    op.add_column("collection", sa.Column("picture_alt", sa.String(), nullable=False, server_default=""))
    if postgres:
        op.alter_column("collection", "picture_alt", server_default=None)


def downgrade() -> None:
    op.drop_column("collection", "picture_alt")
    op.drop_column("collection", "picture_id")
