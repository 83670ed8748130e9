"""Signing in: passkeys, one-time codes, recovery codes, known browsers, and what a session knows of itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _extend_sessions()
    op.create_table(
        "passkey",
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("credential_id", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.String(4000), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", JSON, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        _of_staff("passkey"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_staff_id"), "passkey", ["staff_id"])
    op.create_table(
        "one_time_codes",
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("sealed_secret", sa.String(300), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_staff("one_time_codes"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_one_time_codes")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _of_staff("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
    )
    op.create_index(op.f("ix_recovery_code_staff_id"), "recovery_code", ["staff_id"])
    op.create_table(
        "known_browser",
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("visitor_hash", sa.String(64), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        _of_staff("known_browser"),
        sa.PrimaryKeyConstraint("staff_id", "visitor_hash", name=op.f("pk_known_browser")),
    )
    op.create_table(
        "second_factor_rule",
        sa.Column("role", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_second_factor_rule")),
    )
    op.create_table(
        "spent_challenge",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_challenge")),
    )
    op.create_index(op.f("ix_spent_challenge_expires_at"), "spent_challenge", ["expires_at"])


def downgrade() -> None:
    for table in (
        "spent_challenge",
        "second_factor_rule",
        "known_browser",
        "recovery_code",
        "one_time_codes",
        "passkey",
    ):
        op.drop_table(table)
    for column in ("network", "device", "lacks_factor", "proven_at"):
        op.drop_column("login_session", column)


def _of_staff(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_staff_id")
    return sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=name, ondelete="CASCADE")


def _extend_sessions() -> None:
    """Whoever is signed in proved it when the session began."""
    # In two steps: SQLite adds no column without a value, and a moment has no good one for all rows.
    op.add_column("login_session", sa.Column("proven_at", MOMENT, nullable=True))
    op.execute("UPDATE login_session SET proven_at = created_at")
    with op.batch_alter_table("login_session") as session:
        session.alter_column("proven_at", existing_type=MOMENT, nullable=False)
        session.add_column(
            sa.Column("lacks_factor", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        session.add_column(sa.Column("device", sa.String(100), nullable=False, server_default=""))
        session.add_column(sa.Column("network", sa.String(64), nullable=False, server_default=""))
