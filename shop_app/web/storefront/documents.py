"""The functions that make each storefront page's content and head as HTML."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import QueryParams

from shop_app.components import plain_texts, styles, texts
from shop_app.core import db, shared_views
from shop_app.core.errors import NotFound
from shop_app.core.i18n import _
from shop_app.services.catalog.views import Crumb, Listing, ListingQuery, Moved, ProductPage
from shop_app.services.search import listing, listing_address
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import order_page, product_page
from shop_app.web.documents import SharedQuery
from shop_app.web.served import Served, ServePage, absolute

from .rendering import preload, render, render_bare

log = logging.getLogger(__name__)

LEAD = _("Home goods from small workshops: stoneware, wood, glass, linen and light. Delivered from Berlin.")


def with_error_page(serve: ServePage) -> ServePage:
    """Decorate `serve`: where it fails, a page with a reference number and status 503 is served.

    The reactive page replaces it as soon as that can load.
    """

    def serve_or_explain(params: dict[str, str], query: QueryParams) -> Served:
        try:
            return serve(params, query)
        except NotFound:
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("A page can't be served, reference %s", reference)
            html = render_bare("broken.html", reference=reference)
            return Served(
                html=html,
                title=title_of(texts.BROKEN_EYEBROW),
                status=503,
                robots="noindex",
                headers={"Retry-After": "30"},
            )

    return serve_or_explain


def title_of(title: str) -> str:
    return f"{title} · {texts.SHOP}"


@with_error_page
def home(_params: dict[str, str], _query: QueryParams) -> Served:
    view = shared_views.read_here(storefront.home)
    hero = view.hero[0] if view.hero else None
    return Served(
        html=render("home.html", view=view),
        title=texts.HOME_TITLE,
        description=LEAD,
        canonical="/",
        image=f"/media/{hero.key}/960.jpg" if hero else "",
        json_ld=[_shop(), _search()],
        headers=preload(hero.key, styles.SIZES_HERO) if hero else {},
    )


@with_error_page
def products(_params: dict[str, str], query: QueryParams) -> Served:
    listing_query = listing_address.read_address({name: query.getlist(name) for name in query})
    view = shared_views.read_here(listing.browse, listing_query)
    first = view.cards[0].picture.key if view.cards else ""
    html = render(
        "listing.html",
        current=listing_address.navigation_entry(listing_query),
        search_text=listing_query.text,
        view=view,
        listing_query=listing_query,
        without_sort=_hidden_fields(listing_query, "sort"),
        without_price=_hidden_fields(listing_query, "price_min", "price_max"),
    )
    return Served(
        html=html,
        title=title_of(_numbered(view)),
        description=view.intro or _("{count} from small workshops.").format(count=view.count_text),
        canonical=view.canonical,
        image=f"/media/{first}/960.jpg" if first else "",
        json_ld=[_crumbs(view.crumbs), _item_list(view)],
        # Search engines index the whole list and its categories, not every way to narrow them.
        robots="noindex, follow" if listing_query.text or view.chips else "",
        headers=preload(first, styles.SIZES_3) if first else {},
    )


def products_query(query: QueryParams) -> SharedQuery:
    """The query of a list, as its address is written by the shop itself."""
    asked = listing_address.read_address({name: query.getlist(name) for name in query})
    return SharedQuery(listing_address.href(asked).partition("?")[2], listing_address.is_free(asked))


def product_query(query: QueryParams) -> SharedQuery:
    """The variant alone; a page without one of the product's SKUs isn't kept."""
    sku = query.get("variant", "")[: product_page.MAX_SKU]
    return SharedQuery(urlencode({"variant": sku}) if sku else "")


def _numbered(view: Listing) -> str:
    if view.page == 1:
        return view.title
    return _("{title}, page {page}").format(title=view.title, page=view.page)


@with_error_page
def product(params: dict[str, str], query: QueryParams) -> Served:
    try:
        page = shared_views.read_here(
            product_page.product, params["slug"], query.get("variant", "")[: product_page.MAX_SKU]
        )
    except Moved as moved:
        return Served(status=301, location=f"/products/{moved.slug}")
    chosen = next((variant for variant in page.variants if variant.sku == page.chosen_sku), None)
    at = min(chosen.picture_index if chosen else 0, max(0, len(page.pictures) - 1))
    # The chosen variant's picture stands first: plain HTML can't scroll to it.
    pictures = page.pictures[at:] + page.pictures[:at]
    picture = pictures[0] if pictures else None
    html = render("product.html", current=_category(page), page=page, chosen=chosen, pictures=pictures, at=at)
    return Served(
        html=html,
        title=title_of(page.title),
        description=page.meta_description,
        canonical=f"/products/{page.slug}",
        image=f"/media/{picture.key}/960.jpg" if picture else "",
        json_ld=_structured(page.json_ld),
        headers=preload(picture.key, styles.SIZES_PRODUCT) if picture else {},
    )


def plain(name: str) -> ServePage:
    """The function that serves one of the plain pages."""
    text = plain_texts.PAGES[name]

    @with_error_page
    def serve(_params: dict[str, str], _query: QueryParams) -> Served:
        return Served(
            html=render("plain.html", page=text),
            title=title_of(text.title),
            description=text.lead,
            canonical=f"/{name}",
        )

    return serve


@with_error_page
def withdrawal(_params: dict[str, str], query: QueryParams) -> Served:
    """The text of the page; the form itself needs scripts."""
    text = plain_texts.WITHDRAWAL
    return Served(
        html=render("plain.html", page=text),
        title=title_of(text.title),
        description=text.lead,
        canonical="/withdrawal",
        headers={"Cache-Control": "no-store"} if "order" in query else {},
    )


def private_page(title: str) -> ServePage:
    """The function that serves a page that is different for every shopper: a title alone, not indexed."""

    @with_error_page
    def serve(_params: dict[str, str], _query: QueryParams) -> Served:
        return Served(title=title_of(title), robots="noindex")

    return serve


def order(params: dict[str, str], _query: QueryParams) -> Served:
    """The head of an order's page, without content.

    Errors  NotFound for a token that no order has.
    """
    with db.reading() as session:
        view = order_page.view(session, params["token"][:128])
    title = _("Order {number}").format(number=view.number)
    return Served(title=title_of(title), robots="noindex", headers={"Cache-Control": "no-store"})


@with_error_page
def not_found(_params: dict[str, str], _query: QueryParams) -> Served:
    return Served(
        html=render("not_found.html"), title=title_of(texts.NOT_FOUND_TITLE), status=404, robots="noindex"
    )


def _category(page: ProductPage) -> str:
    if len(page.crumbs) < 2:
        return ""
    return dict(parse_qsl(urlsplit(page.crumbs[1].href).query)).get("category", "")


def _hidden_fields(listing_query: ListingQuery, *without: str) -> list[tuple[str, str]]:
    """The fields of the address that a form sends along unchanged."""
    fields = parse_qsl(urlsplit(listing_address.changed(listing_query)).query)
    return [(name, value) for name, value in fields if name not in without]


def _structured(text: str) -> list[Mapping[str, Any]]:
    data = json.loads(text) if text else []
    return data if isinstance(data, list) else [data]


def _shop() -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "OnlineStore",
        "name": texts.SHOP,
        "url": absolute("/"),
        "description": LEAD,
    }


def _search() -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "url": absolute("/"),
        "potentialAction": {
            "@type": "SearchAction",
            "target": absolute("/products") + "?q={words}",
            "query-input": "required name=words",
        },
    }


def _crumbs(crumbs: list[Crumb]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for at, crumb in enumerate(crumbs, 1):
        item = {"item": absolute(crumb.href)} if crumb.href else {}
        steps.append({"@type": "ListItem", "position": at, "name": crumb.label} | item)
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps}


def _item_list(view: Listing) -> dict[str, Any]:
    items = [
        {"@type": "ListItem", "position": at, "url": absolute(f"/products/{card.slug}"), "name": card.title}
        for at, card in enumerate(view.cards, 1)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "name": view.title,
        "itemListElement": items,
    }
