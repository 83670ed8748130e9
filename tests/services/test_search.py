"""Search: prefixes, accents, codes, typos, and input that means harm."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from shop_app.core.errors import Invalid
from shop_app.models import AuditEntry, Product, ProductTag, Tag
from shop_app.services.catalog.views import Suggestion, Suggestions
from shop_app.services.search import index_cache, listing_index, synonyms, words
from shop_app.services.search import queries as search_queries
from shop_app.services.search.suggestions import suggest
from shop_app.services.search.word_index import Document
from tests.factories import add, make_product

pytestmark = pytest.mark.both

GOODS = {
    "Dune Mug": "Speckled stoneware, 300 ml",
    "Crème Bowl": "Smooth glaze",
    "Drift Coffee Table": "Solid walnut",
    "Canopy Table Lamp": "Steel and brass",
    "Mug Rack": "Oak, for six",
}


@pytest.fixture(autouse=True)
def _renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine even these few rows take long enough for being renewed behind."""
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)


@pytest.fixture
def goods(session: Session) -> dict[str, int]:
    rows_made = {}
    for title, subtitle in GOODS.items():
        product = make_product(
            session, title, description_html="<p>Kept for <b>everyday</b> use &amp; feasts.</p>"
        )
        product.subtitle = subtitle
        rows_made[title] = product.id
    listing_index.refresh(session, rows_made.values())
    return rows_made


def _titles(session: Session, query: str) -> list[str]:
    result = search_queries.find(session, query)
    return [session.get_one(Product, key).title for key in result.product_ids]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("mug", ["Dune Mug", "Mug Rack"]),
        ("MUGS", ["Dune Mug", "Mug Rack"]),
        ("dune mug", ["Dune Mug"]),
        ("mug dune", ["Dune Mug"]),
        ("tab", ["Drift Coffee Table", "Canopy Table Lamp"]),
        ("table lamp", ["Canopy Table Lamp"]),
        ("creme", ["Crème Bowl"]),
        ("CRÈME", ["Crème Bowl"]),
        ("crème brass", []),
        ("brass", ["Canopy Table Lamp"]),
        ("everyd", list(GOODS)),
        ("feasts mug", ["Dune Mug", "Mug Rack"]),
        ("", []),
        ("   ", []),
        ("!?", []),
    ],
)
def test_words_and_their_beginnings_are_found(
    session: Session, goods: dict[str, int], query: str, titles: list[str]
) -> None:
    assert sorted(_titles(session, query)) == sorted(titles)


def test_titles_come_before_the_rest_and_whole_words_before_beginnings(
    session: Session, goods: dict[str, int]
) -> None:
    mugs = make_product(session, "Muggle Plate")
    saucer = make_product(session, "Saucer")
    saucer.subtitle = "For a mug"
    saucer.sold_count = 1000
    listing_index.refresh(session, [mugs.id, saucer.id])  # pyright: ignore
    assert _titles(session, "mug") == ["Mug Rack", "Dune Mug", "Muggle Plate", "Saucer"]


@pytest.mark.parametrize(
    ("query", "corrected", "titles"),
    [
        ("speckeld mgu", "speckled mug", ["Dune Mug"]),
        ("stonewear", "stoneware", ["Dune Mug"]),
        ("lmap", "lamp", ["Canopy Table Lamp"]),
        ("walnutt", "walnut", ["Drift Coffee Table"]),
    ],
)
def test_a_mistyped_word_finds_what_was_meant_and_says_so(
    session: Session, goods: dict[str, int], query: str, corrected: str, titles: list[str]
) -> None:
    assert search_queries.find(session, query).corrected == corrected
    assert _titles(session, query) == titles


def test_words_that_are_there_are_never_corrected(session: Session, goods: dict[str, int]) -> None:
    assert search_queries.find(session, "mug").corrected == ""
    assert search_queries.find(session, "zeppelin") == search_queries.Matches()


@pytest.mark.parametrize("query", ["DUNE-MUG", "dune-mug", "DUNEMUG", "dunem", "DUNE-M"])
def test_a_sku_is_found_whole_or_by_its_beginning(
    session: Session, goods: dict[str, int], query: str
) -> None:
    assert _titles(session, query) == ["Dune Mug"]


def test_an_exact_code_beats_longer_ones_and_titles(session: Session) -> None:
    long, short = make_product(session, "Lamp A", sku="LMP-10"), make_product(session, "Lamp B", sku="LMP-1")
    named = make_product(session, "LMP-1 spare part", sku="OTHER")
    listing_index.refresh(session, [long.id, short.id, named.id])  # pyright: ignore
    assert search_queries.find(session, "lmp-1").product_ids == [short.id]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '"mug',
        "mug*",
        "mug OR lamp",
        "NOT mug",
        "mug AND",
        "title:mug",
        "{title}:mug",
        "mug^2",
        "-mug",
        "NEAR(mug lamp)",
        "mug'; DROP TABLE search_product; --",
        "mug & | ! <-> :*",
        "'mug",
        "mug\\",
        "mug\x00",
        "😀",
        "%",
        "_",
        "(((((",
        "a" * 1_000_000,
        "mug " * 250_000,
    ],
    ids=lambda asked: repr(asked)[:20],
)
def test_nothing_typed_means_anything_to_the_database(
    session: Session, goods: dict[str, int], query: str
) -> None:
    result = search_queries.find(session, query)
    assert isinstance(result.product_ids, list)
    suggest(session, query)
    assert sorted(_titles(session, "mug")) == ["Dune Mug", "Mug Rack"]


def test_more_than_200_characters_and_8_words_are_not_looked_at() -> None:
    assert [word.text for word in words.asked("x" * 1_000_000)] == ["x" * words.MAX_WORD]
    assert [word.text for word in words.asked("a b c d e f g h i j")] == list("abcdefgh")


@pytest.mark.parametrize("typed", ["sofa", "soba", "yoda"])
def test_a_word_that_may_be_another_one_is_offered_and_not_searched_for(session: Session, typed: str) -> None:
    glasses = make_product(session, "Soda Glasses")
    listing_index.refresh(session, [glasses.id])  # pyright: ignore
    assert search_queries.find(session, typed) == search_queries.Matches(offered=("soda",))
    for number in range(2):
        siphon = make_product(session, f"Soda Siphon {number}")
        listing_index.refresh(session, [siphon.id])  # pyright: ignore
    assert search_queries.find(session, typed).corrected == "soda"


def test_words_that_each_find_something_are_offered_where_together_they_find_nothing(
    session: Session, goods: dict[str, int]
) -> None:
    matches = search_queries.find(session, "crème brass")
    assert (matches.product_ids, matches.corrected, matches.offered) == ([], "", ("creme", "brass"))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("mugs", ["Dune Mug", "Mug Rack"]),
        ("bowls", ["Crème Bowl"]),
        ("canopies", ["Canopy Table Lamp"]),
        ("walnuts", ["Drift Coffee Table"]),
        ("tables", ["Drift Coffee Table", "Canopy Table Lamp"]),
    ],
)
def test_plurals_and_singulars_find_each_other_and_are_no_mistakes(
    session: Session, goods: dict[str, int], query: str, titles: list[str]
) -> None:
    assert _titles(session, query) == titles
    assert search_queries.find(session, query).corrected == ""


def test_a_plural_in_a_title_is_found_by_its_singular(session: Session) -> None:
    dishes, knives = make_product(session, "Two Dishes"), make_product(session, "Six Knives")
    listing_index.refresh(session, [dishes.id, knives.id])  # pyright: ignore
    assert _titles(session, "dish") == ["Two Dishes"]
    assert _titles(session, "dishes") == ["Two Dishes"]


# --- Synonyms -----------------------------------------------------------------------------------


def test_a_synonym_finds_what_is_meant_after_what_has_the_word_itself(
    session: Session, goods: dict[str, int]
) -> None:
    cup = make_product(session, "Pencil Cup")
    listing_index.refresh(session, [cup.id])  # pyright: ignore
    assert _titles(session, "cup") == ["Pencil Cup"]
    assert synonyms.add(session, "Cup", "MUG", actor="test") is True
    assert synonyms.add(session, "cup", "mug", actor="test") is False
    assert synonyms.pairs(session) == [("cup", "mug")]
    assert _titles(session, "cup") == ["Pencil Cup", "Dune Mug", "Mug Rack"]
    assert _titles(session, "cups dune") == ["Dune Mug"]
    assert search_queries.find(session, "cup").corrected == ""
    assert synonyms.remove(session, "cup", "mug", actor="test") is True
    assert synonyms.remove(session, "cup", "mug", actor="test") is False
    assert _titles(session, "cup") == ["Pencil Cup"]
    assert [(row.action, row.object_key) for row in session.exec(select(AuditEntry)).all()] == [
        ("synonym.add", "cup"),
        ("synonym.remove", "cup"),
    ]


def test_a_word_for_a_colour_reaches_the_options(session: Session) -> None:
    mug = make_product(session, "Dune Mug", options={"Colour": ["Ink", "Oat"]})
    bowl = make_product(session, "Oat Bowl", options={"Colour": ["Oat"]})
    listing_index.refresh(session, [mug.id, bowl.id])  # pyright: ignore
    synonyms.add(session, "blue", "ink", actor="test")
    assert _titles(session, "blue") == ["Dune Mug"]
    assert _titles(session, "blue mugs") == ["Dune Mug"]
    assert _titles(session, "blu") == ["Dune Mug"]
    assert _titles(session, "blue bowl") == []


@pytest.mark.parametrize(
    ("word", "meaning"), [("two words", "mug"), ("", "mug"), ("cup", "!"), ("mug", "Mug")]
)
def test_a_synonym_is_one_word_for_another(session: Session, word: str, meaning: str) -> None:
    with pytest.raises(Invalid):
        synonyms.add(session, word, meaning, actor="test")
    assert synonyms.pairs(session) == []


def _suggested(session: Session, typed: str) -> list[Suggestion]:
    found = suggest(session, typed)
    return [*found.searches, *found.categories, *found.products]


# --- Suggestions ----------------------------------------------------------------------------------


def test_suggestions_mark_what_was_typed_and_lead_to_the_product(
    session: Session, goods: dict[str, int]
) -> None:
    rows = _suggested(session, "cre")
    assert [(row.kind, row.href, row.before, row.typed, row.after, row.note, row.price) for row in rows] == [
        ("product", "/products/creme-bowl", "", "Crè", "me Bowl", "Smooth glaze", "€49.00"),
    ]


def test_a_category_is_suggested_before_its_products(session: Session) -> None:
    product = make_product(session, "Light Bulb", category="Lighting")
    listing_index.refresh(session, [product.id])  # pyright: ignore
    rows = _suggested(session, "lig")
    assert [(row.kind, row.href, row.typed + row.after) for row in rows] == [
        ("category", "/products?category=lighting", "Lighting"),
        ("product", "/products/light-bulb", "Light Bulb"),
    ]


@pytest.mark.parametrize("typed", ["", "m", " m ", "é"])
def test_less_than_two_letters_suggest_nothing(session: Session, goods: dict[str, int], typed: str) -> None:
    assert suggest(session, typed) == Suggestions()


def test_it_is_said_how_many_are_found_or_that_nothing_is(session: Session, goods: dict[str, int]) -> None:
    found = suggest(session, " mu ")
    assert (found.text, found.all_text, found.said) == ("mu", "All 2 results for “mu”", "3 suggestions")
    found = suggest(session, "creme")
    assert (found.all_text, found.said) == ("1 result for “creme”", "1 suggestion")
    found = suggest(session, "zzz")
    assert found == Suggestions("zzz", said="Nothing matches.")


def test_searches_categories_and_products_are_suggested_ten_at_most(session: Session) -> None:
    names = ("lamp", "table lamp", "floor lamp", "lampshade", "paper lamp", "shade")
    tags = {name: add(session, Tag(name=name)).id for name in names}
    ids = []
    for number in range(12):
        category = ("Lighting", "Lighting", "Desk", "Bath")[number % 4]
        product = make_product(session, f"Lamp {number}", category=category)
        for name in names[: 1 + number % 6]:
            add(session, ProductTag(product_id=product.id, tag_id=tags[name]))  # pyright: ignore
        ids.append(product.id)
    listing_index.refresh(session, ids)
    rows = _suggested(session, "lam")
    assert all(isinstance(row, Suggestion) for row in rows)
    assert [(row.kind, row.before + row.typed + row.after, row.href, row.note) for row in rows[:5]] == [
        ("search", "lamp", "/products?q=lamp", ""),
        ("search", "lampshade", "/products?q=lampshade", ""),
        ("search", "table lamp", "/products?q=table%20lamp", ""),
        ("category", "Lighting", "/products?q=lam&category=lighting", "6"),
        ("category", "Bath", "/products?q=lam&category=bath", "3"),
    ]
    assert (rows[2].before, rows[2].typed, rows[2].after) == ("table ", "lam", "p")
    assert [row.kind for row in rows[5:]] == ["product"] * 5


def test_the_words_known_are_counted_out_when_a_product_goes(session: Session) -> None:
    lamp, other = make_product(session, "Umbra Lamp"), make_product(session, "Vela Lamp")
    listing_index.refresh(session, [lamp.id, other.id])  # pyright: ignore
    lamp.status = "draft"
    listing_index.refresh(session, [lamp.id])  # pyright: ignore
    assert search_queries.find(session, "umbar") == search_queries.Matches()
    assert search_queries.find(session, "vela lmap").product_ids == [other.id]


def test_a_document_lies_by_halves_of_popularity_then_by_id(session: Session) -> None:
    places = [Document(key, sold, "", "", "", "").place for key, sold in ((3, 70), (9, 100), (1, 2), (2, 0))]
    assert places == sorted(places)
    assert Document(3, 64, "", "", "", "").place == Document(3, 127, "", "", "", "").place
