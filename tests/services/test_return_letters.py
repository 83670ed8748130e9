"""What the letters about shipments, returns and withdrawals say, word for word."""
# ruff: noqa: E501

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from shop_app import letters
from shop_app.models import MAX_LINES
from shop_app.services.outbox import LetterToSend
from shop_app.services.storefront.order_page import OrderLineView, OrderView

VIEW = OrderView(
    number="1001",
    token="t" * 32,
    phase="paid",
    headline="",
    explanation="",
    email="marta@example.com",
    placed="20 November",
    lines=[OrderLineView("SKU", "dune-mug", "Dune Mug", "Moss", "", "", 2, "", "€48.00")],
    subtotal="€48.00",
    discounts=[],
    shipping="€4.90",
    shipping_label="Standard",
    tax_lines=[],
    total="€52.90",
    address=["Marta Lind"],
    delivery_dates="Wed 25 to Fri 27 November",
    payment_label="Card",
    transfer_details=[],
    steps=[],
    status="placed",
    payment_status="paid",
    fulfilment_status="shipped",
    can_pay_again=False,
    decline_message="",
)
RECEIPT = {
    "number": "1001",
    "token": "t" * 32,
    "name": "Marta Lind",
    "email": "marta@example.com",
    "at": "22 November 2026, 14:06 UTC",
    "things": ["2 × Dune Mug, Moss", "1 × Shoal Bowl"],
    "send_back": ["2 × Dune Mug, Moss"],
    "not_sent": ["1 × Shoal Bowl"],
    "send_until": "6 December 2026",
    "note": "",
}
END = "\nYour shop\nhttp://localhost:3000\n"
ORDER = f"See your order: http://localhost:3000/orders/{'t' * 32}\n{END}"


def written(kind: str, view: OrderView = VIEW, **data: Any) -> tuple[str, str]:
    """Subject and plain text; the HTML says the same."""
    message = letters.compose(LetterToSend(1, kind, "marta@example.com", f"{kind}:1", data), view)
    text, html = (part.get_content() for part in message.iter_parts())
    for line in text.split("\n")[:3]:
        assert line.replace("'", "&#39;") in html
    assert "{" not in text
    return str(message["Subject"]), text


def test_the_receipt_of_a_withdrawal_repeats_what_was_declared_and_says_what_follows():
    subject, text = written("withdrawal_received", receipt=RECEIPT)
    assert subject == "Order 1001: your withdrawal"
    assert (
        text
        == f"""\
We have your withdrawal

You have withdrawn from the contract about the things below. This letter confirms it; you don't need anyone's consent. Keep it.

Order: 1001
Declared by: Marta Lind
Email: marta@example.com
Received: 22 November 2026, 14:06 UTC

What you withdraw from
2 × Dune Mug, Moss
1 × Shoal Bowl

This hasn't left us and won't be sent: 1 × Shoal Bowl. Your money for it goes back within 14 days from today.

Send this back by 6 December 2026: 2 × Dune Mug, Moss. Send the things to Your shop, with a note that names order 1001.

Your money for it goes back within 14 days after it has arrived here, or after you have shown that you sent it, by the way you paid.

{ORDER}"""
    )  # noqa: E501


def test_the_letter_of_a_shipment_leads_to_its_carrier_and_lists_what_is_inside():
    things = [{"title": "Dune Mug", "variant": "Moss", "quantity": 2}]
    subject, text = written("order_shipped", carrier="DHL", tracking="0034", lines=things, rest=True)
    assert subject == "Order 1001 is on its way"
    assert (
        text
        == f"""\
A part of your order is on its way

We have handed it to DHL.

Carrier: DHL
Tracking number: 0034
Expected: Wed 25 to Fri 27 November

In this parcel
2 × Dune Mug, Moss

The rest of your order follows in another parcel, and costs nothing more.

From the day it arrives you have 14 days to withdraw without a reason, and 30 to return it.

Follow the parcel: https://www.dhl.com/de-en/home/tracking.html?tracking-id=0034
{END}"""
    )


@pytest.mark.parametrize(
    ("kind", "data", "subject", "said"),
    [
        (
            "return_requested",
            {"receipt": RECEIPT},
            "Order 1001: your return",
            ["We have your request", "Asked for: 22 November 2026, 14:06 UTC", "2 × Dune Mug, Moss"],
        ),
        (
            "return_approved",
            {"answer": "Of course.", "things": ["1 × Bowl"]},
            "Order 1001: send it back",
            [
                "You can send it back",
                "Of course.",
                "Address: Your shop",
                "Your money goes back within 14 days after they have arrived here, by the way you paid.",
            ],
        ),
        (
            "return_declined",
            {"answer": "It was used.", "things": ["1 × Bowl"]},
            "Order 1001: about your return",
            ["We can't take it back", "It was used.", "1 × Bowl"],
        ),
        (
            "return_received",
            {"things": ["1 × Bowl"]},
            "Order 1001: your return is here",
            ["It has arrived here", "Your money goes back within 14 days, by the way you paid.", "1 × Bowl"],
        ),
        (
            "order_cancelled",
            {},
            "Order 1001 was cancelled",
            ["Nothing of it will be sent.", "What you have paid goes back the way it came.", "Dune Mug"],
        ),
        (
            "order_cancelled",
            {"partly": True, "amount": "€12.00", "lines": [{"title": "Bowl", "variant": "", "quantity": 1}]},
            "A part of order 1001 was cancelled",
            [
                "These things won't be sent.",
                "€12.00 goes back to you, and takes five to ten days to arrive.",
                "1 × Bowl",
            ],
        ),
        (
            "order_refunded",
            {"amount": "€12.00", "destination": "credit"},
            "A refund for order 1001",
            ["€12.00 is now your store credit"],
        ),
        (
            "order_refunded",
            {"amount": "€12.00"},
            "A refund for order 1001",
            [
                "€12.00 is on its way back to you",
                "It goes back the way you paid, and takes five to ten days to show there.",
            ],
        ),
    ],
)
def test_a_letter_says_what_happened_and_what_follows(kind, data, subject, said):
    letter, text = written(kind, **data)
    assert letter == subject
    assert [line for line in said if line not in text] == []


MUGS = [{"title": "Dune Mug", "variant": "Moss", "quantity": 2}]
COLLECTED = replace(
    VIEW,
    is_collected=True,
    shipping_label="Pick up in our room",
    address=["Am Speicher 4"],
    billing=["Marta"],
)


def test_a_parcel_that_has_arrived_is_told_of_with_what_was_inside():
    subject, text = written("order_delivered", lines=MUGS, shipment_id=1)
    assert subject == "Order 1001 has arrived"
    assert (
        text
        == f"""\
Your parcel has arrived

The carrier says that it was delivered. If you don't have it, answer this letter.

In this parcel
2 × Dune Mug, Moss

From the day all of it has come you have 14 days to withdraw without a reason, and 30 to return it.

{ORDER}"""
    )


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        (
            "order_shipped",
            "Order 1001 is ready to collect",
            ["Your order is ready", "Pick up in our room: Am Speicher 4", "2 × Dune Mug, Moss"],
        ),
        ("order_delivered", "Order 1001 was collected", ["You have collected it", "2 × Dune Mug, Moss"]),
        (
            "order_placed",
            "Order 1001: how to pay",
            ["We keep your things for you. You can pay when you collect them.", "Pick up in our room:"],
        ),
    ],
)
def test_what_is_collected_isnt_said_to_be_sent(kind, subject, said):
    lines = {} if kind == "order_placed" else {"lines": MUGS}
    letter, text = written(kind, COLLECTED, **lines)
    assert letter == subject
    assert [line for line in said if line not in text] == []
    assert [word for word in ("parcel", "Delivered to", "on its way") if word in text] == []


def test_a_receipt_names_whom_it_bills_and_the_number_of_the_company():
    view = replace(VIEW, billing=["Ada Bell", "Bell Ltd", "London"], vat_number="ATU13585627")
    _subject, text = written("order_paid", view)
    assert "\nBilled to:\nAda Bell\nBell Ltd\nLondon\n" in text
    assert "\nYour VAT number: ATU13585627\n" in text
    assert "Billed to" not in written("order_paid")[1]


def test_a_letter_of_the_largest_order_is_whole_in_every_mailbox():
    """Gmail cuts what is larger than 102 KB."""
    line = OrderLineView("S" * 64, "s" * 120, "T" * 80, "V" * 60, "", "", 99, "€1,000.00", "€99,000.00")
    view = replace(VIEW, lines=[line] * MAX_LINES, billing=["B" * 60] * 8, address=["A" * 60] * 8)
    message = letters.compose(LetterToSend(1, "order_paid", "m@example.com", "x:1", {}), view)
    assert len(message.as_bytes()) < 102 * 1024


def test_a_letter_says_its_colours_for_light_and_dark_and_loads_nothing():
    message = letters.compose(LetterToSend(1, "order_paid", "m@example.com", "x:1", {}), VIEW)
    html = list(message.iter_parts())[1].get_content()
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "prefers-color-scheme:dark" in html
    assert re.findall(r"<img|<link|<script|url\(", html) == []
    # Whatever has a colour of its own has a class that changes it in the dark.
    bare = [tag for tag in re.findall(r"<[^>]+>", html) if "color:#" in tag and "class=" not in tag]
    assert [tag for tag in bare if not tag.startswith("<body")] == []


def test_what_shoppers_and_staff_write_is_no_html():
    evil = '<a href="https://evil.example">'
    message = letters.compose(
        LetterToSend(1, "return_declined", "m@example.com", "x:1", {"answer": evil, "things": [evil]}), VIEW
    )
    html = list(message.iter_parts())[1].get_content()
    assert evil not in html
    assert "&lt;a href=" in html


@pytest.mark.parametrize("kind", ["withdrawal_received", "return_requested"])
def test_a_note_brings_no_link_and_no_line_of_its_own_to_whoever_gets_the_letter(kind):
    note = "You won!\n\nClaim it:\nhttps://evil.example/win or evil.com"
    message = letters.compose(
        LetterToSend(1, kind, "marta@example.com", f"{kind}:1", {"receipt": RECEIPT | {"note": note}}), VIEW
    )
    text, html = (part.get_content() for part in message.iter_parts())
    assert "Your note: You won! Claim it: https: / / evil. example/win or evil. com\n" in text
    for written_there in (text, html):
        assert "evil.example" not in written_there
        assert "evil.com" not in written_there
