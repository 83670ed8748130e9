"""Unlisted products: sold by their address, and left out of lists, search and sitemap."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KNOWN = "ck_product_status_known"
COUNTS = "ck_product_counts_not_negative"


def upgrade() -> None:
    _allow("status IN ('draft', 'active', 'unlisted', 'archived')")


def downgrade() -> None:
    # Nobody may find them in a list, so they become drafts.
    op.execute(sa.text("UPDATE product SET status = 'draft' WHERE status = 'unlisted'"))
    _allow("status IN ('draft', 'active', 'archived')")


def _allow(statuses: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        # The table is copied, and a copy has none of the CHECKs.
        with op.batch_alter_table("product", recreate="always") as product:
            product.create_check_constraint(op.f(KNOWN), statuses)
            product.create_check_constraint(
                op.f(COUNTS), "sold_count >= 0 AND review_count >= 0 AND stars_sum >= 0"
            )
    else:
        op.drop_constraint(op.f(KNOWN), "product", type_="check")
        op.create_check_constraint(op.f(KNOWN), "product", statuses)
