"""The schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COLUMNS = ("title", "codes", "words", "description")
LANES = (
    ("default", "Offers and codes", 10, False),
    ("codes", "Codes for everything", 20, True),
    ("shipping", "Delivery", 30, True),
)
"""The lanes of promotions that every shop starts with: code, label, position, on_discounted."""


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "customer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_customer_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("email", name=op.f("uq_customer_email")),
    )
    op.create_table(
        "letter",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dedupe_key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("to_email", sa.String(254), nullable=False),
        sa.Column("mailbox", sa.String(254), nullable=False, server_default=sa.text("''")),
        sa.Column("data", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_letter_dedupe_key")),
    )
    op.create_index("ix_letter_mailbox_next_try_at", "letter", ["mailbox", "next_try_at"], unique=False)
    op.create_index("ix_letter_sent_at_next_try_at", "letter", ["sent_at", "next_try_at"], unique=False)
    op.create_table(
        "listing_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_change")),
    )
    op.create_table(
        "picture",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_picture_has_a_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
        sa.UniqueConstraint("key", name=op.f("uq_picture_key")),
    )
    op.create_table(
        "promotion_lane",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("on_discounted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_promotion_lane")),
    )
    op.create_table(
        "provider_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_event")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_provider_event_provider_event_id")),
    )
    op.create_index(
        "ix_provider_event_applied_at_received_at",
        "provider_event",
        ["applied_at", "received_at"],
        unique=False,
    )
    op.create_table(
        "shipping_zone",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_zone")),
        sa.UniqueConstraint("name", name=op.f("uq_shipping_zone_name")),
    )
    op.create_table(
        "staff",
        sa.Column("id", KEY, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'manager', 'clerk')", name=op.f("ck_staff_role_known")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "tag",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("name", name=op.f("uq_tag_name")),
    )
    op.create_table(
        "tax_class",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tax_class")),
    )
    op.create_table(
        "tax_quote",
        sa.Column("id", KEY, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("postal_code", sa.String(20), nullable=False),
        sa.Column("tax_class", sa.String(32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate_ppm BETWEEN 0 AND 1000000", name=op.f("ck_tax_quote_rate_in_bounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_quote")),
        sa.UniqueConstraint(
            "country",
            "region",
            "postal_code",
            "tax_class",
            name=op.f("uq_tax_quote_country_region_postal_code_tax_class"),
        ),
    )
    op.create_table(
        "address",
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("given_name", sa.String(100), nullable=False),
        sa.Column("family_name", sa.String(100), nullable=False),
        sa.Column("company", sa.String(200), nullable=False),
        sa.Column("line1", sa.String(200), nullable=False),
        sa.Column("line2", sa.String(200), nullable=False),
        sa.Column("postal_code", sa.String(20), nullable=False),
        sa.Column("locality", sa.String(100), nullable=False),
        sa.Column("region", sa.String(100), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_address_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index(op.f("ix_address_customer_id"), "address", ["customer_id"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object_kind", sa.String(32), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entry_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_action"), "audit_entry", ["action"], unique=False)
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index(op.f("ix_audit_entry_object_key"), "audit_entry", ["object_key"], unique=False)
    op.create_index(op.f("ix_audit_entry_staff_id"), "audit_entry", ["staff_id"], unique=False)
    op.create_table(
        "cart",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("codes", JSON, nullable=False),
        sa.Column("credits", JSON, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("checkout", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_cart_customer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart")),
    )
    op.create_index(op.f("ix_cart_customer_id"), "cart", ["customer_id"], unique=False)
    op.create_index(op.f("ix_cart_key_hash"), "cart", ["key_hash"], unique=False)
    op.create_index(
        "uq_cart_open_key_hash",
        "cart",
        ["key_hash"],
        unique=True,
        sqlite_where=sa.text("completed_at IS NULL"),
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.create_table(
        "category",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("picture_id", KEY, nullable=True),
        sa.Column("picture_alt", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name=op.f("fk_category_parent_id")),
        sa.ForeignKeyConstraint(["picture_id"], ["picture.id"], name=op.f("fk_category_picture_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_category_slug")),
    )
    op.create_index(op.f("ix_category_parent_id"), "category", ["parent_id"], unique=False)
    op.create_table(
        "collection",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("picture_id", KEY, nullable=True),
        sa.Column("picture_alt", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.ForeignKeyConstraint(["picture_id"], ["picture.id"], name=op.f("fk_collection_picture_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("slug", name=op.f("uq_collection_slug")),
    )
    op.create_table(
        "credit_account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=True),
        sa.Column("last_four", sa.String(4), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'gift_card') = (code_hash IS NOT NULL)",
            name=op.f("ck_credit_account_gift_cards_have_codes"),
        ),
        sa.CheckConstraint(
            "kind IN ('gift_card', 'store_credit')", name=op.f("ck_credit_account_kind_known")
        ),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_credit_account_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_credit_account_customer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_account")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_credit_account_code_hash")),
    )
    op.create_index(op.f("ix_credit_account_customer_id"), "credit_account", ["customer_id"], unique=False)
    op.create_index(op.f("ix_credit_account_email"), "credit_account", ["email"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(customer_id IS NULL) <> (staff_id IS NULL)", name=op.f("ck_login_session_one_person")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_login_session_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_login_session_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index(op.f("ix_login_session_customer_id"), "login_session", ["customer_id"], unique=False)
    op.create_index(op.f("ix_login_session_staff_id"), "login_session", ["staff_id"], unique=False)
    op.create_table(
        "shipping_method",
        sa.Column("id", KEY, nullable=False),
        sa.Column("zone_id", KEY, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("free_above_minor", sa.BigInteger(), nullable=True),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('flat', 'by_weight', 'pick_up')", name=op.f("ck_shipping_method_kind_known")
        ),
        sa.CheckConstraint(
            "0 <= min_days AND min_days <= max_days", name=op.f("ck_shipping_method_days_in_order")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_shipping_method_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["shipping_zone.id"], name=op.f("fk_shipping_method_zone_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_method")),
        sa.UniqueConstraint("code", name=op.f("uq_shipping_method_code")),
    )
    op.create_index(op.f("ix_shipping_method_zone_id"), "shipping_method", ["zone_id"], unique=False)
    op.create_table(
        "tax_rate",
        sa.Column("id", KEY, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("tax_class", sa.String(32), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint("rate_ppm BETWEEN 0 AND 1000000", name=op.f("ck_tax_rate_rate_in_bounds")),
        sa.ForeignKeyConstraint(["tax_class"], ["tax_class.code"], name=op.f("fk_tax_rate_tax_class")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate")),
        sa.UniqueConstraint(
            "country",
            "region",
            "tax_class",
            "valid_from",
            name=op.f("uq_tax_rate_country_region_tax_class_valid_from"),
        ),
    )
    op.create_index(op.f("ix_tax_rate_country"), "tax_rate", ["country"], unique=False)
    op.create_table(
        "zone_country",
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("zone_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["shipping_zone.id"], name=op.f("fk_zone_country_zone_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_zone_country")),
    )
    op.create_index(op.f("ix_zone_country_zone_id"), "zone_country", ["zone_id"], unique=False)
    op.create_table(
        "customer_order",
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("link_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cart_id", KEY, nullable=True),
        sa.Column("cart_version", sa.Integer(), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("payment_status", sa.String(length=32), nullable=False),
        sa.Column("fulfilment_status", sa.String(length=32), nullable=False),
        sa.Column("needs_review", sa.String(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("ship_to", JSON, nullable=False),
        sa.Column("bill_to", JSON, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("shipping_method", sa.String(64), nullable=False),
        sa.Column("shipping_label", sa.String(), nullable=False),
        sa.Column("arrives_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrives_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_provider", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("vat_number", sa.String(20), nullable=False, server_default=sa.text("''")),
        sa.Column("reverse_charge", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address_hash", sa.String(64), nullable=False, server_default=sa.text("''")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "fulfilment_status IN ('none', 'partial', 'shipped', 'delivered', 'partially_returned', 'returned')",
            name=op.f("ck_customer_order_fulfilment_status_known"),
        ),
        sa.CheckConstraint(
            "payment_status IN ('none', 'authorized', 'partially_paid', 'paid', 'overpaid', 'partially_refunded', 'refunded', 'disputed', 'charged_back', 'voided')",
            name=op.f("ck_customer_order_payment_status_known"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'placed', 'completed', 'cancelled', 'expired')",
            name=op.f("ck_customer_order_status_known"),
        ),
        sa.CheckConstraint(
            "subtotal_minor >= 0 AND discount_minor >= 0 AND shipping_minor >= 0",
            name=op.f("ck_customer_order_parts_not_negative"),
        ),
        sa.CheckConstraint(
            "tax_minor >= 0 AND total_minor >= 0", name=op.f("ck_customer_order_totals_not_negative")
        ),
        sa.CheckConstraint(
            "total_minor = subtotal_minor - discount_minor + shipping_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            name=op.f("ck_customer_order_total_is_sum"),
        ),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.id"], name=op.f("fk_customer_order_cart_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_order_customer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_order")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_order_number")),
        sa.UniqueConstraint("token", name=op.f("uq_customer_order_token")),
    )
    op.create_index(
        "ix_customer_order_address_hash",
        "customer_order",
        ["address_hash"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_customer_order_cart_id"), "customer_order", ["cart_id"], unique=False)
    op.create_index(op.f("ix_customer_order_customer_id"), "customer_order", ["customer_id"], unique=False)
    op.create_index(op.f("ix_customer_order_email"), "customer_order", ["email"], unique=False)
    op.create_index(
        op.f("ix_customer_order_fulfilment_status"), "customer_order", ["fulfilment_status"], unique=False
    )
    op.create_index(
        op.f("ix_customer_order_payment_status"), "customer_order", ["payment_status"], unique=False
    )
    op.create_index("ix_customer_order_placed_at", "customer_order", ["placed_at", "id"], unique=False)
    op.create_index(
        "ix_customer_order_status_expires_at", "customer_order", ["status", "expires_at"], unique=False
    )
    op.create_index(
        "uq_customer_order_living_cart",
        "customer_order",
        ["cart_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('pending', 'placed', 'completed')"),
        postgresql_where=sa.text("status IN ('pending', 'placed', 'completed')"),
    )
    op.create_table(
        "product",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(255), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("subtitle", sa.String(), nullable=False),
        sa.Column("description_html", sa.String(), nullable=False),
        sa.Column("care", sa.String(), nullable=False),
        sa.Column("materials", JSON, nullable=False),
        sa.Column("dimensions_mm", JSON, nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("vendor", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("category_id", KEY, nullable=True),
        sa.Column("tax_class", sa.String(32), nullable=False),
        sa.Column("seo_title", sa.String(), nullable=False),
        sa.Column("seo_description", sa.String(), nullable=False),
        sa.Column("extra", JSON, nullable=False),
        sa.Column("sold_count", sa.Integer(), nullable=False),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("stars_sum", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'active', 'archived')", name=op.f("ck_product_status_known")),
        sa.CheckConstraint(
            "sold_count >= 0 AND review_count >= 0 AND stars_sum >= 0",
            name=op.f("ck_product_counts_not_negative"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_product_category_id")),
        sa.ForeignKeyConstraint(["tax_class"], ["tax_class.code"], name=op.f("fk_product_tax_class")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
    )
    op.create_index("ix_product_category_id_status", "product", ["category_id", "status"], unique=False)
    op.create_table(
        "shipping_rate",
        sa.Column("method_id", KEY, nullable=False),
        sa.Column("up_to_grams", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["method_id"], ["shipping_method.id"], name=op.f("fk_shipping_rate_method_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("method_id", "up_to_grams", name=op.f("pk_shipping_rate")),
    )
    op.create_table(
        "collection_product",
        sa.Column("collection_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_product_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_collection_product_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "product_id", name=op.f("pk_collection_product")),
    )
    op.create_index(
        op.f("ix_collection_product_product_id"), "collection_product", ["product_id"], unique=False
    )
    op.create_table(
        "listing_facet",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("swatch", sa.String(9), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_listing_facet_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "name", "value", name=op.f("pk_listing_facet")),
    )
    op.create_index(
        "ix_listing_facet_name_value", "listing_facet", ["name", "value", "product_id"], unique=False
    )
    op.create_table(
        "listing_item",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("slug", sa.String(255), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category_id", KEY, nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_max_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("on_sale", sa.Boolean(), nullable=False),
        sa.Column("in_stock", sa.Boolean(), nullable=False),
        sa.Column("sold_count", sa.Integer(), nullable=False),
        sa.Column("rating_milli", sa.Integer(), nullable=False),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_listing_item_category_id")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_listing_item_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_listing_item")),
    )
    op.create_index(
        "ix_listing_item_category_newest",
        "listing_item",
        ["category_id", "published_at", "product_id"],
        unique=False,
    )
    op.create_index(
        "ix_listing_item_category_popular",
        "listing_item",
        ["category_id", "sold_count", "product_id"],
        unique=False,
    )
    op.create_index(
        "ix_listing_item_category_price",
        "listing_item",
        ["category_id", "price_minor", "product_id"],
        unique=False,
    )
    op.create_index(
        "ix_listing_item_category_rating",
        "listing_item",
        ["category_id", "rating_milli", "product_id"],
        unique=False,
    )
    op.create_index("ix_listing_item_newest", "listing_item", ["published_at", "product_id"], unique=False)
    op.create_index("ix_listing_item_popular", "listing_item", ["sold_count", "product_id"], unique=False)
    op.create_index("ix_listing_item_price", "listing_item", ["price_minor", "product_id"], unique=False)
    op.create_index("ix_listing_item_rating", "listing_item", ["rating_milli", "product_id"], unique=False)
    op.create_index(
        "ix_listing_item_sale_popular", "listing_item", ["on_sale", "sold_count", "product_id"], unique=False
    )
    op.create_table(
        "order_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_order_event_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
    )
    op.create_index(op.f("ix_order_event_order_id"), "order_event", ["order_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(255), nullable=True),
        sa.Column("intent_reference", sa.String(255), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_pending_minor", sa.BigInteger(), nullable=False),
        sa.Column("redirect_url", sa.String(), nullable=False),
        sa.Column("decline_message", sa.String(), nullable=False),
        sa.Column("authorized_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('started', 'open', 'authorized', 'captured', 'failed', 'expired', 'cancelled')",
            name=op.f("ck_payment_state_known"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount_positive")),
        sa.CheckConstraint(
            "captured_minor BETWEEN 0 AND amount_minor", name=op.f("ck_payment_captured_in_bounds")
        ),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND refund_pending_minor >= 0 AND refunded_minor + refund_pending_minor <= captured_minor",
            name=op.f("ck_payment_refunds_in_bounds"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_payment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("order_id", "attempt", name=op.f("uq_payment_order_id_attempt")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_provider_reference")),
    )
    op.create_index(op.f("ix_payment_intent_reference"), "payment", ["intent_reference"], unique=False)
    op.create_index("ix_payment_state_created_at", "payment", ["state", "created_at"], unique=False)
    op.create_table(
        "product_option",
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_option_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_option")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_product_option_product_id_name")),
    )
    op.create_index(op.f("ix_product_option_product_id"), "product_option", ["product_id"], unique=False)
    op.create_table(
        "product_picture",
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("picture_id", KEY, nullable=False),
        sa.Column("alt", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["picture_id"], ["picture.id"], name=op.f("fk_product_picture_picture_id")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_picture_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_picture")),
        sa.UniqueConstraint(
            "product_id", "picture_id", name=op.f("uq_product_picture_product_id_picture_id")
        ),
    )
    op.create_index(op.f("ix_product_picture_picture_id"), "product_picture", ["picture_id"], unique=False)
    op.create_index(
        "ix_product_picture_product_id_position", "product_picture", ["product_id", "position"], unique=False
    )
    op.create_table(
        "product_tag",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("tag_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_tag_product_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tag.id"], name=op.f("fk_product_tag_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "tag_id", name=op.f("pk_product_tag")),
    )
    op.create_index(op.f("ix_product_tag_tag_id"), "product_tag", ["tag_id"], unique=False)
    op.create_table(
        "return_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('return', 'withdrawal')", name=op.f("ck_return_request_kind_known")),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'declined', 'received', 'refunded', 'cancelled')",
            name=op.f("ck_return_request_status_known"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_return_request_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_request")),
        sa.UniqueConstraint("request_key", name=op.f("uq_return_request_request_key")),
    )
    op.create_index(op.f("ix_return_request_order_id"), "return_request", ["order_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("author_name", sa.String(100), nullable=False),
        sa.Column("variant_title", sa.String(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'published', 'rejected')", name=op.f("ck_review_status_known")
        ),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_review_stars_1_to_5")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_review_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_review_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_customer_id"), "review", ["customer_id"], unique=False)
    op.create_index(
        "ix_review_product_id_status_created_at",
        "review",
        ["product_id", "status", "created_at"],
        unique=False,
    )
    op.create_table(
        "shipment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("carrier", sa.String(100), nullable=False),
        sa.Column("tracking", sa.String(100), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('shipped', 'delivered', 'cancelled')", name=op.f("ck_shipment_status_known")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_shipment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
    )
    op.create_index(op.f("ix_shipment_order_id"), "shipment", ["order_id"], unique=False)
    op.create_table(
        "slug_redirect",
        sa.Column("slug", sa.String(255), nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_slug_redirect_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_slug_redirect")),
    )
    op.create_index(op.f("ix_slug_redirect_product_id"), "slug_redirect", ["product_id"], unique=False)
    op.create_table(
        "variant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("barcode", sa.String(64), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "compare_at_minor IS NULL OR compare_at_minor > price_minor",
            name=op.f("ck_variant_compare_at_is_higher"),
        ),
        sa.CheckConstraint(
            "price_minor >= 0 AND price_minor <= 100000000000", name=op.f("ck_variant_price_in_bounds")
        ),
        sa.CheckConstraint("weight_grams >= 0", name=op.f("ck_variant_weight_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_variant_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_variant_sku")),
    )
    op.create_index(op.f("ix_variant_barcode"), "variant", ["barcode"], unique=False)
    op.create_index("ix_variant_product_id_position", "variant", ["product_id", "position"], unique=False)
    op.create_table(
        "cart_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("cart_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("saved", sa.Boolean(), nullable=False),
        sa.Column("seen_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name=op.f("ck_cart_line_quantity_in_bounds")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.id"], name=op.f("fk_cart_line_cart_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_cart_line_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_line")),
        sa.UniqueConstraint("cart_id", "variant_id", name=op.f("uq_cart_line_cart_id_variant_id")),
    )
    op.create_index(op.f("ix_cart_line_variant_id"), "cart_line", ["variant_id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", KEY, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("provider_reference", sa.String(255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'answered', 'won', 'lost')", name=op.f("ck_dispute_status_known")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_dispute_amount_not_negative")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_dispute_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("provider_reference", name=op.f("uq_dispute_provider_reference")),
    )
    op.create_index(op.f("ix_dispute_payment_id"), "dispute", ["payment_id"], unique=False)
    op.create_table(
        "option_value",
        sa.Column("id", KEY, nullable=False),
        sa.Column("option_id", KEY, nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("swatch", sa.String(9), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["option_id"], ["product_option.id"], name=op.f("fk_option_value_option_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_option_value")),
        sa.UniqueConstraint("option_id", "value", name=op.f("uq_option_value_option_id_value")),
    )
    op.create_index(op.f("ix_option_value_option_id"), "option_value", ["option_id"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("variant_title", sa.String(), nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("picture_key", sa.String(), nullable=False),
        sa.Column("picture_alt", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("unit_compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_class", sa.String(32), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("is_gift", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("quantity_fulfilled", sa.Integer(), nullable=False),
        sa.Column("quantity_returned", sa.Integer(), nullable=False),
        sa.Column("quantity_cancelled", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity_positive")),
        sa.CheckConstraint(
            "quantity_cancelled BETWEEN 0 AND quantity", name=op.f("ck_order_line_cancelled_in_bounds")
        ),
        sa.CheckConstraint(
            "quantity_fulfilled + quantity_cancelled <= quantity", name=op.f("ck_order_line_parts_in_bounds")
        ),
        sa.CheckConstraint(
            "quantity_fulfilled BETWEEN 0 AND quantity", name=op.f("ck_order_line_fulfilled_in_bounds")
        ),
        sa.CheckConstraint(
            "quantity_returned <= quantity_fulfilled", name=op.f("ck_order_line_only_sent_units_return")
        ),
        sa.CheckConstraint(
            "quantity_returned BETWEEN 0 AND quantity", name=op.f("ck_order_line_returned_in_bounds")
        ),
        sa.CheckConstraint(
            "subtotal_minor = unit_price_minor * quantity", name=op.f("ck_order_line_subtotal_is_product")
        ),
        sa.CheckConstraint(
            "total_minor = subtotal_minor - discount_minor AND total_minor >= 0",
            name=op.f("ck_order_line_total_is_sum"),
        ),
        sa.CheckConstraint(
            "unit_price_minor >= 0 AND discount_minor >= 0 AND tax_minor >= 0",
            name=op.f("ck_order_line_parts_not_negative"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_order_line_order_id")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_order_line_variant_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
    )
    op.create_index(op.f("ix_order_line_order_id"), "order_line", ["order_id"], unique=False)
    op.create_index(op.f("ix_order_line_variant_id"), "order_line", ["variant_id"], unique=False)
    op.create_table(
        "payment_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("provider_reference", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'declined', 'authorized', 'captured', 'expired', 'voided', 'refund_pending', 'refunded', 'refund_failed', 'dispute_opened', 'dispute_won', 'dispute_lost')",
            name=op.f("ck_payment_event_kind_known"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_event_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_event")),
        sa.UniqueConstraint(
            "payment_id",
            "kind",
            "provider_reference",
            name=op.f("uq_payment_event_payment_id_kind_provider_reference"),
        ),
    )
    op.create_table(
        "price_history",
        sa.Column("id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_price_history_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_history")),
    )
    op.create_index(
        "ix_price_history_variant_id_recorded_at",
        "price_history",
        ["variant_id", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "promotion",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("buy_quantity", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("get_quantity", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("gift_variant_id", KEY, nullable=True),
        sa.Column("lane", sa.String(32), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("minimum_quantity", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("first_order", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("conditions", JSON, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("per_customer_limit", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("budget_minor", sa.BigInteger(), nullable=True),
        sa.Column("spent_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('percent', 'fixed', 'free_shipping', 'buy_x_get_y', 'gift')",
            name=op.f("ck_promotion_kind_known"),
        ),
        sa.CheckConstraint(
            "buy_quantity >= 0 AND get_quantity >= 0 AND minimum_quantity >= 0",
            name=op.f("ck_promotion_quantities_not_negative"),
        ),
        sa.CheckConstraint(
            "percent BETWEEN 0 AND 100 AND amount_minor >= 0", name=op.f("ck_promotion_value_in_bounds")
        ),
        sa.CheckConstraint(
            "spent_minor >= 0 AND (budget_minor IS NULL OR spent_minor <= budget_minor)",
            name=op.f("ck_promotion_within_budget"),
        ),
        sa.CheckConstraint(
            "used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)",
            name=op.f("ck_promotion_uses_in_bounds"),
        ),
        sa.ForeignKeyConstraint(
            ["gift_variant_id"],
            ["variant.id"],
            name=op.f("fk_promotion_gift_variant_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["lane"], ["promotion_lane.code"], name=op.f("fk_promotion_lane")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
    )
    op.create_table(
        "refund",
        sa.Column("id", KEY, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("destination", sa.String(length=32), nullable=False, server_default=sa.text("'original'")),
        sa.Column("return_id", KEY, nullable=True),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("provider_reference", sa.String(255), nullable=True),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("destination IN ('original', 'credit')", name=op.f("ck_refund_destination_known")),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_refund_status_known")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.ForeignKeyConstraint(["return_id"], ["return_request.id"], name=op.f("fk_refund_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("provider_reference", name=op.f("uq_refund_provider_reference")),
        sa.UniqueConstraint("request_key", name=op.f("uq_refund_request_key")),
    )
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_index(op.f("ix_refund_return_id"), "refund", ["return_id"], unique=False)
    op.create_table(
        "stock_hold",
        sa.Column("id", KEY, nullable=False),
        sa.Column("cart_id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False, server_default=sa.text("''")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_hold_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.id"], name=op.f("fk_stock_hold_cart_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_hold_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_hold")),
        sa.UniqueConstraint("cart_id", "variant_id", name=op.f("uq_stock_hold_cart_id_variant_id")),
    )
    op.create_index(op.f("ix_stock_hold_address_hash"), "stock_hold", ["address_hash"], unique=False)
    op.create_index(op.f("ix_stock_hold_expires_at"), "stock_hold", ["expires_at"], unique=False)
    op.create_index(op.f("ix_stock_hold_variant_id"), "stock_hold", ["variant_id"], unique=False)
    op.create_table(
        "stock_level",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("low_at", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=32), nullable=False),
        sa.Column("backorder_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "policy = 'backorder' OR allocated + held <= on_hand", name=op.f("ck_stock_level_never_oversold")
        ),
        sa.CheckConstraint("policy IN ('deny', 'backorder')", name=op.f("ck_stock_level_policy_known")),
        sa.CheckConstraint("allocated >= 0 AND held >= 0", name=op.f("ck_stock_level_parts_not_negative")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_stock_level_on_hand_not_negative")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_level_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_stock_level")),
    )
    op.create_table(
        "stock_movement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("on_hand_delta", sa.Integer(), nullable=False),
        sa.Column("allocated_delta", sa.Integer(), nullable=False),
        sa.Column("held_delta", sa.Integer(), nullable=False),
        sa.Column("order_id", KEY, nullable=True),
        sa.Column("cart_id", KEY, nullable=True),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('received', 'adjusted', 'held', 'unheld', 'allocated', 'released', 'shipped', 'recalled', 'returned')",
            name=op.f("ck_stock_movement_kind_known"),
        ),
        sa.CheckConstraint(
            "on_hand_delta <> 0 OR allocated_delta <> 0 OR held_delta <> 0",
            name=op.f("ck_stock_movement_moves_something"),
        ),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.id"], name=op.f("fk_stock_movement_cart_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_stock_movement_order_id")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_movement_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
    )
    op.create_index(
        "ix_stock_movement_cart_id",
        "stock_movement",
        ["cart_id"],
        unique=False,
        sqlite_where=sa.text("cart_id IS NOT NULL"),
        postgresql_where=sa.text("cart_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_stock_movement_order_id"), "stock_movement", ["order_id"], unique=False)
    op.create_index("ix_stock_movement_variant_id_at", "stock_movement", ["variant_id", "at"], unique=False)
    op.create_table(
        "variant_picture",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("product_picture_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_picture_id"],
            ["product_picture.id"],
            name=op.f("fk_variant_picture_product_picture_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_variant_picture_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", "product_picture_id", name=op.f("pk_variant_picture")),
    )
    op.create_index(
        op.f("ix_variant_picture_product_picture_id"), "variant_picture", ["product_picture_id"], unique=False
    )
    op.create_table(
        "credit_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("order_id", KEY, nullable=True),
        sa.Column("payment_id", KEY, nullable=True),
        sa.Column("refund_id", KEY, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('issued', 'spent', 'returned', 'refunded', 'adjusted')",
            name=op.f("ck_credit_entry_kind_known"),
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_credit_entry_moves_something")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["credit_account.id"], name=op.f("fk_credit_entry_account_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_credit_entry_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_credit_entry_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_credit_entry_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entry")),
        sa.UniqueConstraint("request_key", name=op.f("uq_credit_entry_request_key")),
    )
    op.create_index(op.f("ix_credit_entry_account_id"), "credit_entry", ["account_id"], unique=False)
    op.create_index(op.f("ix_credit_entry_order_id"), "credit_entry", ["order_id"], unique=False)
    op.create_table(
        "order_discount",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("line_id", KEY, nullable=True),
        sa.Column("promotion_id", KEY, nullable=True),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_order_discount_amount_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_order_discount_line_id")),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_order_discount_order_id")),
        sa.ForeignKeyConstraint(
            ["promotion_id"],
            ["promotion.id"],
            name=op.f("fk_order_discount_promotion_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_discount")),
    )
    op.create_index(op.f("ix_order_discount_order_id"), "order_discount", ["order_id"], unique=False)
    op.create_index(op.f("ix_order_discount_promotion_id"), "order_discount", ["promotion_id"], unique=False)
    op.create_table(
        "order_tax_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("line_id", KEY, nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("included", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "rate_ppm >= 0 AND amount_minor >= 0", name=op.f("ck_order_tax_line_not_negative")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_order_tax_line_line_id")),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_order_tax_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_tax_line")),
    )
    op.create_index(op.f("ix_order_tax_line_order_id"), "order_tax_line", ["order_id"], unique=False)
    op.create_table(
        "promotion_code",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("promotion_id", KEY, nullable=False),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("code = upper(code)", name=op.f("ck_promotion_code_code_upper")),
        sa.CheckConstraint(
            "used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)",
            name=op.f("ck_promotion_code_uses_in_bounds"),
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"],
            ["promotion.id"],
            name=op.f("fk_promotion_code_promotion_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_promotion_code")),
    )
    op.create_index(op.f("ix_promotion_code_promotion_id"), "promotion_code", ["promotion_id"], unique=False)
    op.create_table(
        "promotion_use",
        sa.Column("id", KEY, nullable=False),
        sa.Column("promotion_id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_promotion_use_order_id")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name=op.f("fk_promotion_use_promotion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_use")),
        sa.UniqueConstraint("promotion_id", "order_id", name=op.f("uq_promotion_use_promotion_id_order_id")),
    )
    op.create_index(op.f("ix_promotion_use_order_id"), "promotion_use", ["order_id"], unique=False)
    op.create_table(
        "refund_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("refund_id", KEY, nullable=False),
        sa.Column("order_line_id", KEY, nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("restocked", sa.Boolean(), nullable=False),
        sa.CheckConstraint("quantity >= 0 AND amount_minor >= 0", name=op.f("ck_refund_line_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_refund_line_order_line_id")
        ),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_refund_line_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_line")),
    )
    op.create_index(op.f("ix_refund_line_refund_id"), "refund_line", ["refund_id"], unique=False)
    op.create_table(
        "return_line",
        sa.Column("return_id", KEY, nullable=False),
        sa.Column("order_line_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("quantity_received", sa.Integer(), nullable=False),
        sa.Column("quantity_restocked", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND quantity_received BETWEEN 0 AND quantity",
            name=op.f("ck_return_line_quantities_in_bounds"),
        ),
        sa.CheckConstraint(
            "quantity_restocked BETWEEN 0 AND quantity_received",
            name=op.f("ck_return_line_restocked_in_bounds"),
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_return_line_order_line_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["return_request.id"], name=op.f("fk_return_line_return_id")),
        sa.PrimaryKeyConstraint("return_id", "order_line_id", name=op.f("pk_return_line")),
    )
    op.create_index(op.f("ix_return_line_order_line_id"), "return_line", ["order_line_id"], unique=False)
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", KEY, nullable=False),
        sa.Column("order_line_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_shipment_line_order_line_id")
        ),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id")),
        sa.PrimaryKeyConstraint("shipment_id", "order_line_id", name=op.f("pk_shipment_line")),
    )
    op.create_index(op.f("ix_shipment_line_order_line_id"), "shipment_line", ["order_line_id"], unique=False)
    op.create_table(
        "variant_option",
        sa.Column("variant_id", KEY, nullable=False),
        sa.Column("option_id", KEY, nullable=False),
        sa.Column("value_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["option_id"], ["product_option.id"], name=op.f("fk_variant_option_option_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["value_id"], ["option_value.id"], name=op.f("fk_variant_option_value_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_variant_option_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", "option_id", name=op.f("pk_variant_option")),
    )
    op.create_index(op.f("ix_variant_option_option_id"), "variant_option", ["option_id"], unique=False)
    op.create_index(op.f("ix_variant_option_value_id"), "variant_option", ["value_id"], unique=False)
    op.bulk_insert(
        sa.table(
            "promotion_lane",
            sa.column("code"),
            sa.column("label"),
            sa.column("position"),
            sa.column("on_discounted", sa.Boolean()),
        ),
        [dict(zip(("code", "label", "position", "on_discounted"), lane, strict=True)) for lane in LANES],
    )
    _search()


def _search() -> None:
    """One document a product, its full-text index, and the words that are known.

    The index is the database's own: FTS5 on SQLite, kept by triggers, and a tsvector on PostgreSQL,
    generated from the same columns. All text in them is normalised already, so that both cut it into the
    same words.
    """
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
    for table in ("search_term", "search_document", *reversed(TABLES)):
        op.drop_table(table)


TABLES = (
    "counter",
    "customer",
    "letter",
    "listing_change",
    "picture",
    "promotion_lane",
    "provider_event",
    "shipping_zone",
    "staff",
    "tag",
    "tax_class",
    "tax_quote",
    "address",
    "audit_entry",
    "cart",
    "category",
    "collection",
    "credit_account",
    "login_session",
    "shipping_method",
    "tax_rate",
    "zone_country",
    "customer_order",
    "product",
    "shipping_rate",
    "collection_product",
    "listing_facet",
    "listing_item",
    "order_event",
    "payment",
    "product_option",
    "product_picture",
    "product_tag",
    "return_request",
    "review",
    "shipment",
    "slug_redirect",
    "variant",
    "cart_line",
    "dispute",
    "option_value",
    "order_line",
    "payment_event",
    "price_history",
    "promotion",
    "refund",
    "stock_hold",
    "stock_level",
    "stock_movement",
    "variant_picture",
    "credit_entry",
    "order_discount",
    "order_tax_line",
    "promotion_code",
    "promotion_use",
    "refund_line",
    "return_line",
    "shipment_line",
    "variant_option",
)
