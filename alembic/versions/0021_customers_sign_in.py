"""Customers sign in: codes by mail, passkeys and known browsers of customers, accounts that are blocked."""

import sqlalchemy as sa

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ONE_PERSON = "(customer_id IS NULL) <> (staff_id IS NULL)"
OF_BROWSER = "staff_id, visitor_hash, device, first_at, last_at"


def upgrade() -> None:
    op.add_column("customer", sa.Column("blocked_at", MOMENT, nullable=True))
    op.add_column("customer", sa.Column("locale", sa.String(16), nullable=True))
    op.create_table(
        "sign_in_code",
        sa.Column("id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("visitor_hash", sa.String(64), nullable=False),
        sa.Column("seed", sa.String(32), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_code")),
        sa.UniqueConstraint("email", "visitor_hash", name=op.f("uq_sign_in_code_email_visitor_hash")),
        sa.UniqueConstraint("seed", name=op.f("uq_sign_in_code_seed")),
    )
    op.create_index(op.f("ix_sign_in_code_expires_at"), "sign_in_code", ["expires_at"])
    # Nothing refers to these two: their rows are written anew on SQLite, and none goes along.
    with op.batch_alter_table("passkey") as passkey:
        passkey.alter_column("staff_id", existing_type=KEY, nullable=True)
        passkey.add_column(sa.Column("customer_id", KEY, nullable=True))
        passkey.create_foreign_key(
            op.f("fk_passkey_customer_id"), "customer", ["customer_id"], ["id"], ondelete="CASCADE"
        )
        passkey.create_check_constraint(op.f("ck_passkey_one_person"), ONE_PERSON)
    op.create_index(op.f("ix_passkey_customer_id"), "passkey", ["customer_id"])
    _make_browsers(
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("customer_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_known_browser_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_browser")),
        sa.UniqueConstraint("staff_id", "visitor_hash", name=op.f("uq_known_browser_staff_id_visitor_hash")),
        sa.UniqueConstraint(
            "customer_id", "visitor_hash", name=op.f("uq_known_browser_customer_id_visitor_hash")
        ),
        sa.CheckConstraint(ONE_PERSON, name=op.f("ck_known_browser_one_person")),
    )


def downgrade() -> None:
    op.execute("DELETE FROM known_browser WHERE staff_id IS NULL")
    _make_browsers(
        sa.Column("staff_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "visitor_hash", name=op.f("pk_known_browser")),
    )
    op.execute("DELETE FROM passkey WHERE staff_id IS NULL")
    op.drop_index(op.f("ix_passkey_customer_id"), "passkey")
    with op.batch_alter_table("passkey") as passkey:
        passkey.drop_constraint(op.f("ck_passkey_one_person"), type_="check")
        passkey.drop_constraint(op.f("fk_passkey_customer_id"), type_="foreignkey")
        passkey.drop_column("customer_id")
        passkey.alter_column("staff_id", existing_type=KEY, nullable=False)
    op.drop_table("sign_in_code")
    op.drop_column("customer", "locale")
    op.drop_column("customer", "blocked_at")


def _make_browsers(*own: sa.Column | sa.Constraint) -> None:
    """Make the table of known browsers anew: another primary key can't be given to one that is there."""
    op.execute(f"CREATE TABLE known_browser_before AS SELECT {OF_BROWSER} FROM known_browser")
    op.drop_table("known_browser")
    op.create_table(
        "known_browser",
        *own,
        sa.Column("visitor_hash", sa.String(64), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_known_browser_staff_id"), ondelete="CASCADE"
        ),
    )
    op.execute(f"INSERT INTO known_browser ({OF_BROWSER}) SELECT {OF_BROWSER} FROM known_browser_before")
    op.drop_table("known_browser_before")
