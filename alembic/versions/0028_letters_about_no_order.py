"""Letters that aren't about an order: who agreed to them, where they can't go, and when they are sent."""

import sqlalchemy as sa

from alembic import op
from shop_app.core import short_locks

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
SETTINGS = {
    "cart_reminder_hours": (sa.Integer(), "0"),
    "review_request_days": (sa.Integer(), "0"),
    "review_requests_need_consent": (sa.Boolean(), sa.true()),
}


def upgrade() -> None:
    short_locks.create_index("ix_shipment_delivered_at", "shipment", ["delivered_at", "id"])
    op.create_table(
        "consent",
        sa.Column("id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_email_purpose"), "consent", ["email", "purpose", "id"])
    op.create_table(
        "unreachable_address",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_unreachable_address")),
    )
    for name, (kind, first) in SETTINGS.items():
        op.add_column("shop_profile", sa.Column(name, kind, nullable=False, server_default=first))


def downgrade() -> None:
    for name in SETTINGS:
        op.drop_column("shop_profile", name)
    op.drop_index(op.f("ix_shipment_delivered_at"), "shipment")
    op.drop_table("unreachable_address")
    op.drop_table("consent")
