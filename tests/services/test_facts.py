"""Facts: whoever changes what pages show empties every view that shows it, and few that don't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, select

from shop_app.core import clock as now_clock
from shop_app.core import db, events, shared_views
from shop_app.core.errors import ShopError
from shop_app.models import Category, Product, Review, ReviewStatus, ShippingMethod, StockPolicy
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.catalog import commands, reviews
from shop_app.services.catalog.product_draft import ProductDraft, VariantDraft
from shop_app.services.catalog.views import ListingQuery, Moved, ProductPage
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.search import categories, index_cache, listing, listing_index, synonyms
from shop_app.services.storefront import home, product_page
from tests.factories import key_hash, make_basics, make_product, variant_with
from tests.racing import ENOUGH, FORM

BUYER = "buyer"
PAGES = {
    "home": (home.home,),
    "list": (listing.browse, ListingQuery()),
    "lighting": (listing.browse, ListingQuery(category="lighting")),
    "table": (listing.browse, ListingQuery(category="table")),
    "in stock": (listing.browse, ListingQuery(in_stock=True)),
    "cheapest": (listing.browse, ListingQuery(sort="price")),
    "search": (listing.browse, ListingQuery(text="lamp")),
    "lamp": (product_page.product, "fable-lamp", ""),
    "moss lamp": (product_page.product, "fable-lamp", "FABLE-LAMP-MOSS"),
    "bowl": (product_page.product, "shoal-bowl", ""),
    "cup": (product_page.product, "reed-cup", ""),
    "navigation": (categories.navigation,),
}
LAMP = {"home", "list", "lighting", "in stock", "cheapest", "search", "lamp", "moss lamp"}
"""The pages that show the lamp; nothing else is related to it."""
LISTS = {"home", "list", "lighting", "table", "in stock", "cheapest", "search"}


@pytest.fixture
def shop(engine: Engine, clock: object, monkeypatch: pytest.MonkeyPatch) -> None:
    # Counts, and the bounds of prices beside them, may be a second old where renewing them takes long.
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)
    with db.transaction() as session:
        make_basics(session)
        ids = [
            make_product(session, "Fable Lamp", options={"Colour": ["Moss", "Clay"]}).id,
            make_product(session, "Shoal Bowl", category="Table", price_minor=2200).id,
            make_product(session, "Reed Cup", category="Table", price_minor=1200).id,
        ]
        listing_index.refresh(session, [key for key in ids if key])
        # Two of these are with a buyer.
        cart_commands.add(session, key_hash(BUYER), "FABLE-LAMP-MOSS", 2)


def changed(**changes: object) -> Callable[[Session], object]:
    def change(session: Session) -> None:
        draft, version = commands.draft_of(session, "fable-lamp")
        commands.save(session, "fable-lamp", replace(draft, **changes), version=version, actor="t")  # pyright: ignore

    return change


def repriced(session: Session) -> None:
    commands.set_prices(session, {"FABLE-LAMP-MOSS": (4100, 5900)}, actor="t")


def repriced_bowl(session: Session) -> None:
    commands.set_prices(session, {"SHOAL-BOWL": (2100, None)}, actor="t")


def counted(units: int, sku: str = "FABLE-LAMP-MOSS") -> Callable[[Session], object]:
    def count(session: Session) -> None:
        inventory_commands.set_on_hand(session, variant_with(session, sku).id or 0, units, reason="t")

    return count


def sold_out(session: Session) -> None:
    counted(0, "FABLE-LAMP-MOSS")(session)
    counted(0, "FABLE-LAMP-CLAY")(session)


def on_backorder(session: Session) -> None:
    counted(0)(session)
    key = variant_with(session, "FABLE-LAMP-MOSS").id or 0
    inventory_commands.set_policy(session, key, StockPolicy.BACKORDER, expected_on=date(2026, 12, 24))


def reviewed(session: Session) -> None:
    product = session.exec(select(Product).where(Product.slug == "fable-lamp")).one()
    session.add(Review(product_id=product.id or 0, author_name="A", stars=3, status=ReviewStatus.PUBLISHED))
    reviews.refresh(session, [product.id or 0])


def added(session: Session) -> None:
    variants = (VariantDraft(sku="NEW", price_minor=900),)
    draft = ProductDraft(slug="tide-lamp", title="Tide Lamp", status="active", variants=variants)
    commands.create(session, replace(draft, category="lighting"), actor="t")


def dearer_delivery(session: Session) -> None:
    session.connection().execute(update(ShippingMethod).values(price_minor=777, free_above_minor=None))
    events.publish(session, events.TermsChanged())


def renamed_category(session: Session) -> None:
    session.connection().execute(update(Category).where(Category.slug == "lighting").values(title="Lights"))  # pyright: ignore
    listing_index.changes(session, (categories.CATEGORIES,))


def another_word(session: Session) -> None:
    synonyms.add(session, "lamp", "reed", actor="t")


def held(session: Session) -> None:
    counted(3)(session)
    cart_holds.enter(session, key_hash(BUYER))


def placed(session: Session) -> None:
    counted(4)(session)
    placing.place(session, key_hash(BUYER), FORM, expected_total_minor=ENOUGH)


def given_back(session: Session) -> None:
    placed(session)
    order_id = session.connection().exec_driver_sql("SELECT id FROM customer_order").scalar_one()
    order_commands.end_unpaid(session, order_id, why="expired")


WRITERS: dict[str, tuple[Callable[[Session], object], set[str]]] = {
    "title": (changed(title="Fabled Lamp"), LISTS | LAMP),
    "slug": (changed(slug="old-lamp"), LISTS | LAMP),
    "no longer sold": (changed(status="archived"), LISTS | LAMP),
    "another category": (changed(category="table"), LISTS | LAMP),
    "price": (repriced, LISTS | LAMP),
    "a number of stock": (counted(2), LAMP),
    "sold out": (sold_out, LISTS | LAMP),
    "backorder": (on_backorder, LISTS | LAMP),
    "held": (held, LAMP),
    "ordered": (placed, LAMP),
    "given back": (given_back, LAMP),
    "review": (reviewed, LISTS | LAMP),
    "new product": (added, LISTS),
    "delivery": (dearer_delivery, {"lamp", "moss lamp", "bowl", "cup"}),
    "price of one that stands beside another": (repriced_bowl, LISTS | {"bowl", "cup"}),
    "synonym": (another_word, LISTS),
    # The crumbs of every product.
    "category": (renamed_category, set(PAGES)),
}


def shown(page: str, read: Callable[..., object]) -> object:
    try:
        return read(*PAGES[page])
    except (ShopError, Moved) as refusal:
        return type(refusal)


def without_choice_of_related(view: object) -> object:
    """Which products stand beside another may be a minute old; what is shown of them never is."""
    return replace(view, related=[]) if isinstance(view, ProductPage) else view


def is_kept(page: str) -> bool:
    return shared_views.views.find((db.engine(), PAGES[page][0], PAGES[page][1:], ())) is not None


@pytest.mark.both
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("writer", WRITERS)
def test_after_a_change_every_page_shows_it_and_the_others_are_kept(engine: Engine, writer: str):
    before = {page: shown(page, shared_views.read_here) for page in PAGES}
    assert all(map(is_kept, PAGES))
    write, emptied = WRITERS[writer]
    with db.transaction() as session:
        write(session)
    assert {page for page in PAGES if not is_kept(page)} == emptied
    now = {page: shown(page, shared_views.read_here) for page in PAGES}
    assert now != before
    for page, view in now.items():
        assert without_choice_of_related(view) == without_choice_of_related(shown(page, db.read_here)), page


@pytest.mark.usefixtures("shop")
def test_what_is_undone_empties_nothing(engine: Engine):
    shown("lamp", shared_views.read_here)
    with pytest.raises(LookupError), db.transaction() as session:
        repriced(session)
        raise LookupError
    assert is_kept("lamp")


@pytest.mark.usefixtures("shop")
async def test_a_command_has_emptied_before_it_is_answered(engine: Engine):
    shown("lamp", shared_views.read_here)
    await db.write(repriced)
    assert not is_kept("lamp")


@pytest.mark.usefixtures("shop")
async def test_a_tab_and_a_document_share_one_view(engine: Engine):
    kept = shared_views.read_here(product_page.product, "fable-lamp", "")
    assert await shared_views.read(product_page.product, "fable-lamp", "") is kept


@pytest.mark.usefixtures("shop")
def test_made_up_skus_are_shown_and_not_kept(engine: Engine):
    page = shared_views.read_here(product_page.product, "fable-lamp", "MADE-UP")
    assert page.chosen_sku == "FABLE-LAMP-MOSS"
    assert len(shared_views.views) == 0


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"navigation"}))
def test_the_next_day_is_another_page(engine: Engine, clock, shop: None, page: str):
    midnight = now_clock.end_of(now_clock.today())
    clock.move_to(midnight - timedelta(seconds=5))
    before = shown(page, shared_views.read_here)
    clock.move_to(midnight - timedelta(seconds=1))
    assert shown(page, shared_views.read_here) is before
    clock.move_to(midnight)
    assert shown(page, shared_views.read_here) is not before
