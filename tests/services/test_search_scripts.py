"""Search in every script: what is one word, and what is another."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from shop_app.models import Product
from shop_app.services.catalog.views import ListingQuery
from shop_app.services.search import index_cache, listing, listing_index, synonyms, word_index, words
from shop_app.services.search import queries as search_queries
from shop_app.services.search.suggestions import suggest
from tests.factories import make_product
from tests.searching import assert_found, assert_not_found, sell, titles_found

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)


# --- Runs: scripts without spaces, and Korean -----------------------------------------------------


def test_each_part_of_a_japanese_run_is_found_and_the_whole_run_first(session: Session) -> None:
    sell(
        session,
        "陶器マグカップ",
        "マグカップ",
        "ガラスの器",
        "カラスの置物",
        "ﾃｨｰｶｯﾌﾟ",
        "東京 京都",
        "東京都の皿",
    )
    assert_found(
        session,
        {
            "マグカップ": ["マグカップ", "陶器マグカップ"],
            "まぐかっぷ": ["マグカップ", "陶器マグカップ"],
            "ﾏｸﾞｶｯﾌﾟ": ["マグカップ", "陶器マグカップ"],
            "マグ": ["マグカップ", "陶器マグカップ"],
            "グカ": ["陶器マグカップ", "マグカップ"],
            "陶": ["陶器マグカップ"],
            "器": ["陶器マグカップ", "ガラスの器"],
            "プ": ["陶器マグカップ", "マグカップ", "ﾃｨｰｶｯﾌﾟ"],
            "カップ": ["陶器マグカップ", "マグカップ", "ﾃｨｰｶｯﾌﾟ"],
            "ティーカップ": ["ﾃｨｰｶｯﾌﾟ"],
            "ティカップ": [],
            "ガラス": ["ガラスの器"],
            "ｶﾞﾗｽ": ["ガラスの器"],
            "カ\u3099ラス": ["ガラスの器"],
            "カ゛ラス": ["ガラスの器"],
            "がらす": ["ガラスの器"],
            "カラス": ["カラスの置物"],
            "マクカッフ": [],
            "陶器 カップ": ["陶器マグカップ"],
            "カップ 陶器": ["陶器マグカップ"],
            "東京都": ["東京都の皿"],
            "東京京都": ["東京 京都"],
            "陶器マグカップ茶碗": [],
        },
    )


def test_chinese_is_found_by_words_and_signs_and_its_variants_are_others(session: Session) -> None:
    sell(session, "手工陶瓷茶杯", "不锈钢保温杯500ml", "玻璃杯", "玻璃盃")
    assert_found(
        session,
        {
            "茶杯": ["手工陶瓷茶杯"],
            "陶瓷": ["手工陶瓷茶杯"],
            "瓷陶": [],
            "杯": ["手工陶瓷茶杯", "不锈钢保温杯500ml", "玻璃杯"],
            "玻璃杯": ["玻璃杯"],
            "保温杯 500 ml": ["不锈钢保温杯500ml"],
            "保温杯５００ｍｌ": ["不锈钢保温杯500ml"],
            "500ml": ["不锈钢保温杯500ml"],
            "陶瓷保温": [],
        },
    )


def test_korean_is_found_inside_words_with_endings_and_across_a_missing_space(session: Session) -> None:
    sell(session, "도자기머그컵", "머그 컵 세트", "유리잔을 위한 받침")
    assert_found(
        session,
        {
            "머그컵": ["머그 컵 세트", "도자기머그컵"],
            "머그 컵": ["머그 컵 세트", "도자기머그컵"],
            "도자기 머그컵": ["도자기머그컵"],
            "유리잔": ["유리잔을 위한 받침"],
            "잔": ["유리잔을 위한 받침"],
            "유리": ["유리잔을 위한 받침"],
            "\u1106\u1165\u1100\u1173": ["머그 컵 세트", "도자기머그컵"],
            "머구": [],
        },
    )


@pytest.mark.parametrize(
    ("title", "parts", "others"),
    [
        ("แก้วกาแฟเซรามิก", ("แก้ว", "กาแฟ", "เซรามิก", "แก้วกาแฟ", "ก"), ("แกว", "กาแก้ว")),
        ("ຈອກກາເຟ", ("ຈອກ", "ກາເຟ"), ("ຈາກ",)),
        ("ពែងកាហ្វេ", ("ពែង", "កាហ្វេ"), ("ពាង",)),
        ("ကော်ဖီခွက်", ("ကော်ဖီ", "ခွက်"), ("ကာဖီ",)),
        ("ㄅㄆㄇㄈ", ("ㄅㄆ", "ㄇㄈ"), ("ㄆㄅ",)),
    ],
    ids=["Thai", "Lao", "Khmer", "Myanmar", "Bopomofo"],
)
def test_other_scripts_without_spaces_are_found_by_their_parts_with_all_marks(
    session: Session, title: str, parts: tuple[str, ...], others: tuple[str, ...]
) -> None:
    sell(session, title, "Mug")
    assert_found(session, {part: [title] for part in parts} | {other: [] for other in others})


def test_a_run_of_another_script_is_cut_from_the_words_beside_it(session: Session) -> None:
    sell(session, "USB充電器Type-C対応", "iPhone15ケース", "第3世代スタンド")
    assert_found(
        session,
        {
            "usb": ["USB充電器Type-C対応"],
            "充電": ["USB充電器Type-C対応"],
            "USB 充電器": ["USB充電器Type-C対応"],
            "type c": ["USB充電器Type-C対応"],
            "iphone 15": ["iPhone15ケース"],
            "iphone15 ケース": ["iPhone15ケース"],
            "第３世代": ["第3世代スタンド"],
        },
    )


def test_a_run_is_never_taken_for_another_one_by_mistake(session: Session) -> None:
    ids = sell(session, *[f"マグカップ{name}" for name in "アイウエ"])
    for typed in ("マググップ", "マクカップ", "머그컵", "마그컵"):
        assert search_queries.find(session, typed) == search_queries.Matches()
    assert search_queries.find(session, "マグカップ").product_ids == ids


def test_a_long_run_is_found_though_not_by_all_of_its_terms(session: Session) -> None:
    line = (
        "毎日の食卓に合う軽い器を職人がひとつずつ手で仕上げましたので電子レンジと食洗機でお使いいただけます"
    )
    sell(session, line, "毎日の食卓")
    assert titles_found(session, line) == [line]
    assert len(words.sought(line).split()) <= words.MAX_GRAMS
    assert titles_found(session, "毎日の食卓に") == [line]


# --- Letters and their marks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "same", "others"),
    [
        ("Crème Brûlée", ("creme brulee", "CRÈME", "cre\u0300me"), ("crome",)),
        (
            "Straße Größe",
            ("strasse", "STRASSE", "Straße", "STRAẞE", "grosse", "größe", "groesse"),
            ("strase",),
        ),
        ("Müller Öl", ("muller", "mueller", "Müller", "MÜLLER", "mu\u0308ller", "ol", "oel"), ("miller",)),
        ("Mueller Kaese", ("Müller", "mueller", "käse", "KÄSE"), ("muller",)),
        ("Smörgås Køkken Ærø", ("smorgas", "smoergaas", "kokken", "koekken", "aeroe", "ærø"), ("smergas",)),
        ("Łódź Đakovo Þing", ("lodz", "łódź", "dakovo", "thing"), ("kodz",)),
        ("Çiçek Işık", ("cicek", "ÇİÇEK", "isik", "IŞIK", "ışık"), ("cacek",)),
        ("Phở Đặc Biệt", ("pho dac biet", "PHỞ", "đặc"), ("pha",)),
        ("Καφές Ελληνικός", ("καφες", "ΚΑΦΈΣ", "ελληνικοσ"), ("καφασ",)),
        ("Ёлка Чайник", ("елка", "ёлка", "ЁЛКА", "чаи\u0306ник", "ЧАЙНИК"), ("чаиник", "йолка")),
        ("Київ їжа", ("київ", "КИЇВ", "їжа"), ("киів", "іжа")),
        ("כּוֹס קָפֶה", ("כוס", "קפה", "כּוֹס"), ("כיס",)),
        ("كُوب قَهْوَة", ("كوب", "قهوة", "قهوه", "کوب"), ("كاب",)),
        ("إبريق أحمر آنية", ("ابريق", "إبريق", "احمر", "انيه"), ("ابريك",)),
        ("کتاب علی\u200cرضا", ("كتاب", "کتاب", "عليرضا", "علی\u200cرضا"), ("كتب",)),
        ("हिन्दी की किताब", ("हिन्दी", "किताब", "की"), ("हनद", "कीताब", "कु")),
        ("फ़ोन चाँद", ("फोन", "फ़ोन", "चांद"), ("फेन",)),
        ("தமிழ் கோப்பை", ("தமிழ்", "கோப்பை"), ("தமழ",)),
        (
            "Soft\u00adhyphen Zero\u200bwidth",
            ("softhyphen", "soft\u00adhyphen", "zerowidth"),
            ("softhephen",),
        ),
        ("Ｆｕｌｌ ﬁne ① 𝐁old", ("full", "fine", "1", "bold"), ("fall",)),
        ("Lego™ Set®", ("lego", "lego™", "set"), ("legatm",)),
        ("٣ أكواب", ("3", "٣", "３"), ("4",)),
    ],
)
def test_a_word_is_found_without_what_people_leave_out_and_not_as_another_word(
    session: Session, title: str, same: tuple[str, ...], others: tuple[str, ...]
) -> None:
    sell(session, title)
    assert_found(session, {query: [title] for query in (title, *same)})
    for other in others:
        assert_not_found(session, other)


# --- Synonyms, suggestions, the index -------------------------------------------------------------


def test_a_synonym_may_be_of_any_script(session: Session) -> None:
    sell(session, "陶器マグカップ", "Mug")
    synonyms.add(session, "コップ", "まぐかっぷ", actor="test")
    synonyms.add(session, "cup", "マグカップ", actor="test")
    assert_found(session, {"コップ": ["陶器マグカップ"], "cup": ["陶器マグカップ"]})


def test_suggestions_mark_what_was_typed_inside_a_run_and_take_one_sign(session: Session) -> None:
    sell(session, "陶器マグカップ")
    for typed, marked in {"ﾏｸﾞ": ("陶器", "マグ", "カップ"), "器": ("陶", "器", "マグカップ")}.items():
        [row] = suggest(session, typed).products
        assert (row.before, row.typed, row.after) == marked


def test_lists_and_their_counts_follow_a_search_of_any_script(session: Session) -> None:
    colours = {"陶器マグカップ": ["Moss"], "マグカップ": ["Moss", "Clay"], "Tischlampe": ["Moss"]}
    products = [
        make_product(session, title, slug=f"p{place}", sku=f"P{place}", options={"Colour": values})
        for place, (title, values) in enumerate(colours.items())
    ]
    listing_index.refresh(session, [product.id or 0 for product in products])
    page = listing.browse(session, ListingQuery(text="まぐ"))
    assert [card.title for card in page.cards] == ["マグカップ", "陶器マグカップ"]
    [facet] = [facet for facet in page.facets if facet.name == "colour"]
    assert [(choice.label, choice.count) for choice in facet.choices] == [("Clay", 1), ("Moss", 2)]


def test_documents_of_another_version_are_written_anew(session: Session) -> None:
    sell(session, "陶器マグカップ", "Tischlampe")
    session.connection().execute(text("UPDATE search_document SET version = 0, title = 'x'"))
    listing_index.complete(session)
    versions = session.connection().execute(text("SELECT DISTINCT version FROM search_document")).scalars()
    assert list(versions) == [word_index.VERSION]
    counts = session.connection().execute(text("SELECT documents FROM search_term WHERE term = 'tischlampe'"))
    assert counts.scalars().all() == [1]
    assert_found(session, {"lampe": ["Tischlampe"], "マグ": ["陶器マグカップ"], "x": []})


def test_products_without_a_document_get_one(session: Session) -> None:
    sell(session, "Tischlampe")
    session.connection().execute(text("DELETE FROM search_document"))
    session.connection().execute(text("DELETE FROM search_term"))
    listing_index.complete(session)
    assert titles_found(session, "tischlampe") == ["Tischlampe"]


ODD = [
    "x".join(["1"] * 10_000),
    "9" * 10_000,
    "ﷺ" * 5_000,
    "A" * 5_000 + "-" + "B" * 5_000,
    "漢" * 19_000,
    "e" + "\u0301" * 5_000,
    "'\":*&|!<->(){}[]^~\\ \x00\x07\ud7ff\U000e0041\U0010fffd",
    "aB" * 10_000,
    "1.2.3.4/5/6-7x8x9*10 'cm' \"in\"",
    "+" * 100 + "a+b",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_no_text_of_a_product_or_a_search_is_too_odd(session: Session, odd: str) -> None:
    stored = odd.replace("\x00", "")
    product = make_product(
        session, "Mug", slug="mug", sku=stored[:64].strip() or "-", description_html=stored
    )
    product.title = stored[:255]
    listing_index.refresh(session, [product.id or 0])
    assert isinstance(search_queries.find(session, odd).product_ids, list)
    suggest(session, odd[:100])
    product.description_html, product.title = "", "Mug"
    listing_index.refresh(session, [product.id or 0])
    assert titles_found(session, "mug") == ["Mug"]


# --- Properties -----------------------------------------------------------------------------------

RUNS = "茶器陶磁玻璃木竹カガグップマーラスまぐかっ한국머그컵ก้วแฟาຈອກពែងကော်"
LETTERS = "aäbcßéñøüABCÜİıαβΣςжйёЖאבגابپکहिन्दी"
SPACED = st.lists(
    st.one_of(
        st.text(LETTERS, min_size=1, max_size=7),
        st.sampled_from(
            ["50", "cm", "1,5", "l", "x", "3/4", "1.000", "T-Shirt", "AirPods", "½", "10x20", "M/L"]
        ),
        st.text(RUNS, min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=7,
)
CALM = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _sell_one(session: Session, title: str) -> int:
    """One product with this title, in the place of the one before."""
    product = session.get(Product, session.info.get("only", 0)) or make_product(
        session, "One", slug="one", sku="ONE", description_html=""
    )
    product.title, product.subtitle, session.info["only"] = title, "", product.id
    listing_index.refresh(session, [product.id or 0])
    return product.id or 0


@CALM
@given(parts=SPACED, data=st.data())
def test_a_product_is_found_by_each_row_of_words_of_its_title(
    session: Session, parts: list[str], data: st.DataObject
) -> None:
    key = _sell_one(session, " ".join(parts))
    start = data.draw(st.integers(0, len(parts) - 1))
    typed = " ".join(parts[start : data.draw(st.integers(start + 1, len(parts)))])
    if words.asked(typed):
        assert search_queries.find(session, typed).product_ids == [key]


@CALM
@given(
    title=st.text(RUNS, min_size=1, max_size=40), typed=st.text(RUNS, min_size=1, max_size=3), data=st.data()
)
def test_a_run_is_found_by_each_of_its_parts_and_by_no_other_signs(
    session: Session, title: str, typed: str, data: st.DataObject
) -> None:
    key = _sell_one(session, title)
    start = data.draw(st.integers(0, len(title) - 1))
    part = title[start : data.draw(st.integers(start + 1, len(title)))]
    assert search_queries.find(session, part).product_ids == [key]
    [run], [sought] = words.of(title), words.of(typed)
    assert bool(search_queries.find(session, typed).product_ids) == (sought in run)
