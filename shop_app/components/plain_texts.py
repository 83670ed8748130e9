"""What the plain pages say: about, delivery, returns, contact, privacy, terms, imprint; no Reflex.

They describe what the software does; what only a real shop can say is marked as an example, for that shop
to replace.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop_app.core.i18n import _, plural
from shop_app.core.settings import settings
from shop_app.core.shop import shop


@dataclass(frozen=True, slots=True)
class Part:
    """A headline, its paragraphs, a table of two columns, and links."""

    title: str
    texts: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlainPage:
    title: str
    lead: str
    parts: tuple[Part, ...]


def _ages() -> tuple[tuple[str, str], ...]:
    """What is kept for how long: the settings that the hourly job goes by, too."""
    chosen = settings()
    return (
        (_("Your cart"), _("{age} after its last change").format(age=days(chosen.cart_days))),
        (_("The cookie of your cart"), days(chosen.visitor_days)),
        (_("Being signed in"), days(chosen.customer_session_days)),
        (
            _("Being signed in, as one of our staff"),
            plural("{count} hour", "{count} hours", chosen.staff_session_hours),
        ),
        (
            _("Letters to you, and what the payment company tells us, word for word"),
            days(chosen.message_days),
        ),
        (
            _("The link to your order"),
            _("{age}; after that your order is found by its number and your e-mail").format(
                age=days(chosen.order_link_days)
            ),
        ),
        (_("Who you are, on an order that was never paid"), days(chosen.unpaid_order_days)),
        (
            _("Who you are, on any other order"),
            plural(
                "{count} year, to the end of the calendar year",
                "{count} years, to the end of the calendar year",
                chosen.order_years,
            ),
        ),
        (
            _("Your e-mail, where you asked to be told when something is back"),
            _("until that one letter is written, {age} at most").format(age=days(chosen.stock_alert_days)),
        ),
    )


def days(count: int) -> str:
    return plural("{count} day", "{count} days", count)


_WRITE = (_("Write to us"), "/contact")
_DEMO = Part(
    _("This is a demonstration"),
    (_("Fennholm is not a real company. Nothing is shipped, and no money moves: payments go to a sandbox."),),
)

ABOUT = PlainPage(
    _("A small range, chosen slowly"),
    _("Goods for the home: stoneware, wood, glass, linen and light. Each does its job quietly and can be "
      "looked after for a long time."),
    (
        Part(_("How things get here"), (
            _("Each piece lives in one of our homes for a season before it reaches the shop. If the "
              "handle gets "
              "hot, the drawer sticks or the glaze stains, it goes back to the bench."),
            _("We know the workshops by name and say on each page what a thing is made of, how large "
              "it is, what "
              "it weighs and how to care for it."),
        )),
        Part(_("How they stay"), (
            _("We keep spare lids, shades and screws for everything we sell. When something breaks, "
              "write to us "
              "before you throw it away."),
        ), links=(_WRITE,)),
        Part(_("How we price"), (
            _("Prices include VAT.") if shop().prices_include_tax else _("Tax is added at checkout."),
            _("A crossed-out price is what the thing cost before, and its page names the lowest price of "
              "the past 30 days. Nothing is reduced for one day only, no clock runs."),
        )),
        _DEMO,
    ),
)  # fmt: skip

DELIVERY = PlainPage(
    _("Delivery"),
    _("We send from Berlin, from Monday to Friday. What is ordered by noon leaves the same day."),
    (
        Part(_("What it costs"), (_("Checkout shows the exact cost and the days for your address "
                                    "before you pay."),),
             rows=(
                 (_("Germany"), _("€4.90, free from €90. Two to four working days. Express €9.90.")),
                 (_("European Union"), _("From €9.90, by weight. Three to six working days. Express "
                                         "€24.90.")),
                 (_("Switzerland"), _("€14.90, free from €200. Three to six working days, duties paid.")),
                 (_("United Kingdom"), _("€14.90, free from €200. Four to seven working days, duties paid.")),
                 (_("United States"), _("€29.90 by air. Six to ten working days. Duty may be due on "
                                        "arrival.")),
                 (_("Our room in Berlin"), _("Free, ready the next working day. Tuesday to Saturday, "
                                             "11 to 18.")),
             )),
        Part(_("When it is on its way"), (
            _("You get a letter by e-mail when the parcel leaves. The page of your order shows where "
              "it stands."),
        ), links=((_("Find my order"), "/orders/lookup"),)),
        Part(_("If it arrives broken"), (
            _("Keep the box and write to us with a picture. We send a new piece or give the money "
              "back, as you "
              "prefer."),
        ), links=(_WRITE,)),
    ),
)  # fmt: skip

RETURNS = PlainPage(
    _("Returns"),
    _("You have 30 days to change your mind, counted from the day the last piece arrives."),
    (
        Part(_("How it works"), (
            _("Open the page of your order and choose what you would like to send back. We answer within two "
              "working days, and your money goes back when the things are here."),
            _("Pack the things so that they survive the way. The box they came in is best. You choose the "
              "carrier and pay for the way back; where something arrived broken or wrong, we pay for it."),
        ), links=((_("Find my order"), "/orders/lookup"), _WRITE)),
        Part(_("Your right to withdraw"), (
            _("Within 14 days after the last parcel arrived you can withdraw from the contract: no reason, "
              "nobody's consent, and a receipt at once."),
        ), links=((_("Withdraw from a contract"), "/withdrawal"),)),
        Part(_("What comes back to you"), (
            _("The price of the things and of the cheapest delivery, by the way you paid, within 14 "
              "days after "
              "we have the parcel. Parts of an order can go back too."),
        )),
        Part(_("What can't come back"), (
            _("Pieces made to your measure, and things that were used beyond trying them out."),
        )),
        Part(_("Faults"), (
            _("Two years of statutory warranty stand beside all of this. Where we can repair a thing, "
              "we do."),
        )),
    ),
)  # fmt: skip

WITHDRAWAL = PlainPage(
    _("Withdraw from a contract"),
    _("Within 14 days you can withdraw from what you ordered here, without giving a reason. It takes two "
      "steps, and you get a receipt by email."),
    (
        Part(_("Until when"), (
            _("14 days, counted from the day after the last parcel of the order arrived. What hasn't left us "
              "yet you can withdraw from at any time."),
        )),
        Part(_("What follows"), (
            _("You send the things back within 14 days. Your money goes back within 14 days after they are "
              "here, by the way you paid. What wasn't sent is paid back within 14 days."),
        )),
        Part(_("Without this form"), (
            _("A letter or an email in your own words counts too: say which order you withdraw from, and "
              "your name. hello@fennholm.example, or Fennholm, Am Speicher 4, Berlin."),
        ), links=((_("Returns"), "/returns"), (_("Find my order"), "/orders/lookup"))),
    ),
)  # fmt: skip
"""Served as text below the form at /withdrawal."""

CONTACT = PlainPage(
    _("Write to us"),
    _("A person reads every letter. We answer on working days, most often on the same day."),
    (
        Part(_("By e-mail"), (
            _("hello@fennholm.example. For an order, put its number into the subject."),
        )),
        Part(_("In the room"), (
            _("Am Speicher 4, Berlin. Tuesday to Saturday, 11 to 18. You can touch everything."),
        )),
        Part(_("Quick answers"), links=(
            (_("Where is my order?"), "/orders/lookup"),
            (_("What does delivery cost?"), "/delivery"),
            (_("How do I send something back?"), "/returns"),
        )),
        _DEMO,
    ),
)  # fmt: skip

PRIVACY = PlainPage(
    _("Privacy"),
    _("What this shop keeps about you, why, and for how long. It is little."),
    (
        Part(_("Cookies"), (
            _("One cookie with a random key, so that your cart is there when you come back. When you "
              "sign in, "
              "a second one. No script can read them, they tell no one else who you are, and there are no "
              "others: no advertising, no counting by third parties. That is why no banner asks you."),
            _("Your browser also keeps which products you looked at last and whether you like it dark. That "
              "stays on your device."),
        )),
        Part(_("When you order"), (
            _("We keep your e-mail, your address and what you ordered, because the order can't be "
              "sent without "
              "them and the law asks us to keep invoices."),
            _("Card numbers never reach us. You type them on the page of the payment company, which tells us "
              "only whether it worked."),
        )),
        Part(_("How long we keep it"), (
            _("What has reached its age is removed by itself, within hours. An order stays in our books, "
              "without your name."),
        ), rows=_ages()),
        Part(_("Your rights"), (
            _("Ask, and we tell you everything that we keep about you, correct it, or erase what the "
              "law lets "
              "us erase."),
        ), links=(_WRITE,)),
        _DEMO,
    ),
)  # fmt: skip

TERMS = PlainPage(
    _("Terms"),
    _("The short version of what we promise each other. An example: a real shop has its lawyer write "
      "this page."),
    (
        Part(_("Ordering"), (
            _("What stands in the shop is an invitation. When you press the button that names the "
              "amount, you "
              "make an offer; the contract is made when we confirm it by e-mail."),
        )),
        Part(_("Prices and payment"), (
            _("Prices include VAT.") if shop().prices_include_tax else _("Tax is added at checkout."),
            _("Checkout shows every cost before you pay. We charge the amount on the button, and nothing "
              "later."),
        )),
        Part(_("If something is sold out"), (
            _("Stock is counted when you order. If two people want the last piece, the first order "
              "gets it and "
              "the other is told before paying."),
        )),
        Part(_("Changing your mind"), (_("You have 30 days, longer than the law asks."),),
             links=((_("Returns"), "/returns"),)),
        _DEMO,
    ),
)  # fmt: skip

IMPRINT = PlainPage(
    _("Imprint"),
    _("Who is behind this shop. All of it is an example, to be replaced before a shop opens."),
    (
        Part(_("The shop"), rows=(
            (_("Name"), _("Fennholm (an example, not a company)")),
            (_("Address"), _("Am Speicher 4, Berlin, Germany")),
            (_("E-mail"), "hello@fennholm.example"),
            (_("Represented by"), _("the person who runs this software")),
        )),
        Part(_("Disputes"), (
            _("We would rather talk than argue. We don't take part in proceedings before a consumer board."),
        ), links=(_WRITE,)),
    ),
)  # fmt: skip

PAGES = {
    "about": ABOUT, "delivery": DELIVERY, "returns": RETURNS, "contact": CONTACT, "privacy": PRIVACY,
    "terms": TERMS, "imprint": IMPRINT,
}  # fmt: skip
