"""Tests of money: parts that add up, rounding once and half up, text that reads back."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from babel.numbers import get_currency_name, get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core import currencies, money
from shop_app.core.decimals import Ambiguous, shown_sign, sign_of_locale

AMOUNTS = st.integers(-money.MAX_MINOR, money.MAX_MINOR)
CURRENCIES = st.sampled_from(sorted(currencies.CURRENCIES))
RATES = st.integers(0, 1_000_000)


@given(total=AMOUNTS, weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=50).filter(any))
def test_shares_add_up_and_none_is_a_unit_off(total: int, weights: list[int]):
    parts = money.share_out(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1
        if weight == 0:
            assert part == 0


@given(total=AMOUNTS, weights=st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_shares_of_a_refund_mirror_those_of_the_payment(total: int, weights: list[int]):
    assert money.share_out(-total, weights) == [-part for part in money.share_out(total, weights)]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_shares_over_nothing_are_a_bug(weights: list[int]):
    with pytest.raises(ValueError, match="weights"):
        money.share_out(100, weights)


@given(gross=st.integers(0, money.MAX_MINOR), rate=RATES)
def test_net_and_contained_tax_make_the_gross_again(gross: int, rate: int):
    tax = money.tax_within(gross, rate)
    exact = Fraction(gross * rate, 1_000_000 + rate)
    assert 0 <= tax <= gross
    assert abs(tax - exact) <= Fraction(1, 2)
    # Adding the tax to the net again misses the gross by rounding alone.
    assert abs((gross - tax) + money.tax_on_top(gross - tax, rate) - gross) <= 1


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [
        (1190, 190_000, 190),
        (1070, 70_000, 70),
        (999, 190_000, 160),
        (1, 190_000, 0),
        (100, 0, 0),
        (7, 77_000, 1),
    ],
)
def test_tax_within(gross: int, rate: int, tax: int):
    assert money.tax_within(gross, rate) == tax


@pytest.mark.parametrize(
    ("value", "whole"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("-2.5", -3), ("2.4999", 2), ("-2.4999", -2)],
)
def test_halves_go_away_from_zero_for_decimals_and_fractions_alike(value: str, whole: int):
    assert money.round_half_up(Decimal(value)) == whole
    assert money.round_half_up(Fraction(value)) == whole


@given(minor=st.integers(0, money.MAX_MINOR), currency=CURRENCIES)
def test_an_amount_reads_back_from_its_text(minor: int, currency: str):
    assert money.parse_minor(money.decimal_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("24.90", "EUR", 2490),
        ("24,9", "EUR", 2490),
        (" 24 ", "EUR", 2400),
        ("1,299.00", "EUR", 129900),
        ("1.299,00", "EUR", 129900),
        ("1'299.00", "CHF", 129900),
        ("1’299.50", "CHF", 129950),
        ("1 299,00", "EUR", 129900),
        ("1\u00a0299,00", "EUR", 129900),
        ("1\u202f299,00", "EUR", 129900),
        ("1\u202f000", "EUR", 100000),
        ("1'000", "CHF", 100000),
        ("1'234'567.80", "CHF", 123456780),
        ("1,234,567", "EUR", 123456700),
        ("1.234.567,8", "EUR", 123456780),
        ("1,00,000.00", "INR", 10000000),
        ("12,34,567", "INR", 123456700),
        ("0.500", "EUR", 50),
        ("0,500", "EUR", 50),
        ("1234,000", "EUR", 123400),
        ("12.5000", "EUR", 1250),
        ("€12.50", "EUR", 1250),
        ("1.299,00 €", "EUR", 129900),
        ("EUR 12.50", "EUR", 1250),
        ("$1,299.00", "USD", 129900),
        ("US$5", "USD", 500),
        ("1,000円", "JPY", 1000),
        ("￥１，０００", "JPY", 1000),
        ("12,50 zł", "PLN", 1250),
        ("12,-", "EUR", 1200),
        ("12.– €", "EUR", 1200),
        ("１２．５０", "EUR", 1250),
        ("١٢٫٥٠", "EUR", 1250),
        ("١٬٢٣٤٫٥٠", "EUR", 123450),
        ("१२.५०", "INR", 1250),
        ("٣", "EUR", 300),
        ("12\u200b.50", "EUR", 1250),
        ("1,000", "JPY", 1000),
        ("1.000", "JPY", 1000),
        ("1000.00", "JPY", 1000),
        ("1,234.567", "KWD", 1234567),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_read_with_either_mark(text: str, currency: str, minor: int):
    assert money.parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-1",
        "−5",
        "(12.00)",
        "1,234.567",
        "1 234.567",
        "1e3",
        "1E5",
        "NaN",
        "Infinity",
        "1,2,3",
        "12,50,00",
        "1.000.00",
        "1,000,00",
        "1'50",
        "1 00",
        "1_000",
        "1'299 000",
        "12²",
        "12½",
        "$5",
        "5 USD",
        "5 kr",
        "0x10",
        "1" * 17,
        "1000000000.01",
    ],
)
def test_anything_else_is_no_amount(text: str):
    with pytest.raises(ValueError, match=r"."):
        money.parse_minor(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "thousands", "decimals"),
    [
        ("1,000", "EUR", "1000", "1.000"),
        ("1.000", "EUR", "1000", "1.000"),
        ("1,250", "EUR", "1250", "1.250"),
        ("12,000", "EUR", "12000", "12.000"),
        ("999.999", "EUR", "999999", "999.999"),
        ("1.234", "EUR", "1234", "1.234"),
        ("€1,000", "EUR", "1000", "1.000"),
        ("1,000 €", "EUR", "1000", "1.000"),
        ("１，０００", "EUR", "1000", "1.000"),
        ("١٫٠٠٠", "EUR", "1000", "1.000"),
        ("1,000", "KWD", "1000", "1.000"),
    ],
)
def test_one_mark_with_three_digits_behind_it_is_never_guessed(text, currency, thousands, decimals):
    with pytest.raises(Ambiguous) as unsure:
        money.parse_minor(text, currency)
    assert unsure.value.readings == (Decimal(thousands), Decimal(decimals))


@pytest.mark.parametrize(
    ("text", "sign", "minor"),
    [
        ("1,000", ".", 100000),
        ("1.000", ",", 100000),
        ("1,000", ",", 100),
        ("1.000", ".", 100),
        ("1,250", ",", 125),
        ("12.50", ",", 1250),
        ("12,50", ".", 1250),
    ],
)
def test_a_known_decimal_sign_decides_what_is_ambiguous_and_nothing_else(text, sign, minor):
    assert money.parse_minor(text, "EUR", sign) == minor
    assert money.parse_minor("1.000", "KWD", ",") == 1_000_000


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["12.50", "1,000"], "."),
        (["7,90", "1.000"], ","),
        (["1,299.00"], "."),
        (["1.299,00"], ","),
        (["1,234,567"], "."),
        (["1.234.567"], ","),
        (["1 299,5"], ","),
        (["0.500"], "."),
        (["1,000", "2,500"], ""),
        (["12.50", "7,90"], ""),
        (["12", "1'000", "x", ""], ""),
        ([], ""),
    ],
)
def test_a_column_shows_its_decimal_sign(texts, sign):
    assert shown_sign(texts) == sign


def test_a_locale_has_a_decimal_sign():
    signs = {"en": ".", "de": ",", "de-CH": ".", "de_AT": ",", "fr": ",", "en-IN": ".", "ja": ".", "pl": ","}
    assert {name: sign_of_locale(name) for name in signs} == signs
    for name in ("", "xx", "german", "de de"):
        with pytest.raises(ValueError, match="not a locale"):
            sign_of_locale(name)


@given(
    minor=st.integers(0, money.MAX_MINOR), locale=st.sampled_from(["en", "de", "fr", "de_CH", "ja", "en_IN"])
)
def test_an_amount_reads_back_as_it_is_shown(minor: int, locale: str):
    assert money.parse_minor(money.show(minor, "EUR", locale), "EUR", sign_of_locale(locale)) == minor


@given(text=st.text(max_size=30))
def test_reading_an_amount_never_breaks_in_another_way(text: str):
    try:
        minor = money.parse_minor(text, "EUR")
    except ValueError:
        return
    assert 0 <= minor <= money.MAX_MINOR


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "shown"),
    [
        (8070, "EUR", "en", "€80.70"),
        (8070, "EUR", "de", "80,70\xa0€"),
        (1500, "JPY", "en", "¥1,500"),
        (-800, "EUR", "en", "-€8.00"),
        (0, "EUR", "en", "€0.00"),
        (5120, "KWD", "en", "KWD5.120"),
        (1234, "KWD", "en", "KWD1.234"),
        (11_500, "ISK", "en", "ISK115"),
        (11_481, "ISK", "en", "ISK114.81"),
        (11_500, "ISK", "de", "115\xa0ISK"),
        (3_700_000, "UGX", "en", "UGX37,000"),
        (11_481, "RSD", "en", "RSD114.81"),
        (990, "ALL", "en", "ALL9.90"),
        (17_550, "HUF", "en", "HUF175.50"),
        (500, "TWD", "en", "NT$5.00"),
        (114, "XOF", "en", "F\u202fCFA114"),
        (250, "HRK", "en", "HRK2.50"),
    ],
)
def test_amounts_as_people_read_them(minor: int, currency: str, locale: str, shown: str):
    assert money.show(minor, currency, locale) == shown


# --- The table of currencies ----------------------------------------------------------------------


def test_the_table_holds_what_stripe_charges_in():
    table = currencies.CURRENCIES
    assert len(table) == 140
    assert all(get_currency_name(code, locale="en") != code for code in table)
    assert {code for code in table if table[code].step_minor != 1} == {
        *("ISK", "UGX"), *("BHD", "JOD", "KWD", "OMR", "TND"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "decimals", "shown", "step", "least", "most"),
    [
        ("EUR", 2, 2, 1, 50, 99_999_999),
        ("GBP", 2, 2, 1, 30, 99_999_999),
        ("CZK", 2, 2, 1, 1500, 99_999_999),
        ("HUF", 2, 2, 1, 17_500, 99_999_999),
        ("TWD", 2, 2, 1, 1, 99_999_999),
        ("JPY", 0, 0, 1, 50, 99_999_999),
        ("MGA", 0, 0, 1, 1, 99_999_999),
        ("ISK", 2, 0, 100, 100, 99_999_900),
        ("UGX", 2, 0, 100, 100, 99_999_900),
        ("KWD", 3, 3, 10, 10, 99_999_990),
        ("RSD", 2, 2, 1, 1, 99_999_999),
        ("IDR", 2, 2, 1, 1, 999_999_999_999),
    ],
)
def test_currencies_one_by_one(code: str, decimals: int, shown: int, step: int, least: int, most: int):
    assert currencies.currency(code) == currencies.Currency(code, decimals, shown, step, least, most)


@pytest.mark.parametrize("currency", currencies.CURRENCIES.values(), ids=lambda currency: currency.code)
def test_everything_that_can_be_charged_can_be_read(currency: currencies.Currency):
    last_digit = 10 ** (currency.decimals - currency.shown)
    assert currency.step_minor % last_digit == 0
    # CLDR shows fewer decimals where coins have gone out of use, and never more.
    assert currency.shown >= get_currency_precision(currency.code)
    for bound in (currency.least_minor, currency.most_minor):
        assert bound > 0
        assert bound % currency.step_minor == 0


@pytest.mark.parametrize("locale", ["en", "de", "fr", "ja"])
@given(minor=st.integers(0, money.MAX_MINOR), code=CURRENCIES)
def test_what_is_shown_is_exactly_the_amount(locale: str, minor: int, code: str):
    """Every digit is shown: read without signs and separators they are the amount again."""
    text = money.show(minor, code, locale)
    shown = int("".join(char for char in text if char.isdigit()))
    decimals = money.decimal_text(minor, code).partition(".")[2]
    assert shown * 10 ** (money.exponent(code) - len(decimals)) == minor


@given(total=AMOUNTS, weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
@pytest.mark.parametrize("step", [1, 10, 100])
def test_shares_in_steps_add_up_and_none_is_a_step_off(step: int, total: int, weights: list[int]):
    total -= total % step
    parts = money.share_out(total, weights, step)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part % step == 0
        assert abs(part - Fraction(total * weight, sum(weights))) < step


def test_a_total_off_the_step_is_a_bug():
    with pytest.raises(ValueError, match="step"):
        money.share_out(11_481, [1, 1], 100)


@pytest.mark.parametrize(
    ("value", "step", "rounded"),
    [
        (11_449, 100, 11_400), (11_450, 100, 11_500), (-11_450, 100, -11_500), (5124, 10, 5120),
        (5125, 10, 5130), (Fraction(2_499, 10), 10, 250), (0, 100, 0), (49, 100, 0),
    ],
)  # fmt: skip
def test_rounding_to_a_step(value: Fraction | int, step: int, rounded: int):
    assert money.round_half_up(Fraction(value), step) == rounded


@pytest.mark.parametrize(
    ("minor", "code", "problem"),
    [
        (11_481, "ISK", "Amounts in ISK are multiples of ISK1."),
        (11_500, "ISK", ""),
        (50, "UGX", "Amounts in UGX are multiples of UGX1."),
        (5124, "KWD", "Amounts in KWD are multiples of KWD0.010."),
        (5120, "KWD", ""),
        (1, "EUR", ""),
        (1, "JPY", ""),
    ],
)
def test_what_cant_be_charged_has_a_sentence(minor: int, code: str, problem: str):
    assert money.step_problem(minor, code) == problem
