"""Currencies: the minor unit that the shop keeps, what can be charged of it, and what is shown.

One table for prices, pages, payments and the sandbox. Sources: docs.stripe.com/currencies (2026) for the
codes, exponents, steps, and smallest and largest charges; ISO 4217 and CLDR (in babel) for decimals.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_MINOR = 99_999_999
"""The largest charge that Stripe takes: eight digits, whatever they stand for."""


@dataclass(frozen=True, slots=True)
class Currency:
    """How amounts of one currency are kept, charged and shown."""

    code: str
    """ISO 4217, in capitals."""
    decimals: int = 2
    """How many decimals its minor unit stands for: Stripe's, so that what is kept is what is sent."""
    shown: int = 2
    """How many decimals people read: all that can be charged, where CLDR shows none (RSD) too."""
    step_minor: int = 1
    """Minor units. What can be charged, captured and refunded is a multiple of this."""
    least_minor: int = 1
    """The smallest charge. Stripe compares it in the currency that it pays the shop out in: where that is
    another one, or this is one step, Stripe's own refusal has the last word."""
    most_minor: int = MOST_MINOR

    @property
    def last_digit_minor(self) -> int:
        """What the last digit that is shown counts, in minor units: 1 for EUR and KWD, 100 for ISK.

        Taxes inside a price are rounded to it: nobody pays them by themselves.
        """
        return 10 ** (self.decimals - self.shown)


_TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY"
    " COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD"
    " KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK"
    " NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP"
    " TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW"
)
"""HUF and TWD too: only what Stripe pays out to the shop has to be whole forints and dollars."""
_NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_WHOLE_ALONE = "ISK UGX"
"""Kept with two decimals, as Stripe takes them, and these have to be 00."""
_THREE_DECIMALS = "BHD JOD KWD OMR TND"
"""The last one has to be 0."""
_LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 15_00, "DKK": 250, "EUR": 50,
    "GBP": 30, "HKD": 400, "HUF": 175_00, "INR": 50, "JPY": 50, "MXN": 10_00, "MYR": 200, "NOK": 300,
    "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 10_00, "USD": 50,
}  # fmt: skip
_MOST = {"IDR": 999_999_999_999}


def _currency(code: str, decimals: int, shown: int, step_minor: int) -> Currency:
    most = _MOST.get(code, MOST_MINOR)
    return Currency(code, decimals, shown, step_minor, _LEAST.get(code, step_minor), most - most % step_minor)


CURRENCIES = {
    code: _currency(code, decimals, shown, step_minor)
    for codes, decimals, shown, step_minor in (
        (_TWO_DECIMALS, 2, 2, 1),
        (_NO_DECIMALS, 0, 0, 1),
        (_WHOLE_ALONE, 2, 0, 100),
        (_THREE_DECIMALS, 3, 3, 10),
    )
    for code in codes.split()
}
"""All that Stripe charges in, by code: a shop's currency is one of these."""


def currency(code: str) -> Currency:
    """The currency of that code; what an old order may have and nobody charges any more has two decimals."""
    return CURRENCIES.get(code) or Currency(code)
