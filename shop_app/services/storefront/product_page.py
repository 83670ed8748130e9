"""The product page: one product with its variants, pictures, details, reviews and related products."""

from __future__ import annotations

import html
import re
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core import clock, fact_cache
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.shop import shop
from ...models import LISTED, Picture, Product, ProductPicture, SlugRedirect
from ..catalog import availability, identity, makers, previews, price_history, price_tags, reviews
from ..catalog.views import Crumb, Detail, Moved, PictureView, ProductPage, focus_of
from ..search import cards, categories, index_cache
from ..shipping import queries as shipping_queries
from .product_variants import Choice, choices, pickers, variant
from .related import related
from .structured_data import Offered, json_ld

META_LENGTH = 155
_TAGS = re.compile(r"<[^>]*>")

_product = select(
    *(
        col(getattr(Product, name))
        for name in (
            "id",
            "slug",
            "title",
            "subtitle",
            "description_html",
            "care",
            "materials",
            "dimensions_mm",
            "attributes",
            "vendor",
            "category_id",
            "review_count",
            "stars_sum",
            "seo_title",
            "seo_description",
            "status",
            "maker_id",
            "brand",
            "model",
            "guarantee_months",
            "guarantor",
            "guarantee_terms",
        )
    )
).where(col(Product.slug) == bindparam("slug"))
_published = _product.where(availability.PUBLISHED)
_moved = (
    select(col(Product.slug))
    .join(SlugRedirect, col(SlugRedirect.product_id) == Product.id)
    .where(col(SlugRedirect.slug) == bindparam("slug"))
)
_known_as = select(col(Product.slug)).where(
    col(Product.handle) == bindparam("handle"), availability.PUBLISHED
)
_pictures = (
    select(
        col(ProductPicture.id),
        col(Picture.key),
        col(ProductPicture.alt),
        col(Picture.width),
        col(Picture.height),
        col(Picture.colour),
        col(ProductPicture.focus_x),
        col(ProductPicture.focus_y),
    )
    .join(Picture, col(Picture.id) == ProductPicture.picture_id)
    .where(col(ProductPicture.product_id) == bindparam("id"))
    .order_by(col(ProductPicture.position), col(ProductPicture.id))
)


def product(session: Session, slug: str, sku: str = "", preview: str = "") -> ProductPage:
    """One published product, with the variant `sku` chosen, or the first that can be bought.

    A valid token in `preview` shows one that isn't published (`catalog/previews`).

    Errors  NotFound; Moved when the slug is an old one.
    """
    # PostgreSQL refuses some characters that no slug has, instead of finding nothing.
    if not identity.is_name(slug, identity.MAX_HANDLE):
        raise NotFound(_("There is no such product."))
    row = session.connection().execute(_published, {"slug": slug, "now": clock.now()}).first()
    if preview:
        # Anybody can make up tokens; no entry is kept for them.
        fact_cache.dont_keep()
        row = row or _previewed(session, slug, preview)
    if row is None:
        raise _gone(session, slug)
    fact_cache.depends(fact_cache.product_tag(row.id))
    # What is ordered tomorrow arrives a day later.
    fact_cache.until(clock.end_of(clock.today()))
    pictures = session.connection().execute(_pictures, {"id": row.id}).all()
    variants, swatches = choices(session, row.id, [picture[0] for picture in pictures])
    if not variants:
        raise _gone(session, slug)
    chosen = next((choice for choice in variants if choice.sku == sku), None) or next(
        (choice for choice in variants if choice.stock.available), variants[0]
    )
    if sku and sku != chosen.sku:
        # Anybody can make up SKUs; no entry is kept for them.
        fact_cache.dont_keep()
    shown = [PictureView(*columns, focus_of(x, y)) for _id, *columns, x, y in pictures]
    return _page(session, row, shown, variants, swatches, chosen)


def _previewed(session: Session, slug: str, token: str) -> Any:
    row = session.connection().execute(_product, {"slug": slug}).first()
    return row if row and previews.is_valid(token, row.id) else None


def _gone(session: Session, slug: str) -> Exception:
    """NotFound, or Moved where the slug is an old one, one in other letters, or a handle, as at Shopify."""
    wanted = slug.strip().lower()
    if (
        wanted != slug
        and session.connection().execute(_published, {"slug": wanted, "now": clock.now()}).first()
    ):
        return Moved(wanted)
    new_slug = session.connection().execute(_moved, {"slug": wanted}).scalar()
    if not new_slug:
        known_as = {"handle": identity.handle_of(slug), "now": clock.now()}
        new_slug = session.connection().execute(_known_as, known_as).scalar()
    if new_slug and new_slug != slug:
        return Moved(new_slug)
    return NotFound(_("There is no such product."))


def _page(
    session: Session,
    row: Any,
    pictures: list[PictureView],
    choices: list[Choice],
    swatches: dict[tuple[str, str], str],
    chosen: Choice,
) -> ProductPage:
    now = clock.now()
    crumbs = _crumbs(session, row.category_id, row.title)
    rating_milli = cards.rating_milli(row.stars_sum, row.review_count)
    shown = reviews.page(session, row.id) if row.review_count else []
    meta = row.seo_description or _cut(f"{row.subtitle}. {plain_text(row.description_html)}".lstrip(". "))
    lowest = price_history.lowest_lines(session, {choice.id: choice.compare_at_minor for choice in choices})
    own = pickers(chosen, choices, swatches)
    ways = shipping_queries.methods(session).get(shop().country, ())
    return ProductPage(
        slug=row.slug,
        listed=row.status == LISTED,
        title=row.title,
        seo_title=row.seo_title,
        subtitle=row.subtitle,
        crumbs=crumbs,
        description_html=row.description_html,
        pictures=pictures,
        variants=[
            # The others' pickers are made when they are chosen.
            variant(
                choice, own if choice is chosen else [], lowest.get(choice.id, ""), _delivery(ways, choice)
            )
            for choice in choices
        ],
        chosen_sku=chosen.sku,
        details=[*_details(row, chosen), *_made_by(session, row)],
        care=row.care,
        rating=cards.rating_text(rating_milli),
        rating_percent=cards.rating_percent(rating_milli),
        review_count=row.review_count,
        review_text=plural("{count} review", "{count} reviews", row.review_count),
        stars=reviews.spread(session, row.id) if row.review_count else [],
        reviews=shown,
        more_reviews=max(0, row.review_count - len(shown)),
        related=related(session, row.id, row.category_id),
        as_of_ms=int(now.timestamp() * 1000),
        meta_description=meta,
        json_ld=json_ld(
            slug=row.slug,
            title=row.title,
            description=meta,
            brand=row.brand or row.vendor,
            picture_keys=[picture.key for picture in pictures],
            rating_milli=rating_milli,
            review_count=row.review_count,
            crumbs=crumbs,
            offers=[
                Offered(choice.sku, choice.barcode, choice.title, choice.price_minor, choice.stock.kind)
                for choice in choices
            ],
        ),
    )


def _crumbs(session: Session, category_id: int | None, title: str) -> list[Crumb]:
    by_id = categories.tree.get(session, index_cache.stamp(session)).by_id
    branch = by_id.get(category_id) if category_id else None
    between = [by_id[key] for key in branch.path] if branch else []
    return [
        Crumb(_("Home"), "/"),
        *(Crumb(step.title, f"/products?category={step.slug}") for step in between),
        Crumb(title, ""),
    ]


def _delivery(ways: tuple[shipping_queries.Method, ...], choice: Choice) -> tuple[str, str]:
    """When a unit in stock would arrive in the shop's own country, and what delivery costs; "" for never."""
    best = shipping_queries.cheapest(ways, choice.price_minor, choice.weight_grams)
    if best is None:
        return "", ""
    method, price_minor = best
    first, last = shipping_queries.arrival_range(clock.today(), method, shop().country)
    dates = shipping_queries.arrival_text(first, last, shop().locale, pick_up=method.is_pick_up)
    line = dates if method.is_pick_up else _("With you {dates}").format(dates=dates)
    if price_minor == 0:
        return line, _("Free delivery")
    cost = _("Delivery {price}").format(price=price_tags.shown(price_minor))
    if method.free_above_minor is not None:
        cost = _("Delivery {price}, free from {limit}").format(
            price=price_tags.shown(price_minor), limit=price_tags.shown(method.free_above_minor)
        )
    return line, cost


def _details(row: Any, chosen: Choice) -> list[Detail]:
    details = [Detail(_("Materials"), ", ".join(row.materials))] if row.materials else []
    names = {"width": _("width"), "depth": _("depth"), "height": _("height")}
    measured = {name: size for key, name in names.items() if (size := row.dimensions_mm.get(key))}
    if measured:
        sizes = " × ".join(price_tags.number(size, 10) for size in measured.values())
        details.append(Detail(_("Measurements"), f"{sizes} cm ({', '.join(measured)})"))
    if grams := chosen.weight_grams:
        text = f"{price_tags.number(grams, 1000)} kg" if grams >= 1000 else f"{grams} g"
        details.append(Detail(_("Weight"), text))
    attributes = ((entry.get("name", ""), entry.get("value", "")) for entry in row.attributes)
    return details + [Detail(name, value) for name, value in attributes if name and value]


def _made_by(session: Session, row: Any) -> list[Detail]:
    """Maker, responsible person and guarantee, as the law wants them beside the offer.

    Source  Regulation (EU) 2023/988, article 19; Directive (EU) 2024/825.
    """
    details = [Detail(_("Brand"), row.brand)] if row.brand else []
    if row.model:
        details.append(Detail(_("Model"), row.model))
    if row.maker_id:
        maker = makers.details_of(session, row.maker_id)
        details.append(Detail(_("Manufacturer"), _lines(maker.name, maker.address, maker.contact)))
        person = (maker.responsible_name, maker.responsible_address, maker.responsible_contact)
        if any(person):
            details.append(Detail(_("Responsible in the EU"), _lines(*person)))
    if row.guarantee_months:
        length = plural("{count} month", "{count} months", row.guarantee_months)
        by = _("by {guarantor}").format(guarantor=row.guarantor) if row.guarantor else ""
        details.append(
            Detail(_("Guarantee"), ". ".join(filter(None, (f"{length} {by}".strip(), row.guarantee_terms))))
        )
    return details


def _lines(*texts: str) -> str:
    return ", ".join(line.strip() for text in texts for line in text.splitlines() if line.strip())


def plain_text(markup: str) -> str:
    """The words of sanitised HTML on one line.

    >>> plain_text("<p>One.</p><p>Two &amp; three.</p>")
    'One. Two & three.'
    """
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())


def _cut(text: str) -> str:
    if len(text) <= META_LENGTH:
        return text
    return text[:META_LENGTH].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
