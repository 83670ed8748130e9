"""The days on which an order arrives are days: they were kept as the moments at which those begin in UTC."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = ("arrives_from", "arrives_until")


def upgrade() -> None:
    # SQLite keeps both as text, and a day is the first ten letters of such a moment.
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    day = "substr({}, 1, 10)" if on_sqlite else "({} AT TIME ZONE 'UTC')::date"
    _make_anew(sa.Date(), day)


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "{} || ' 00:00:00.000000'" if on_sqlite else "{}::timestamp AT TIME ZONE 'UTC'"
    _make_anew(sa.DateTime(timezone=True), moment)


def _make_anew(kind: sa.types.TypeEngine, value: str) -> None:
    for column in COLUMNS:
        op.add_column("customer_order", sa.Column(f"new_{column}", kind, nullable=True))
        op.execute(f"UPDATE customer_order SET new_{column} = {value.format(column)}")
        op.drop_column("customer_order", column)
        op.execute(f"ALTER TABLE customer_order RENAME COLUMN new_{column} TO {column}")
