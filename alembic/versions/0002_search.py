"""Search: one document a product, its full-text index, and the words that are known.

The index is the database's own: FTS5 on SQLite, kept by triggers, and a tsvector on PostgreSQL,
generated from the same columns. All text in them is already folded (services.listing.spelling), so that both
cut it into the same words.
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("title", "codes", "words", "description")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shelf_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelf_change")),
    )
    op.create_table(
        "search_document",
        sa.Column("place", KEY, primary_key=True, autoincrement=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False, unique=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in COLUMNS),
    )
    op.create_table(
        "search_term",
        sa.Column("term", sa.String(64), primary_key=True),
        sa.Column("documents", sa.BigInteger(), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    columns, old, new = (", ".join(f"{prefix}{name}" for name in COLUMNS) for prefix in ("", "old.", "new."))
    # Without positions and sizes (no phrases, no bm25) the index is small and quick to write.
    op.execute(
        f"CREATE VIRTUAL TABLE search_product USING fts5({columns}, content='search_document',"
        " content_rowid='place', tokenize='unicode61 remove_diacritics 2', prefix='2 3',"
        " detail=column, columnsize=0)"
    )
    put = f"INSERT INTO search_product(rowid, {columns}) VALUES (new.place, {new});"
    take = (
        f"INSERT INTO search_product(search_product, rowid, {columns}) VALUES ('delete', old.place, {old});"
    )
    op.execute(f"CREATE TRIGGER search_put AFTER INSERT ON search_document BEGIN {put} END")
    op.execute(f"CREATE TRIGGER search_take AFTER DELETE ON search_document BEGIN {take} END")
    op.execute(f"CREATE TRIGGER search_change AFTER UPDATE ON search_document BEGIN {take} {put} END")


def _postgresql() -> None:
    parts = " || ".join(
        f"setweight(to_tsvector('simple'::regconfig, {name}), '{weight}')"
        for name, weight in zip(COLUMNS, "ABCD", strict=True)
    )
    op.execute(f"ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS ({parts}) STORED")
    # With fastupdate every search would read through the list of what isn't merged yet.
    op.execute(
        "CREATE INDEX search_document_vector ON search_document USING gin (vector) WITH (fastupdate = off)"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_product")
    for table in ("search_term", "search_document", "shelf_change"):
        op.drop_table(table)
