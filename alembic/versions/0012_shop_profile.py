"""The shop's identity and terms as one row, and the versions of its legal texts. Both begin empty."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TEXTS = (
    ("legal_name", 200), ("address", 500), ("represented_by", 200), ("register_entry", 200),
    ("vat_number", 20), ("sender_email", 254), ("contact_email", 254), ("returns_email", 254), ("phone", 40),
    ("returns_address", 500), ("opening_hours", 300), ("lead", 300), ("announcement", 200),
    ("announcement_href", 500), ("footer_about", 300), ("hero_title", 120), ("hero_lead", 300),
    ("sale_title", 120), ("sale_text", 300), ("story_title", 120), ("story", 2000), ("currency", 3),
    ("country", 2), ("region", 16), ("time_zone", 64), ("locale", 16), ("bank_account", 300), ("capture", 32),
    ("terms_version", 32),
)  # fmt: skip


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "shop_profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("logo_key", sa.String(64), nullable=True),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in TEXTS),
        *(sa.Column(name, JSON, nullable=False) for name in ("promises", "footer_links", "social_links")),
        *(sa.Column(name, moment, nullable=True) for name in ("announcement_from", "announcement_until")),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("announcement_on", "guarantee_notice", "prices_include_tax")
        ),
        sa.Column("transfer_days", sa.Integer(), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_profile")),
        sa.ForeignKeyConstraint(["logo_key"], ["picture.key"], name=op.f("fk_shop_profile_logo_key")),
        sa.CheckConstraint("id = 1", name=op.f("ck_shop_profile_one_row")),
        sa.CheckConstraint("version > 0", name=op.f("ck_shop_profile_version_counts")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_shop_profile_has_a_name")),
        sa.CheckConstraint(
            "capture IN ('at_order', 'at_fulfilment')", name=op.f("ck_shop_profile_capture_known")
        ),
        sa.CheckConstraint(
            "transfer_days BETWEEN 1 AND 90", name=op.f("ck_shop_profile_transfer_days_in_bounds")
        ),
        sa.CheckConstraint(
            "hold_minutes BETWEEN 1 AND 120", name=op.f("ck_shop_profile_hold_minutes_in_bounds")
        ),
    )
    op.create_table(
        "legal_text",
        sa.Column("id", KEY, nullable=False),
        sa.Column("page", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_text")),
        sa.UniqueConstraint("page", "version", name=op.f("uq_legal_text_page_version")),
        sa.CheckConstraint("version > 0", name=op.f("ck_legal_text_version_counts")),
    )


def downgrade() -> None:
    op.drop_table("legal_text")
    op.drop_table("shop_profile")
