"""Makers, guarantees and Markdown of products, and products that open at a moment."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KNOWN = "ck_product_status_known"
TEXTS = {"description_md": sa.String(), "brand": sa.String(255), "model": sa.String(255)}
GUARANTEE = {"guarantor": sa.String(255), "guarantee_terms": sa.String()}
INDEXES = {
    "ix_product_title_id": ["title", "id"],
    "ix_product_vendor_id": ["vendor", "id"],
    "ix_product_updated_at_id": ["updated_at", "id"],
    "ix_product_status_updated_at": ["status", "updated_at", "id"],
    "ix_product_publish_at": ["publish_at"],
    "ix_product_maker_id": ["maker_id"],
}


def upgrade() -> None:
    op.create_table(
        "maker",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("contact", sa.String(255), nullable=False),
        sa.Column("responsible_name", sa.String(255), nullable=False),
        sa.Column("responsible_address", sa.String(), nullable=False),
        sa.Column("responsible_contact", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maker")),
        sa.UniqueConstraint("name", name=op.f("uq_maker_name")),
    )
    with op.batch_alter_table("product") as product:
        for name, kind in (TEXTS | GUARANTEE).items():
            product.add_column(sa.Column(name, kind, nullable=False, server_default=""))
        product.add_column(sa.Column("guarantee_months", sa.Integer(), nullable=False, server_default="0"))
        product.add_column(sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True))
        product.add_column(sa.Column("maker_id", KEY, nullable=True))
        product.create_foreign_key(op.f("fk_product_maker_id"), "maker", ["maker_id"], ["id"])
        product.drop_constraint(op.f(KNOWN), type_="check")
        product.create_check_constraint(
            op.f(KNOWN), "status IN ('draft', 'scheduled', 'active', 'unlisted', 'archived')"
        )
        product.create_check_constraint(
            op.f("ck_product_scheduled_has_a_moment"), "status <> 'scheduled' OR publish_at IS NOT NULL"
        )
        product.create_check_constraint(op.f("ck_product_guarantee_not_negative"), "guarantee_months >= 0")
    for name, columns in INDEXES.items():
        op.create_index(op.f(name), "product", columns)


def downgrade() -> None:
    # A product whose moment hasn't come yet was a draft before there were moments.
    op.execute(sa.text("UPDATE product SET status = 'draft' WHERE status = 'scheduled'"))
    for name in INDEXES:
        op.drop_index(op.f(name), "product")
    with op.batch_alter_table("product") as product:
        product.drop_constraint(op.f("ck_product_guarantee_not_negative"), type_="check")
        product.drop_constraint(op.f("ck_product_scheduled_has_a_moment"), type_="check")
        product.drop_constraint(op.f(KNOWN), type_="check")
        product.create_check_constraint(op.f(KNOWN), "status IN ('draft', 'active', 'unlisted', 'archived')")
        product.drop_constraint(op.f("fk_product_maker_id"), type_="foreignkey")
        for name in ("maker_id", "publish_at", "guarantee_months", *GUARANTEE, *TEXTS):
            product.drop_column(name)
    op.drop_table("maker")
