"""The fold of facets: what changes is folded again, and gives what a fold of everything gives."""

from __future__ import annotations

from random import Random

import pytest
from sqlmodel import Session, col, delete, select

from shop_app.core import db
from shop_app.models import (
    ListingChange,
    Product,
    ProductStatus,
    ProductTag,
    StockLevel,
    Tag,
)
from shop_app.services.search import facet_fold, index_cache, listing_index
from shop_app.services.search.facet_counts import Counts, Fits
from tests.factories import add, make_basics, make_product, variants_of

COLOURS = ("Moss", "Clay", "Oat", "Ink")


def _seen(counts: Counts) -> object:
    """All that lists take from counts, by product instead of by bit."""

    def products(bits: int) -> list[int]:
        return sorted(key for key, place in counts.place.items() if bits >> place & 1)

    def variants(fits: Fits) -> list[tuple[int, ...]]:
        """Which variants fit, by plane; those of a filter that has no planes are all."""
        planes = fits.planes or tuple(fits.bits & ordered.all for ordered in counts.by_price)
        return [tuple(products(plane)) for plane in planes if plane]

    cheap = counts.priced(1500, 2500)
    return {
        "everything": products(counts.everything),
        "categories": {key: products(bits) for key, bits in counts.categories.items()},
        "stocked": (products(counts.in_stock.bits), variants(counts.in_stock)),
        "reduced": (products(counts.on_sale.bits), variants(counts.on_sale)),
        "cheap": (products(cheap.bits), variants(cheap)),
        "span": counts.price_range(counts.in_stock),
        "by price": list(counts.walk_by_price(Fits(counts.everything), None, descending=False)),
        "back by price": list(counts.walk_by_price(counts.in_stock, None, descending=True)),
        "sorted": {
            sort: counts.sorted(counts.in_stock, sort, True) for sort in ("price", "newest", "rating")
        },
        "facets": {
            name: {
                key: (value.label, value.swatch, products(value.fits.bits), variants(value.fits))
                for key, value in values.items()
            }
            for name, values in counts.facets.items()
        },
    }


def _edit(session: Session, rng: Random, number: int) -> None:
    """Make a product, or change one of those there are."""
    products = session.exec(select(Product)).all()
    action = rng.choice(("make", "make", "price", "stock", "hide", "show", "tag", "variant", "category"))
    if action == "make" or not products:
        colours = rng.sample(COLOURS, rng.randint(0, 3))
        options = {"Colour": colours} if colours else {}
        if rng.random() < 0.4:
            options["Size"] = ["Small", "Large"]
        price = rng.randrange(1000, 3000, 250)
        category = rng.choice(("Table", "Bath"))
        product = make_product(
            session,
            f"Made {number}",
            options=options,
            price_minor=price,
            stock=rng.choice((0, 5)),
            category=category,
        )
    else:
        product = rng.choice(products)
    variants = variants_of(session, product)
    variant = rng.choice(variants)
    match action:
        case "price":
            variant.price_minor = rng.randrange(1000, 3000, 250)
            variant.compare_at_minor = rng.choice((None, 4000))
        case "stock":
            level = session.get(StockLevel, variant.id)
            assert level
            level.on_hand = rng.choice((0, 7))
        case "hide" | "show":
            product.status = ProductStatus.DRAFT if action == "hide" else ProductStatus.ACTIVE
        case "tag":
            name = rng.choice(("gift", "Gift", "new"))
            tag = session.exec(select(Tag).where(Tag.name == name)).first() or add(session, Tag(name=name))
            session.exec(delete(ProductTag).where(col(ProductTag.product_id) == product.id))
            add(session, ProductTag(product_id=product.id, tag_id=tag.id))
        case "variant":
            variant.active = not variant.active
        case "category":
            product.category_id = rng.choice([None, *(row.category_id for row in products)])
    session.flush()
    if action == "stock":
        listing_index.refresh_availability(session, [variant.id])
    else:
        listing_index.refresh(session, [product.id])


@pytest.mark.both
@pytest.mark.parametrize("moved", [0, 50], ids=["sorted again", "looked up"])
def test_what_changed_is_folded_as_all_is(engine, monkeypatch: pytest.MonkeyPatch, moved: int) -> None:
    monkeypatch.setattr(facet_fold, "_MOVED", moved)
    rng = Random(11)
    with db.transaction() as session:
        make_basics(session)
    with db.reading() as session:
        counts = facet_fold._read(session)
    for number in range(60):
        with db.transaction() as session:
            for part in range(rng.choice((1, 1, 3))):
                _edit(session, rng, 10 * number + part)
        with db.reading() as session:
            counts = facet_fold._renewed(session, counts)
            assert counts is not None
            assert _seen(counts) == _seen(facet_fold._read(session))


def test_a_change_that_names_no_products_is_read_anew(engine) -> None:
    with db.reading() as session:
        counts = facet_fold._read(session)
    with db.transaction() as session:
        listing_index.changes(session)
    with db.reading() as session:
        assert facet_fold._renewed(session, counts) is None


def test_changes_that_nobody_has_seen_and_are_deleted_are_read_anew(engine) -> None:
    with db.transaction() as session:
        listing_index.changes(session, (), ())
    with db.reading() as session:
        counts = facet_fold._read(session)
    with db.transaction() as session:
        for _turn in range(3):
            listing_index.changes(session, (), ())
        newest = session.exec(select(ListingChange.id).order_by(col(ListingChange.id).desc())).first()
        session.exec(delete(ListingChange).where(col(ListingChange.id) < newest))
    with db.reading() as session:
        assert facet_fold._renewed(session, counts) is None


@pytest.mark.postgres
def test_a_change_that_is_committed_after_a_later_one_is_folded_too(engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        products = [make_product(session, title) for title in ("Fable Lamp", "Fable Mug")]
        first, second = (product.id for product in products)
        levels = [session.get_one(StockLevel, variants_of(session, each)[0].id) for each in products]
        listing_index.refresh(session, [first, second])

    def sell_out(session: Session, level: StockLevel) -> None:
        session.merge(level).on_hand = 0
        listing_index.refresh_availability(session, [level.variant_id])

    def sold_out(counts: Counts | None) -> set[int]:
        assert counts is not None
        return {key for key, place in counts.place.items() if not counts.in_stock.bits >> place & 1}

    with db.reading() as session:
        counts, before = facet_fold._read(session), index_cache.stamp(session)
    with db.transaction() as slow:
        sell_out(slow, levels[0])
        with db.transaction() as session:
            sell_out(session, levels[1])
        with db.reading() as session:
            between = index_cache.stamp(session)
            counts = facet_fold._renewed(session, counts)
            assert sold_out(counts) == {second}
    with db.reading() as session:
        assert len({before, between, index_cache.stamp(session)}) == 3
        assert counts is not None
        assert sold_out(facet_fold._renewed(session, counts)) == {first, second}


def test_an_answered_edit_is_counted_though_a_fold_takes_long(
    engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_cache, "AT_ONCE_S", -1.0)
    with db.transaction() as session:
        make_basics(session)
        listing_index.refresh(session, [make_product(session, "Fable Lamp").id])
    with db.reading() as session:
        facet_fold.counts.get(session, index_cache.stamp(session))
    monkeypatch.setattr(facet_fold.counts, "_build", lambda _session: pytest.fail("all was read again"))
    with db.transaction() as session:
        added = make_product(session, "Fable Mug").id
        listing_index.refresh(session, [added])
    with db.reading() as session:
        assert added in facet_fold.counts.get(session, index_cache.stamp(session)).place


def test_what_is_undone_was_never_counted(engine) -> None:
    with db.transaction() as session:
        make_basics(session)
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        added = make_product(session, "Fable Mug").id
        listing_index.refresh(session, [added])
        assert added in facet_fold.counts.get(session, index_cache.stamp(session)).place
        raise ZeroDivisionError
    with db.reading() as session:
        assert not facet_fold.counts.get(session, index_cache.stamp(session)).place
