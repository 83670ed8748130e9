"""The storefront as plain HTML: what an engine, or a person without scripts, gets from each address."""

from __future__ import annotations

import re

import pytest
from reflex import Var
from sqlalchemy import Engine
from sqlmodel import select
from starlette.datastructures import QueryParams

from shop_app import page as page_module
from shop_app.components import styles
from shop_app.core import db
from shop_app.core.errors import NotFound
from shop_app.core.pages import MovedTo
from shop_app.models import Product, ProductStatus, Review, SlugRedirect
from shop_app.page import Page
from shop_app.pages import home, line_link, listing, not_found, own, plain, product, withdrawal
from shop_app.pages.account import email_undo
from shop_app.providers.payments import registry
from shop_app.services.catalog import reviews
from shop_app.services.search import listing_index
from shop_app.services.shop import legal
from shop_app.web.served import Served, early_head
from tests.factories import make_product

PLAIN = {page.route.strip("/"): page for page in plain.PAGES}
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def shop(engine: Engine) -> None:
    """A reduced lamp in two colours, a sold-out bowl, and a product with HTML for a name."""
    with db.transaction() as session:
        lamp = make_product(
            session,
            "Fable Lamp",
            price_minor=4900,
            compare_at_minor=5900,
            options={"Colour": ["Moss", "Clay"]},
        )
        bowl = make_product(session, "Shoal Bowl", category="Table", price_minor=2200, stock=0)
        evil = make_product(session, EVIL, slug="evil", category="Table", price_minor=1000)
        ids = [product.id for product in (lamp, bowl, evil) if product.id]
        session.add(SlugRedirect(slug="old-lamp", product_id=ids[0]))
        listing_index.refresh(session, ids)


def _get(page: Page, address: str = "", **parameters: str) -> Served:
    return page.serve(parameters, QueryParams(address))


def _cards(page: Served) -> list[str]:
    return re.findall(r'data-slug="([^"]+)"', page.html)


def test_a_title_is_made_with_the_page_so_that_the_served_one_is_text():
    made_at_import = [one.route for one in own.PAGES if isinstance(one.title, Var)]
    assert made_at_import == []


@pytest.mark.usefixtures("shop")
def test_links_of_letters_that_lead_to_nothing_are_pages_that_say_so():
    for served in (_get(line_link.PAGE, token="none"), _get(email_undo.PAGE, ticket="none")):
        assert (served.status, served.robots) == (200, "noindex")
        assert "<h1" in served.html
        assert " · " in served.title


@pytest.mark.usefixtures("shop")
def test_the_home_page_leads_to_categories_and_products():
    page = _get(home.PAGE)
    assert page.status == 200
    assert 'href="/products?category=lighting"' in page.html
    assert 'href="/products/fable-lamp"' in page.html
    assert page.canonical == "/"
    assert re.findall(r">([\w ]+ \(\d+\))</a>", page.html) == [
        "All products (3)",
        "All products (3)",
        "View all (1)",
        "View all (3)",
    ]


@pytest.mark.usefixtures("shop")
def test_every_page_shows_what_can_be_paid_with_as_soon_as_the_provider_has_said_so(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(registry, "_known", {})
    lamp = {"slug": "fable-lamp"}
    assert "/marks/" not in _get(home.PAGE).html + _get(product.PAGE, **lamp).html
    registry.remember_methods("stripe", ("card", "paypal"))
    marks = ["visa", "mastercard", "amex", "paypal"]
    assert re.findall(r"/marks/(\w+)\.svg", _get(home.PAGE).html) == marks
    # In the footer, and before it next to the button.
    assert re.findall(r"/marks/(\w+)\.svg", _get(product.PAGE, **lamp).html) == marks * 2


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("page", "address", "parameters"),
    [
        (home.PAGE, "", {}),
        (listing.PAGE, "", {}),
        (listing.PAGE, "q=lamp", {}),
        (product.PAGE, "", {"slug": "fable-lamp"}),
    ],
)
def test_a_product_without_a_picture_has_an_empty_frame(page: Page, address: str, parameters: dict[str, str]):
    html = _get(page, address, **parameters).html
    assert "Fable Lamp" in html
    assert re.findall(r"<picture|<source|/media/", html) == []


@pytest.mark.usefixtures("shop")
def test_a_page_that_is_not_there_leads_on_by_a_search_and_the_categories():
    html = _get(not_found.PAGE).html
    main = html[html.index("<h1") :]
    assert re.findall(r'<form action="([^"]+)" method="(\w+)"', main) == [("/products", "get")]
    assert '<input id="lost-search" name="q" type="search"' in main
    assert 'href="/products?category=lighting"' in main
    assert 'href="/products?category=table"' in main


@pytest.mark.usefixtures("shop")
def test_what_is_sold_out_offers_a_letter_in_place_of_a_day():
    html = _get(product.PAGE, slug="shoal-bowl").html
    assert html.count("Tell me when it&#39;s back</h2>") == 1
    assert 'type="email"' in html
    assert "Tell me when" not in _get(product.PAGE, slug="fable-lamp").html


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("given", "said", "width"),
    [((3,), "3.0", "60%"), ((5, 4, 1), "3.3", "67%"), ((4, 5, 5, 5, 5), "4.8", "96%")],
)
def test_stars_are_filled_to_the_average_and_say_it(given: tuple[int, ...], said: str, width: str):
    with db.transaction() as session:
        lamp = session.exec(select(Product).where(Product.slug == "fable-lamp")).one()
        for stars in given:
            session.add(Review(product_id=lamp.id or 0, author_name="Ada", stars=stars, status="published"))
        reviews.refresh(session, [lamp.id or 0])
        listing_index.refresh(session, [lamp.id or 0])
    html = _get(product.PAGE, slug="fable-lamp").html
    drawn = re.findall(r'overflow-hidden" style="width:(\d+%)">.*?sr-only">([^<]+)<', html)
    assert drawn[0] == (width, f"Rated {said} of 5 stars")
    assert drawn[1] == (width, f"{said} of 5 stars")
    assert sorted(drawn[2:]) == sorted((f"{20 * stars}%", f"{stars} of 5 stars") for stars in given)
    card = re.sub("<[^>]+>", "", _get(listing.PAGE).html)
    assert f"Rated {said} of 5 stars({len(given)})" in card


@pytest.mark.usefixtures("shop")
def test_a_list_shows_what_its_address_asks_for():
    assert sorted(_cards(_get(listing.PAGE))) == ["evil", "fable-lamp", "shoal-bowl"]
    assert _cards(_get(listing.PAGE, "category=lighting")) == ["fable-lamp"]
    assert _cards(_get(listing.PAGE, "in_stock=1&price_max=20")) == ["evil"]


@pytest.mark.usefixtures("shop")
def test_only_whole_lists_are_for_search_engines():
    assert _get(listing.PAGE, "category=table").robots == ""
    assert _get(listing.PAGE, "category=table&in_stock=1").robots == "noindex, follow"
    assert _get(listing.PAGE, "q=lamp").robots == "noindex, follow"


@pytest.mark.usefixtures("shop")
def test_forms_keep_the_rest_of_the_address():
    html = _get(listing.PAGE, "category=lighting&colour=moss&sort=price").html
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    assert hidden == [
        *(("category", "lighting"), ("colour", "moss"), ("sort", "price")),
        *(("category", "lighting"), ("colour", "moss")),
    ]


@pytest.mark.usefixtures("shop")
def test_an_unknown_category_is_not_found():
    with pytest.raises(NotFound):
        _get(listing.PAGE, "category=nothing")


@pytest.mark.usefixtures("shop")
def test_a_product_says_name_price_stock_and_description():
    page = _get(product.PAGE, slug="fable-lamp")
    text = re.sub(r"<[^>]+>", " ", page.html)
    for words in ("Fable Lamp", "€49.00", "€59.00", "In stock", "A lamp that reads to you."):
        assert words in text
    assert page.title == "Fable Lamp · Your shop"
    assert page.canonical == "/products/fable-lamp"
    assert page.json_ld


@pytest.mark.usefixtures("shop")
def test_an_unlisted_product_is_served_at_its_address_alone():
    with db.transaction() as session:
        lamp = session.exec(select(Product).where(Product.slug == "fable-lamp")).one()
        lamp.status = ProductStatus.UNLISTED
        session.flush()
        listing_index.refresh(session, [lamp.id or 0])
    page = _get(product.PAGE, slug="fable-lamp")
    assert (page.status, page.robots, page.canonical) == (200, "noindex", "/products/fable-lamp")
    assert '<meta name="robots" content="noindex" data-served>' in early_head(page)
    assert "Add to cart" in page.html
    assert "fable-lamp" not in _get(listing.PAGE).html + _get(listing.PAGE, "q=fable").html
    assert "fable-lamp" not in _get(home.PAGE).html
    assert _get(product.PAGE, slug="shoal-bowl").robots == ""


@pytest.mark.usefixtures("shop")
def test_a_price_that_could_be_two_filters_nothing_and_says_why():
    page = _get(listing.PAGE, "price_min=1,000")
    assert "1,000 could be 1000 or 1.000. Enter it without a sign for thousands." in page.html
    assert _cards(page) == _cards(_get(listing.PAGE))
    assert _cards(_get(listing.PAGE, "price_min=1,000.00")) == []


@pytest.mark.usefixtures("shop")
def test_the_variants_of_a_product_are_links():
    html = _get(product.PAGE, "variant=FABLE-LAMP-CLAY", slug="fable-lamp").html
    assert re.findall(r'href="(/products/fable-lamp\?variant=[^"]+)"', html) == [
        "/products/fable-lamp?variant=FABLE-LAMP-MOSS",
        "/products/fable-lamp?variant=FABLE-LAMP-CLAY",
    ]


@pytest.mark.usefixtures("shop")
def test_an_old_address_moves_to_the_new_one():
    with pytest.raises(MovedTo) as moved:
        _get(product.PAGE, slug="old-lamp")
    assert (moved.value.path, moved.value.is_permanent) == ("/products/fable-lamp", True)


@pytest.mark.usefixtures("shop")
def test_an_unknown_product_is_not_found():
    with pytest.raises(NotFound):
        _get(product.PAGE, slug="nothing")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("address", ["q=%3Cimg+src%3Dx+onerror%3D%22alert(1)%22%3E", "category=table"])
def test_html_in_names_and_searches_is_text(address: str):
    assert "<img src=x" not in _get(listing.PAGE, address).html


@pytest.mark.usefixtures("shop")
def test_a_search_of_a_million_characters_is_answered():
    page = _get(listing.PAGE, "q=" + "a" * 1_000_000)
    assert page.status == 200
    assert len(page.html) < 200_000


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", PLAIN)
def test_every_plain_page_says_what_it_is_about(name: str):
    page = _get(PLAIN[name])
    assert f'<h1 class="{styles.D2}">' in page.html
    assert page.description == legal.base(name, "en").lead
    assert page.canonical == f"/{name}"


def test_a_broken_database_gets_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise RuntimeError("CANARY-secret")

    monkeypatch.setattr(page_module.db, "reading", broken)
    page = _get(home.PAGE)
    assert page.status == 503
    assert page.headers["Retry-After"] == "30"
    assert "We dropped something" in page.html
    assert "CANARY" not in page.html


@pytest.mark.usefixtures("shop")
def test_withdrawing_can_be_read_about_without_a_script_and_is_in_every_footer():
    page = _get(withdrawal.PAGE)
    text = re.sub(r"<[^>]+>", " ", page.html)
    for words in ("Withdraw from a contract", "without giving a reason", "counts too"):
        assert words in text
    assert (page.canonical, page.robots, page.headers) == ("/withdrawal", "", {})
    assert "a-token" not in _get(withdrawal.PAGE, "order=a-token").html
    assert 'href="/withdrawal"' in _get(PLAIN["about"]).html
