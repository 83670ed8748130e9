"""Handles of products, SKUs of 255 characters, and facets that keep their values."""

import unicodedata

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WITH_SKU = ("variant", "listing_variant", "order_line")
product = sa.table("product", sa.column("id"), sa.column("slug"), sa.column("handle"), sa.column("extra", sa.JSON))


def upgrade() -> None:
    """A product's handle is what its file said, or else its slug.

    The listing index is emptied of variants: `listing_index.complete` projects those products again.
    """
    _make_skus(64, 255)
    op.add_column("product", sa.Column("handle", sa.String(255), nullable=False, server_default=""))
    _fill_handles()
    op.create_index(op.f("ix_product_handle"), "product", ["handle"], unique=True)
    op.execute("DELETE FROM listing_variant")


def downgrade() -> None:
    op.drop_index(op.f("ix_product_handle"), "product")
    op.drop_column("product", "handle")
    op.execute("DELETE FROM listing_variant")
    _make_skus(255, 64)


def _make_skus(before: int, after: int) -> None:
    for table in WITH_SKU:
        with op.batch_alter_table(table) as batch:
            batch.alter_column("sku", existing_type=sa.String(before), type_=sa.String(after))


def _fill_handles() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(product.c.id, product.c.slug, product.c.extra).order_by("id")).all()
    taken: set[str] = set()
    # Those whose file said no other handle come first: their slug is what files know them by.
    for row in sorted(rows, key=lambda row: "Handle" in (row.extra or {})):
        extra = dict(row.extra or {})
        written = extra.pop("Handle", row.slug)
        handle = unicodedata.normalize("NFC", unicodedata.normalize("NFC", written).strip().lower()).strip()
        handle = _free(handle[:255] or row.slug, taken)
        taken.add(handle)
        connection.execute(
            sa.update(product).where(product.c.id == row.id).values(handle=handle, extra=extra)
        )


def _free(handle: str, taken: set[str]) -> str:
    name, number = handle, 1
    while name in taken:
        number += 1
        name = f"{handle[:245]}-{number}"
    return name
