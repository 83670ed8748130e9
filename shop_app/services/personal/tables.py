"""The registry: for every table which columns are personal, whose they are, and what becomes of them.

Retention, exports and erasures take their columns from here. A new table, and a new column, need one line.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, or_, select

from ...models import (
    Address,
    AuditEntry,
    BulkJob,
    BulkRow,
    Cart,
    CartLine,
    Consent,
    CreditAccount,
    CreditEntry,
    Customer,
    DataExport,
    Dispute,
    JobRun,
    KnownBrowser,
    Letter,
    LoginSession,
    Order,
    OrderEvent,
    OrderLine,
    OrderWord,
    Payment,
    PromotionUse,
    ProviderCheck,
    ProviderEvent,
    Refund,
    ReturnRequest,
    Review,
    SavedView,
    Shipment,
    SpentChallenge,
    StockAlert,
    StockHold,
    StockMovement,
    UnreachableAddress,
    table_of,
)
from .declared import Fate, Registry, Whose
from .other_tables import OTHER_TABLES
from .person import Person

REGISTRY = Registry()


def _of_account(model: type) -> Whose:
    table = table_of(model)
    return lambda person: person.has_account(table.c.customer_id)


def _of_order(model: type) -> Whose:
    table = table_of(model)
    return lambda person: table.c.order_id.in_(person.orders())


def _of_either(model: type) -> Whose:
    table = table_of(model)
    return lambda person: person.either(table)


_customer, _cart, _line, _hold = table_of(Customer), table_of(Cart), table_of(CartLine), table_of(StockHold)
_letter, _audit, _alert = table_of(Letter), table_of(AuditEntry), table_of(StockAlert)
_refund, _dispute, _entry = table_of(Refund), table_of(Dispute), table_of(CreditEntry)
_use, _return, _credit = table_of(PromotionUse), table_of(ReturnRequest), table_of(CreditAccount)
_order, _consent, _unreachable = table_of(Order), table_of(Consent), table_of(UnreachableAddress)


def _about(person: Person) -> ColumnElement[bool]:
    """Entries of the audit about their orders, returns and credit, by the keys that these have there."""
    returned = select(cast(_order.c.number, String) + "/" + cast(_return.c.id, String))
    returns = returned.join(_return, _return.c.order_id == _order.c.id).where(person.either(_order))
    credit = select(cast(_credit.c.id, String)).where(person.either(_credit))
    kind, key = _audit.c.object_kind, _audit.c.object_key
    return or_(
        (kind == "order") & key.in_(person.order_numbers()),
        (kind == "return") & key.in_(returns),
        (kind == "credit") & key.in_(credit),
    )


for model, columns in OTHER_TABLES.items():
    REGISTRY.plain(model, columns, ages="known browsers" if model is KnownBrowser else "")

# --- The account --------------------------------------------------------------------------------

REGISTRY.personal(
    Customer,
    "email name password_hash verified_at",
    lambda person: person.has_account(_customer.c.id),
    "id created_at version",
    fate=Fate.DELETED,
    hidden="password_hash version",
    file="account",
)
REGISTRY.personal(
    Address,
    "given_name family_name company line1 line2 postal_code locality region country phone",
    _of_account(Address),
    "id customer_id is_default created_at",
    fate=Fate.DELETED,
    file="addresses",
)
REGISTRY.personal(
    LoginSession,
    "device network",
    _of_account(LoginSession),
    "id token_hash customer_id staff_id created_at last_seen_at expires_at proven_at lacks_factor",
    fate=Fate.DELETED,
    hidden="token_hash staff_id lacks_factor",
    file="sign-ins",
    ages="sessions",
)
REGISTRY.personal(
    DataExport,
    "token",
    _of_account(DataExport),
    "id customer_id percent size_bytes claimed_until asked_at ready_at expires_at",
    fate=Fate.DELETED,
    ages="data exports",
)
REGISTRY.plain(SpentChallenge, "digest expires_at", ages="passkey challenges")

# --- Carts, and who waits -----------------------------------------------------------------------

REGISTRY.personal(
    Cart,
    "key_hash customer_id codes credits checkout",
    lambda person: _cart.c.id.in_(person.carts()),
    "id currency country version completed_at created_at updated_at",
    fate=Fate.DELETED,
    written_in="checkout",
    hidden="key_hash version credits",
    file="carts",
    ages="carts",
)
REGISTRY.personal(
    CartLine,
    "variant_id quantity saved",
    lambda person: _line.c.cart_id.in_(person.carts()),
    "id cart_id seen_price_minor added_at",
    fate=Fate.DELETED,
    file="cart-lines",
)
REGISTRY.personal(
    StockHold,
    "address_hash",
    lambda person: _hold.c.cart_id.in_(person.carts()),
    "id cart_id variant_id quantity expires_at since",
    fate=Fate.DELETED,
)
REGISTRY.personal(
    StockAlert,
    "email mailbox",
    lambda person: person.has_email(_alert.c.email),
    "id variant_id created_at",
    fate=Fate.DELETED,
    hidden="mailbox",
    file="asked-to-be-told",
    ages="stock alerts",
)

# --- Orders, and what belongs to them -----------------------------------------------------------

REGISTRY.personal(
    Order,
    "customer_id email phone ship_to bill_to vat_number note address_hash erased_at",
    _of_either(Order),
    "id number token link_since cart_id cart_version status payment_status fulfilment_status needs_review "
    "currency step_minor subtotal_minor discount_minor shipping_minor tax_minor total_minor tax_included "
    "country shipping_method shipping_label arrives_from arrives_until payment_provider locale terms_version "
    "reverse_charge placed_at paid_at expires_at archived_at version",
    # An invoice has the name and the address of whom it is to, and the VAT number of a business.
    kept="bill_to vat_number",
    hidden="address_hash cart_version step_minor needs_review archived_at erased_at version",
    file="orders",
    ages="people, order links",
)
REGISTRY.personal(
    OrderLine,
    "",
    _of_order(OrderLine),
    "id order_id variant_id position slug title variant_title sku options picture_key picture_alt quantity "
    "unit_price_minor unit_compare_at_minor subtotal_minor discount_minor tax_minor total_minor tax_class "
    "weight_grams is_gift promised_on quantity_fulfilled quantity_returned quantity_cancelled",
    hidden="picture_key picture_alt",
    file="order-lines",
)
REGISTRY.personal(OrderWord, "word", _of_order(OrderWord), "order_id", fate=Fate.DELETED, ages="people")
REGISTRY.personal(
    OrderEvent,
    "data",
    _of_order(OrderEvent),
    "id order_id kind actor public at",
    hidden="actor public",
    file="order-history",
    ages="people",
)
REGISTRY.personal(
    Shipment,
    "tracking",
    _of_order(Shipment),
    "id order_id status carrier actor shipped_at delivered_at",
    hidden="actor",
    file="shipments",
)
REGISTRY.personal(
    ReturnRequest,
    "email note answer staff_note",
    _of_order(ReturnRequest),
    "id order_id request_key kind status reason actor created_at decided_at received_at version",
    hidden="request_key actor version",
    file="returns",
    ages="people",
)
REGISTRY.personal(
    StockMovement,
    "note",
    _of_order(StockMovement),
    "id variant_id kind on_hand_delta allocated_delta held_delta order_id cart_id reason actor at",
)
REGISTRY.personal(
    PromotionUse,
    "email",
    lambda person: or_(person.has_email(_use.c.email), _use.c.order_id.in_(person.orders())),
    "id promotion_id order_id code amount_minor at given_back_at",
    file="discount-uses",
    ages="people",
)

# --- Money --------------------------------------------------------------------------------------

REGISTRY.personal(
    Payment,
    "redirect_url decline_message",
    _of_order(Payment),
    "id order_id attempt provider reference intent_reference state currency amount_minor captured_minor "
    "refunded_minor refund_pending_minor method authorized_until expires_at created_at",
    file="payments",
)
REGISTRY.personal(
    Refund,
    "note",
    lambda person: _refund.c.payment_id.in_(person.payments()),
    "id payment_id request_key amount_minor status destination return_id reason provider_reference actor "
    "created_at settled_at",
    hidden="request_key actor",
    file="refunds",
)
REGISTRY.personal(
    Dispute,
    "reason",
    lambda person: _dispute.c.payment_id.in_(person.payments()),
    "id payment_id provider_reference status amount_minor due_at created_at closed_at",
    file="disputes",
)
REGISTRY.personal(
    CreditAccount,
    "email customer_id",
    _of_either(CreditAccount),
    "id kind code_hash last_four currency balance_minor active expires_at created_at",
    hidden="code_hash",
    file="credit",
)
REGISTRY.personal(
    CreditEntry,
    "note",
    lambda person: _entry.c.account_id.in_(person.credit()),
    "id account_id kind amount_minor request_key order_id payment_id refund_id actor at",
    hidden="request_key actor",
    file="credit-entries",
)
REGISTRY.personal(
    ProviderEvent,
    "payload problem",
    None,
    "id provider event_id kind received_at applied_at outcome",
    written_in="payload problem",
    ages="messages",
)

# --- What was written ---------------------------------------------------------------------------

REGISTRY.personal(
    Review,
    "customer_id author_name",
    _of_account(Review),
    "id product_id variant_title stars title body reply verified status created_at",
    file="reviews",
)
REGISTRY.personal(
    Letter,
    "to_email mailbox data problem",
    lambda person: or_(person.has_email(_letter.c.to_email), _letter.c.order_id.in_(person.orders())),
    "id dedupe_key kind order_id created_at next_try_at sent_at attempts",
    hidden="dedupe_key mailbox next_try_at attempts problem",
    file="letters",
    ages="letters",
)
REGISTRY.personal(
    Consent,
    "email",
    lambda person: person.has_email(_consent.c.email),
    "id purpose given text source at",
    fate=Fate.DELETED,
    file="consents",
)
REGISTRY.personal(
    UnreachableAddress,
    "email why",
    lambda person: person.has_email(_unreachable.c.email),
    "at",
    fate=Fate.DELETED,
    file="unreachable-addresses",
)
REGISTRY.personal(
    AuditEntry,
    "before after address",
    _about,
    "id at actor staff_id action object_kind object_key origin",
    written_in="before after object_key actor",
    ages="network addresses in the audit, audit entries, people",
)
REGISTRY.personal(
    BulkJob,
    "arguments",
    None,
    "id list_name action staff_id actor state total stops claimed_until created_at finished_at seen",
    written_in="arguments",
    ages="bulk jobs",
)
REGISTRY.personal(BulkRow, "label reason", None, "job_id position record_id state", written_in="label reason")
REGISTRY.personal(
    SavedView,
    "query label",
    None,
    "id staff_id list_name shared pinned created_at",
    written_in="query label",
)
REGISTRY.personal(JobRun, "problem", None, "name started_at took_ms failed_at", written_in="problem")
REGISTRY.personal(ProviderCheck, "answer", None, "provider mode succeeded at", written_in="answer")
