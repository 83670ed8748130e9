"""Pricing: parts add up, nothing is negative, the order of lines changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_app.errors import ShopError
from shop_app.models import PromotionKind
from shop_app.money import tax_on_top, tax_within
from shop_app.services.pricing import Item, Offer, Rate, Shipping, price_cart

VAT = {"standard": Rate("19 % VAT", 190_000), "reduced": Rate("7 % VAT", 70_000)}
AUTUMN = Offer(1, "Autumn", PromotionKind.PERCENT, percent=10, code="AUTUMN10")


def total(items, **more):
    return price_cart(items, rates=VAT, currency=more.pop("currency", "EUR"), **more)


def test_a_cart_comes_to_its_lines_and_its_shipping_with_the_tax_inside():
    priced = total([Item("MUG", 2, 2400), Item("BOWL", 1, 2780)], shipping=Shipping("standard", 490))

    assert (priced.subtotal_minor, priced.shipping_minor, priced.total_minor) == (7580, 490, 8070)
    assert [line.tax_minor for line in priced.lines] == [766, 444]
    assert [(tax.label, tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [
        ("19 % VAT", 6782, 1288)
    ]


def test_exclusive_tax_comes_on_top():
    rates = {"standard": Rate("Sales tax", 82_500)}
    priced = price_cart(
        [Item("MUG", 1, 1000)], shipping=Shipping("s", 500), rates=rates, currency="USD", tax_included=False
    )

    assert [line.tax_minor for line in priced.lines] == [83]
    assert (priced.tax_minor, priced.total_minor) == (124, 1624)


def test_a_discount_is_shared_by_largest_remainder_and_taxed_after_it():
    offer = Offer(1, "Five off", PromotionKind.FIXED, amount_minor=500, code="FIVE")
    priced = total([Item("A", 1, 1000), Item("B", 1, 1000), Item("C", 1, 1000)], offers=[offer])

    assert [line.discount_minor for line in priced.lines] == [167, 167, 166]
    assert priced.total_minor == 2500
    assert priced.lines[0].tax_minor == tax_within(833, 190_000)


def test_a_code_below_its_minimum_says_how_much_is_missing():
    offer = Offer(1, "Autumn", PromotionKind.PERCENT, percent=10, code="AUTUMN10", minimum_minor=8000)
    priced = total([Item("MUG", 1, 7580)], offers=[offer])

    assert [reason.text for reason in priced.reasons] == ["Spend €4.20 more to use AUTUMN10"]
    assert priced.discount_minor == 0


def test_inside_a_lane_the_best_wins_and_the_loser_hears_why():
    better = Offer(2, "Twenty", PromotionKind.PERCENT, percent=20, code="TWENTY")
    priced = total([Item("MUG", 1, 1000)], offers=[AUTUMN, better])

    assert [(line.offer.code, line.amount_minor) for line in priced.discounts] == [("TWENTY", 200)]
    assert [(reason.code, reason.text) for reason in priced.reasons] == [
        ("AUTUMN10", "TWENTY saves you as much or more, and the two can't be combined")
    ]


def test_lanes_stack_on_what_the_lane_before_has_left():
    second = Offer(2, "Members", PromotionKind.PERCENT, percent=50, lane="members")
    priced = total([Item("MUG", 1, 1000)], offers=[second, AUTUMN])

    assert [line.amount_minor for line in priced.discounts] == [100, 450]
    assert priced.total_minor == 450


def test_reduced_prices_are_left_alone_unless_the_offer_says_so():
    items = [Item("OLD", 1, 1000, reduced=True), Item("NEW", 1, 1000)]
    allowed = Offer(1, "All", PromotionKind.PERCENT, percent=10, on_reduced=True)

    assert [line.discount_minor for line in total(items, offers=[AUTUMN]).lines] == [0, 100]
    assert [line.discount_minor for line in total(items, offers=[allowed]).lines] == [100, 100]
    alone = total(items[:1], offers=[AUTUMN])
    assert alone.reasons[0].text == "AUTUMN10 doesn't apply to prices that are already reduced"


def test_free_shipping_takes_the_price_of_the_way_and_says_so_where_it_is_free_already():
    offer = Offer(3, "Free delivery", PromotionKind.FREE_SHIPPING, code="SHIPFREE")
    paid = total([Item("MUG", 1, 1000)], offers=[offer], shipping=Shipping("standard", 490))
    free = total([Item("MUG", 1, 1000)], offers=[offer], shipping=Shipping("standard", 0))

    assert (paid.shipping_minor, paid.discount_minor, paid.total_minor) == (0, 0, 1000)
    assert [(line.offer.code, line.amount_minor) for line in paid.discounts] == [("SHIPFREE", 490)]
    assert [reason.text for reason in free.reasons] == ["Delivery is free already"]


def test_free_above_looks_at_the_goods_after_discounts():
    def way(goods_minor: int) -> Shipping:
        return Shipping("standard", 0 if goods_minor >= 5000 else 490)

    assert total([Item("MUG", 1, 5000)], shipping=way).shipping_minor == 0
    assert total([Item("MUG", 1, 5000)], shipping=way, offers=[AUTUMN]).shipping_minor == 490


def test_more_than_the_shop_takes_is_refused():
    with pytest.raises(ShopError, match="more than the shop can sell"):
        total([Item("GOLD", 2, 10**11)])


# --- Properties -----------------------------------------------------------------------------------

amounts = st.integers(0, 2_000_000)
items = st.lists(
    st.builds(
        Item,
        key=st.sampled_from("ABCDEFGH"),
        quantity=st.integers(1, 99),
        unit_minor=amounts,
        reduced=st.booleans(),
        tax_class=st.sampled_from(["standard", "reduced", "unknown"]),
    ),
    max_size=6,
    unique_by=lambda item: item.key,
)
offers = st.lists(
    st.builds(
        Offer,
        id=st.integers(1, 5),
        label=st.just("An offer"),
        kind=st.sampled_from(list(PromotionKind)),
        percent=st.integers(0, 100),
        amount_minor=amounts,
        code=st.sampled_from(["", "ONE", "TWO"]),
        lane=st.sampled_from(["default", "members", "zeal"]),
        minimum_minor=st.one_of(st.just(0), amounts),
        on_reduced=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda offer: offer.id,
)
ways = st.one_of(st.none(), st.builds(Shipping, code=st.just("standard"), price_minor=st.integers(0, 5000)))
currencies = st.sampled_from(["EUR", "USD", "JPY", "KRW", "KWD", "TND"])
everything = given(items, offers, ways, currencies, st.booleans())


@everything
def test_all_parts_add_up_and_none_is_negative(bought, given_offers, way, currency, included):
    priced = total(bought, offers=given_offers, shipping=way, currency=currency, tax_included=included)

    for line in priced.lines:
        assert line.subtotal_minor == line.unit_minor * line.quantity
        assert line.total_minor == line.subtotal_minor - line.discount_minor
        assert 0 <= line.discount_minor <= line.subtotal_minor
        taxed = tax_within if included else tax_on_top
        assert line.tax_minor == taxed(line.total_minor, line.rate.ppm) >= 0
        assert line.discount_minor == sum(
            part.amount_minor for part in priced.applied if part.key == line.key
        )
    carried = priced.shipping
    assert (carried.total_minor if carried else 0) == priced.shipping_minor >= 0
    if carried:
        assert carried.price_minor - carried.discount_minor == carried.total_minor
    assert priced.subtotal_minor == sum(line.subtotal_minor for line in priced.lines)
    assert priced.discount_minor == sum(line.discount_minor for line in priced.lines)
    tax_of_lines = sum(line.tax_minor for line in priced.lines) + (carried.tax_minor if carried else 0)
    assert priced.tax_minor == tax_of_lines == sum(line.amount_minor for line in priced.taxes)
    sum_of_parts = priced.subtotal_minor - priced.discount_minor + priced.shipping_minor
    assert priced.total_minor == sum_of_parts + (0 if included else priced.tax_minor)
    off = priced.discount_minor + (carried.discount_minor if carried else 0)
    assert (
        off
        == sum(line.amount_minor for line in priced.discounts)
        == sum(p.amount_minor for p in priced.applied)
    )
    assert all(part.amount_minor > 0 for part in priced.applied)


@given(items, offers, ways, currencies, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_offers_changes_nothing(bought, given_offers, way, currency, included, random):
    shuffled, reordered = list(bought), list(given_offers)
    random.shuffle(shuffled)
    random.shuffle(reordered)
    first = total(bought, offers=given_offers, shipping=way, currency=currency, tax_included=included)
    second = total(shuffled, offers=reordered, shipping=way, currency=currency, tax_included=included)

    by_key = {line.key: line for line in first.lines}
    assert {line.key: line for line in second.lines} == by_key
    assert (second.discounts, second.taxes, second.total_minor) == (
        first.discounts,
        first.taxes,
        first.total_minor,
    )
    assert set(second.reasons) == set(first.reasons)


@everything
def test_every_code_is_either_used_or_explained(bought, given_offers, way, currency, included):
    priced = total(bought, offers=given_offers, shipping=way, currency=currency, tax_included=included)

    used = {line.offer for line in priced.discounts}
    for offer in given_offers:
        if offer.code and offer not in used:
            assert offer.code in {reason.code for reason in priced.reasons}
