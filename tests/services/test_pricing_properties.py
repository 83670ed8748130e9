"""Pricing, for carts and promotions that nobody would think of: parts add up, nothing is negative."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop_app.core.currencies import CURRENCIES
from shop_app.core.money import tax_on_top, tax_within
from shop_app.models import PromotionKind
from shop_app.services.pricing.price_cart import Shipping, price_cart
from shop_app.services.promotions.discounts import Item, Offer
from shop_app.services.taxes.rate import Rate

# Ten thousand examples of one property take minutes; two hundred never come near this.
pytestmark = pytest.mark.timeout(1800)
VAT = {
    "standard": Rate("19 % VAT", 190_000),
    "reduced": Rate("7 % VAT", 70_000),
    "odd": Rate("8.25 %", 82_500),
}
FREE = PromotionKind.FREE_SHIPPING
amounts = st.integers(0, 2_000_000)
ids = st.frozensets(st.integers(1, 3), max_size=2)
items = st.lists(
    st.builds(
        Item,
        key=st.sampled_from("ABCDEFGH"),
        quantity=st.integers(1, 99),
        unit_minor=amounts,
        reduced=st.booleans(),
        tax_class=st.sampled_from(["standard", "reduced", "odd", "unknown"]),
        product_id=st.integers(1, 3),
        categories=ids,
    ),
    max_size=6,
    unique_by=lambda item: item.key,
)
LANES = {"default": (10, False), "codes": (20, True), "strict": (20, False), "shipping": (30, True)}


@st.composite
def made_offers(draw) -> Offer:
    lane = draw(st.sampled_from(sorted(LANES)))
    position, on_discounted = LANES[lane]
    number, kind = draw(st.integers(1, 6)), draw(st.sampled_from(list(PromotionKind)))
    gift = draw(st.none() | amounts) if kind == PromotionKind.GIFT else None
    tax_class = draw(st.sampled_from(["standard", "reduced", "unknown"]))
    return Offer(
        number,
        "An offer",
        kind,
        percent=draw(st.integers(0, 100)),
        amount_minor=draw(amounts),
        code=draw(st.sampled_from(["", "ONE", "TWO"])),
        lane=lane,
        lane_position=position,
        on_discounted=on_discounted,
        minimum_minor=draw(st.just(0) | amounts),
        minimum_quantity=draw(st.integers(0, 4)),
        buy_quantity=draw(st.integers(0, 3)),
        get_quantity=draw(st.integers(0, 3)),
        products=draw(st.just(frozenset()) | ids),
        categories=draw(st.just(frozenset()) | ids),
        left_minor=draw(st.none() | amounts),
        gift=None if gift is None else Item(f"gift {number}", 1, gift, tax_class=tax_class),
    )


offers = st.lists(made_offers(), max_size=5, unique_by=lambda offer: offer.id)
ways = st.none() | st.builds(Shipping, code=st.just("standard"), price_minor=st.integers(0, 5000))
currencies = st.sampled_from(sorted(CURRENCIES))
modes = st.sampled_from(["included", "on top", "reverse", "reverse on top"])


def total(bought, given_offers, way, currency, mode):
    return price_cart(
        bought,
        offers=given_offers,
        shipping=way,
        rates=VAT,
        currency=currency,
        tax_included=mode in ("included", "reverse"),
        reverse_charge=mode.startswith("reverse"),
    )


everything = given(items, offers, ways, currencies, modes)


@everything
def test_all_parts_add_up_and_none_is_negative(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)

    for line in priced.lines:
        assert line.subtotal_minor == line.unit_minor * line.quantity
        assert line.total_minor == line.subtotal_minor - line.discount_minor
        assert 0 <= line.discount_minor <= line.subtotal_minor
        assert line.discount_minor == sum(
            part.amount_minor for part in priced.applied if part.key == line.key
        )
    carried = priced.shipping
    assert (carried.total_minor if carried else 0) == priced.shipping_minor >= 0
    if carried:
        assert carried.price_minor - carried.discount_minor == carried.total_minor
    assert priced.subtotal_minor == sum(line.subtotal_minor for line in priced.lines)
    assert priced.discount_minor == sum(line.discount_minor for line in priced.lines)
    assert priced.goods_minor == sum(line.total_minor for line in priced.lines)
    on_top = 0 if priced.tax_included else priced.tax_minor
    assert priced.total_minor == priced.goods_minor + priced.shipping_minor + on_top >= 0
    off = priced.discount_minor + (carried.discount_minor if carried else 0)
    assert off == sum(line.amount_minor for line in priced.discounts)
    assert off == sum(part.amount_minor for part in priced.applied)
    assert all(part.amount_minor > 0 for part in priced.applied)


@everything
def test_tax_is_rounded_once_per_line_and_its_lines_add_up(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)

    parts = [*priced.lines, *(priced.shipping.parts if priced.shipping else ())]
    money = CURRENCIES[currency]
    for part in parts:
        if priced.tax_included:
            taxed = tax_within(part.total_minor, part.rate.ppm, money.last_digit_minor)
        else:
            taxed = tax_on_top(part.total_minor, part.rate.ppm, money.step_minor)
        assert part.tax_minor == taxed >= 0
    assert priced.tax_minor == sum(part.tax_minor for part in parts)
    assert priced.tax_minor == sum(tax.amount_minor for tax in priced.taxes)
    for tax in priced.taxes:
        own = [part for part in parts if (part.rate.label, part.rate.ppm) == (tax.label, tax.ppm)]
        inside = tax.amount_minor if priced.tax_included else 0
        assert tax.base_minor + inside == sum(part.total_minor for part in own)
    if priced.reverse_charge:
        assert (priced.tax_minor, priced.tax_included) == (0, False)
        assert sum(tax.base_minor for tax in priced.taxes) == priced.total_minor


@given(items, offers, ways, currencies, modes, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_offers_changes_nothing(bought, given_offers, way, currency, mode, random):
    shuffled, reordered = list(bought), list(given_offers)
    random.shuffle(shuffled)
    random.shuffle(reordered)
    first = total(bought, given_offers, way, currency, mode)
    second = total(shuffled, reordered, way, currency, mode)

    assert {line.key: line for line in second.lines} == {line.key: line for line in first.lines}
    assert replace(second, lines=(), reasons=()) == replace(first, lines=(), reasons=())
    assert set(second.reasons) == set(first.reasons)


@everything
def test_every_code_is_either_used_or_explained(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)

    used = {line.offer.id for line in priced.discounts}
    for offer in given_offers:
        if offer.code and offer.id not in used:
            assert offer.code in {reason.code for reason in priced.reasons}


@everything
def test_a_discount_never_exceeds_what_it_is_about(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)
    prices = {line.key: line.subtotal_minor for line in priced.lines}

    for line in priced.discounts:
        offer, parts = line.offer, [part for part in priced.applied if part.offer.id == line.offer.id]
        assert offer.left_minor is None or line.amount_minor <= offer.left_minor
        if offer.kind == FREE:
            assert [part.key for part in parts] == [""]
            assert priced.shipping is not None
            assert line.amount_minor == priced.shipping.price_minor
        elif offer.kind == PromotionKind.GIFT:
            assert [part.key for part in parts] == [f"gift {offer.id}"]
        else:
            about = {item.key for item in bought if offer.is_about(item)}
            assert {part.key for part in parts} <= about
            assert sum(prices[key] for key in about) >= max(line.amount_minor, offer.minimum_minor)
        if offer.kind == PromotionKind.FIXED:
            assert line.amount_minor <= offer.amount_minor


@everything
def test_one_wins_in_a_lane_and_discounted_prices_are_left_alone(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)

    winners = [line.offer.lane for line in priced.discounts]
    assert len(winners) == len(set(winners))
    shut = {item.key for item in bought if item.reduced}
    for line in priced.discounts:
        keys = {part.key for part in priced.applied if part.offer == line.offer} - {""}
        assert line.offer.on_discounted or not keys & shut
        shut |= keys


@everything
def test_gifts_cost_nothing(bought, given_offers, way, currency, mode):
    priced = total(bought, given_offers, way, currency, mode)

    assert [line.key for line in priced.lines[: len(bought)]] == [item.key for item in bought]
    gifts = priced.lines[len(bought) :]
    assert [line.key for line in gifts] == [item.key for item in priced.gifts]
    assert [(line.total_minor, line.tax_minor) for line in gifts] == [(0, 0)] * len(gifts)


@everything
def test_whatever_is_charged_is_a_multiple_of_the_step(bought, given_offers, way, currency, mode):
    priced, step = total(bought, given_offers, way, currency, mode), CURRENCIES[currency].step_minor

    on_top = [0 if priced.tax_included else line.tax_minor for line in priced.lines]
    charged = [
        priced.total_minor, priced.goods_minor, priced.shipping_minor, priced.subtotal_minor,
        *(line.unit_minor for line in priced.lines),
        *(line.total_minor + tax for line, tax in zip(priced.lines, on_top, strict=True)),
        *(part.amount_minor for part in priced.applied),
        *(part.total_minor for part in (priced.shipping.parts if priced.shipping else ())),
    ]  # fmt: skip
    assert [amount for amount in charged if amount % step] == []


@pytest.mark.parametrize("currency", ["USD", "JPY", "RSD", "HUF", "TWD", "MGA"])
@given(bought=items, way=ways)
@example(bought=[Item("A", 3, 333), Item("B", 1, 1)], way=Shipping("standard", 1))
def test_where_every_minor_unit_can_be_charged_they_come_to_the_same(currency, bought, way):
    ten = [Offer(1, "Ten", PromotionKind.PERCENT, percent=10, on_discounted=True)]

    assert total(bought, ten, way, currency, "included") == total(bought, ten, way, "EUR", "included")


@pytest.mark.parametrize(("currency", "step"), [("ISK", 100), ("UGX", 100)])
@given(bought=items, way=ways)
def test_whole_units_come_to_what_cents_come_to_elsewhere(currency, step, bought, way):
    """24 krónur at 10 % off are rounded as 24 cents are."""
    ten = [Offer(1, "Ten", PromotionKind.PERCENT, percent=10, on_discounted=True)]
    dearer = [replace(item, unit_minor=item.unit_minor * step) for item in bought]
    way_there = replace(way, price_minor=way.price_minor * step) if way else None

    for mode in ("included", "on top", "reverse"):
        cents, whole = total(bought, ten, way, "EUR", mode), total(dearer, ten, way_there, currency, mode)
        assert whole.total_minor == cents.total_minor * step
        assert whole.tax_minor == cents.tax_minor * step
        assert [line.total_minor for line in whole.lines] == [line.total_minor * step for line in cents.lines]
