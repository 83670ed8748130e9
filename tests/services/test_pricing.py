"""Pricing: lanes, kinds of promotions, what they ask for, why they give nothing, and the taxes."""

from dataclasses import replace

import pytest

from shop_app.core.errors import ShopError
from shop_app.core.money import tax_within
from shop_app.models import PromotionKind
from shop_app.services.pricing.price_cart import Shipping, price_cart
from shop_app.services.promotions.discounts import Item, Offer
from shop_app.services.taxes.rate import Rate

VAT = {"standard": Rate("19 % VAT", 190_000), "reduced": Rate("7 % VAT", 70_000)}
AUTUMN = Offer(1, "Autumn", PromotionKind.PERCENT, percent=10, code="AUTUMN10")


def total(items, **more):
    return price_cart(items, rates=VAT, currency=more.pop("currency", "EUR"), **more)


def texts(priced):
    return [reason.text for reason in priced.reasons]


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
    second = Offer(
        2, "Members", PromotionKind.PERCENT, percent=50, lane="a", lane_position=9, on_discounted=True
    )
    priced = total([Item("MUG", 1, 1000)], offers=[second, AUTUMN])

    assert [line.amount_minor for line in priced.discounts] == [100, 450]
    assert priced.total_minor == 450


def test_a_later_lane_leaves_what_an_earlier_one_discounted_unless_it_says_otherwise():
    later = Offer(2, "Members", PromotionKind.PERCENT, percent=50, code="HALF", lane="b", lane_position=9)
    mugs = Offer(1, "Mugs", PromotionKind.PERCENT, percent=10, products=frozenset({7}))
    priced = total([Item("MUG", 1, 1000, product_id=7), Item("BOWL", 1, 1000)], offers=[later, mugs])
    alone = total([Item("MUG", 1, 1000, product_id=7)], offers=[later, mugs])

    assert [line.discount_minor for line in priced.lines] == [100, 500]
    assert [line.discount_minor for line in alone.lines] == [100]
    assert texts(alone) == ["HALF doesn't apply to prices that are already discounted"]


def test_reduced_prices_are_left_alone_unless_the_offer_says_so():
    items = [Item("OLD", 1, 1000, reduced=True), Item("NEW", 1, 1000)]
    allowed = Offer(1, "All", PromotionKind.PERCENT, percent=10, on_discounted=True)

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


# --- Kinds ----------------------------------------------------------------------------------------

THREE_FOR_TWO = Offer(
    1, "3 for 2", PromotionKind.BUY_X_GET_Y, percent=100, code="TRIO", buy_quantity=2, get_quantity=1
)


@pytest.mark.parametrize(("units", "free"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (8, 2), (9, 3)])
def test_for_every_two_units_the_next_cheapest_is_free(units, free):
    priced = total([Item("MUG", units, 1000)], offers=[THREE_FOR_TWO])

    assert priced.discount_minor == 1000 * free


def test_the_cheapest_units_of_several_lines_are_the_free_ones():
    items = [Item("BOWL", 2, 3000), Item("CUP", 1, 500), Item("MUG", 3, 1000)]
    priced = total(items, offers=[THREE_FOR_TWO])

    assert [(part.key, part.amount_minor) for part in priced.applied] == [("CUP", 500), ("MUG", 1000)]


def test_half_price_for_the_next_units_is_rounded_once_per_line():
    offer = replace(THREE_FOR_TWO, percent=50, buy_quantity=1, get_quantity=2)
    priced = total([Item("MUG", 3, 333)], offers=[offer])

    assert priced.discount_minor == 333


def test_one_thing_short_of_the_next_free_one_says_so():
    assert texts(total([Item("MUG", 1, 1000)], offers=[THREE_FOR_TWO])) == ["Add 2 more things to use TRIO"]
    assert texts(total([Item("MUG", 2, 1000)], offers=[THREE_FOR_TWO])) == ["Add 1 more thing to use TRIO"]
    by_itself = replace(THREE_FOR_TWO, code="")
    assert texts(total([Item("MUG", 1, 1000)], offers=[by_itself])) == []
    assert texts(total([Item("MUG", 2, 1000)], offers=[by_itself])) == ["Add 1 more thing for 3 for 2"]


CELLAR = Item("gift 4", 1, 1900, tax_class="reduced")
GIFT = Offer(4, "A salt cellar", PromotionKind.GIFT, minimum_minor=15_000, gift_variant_id=9, gift=CELLAR)


def test_a_gift_is_a_line_of_its_own_that_costs_nothing():
    priced = total([Item("LAMP", 1, 15_000)], offers=[GIFT])

    line = priced.lines[1]
    assert (line.key, line.quantity, line.subtotal_minor, line.discount_minor) == ("gift 4", 1, 1900, 1900)
    assert (line.total_minor, line.tax_minor) == (0, 0)
    assert (priced.subtotal_minor, priced.discount_minor, priced.total_minor) == (16_900, 1900, 15_000)
    assert priced.gifts == (CELLAR,)
    assert [(tax.label, tax.amount_minor) for tax in priced.taxes] == [("19 % VAT", 2395)]


def test_a_gift_below_its_minimum_or_sold_out_falls_away_with_a_reason():
    below = total([Item("LAMP", 1, 14_580)], offers=[GIFT])
    sold_out = total([Item("LAMP", 1, 15_000)], offers=[replace(GIFT, gift=None)])

    assert (below.gifts, texts(below)) == ((), ["Spend €4.20 more for A salt cellar"])
    assert (sold_out.gifts, texts(sold_out)) == ((), ["The gift that comes with A salt cellar is sold out"])
    assert texts(total([Item("LAMP", 1, 7499)], offers=[GIFT])) == [], "far below it nobody is bothered"


def test_a_gift_competes_inside_its_lane():
    better = Offer(5, "Twenty", PromotionKind.PERCENT, percent=20)
    priced = total([Item("LAMP", 1, 15_000)], offers=[GIFT, better])

    assert (priced.gifts, priced.discount_minor) == ((), 3000)


def test_free_delivery_competes_inside_its_lane_too():
    free = Offer(6, "Free delivery", PromotionKind.FREE_SHIPPING, code="SHIP")
    cheap = total([Item("MUG", 1, 1000)], offers=[AUTUMN, free], shipping=Shipping("s", 490))
    dear = total([Item("LAMP", 1, 15_000)], offers=[AUTUMN, free], shipping=Shipping("s", 490))

    assert (cheap.discount_minor, cheap.shipping_minor) == (0, 0)
    assert (dear.discount_minor, dear.shipping_minor) == (1500, 490)
    assert texts(dear) == ["AUTUMN10 saves you as much or more, and the two can't be combined"]


# --- What they ask for ----------------------------------------------------------------------------


def test_products_and_categories_say_what_a_promotion_is_about():
    items = [
        Item("MUG", 2, 1000, product_id=1, categories=frozenset({10, 11})),
        Item("LAMP", 1, 5000, product_id=2, categories=frozenset({20})),
    ]
    table = replace(AUTUMN, categories=frozenset({11}))
    lamp = replace(AUTUMN, products=frozenset({2}))

    assert [line.discount_minor for line in total(items, offers=[table]).lines] == [200, 0]
    assert [line.discount_minor for line in total(items, offers=[lamp]).lines] == [0, 500]
    other = total(items[:1], offers=[lamp])
    assert texts(other) == ["AUTUMN10 is for other things than those in your cart"]


def test_minimum_and_quantity_count_what_it_is_about_alone():
    items = [Item("MUG", 2, 1000, product_id=1), Item("LAMP", 1, 5000, product_id=2)]
    mugs = replace(AUTUMN, products=frozenset({1}), minimum_minor=3000)
    three = replace(AUTUMN, products=frozenset({1}), minimum_quantity=3)

    assert texts(total(items, offers=[mugs])) == ["Spend €10.00 more on what AUTUMN10 is for"]
    assert texts(total(items, offers=[three])) == ["Add 1 more of what AUTUMN10 is for"]
    assert total(items, offers=[replace(three, minimum_quantity=2)]).discount_minor == 200


def test_what_a_budget_no_longer_has_is_not_given():
    assert total([Item("MUG", 1, 1000)], offers=[replace(AUTUMN, left_minor=100)]).discount_minor == 100
    spent = total([Item("MUG", 1, 1000)], offers=[replace(AUTUMN, left_minor=99)])
    assert (spent.discount_minor, texts(spent)) == (0, ["AUTUMN10 is used up"])


# --- Reverse charge -------------------------------------------------------------------------------


def test_by_reverse_charge_prices_lose_the_tax_that_was_in_them():
    items = [Item("MUG", 2, 2400), Item("BOOK", 1, 1070, tax_class="reduced")]
    priced = total(items, shipping=Shipping("s", 490), reverse_charge=True)

    assert [line.unit_minor for line in priced.lines] == [2017, 1000]
    assert (priced.subtotal_minor, priced.shipping_minor, priced.total_minor) == (5034, 420, 5454)
    assert (priced.tax_minor, priced.tax_included, priced.reverse_charge) == (0, False, True)
    assert [(tax.label, tax.ppm, tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [
        ("Reverse charge", 0, 5454, 0)
    ]


def test_by_reverse_charge_prices_without_tax_stay_as_they_are():
    priced = total([Item("MUG", 2, 2400)], tax_included=False, reverse_charge=True)

    assert (priced.subtotal_minor, priced.tax_minor, priced.total_minor) == (4800, 0, 4800)
