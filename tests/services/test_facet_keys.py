"""Facets keep their values: different ones never meet, and older addresses go on working."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from shop_app.models import Product
from shop_app.services.catalog.identity import trimmed
from shop_app.services.catalog.views import Facet, Listing, ListingQuery
from shop_app.services.search import listing, listing_address, listing_index, listing_pages
from shop_app.services.search.facet_keys import MAX_LABEL, key_of, old_key, read_key, text_of
from tests.factories import make_product

IN_BOTH_WAYS = (-1, 10**9)
"""Of `SORTED_HERE`: each page by the database, each page from the counts."""


def browse(session: Session, address: str) -> Listing:
    return listing.browse(session, listing_address.read_query(urlsplit(address).query))


def shelf(session: Session, values: Iterable[str], name: str = "Size") -> dict[str, str]:
    """A product for each value of one option; returns the values by slug."""
    by_slug = {}
    for number, value in enumerate(values):
        product = make_product(session, f"P {number}", options={name: [value]}, sku=f"S{number}")
        by_slug[product.slug] = value
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    return by_slug


def facet_of(view: Listing) -> Facet:
    return view.facets[0]


NAMES = [
    ("红", "虹", "蓝"),
    ("½", "1/2", "1-2", "1 2", "12", "1,2", "1.2"),
    ("Bleu", "Bléu", "Blau", "Bläu", "Blaeu"),
    ("+", "-", "++", "--", "−", "±"),
    ("ß", "ss", "s"),
    ("ı", "i", "í", "ï"),
    ("Größe", "Groesse", "Grosse"),
    ("a,b", "a", "b", "a~.b"),
    ("a-b", "a b", "a~-b", "a_b", "ab"),
    ("カラス", "ガラス"),
    ("🔴", "🔵", "❤", "❤️"),
    ("علی‌رضا", "علی رضا", "علیرضا"),
    ('5"', "5'", "5”", "5′"),
    ("50%", "50&", "50#", "50?", "50=", "50+", "50/", "50\\"),
    ("<b>", "&lt;b&gt;", "b"),
    ("m²", "m2", "m₂"),
    ("$.a", '$."a"', "a[0]"),
]


@pytest.mark.both
@pytest.mark.parametrize("values", NAMES, ids=lambda values: " ".join(values))
def test_different_values_are_different_filters_each_with_exactly_its_products(
    session: Session, values: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    by_slug = shelf(session, values)
    choices = facet_of(browse(session, "/products")).choices
    assert {choice.label for choice in choices} == set(values)
    for choice in choices:
        for limit in IN_BOTH_WAYS:
            monkeypatch.setattr(listing_pages, "SORTED_HERE", limit)
            # With a second filter, one variant has to fulfil both: the database asks its options.
            for address in (choice.href, f"{choice.href}&in_stock=1"):
                view = browse(session, address)
                assert [by_slug[card.slug] for card in view.cards] == [choice.label]
                assert view.chips[0].label == choice.label


@pytest.mark.both
@pytest.mark.parametrize("values", NAMES, ids=lambda values: " ".join(values))
def test_different_names_of_options_are_different_filters(session: Session, values: tuple[str, ...]):
    products = {
        make_product(session, f"P {number}", options={name: ["One"]}).slug: name
        for number, name in enumerate(values)
    }
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    for slug, name in products.items():
        query = ListingQuery(facets=((key_of(name), ("one",)),), in_stock=True)
        assert listing_address.read_query(urlsplit(listing_address.href(query)).query) == query
        assert [card.slug for card in listing.browse(session, query).cards] == [slug]


@pytest.mark.both
@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (("Red", "red", "RED"), "RED"),
        (("Café", "Cafe\u0301"), "Cafe\u0301"),
        ((" Oak", "Oak ", "Oak"), " Oak"),
        (("Dark navy", "dark  navy"), "Dark navy"),
        (("ÉTÉ", "été"), "ÉTÉ"),
        (("Ёж", "ёж"), "Ёж"),
    ],
)
def test_case_composition_and_spaces_make_no_difference(
    session: Session, values: tuple[str, ...], shown: str
):
    shelf(session, values)
    view = browse(session, "/products?size=" + key_of(shown))
    assert [(choice.label, choice.count) for choice in facet_of(view).choices] == [(shown, len(values))]
    assert len(view.cards) == len(values)


@pytest.mark.both
@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("grosse=1-2", {"½", "1/2", "1-2"}),
        ("grosse=hong", {"红", "虹"}),
        ("grosse=50-x-90-cm", {"50 × 90 cm"}),
        ("grosse=bleu", {"Bleu"}),
        ("Größe=BLEU", {"Bleu"}),
        ("größe=1/2", {"1/2"}),
        ("grosse=moss,1-2", {"Moss", "½", "1/2", "1-2"}),
        ("grosse=nowhere", set()),
        ("ref=letter", {"½", "1/2", "1-2", "红", "虹", "50 × 90 cm", "Bleu", "Bléu", "Moss"}),
    ],
)
def test_addresses_of_before_go_on_working(session: Session, query: str, labels: set[str]):
    by_slug = shelf(session, ("½", "1/2", "1-2", "红", "虹", "50 × 90 cm", "Bleu", "Bléu", "Moss"), "Größe")
    view = browse(session, "/products?" + query)
    assert {by_slug[card.slug] for card in view.cards} == labels


@pytest.mark.both
def test_a_facet_is_shown_by_its_own_name(session: Session):
    for number, name in enumerate(("颜色", "Größe", "Made in")):
        make_product(session, f"P {number}", options={name: ["One", "Two"]})
    listing_index.refresh(session, session.exec(select(col(Product.id))).all())  # pyright: ignore
    assert [(facet.name, facet.label) for facet in browse(session, "/products").facets] == [
        ("größe", "Größe"),
        ("made-in", "Made in"),
        ("颜色", "颜色"),
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
NASTY = st.text(st.sampled_from("aA1 -~,_./%+&=#?\"'\\éÉßſıİiΣσς½红"), min_size=1, max_size=6)


@given(TEXTS | NASTY, TEXTS | NASTY)
def test_two_texts_have_one_key_only_if_case_and_spaces_alone_differ(one: str, other: str):
    plain = [" ".join(trimmed(text).split()) for text in (one, other)]
    same = trimmed(plain[0].lower()) == trimmed(plain[1].lower())
    assert (key_of(one) == key_of(other)) == same
    assert text_of(key_of(one)) == trimmed(plain[0].lower())


@given(TEXTS | NASTY)
def test_a_key_is_read_back_from_an_address_as_it_was_written(label: str):
    key = key_of(label)
    if not read_key(key):
        return
    query = ListingQuery(facets=(("size", (key,)),))
    assert listing_address.read_query(urlsplit(listing_address.href(query)).query) == query
    assert listing_address.read_address(listing_address.values(query)) == query


@pytest.mark.both
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists((TEXTS | NASTY).filter(str.strip), min_size=1, max_size=6))
def test_any_values_are_as_many_filters_as_they_have_keys(session: Session, values: list[str]):
    with session.begin_nested() as undo:
        by_slug = shelf(session, values)
        keys = {key for value in values if read_key(key := key_of(value)) == key}
        for key in keys:
            query = ListingQuery(facets=(("size", (key,)),), in_stock=True)
            found = [by_slug[card.slug] for card in listing.browse(session, query).cards]
            assert sorted(found) == sorted(value for value in values if key_of(value) == key)
        undo.rollback()


def test_a_sentence_is_no_filter(session: Session):
    shelf(session, ("x" * MAX_LABEL, "y" * (MAX_LABEL + 1), "-" * MAX_LABEL))
    view = browse(session, "/products")
    assert {choice.label for choice in facet_of(view).choices} == {"x" * MAX_LABEL, "-" * MAX_LABEL}


def test_the_slug_of_before_is_what_it_was():
    assert [old_key(text) for text in ("½", "红", "50 × 90 cm", "–")] == [
        "1-2",
        "hong",
        "50-x-90-cm",
        "other",
    ]
