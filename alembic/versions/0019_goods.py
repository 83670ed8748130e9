"""Expected deliveries and stocktakes; focal points; categories that move; collections by a rule."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
FOCUS = "ck_product_picture_focus_inside"


def upgrade() -> None:
    _stock()
    op.add_column("category", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "category_redirect",
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("category_id", KEY, nullable=False),
        _refers("category_redirect", "category_id", "category.id"),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_category_redirect")),
    )
    op.create_index(op.f("ix_category_redirect_category_id"), "category_redirect", ["category_id"])
    op.add_column("collection", sa.Column("by_rule", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("collection", sa.Column("rule", JSON, nullable=False, server_default="{}"))
    op.add_column("collection", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("product_picture") as picture:
        picture.add_column(sa.Column("focus_x", sa.Integer(), nullable=False, server_default="50"))
        picture.add_column(sa.Column("focus_y", sa.Integer(), nullable=False, server_default="50"))
        picture.create_check_constraint(
            op.f(FOCUS), "focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100"
        )
    op.execute(
        "INSERT INTO listing_facet (product_id, name, value, label, swatch)"
        " SELECT i.product_id, 'collection', c.slug, c.title, '' FROM listing_item i"
        " JOIN collection_product p ON p.product_id = i.product_id"
        " JOIN collection c ON c.id = p.collection_id"
        " ON CONFLICT DO NOTHING"
    )


def _stock() -> None:
    op.create_index("ix_stock_level_on_hand", "stock_level", ["on_hand", "variant_id"])
    op.create_index(
        "ix_stock_level_available", "stock_level", [sa.text("(on_hand - allocated - held)"), "variant_id"]
    )
    op.create_table(
        "expected_delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("supplier", sa.String(200), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_expected_delivery_units_positive")),
        _refers("expected_delivery", "variant_id", "variant.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_delivery")),
    )
    op.create_index(op.f("ix_expected_delivery_variant_id"), "expected_delivery", ["variant_id"])
    op.create_table(
        "stocktake",
        sa.Column("id", KEY, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("problems", JSON, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stocktake")),
        sa.UniqueConstraint("actor", name=op.f("uq_stocktake_actor")),
    )
    op.create_table(
        "stocktake_line",
        sa.Column("stocktake_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_stocktake_line_units_not_negative")),
        _refers("stocktake_line", "stocktake_id", "stocktake.id"),
        _refers("stocktake_line", "variant_id", "variant.id"),
        sa.PrimaryKeyConstraint("stocktake_id", "variant_id", name=op.f("pk_stocktake_line")),
    )
    op.create_index(op.f("ix_stocktake_line_variant_id"), "stocktake_line", ["variant_id"])


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    op.execute("DELETE FROM listing_facet WHERE name = 'collection'")
    with op.batch_alter_table("product_picture") as picture:
        picture.drop_constraint(op.f(FOCUS), type_="check")
        picture.drop_column("focus_y")
        picture.drop_column("focus_x")
    for column in ("version", "rule", "by_rule"):
        op.drop_column("collection", column)
    op.drop_table("category_redirect")
    op.drop_column("category", "version")
    op.drop_table("stocktake_line")
    op.drop_table("stocktake")
    op.drop_table("expected_delivery")
    op.drop_index("ix_stock_level_available", "stock_level")
    op.drop_index("ix_stock_level_on_hand", "stock_level")
