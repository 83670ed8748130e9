"""Untracked variants: a stock policy beside deny and backorder."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KNOWN = "ck_stock_level_policy_known"
NONE_FREE = "ck_stock_level_untracked_has_none_free"


def upgrade() -> None:
    with op.batch_alter_table("stock_level") as stock_level:
        stock_level.drop_constraint(op.f(KNOWN), type_="check")
        stock_level.create_check_constraint(op.f(KNOWN), "policy IN ('deny', 'backorder', 'untracked')")
        stock_level.create_check_constraint(
            op.f(NONE_FREE), "policy <> 'untracked' OR (on_hand = allocated AND held = 0)"
        )


def downgrade() -> None:
    """What was untracked can be ordered as before, as a backorder."""
    op.execute("UPDATE stock_level SET policy = 'backorder' WHERE policy = 'untracked'")
    with op.batch_alter_table("stock_level") as stock_level:
        stock_level.drop_constraint(op.f(NONE_FREE), type_="check")
        stock_level.drop_constraint(op.f(KNOWN), type_="check")
        stock_level.create_check_constraint(op.f(KNOWN), "policy IN ('deny', 'backorder')")
