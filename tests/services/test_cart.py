"""The cart: kept until it is placed, and each line says what changed."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.errors import Invalid, NotFound, OutOfStock, TooMany
from shop_app.models import ProductStatus, StockPolicy
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from tests.factories import key_hash, make_basics, make_product, make_promotion, variant_with

pytestmark = pytest.mark.both
ME = key_hash()
tables = SQLModel.metadata.tables


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, options={"Colour": ["Moss", "Clay"]}, stock=5)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=3)


def count(session: Session, table: str) -> int:
    return session.connection().execute(select(func.count()).select_from(tables[table])).scalar_one()


def set_price(session: Session, sku: str, price_minor: int) -> None:
    variant = tables["variant"]
    session.connection().execute(update(variant).where(variant.c.sku == sku).values(price_minor=price_minor))


def test_an_added_thing_is_in_the_cart_with_its_price_delivery_and_tax(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)

    view = cart_queries.view(session, ME)
    line = view.lines[0]
    assert (line.sku, line.title, line.variant, line.quantity, line.max_quantity) == (
        "DUNE-MUG-MOSS",
        "Dune Mug",
        "Moss",
        2,
        5,
    )
    assert (line.unit, line.total, line.notice) == ("€24.00", "€48.00", "")
    assert (view.count, view.subtotal, view.shipping, view.total) == (2, "€48.00", "€4.90", "€52.90")
    assert (view.tax_note, view.total_minor) == ("Includes €8.44 VAT", 5290)
    assert (view.free_shipping_line, view.free_shipping_percent) == ("Add €2.00 for free delivery", 96)
    assert view.price_note == "Including VAT. Delivery is added at checkout."
    assert (view.country, view.country_name, view.can_check_out) == ("DE", "Germany", True)
    assert events.CartChanged(1) in session.info["events"]


def test_what_is_free_isnt_said_to_be_added(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 3)
    view = cart_queries.view(session, ME)
    assert (view.free_shipping_line, view.shipping) == ("Delivery is free", "Free")
    assert view.price_note == "Including VAT. Delivery is free."


def test_adding_again_adds_on_top_and_raises_the_version(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    first = cart_queries.view(session, ME)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)
    second = cart_queries.view(session, ME)

    assert second.lines[0].quantity == 3
    assert second.version == first.version + 1


def test_other_visitors_have_other_carts(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)

    assert cart_queries.view(session, key_hash("somebody else")) == cart_queries.CartView()


@pytest.mark.parametrize("quantity", [0, -1, 100, 10**30, True, 1.0, "1", None])
def test_absurd_quantities_are_refused(session, quantity):
    with pytest.raises(Invalid, match="Enter a whole number from 1 to 99"):
        cart_commands.add(session, ME, "DUNE-MUG-MOSS", quantity)

    assert (count(session, "cart"), count(session, "cart_line")) == (0, 0)


@pytest.mark.parametrize("sku", ["NOT-THERE", "", "' OR 1=1 --", "x" * 10_000])
def test_an_unknown_sku_is_not_for_sale(session, sku):
    with pytest.raises(NotFound, match="isn't for sale"):
        cart_commands.add(session, ME, sku, 1)


def test_a_hidden_product_is_not_for_sale(session):
    make_product(session, "Secret", status=ProductStatus.DRAFT)
    with pytest.raises(NotFound, match="isn't for sale"):
        cart_commands.add(session, ME, "SECRET", 1)


def test_more_than_is_left_is_refused_and_says_how_many(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 2)
    with pytest.raises(OutOfStock) as refusal:
        cart_commands.add(session, ME, "SHOAL-BOWL", 2)

    assert refusal.value.message == "Only 3 of Shoal Bowl are left. 2 of them in your cart already."
    assert refusal.value.left == {"SHOAL-BOWL": 3}


def test_what_can_be_backordered_is_never_too_much(session):
    make_product(session, "Chair", stock=0, policy=StockPolicy.BACKORDER)

    cart_commands.add(session, ME, "CHAIR", 99)
    view = cart_queries.view(session, ME)
    assert (view.lines[0].max_quantity, view.can_check_out) == (99, True)


def test_more_than_99_of_one_thing_is_refused(session):
    make_product(session, "Pin", stock=500)
    cart_commands.add(session, ME, "PIN", 99)
    with pytest.raises(Invalid, match="99 of one thing"):
        cart_commands.add(session, ME, "PIN", 1)


def test_a_cart_holds_50_different_things(session):
    for number in range(51):
        make_product(session, f"Thing {number}")
    for number in range(50):
        cart_commands.add(session, ME, f"THING-{number}", 1)
    with pytest.raises(TooMany, match="50 different things"):
        cart_commands.add(session, ME, "THING-50", 1)


def test_setting_more_than_is_left_sets_what_is_left_and_says_so(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    notice = cart_commands.set_quantity(session, ME, "SHOAL-BOWL", 9)

    view = cart_queries.view(session, ME)
    assert (view.lines[0].quantity, notice) == (3, "Only 3 of Shoal Bowl are left.")
    assert view.can_check_out
    assert cart_commands.set_quantity(session, ME, "SHOAL-BOWL", 3) == ""


def test_removing_takes_the_line_out_and_setting_its_quantity_undoes_that(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)
    cart_commands.set_quantity(session, ME, "DUNE-MUG-MOSS", 0)
    assert cart_queries.view(session, ME).lines == []
    with pytest.raises(NotFound, match="isn't in your cart"):
        cart_commands.remove(session, ME, "DUNE-MUG-MOSS")

    cart_commands.set_quantity(session, ME, "DUNE-MUG-MOSS", 2)
    assert cart_queries.view(session, ME).lines[0].quantity == 2


def test_saved_for_later_counts_for_nothing_until_it_is_moved_back(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)
    cart_commands.save_for_later(session, ME, "DUNE-MUG-MOSS")
    view = cart_queries.view(session, ME)

    assert (view.count, view.lines, [line.sku for line in view.saved]) == (0, [], ["DUNE-MUG-MOSS"])
    assert (view.total_minor, view.can_check_out) == (0, False)
    cart_commands.move_to_cart(session, ME, "DUNE-MUG-MOSS")
    assert cart_queries.view(session, ME).total_minor == 5290


def test_a_changed_price_is_told_until_it_is_accepted(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    set_price(session, "DUNE-MUG-MOSS", 2600)
    risen = cart_queries.view(session, ME).lines[0]
    set_price(session, "DUNE-MUG-MOSS", 2000)
    fallen = cart_queries.view(session, ME).lines[0]

    assert (risen.unit, risen.notice, risen.notice_kind) == ("€26.00", "Now €26.00, was €24.00", "info")
    assert fallen.notice == "The price went down: now €20.00, was €24.00"
    cart_commands.accept_changes(session, ME)
    assert cart_queries.view(session, ME).lines[0].notice == ""


def test_what_ran_out_or_went_away_stands_in_the_way_of_checkout(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 3)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    level, product = tables["stock_level"], tables["product"]
    bowl = variant_with(session, "SHOAL-BOWL")
    session.connection().execute(update(level).where(level.c.variant_id == bowl.id).values(on_hand=1))
    fewer = cart_queries.view(session, ME)
    session.connection().execute(update(level).where(level.c.variant_id == bowl.id).values(on_hand=0))
    session.connection().execute(
        update(product).where(product.c.slug == "dune-mug").values(status=ProductStatus.ARCHIVED.value)
    )
    gone = cart_queries.view(session, ME)

    assert [line.notice for line in fewer.lines] == ["Only 1 is left. Choose fewer to go on.", ""]
    assert [line.notice for line in gone.lines] == [
        "Sold out. Take it out or save it for later.",
        "No longer sold. Take it out to go on.",
    ]
    assert [line.notice_kind for line in gone.lines] == ["problem", "problem"]
    assert (fewer.can_check_out, gone.can_check_out) == (False, False)


def test_a_code_takes_off_its_share_and_can_be_removed(session):
    make_promotion(session, "AUTUMN10")
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    cart_commands.apply_code(session, ME, " autumn10 ")
    view = cart_queries.view(session, ME)

    assert [(line.code, line.label, line.amount) for line in view.discounts] == [
        ("AUTUMN10", "Autumn, 10 % off", "−€2.40")
    ]
    assert view.total_minor == 2160 + 490
    cart_commands.remove_code(session, ME, "AUTUMN10")
    assert cart_queries.view(session, ME).total_minor == 2400 + 490


def test_a_code_that_gives_nothing_yet_stays_with_its_reason(session):
    make_promotion(session, "AUTUMN10", minimum_minor=5000)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)

    cart_commands.apply_code(session, ME, "AUTUMN10")
    reasons = cart_queries.view(session, ME).reasons
    assert [(reason.code, reason.reason) for reason in reasons] == [
        ("AUTUMN10", "Spend €26.00 more to use AUTUMN10")
    ]
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)
    assert cart_queries.view(session, ME).reasons == []


def test_unknown_and_used_up_codes_are_refused(session):
    make_promotion(session, "SPENT", usage_limit=0)
    for code, sentence in (("NOPE", "There is no code NOPE"), ("SPENT", "SPENT is used up")):
        with pytest.raises(NotFound, match=sentence):
            cart_commands.apply_code(session, ME, code)


def test_the_country_decides_delivery_and_tax(session):
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    cart_commands.set_country(session, ME, "AT")
    view = cart_queries.view(session, ME)

    assert (view.shipping, view.total, view.country_name) == ("€8.90", "€32.90", "Austria")
    assert view.tax_note == "Includes €5.48 VAT"
    with pytest.raises(Invalid, match="deliver to"):
        cart_commands.set_country(session, ME, "XX")


def test_promotions_that_apply_by_themselves_need_no_code(session):
    make_promotion(session, "", name="Opening week", percent=50)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    view = cart_queries.view(session, ME)

    assert [(line.code, line.label, line.amount) for line in view.discounts] == [
        ("", "Opening week", "−€12.00")
    ]
