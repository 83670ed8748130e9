"""The checkout in a tab: what is typed stays, what is wrong is pointed at, one submission is one order."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal, account_key
from shop_app.core.errors import ProviderDown
from shop_app.models import Order
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import PaymentMethod, Started, StartPayment
from shop_app.providers.payments.manual import MANUAL, ManualProvider
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.holds import HoldView
from shop_app.services.credit import commands as credit_commands
from shop_app.state.checkout import Checkout
from tests import factories
from tests.providers.smtp_server import smtp_server
from tests.state.conftest import VISITOR, submit

GOOD = {
    "email": "marta@example.com",
    "given_name": "Marta",
    "family_name": "Lind",
    "line1": "Oranienstraße 18",
    "postal_code": "10999",
    "locality": "Berlin",
    "country": "DE",
    "shipping_method": "standard",
    "payment_provider": "manual",
    "ticket": "this-page",
    "shown_minor": "9800",
}


@pytest.fixture
def full_cart(shop) -> None:
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "FABLE-LAMP-MOSS", 2)


def orders() -> list[Order]:
    with db.reading() as session:
        return list(session.exec(select(Order)))


def someone_holds(units: int) -> None:
    """Another visitor is in checkout with so many lamps in Moss."""
    with db.transaction() as session:
        cart_holds.sweep(session)
        cart_commands.add(session, key_hash("o" * 43), "FABLE-LAMP-MOSS", units)
        cart_holds.enter(session, key_hash("o" * 43))


def moss() -> tuple[int, int, int]:
    with db.reading() as session:
        return factories.stock_of(session, "FABLE-LAMP-MOSS")


def change_price(session: Session, price_minor: int) -> None:
    variant = factories.variant_with(session, "FABLE-LAMP-MOSS")
    variant.price_minor = price_minor
    session.add(variant)


async def test_an_empty_cart_has_no_checkout(open_tab, shop):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.loaded, tab.empty, tab.view.lines if hasattr(tab.view, "lines") else []) == (True, True, [])


async def test_the_page_names_the_whole_amount(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.view.subtotal, tab.view.total, tab.view.total_minor) == ("€98.00", "€98.00", 9800)
    assert "€98.00" in tab.view.pay_label


async def test_what_is_typed_stays_with_the_cart(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.typed("email", "marta@example.com")
    await tab.typed("locality", "Berlin")
    again = await open_tab(Checkout, "/checkout")
    await again.load()
    assert (again.view.form.email, again.view.form.locality) == ("marta@example.com", "Berlin")


async def test_leaving_a_field_with_something_wrong_says_so_below_it_alone(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.typed("postal_code", "1099")
    assert list(tab.errors) == ["postal_code"]
    await tab.typed("postal_code", "10999")
    assert tab.errors == {}
    await tab.typed("email", "")
    assert tab.errors == {}, "nobody is scolded for a field that is only passed through"


async def test_choosing_a_delivery_changes_the_total(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.typed("shipping_method", "express")
    assert (tab.view.total, [way.chosen for way in tab.view.deliveries]) == ("€107.90", [False, True, False])


async def test_paying_with_gaps_points_at_each_and_places_nothing(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"email": "marta", "postal_code": "1"})
    assert list(tab.summary) == ["email", "postal_code"]
    assert tab.errors == tab.summary
    assert tab.summary_title == "2 things need your attention"
    assert (tab.answers, tab.departure.address, orders()) == (1, "", [])
    assert tab.view.form.given_name == "Marta", "what was filled in is kept"


async def test_paying_places_one_order_however_often_the_form_comes(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD)
    assert tab.departure.address.startswith("/orders/")
    assert (tab.departure.ticket, tab.departure.number) == ("this-page", 1)
    await submit(tab, "pay", GOOD)
    assert [order.total_minor for order in orders()] == [9800]


class Down(ManualProvider):
    """A way to pay that doesn't answer."""

    name = "down"
    pays_now = True

    def start(self, request: StartPayment) -> Started:
        raise ProviderDown("Payments don't answer just now.")


async def test_a_payment_that_doesnt_start_leaves_the_units_held_for_another_click(open_tab, full_cart):
    registry.offer([PaymentMethod("down", Down), MANUAL])
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert moss() == (3, 0, 2)
    await submit(tab, "pay", GOOD | {"payment_provider": "down"})
    assert (tab.refused, tab.departure.address) == ("Payments don't answer just now.", "")
    assert ([order.status for order in orders()], moss(), tab.hold.state) == (
        ["cancelled"],
        (3, 0, 2),
        "held",
    )
    await submit(tab, "pay", GOOD)
    assert [order.status for order in orders()] == ["cancelled", "placed"]
    assert moss() == (3, 2, 0)


async def test_a_price_that_rose_is_refused_and_the_next_click_accepts_it(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    with db.transaction() as session:
        change_price(session, 5900)
    await submit(tab, "pay", GOOD)
    assert (tab.refused_kind, tab.departure.address, orders()) == ("price", "", [])
    assert "€20.00" in tab.refused
    assert (tab.view.total, tab.answers) == ("€118.00", 1)
    await submit(tab, "pay", GOOD | {"shown_minor": "11800"})
    assert [order.total_minor for order in orders()] == [11800]


async def test_the_total_that_counts_is_the_one_that_the_browser_showed(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    with db.transaction() as session:
        change_price(session, 5900)
    await tab.typed("phone", "030 1234567")
    assert tab.view.total_minor == 11800, (
        "the press on the button left a field, and that brought the new total"
    )
    await submit(tab, "pay", GOOD)
    assert (tab.refused_kind, orders()) == ("price", [])


@pytest.mark.parametrize("junk", ["", "-1", "1e9", "٣", "9" * 400])
async def test_a_form_with_junk_for_what_was_shown_places_nothing(open_tab, full_cart, junk):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_minor": junk})
    assert (list(tab.errors), orders()) == (["shown_minor"], [])


async def test_a_form_that_does_not_say_what_was_shown_places_nothing(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", {name: value for name, value in GOOD.items() if name != "shown_minor"})
    assert (tab.refused_kind, orders()) == ("price", [])


async def test_what_someone_else_took_is_told_and_one_click_takes_the_rest(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    clock.shift(15 * 60)
    someone_holds(2)
    await submit(tab, "pay", GOOD)
    assert (tab.refused_kind, orders()) == ("stock", [])
    assert tab.refused_lines == ["Only 1 of Fable Lamp, Moss is left."]
    await tab.take_what_is_left()
    assert [(line.sku, line.quantity) for line in tab.view.cart.lines] == [("FABLE-LAMP-MOSS", 1)]
    assert (tab.refused, tab.refused_kind, tab.refused_lines, tab.hold.state) == ("", "", [], "held")
    assert tab.confirmation == "Only 1 of Fable Lamp, Moss is left. We set the quantity to 1."
    assert moss() == (3, 0, 3)


async def test_the_page_holds_the_cart_and_says_until_when(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.hold.state, tab.hold.ends_at) == ("held", "2026-11-20T10:15:00+00:00")
    assert (tab.hold.can_stay, moss()) == (True, (3, 0, 2))


async def test_what_is_short_is_told_before_any_payment(open_tab, full_cart):
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 1)
    someone_holds(3)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.refused, tab.refused_kind) == ("Fable Lamp, Moss is sold out.", "stock")
    await tab.take_what_is_left()
    assert [(line.sku, line.quantity) for line in tab.view.cart.lines] == [("SHOAL-BOWL", 1)]
    assert (tab.refused, tab.hold.state, moss()) == ("", "held", (3, 0, 3))


async def test_what_is_sold_out_is_named_and_saved_for_later(open_tab, full_cart):
    someone_holds(3)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.take_what_is_left()
    assert (tab.empty, tab.hold, moss()) == (True, HoldView(), (3, 0, 3))
    assert tab.confirmation == "Fable Lamp, Moss is sold out. It is saved for later."
    with db.reading() as session:
        saved = cart_queries.view(session, key_hash(VISITOR)).saved
    assert [(line.sku, line.quantity) for line in saved] == [("FABLE-LAMP-MOSS", 2)]


async def test_typing_keeps_the_hold_and_is_written_down_once_a_minute(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    ends = []
    for seconds in (59, 1, 30):
        clock.shift(seconds)
        await tab.typed("locality", "Berlin")
        ends.append(tab.hold.ends_at[11:19])
    assert ends == ["10:15:00", "10:16:00", "10:16:00"]


async def test_a_click_keeps_the_hold_longer_until_it_is_the_longest(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    seen = []
    for _click in range(5):
        clock.shift(10 * 60)
        await tab.extend_hold()
        seen.append((tab.hold.ends_at[11:16], tab.hold.can_stay, tab.hold.at_most))
    assert seen == [
        ("10:25", True, False),
        ("10:35", True, False),
        ("10:45", True, False),
        ("10:55", True, False),
        ("11:00", False, True),
    ]


async def test_when_the_time_is_over_the_units_are_free_and_one_click_holds_them_again(
    open_tab, full_cart, clock
):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.end_hold()
    assert (tab.hold.state, moss()) == ("held", (3, 0, 2)), "a browser's clock that runs ahead ends nothing"
    clock.shift(15 * 60)
    await tab.end_hold()
    assert (tab.hold.state, tab.hold.short, moss()) == ("over", [], (3, 0, 0))
    await tab.typed("locality", "Berlin")
    await tab.extend_hold()
    assert (tab.hold.state, moss()) == ("over", (3, 0, 0)), "nothing is taken again behind the shopper's back"
    await tab.renew_hold()
    assert (tab.hold.state, tab.hold.ends_at[11:16], moss()) == ("held", "10:30", (3, 0, 2))
    assert tab.confirmation == "Your things are held for you again."
    clock.shift(15 * 60)
    await tab.end_hold()
    assert (tab.hold.state, tab.confirmation) == ("over", "")


async def test_the_page_hears_of_the_sweep_and_of_other_tabs(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    with db.transaction() as session:
        cart_commands.set_quantity(session, key_hash(VISITOR), "FABLE-LAMP-MOSS", 1)
    await tab.refresh()
    assert (tab.view.total_minor, tab.hold.state, moss()) == (5390, "held", (3, 0, 1))
    clock.shift(15 * 60)
    with db.transaction() as session:
        assert cart_holds.sweep(session) == 1
    await tab.refresh()
    assert (tab.hold.state, moss()) == ("over", (3, 0, 0))


async def test_placing_turns_the_hold_into_the_orders_units(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD)
    assert (moss(), len(orders())) == ((3, 2, 0), 1)
    await tab.refresh()
    assert tab.empty is False, "the page that is leaving for the payment doesn't turn empty on its way"


async def test_a_hold_that_ran_out_does_not_keep_from_paying(open_tab, full_cart, clock):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    clock.shift(20 * 60)
    await tab.end_hold()
    await submit(tab, "pay", GOOD)
    assert (moss(), [order.total_minor for order in orders()]) == ((3, 2, 0), [9800])


async def test_where_nothing_can_be_written_the_page_is_still_there(open_tab, full_cart, monkeypatch):
    def locked(*_args):
        raise db.Unavailable("The shop can't save anything just now.")

    monkeypatch.setattr(cart_holds, "enter", locked)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.view.total_minor, tab.empty, tab.hold) == (9800, False, HoldView())


async def test_without_a_form_or_a_cart_nothing_is_placed(open_tab, shop):
    tab = await open_tab(Checkout, "/checkout")
    await submit(tab, "pay", {})
    assert orders() == []
    assert tab.empty is True


async def test_a_code_can_be_entered_and_taken_off_here_too(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "apply_code", {"code": "NOPE"})
    assert tab.errors.get("code", "") == "There is no code NOPE"
    assert tab.view.total_minor == 9800


def gift_card(amount_minor: int = 2000) -> str:
    owner = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])
    with db.transaction() as session:
        return credit_commands.issue(session, amount_minor, by=owner, request_key="one").code


async def test_a_gift_card_pays_its_part_and_can_be_taken_out_again(open_tab, full_cart):
    code = gift_card()
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "apply_credit", {"credit": code.lower().replace("-", " ")})
    assert (tab.errors.get("credit", ""), tab.view.left, tab.view.credit_minor) == ("", "€78.00", 2000)
    await submit(tab, "pay", GOOD | {"shown_credit_minor": "2000"})
    assert [order.total_minor for order in orders()] == [9800]
    assert orders()[0].payment_status == "none", "the transfer still has to come"


async def test_a_card_that_is_taken_out_pays_nothing(open_tab, full_cart):
    code = gift_card()
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "apply_credit", {"credit": code})
    await tab.remove_credit(tab.view.credits[0].account_id)
    assert (tab.view.credits, tab.view.left, tab.view.total) == ([], "", "€98.00")


async def test_a_page_that_did_not_show_less_credit_is_refused_with_the_difference(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_credit_minor": "2000"})
    assert (tab.refused_kind, orders()) == ("price", [])
    assert "€20.00" in tab.refused


async def test_wrong_codes_are_refused_in_one_sentence_and_guessing_ends(open_tab, full_cart):
    code = gift_card()
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "apply_credit", {"credit": "2222-3333-4444-5555-6666"})
    assert tab.errors.get("credit", "").startswith("This code has nothing left to spend")
    await submit(tab, "apply_credit", {"credit": ""})
    assert tab.errors.get("credit", "") == "Enter the code of a gift card or of your credit."
    for _guess in range(9):
        await submit(tab, "apply_credit", {"credit": "2222"})
    await submit(tab, "apply_credit", {"credit": code})
    assert tab.errors.get("credit", "").startswith("That was too often")
    assert tab.view.credits == []


# --- Contact and address fold to what is known ------------------------------------------------------------

KNOWN = {name: text for name, text in GOOD.items() if name not in ("shown_minor", "ticket")}


async def test_contact_and_address_fold_once_nothing_is_wrong_with_them(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.is_folded, tab.view.address) == (False, [])

    await submit(tab, "go_on", KNOWN | {"postal_code": "1099"})
    assert (tab.is_folded, tab.errors) == (False, {"postal_code": "Enter a postcode of five digits"})
    await submit(tab, "go_on", KNOWN)
    assert (tab.is_folded, tab.errors, tab.turns) == (True, {}, 1)
    assert tab.view.address == ["Marta Lind", "Oranienstraße 18", "10999 Berlin", "Germany"]
    assert orders() == []

    await tab.unfold()
    assert (tab.is_folded, tab.turns, tab.view.form.line1) == (False, 2, "Oranienstraße 18")
    again = await open_tab(Checkout, "/checkout")
    await again.load()
    assert (again.is_folded, again.turns) == (True, 0)


async def test_an_address_that_letters_wont_reach_is_said_at_its_field(open_tab, full_cart, configure):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    wrong = "We can't write to this address: before the @, our mail server takes plain letters alone."
    with smtp_server() as server:
        configure(SHOP_SMTP_URL=server.url)
        for handler in ("go_on", "pay"):
            form = GOOD if handler == "pay" else KNOWN
            await submit(tab, handler, form | {"email": "jürgen@example.com"})
            assert (tab.is_folded, tab.errors, tab.summary) == (False, {"email": wrong}, {"email": wrong})
        assert (tab.view.form.email, tab.view.form.line1) == ("jürgen@example.com", "Oranienstraße 18")
        assert (orders(), server.talks) == ([], 1)
        await submit(tab, "pay", GOOD | {"email": "jurgen@müller.de"})
    assert [order.email for order in orders()] == ["jurgen@müller.de"]


async def test_a_mistake_in_what_is_folded_unfolds_it_and_one_below_does_not(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "go_on", KNOWN)
    await submit(tab, "pay", GOOD | {"payment_provider": "shells"})
    assert (tab.is_folded, tab.errors) == (True, {"payment_provider": "Choose how to pay"})
    await submit(tab, "pay", GOOD | {"email": "marta"})
    assert (tab.is_folded, list(tab.errors)) == (False, ["email"])


async def test_a_bill_to_another_address_is_asked_for_by_its_own_fields(open_tab, full_cart):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.view.form.billing, tab.view.billing_fields) == ("", [])
    await tab.typed("billing", "other")
    assert tab.view.billing_fields[0].name == "billing_country"
    await tab.typed("billing_postal_code", "1099")
    assert tab.errors == {"billing_postal_code": "Enter a postcode of five digits"}

    posted = GOOD | {"billing_asked": "yes"}
    await submit(tab, "pay", posted)
    assert (orders(), list(tab.errors)[:2]) == ([], ["billing_country", "billing_given_name"])
    await submit(tab, "pay", posted | {"billing_same": "on"})
    (order,) = orders()
    assert order.bill_to == order.ship_to


async def test_the_other_address_stands_below_the_first_once_it_is_known(open_tab, full_cart):
    elsewhere = {
        "billing_asked": "yes",
        "billing_given_name": "Ada",
        "billing_family_name": "Bell",
        "billing_line1": "Am Markt 1",
        "billing_postal_code": "01067",
        "billing_locality": "Dresden",
        "billing_country": "DE",
    }
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "go_on", KNOWN | elsewhere)
    assert tab.view.billing_address == ["Ada Bell", "Am Markt 1", "01067 Dresden", "Germany"]
    await submit(tab, "pay", GOOD | elsewhere)
    (order,) = orders()
    assert (order.bill_to["locality"], order.ship_to["locality"]) == ("Dresden", "Berlin")


async def test_what_is_typed_is_kept_on_the_way_to_the_sign_in(full_cart, open_tab):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    typed = {"email": "ada@example.com", "given_name": "Ada", "line1": "Half a stre", "country": "DE"}
    await submit(tab, "keep_typed", typed)

    back = await open_tab(Checkout, "/checkout")
    await back.load()
    form = back.view.form
    assert {name: getattr(form, name) for name in typed} == typed
    assert (back.is_folded, back.account, back.errors) == (False, "", {})


async def test_a_customers_own_address_stands_in_an_empty_field_and_is_the_accounts_cart(shop, open_tab):
    with db.transaction() as session:
        customer = factories.make_customer(session, "ida@example.com")
        cart_commands.add(session, account_key(customer.id), "FABLE-LAMP-MOSS", 2)
    ida = Principal("customer", customer.id, "ida@example.com", session_id=1)
    set_principal(ida)
    try:
        tab = await open_tab(Checkout, "/checkout")
        await tab.load()
        assert (tab.account, tab.view.form.email) == ("ida@example.com", "ida@example.com")
        await tab.typed("email", "other@example.com")
        await tab.load()
        assert tab.view.form.email == "other@example.com"
    finally:
        set_principal(None)
    guest = await open_tab(Checkout, "/checkout")
    await guest.load()
    assert (guest.empty, guest.account) == (True, "")
