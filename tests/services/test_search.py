"""Search: prefixes, accents, codes, typos, and input that means harm."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from shop_app.models import Product
from shop_app.services.catalog.views import Suggestion
from shop_app.services.search import listing_index, spelling
from shop_app.services.search import queries as search_queries
from shop_app.services.search.word_index import Document
from tests.factories import make_product

pytestmark = pytest.mark.both

GOODS = {
    "Dune Mug": "Speckled stoneware, 300 ml",
    "Crème Bowl": "Smooth glaze",
    "Drift Coffee Table": "Solid walnut",
    "Canopy Table Lamp": "Steel and brass",
    "Mug Rack": "Oak, for six",
}


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
    search_queries.suggest(session, query)
    assert sorted(_titles(session, "mug")) == ["Dune Mug", "Mug Rack"]


def test_more_than_200_characters_and_8_words_are_not_looked_at() -> None:
    assert spelling.query_words("x" * 1_000_000) == ("x" * spelling.MAX_WORD,)
    assert spelling.query_words("a b c d e f g h i j") == tuple("abcdefgh")


def test_suggestions_mark_what_was_typed_and_lead_to_the_product(
    session: Session, goods: dict[str, int]
) -> None:
    rows = search_queries.suggest(session, "cre")
    assert [(row.kind, row.href, row.before, row.typed, row.after, row.price) for row in rows] == [
        ("product", "/products/creme-bowl", "", "Crè", "me Bowl", "€49.00")
    ]


def test_a_category_is_suggested_before_its_products(session: Session) -> None:
    product = make_product(session, "Light Bulb", category="Lighting")
    listing_index.refresh(session, [product.id])  # pyright: ignore
    rows = search_queries.suggest(session, "lig")
    assert [(row.kind, row.href, row.typed + row.after) for row in rows] == [
        ("category", "/products?category=lighting", "Lighting"),
        ("product", "/products/light-bulb", "Light Bulb"),
    ]


@pytest.mark.parametrize("typed", ["", "m", " m ", "é"])
def test_less_than_two_letters_suggest_nothing(session: Session, goods: dict[str, int], typed: str) -> None:
    assert search_queries.suggest(session, typed) == []


def test_at_most_eight_rows_are_suggested(session: Session) -> None:
    ids = [make_product(session, f"Lamp {number}").id for number in range(12)]
    listing_index.refresh(session, ids)  # pyright: ignore
    rows = search_queries.suggest(session, "lam")
    assert 0 < len(rows) <= 8
    assert all(isinstance(row, Suggestion) for row in rows)


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
