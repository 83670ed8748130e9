"""Names and lines of an address carry no link: letters go to addresses that a stranger may have chosen."""
# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace

import pytest

from shop_app.core import db, links
from shop_app.core.errors import Invalid
from shop_app.core.typed_text import prose
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.customers import addresses
from shop_app.services.orders import placing
from tests.factories import key_hash, make_basics, make_product
from tests.paying import FORM, everything, rows

REAL = [
    "Dr. Müller",
    "Dr.Müller",
    "Prof.Dr.Meier",
    "St. John's Rd. 4",
    "St.John's Rd. 4",
    "Müller & Co. KG",
    "Müller & Co.KG",
    "GmbH&Co.KG",
    "J.R.R. Tolkien",
    "J.R.R.Tolkien",
    "J.Smith",
    "No.5",
    "No. 5",
    "Hauptstr.5",
    "Hauptstr. 5/2",
    "Hauptstr.5/2",
    "z.Hd. Frau Meier",
    "z.Hd.Frau Meier",
    "c/o Lind",
    "Whg. 4/links",
    "e.V.",
    "Muster e.V.",
    "Acme d.o.o.",
    "Acme S.p.A.",
    "Acme S.r.l.",
    "Acme B.V.",
    "Ph.D.",
    "B.Sc.",
    "M.Sc.",
    "i.A.",
    "O’Neill-Łukasz",
    "Anne-Marie",
    "Str. d. 17. Juni 135",
    "Platz 1, 2.OG",
    "3. OG links",
    "1.5.2",
    "Apt.4B",
    "Straße des 17. Juni",
    "Søren Ås",
    "李 明",
    "Inh. A. Meier",
    "Packstation 123",
    "Postnummer 1234567890",
    "Rua 25 de Abril, 3.º Esq.",
    "24/7 Kiosk",
    "AT&T",
    "Ltd.",
    "Fa. Meier",
    "St. Pölten",
    "http und www sind Wörter",
]
LINKS = [
    "http://evil.example",
    "https://evil.example/win",
    "HTTP://EVIL.EXAMPLE",
    "ftp://evil.example",
    "hxxp://evil.example",
    "https:evil.example",
    "http:/evil.example",
    "www.evil.example",
    "WWW.Evil.Example",
    "www2.evil.example",
    "You won: evil.example/win",
    "evil.com",
    "Evil.Com",
    "EVIL.COM",
    "evil.co.uk",
    "my-evil-shop.de",
    "Visit evil.shop now",
    "(evil.com)",
    "“evil.com”",
    "evil.com.",
    "evil.com, now",
    "evil.xn--p1ai",
    "евил.рф",
    "t.co/abc",
    "x.com",
    "a.io/b",
    "bit.ly/3xyz",
    "evil。com",
    "evil．com",
    "evil｡com",
    "93.184.216.34",
    "93.184.216.34/win",
    "[2001:db8::1]/win",
    "win@evil.example",
    "mailto:win",
    "javascript:alert(1)",
    "tel:+49301234567",
    "evil.com:8080",
    "sub.evil.com",
    "dr.evil.com",
    "no.evil.com/5",
    "evil\u200b.com/win",
    "evil.\u00adcom",
    "//evil.example/win",
]


FIELDS = ("given_name", "family_name", "company", "line1", "line2", "locality")
OPTIONAL = ("company", "line2", "phone")


@pytest.mark.parametrize("text", REAL)
def test_real_names_and_lines_pass(text):
    has_number = sum(letter.isdigit() for letter in text) >= addresses.MAX_DIGITS
    fields = FIELDS[2:] if has_number else FIELDS
    assert [addresses.problem("DE", field, text) for field in fields] == [""] * len(fields)


@pytest.mark.parametrize("text", LINKS)
def test_addresses_of_the_web_dont(text):
    needed = [field for field in FIELDS if field not in OPTIONAL]
    fields = needed if len(text) > 20 else [*needed, "postal_code"]
    sentences = {addresses.problem("DE", field, text) for field in fields}
    assert sentences == {"Leave web and email addresses out. If it is none, put a space after the dot."}


@pytest.mark.parametrize("text", ["Call 0900 123456 now", "+49 30 1234567", "WIN 123456789"])
def test_a_name_is_no_phone_number_and_a_line_may_hold_one(text):
    assert addresses.problem("DE", "given_name", text) == "Enter a name, without a number"
    assert addresses.problem("DE", "family_name", text) == "Enter a name, without a number"
    assert addresses.problem("DE", "line2", text) == ""


@pytest.mark.parametrize("text", LINKS)
def test_in_an_optional_field_they_stop_no_order_and_are_kept_broken(text):
    address = dict.fromkeys((*FIELDS, *OPTIONAL, "postal_code", "region"), "") | {"country": "DE"}
    kept = addresses.normal(address | dict.fromkeys(OPTIONAL, text))
    for field in OPTIONAL:
        assert addresses.problem("DE", field, text) == ""
        assert not links.has_link(kept[field])


def test_what_is_typed_with_line_breaks_is_one_line():
    assert prose("Ada\r\nevil\x00 \u2028Lovelace") == "Ada evil Lovelace"


@pytest.mark.parametrize("field", ["given_name", "family_name", "line1", "locality"])
def test_an_order_with_a_link_isnt_placed_and_writes_no_letter(engine, field):
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
        cart_commands.add(session, key_hash(), "SHOAL-BOWL", 1)
        total = checkout.save(session, key_hash(), FORM).total_minor
    form = replace(FORM, payment_provider="manual", **{field: "You won: www.evil.example/win"})
    before = everything()
    with pytest.raises(Invalid) as refusal, db.transaction() as session:
        placing.place(session, key_hash(), form, expected_total_minor=total)
    assert refusal.value.field == field
    assert everything() == before
    assert rows("letter") == []


@pytest.mark.parametrize("text", LINKS)
def test_a_note_in_a_letter_shows_them_broken(text):
    """Mail programs make links of what looks like one; of what has a space in it they don't."""
    broken = links.unlinked(prose(text))
    assert not links.has_link(broken)
    assert broken.replace(" ", "") == prose(text).replace(" ", "")


@pytest.mark.parametrize(
    "text", ["It broke.Please help", "Broken at 10.30, costs 5.20", "Ein Glas ist kaputt. Danke!"]
)
def test_a_note_stays_readable(text):
    assert links.unlinked(text).replace(". ", ".") == text.replace(". ", ".")
