"""Terms of documents say where they are found, changes of the listing index which products they were of."""

import sqlalchemy as sa

from alembic import op

revision = "0020"
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
        _make_titles()
        _make_vector(f"({JOINED.join(_terms(name, signs) for name, signs in PLACES.items())})::tsvector")


def _terms(name: str, signs: str) -> str:
    each = " ".join(sign + r"\&" for sign in signs)
    return f"regexp_replace({name}, '[^ ]+', '{each}', 'g')"


def downgrade() -> None:
    op.drop_column("listing_change", "product_ids")
    if op.get_bind().dialect.name == "postgresql":
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER search_title_{event} ON search_document")
            op.execute(f"DROP FUNCTION search_title_{event}()")
        op.drop_table("search_title")
        op.execute("DROP FUNCTION search_title_forms(text)")
        part, joined = BEFORE
        _make_vector(
            joined.join(
                part.format(name=name, weight=weight) for name, weight in zip(PLACES, "ABCD", strict=True)
            )
        )


def _make_titles() -> None:
    """Which documents have a term in their title, in order: a common word's first ones are read at once.

    Beginnings of two and three signs are terms too, as SQLite's index has them.
    """
    op.create_table(
        "search_title",
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("term", "place", name=op.f("pk_search_title")),
    )
    op.execute(
        "CREATE FUNCTION search_title_forms(title text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$"
        " SELECT DISTINCT form FROM unnest(string_to_array(title, ' ')) AS term,"
        " LATERAL (VALUES (term), (left(term, 2) || '*'), (left(term, 3) || '*')) AS forms (form)"
        " WHERE term <> '' $$"
    )
    forms = "SELECT form, place FROM {rows}, search_title_forms(title) AS form"
    put = f"INSERT INTO search_title (term, place) {forms.format(rows='put')};"
    take = (
        "DELETE FROM search_title AS held USING"
        f" ({forms.format(rows='taken')}) AS gone WHERE held.term = gone.form AND held.place = gone.place;"
    )
    for event, tables, statements in (
        ("INSERT", "NEW TABLE AS put", put),
        ("DELETE", "OLD TABLE AS taken", take),
        ("UPDATE", "OLD TABLE AS taken NEW TABLE AS put", take + put),
    ):
        name = f"search_title_{event.lower()}"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {statements} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON search_document"
            f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    op.execute(f"INSERT INTO search_title (term, place) {forms.format(rows='search_document')}")


def _make_vector(expression: str) -> None:
    op.execute("ALTER TABLE search_document DROP COLUMN vector")
    op.execute(
        f"ALTER TABLE search_document ADD COLUMN vector tsvector GENERATED ALWAYS AS ({expression}) STORED"
    )
    op.execute(INDEX)
