"""Unlisted products: sold to whoever has the address, and in no list, search or sitemap."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from shop_app.core.errors import NotFound
from shop_app.core.pages import read_address
from shop_app.models import Collection, CollectionProduct, Product, ProductStatus
from shop_app.pages import product as product_document
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.catalog import availability, reviews
from shop_app.services.search import cards, listing, listing_index
from shop_app.services.search.listing_address import read_query
from shop_app.services.search.suggestions import suggest
from shop_app.services.storefront import home, product_page
from shop_app.state import product as product_state
from tests.factories import add, key_hash, make_basics, make_product, variants_of

pytestmark = pytest.mark.both
ME = key_hash()


@pytest.fixture
def products(session: Session) -> dict[str, Product]:
    """A listed lamp and an unlisted one, both in the featured collection."""
    make_basics(session)
    lamps = {
        "listed": make_product(session, "Fable Lamp", stock=3),
        "unlisted": make_product(session, "Secret Lamp", stock=30, status=ProductStatus.UNLISTED),
        "draft": make_product(session, "Draft Lamp", stock=3, status=ProductStatus.DRAFT),
    }
    featured = add(session, Collection(slug="featured", title="Featured"))
    for product in lamps.values():
        add(session, CollectionProduct(collection_id=featured.id or 0, product_id=product.id or 0))
    listing_index.refresh(session, [product.id or 0 for product in lamps.values()])
    session.flush()
    return lamps


def test_it_is_in_no_list_search_or_sitemap(session: Session, products: dict[str, Product]):
    for address in ("", "q=lamp", "q=secret", "q=SECRET-LAMP", "in_stock=1", "new=1", "sort=newest"):
        shown = {card.slug for card in listing.browse(session, read_query(address)).cards}
        assert shown <= {"fable-lamp"}, address
    suggested = suggest(session, "secret lamp")
    assert suggested.products == []
    assert [path for path, _at in home.product_addresses(session)] == ["/products/fable-lamp"]
    shown_at_home = repr(home.home(session))
    assert "fable-lamp" in shown_at_home
    assert "secret-lamp" not in shown_at_home
    assert [card.slug for card in cards.of_slugs(session, ["secret-lamp", "fable-lamp"])] == ["fable-lamp"]
    page = product_page.product(session, "fable-lamp")
    assert [card.slug for card in page.related] == []


def test_its_page_is_there_and_search_engines_leave_it_out(session: Session, products: dict[str, Product]):
    heads = {}
    for slug in ("fable-lamp", "secret-lamp"):
        address = read_address(product_state.ROUTE, f"/products/{slug}", "")
        heads[slug] = product_document.head(product_state.view(session, address))
    assert {slug: head.robots for slug, head in heads.items()} == {"fable-lamp": "", "secret-lamp": "noindex"}
    assert heads["secret-lamp"].json_ld[0]["@graph"][0]["offers"][0]["availability"] == (
        "https://schema.org/InStock"
    )
    with pytest.raises(NotFound):
        product_page.product(session, "draft-lamp")


def test_it_can_be_bought(session: Session, products: dict[str, Product]):
    cart_commands.add(session, ME, "SECRET-LAMP", 2)
    view = cart_queries.view(session, ME)
    assert [(line.sku, line.quantity) for line in view.lines] == [("SECRET-LAMP", 2)]
    assert view.can_check_out
    with pytest.raises(NotFound):
        cart_commands.add(session, ME, "DRAFT-LAMP", 1)


def test_its_open_page_gets_news_of_its_stock(session: Session, products: dict[str, Product]):
    ids = tuple(variants_of(session, product)[0].id or 0 for product in products.values())
    assert [one.slug for one in availability.of_variants(session, ids)] == ["fable-lamp", "secret-lamp"]
    assert reviews.more_reviews(session, "secret-lamp", 0) == []
