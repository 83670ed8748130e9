"""What stands in an address may be anything: each question answers or says that nothing is there."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from shop_app.core.errors import NotFound
from shop_app.services.catalog import product_page
from shop_app.services.listing import listing, search
from shop_app.services.listing.listing_links import read_address, read_query
from shop_app.services.orders import orders
from shop_app.services.payments import payments
from shop_app.services.returns import returnable
from tests.factories import make_product

ODD = ("\0", "a\0b", "\ud800", "\x7f\x1b[31m", "١", "²", "ﬀ" * 300, "'; --", "%", "\\", "_", "🙂" * 200)


@pytest.mark.both
@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:9]))
def test_no_text_of_an_address_makes_a_question_fail(session: Session, text: str) -> None:
    make_product(session, "Oak Table")
    session.flush()
    names = ("q", "category", "sort", "page", "after", "price_min", "colour", text)
    listing.browse(session, read_address(dict.fromkeys(names, text)))
    listing.browse(session, read_address({"after": f"{text}.{text}", "page": "2"}))
    search.suggest(session, text)
    with pytest.raises(NotFound):
        orders.view(session, text)
    with pytest.raises(NotFound):
        orders.look_up(session, text, text)
    with pytest.raises(NotFound):
        product_page.product(session, text)
    with pytest.raises(NotFound):
        returnable.by_token(session, text)
    with pytest.raises(NotFound):
        payments.order_with(session, text)


def test_of_more_fields_than_any_address_has_the_first_count() -> None:
    query = "q=oak&" + "&".join(f"a{number}=1" for number in range(5_000)) + "&sort=price"
    asked = read_query(query)
    assert (asked.text, asked.sort, len(asked.facets)) == ("oak", "", 12)
