"""The token that opens a shop, places without tax, versions of delivery and rates, answers of providers."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

VERSIONED = ("shipping_zone", "shipping_method", "tax_rate")


def upgrade() -> None:
    for table in VERSIONED:
        op.add_column(table, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "untaxed_place",
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("country", "region", name=op.f("pk_untaxed_place")),
    )
    op.create_table(
        "set_up_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_set_up_token_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_up_token")),
    )
    op.create_table(
        "provider_check",
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "mode", name=op.f("pk_provider_check")),
    )


def downgrade() -> None:
    for table in ("provider_check", "set_up_token", "untaxed_place"):
        op.drop_table(table)
    for table in VERSIONED:
        op.drop_column(table, "version")
