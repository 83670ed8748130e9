"""Orders, their payments and shipments against a model: shopper, provider and staff act in any order.

The provider here is a few dictionaries: it decides what is true, and its snapshots come late, or twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.providers.payments.base import PaymentSnapshot, RefundSnapshot, Started
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.fulfilment import cancelling
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import placing
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments import ledger as payment_ledger
from shop_app.services.payments import refunds
from shop_app.services.payments.refunds import RefundRequest
from tests.factories import key_hash, make_basics, make_product
from tests.machines.on_database import EXAMPLES, PATIENCE, OnDatabase
from tests.paying import FORM

pytestmark = PATIENCE

OWNER = Principal("staff", 0, "owner@example.com", "Owner", "owner", BUILT_IN_ROLES["owner"])
UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
ON_HAND = 12
any_one = st.integers(0, 999)


@dataclass
class ProviderPayment:
    """One payment at the provider."""

    reference: str
    payment_id: int
    state: str = "open"
    refunds: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Key -> amount in minor units and status."""


@dataclass
class ExpectedOrder:
    """What the shop should have stored of an order."""

    total: int
    units: int
    status: str = "pending"
    paid: bool = False
    sent: int = 0
    ended: int = 0
    shipments: list[int] = field(default_factory=list)
    arrived: set[int] = field(default_factory=set)
    refunds: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Key -> amount in minor units and the status that the shop should have."""
    payment: ProviderPayment | None = None

    def given(self, *statuses: str) -> int:
        return sum(amount for amount, status in self.refunds.values() if status in statuses)

    @property
    def left(self) -> int:
        return (self.total if self.paid else 0) - self.given("pending", "succeeded")

    @property
    def payment_status(self) -> str:
        if not self.paid:
            return "none"
        back = self.given("succeeded")
        return "refunded" if back >= self.total else "partially_refunded" if back else "paid"


class Orders(OnDatabase):
    @initialize()
    def open(self):
        make_basics(self.session)
        make_product(self.session, "Bowl", price_minor=2780, stock=ON_HAND)
        self.orders: dict[int, ExpectedOrder] = {}
        self.keys = 0
        self.lost = 0

    def pick(self, number: int) -> tuple[int, ExpectedOrder]:
        order_id = sorted(self.orders)[number % len(self.orders)]
        return order_id, self.orders[order_id]

    def next_key(self) -> str:
        self.keys += 1
        return f"key-{self.keys:04}"

    def allocated(self) -> int:
        living = (one for one in self.orders.values() if one.status in ("pending", "placed", "completed"))
        return sum(one.units - one.sent - one.ended for one in living)

    def gone(self) -> int:
        return sum(one.sent for one in self.orders.values())

    # The shopper.

    @rule(units=st.integers(1, 3))
    def places(self, units):
        visitor = key_hash(f"visitor {len(self.orders)}")
        if ON_HAND - self.lost - self.gone() - self.allocated() < units:
            assert self.attempt(cart_commands.add, visitor, "BOWL", units)
            return
        assert self.attempt(cart_commands.add, visitor, "BOWL", units) is None
        shown = checkout.save(self.session, visitor, FORM).total_minor
        placed = placing.place(self.session, visitor, FORM, expected_total_minor=shown)
        assert placed.total_minor == shown
        assert placing.place(self.session, visitor, FORM, expected_total_minor=shown) == placed
        self.orders[placed.order_id] = ExpectedOrder(shown, units)

    @precondition(lambda self: self.orders)
    @rule(number=any_one)
    def goes_to_pay(self, number):
        order_id, one = self.pick(number)
        refusal = self.attempt(payment_commands.start_attempt, order_id)
        assert (refusal is None) == (one.status == "pending")
        if refusal is None and one.payment is None:
            attempt = payment_commands.start_attempt(self.session, order_id)
            assert attempt.request.amount_minor == one.total
            reference = f"cs_{order_id}"
            assert payment_commands.opened(
                self.session, attempt.payment_id, Started(reference, "https://pay", UNTIL)
            )
            one.payment = ProviderPayment(reference, attempt.payment_id)

    @precondition(lambda self: self.orders)
    @rule(number=any_one)
    def pays(self, number):
        _order_id, one = self.pick(number)
        if one.payment and one.payment.state == "open":
            one.payment.state = "captured"

    # Snapshots of the provider, any number of times.

    @precondition(lambda self: self.orders)
    @rule(number=any_one)
    def snapshot_comes(self, number):
        order_id, one = self.pick(number)
        if one.payment is None:
            return
        payment = one.payment
        paid = one.total if payment.state == "captured" else 0
        snapshot = PaymentSnapshot(
            reference=payment.reference,
            state=payment.state,
            amount_minor=one.total,
            captured_minor=paid,
            refunded_minor=0,
            currency="EUR",
            intent_reference=f"pi_{order_id}" if paid else "",
            refunds=tuple(
                RefundSnapshot(f"re_{key}", amount, status, key)
                for key, (amount, status) in payment.refunds.items()
            ),
        )
        payment_ledger.apply(self.session, payment.payment_id, snapshot)
        one.refunds |= payment.refunds
        if paid and not one.paid:
            one.paid, one.status = True, "placed"

    @precondition(lambda self: self.orders)
    @rule(number=any_one)
    def time_runs_out(self, number):
        order_id, one = self.pick(number)
        if one.payment and one.payment.state == "open":
            one.payment.state = "expired"
        self.snapshot_comes(number)
        assert payment_commands.end_unpaid(self.session, order_id, "expired")
        if one.status == "pending":
            one.status = "expired"

    @precondition(lambda self: self.orders)
    @rule(number=any_one, status=st.sampled_from(["pending", "succeeded", "failed"]))
    def provider_works_on_refunds(self, number, status):
        """It takes them over, and one that succeeded may still be sent back by the bank."""
        _order_id, one = self.pick(number)
        for key, (amount, before) in one.refunds.items():
            refund = one.payment.refunds.get(key) if one.payment else None
            ended = (refund[1] if refund else before) == "failed"
            backwards = refund and refund[1] == "succeeded" and status == "pending"
            if one.payment and not ended and not backwards:
                one.payment.refunds[key] = (amount, status)

    # Staff.

    @precondition(lambda self: self.orders)
    @rule(number=any_one, amount=st.integers(0, 9000), twice=st.booleans())
    def refunds_an_amount(self, number, amount, twice):
        order_id, one = self.pick(number)
        key = self.next_key()
        request = RefundRequest(free_minor=amount, reason="Sorry")
        for _click in range(2 if twice else 1):
            refusal = self.attempt(refunds.request, order_id, request, key, OWNER)
            assert (refusal is None) == (0 < amount <= one.left or key + ":1" in one.refunds), refusal
            if refusal is None:
                one.refunds[key + ":1"] = (amount, "pending")

    @precondition(lambda self: self.orders)
    @rule(number=any_one, units=st.integers(1, 3))
    def sends(self, number, units):
        order_id, one = self.pick(number)
        line = next(row["id"] for row in self.rows("order_line") if row["order_id"] == order_id)
        sent = {"carrier": "DHL", "tracking": "1", "by": OWNER, "request_key": self.next_key()}
        refusal = self.attempt(fulfilment_commands.ship, order_id, {line: units}, **sent)
        refunded = one.payment_status == "refunded"
        allowed = one.status == "placed" and not refunded and units <= one.units - one.sent - one.ended
        assert (refusal is None) == allowed, refusal
        if allowed:
            one.sent += units
            one.shipments.append(max(row["id"] for row in self.rows("shipment")))

    @precondition(lambda self: self.orders)
    @rule(number=any_one)
    def all_shipments_arrive(self, number):
        _order_id, one = self.pick(number)
        for shipment in one.shipments:
            fulfilment_commands.mark_delivered(self.session, shipment, by=OWNER)
            one.arrived.add(shipment)
        if one.status == "placed" and one.shipments and one.sent + one.ended == one.units:
            one.status = "completed"

    @precondition(lambda self: self.orders)
    @rule(number=any_one, restock=st.booleans())
    def cancels_what_was_not_sent(self, number, restock):
        order_id, one = self.pick(number)
        if one.sent or (one.payment and one.payment.state == "open"):
            return
        self.snapshot_comes(number)
        key, back = self.next_key(), one.left
        request = {"restock": restock, "refund": True, "reason": "", "by": OWNER, "request_key": key}
        refusal = self.attempt(cancelling.cancel, order_id, **request)
        allowed = one.status in ("pending", "placed")
        assert (refusal is None) == allowed, refusal
        if allowed:
            one.status, one.ended = "cancelled", one.units
            self.lost += 0 if restock else one.units
            if back:
                one.refunds[key + ":1"] = (back, "pending")

    # What always holds.

    @invariant()
    def orders_are_the_models(self):
        orders = {row["id"]: row for row in self.rows("customer_order")}
        for order_id, one in getattr(self, "orders", {}).items():
            row = orders[order_id]
            assert (row["status"], row["payment_status"]) == (one.status, one.payment_status)
            assert row["total_minor"] == one.total

    @invariant()
    def units_are_the_models(self):
        if not hasattr(self, "orders"):
            return
        (level,) = self.rows("stock_level")
        assert (level["on_hand"], level["allocated"]) == (ON_HAND - self.lost - self.gone(), self.allocated())

    def teardown(self):
        if hasattr(self, "orders"):
            self.books_are_right()
        super().teardown()


TestOrders = Orders.TestCase
TestOrders.settings = EXAMPLES
