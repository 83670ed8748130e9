"""Uses of promotions against plain counters: limits in total, per code and per customer, and budgets."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from shop_app.models import PromotionCode
from shop_app.services.promotions import commands as promotions_commands
from shop_app.services.promotions.discounts import DiscountLine, Offer
from tests.factories import add, make_promotion
from tests.machines.on_database import EXAMPLES, PATIENCE, OnDatabase, make_empty_order

pytestmark = PATIENCE

EMAILS = ("ann@example.com", "bob@example.com")
limits = st.none() | st.integers(0, 4)


class Promotions(OnDatabase):
    @initialize(total=limits, each=limits, per_code=limits, budget=st.none() | st.integers(0, 2000))
    def open(self, total, each, per_code, budget):
        self.total, self.each, self.per_code, self.budget = total, each, per_code, budget
        self.promotion = make_promotion(
            self.session, "FIRST", usage_limit=total, per_customer_limit=each, budget_minor=budget
        )
        add(self.session, PromotionCode(code="SECOND", promotion_id=self.promotion.id, usage_limit=per_code))
        self.living: dict[int, tuple[str, str, int]] = {}
        self.dead: dict[int, tuple[str, str, int]] = {}

    def fits(self, code: str, email: str, amount: int) -> bool:
        living = self.living.values()
        spent = sum(minor for _code, _email, minor in living)
        return (
            (self.total is None or len(living) < self.total)
            and (self.each is None or sum(one == email for _code, one, _minor in living) < self.each)
            and (self.budget is None or spent + amount <= self.budget)
            and (
                code != "SECOND"
                or self.per_code is None
                or sum(one == code for one, *_rest in living) < self.per_code
            )
        )

    def take(self, order: int, code: str, email: str, amount: int) -> bool:
        offer = Offer(self.promotion.id, "Autumn", "fixed", code=code)
        allowed = self.fits(code, email, amount)
        refusal = self.attempt(promotions_commands.take, order, email, [DiscountLine(offer, amount)])
        assert allowed == (refusal is None), (allowed, refusal)
        if allowed:
            self.living[order] = (code, email, amount)
        return allowed

    @rule(
        code=st.sampled_from(["FIRST", "SECOND"]), email=st.sampled_from(EMAILS), amount=st.integers(1, 900)
    )
    def order_takes_it(self, code, email, amount):
        self.take(make_empty_order(self.session, len(self.rows("customer_order"))), code, email, amount)

    @precondition(lambda self: self.living)
    @rule(pick=st.integers(0, 99))
    def order_dies(self, pick):
        order = sorted(self.living)[pick % len(self.living)]
        assert self.attempt(promotions_commands.give_back, order) is None
        self.dead[order] = self.living.pop(order)

    @precondition(lambda self: self.dead)
    @rule(pick=st.integers(0, 99))
    def dead_order_gives_back_once_more(self, pick):
        assert self.attempt(promotions_commands.give_back, sorted(self.dead)[pick % len(self.dead)]) is None

    @precondition(lambda self: self.dead)
    @rule(pick=st.integers(0, 99))
    def dead_order_is_paid_late(self, pick):
        order = sorted(self.dead)[pick % len(self.dead)]
        if self.take(order, *self.dead[order]):
            del self.dead[order]

    @invariant()
    def counters_are_the_models(self):
        if not hasattr(self, "living"):
            return
        self.session.refresh(self.promotion)
        assert self.promotion.used == len(self.living)
        assert self.promotion.spent_minor == sum(amount for _code, _email, amount in self.living.values())
        used = {row["code"]: row["used"] for row in self.rows("promotion_code")}
        for code in used:
            assert used[code] == sum(one == code for one, *_rest in self.living.values())
        uses = {row["order_id"] for row in self.rows("promotion_use") if row["given_back_at"] is None}
        assert uses == set(self.living)


TestPromotions = Promotions.TestCase
TestPromotions.settings = EXAMPLES
