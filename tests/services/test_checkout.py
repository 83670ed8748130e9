"""Checkout: fields, deliveries and sentences of the country, and totals that follow what is typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic

import pytest
from sqlmodel import Session

from shop_app.core import events
from shop_app.core.clock import now
from shop_app.core.errors import NotFound
from shop_app.models import TaxRate
from shop_app.providers.taxes import Place
from shop_app.services import terms_cache
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.customers import addresses
from shop_app.services.shipping import queries as shipping_queries
from shop_app.services.taxes import queries as taxes_queries
from tests.factories import add, key_hash, make_basics, make_product, make_promotion

ME = key_hash()
GOOD = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, weight_grams=700)
    cart_commands.add(session, ME, "DUNE-MUG", 1)


def wrong(session: Session, **changes: str) -> list[tuple[str, str]]:
    problems = checkout.problems(session, replace(GOOD, **changes))
    return [(problem.field, problem.message) for problem in problems]


def test_the_page_shows_what_it_costs_and_when_it_comes(session, clock):
    view = checkout.view(session, ME)

    assert [(way.code, way.price, way.dates, way.chosen) for way in view.deliveries] == [
        ("standard", "€4.90", "Mon 23 to Wed 25 November", True),
        ("express", "€9.90", "Mon 23 to Wed 25 November", False),
        ("pick-up", "Free", "From Mon 23 November", False),
    ]
    assert (view.subtotal, view.shipping, view.total, view.total_minor) == ("€24.00", "€4.90", "€28.90", 2890)
    assert view.tax_lines == [("19 % VAT included", "€4.61")]
    assert (view.pay_label, view.form.shipping_method) == ("Pay €28.90", "standard")
    assert [(country.code, country.name) for country in view.countries] == [
        ("DE", "Germany"),
        ("AT", "Austria"),
    ]
    assert [way.code for way in view.payments if way.chosen] == ["stripe"]


def test_what_is_typed_is_kept_and_decides_the_total(session):
    cart_commands.set_country(session, ME, "DE")
    checkout.save(session, ME, replace(GOOD, shipping_method="express", payment_provider="manual"))

    view = checkout.view(session, ME)
    assert (view.form.given_name, view.form.line1) == ("Marta", "Oranienstraße 18")
    assert (view.total, view.pay_label) == ("€33.90", "Place order, €33.90")


def test_another_country_changes_fields_delivery_and_tax(session):
    before = cart_queries.view(session, ME).version
    session.info.pop("events")
    view = checkout.save(session, ME, replace(GOOD, country="AT"))

    assert (view.shipping, view.total_minor) == ("€8.90", 3290)
    assert view.tax_lines == [("20 % VAT included", "€5.48")]
    assert view.cart.version == before + 1
    assert events.CartChanged(1) in session.info["events"]


def test_a_country_without_delivery_is_not_taken_and_says_so(session):
    view = checkout.save(session, ME, replace(GOOD, country="JP"), blurred="country")

    assert view.form.country == "DE"
    assert [(problem.field, problem.message) for problem in view.problems] == [
        ("country", "Choose a country that we deliver to")
    ]


@pytest.mark.parametrize(
    "typed", ["info@müller.de", "info＠müller.de", "Info@xn--mller-kva.de", " info@mül\u00adler.de "]
)
def test_an_email_address_is_shown_readable_as_soon_as_it_is_kept(session, typed):
    assert wrong(session, email=typed) == []
    assert checkout.save(session, ME, replace(GOOD, email=typed)).form.email == "info@müller.de"


def test_only_the_field_that_was_left_is_complained_about(session):
    form = CheckoutForm(email="marta", country="DE")

    assert checkout.save(session, ME, form).problems == []
    problems = checkout.save(session, ME, form, blurred="email").problems
    assert [problem.field for problem in problems] == ["email"]


def test_an_empty_cart_has_no_checkout(session):
    cart_commands.remove(session, ME, "DUNE-MUG")
    for key in (ME, key_hash("nobody")):
        with pytest.raises(NotFound, match="empty"):
            checkout.view(session, key)
    with pytest.raises(NotFound, match="empty"):
        checkout.save(session, key_hash("nobody"), GOOD)


def test_everything_missing_is_named_in_the_order_of_the_page(session):
    problems = checkout.problems(session, CheckoutForm(country="DE"))

    assert [(problem.field, problem.message) for problem in problems] == [
        ("email", "Enter your email address"),
        ("given_name", "Enter your name"),
        ("line1", "Enter your street and number"),
        ("postal_code", "Enter a postcode of five digits"),
        ("locality", "Enter your city"),
    ]


def test_a_good_form_has_no_problems(session):
    assert wrong(session) == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "marta", "Enter an email address with an @, like name@example.com"),
        ("email", "\u200b", "Enter your email address"),
        ("email", "marta@x", "Check the email address: it should look like name@example.com"),
        (
            "email",
            "m" * 300 + "@example.com",
            "Check the email address: it should look like name@example.com",
        ),
        ("postal_code", "1099", "Enter a postcode of five digits"),
        ("given_name", "<b>Marta</b>", "Take the characters < and > out"),
        ("given_name", "M" * 101, "First name is too long"),
        ("shipping_method", "teleport", "Choose how it is delivered"),
        ("payment_provider", "shells", "Choose how to pay"),
        ("note", "x" * 501, "Keep the note below 500 characters"),
    ],
)
def test_each_wrong_value_has_its_sentence(session, field, value, sentence):
    assert wrong(session, **{field: value}) == [(field, sentence)]


def test_the_form_is_put_into_its_usual_form():
    normal = checkout.normal(
        replace(GOOD, email=" Marta@Example.COM ", given_name=" Mar\tta ", postal_code="D-10999", region="XX")
    )

    assert (normal.email, normal.given_name, normal.postal_code, normal.region) == (
        "marta@example.com",
        "Mar ta",
        "10999",
        "",
    )


# --- Addresses ------------------------------------------------------------------------------------


def test_the_fields_follow_the_country():
    def names(country: str) -> list[str]:
        return [field.name for field in addresses.fields(country)]

    assert names("DE")[3:7] == ["line1", "line2", "postal_code", "locality"]
    assert names("GB")[3:7] == ["line1", "line2", "locality", "postal_code"]
    assert names("US")[3:8] == ["line1", "line2", "locality", "region", "postal_code"]
    by_name = {field.name: field for field in addresses.fields("US")}
    assert (by_name["postal_code"].label, by_name["region"].label) == ("ZIP code", "State")
    assert ("CA", "California") in by_name["region"].choices


def test_a_zip_code_of_another_state_is_noticed():
    sentence = addresses.problem("US", "postal_code", "94102", region="NY")

    assert sentence == "This ZIP code isn't in New York"
    assert addresses.problem("US", "postal_code", "94102", region="CA") == ""
    assert addresses.problem("US", "region", "ZZ") == "Choose your state"


def test_addresses_are_written_as_their_country_writes_them():
    american = {
        "given_name": "Ann",
        "family_name": "Lee",
        "company": "Acme",
        "line1": "1 Main St",
        "line2": "Apt 2",
        "postal_code": "94102",
        "locality": "San Francisco",
        "region": "CA",
        "country": "US",
    }

    assert addresses.lines(american, "en") == [
        "Ann Lee",
        "Acme",
        "1 Main St",
        "Apt 2",
        "San Francisco, CA 94102",
        "United States",
    ]


# --- Rates and ways -------------------------------------------------------------------------------


def test_a_region_and_a_date_have_rates_of_their_own(session):
    add(session, TaxRate(country="US", tax_class="standard", label="None", rate_ppm=0))
    add(session, TaxRate(country="US", region="CA", tax_class="standard", label="CA", rate_ppm=72_500))
    add(
        session,
        TaxRate(
            country="US",
            region="CA",
            tax_class="standard",
            label="CA 2027",
            rate_ppm=80_000,
            valid_from=date(2027, 1, 1),
        ),
    )
    terms_cache.clear_all()

    def rate(region: str, on: date) -> int:
        return taxes_queries.rates(session, Place("US", region), on)["standard"].ppm

    assert rate("", date(2026, 11, 20)) == rate("NY", date(2026, 11, 20)) == 0
    assert (rate("CA", date(2026, 12, 31)), rate("CA", date(2027, 1, 1))) == (72_500, 80_000)


def test_a_rate_holds_from_midnight_where_the_shop_is(session, clock):
    lower = TaxRate(country="DE", tax_class="standard", label="16 %", rate_ppm=160_000)
    lower.valid_from = date(2026, 12, 1)
    add(session, lower)
    terms_cache.clear_all()

    def rates_of(moment: datetime) -> list[tuple[str, str]]:
        clock.move_to(moment)
        return checkout.view(session, ME).tax_lines

    assert rates_of(datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))[0][0] == "19 % VAT included"
    assert rates_of(datetime(2026, 11, 30, 23, 0, 0, tzinfo=UTC))[0][0] == "16 % VAT included"


def test_shipping_by_weight_has_steps_and_an_end(session, clock):
    def prices(weight_grams: int) -> list[int]:
        quotes = shipping_queries.quotes(session, "AT", 1000, weight_grams, now())
        return [quote.price_minor for quote in quotes]

    assert [prices(grams) for grams in (0, 2_000, 2_001, 10_000, 10_001)] == [
        [890],
        [890],
        [1490],
        [1490],
        [],
    ]
    assert shipping_queries.quotes(session, "JP", 1000, 1, now()) == []


def test_delivery_is_free_from_its_limit_on(session):
    methods = shipping_queries.methods(session)["DE"]

    assert [shipping_queries.cheapest(methods, goods, 1) for goods in (4999, 5000)] == [
        (methods[0], 490),
        (methods[0], 0),
    ]


def arrives(
    ordered: date, min_days: int, max_days: int, country: str = "DE", kind: str = "flat"
) -> tuple[date, date]:
    method = shipping_queries.Method("way", kind, "A way", "", 490, None, min_days, max_days, 0)
    return shipping_queries.arrival_range(ordered, method, country)


def test_working_days_leave_weekends_out():
    friday = date(2026, 11, 20)

    assert arrives(friday, 1, 5) == (date(2026, 11, 23), date(2026, 11, 27))
    assert arrives(date(2026, 11, 21), 0, 1) == (date(2026, 11, 23), date(2026, 11, 23))


# Ordered, days, to -> the first and the last day. Easter is 5 April 2026.
@pytest.mark.parametrize(
    ("ordered", "min_days", "max_days", "country", "kind", "first", "last"),
    [
        ("2026-12-23", 1, 3, "DE", "flat", "2026-12-24", "2026-12-29"),
        ("2026-12-23", 2, 2, "DE", "flat", "2026-12-28", "2026-12-28"),
        ("2026-04-01", 2, 3, "DE", "flat", "2026-04-07", "2026-04-08"),
        ("2026-04-30", 1, 1, "DE", "flat", "2026-05-04", "2026-05-04"),
        ("2026-04-30", 1, 1, "DE", "pick_up", "2026-05-04", "2026-05-04"),
        ("2026-12-30", 1, 2, "DE", "flat", "2026-12-31", "2027-01-04"),
        ("2026-07-10", 2, 2, "FR", "flat", "2026-07-15", "2026-07-15"),  # The 14th is a holiday there.
        ("2026-07-10", 2, 2, "FR", "pick_up", "2026-07-14", "2026-07-14"),
        ("2026-11-24", 2, 3, "US", "flat", "2026-11-27", "2026-11-27"),  # Thanksgiving is the 26th.
        ("2026-11-18", 2, 3, "SA", "flat", "2026-11-22", "2026-11-23"),  # Friday and Saturday are free.
        ("2026-10-02", 1, 1, "AT", "flat", "2026-10-05", "2026-10-05"),
        ("2026-11-20", 1, 3, "XX", "flat", "2026-11-23", "2026-11-25"),
    ],
)
def test_holidays_here_are_left_out_and_it_arrives_on_a_working_day_there(
    ordered, min_days, max_days, country, kind, first, last
):
    range_of = arrives(date.fromisoformat(ordered), min_days, max_days, country, kind)
    assert [str(day) for day in range_of] == [first, last]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 25), date(2026, 11, 27), "Wed 25 to Fri 27 November"),
        (date(2026, 11, 30), date(2026, 12, 2), "Mon 30 November to Wed 2 December"),
        (date(2026, 11, 24), date(2026, 11, 24), "Tue 24 November"),
    ],
)
def test_arrival_reads_as_people_say_it(first, last, text):
    assert shipping_queries.arrival_text(first, last, "en") == text


def test_edited_terms_are_seen_at_once_and_memory_lasts_seconds(session, monkeypatch):
    moment = [monotonic()]
    monkeypatch.setattr(terms_cache, "monotonic", lambda: moment[0])
    assert checkout.view(session, ME).shipping == "€4.90"
    session.connection().exec_driver_sql("UPDATE shipping_method SET price_minor = 690")
    assert checkout.view(session, ME).shipping == "€4.90"
    moment[0] += terms_cache.SECONDS
    assert checkout.view(session, ME).shipping == "€6.90"

    session.connection().exec_driver_sql("UPDATE shipping_method SET price_minor = 790")
    events.deliver([events.TermsChanged()])
    assert checkout.view(session, ME).shipping == "€7.90"


def test_a_promotion_lives_from_its_start_to_before_its_end(session, clock):
    make_promotion(session, "SOON", starts_at=now() + timedelta(hours=1), ends_at=now() + timedelta(hours=2))
    with pytest.raises(NotFound, match="SOON isn't valid yet"):
        cart_commands.apply_code(session, ME, "SOON")
    clock.shift(3600)
    cart_commands.apply_code(session, ME, "SOON")
    assert cart_queries.view(session, ME).discounts[0].amount == "−€2.40"
    clock.shift(3600)
    assert [reason.reason for reason in cart_queries.view(session, ME).reasons] == ["SOON has ended"]


@pytest.mark.parametrize("country", ["DE", "US", "GB", "IE", "AU", "IN", "CA", "JP", "IT"])
def test_what_is_missing_is_called_as_its_label_says(country):
    labels = {field.name: field.label.lower() for field in addresses.fields(country)}
    for name in labels.keys() - {"given_name", "family_name", "country", "company", "line2", "phone"}:
        sentence = addresses.problem(country, name, "")
        assert (sentence == "") or labels[name] in sentence.lower(), (name, sentence)


def test_a_postcode_of_another_state_is_called_as_its_label_says():
    assert addresses.problem("US", "postal_code", "10001", region="CA") == "This ZIP code isn't in California"
    assert addresses.problem("AU", "postal_code", "2000", region="VIC") == "This postcode isn't in Victoria"


# --- How it is paid -----------------------------------------------------------------------------------


def ways(session: Session, method: str) -> list[tuple[str, str]]:
    view = checkout.save(session, ME, replace(GOOD, shipping_method=method))
    return [(way.code, way.label) for way in view.payments]


def test_cash_is_for_what_is_collected_and_a_transfer_needs_an_account(session, configure):
    assert ways(session, "standard") == [("stripe", "Card"), ("manual", "Bank transfer")]
    assert ways(session, "pick-up")[1] == ("manual", "Bank transfer, or cash when you collect")

    configure(SHOP_BANK_ACCOUNT="")
    assert ways(session, "standard") == [("stripe", "Card")]
    assert ways(session, "pick-up")[1] == ("manual", "Cash when you collect")


def test_a_way_to_pay_that_the_delivery_rules_out_is_refused_with_its_name(session, configure):
    configure(SHOP_BANK_ACCOUNT="")

    assert wrong(session, payment_provider="manual", shipping_method="pick-up") == []
    assert wrong(session, payment_provider="manual") == [
        (
            "payment_provider",
            "Cash when you collect isn't possible with this delivery. Choose another way to pay.",
        )
    ]


def test_a_way_to_pay_that_went_with_the_delivery_is_chosen_anew(session, configure):
    configure(SHOP_BANK_ACCOUNT="")
    checkout.save(session, ME, replace(GOOD, shipping_method="pick-up", payment_provider="manual"))
    view = checkout.save(session, ME, replace(GOOD, payment_provider="manual"))

    assert [way.code for way in view.payments if way.chosen] == ["stripe"]
    assert (view.form.payment_provider, view.pay_label) == ("stripe", "Pay €28.90")


# --- Where the bill goes ------------------------------------------------------------------------------

ELSEWHERE = {
    "billing": "other",
    "billing_given_name": "Ada",
    "billing_family_name": "Bell",
    "billing_company": "Bell Ltd",
    "billing_line1": "9 Mill Lane",
    "billing_postal_code": "ec1y8sy",
    "billing_locality": "London",
    "billing_country": "GB",
}


def test_the_bill_goes_where_the_goods_go_unless_the_shopper_says_otherwise(session):
    view = checkout.view(session, ME)
    assert (view.form.billing, view.billing_fields, view.form.billing_country) == ("", [], "DE")

    view = checkout.save(session, ME, replace(GOOD, billing="other"))
    fields = [(field.name, field.autocomplete) for field in view.billing_fields]
    assert fields[:2] == [
        ("billing_country", "billing country"),
        ("billing_given_name", "billing given-name"),
    ]
    assert ("billing_postal_code", "billing postal-code") in fields
    assert "billing_phone" not in dict(fields)
    assert ("JP", "Japan") in view.billing_fields[0].choices


def test_a_billing_address_is_checked_by_its_own_country(session):
    assert wrong(session, **ELSEWHERE) == []
    assert wrong(session, **ELSEWHERE | {"billing_postal_code": "10999"}) == [
        ("billing_postal_code", "Enter a postcode like EC1Y 8SY")
    ]
    assert wrong(session, **ELSEWHERE | {"billing_country": "XX"})[0] == (
        "billing_country",
        "Choose a country",
    )
    assert wrong(session, **ELSEWHERE | {"billing": "", "billing_postal_code": "10999"}) == []


def test_fields_say_whether_they_are_of_the_delivery_or_of_the_bill(session):
    tokens = {field.name: field.autocomplete for field in checkout.view(session, ME).fields}
    assert (tokens["line1"], tokens["phone"]) == ("shipping address-line1", "tel")
