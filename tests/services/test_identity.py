"""Handles, slugs and SKUs: different ones never meet, addresses stay, and a refusal names what collided."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from shop_app.core import db
from shop_app.core.errors import Invalid, NotFound
from shop_app.models import AuditEntry, Product, SlugRedirect, Variant
from shop_app.services.catalog import commands, identity
from shop_app.services.catalog.product_draft import (
    MAX_TAGS,
    MAX_VARIANTS,
    OptionDraft,
    ProductDraft,
    VariantDraft,
)
from shop_app.services.catalog.views import ListingQuery, Moved
from shop_app.services.product_files.csv_export import export_file
from shop_app.services.product_files.csv_import import Report, import_file
from shop_app.services.search import listing
from shop_app.services.storefront import product_page
from tests.factories import make_product, make_tax_classes

pytestmark = pytest.mark.both
Cells = dict[str, str]


@pytest.fixture
def shop(engine):
    with db.transaction() as session:
        make_tax_classes(session)
    return engine


@pytest.fixture
def bring_in(tmp_path: Path):
    """Imports rows of (handle, SKU), or of whole cells."""

    def run(rows: Sequence[tuple[str, str] | Cells]) -> Report:
        cells = [
            row
            if isinstance(row, dict)
            else {"Handle": row[0], "Title": "Lamp", "Variant SKU": row[1], "Variant Price": "10.00"}
            for row in rows
        ]
        with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in cells for name in row)))
            writer.writeheader()
            writer.writerows(cells)
        return import_file(tmp_path / "in.csv", pictures=False)

    return run


def slugs() -> dict[str, str]:
    """Slugs by handle."""
    with db.reading() as session:
        return dict(session.exec(select(Product.handle, Product.slug)).all())


# --- Handles and slugs ------------------------------------------------------------------------------

HANDLES = [
    (["是", "事"], ["shi", "shi-2"]),
    (["قميص-أزرق", "湯呑み"], ["qmys-zrq", "tang-tun-mi"]),
    (["🔥", "–", "💥"], ["product", "product-2", "product-3"]),
    (["straße", "strasse"], ["strasse", "strasse-2"]),
    (["ırmak", "irmak"], ["irmak", "irmak-2"]),
    (["schön", "schoen", "schon"], ["schon", "schoen", "schon-2"]),
    (["blue shirt", "blue-shirt"], ["blue-shirt", "blue-shirt-2"]),
    (["a/b", "a-b", "a_b"], ["a-b", "a-b-2", "a_b"]),
    (["shi-2", "是", "事"], ["shi-2", "shi", "shi-3"]),
    (["ガラス", "カラス"], ["karasu", "karasu-2"]),
    (["x" * 255, "x" * 254 + "ü"], ["x" * 255, "x" * 254 + "u"]),
    (["是" * 120, "事" * 120], [("shi-" * 64)[:255], ("shi-" * 63) + "s-2"]),
    (["%00", "..", "../../etc/passwd", "null"], ["00", "product", "etc-passwd", "null"]),
]


@pytest.mark.parametrize(("handles", "expected"), HANDLES, ids=lambda names: " ".join(names)[:40])
def test_different_handles_are_different_products_with_addresses_that_stay(
    shop, bring_in, handles: list[str], expected: list[str]
):
    rows = [(handle, f"S{number}") for number, handle in enumerate(handles)]
    report = bring_in(rows)
    assert (report.created, report.problems) == (len(handles), [])
    assert slugs() == dict(zip(handles, expected, strict=True))
    # The same file, in another order, and without a row.
    for again in (rows, rows[::-1], rows[1:], rows[:-1]):
        assert (bring_in(again).same, slugs()) == (len(again), dict(zip(handles, expected, strict=True)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Flute-Vase", "flute-vase"),
        ("café", "cafe\u0301"),
        ("CAFÉ", "cafe\u0301"),
        (" lamp ", "lamp"),
        ("ÅNGSTRÖM", "\u212bngstro\u0308m"),
        ("İğde", "i\u0307ğde"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_case_and_composition_make_no_difference_to_a_handle(shop, bring_in, one: str, other: str):
    assert bring_in([(one, "S1")]).created == 1
    assert bring_in([(other, "S1")]).same == 1
    assert len(slugs()) == 1


def test_what_an_export_says_finds_the_same_products_again(shop, bring_in, tmp_path: Path):
    handles = ["是", "事", "Flute Vase", "🔥", "a,b", 'the "one"', "=1+1", "'tis", "x" * 255]
    assert bring_in([(handle, f"S{number}") for number, handle in enumerate(handles)]).created == 9
    before = slugs()
    with db.reading() as session:
        export_file(session, tmp_path / "out.csv")
    report = import_file(tmp_path / "out.csv", pictures=False)
    assert (report.same, report.problems, slugs()) == (9, [], before)


def test_a_renamed_address_stays_renamed_and_its_file_still_finds_it(shop, bring_in):
    bring_in([("是", "S1")])
    with db.transaction() as session:
        draft, _version = commands.draft_of(session, "shi")
        commands.save(session, "shi", replace(draft, slug="lamp"), actor="staff")
    assert bring_in([("是", "S1")]).same == 1
    assert slugs() == {"是": "lamp"}
    # The old address still leads there, so no other product gets it.
    assert bring_in([("事", "S2"), ("shi", "S3")]).created == 2
    assert slugs() == {"是": "lamp", "事": "shi-2", "shi": "shi-3"}
    with db.reading() as session:
        assert session.exec(select(SlugRedirect.slug)).all() == ["shi"]


def test_an_address_of_shopify_leads_to_the_present_one(shop, bring_in):
    bring_in([("是", "S1"), ("Blue Shirt", "S2"), ("draft-事", "S3")])
    with db.transaction() as session:
        draft, _version = commands.draft_of(session, "draft-shi")
        commands.save(session, "draft-shi", replace(draft, status="draft"), actor="staff")
    for slug, location in (("是", "shi"), ("blue shirt", "blue-shirt"), ("Blue-Shirt", "blue-shirt")):
        with db.reading() as session, pytest.raises(Moved) as moved:
            product_page.product(session, slug)
        assert moved.value.slug == location
    for slug in ("事", "draft-事", "a\x00b", "\ud800", "x" * 300):
        with db.reading() as session, pytest.raises(NotFound):
            product_page.product(session, slug)


@pytest.mark.parametrize("handle", ["a\tb", "a\u2028b", "\u200b", "x" * 256])
def test_a_handle_that_can_not_be_read_is_refused_and_nothing_is_written(shop, bring_in, handle: str):
    report = bring_in([(handle, "S1"), ("lamp", "S2")])
    assert (report.created, len(report.problems), report.problems[0].line) == (1, 1, 2)
    assert slugs() == {"lamp": "lamp"}


def test_a_product_of_staff_is_known_to_files_by_its_first_address(shop, bring_in):
    with db.transaction() as session:
        draft = ProductDraft(slug="mug", title="Mug", variants=(VariantDraft("M", 1000),))
        commands.create(session, draft, actor="staff")
        commands.save(session, "mug", replace(draft, slug="cup"), actor="staff")
        commands.create(
            session,
            ProductDraft(slug="mug", title="Other", variants=(VariantDraft("N", 1000),)),
            actor="staff",
        )
    assert slugs() == {"mug": "cup", "mug-2": "mug"}
    assert bring_in([("mug", "M"), ("mug-2", "N")]).changed == 2


def test_a_slug_that_many_have_is_numbered_without_looking_at_each(session: Session):
    make_tax_classes(session)
    session.add_all(
        Product(slug=f"shi-{number}" if number > 1 else "shi", title="T") for number in range(1, 400)
    )
    session.flush()
    assert identity.free_slug(session, "是") == "shi-400"
    assert identity.free_slug(session, "shi-7") == "shi-7-2"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    handles=st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=8)
        | st.text(st.sampled_from("aAäÄ- _ßſıİ是事½"), min_size=1, max_size=4),
        min_size=1,
        max_size=5,
    )
)
def test_any_handles_are_as_many_products(session: Session, handles: list[str]):
    wanted = {handle for text in handles if identity.is_name(handle := identity.handle_of(text), 255)}
    with session.begin_nested() as undo:
        make_tax_classes(session)
        for number, handle in enumerate(wanted):
            draft = ProductDraft(slug="", handle=handle, title="T", variants=(VariantDraft(f"S{number}", 1),))
            assert commands.put(session, draft, actor="test").outcome == "created"
        stored = session.exec(select(Product.handle, Product.slug)).all()
        assert {handle for handle, _slug in stored} == wanted
        assert len({slug for _handle, slug in stored}) == len(wanted)
        assert all(identity.SLUG.fullmatch(slug) and len(slug) <= 255 for _handle, slug in stored)
        undo.rollback()


@given(st.text(max_size=20))
def test_a_handle_that_is_one_stays_as_it_is(text: str):
    handle = identity.handle_of(text)
    assert identity.handle_of(handle) == handle


# --- SKUs -------------------------------------------------------------------------------------------

SKUS = [
    'PIPE-1/2"',
    "MEN'S-01",
    "`tick`",
    "A B  C",
    "#1",
    "a?b&c=d",
    "100%",
    "a+b",
    "<b>",
    "back\\slash",
    "茶碗-01",
    "👩\u200d🚀",
    "חולצה-01",
    "a,b;c",
    "=1+1",
    "'tis",
    "../x",
    "__proto__",
    "x" * 255,
    "½",
]


def test_any_printable_sku_comes_in_goes_out_and_comes_in_again(shop, bring_in, tmp_path: Path):
    rows = [(f"p-{number}", sku) for number, sku in enumerate(SKUS)]
    report = bring_in(rows)
    assert (report.created, report.problems) == (len(SKUS), [])
    with db.reading() as session:
        assert session.exec(select(Variant.sku).order_by(col(Variant.id))).all() == SKUS
        export_file(session, tmp_path / "out.csv")
    assert import_file(tmp_path / "out.csv", pictures=False).same == len(SKUS)


@pytest.mark.parametrize("sku", ["a\tb", "a\nb", "a\x7fb", "a\u2028b", "\u200b", "\u3164", "x" * 256])
def test_a_sku_that_can_not_be_read_is_refused_and_nothing_is_written(shop, bring_in, sku: str):
    report = bring_in([("lamp", sku)])
    assert [str(problem) for problem in report.problems] == [
        "Line 2: A SKU has 1 to 255 characters that can be read, without line breaks or tabs."
    ]
    assert slugs() == {}


def test_skus_that_differ_in_case_alone_are_two_and_are_warned_of(shop, bring_in):
    report = bring_in([("one", "mug-1"), ("two", "MUG-1"), ("three", "MUG-2")])
    assert report.created == 3
    assert [(str(problem), problem.warning) for problem in report.problems] == [
        ("Line 3: the SKU MUG-1 differs from mug-1 on line 2 in upper and lower case alone.", True)
    ]


def test_made_up_skus_of_different_products_are_different(shop, bring_in):
    rows = [
        {"Handle": "shirt", "Title": "A", "Option1 Name": "Colour", "Option1 Value": "red"},
        {"Handle": "shirt", "Title": "", "Option1 Name": "", "Option1 Value": "Red"},
        {"Handle": "shirt", "Title": "", "Option1 Name": "", "Option1 Value": "réd"},
        {"Handle": "shirt-red", "Title": "B", "Option1 Name": "", "Option1 Value": ""},
        {"Handle": "是", "Title": "C", "Option1 Name": "", "Option1 Value": ""},
        {"Handle": "事", "Title": "D", "Option1 Name": "", "Option1 Value": ""},
    ]
    rows = [row | {"Variant Price": "1.00"} for row in rows]
    report = bring_in(rows)
    assert (report.created, report.problems) == (4, [])
    with db.reading() as session:
        made_up = session.exec(select(Variant.sku).order_by(col(Variant.id))).all()
    assert (len(set(made_up)), made_up[0]) == (6, "SHIRT-RED")
    assert bring_in(rows).same == 4


@pytest.mark.parametrize(
    ("written", "again"),
    [("Ros\u00ade", "Rose"), ("Cafe\u0301", "Café"), (" Dark  navy", "Dark navy"), ("M\u200b", "M")],
)
def test_an_option_without_a_sku_is_found_again_by_what_is_seen_of_its_value(
    shop, bring_in, written: str, again: str
):
    cells = {"Handle": "mug", "Title": "Mug", "Option1 Name": "Colour", "Variant Price": "1"}
    assert bring_in([cells | {"Option1 Value": written}]).created == 1
    assert bring_in([cells | {"Option1 Value": again}]).same == 1
    assert bring_in([cells | {"Option1 Value": written}]).same == 1


COLOURED = {"Handle": "mug", "Title": "Mug", "Option1 Name": "Colour", "Variant Price": "1"}


def coloured(*rows: tuple[str, str]) -> list[Cells]:
    """Rows of (SKU, colour)."""
    return [COLOURED | {"Variant SKU": sku, "Option1 Value": colour} for sku, colour in rows]


@pytest.mark.parametrize("stored", [(), (("A", "Moss"),), (("A", "Moss"), ("B", "Clay"))])
def test_two_rows_with_the_same_options_are_refused_with_both_lines(shop, bring_in, stored):
    if stored:
        bring_in(coloured(*stored))
    report = bring_in(coloured(("A", "Moss"), ("C", "Moss")))
    assert [str(problem) for problem in report.problems] == [
        "Line 3: C has the same options as A on line 2: Moss."
    ]
    with db.reading() as session:
        assert session.exec(select(Variant.sku).order_by(Variant.sku)).all() == [sku for sku, _c in stored]


def test_a_sku_that_moves_to_other_options_leaves_the_others_theirs(shop, bring_in):
    bring_in(coloured(("A", "Moss"), ("B", "Clay")))
    with db.reading() as session:
        before = dict(session.exec(select(Variant.sku, Variant.id)).all())
    assert bring_in(coloured(("C", "Moss"), ("A", "Clay"), ("B", "Oat"))).changed == 1
    with db.reading() as session:
        rows = session.exec(select(Variant.sku, Variant.title).order_by(Variant.sku)).all()
        after = dict(session.exec(select(Variant.sku, Variant.id)).all())
    assert [tuple(row) for row in rows] == [("A", "Clay"), ("B", "Oat"), ("C", "Moss")]
    assert {sku: after[sku] for sku in before} == before


def test_a_variant_without_a_sku_that_comes_back_is_the_same_one(shop, bring_in):
    both = coloured(("", "Moss"), ("", "Clay-Oat"))
    for rows in (both, both[:1], both, both[:1], both):
        assert bring_in(rows).refused == 0
    with db.transaction() as session:
        draft, _version = commands.draft_of(session, "mug")
        retired = tuple(replace(v, active=v.options[0][1] == "Moss") for v in draft.variants)
        commands.save(session, "mug", replace(draft, variants=retired), actor="staff")
    assert bring_in(both).changed == 1
    with db.reading() as session:
        assert len(session.exec(select(Variant.id)).all()) == 2


# --- Limits -----------------------------------------------------------------------------------------


def yarn(count: int) -> ProductDraft:
    names = [str(number) for number in range(count)]
    variants = tuple(
        VariantDraft(f"Y-{name}", 100 + int(name), (("No", name),), stock_policy="untracked")
        for name in names
    )
    option = OptionDraft("No", tuple((name, "") for name in names))
    tags = tuple(f"tag {number}" for number in range(MAX_TAGS))
    return ProductDraft(
        slug="yarn", title="Yarn", status="active", tags=tags, options=(option,), variants=variants
    )


def test_a_product_may_have_as_many_variants_and_tags_as_in_shopify(session: Session):
    make_tax_classes(session)
    commands.create(session, yarn(MAX_VARIANTS), actor="test")
    draft, _version = commands.draft_of(session, "yarn")
    assert (len(draft.variants), len(draft.tags)) == (2048, 250)
    # What is written of a change is that variant alone.
    cheaper = replace(draft.variants[7], price_minor=1)
    changed = replace(draft, variants=(*draft.variants[:7], cheaper, *draft.variants[8:]))
    assert commands.save(session, "yarn", changed, actor="test").outcome == "changed"
    last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert last
    assert [variant["sku"] for variant in last.after["variants"]] == ["Y-7"]
    assert session.exec(select(Variant.version).where(Variant.sku == "Y-8")).one() == 1

    page = product_page.product(session, "yarn", "Y-7")
    chosen = next(variant for variant in page.variants if variant.sku == "Y-7")
    assert [choice.sku for choice in chosen.options[0].choices] == [f"Y-{number}" for number in range(2048)]
    assert [choice.value for choice in chosen.options[0].choices if choice.chosen] == ["7"]
    offers = json.loads(page.json_ld)["@graph"][0]["offers"]
    assert (offers["@type"], offers["offerCount"]) == ("AggregateOffer", 2048)
    assert (offers["lowPrice"], offers["highPrice"]) == ("0.01", "21.47")
    for number in (0, 7, 2047):
        query = ListingQuery(facets=(("no", (str(number),)),), in_stock=True)
        assert listing.browse(session, query).cards[0].variant_query == f"?variant=Y-{number}"


def test_one_variant_more_is_refused(session: Session):
    make_tax_classes(session)
    with pytest.raises(Invalid, match="between 1 and 2,048 variants"):
        commands.create(session, yarn(MAX_VARIANTS + 1), actor="test")
    assert session.exec(select(Product.slug)).all() == []


# --- What a refusal says ----------------------------------------------------------------------------


def two(*variants: VariantDraft, options: tuple[OptionDraft, ...] = ()) -> ProductDraft:
    return ProductDraft(slug="mug", title="Mug", options=options, variants=variants)


SIZE = OptionDraft("Size", (("S", ""), ("M", "")))


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (
            two(VariantDraft("A", 1), VariantDraft("B", 1)),
            "The variants A and B need an option in which they differ.",
        ),
        (
            two(
                VariantDraft("A", 1, (("Size", "S"),)),
                VariantDraft("B", 1, (("Size", "S"),)),
                options=(SIZE,),
            ),
            "The variants A and B have the same options: S.",
        ),
        (two(VariantDraft("A", 1), VariantDraft("A", 1)), "The SKU A stands on two variants."),
        (
            two(VariantDraft("A", 1), options=(OptionDraft("Size", (("S", ""), ("S ", ""))),)),
            "The option Size has the value S twice.",
        ),
        (two(VariantDraft("FABLE-LAMP", 1)), "The SKU FABLE-LAMP belongs to Fable Lamp."),
        (
            ProductDraft(slug="fable-lamp", title="Mug", variants=(VariantDraft("A", 1),)),
            "Another product has this address already: Fable Lamp.",
        ),
    ],
)
def test_a_refusal_names_what_collided(session: Session, draft: ProductDraft, sentence: str):
    make_product(session, "Fable Lamp")
    with pytest.raises(Invalid) as refusal:
        commands.create(session, draft, actor="test")
    assert refusal.value.message == sentence
    assert session.exec(select(Product.slug)).all() == ["fable-lamp"]
