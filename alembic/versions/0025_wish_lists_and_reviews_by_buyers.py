"""Wish lists of guests and customers; reviews say which order they come from."""

import sqlalchemy as sa

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
OF_ORDER = "uq_review_order_id_product_id"


def upgrade() -> None:
    op.create_table(
        "wish_list",
        sa.Column("id", KEY, nullable=False),
        sa.Column("shopper_key", sa.String(64), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token", sa.String(64), nullable=True),
        sa.Column("shown_name", sa.String(100), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_wish_list_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish_list")),
        sa.UniqueConstraint("shopper_key", "name", name=op.f("uq_wish_list_shopper_key_name")),
        sa.UniqueConstraint("token", name=op.f("uq_wish_list_token")),
    )
    op.create_index(op.f("ix_wish_list_customer_id"), "wish_list", ["customer_id"])
    op.create_table(
        "wish_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("seen_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["wish_list.id"], name=op.f("fk_wish_item_list_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_wish_item_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish_item")),
        sa.UniqueConstraint("list_id", "variant_id", name=op.f("uq_wish_item_list_id_variant_id")),
    )
    op.create_index(op.f("ix_wish_item_variant_id"), "wish_item", ["variant_id"])
    # Nothing refers to a review, so the table may be made anew.
    with op.batch_alter_table("review") as review:
        review.add_column(sa.Column("order_id", KEY, nullable=True))
        review.add_column(sa.Column("edited_at", AT, nullable=True))
        review.create_foreign_key(op.f("fk_review_order_id"), "customer_order", ["order_id"], ["id"])
    op.create_index(OF_ORDER, "review", ["order_id", "product_id"], unique=True)
    op.create_index("ix_review_status_id", "review", ["status", "id"])


def downgrade() -> None:
    op.drop_index("ix_review_status_id", "review")
    op.drop_index(OF_ORDER, "review")
    with op.batch_alter_table("review") as review:
        review.drop_constraint(op.f("fk_review_order_id"), type_="foreignkey")
        review.drop_column("edited_at")
        review.drop_column("order_id")
    op.drop_table("wish_item")
    op.drop_table("wish_list")
