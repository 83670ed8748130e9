"""Terms of documents say where they are found, changes of the listing index which products they were of."""

import sqlalchemy as sa

from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = (r"(regexp_replace({name}, '[^ ]+', '\&\:1{weight}', 'g'))::tsvector", " || ")
INDEX = "CREATE INDEX search_document_vector ON search_document USING gin (vector) WITH (fastupdate = off)"
JOINED = " || ' ' || "
PLACES = {"title": "TSA", "codes": "CSA", "words": "SA", "description": "A"}
"""The signs before a term of each column: found in titles, in codes, in all that is short, in all."""


def upgrade() -> None:
    op.add_column("listing_change", sa.Column("product_ids", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        # With weights, PostgreSQL reads each document again that its index has found.
        _make_vector(f"({JOINED.join(_terms(name, signs) for name, signs in PLACES.items())})::tsvector")


def _terms(name: str, signs: str) -> str:
    each = " ".join(sign + r"\&" for sign in signs)
    return f"regexp_replace({name}, '[^ ]+', '{each}', 'g')"


def downgrade() -> None:
    op.drop_column("listing_change", "product_ids")
    if op.get_bind().dialect.name == "postgresql":
        part, joined = BEFORE
        _make_vector(
            joined.join(
                part.format(name=name, weight=weight) for name, weight in zip(PLACES, "ABCD", strict=True)
            )
        )


def _make_vector(expression: str) -> None:
    op.execute("ALTER TABLE search_document DROP COLUMN vector")
    op.execute(
        f"ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS ({expression}) STORED"
    )
    op.execute(INDEX)
