"""Stock against a model of three integers a variant: any commands in any order, refused when they should
be."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from shop_app.core.errors import ShopError
from shop_app.models import Cart, StockPolicy
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.inventory import holds as inventory_holds
from tests.factories import add, make_product, variant_with
from tests.machines.on_database import EXAMPLES, PATIENCE, OnDatabase, make_empty_order

pytestmark = PATIENCE

UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
SKUS = ("A", "B", "LATER")
quantities = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 6), min_size=1)
parts = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1)
numbers = st.integers(0, 2)


class Stock(OnDatabase):
    """`free` counts what a buyer could have; LATER may be sold before it has come, and policies change.

    An untracked SKU has as many units on hand as orders have, and nobody holds one.
    """

    @initialize(on_hand=st.tuples(*[st.integers(0, 8)] * 3))
    def open(self, on_hand):
        self.ids, self.on_hand, self.held, self.order_units, self.gone = {}, {}, {}, {}, {}
        self.policies: dict[str, StockPolicy] = {}
        for sku, units in zip(SKUS, on_hand, strict=True):
            policy = StockPolicy.BACKORDER if sku == "LATER" else StockPolicy.DENY
            make_product(self.session, sku, stock=units, policy=policy)
            self.ids[sku] = variant_with(self.session, sku).id
            self.on_hand[sku], self.policies[sku] = units, policy
        self.carts = [
            add(self.session, Cart(key_hash=f"visitor {n}", currency="EUR", country="DE")).id
            for n in (0, 1, 2)
        ]
        self.orders: list[int] = []

    def by_id(self, quantity):
        return {self.ids[sku]: units for sku, units in quantity.items()}

    def allocated(self, sku):
        return sum(units.get(sku, 0) for units in self.order_units.values())

    def all_held(self, sku):
        return sum(held.get(sku, 0) for held in self.held.values())

    def free(self, sku):
        if self.policies[sku] != StockPolicy.DENY:
            return 10**9
        return self.on_hand[sku] - self.allocated(sku) - self.all_held(sku)

    def untracked(self, sku):
        return self.policies[sku] == StockPolicy.UNTRACKED

    def tracked_part(self, quantity):
        return {sku: units for sku, units in quantity.items() if not self.untracked(sku)}

    def count_orders_alone(self):
        for sku in SKUS:
            if self.untracked(sku):
                self.on_hand[sku] = self.allocated(sku)

    def expect(self, allowed: bool, refusal: ShopError | None) -> bool:
        assert allowed == (refusal is None), (allowed, refusal)
        return allowed

    @rule(sku=st.sampled_from(SKUS), delta=st.integers(-6, 6))
    def adjust(self, sku, delta):
        allowed = self.on_hand[sku] + delta >= 0 and (delta >= 0 or self.free(sku) + delta >= 0)
        allowed = not delta or (allowed and not self.untracked(sku))
        if self.expect(
            allowed, self.attempt(inventory_commands.adjust, self.ids[sku], delta, reason="count")
        ):
            self.on_hand[sku] += delta

    @rule(sku=st.sampled_from(SKUS), units=st.integers(0, 12))
    def count(self, sku, units):
        delta = units - self.on_hand[sku]
        allowed = not delta or (not self.untracked(sku) and (delta >= 0 or self.free(sku) + delta >= 0))
        if self.expect(
            allowed, self.attempt(inventory_commands.set_on_hand, self.ids[sku], units, reason="count")
        ):
            self.on_hand[sku] = units

    @rule(sku=st.sampled_from(SKUS), policy=st.sampled_from(StockPolicy))
    def change_policy(self, sku, policy):
        allowed = (
            policy != StockPolicy.DENY
            or self.untracked(sku)
            or self.allocated(sku) + self.all_held(sku) <= self.on_hand[sku]
        )
        if self.expect(allowed, self.attempt(inventory_commands.set_policy, self.ids[sku], policy)):
            self.policies[sku] = policy
            if policy == StockPolicy.UNTRACKED:
                for held in self.held.values():
                    held.pop(sku, None)
            self.count_orders_alone()

    @rule(cart=numbers, quantity=quantities)
    def hold(self, cart, quantity):
        before = self.held.get(cart, {})
        allowed = all(self.free(sku) + before.get(sku, 0) >= units for sku, units in quantity.items())
        refusal = self.attempt(inventory_holds.hold, self.carts[cart], self.by_id(quantity), expires_at=UNTIL)
        if self.expect(allowed, refusal):
            self.held[cart] = self.tracked_part(quantity)

    @rule(cart=numbers)
    def unhold(self, cart):
        assert self.attempt(inventory_holds.unhold, self.carts[cart], reason="left") is None
        self.held.pop(cart, None)

    @rule(cart=numbers, needed=quantities)
    def allocate(self, cart, needed):
        order = make_empty_order(self.session, len(self.orders))
        before = self.held.get(cart, {})
        allowed = all(self.free(sku) + before.get(sku, 0) >= units for sku, units in needed.items())
        self.orders.append(order)
        refusal = self.attempt(
            inventory_commands.allocate, order, self.by_id(needed), cart_id=self.carts[cart]
        )
        if self.expect(allowed, refusal):
            self.held.pop(cart, None)
            self.order_units[order] = dict(needed)
            self.count_orders_alone()

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 99))
    def release(self, pick):
        order = self.orders[pick % len(self.orders)]
        assert self.attempt(inventory_commands.release, order, reason="order cancelled") is None
        self.order_units.pop(order, None)
        self.count_orders_alone()

    def some(self, pick, quantity, of, command, **more):
        """A command on a part of an order; refused when the order hasn't so much of it."""
        order = self.orders[pick % len(self.orders)]
        own = of.get(order, {})
        enough = all(own.get(sku, 0) >= units for sku, units in quantity.items())
        in_house = command not in (inventory_commands.ship, inventory_commands.write_off) or all(
            self.on_hand[sku] >= units for sku, units in quantity.items()
        )
        refusal = self.attempt(command, order, self.by_id(quantity), actor="clerk@example.com", **more)
        return order if self.expect(enough and in_house, refusal) else None

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 99), quantity=parts)
    def ship(self, pick, quantity):
        order = self.some(pick, quantity, self.order_units, inventory_commands.ship)
        for sku, units in quantity.items() if order else ():
            self.order_units[order][sku] -= units
            self.on_hand[sku] -= units
            self.gone.setdefault(order, {})[sku] = self.gone.get(order, {}).get(sku, 0) + units

    @precondition(lambda self: self.gone)
    @rule(pick=st.integers(0, 99), quantity=parts)
    def recall(self, pick, quantity):
        order = self.some(pick, quantity, self.gone, inventory_commands.recall)
        for sku, units in quantity.items() if order else ():
            self.gone[order][sku] -= units
            self.on_hand[sku] += units
            self.order_units.setdefault(order, {})[sku] = self.order_units.get(order, {}).get(sku, 0) + units

    @precondition(lambda self: self.gone)
    @rule(pick=st.integers(0, 99), quantity=parts)
    def restock(self, pick, quantity):
        order = self.some(pick, quantity, self.gone, inventory_commands.restock, reason="returned")
        for sku, units in quantity.items() if order else ():
            self.gone[order][sku] -= units
            self.on_hand[sku] += 0 if self.untracked(sku) else units

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 99), quantity=parts)
    def write_off(self, pick, quantity):
        order = self.some(pick, quantity, self.order_units, inventory_commands.write_off, reason="broken")
        for sku, units in quantity.items() if order else ():
            self.order_units[order][sku] -= units
            self.on_hand[sku] -= units

    @invariant()
    def levels_are_the_models(self):
        levels = {row["variant_id"]: row for row in self.rows("stock_level")}
        for sku, variant in getattr(self, "ids", {}).items():
            level = levels[variant]
            assert (level["on_hand"], level["allocated"], level["held"]) == (
                self.on_hand[sku],
                self.allocated(sku),
                self.all_held(sku),
            )

    @invariant()
    def the_ledger_adds_up(self):
        sums: dict[int, list[int]] = {}
        for row in self.rows("stock_movement"):
            sums.setdefault(row["variant_id"], [0, 0, 0])
            for at, name in enumerate(("on_hand_delta", "allocated_delta", "held_delta")):
                sums[row["variant_id"]][at] += row[name]
        for row in self.rows("stock_level"):
            assert sums.get(row["variant_id"], [0, 0, 0]) == [row["on_hand"], row["allocated"], row["held"]]


TestStock = Stock.TestCase
TestStock.settings = EXAMPLES
