"""Search for compounds, amounts, codes, and words that are written together, apart or with a sign between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from shop_app.models import ProductTag, Tag
from shop_app.services.search import index_cache, listing_index, words
from shop_app.services.search import queries as search_queries
from tests.factories import add, make_product
from tests.searching import assert_found, assert_not_found, sell, titles_found

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)


# --- Compounds ------------------------------------------------------------------------------------


def test_a_word_at_the_end_of_a_compound_is_found_after_whole_words_and_beginnings(session: Session) -> None:
    sell(session, "Tischlampe", "Stehlampen", "Lampenschirm", "Rote Lampe", "Lampe", "Wandlampenhalter")
    assert_found(
        session,
        {
            "lampe": ["Lampe", "Rote Lampe", "Lampenschirm", "Tischlampe", "Stehlampen"],
            "LAMPE": ["Lampe", "Rote Lampe", "Lampenschirm", "Tischlampe", "Stehlampen"],
            "tisch": ["Tischlampe"],
            "tischlampe": ["Tischlampe"],
            "schirm": ["Lampenschirm"],
        },
    )


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("ring", "Ohrring Mond"),
        ("tuch", "Handtuch"),
        ("bett", "Kinderbett"),
        ("vase", "Bodenvase"),
        ("gläser", "Weingläser"),
        ("glaeser", "Weingläser"),
        ("stuhl", "Bürostuhl"),
        ("regal", "Bücherregale"),
        ("berry", "Strawberry Jam"),
        ("board", "Keyboard"),
        ("лампа", "Автолампа"),
    ],
)
def test_the_head_of_a_compound_finds_it_alone(session: Session, typed: str, title: str) -> None:
    sell(session, title, "Mug")
    assert titles_found(session, typed) == [title]


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("car", ("Scarf", "Oscar", "Postcard", "Supercar")),
        ("tea", ("Steak",)),
        ("lamp", ("Clamp", "Headclamp and Clamp")),
        ("table", ("Portable Speaker", "Vegetable Knife", "Comfortable Chair")),
        ("ring", ("Spring String", "Watering Can", "Engineering Set")),
        ("hair", ("Armchair", "Chair")),
        ("tool", ("Footstool", "Stool")),
        ("lace", ("Necklace", "Fireplace")),
        ("stick", ("Nonstick Pan",)),
        ("able", ("Washable Rug",)),
        ("ass", ("Glass",)),
        ("late", ("Chocolate", "Template")),
        ("schirm", ("Regenschirmständer",)),
    ],
)
def test_what_only_looks_like_the_head_of_a_word_finds_nothing(
    session: Session, typed: str, titles: tuple[str, ...]
) -> None:
    sell(session, *titles)
    assert_not_found(session, typed)


def test_a_doubtful_head_finds_the_compound_of_two_known_words(session: Session) -> None:
    sell(session, "Coffeetable", "Coffee Mug", "Portable Stove")
    assert titles_found(session, "table") == ["Coffeetable"]


# --- Amounts and joined words ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("writings", "others"),
    [
        (
            ("50cm", "50 cm", "50 CM", "50 ㎝", "50-cm", "50\u00a0cm", "５０ｃｍ", "50 centimetres", "50 см"),
            ("50 mm", "500cm", "5cm", "150cm", "50c mug"),
        ),
        (("1.5l", "1,5 l", "1.5 L", "1,5L", "1.50 l", "1,5 Liter", "1.5ℓ"), ("15l", "1.5ml", "5l")),
        (
            ('3/4"', "3/4 inch", "¾″", "3/4 Zoll", "3/4in", "¾\u201d", "3/4''"),
            ('1/4"', "3/4cm"),
        ),
        (("10×20", "10 x 20", "10x20", "10*20", "10 X 20", "１０×２０"), ("20x10", "10x30")),
        (("10x20 cm", "10 × 20 cm", "10cm x 20cm", "10 cm × 20 cm"), ("10x20 mm", "10x21 cm")),
        (("2.5kg", "2,5 KG", "2.50 kg", "2,5 kilo"), ("25kg", "2.5g")),
        (("5 m", "5m", "5 Meter", "5 metres"), ("5 mm", "50m", "5 ml")),
        (("1.000 ml", "1000ml", "1,000 ml"), ("100ml", "10000ml")),
        (("60W", "60 w", "60 Watt"), ("6w", "600w")),
        (("25 m²", "25m2", "25 qm", "25 ㎡"), ("25 m", "2 m2")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_an_amount_is_one_in_all_its_writings(
    session: Session, writings: tuple[str, ...], others: tuple[str, ...]
) -> None:
    titles = [f"{('Pole', 'Rod', 'Box')[number % 3]} {written}" for number, written in enumerate(writings)]
    sell(session, *titles, "Set of 50, 20 cm", "Poster 30 x 70 mm")
    for written in writings:
        assert sorted(titles_found(session, written)) == sorted(titles), written
    for other in others:
        assert search_queries.find(session, other).product_ids == [], other


def test_the_parts_of_amounts_and_sizes_are_found(session: Session) -> None:
    sell(session, "Rug 50 × 90 cm", "Cable 3-in-1", "Size 38/40", 'Monitor 27" wide')
    assert_found(
        session,
        {
            "50cm": ["Rug 50 × 90 cm"],
            "90 cm": ["Rug 50 × 90 cm"],
            "50x90": ["Rug 50 × 90 cm"],
            "50x90cm rug": ["Rug 50 × 90 cm"],
            "cm": ["Rug 50 × 90 cm"],
            "90": ["Rug 50 × 90 cm"],
            "3 in 1": ["Cable 3-in-1"],
            "3in1": ["Cable 3-in-1"],
            "3-in-1": ["Cable 3-in-1"],
            "40": ["Size 38/40"],
            "38/40": ["Size 38/40"],
            '27"': ['Monitor 27" wide'],
            "27 inch monitor": ['Monitor 27" wide'],
            '"monitor 27"': ['Monitor 27" wide'],
        },
    )


@pytest.mark.parametrize(
    "writings",
    [
        ("AirPods", "air pods", "air-pods", "AIRPODS", "Air Pods", "air_pods", "Air–Pods"),
        ("T-Shirt", "tshirt", "t shirt", "TShirt", "T‑Shirt", "t.shirt"),
        ("O'Brien", "o’brien", "obrien", "O Brien"),
        ("iPhone 15", "iphone15", "IPHONE-15", "iphone 15"),
        ("PlayStation", "play station", "Play-Station", "playstation"),
        ("schwarz/weiß", "schwarz weiss", "Schwarz-Weiß", "schwarzweiß"),
        ("Wi-Fi", "wifi", "wi fi", "WiFi"),
        ("USB 3.0", "usb3.0", "USB-3.0", "usb 3.0"),
        ("iPhone 15 Pro", "iphone15pro", "iPhone15Pro", "iphone 15pro", "IPHONE-15-PRO"),
        ("Handyhülle", "handy hülle", "Handy-Hülle", "handyhuelle", "HANDY HUELLE"),
        ("1,5-Liter-Flasche", "1.5l flasche", "1,5 L Flasche"),
        ("H&M", "h m", "hm", "h+m"),
    ],
    ids=lambda writings: writings[0],
)
def test_words_written_together_apart_or_with_a_sign_between_are_one(
    session: Session, writings: tuple[str, ...]
) -> None:
    titles = [f"{written} {number} kit" for number, written in enumerate(writings, 700)]
    sell(session, *titles, "Mug for carpets")
    for written in writings:
        assert sorted(titles_found(session, written)) == sorted(titles), written
    assert titles_found(session, writings[0] + " 701 kit") == [titles[1]]


@pytest.mark.parametrize("title", ["9Öß", "½Äß", "Ü0Ün0é", "ÜBERGröße", "XÖlßY"])
def test_an_odd_mix_of_capitals_and_umlauts_is_found_as_it_is_written(session: Session, title: str) -> None:
    sell(session, title)
    assert titles_found(session, title) == [title]
    assert titles_found(session, title.lower()) == [title]


SIGNS = "aBüÜöÖäÄßẞåÅøé09½ .,-/xX*\"'&_+mcMlin茶マ"


@given(st.text(SIGNS, max_size=12))
def test_every_text_can_be_cut_into_terms(text: str) -> None:
    spaced = {word for word in words.of(text) if not words.is_run(word)}
    assert spaced <= set(words.terms(text, neighbours=True))
    assert len(words.asked(text)) <= words.MAX_WORDS


def test_words_that_stand_apart_in_a_title_are_no_joined_word(session: Session) -> None:
    sell(session, "Pet blanket for the car", "Carpet", "Car pet seat")
    assert titles_found(session, "carpet") == ["Carpet", "Car pet seat"]
    # Both are in it, and two words that are one of the catalogue stand for that as well.
    assert sorted(titles_found(session, "car pet")) == ["Car pet seat", "Carpet", "Pet blanket for the car"]


def test_a_tag_is_found_however_it_is_written(session: Session) -> None:
    [key] = sell(session, "Basic")
    tag = add(session, Tag(name="Heavy Duty"))
    session.add(ProductTag(product_id=key, tag_id=tag.id or 0))
    listing_index.refresh(session, [key])
    for typed in ("heavyduty", "heavy-duty", "HeavyDuty", "heavy duty"):
        assert search_queries.find(session, typed).product_ids == [key], typed


# --- Codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sku", "typed"),
    [
        ('PIPE-1/2"', ('pipe-1/2"', "PIPE 1/2", "pipe12", "ＰＩＰＥ－１／２")),
        ("MEN'S-01", ("men's-01", "MENS01", "men’s 01")),
        ("ÄÖ-77", ("äö-77", "ao77", "AO 77")),
        (
            "0012345678905",
            ("0012345678905", "012345678905", "12345678905", "0-0123-4567-8905", "٠٠١٢٣٤٥٦٧٨٩٠٥"),
        ),
        ("マグ-01", ("マグ-01", "ﾏｸﾞ01", "まぐ 01")),
        ("X" * 150 + "1", ("X" * 150 + "1",)),
    ],
    ids=["inch", "apostrophe", "umlaut", "barcode", "kana", "long"],
)
def test_a_code_is_found_by_any_writing_and_no_other(
    session: Session, sku: str, typed: tuple[str, ...]
) -> None:
    product = make_product(session, "Thing", slug="thing", sku=sku)
    other = make_product(session, "Other", slug="other", sku=sku + "9")
    listing_index.refresh(session, [product.id or 0, other.id or 0])
    for text_typed in typed:
        assert search_queries.find(session, text_typed).product_ids == [product.id], text_typed


def test_a_word_with_a_hyphen_finds_more_than_the_codes_that_begin_so(session: Session) -> None:
    coded = make_product(session, "Basic Top", slug="top", sku="TSHIRT-1")
    named = make_product(session, "T-Shirt", slug="t", sku="T-SHIRT")
    other = make_product(session, "T-Shirt red", slug="r", sku="R")
    ids = [product.id or 0 for product in (coded, named, other)]
    listing_index.refresh(session, ids)
    assert search_queries.find(session, "t-shirt").product_ids == [ids[1], ids[2]]
