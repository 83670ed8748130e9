"""Saved views, preferences, actions on many records, runs of jobs; and the indexes that lists read by."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEEDS_REVIEW = sa.text("needs_review <> ''")
STATUSES = ("payment_status", "fulfilment_status")
INDEXES = {
    "customer_order": {
        "ix_customer_order_status_placed_at": ["status", "placed_at", "id"],
        "ix_customer_order_payment_status_placed_at": ["payment_status", "placed_at", "id"],
        "ix_customer_order_fulfilment_status_placed_at": ["fulfilment_status", "placed_at", "id"],
        "ix_customer_order_country_placed_at": ["country", "placed_at", "id"],
        "ix_customer_order_total_minor": ["total_minor", "id"],
    },
    "letter": {
        "ix_letter_created_at": ["created_at", "id"],
        "ix_letter_kind_created_at": ["kind", "created_at", "id"],
        "ix_letter_to_email": ["to_email", "id"],
    },
    "provider_event": {
        "ix_provider_event_received_at": ["received_at", "id"],
        "ix_provider_event_kind_received_at": ["kind", "received_at", "id"],
        "ix_provider_event_outcome_received_at": ["outcome", "received_at", "id"],
    },
}


def upgrade() -> None:
    _views()
    _bulk_jobs()
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(500), nullable=False),
        sa.Column("failed_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )
    for table, indexes in INDEXES.items():
        for name, columns in indexes.items():
            op.create_index(name, table, columns)
    op.create_index(
        "ix_customer_order_needs_review",
        "customer_order",
        ["placed_at", "id"],
        sqlite_where=NEEDS_REVIEW,
        postgresql_where=NEEDS_REVIEW,
    )
    # Those above begin with the same columns.
    for column in STATUSES:
        op.drop_index(f"ix_customer_order_{column}", "customer_order")


def _views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("query", sa.String(4000), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_saved_view_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "staff_id", "list_name", "label", name=op.f("uq_saved_view_staff_id_list_name_label")
        ),
    )
    op.create_index("ix_saved_view_list_name", "saved_view", ["list_name"])
    op.create_table(
        "list_preference",
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("density", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_list_preference_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "list_name", name=op.f("pk_list_preference")),
    )


def _bulk_jobs() -> None:
    op.create_table(
        "bulk_job",
        sa.Column("id", KEY, nullable=False),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("staff_id", KEY),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'cancelled')", name=op.f("ck_bulk_job_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_bulk_job_staff_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_job")),
    )
    op.create_index("ix_bulk_job_state_id", "bulk_job", ["state", "id"])
    op.create_index("ix_bulk_job_created_at_id", "bulk_job", ["created_at", "id"])
    op.create_index(op.f("ix_bulk_job_staff_id"), "bulk_job", ["staff_id"])
    op.create_table(
        "bulk_row",
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'changed', 'unchanged', 'refused', 'skipped', 'cancelled')",
            name=op.f("ck_bulk_row_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["bulk_job.id"], name=op.f("fk_bulk_row_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_bulk_row")),
    )
    op.create_index("ix_bulk_row_job_id_state", "bulk_row", ["job_id", "state"])


def downgrade() -> None:
    for column in STATUSES:
        op.create_index(f"ix_customer_order_{column}", "customer_order", [column])
    op.drop_index("ix_customer_order_needs_review", "customer_order")
    for table, indexes in INDEXES.items():
        for name in indexes:
            op.drop_index(name, table)
    for table in ("job_run", "bulk_row", "bulk_job", "list_preference", "saved_view"):
        op.drop_table(table)
