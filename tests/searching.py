"""Products by their titles alone, and what a search finds of them."""

from __future__ import annotations

from sqlmodel import Session

from shop_app.models import Product
from shop_app.services.search import listing_index
from shop_app.services.search import queries as search_queries
from tests.factories import make_product


def sell(session: Session, *titles: str) -> list[int]:
    """Products with these titles, the first the most popular, whose SKUs say nothing."""
    ids = []
    for number, title in enumerate(titles):
        product = make_product(session, title, slug=f"p{number}", sku=f"P{number}", description_html="")
        product.subtitle, product.sold_count = "", len(titles) - number
        ids.append(product.id or 0)
    listing_index.refresh(session, ids)
    return ids


def titles_found(session: Session, query: str) -> list[str]:
    matches = search_queries.find(session, query)
    assert matches.corrected == ""
    return [session.get_one(Product, key).title for key in matches.product_ids]


def assert_not_found(session: Session, query: str) -> None:
    """Nothing has the words themselves; what is found for another word is said to be."""
    matches = search_queries.find(session, query)
    assert matches.corrected or not matches.product_ids, query


def assert_found(session: Session, table: dict[str, list[str]]) -> None:
    assert {query: titles_found(session, query) for query in table} == table
