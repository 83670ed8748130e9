"""Roles as rows, invitations of staff, and an audit that only grows and says from where."""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KNOWN = "ck_staff_role_known"
OF_ROLE = "fk_staff_role"
CLERK = [
    "customers.view",
    "inventory.adjust",
    "inventory.view",
    "orders.fulfil",
    "orders.view",
    "products.view",
]
MANAGER = sorted(
    [
        *CLERK,
        "analytics.view",
        "audit.view",
        "credit.edit",
        "customers.edit",
        "discounts.edit",
        "jobs.edit",
        "jobs.view",
        "orders.edit",
        "orders.refund",
        "products.edit",
        "settings.view",
        "staff.view",
    ]
)
ROLES = (("owner", "Owner", []), ("manager", "Manager", MANAGER), ("clerk", "Clerk", CLERK))
REFUSAL = "audit entries are neither changed nor deleted"


def upgrade() -> None:
    _make_roles()
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f(KNOWN), type_="check")
        staff.create_foreign_key(op.f(OF_ROLE), "staff_role", ["role"], ["code"])
    op.create_index(op.f("ix_staff_role"), "staff", ["role"])
    op.create_table(
        "staff_invitation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("invited_by_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_invitation_email_lower")),
        sa.ForeignKeyConstraint(["role"], ["staff_role.code"], name=op.f("fk_staff_invitation_role")),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["staff.id"], name=op.f("fk_staff_invitation_invited_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_invitation")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_invitation_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_invitation_token_hash")),
    )
    op.create_table(
        "audit_erasure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_erasure")),
    )
    for name, length in (("origin", 32), ("address", 64)):
        op.add_column("audit_entry", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.drop_index(op.f("ix_audit_entry_object_key"), "audit_entry")
    op.create_index(
        op.f("ix_audit_entry_object_key_object_kind_id"), "audit_entry", ["object_key", "object_kind", "id"]
    )
    op.create_index(op.f("ix_audit_entry_object_kind_at"), "audit_entry", ["object_kind", "at"])
    op.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor", "id"])
    _make_lasting()


def downgrade() -> None:
    """Staff with a role of the shop's own become clerks."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER audit_entry_lasts_{name}")
    else:
        op.execute("DROP TRIGGER audit_entry_lasts ON audit_entry")
        op.execute("DROP TRIGGER audit_entry_lasts_whole ON audit_entry")
        op.execute("DROP FUNCTION refuse_audit_change()")
    op.drop_index(op.f("ix_audit_entry_actor_id"), "audit_entry")
    op.drop_index(op.f("ix_audit_entry_object_kind_at"), "audit_entry")
    op.drop_index(op.f("ix_audit_entry_object_key_object_kind_id"), "audit_entry")
    op.create_index(op.f("ix_audit_entry_object_key"), "audit_entry", ["object_key"])
    for name in ("address", "origin"):
        op.drop_column("audit_entry", name)
    op.drop_table("audit_erasure")
    op.drop_table("staff_invitation")
    op.execute("UPDATE staff SET role = 'clerk' WHERE role NOT IN ('owner', 'manager', 'clerk')")
    op.drop_index(op.f("ix_staff_role"), "staff")
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f(OF_ROLE), type_="foreignkey")
        staff.create_check_constraint(op.f(KNOWN), "role IN ('owner', 'manager', 'clerk')")
    op.drop_table("staff_role")


def _make_roles() -> None:
    roles = op.create_table(
        "staff_role",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_staff_role")),
        sa.UniqueConstraint("label", name=op.f("uq_staff_role_label")),
    )
    same = {"built_in": True, "created_at": dt.datetime.now(dt.UTC), "version": 1}
    op.bulk_insert(
        roles, [{"code": code, "label": label, "permissions": keys, **same} for code, label, keys in ROLES]
    )


def _make_lasting() -> None:
    """Triggers refuse what changes or deletes entries, unless a row stands in audit_erasure."""
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_entry_lasts_{event.lower()} BEFORE {event} ON audit_entry"
                " WHEN NOT EXISTS (SELECT 1 FROM audit_erasure)"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        # INSERT OR REPLACE deletes without the trigger for it.
        op.execute(
            "CREATE TRIGGER audit_entry_lasts_insert BEFORE INSERT ON audit_entry"
            " WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF EXISTS (SELECT 1 FROM audit_erasure) THEN"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; ELSIF TG_OP = 'UPDATE' THEN RETURN NEW; END IF;"
        " END IF;"
        f" RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_lasts BEFORE UPDATE OR DELETE ON audit_entry"
        " FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_lasts_whole BEFORE TRUNCATE ON audit_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
