"""The back office's side of orders: words to find them by, indexes of their list, reasons, open records."""

import json

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
AT_ONCE = 1000

REASONS = {
    "refund": ("Damaged", "Faulty", "Wrong item sent", "Never arrived", "Sent back", "Goodwill", "Other"),
    "cancellation": (
        "Customer asked for it",
        "Out of stock",
        "Can't be delivered",
        "Suspected fraud",
        "Ordered twice",
        "Other",
    ),
}
RETURN_REASONS = (
    ("changed_mind", "I changed my mind"),
    ("damaged", "It arrived damaged"),
    ("faulty", "It doesn't work as it should"),
    ("not_as_described", "It isn't what the page showed"),
    ("wrong_item", "I got something else"),
    ("other", "Another reason"),
)


def upgrade() -> None:
    op.add_column("customer_order", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_customer_order_shipping_method_placed_at", "customer_order", ["shipping_method", "placed_at", "id"]
    )
    op.create_index(
        "ix_customer_order_archived",
        "customer_order",
        ["placed_at", "id"],
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.create_index("ix_order_line_sku", "order_line", ["sku"])
    op.create_index("ix_shipment_tracking", "shipment", ["tracking"])
    op.create_index("ix_payment_reference", "payment", ["reference"])
    op.create_index("ix_return_request_status_order_id", "return_request", ["status", "order_id"])
    op.add_column("return_request", sa.Column("staff_note", sa.String(), nullable=False, server_default=""))
    op.add_column("letter", sa.Column("order_id", KEY, nullable=True))
    op.create_index("ix_letter_order_id", "letter", ["order_id"])
    _letters_know_their_order()
    op.create_table(
        "order_word",
        sa.Column("word", WORD, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_order_word_order_id")),
        sa.PrimaryKeyConstraint("word", "order_id", name=op.f("pk_order_word")),
    )
    op.create_index("ix_order_word_order_id", "order_word", ["order_id"])
    _write_words()
    op.create_table(
        "reason",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('refund', 'cancellation', 'return')", name=op.f("ck_reason_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_reason_kind_code")),
    )
    _write_reasons()
    op.create_table(
        "presence",
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("tab", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record", "tab", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_seen_at", "presence", ["seen_at"])


def downgrade() -> None:
    for table in ("presence", "reason", "order_word"):
        op.drop_table(table)
    op.drop_index("ix_letter_order_id", "letter")
    op.drop_column("letter", "order_id")
    op.drop_column("return_request", "staff_note")
    op.drop_index("ix_return_request_status_order_id", "return_request")
    op.drop_index("ix_payment_reference", "payment")
    op.drop_index("ix_shipment_tracking", "shipment")
    op.drop_index("ix_order_line_sku", "order_line")
    op.drop_index("ix_customer_order_archived", "customer_order")
    op.drop_index("ix_customer_order_shipping_method_placed_at", "customer_order")
    op.drop_column("customer_order", "archived_at")


def _letters_know_their_order() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    order = "json_extract(data, '$.order_id')" if on_sqlite else "(data ->> 'order_id')::bigint"
    op.execute(f"UPDATE letter SET order_id = {order}")


def _write_words() -> None:
    # The names are folded as whoever searches for them folds them.
    from shop_app.services.orders.finding import words_of

    connection = op.get_bind()
    after, words = 0, sa.table("order_word", sa.column("word"), sa.column("order_id"))
    read = sa.text(
        "SELECT id, email, ship_to, bill_to FROM customer_order WHERE id > :after ORDER BY id LIMIT :most"
    )
    while rows := connection.execute(read, {"after": after, "most": AT_ONCE}).all():
        after = rows[-1].id
        found = [
            {"word": word, "order_id": row.id}
            for row in rows
            for word in words_of(row.email, _address(row.ship_to), _address(row.bill_to))
        ]
        if found:
            connection.execute(sa.insert(words), found)


def _address(value: object) -> dict[str, str]:
    return json.loads(value) if isinstance(value, str) else dict(value or {})  # pyright: ignore


def _write_reasons() -> None:
    table = sa.table(
        "reason", *(sa.column(name) for name in ("kind", "code", "label", "position", "active", "version"))
    )
    rows = [
        (kind, label.lower().replace(" ", "_").replace("'", ""), label, position)
        for kind, labels in REASONS.items()
        for position, label in enumerate(labels)
    ] + [("return", code, label, position) for position, (code, label) in enumerate(RETURN_REASONS)]
    op.bulk_insert(
        table,
        [
            {"kind": kind, "code": code, "label": label, "position": position, "active": True, "version": 1}
            for kind, code, label, position in rows
        ],
    )
