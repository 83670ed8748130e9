"""Products that are made at once: each gets its own address, and whoever is refused reads why."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.models import Product, Tag, Variant
from shop_app.services.catalog import commands
from shop_app.services.catalog.product_draft import ProductDraft, VariantDraft
from tests.factories import make_tax_classes
from tests.racing import at_once

pytestmark = pytest.mark.both
HANDLES = ["是", "事", "世", "shi", "式", "是", "事", "世", "shi", "式"]


@pytest.fixture(autouse=True)
def shop(engine):
    with db.transaction() as session:
        make_tax_classes(session)


def put(handle: str, sku: str = "") -> str:
    """As an import does: look for the product, then write it."""
    variants = (VariantDraft(sku or f"SKU {handle}", 1000),)
    draft = ProductDraft(slug="", handle=handle, title=handle, tags=("new", "sale"), variants=variants)
    with db.transaction() as session:
        product = commands.find_by_handle(session, handle)
        outcome = commands.put(session, draft, actor="test").outcome
    assert (product is None) == (outcome == "created")
    return outcome


def test_handles_that_are_written_alike_get_an_address_each(engine):
    assert at_once(put, HANDLES) == {"created": 5, "same": 5}
    with db.reading() as session:
        stored = session.exec(select(Product.handle, Product.slug)).all()
        assert {handle for handle, _slug in stored} == set(HANDLES)
        assert {slug for _handle, slug in stored} == {"shi", "shi-2", "shi-3", "shi-4", "shi-5"}
        assert sorted(session.exec(select(Tag.name))) == ["new", "sale"]


def test_one_of_many_products_gets_a_sku_and_the_others_are_refused(engine):
    assert at_once(lambda handle: put(handle, "LAMP"), sorted(set(HANDLES))) == {"created": 1, "Invalid": 4}
    with db.reading() as session:
        assert session.exec(select(Variant.sku)).all() == ["LAMP"]
        assert len(session.exec(select(Product.id)).all()) == 1
