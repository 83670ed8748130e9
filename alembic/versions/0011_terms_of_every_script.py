"""Search documents in terms of every script, which the database takes as they are."""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = ("title", "codes", "words", "description")


def upgrade() -> None:
    """The documents begin empty: `listing_index.complete` writes them."""
    _make_anew(sa.Column("version", sa.Integer(), nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        # All signs are parts of terms but spaces: the shop has folded and cut the texts.
        _sqlite("ascii tokenchars ''./+''")
    else:
        # As the text of a tsvector, past the database's own reading of words.
        _postgresql(r"(regexp_replace({name}, '[^ ]+', '\&\:1{weight}', 'g'))::tsvector")


def downgrade() -> None:
    _make_anew()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite("unicode61 remove_diacritics 2")
    else:
        _postgresql("setweight(to_tsvector('simple'::regconfig, {name}), '{weight}')")


def _make_anew(*more: sa.Column) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_product")
    op.drop_table("search_document")
    op.create_table(
        "search_document",
        sa.Column("place", KEY, primary_key=True, autoincrement=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False, unique=True),
        *more,
        *(sa.Column(name, sa.Text(), nullable=False) for name in COLUMNS),
    )
    op.execute("DELETE FROM search_term")


def _sqlite(tokenizer: str) -> None:
    columns, old, new = (", ".join(f"{prefix}{name}" for name in COLUMNS) for prefix in ("", "old.", "new."))
    op.execute(
        f"CREATE VIRTUAL TABLE search_product USING fts5({columns}, content='search_document',"
        f" content_rowid='place', tokenize='{tokenizer}', prefix='2 3', detail=column, columnsize=0)"
    )
    put = f"INSERT INTO search_product(rowid, {columns}) VALUES (new.place, {new});"
    take = (
        f"INSERT INTO search_product(search_product, rowid, {columns}) VALUES ('delete', old.place, {old});"
    )
    op.execute(f"CREATE TRIGGER search_put AFTER INSERT ON search_document BEGIN {put} END")
    op.execute(f"CREATE TRIGGER search_take AFTER DELETE ON search_document BEGIN {take} END")
    op.execute(f"CREATE TRIGGER search_change AFTER UPDATE ON search_document BEGIN {take} {put} END")


def _postgresql(vector: str) -> None:
    parts = " || ".join(
        vector.format(name=name, weight=weight) for name, weight in zip(COLUMNS, "ABCD", strict=True)
    )
    op.execute(f"ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS ({parts}) STORED")
    op.execute(
        "CREATE INDEX search_document_vector ON search_document USING gin (vector) WITH (fastupdate = off)"
    )
