"""Unlisted products: sold by their address, and left out of lists, search and sitemap."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KNOWN = "ck_product_status_known"


def upgrade() -> None:
    _allow("status IN ('draft', 'active', 'unlisted', 'archived')")


def downgrade() -> None:
    # Nobody may find them in a list, so they become drafts.
    op.execute(sa.text("UPDATE product SET status = 'draft' WHERE status = 'unlisted'"))
    _allow("status IN ('draft', 'active', 'archived')")


def _allow(statuses: str) -> None:
    with op.batch_alter_table("product") as product:
        product.drop_constraint(op.f(KNOWN), type_="check")
        product.create_check_constraint(op.f(KNOWN), statuses)
