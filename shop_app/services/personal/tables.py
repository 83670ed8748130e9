"""The registry: for every table which columns are personal, whose they are, and what becomes of them.

Retention, exports and erasures take their columns from here. A new table, and a new column, need one line.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, or_, select

from ...models import (
    AuditEntry,
    BulkJob,
    BulkRow,
    Consent,
    CreditAccount,
    CreditEntry,
    Dispute,
    JobRun,
    Letter,
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
    StockMovement,
    UnreachableAddress,
    table_of,
)
from .account_tables import ACCOUNTS
from .declared import Fate, Registry, of_either, of_order
from .other_tables import OTHER_TABLES
from .person import Person

REGISTRY = Registry()
_letter, _audit, _review = table_of(Letter), table_of(AuditEntry), table_of(Review)
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
    REGISTRY.plain(model, columns)
REGISTRY.tables |= ACCOUNTS.tables

# --- Orders, and what belongs to them -----------------------------------------------------------

REGISTRY.personal(
    Order,
    "customer_id claimed_at email phone ship_to bill_to vat_number note address_hash erased_at",
    of_either(Order),
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
    of_order(OrderLine),
    "id order_id variant_id position slug title variant_title sku options picture_key picture_alt quantity "
    "unit_price_minor unit_compare_at_minor subtotal_minor discount_minor tax_minor total_minor tax_class "
    "weight_grams is_gift promised_on quantity_fulfilled quantity_returned quantity_cancelled",
    hidden="picture_key picture_alt",
    file="order-lines",
)
REGISTRY.personal(OrderWord, "word", of_order(OrderWord), "order_id", fate=Fate.DELETED, ages="people")
REGISTRY.personal(
    OrderEvent,
    "data",
    of_order(OrderEvent),
    "id order_id kind actor public at",
    hidden="actor public",
    file="order-history",
    ages="people",
)
REGISTRY.personal(
    Shipment,
    "tracking",
    of_order(Shipment),
    "id order_id status carrier actor shipped_at delivered_at",
    hidden="actor",
    file="shipments",
)
REGISTRY.personal(
    ReturnRequest,
    "email note answer staff_note",
    of_order(ReturnRequest),
    "id order_id request_key kind status reason actor created_at decided_at received_at version",
    hidden="request_key actor version",
    file="returns",
    ages="people",
)
REGISTRY.personal(
    StockMovement,
    "note",
    of_order(StockMovement),
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
    of_order(Payment),
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
    of_either(CreditAccount),
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
    "customer_id order_id author_name",
    lambda person: or_(person.has_account(_review.c.customer_id), _review.c.order_id.in_(person.orders())),
    "id product_id variant_title stars title body reply verified status created_at edited_at",
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
    ages="consents",
)
REGISTRY.personal(
    UnreachableAddress,
    "email why",
    lambda person: person.has_email(_unreachable.c.email),
    "at",
    fate=Fate.DELETED,
    file="unreachable-addresses",
    ages="unreachable addresses",
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
