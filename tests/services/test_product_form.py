"""The form of a product: only what was touched is written, and two people don't overwrite each other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from shop_app.core import clock
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import (
    AuditEntry,
    OptionValue,
    OrderLine,
    PriceHistory,
    Product,
    SlugRedirect,
    Variant,
)
from shop_app.services.catalog import commands, makers, product_actions, product_form, unsold
from shop_app.services.catalog.makers import MakerDetails
from shop_app.services.catalog.product_changes import (
    Changes,
    OptionChange,
    Overtaken,
    RowChange,
    Structure,
    Unfit,
    save,
)
from shop_app.services.catalog.product_form import ProductForm
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.storefront import buyable, product_page
from tests import factories
from tests.factories import make_basics, make_product, variant_with

EDITOR = Principal("staff", 1, "ana@example.com", permissions=frozenset({"products.view", "products.edit"}))
VIEWER = Principal("staff", 2, "kim@example.com", permissions=frozenset({"products.view"}))
pytestmark = pytest.mark.both


@pytest.fixture
def lamp(session: Session) -> int:
    """A lamp at €49.00 in Moss and Clay; its id."""
    make_basics(session)
    product = make_product(session, "Fable Lamp", options={"Colour": ["Moss", "Clay"]}, stock=3)
    make_product(session, "Shoal Bowl", price_minor=2000)
    return product.id or 0


def shown(session: Session, slug: str = "fable-lamp") -> ProductForm:
    return product_form.form(session, slug, by=EDITOR)


def row(session: Session, of: str, /, **cells: tuple[str, str]) -> RowChange:
    return RowChange(str(variant_with(session, of).id), cells)


def everything(session: Session) -> tuple:
    kinds = (Product, Variant, OptionValue, PriceHistory, SlugRedirect, AuditEntry)
    return tuple(tuple(str(each) for each in session.exec(select(kind)).all()) for kind in kinds)


def test_only_what_was_touched_is_written(session: Session, lamp: int):
    before = shown(session)
    changes = Changes(
        {"title": ("Fable Lamp", "Fable lamp, tall"), "tags": ("", "gift, lamp")},
        (row(session, "FABLE-LAMP-CLAY", price=("49.00", "52,50"), weight=("500", "1.2 kg")),),
    )
    saved = save(session, lamp, changes, by=EDITOR)
    after = shown(session)
    assert (saved.outcome, after.version - before.version) == ("changed", 1)
    assert {name for name in after.fields if after.fields[name] != before.fields[name]} == {"title", "tags"}
    assert after.fields["title"] == "Fable lamp, tall"
    clay = variant_with(session, "FABLE-LAMP-CLAY")
    assert (clay.price_minor, clay.weight_grams) == (5250, 1200)
    assert variant_with(session, "FABLE-LAMP-MOSS").version == 1
    entry = session.exec(select(AuditEntry).order_by(AuditEntry.id.desc())).first()  # pyright: ignore
    assert entry
    assert entry.actor == "staff:ana@example.com"
    assert sorted(entry.after) == ["tags", "title", "variants"]


def test_html_that_nobody_touched_is_not_rewritten(session: Session, lamp: int):
    product = session.get_one(Product, lamp)
    product.description_html = "<div><p>A <span>lamp</span></p></div>"
    session.add(product)
    session.flush()
    assert shown(session).fields["description"] == "A lamp"
    save(session, lamp, Changes({"title": ("Fable Lamp", "Lamp")}), by=EDITOR)
    assert session.get_one(Product, lamp).description_html == "<div><p>A <span>lamp</span></p></div>"
    save(session, lamp, Changes({"description": ("A lamp", "A **lamp**<script>x</script>")}), by=EDITOR)
    product = session.get_one(Product, lamp)
    assert product.description_html == "<p>A <strong>lamp</strong></p>"
    assert shown(session).fields["description"] == "A **lamp**<script>x</script>"
    # HTML from elsewhere takes the Markdown away.
    draft, _version = commands.draft_of(session, "fable-lamp")
    commands.save(session, "fable-lamp", replace(draft, description_html="<p>New</p>"), actor="import")
    assert (session.get_one(Product, lamp).description_md, shown(session).fields["description"]) == (
        "",
        "New",
    )


def test_two_people_with_different_fields_both_save(session: Session, lamp: int):
    save(session, lamp, Changes({"title": ("Fable Lamp", "Lamp")}), by=EDITOR)
    save(session, lamp, Changes({"vendor": ("Fennholm", "Ohl")}), by=EDITOR)
    product = session.get_one(Product, lamp)
    assert (product.title, product.vendor) == ("Lamp", "Ohl")


def test_two_people_with_the_same_field_see_both_values(session: Session, lamp: int):
    mine = Changes(
        {"title": ("Fable Lamp", "Lamp A"), "vendor": ("Fennholm", "Ohl")},
        (row(session, "FABLE-LAMP-MOSS", price=("49.00", "50.00")),),
    )
    theirs = Changes(
        {"title": ("Fable Lamp", "Lamp B")}, (row(session, "FABLE-LAMP-MOSS", price=("49.00", "51.00")),)
    )
    save(session, lamp, theirs, by=EDITOR)
    before = everything(session)
    with pytest.raises(Overtaken) as overtaken:
        save(session, lamp, mine, by=EDITOR)
    assert everything(session) == before
    assert [(each.label, each.yours, each.theirs) for each in overtaken.value.conflicts] == [
        ("Title", "Lamp A", "Lamp B"),
        ("Price, FABLE-LAMP-MOSS", "50.00", "51.00"),
    ]
    # Both wrote the same: no conflict.
    save(session, lamp, Changes({"title": ("Fable Lamp", "Lamp B")}), by=EDITOR)
    # Having seen theirs, mine is taken.
    save(session, lamp, Changes({"title": ("Lamp B", "Lamp A")}), by=EDITOR)
    assert session.get_one(Product, lamp).title == "Lamp A"


def test_stock_is_no_part_of_the_form(session: Session, lamp: int):
    changes = Changes(variants=(row(session, "FABLE-LAMP-MOSS", price=("49.00", "40.00")),))
    moss = variant_with(session, "FABLE-LAMP-MOSS").id or 0
    inventory_commands.set_on_hand(session, moss, 7, reason="count", actor="test")
    save(session, lamp, changes, by=EDITOR)
    assert factories.stock_of(session, "FABLE-LAMP-MOSS") == (7, 0, 0)


@pytest.mark.parametrize(
    ("fields", "cells", "problems"),
    [
        ({"guarantee_months": ("", "two")}, {}, {"guarantee_months": "Enter whole months."}),
        ({"publish_at": ("", "soon")}, {}, {"publish_at": "Enter a day and a time."}),
        ({}, {"price": ("49.00", "x")}, {"M.price": "Enter an amount such as 24.00."}),
        ({}, {"weight": ("500", "3 l")}, {"M.weight": "Enter a weight such as 340 g or 1.2 kg."}),
        ({}, {"contents": ("", "3")}, {"M.contents": "Enter contents such as 500 g or 0.75 l."}),
        (
            {},
            {"sku": ("FABLE-LAMP-MOSS", "SHOAL-BOWL")},
            {"M.sku": "The SKU SHOAL-BOWL belongs to Shoal Bowl."},
        ),
        (
            {"guarantee_months": ("", "-1")},
            {"sku": ("FABLE-LAMP-MOSS", "FABLE-LAMP-CLAY"), "cost": ("", "?")},
            {
                "guarantee_months": "Enter whole months.",
                "M.cost": "Enter an amount such as 24.00.",
                "C.sku": "The SKU FABLE-LAMP-CLAY stands on two variants.",
            },
        ),
    ],
)
def test_what_is_no_value_is_said_at_its_field(session: Session, lamp: int, fields, cells, problems):
    moss, clay = (str(variant_with(session, f"FABLE-LAMP-{name}").id) for name in ("MOSS", "CLAY"))
    before = everything(session)
    with pytest.raises(Unfit) as unfit:
        save(session, lamp, Changes(fields, (RowChange(moss, cells),)), by=EDITOR)
    assert everything(session) == before
    expected = {
        key.replace("M.", f"{moss}.").replace("C.", f"{clay}."): text for key, text in problems.items()
    }
    assert unfit.value.problems == expected


def test_who_may_only_look_changes_nothing(session: Session, lamp: int):
    before = everything(session)
    for who in (VIEWER, NOBODY):
        for act in (
            lambda who=who: save(session, lamp, Changes({"title": ("Fable Lamp", "x")}), by=who),
            lambda who=who: product_actions.create(session, "New", by=who),
            lambda who=who: product_actions.duplicate(session, "fable-lamp", by=who),
            lambda who=who: product_actions.set_status(session, "fable-lamp", "archived", by=who),
            lambda who=who: product_actions.restore(session, lamp, 1, by=who),
            lambda who=who: unsold.delete_product(session, "fable-lamp", by=who),
            lambda who=who: makers.save(session, "", MakerDetails("Ohl"), by=who),
        ):
            with pytest.raises(Forbidden):
                act()
    with pytest.raises(Forbidden):
        product_form.form(session, "fable-lamp", by=NOBODY)
    assert everything(session) == before


# --- Options and variants --------------------------------------------------------------------------


def structure(session: Session, options: dict[str, list[str]], rows: list[RowChange]) -> Changes:
    changed = tuple(
        OptionChange(name, name, tuple((value, value, "") for value in values))
        for name, values in options.items()
    )
    return Changes(structure=Structure(shown(session).seal, changed, tuple(rows)))


def keyed(session: Session, sku: str, *values: str, **cells: tuple[str, str]) -> RowChange:
    return RowChange(str(variant_with(session, sku).id), cells, values)


def test_an_option_is_added_and_new_variants_get_skus(session: Session, lamp: int):
    rows = [
        keyed(session, "FABLE-LAMP-MOSS", "Moss", "Small"),
        RowChange("n1", {"price": ("", "59.00")}, ("Moss", "Large")),
        keyed(session, "FABLE-LAMP-CLAY", "Clay", "Small"),
        RowChange("n2", {"sku": ("", "CLAY-L"), "price": ("", "60")}, ("Clay", "Large")),
    ]
    changes = structure(session, {"Colour": ["Moss", "Clay"], "Size": ["Small", "Large"]}, rows)
    save(session, lamp, changes, by=EDITOR)
    variants = [
        (each.sku, each.title, each.price_minor, each.weight_grams)
        for each in session.exec(
            select(Variant).where(Variant.product_id == lamp).order_by(Variant.position)  # pyright: ignore
        )
    ]
    assert variants == [
        ("FABLE-LAMP-MOSS", "Moss / Small", 4900, 500),
        ("FABLE-LAMP-MOSS-LARGE", "Moss / Large", 5900, 500),
        ("FABLE-LAMP-CLAY", "Clay / Small", 4900, 500),
        ("CLAY-L", "Clay / Large", 6000, 500),
    ]
    assert factories.stock_of(session, "FABLE-LAMP-MOSS") == (3, 0, 0)
    assert factories.stock_of(session, "CLAY-L") == (0, 0, 0)


def test_a_value_is_renamed_and_its_variant_stays(session: Session, lamp: int):
    moss = variant_with(session, "FABLE-LAMP-MOSS").id
    changes = Changes(
        structure=Structure(
            shown(session).seal,
            (OptionChange("Colour", "Glaze", (("Moss", "Fern", "#71804f"), ("Clay", "Clay", ""))),),
            (keyed(session, "FABLE-LAMP-MOSS", "Fern"), keyed(session, "FABLE-LAMP-CLAY", "Clay")),
        )
    )
    save(session, lamp, changes, by=EDITOR)
    variant = variant_with(session, "FABLE-LAMP-MOSS")
    assert (variant.id, variant.title, variant.active) == (moss, "Fern", True)
    assert json.loads(shown(session).options) == [["Glaze", [["Fern", "#71804f"], ["Clay", ""]]]]


def test_a_removed_variant_goes_unless_it_has_a_history(session: Session, lamp: int):
    rows = [keyed(session, "FABLE-LAMP-MOSS", "Moss", "S"), RowChange("n1", {}, ("Clay", "S"))]
    counted = variant_with(session, "FABLE-LAMP-CLAY").id
    save(session, lamp, structure(session, {"Colour": ["Moss", "Clay"], "Size": ["S"]}, rows), by=EDITOR)
    # Counted units are a history: the variant stays, and isn't for sale.
    assert not session.get_one(Variant, counted).active
    new = variant_with(session, "FABLE-LAMP-CLAY-S").id
    rows = [keyed(session, "FABLE-LAMP-MOSS", "Moss")]
    save(session, lamp, structure(session, {"Colour": ["Moss"]}, rows), by=EDITOR)
    session.expire_all()
    assert session.get(Variant, new) is None
    assert session.exec(select(OrderLine)).all() == []


def test_options_that_somebody_else_changed_are_not_written_over(session: Session, lamp: int):
    mine = structure(session, {"Colour": ["Moss"]}, [keyed(session, "FABLE-LAMP-MOSS", "Moss")])
    rows = [keyed(session, f"FABLE-LAMP-{name.upper()}", name) for name in ("Moss", "Clay")]
    theirs = [*rows, RowChange("n1", {}, ("Oat",))]
    save(session, lamp, structure(session, {"Colour": ["Moss", "Clay", "Oat"]}, theirs), by=EDITOR)
    before = everything(session)
    with pytest.raises(Overtaken):
        save(session, lamp, mine, by=EDITOR)
    assert everything(session) == before


def test_the_same_values_twice_are_refused(session: Session, lamp: int):
    before = everything(session)
    rows = [keyed(session, "FABLE-LAMP-MOSS", "Moss"), keyed(session, "FABLE-LAMP-CLAY", "Moss")]
    with pytest.raises(Invalid):
        save(session, lamp, structure(session, {"Colour": ["Moss"]}, rows), by=EDITOR)
    assert everything(session) == before


def test_two_thousand_variants_are_saved_and_shown(session: Session, lamp: int):
    names = {"A": [f"a{n}" for n in range(40)], "B": [f"b{n}" for n in range(50)]}
    rows = [
        RowChange(f"n{place}", {"price": ("", "12.00")}, (a, b))
        for place, (a, b) in enumerate((a, b) for a in names["A"] for b in names["B"])
    ]
    save(session, lamp, structure(session, names, rows), by=EDITOR)
    form = shown(session)
    assert len([each for each in json.loads(form.rows) if all(each[1])]) == 2000
    assert len(form.rows) < 300_000


# --- Actions ---------------------------------------------------------------------------------------


def test_a_product_is_created_by_its_name_and_the_checks_say_what_is_missing(session: Session, lamp: int):
    saved = product_actions.create(session, "  Flute vase ", by=EDITOR)
    assert saved.slug == "flute-vase"
    assert list(saved.variant_ids) == ["FLUTE-VASE"]
    checks = buyable.checks(session, saved.product_id, by=VIEWER)
    assert [(check.key, check.state) for check in checks if check.state != "done"] == [
        ("status", "stop"),
        ("price", "stop"),
        ("stock", "stop"),
        ("weight", "hint"),
        ("picture", "hint"),
        ("description", "hint"),
        ("category", "hint"),
        ("maker", "hint"),
    ]
    with pytest.raises(Invalid):
        product_actions.create(session, " ", by=EDITOR)


def test_what_is_too_heavy_for_every_way_is_said(session: Session, lamp: int):
    changes = Changes(variants=(row(session, "FABLE-LAMP-MOSS", weight=("500", "900 kg")),))
    save(session, lamp, changes, by=EDITOR)
    states = {check.key: check.state for check in buyable.checks(session, lamp, by=EDITOR)}
    assert (states["status"], states["price"], states["stock"]) == ("done", "done", "done")
    assert "delivery" in states


def test_a_copy_has_its_own_skus_and_no_stock(session: Session, lamp: int):
    copy = product_actions.duplicate(session, "fable-lamp", by=EDITOR)
    assert (copy.slug, sorted(copy.variant_ids)) == (
        "fable-lamp-copy",
        ["FABLE-LAMP-COPY-CLAY", "FABLE-LAMP-COPY-MOSS"],
    )
    product = session.get_one(Product, copy.product_id)
    assert (product.title, product.status) == ("Copy of Fable Lamp", "draft")
    assert factories.stock_of(session, "FABLE-LAMP-COPY-MOSS") == (0, 0, 0)
    assert product_actions.duplicate(session, "fable-lamp", by=EDITOR).slug == "fable-lamp-copy-2"


def test_a_scheduled_product_opens_on_time(session: Session, lamp: int):
    opens = clock.now() + timedelta(days=2)
    text = clock.local(opens).strftime("%Y-%m-%dT%H:%M")
    with pytest.raises(Invalid, match="Say when it opens"):
        save(session, lamp, Changes({"status": ("active", "scheduled")}), by=EDITOR)
    changes = Changes({"status": ("active", "scheduled"), "publish_at": ("", text)})
    save(session, lamp, changes, by=EDITOR)
    assert product_actions.open_due(session) == 0
    assert session.get_one(Product, lamp).status == "scheduled"
    with time_machine.travel(opens + timedelta(minutes=1), tick=False):
        assert (product_actions.open_due(session), product_actions.open_due(session)) == (1, 0)
    product = session.get_one(Product, lamp)
    assert (product.status, product.publish_at) == ("active", None)


def test_an_address_that_changed_leads_on(session: Session, lamp: int):
    save(session, lamp, Changes({"slug": ("fable-lamp", "tall-lamp")}), by=EDITOR)
    assert shown(session, "fable-lamp").slug == "tall-lamp"
    assert shown(session).history_key == "fable-lamp"
    with pytest.raises(NotFound):
        shown(session, "nothing")
    with pytest.raises(Invalid) as refusal:
        save(session, lamp, Changes({"slug": ("tall-lamp", "shoal-bowl")}), by=EDITOR)
    assert (refusal.value.field, refusal.value.message) == (
        "slug",
        "Another product has this address already: Shoal Bowl.",
    )


def test_one_change_is_taken_back_and_later_ones_stay(session: Session, lamp: int):
    changes = Changes(
        {"title": ("Fable Lamp", "Lamp"), "description": ("A lamp that reads to you.", "**New**")},
        (row(session, "FABLE-LAMP-MOSS", price=("49.00", "1.00"), sku=("FABLE-LAMP-MOSS", "L-1")),),
    )
    save(session, lamp, changes, by=EDITOR)
    entry = session.exec(select(AuditEntry).order_by(AuditEntry.id.desc())).first()  # pyright: ignore
    save(session, lamp, Changes({"vendor": ("Fennholm", "Ohl")}), by=EDITOR)
    assert entry
    product_actions.restore(session, lamp, entry.id or 0, by=EDITOR)
    product, moss = session.get_one(Product, lamp), variant_with(session, "FABLE-LAMP-MOSS")
    assert (product.title, product.vendor, moss.price_minor) == ("Fable Lamp", "Ohl", 4900)
    assert product.description_html == "<p>A lamp that reads to you.</p>"
    other = session.exec(select(Product).where(Product.slug == "shoal-bowl")).one()
    with pytest.raises(NotFound):
        product_actions.restore(session, other.id or 0, entry.id or 0, by=EDITOR)


def test_what_was_counted_cannot_be_deleted_and_what_was_not_goes(session: Session, lamp: int):
    with pytest.raises(Conflict):
        unsold.delete_product(session, "fable-lamp", by=EDITOR)
    created = product_actions.create(session, "Flute vase", by=EDITOR)
    unsold.delete_product(session, "flute-vase", by=EDITOR)
    session.expire_all()
    assert session.get(Product, created.product_id) is None
    with pytest.raises(NotFound):
        unsold.delete_product(session, "flute-vase", by=EDITOR)


def test_a_maker_has_one_name_and_a_version(session: Session, lamp: int):
    made = makers.save(
        session, "", MakerDetails("Werkstatt Ohl", "Hafen 1\n24103 Kiel", "ohl@example.com"), by=EDITOR
    )
    assert made.version == 1
    with pytest.raises(Invalid):
        makers.save(session, "", MakerDetails("Werkstatt Ohl"), by=EDITOR)
    renamed = makers.save(session, "Werkstatt Ohl", MakerDetails("Ohl", made.address, version=1), by=EDITOR)
    assert (renamed.name, renamed.version) == ("Ohl", 2)
    with pytest.raises(Conflict):
        makers.save(session, "Ohl", MakerDetails("Ohl & Co", version=1), by=EDITOR)
    save(session, lamp, Changes({"maker": ("", "Ohl")}), by=EDITOR)
    assert shown(session).fields["maker"] == "Ohl"
    with pytest.raises(Invalid):
        save(session, lamp, Changes({"maker": ("Ohl", "Nobody")}), by=EDITOR)


def test_a_draft_is_shown_to_whoever_has_its_link_for_a_week(session: Session, lamp: int):
    product_actions.set_status(session, "fable-lamp", "draft", by=EDITOR)
    token = shown(session).preview_href.partition("preview=")[2]
    page = product_page.product(session, "fable-lamp", preview=token)
    assert (page.title, page.listed) == ("Fable Lamp", False)
    for wrong in (
        "",
        "x",
        token[:-1] + "0" * (token[-1] != "0") + "1" * (token[-1] == "0"),
        "9" * 12 + token[10:],
    ):
        with pytest.raises(NotFound):
            product_page.product(session, "fable-lamp", preview=wrong)
    with pytest.raises(NotFound):
        product_page.product(session, "shoal-bowl-2", preview=token)
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False), pytest.raises(NotFound):
        product_page.product(session, "fable-lamp", preview=token)


def test_maker_and_guarantee_stand_on_the_products_page(session: Session, lamp: int):
    ohl = MakerDetails("Ohl", "Hafen 1\nKiel", "ohl@example.com", "Kim Rep", "Weg 2", "kim@example.com")
    makers.save(session, "", ohl, by=EDITOR)
    fields = {"maker": "Ohl", "guarantee_months": "36", "guarantor": "Ohl", "guarantee_terms": "Send it in."}
    save(session, lamp, Changes({name: ("", text) for name, text in fields.items()}), by=EDITOR)
    details = {each.name: each.value for each in product_page.product(session, "fable-lamp").details}
    assert details["Manufacturer"] == "Ohl, Hafen 1, Kiel, ohl@example.com"
    assert details["Responsible in the EU"] == "Kim Rep, Weg 2, kim@example.com"
    assert details["Guarantee"] == "36 months by Ohl. Send it in."
