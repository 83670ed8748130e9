"""What stands in an address may be anything: each question answers or says that nothing is there."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlmodel import Session

from shop_app.core.errors import NotFound
from shop_app.services.orders import queries as order_queries
from shop_app.services.payments import commands as payment_commands
from shop_app.services.returns import returnable
from shop_app.services.search import listing
from shop_app.services.search.listing_address import href, price_error, read_address, read_query
from shop_app.services.search.suggestions import suggest
from shop_app.services.storefront import order_page, product_page
from tests.factories import make_product

ODD = ("\0", "a\0b", "\ud800", "\x7f\x1b[31m", "١", "²", "ﬀ" * 300, "'; --", "%", "\\", "_", "🙂" * 200)


@pytest.mark.both
@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:9]))
def test_no_text_of_an_address_makes_a_question_fail(session: Session, text: str) -> None:
    make_product(session, "Oak Table")
    session.flush()
    names = ("q", "sort", "page", "after", "price_min", "colour", text)
    listing.browse(session, read_address(dict.fromkeys(names, text)))
    with suppress(NotFound):
        listing.browse(session, read_address({"category": text}))
    listing.browse(session, read_address({"after": f"{text}.{text}", "page": "2"}))
    suggest(session, text)
    with pytest.raises(NotFound):
        order_page.view(session, text)
    with pytest.raises(NotFound):
        order_queries.look_up(session, text, text)
    with pytest.raises(NotFound):
        product_page.product(session, text)
    with pytest.raises(NotFound):
        returnable.by_token(session, text)
    with pytest.raises(NotFound):
        payment_commands.order_with(session, text)


def test_of_more_fields_than_any_address_has_the_first_count() -> None:
    query = "q=oak&" + "&".join(f"a{number}=1" for number in range(5_000)) + "&sort=price"
    listing_query = read_query(query)
    assert (listing_query.text, listing_query.sort, len(listing_query.facets)) == ("oak", "", 12)


@pytest.mark.parametrize(
    ("typed", "minor", "error"),
    [
        ("20", 2000, ""),
        ("19.50", 1950, ""),
        ("19,50", 1950, ""),
        ("1,299.00", 129900, ""),
        ("1.299,00 €", 129900, ""),
        ("1 000", 100000, ""),
        ("１０００", 100000, ""),
        ("1,000", None, "1,000 could be 1000 or 1.000. Enter it without a sign for thousands."),
        ("1.000", None, "1.000 could be 1000 or 1.000. Enter it without a sign for thousands."),
        ("12,000", None, "12,000 could be 12000 or 12.000. Enter it without a sign for thousands."),
        ("$20", None, "Enter amounts in figures, such as 20 or 19.50."),
        ("1e3", None, "Enter amounts in figures, such as 20 or 19.50."),
        ("-5", None, "Enter amounts in figures, such as 20 or 19.50."),
    ],
)
@pytest.mark.parametrize("field", ["price_min", "price_max"])
def test_a_typed_price_filters_by_what_it_says_or_not_at_all(field: str, typed: str, minor, error: str):
    query = read_address({field: typed})
    assert getattr(query, f"{field}_minor") == minor
    assert price_error(query) == error
    other = "price_max" if field == "price_min" else "price_min"
    assert getattr(query, f"{other}_minor") is None
    assert read_address({field: typed}) == read_query(href(query).partition("?")[2])
