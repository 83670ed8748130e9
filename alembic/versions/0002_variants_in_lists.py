"""Variants in the listing index, and the synonyms of the search."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Both tables begin empty: `listing_index.complete` projects what is on the listing index already."""
    op.create_table(
        "listing_variant",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("in_stock", sa.Boolean(), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("picture", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_listing_variant_product_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_listing_variant_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "place", name=op.f("pk_listing_variant")),
    )
    op.create_index(op.f("ix_listing_variant_variant_id"), "listing_variant", ["variant_id"], unique=False)
    op.create_table(
        "synonym",
        sa.Column("word", sa.String(48), nullable=False),
        sa.Column("meaning", sa.String(48), nullable=False),
        sa.PrimaryKeyConstraint("word", "meaning", name=op.f("pk_synonym")),
    )


def downgrade() -> None:
    op.drop_table("synonym")
    op.drop_table("listing_variant")
