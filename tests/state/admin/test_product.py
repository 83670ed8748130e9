"""The page of a product in a tab: what it sends has bounds, and what can't be saved stays in the form."""

from __future__ import annotations

import json

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden
from shop_app.models import AuditEntry, Maker, Product
from shop_app.state.admin.product import MakerDesk, NewProduct, ProductDesk
from tests.factories import variant_with
from tests.state.conftest import submit

EDITOR = Principal("staff", 1, "ana@example.com", permissions=frozenset({"products.view", "products.edit"}))
VIEWER = Principal("staff", 2, "kim@example.com", permissions=frozenset({"products.view"}))
LAMP = "/admin/products/fable-lamp"


@pytest.fixture
async def desk(open_tab, shop):
    set_principal(EDITOR)
    tab = await open_tab(ProductDesk, LAMP)
    await tab.load()
    yield tab
    set_principal(None)


def parts(changes: object, size: int = 10_000) -> dict[str, str]:
    """As the page's script sends it."""
    text = json.dumps(changes)
    return {f"part-{place}": text[at : at + size] for place, at in enumerate(range(0, len(text), size))}


def stored() -> Product:
    with db.reading() as session:
        return session.exec(select(Product).where(Product.title.startswith("Fable"))).one()  # pyright: ignore


def moss_id() -> int:
    with db.reading() as session:
        return variant_with(session, "FABLE-LAMP-MOSS").id or 0


async def test_what_was_touched_is_saved_in_any_number_of_parts(desk):
    assert (desk.form.title, desk.missing, desk.form.has_options) == ("Fable Lamp", False, True)
    assert [check.key for check in desk.checks if check.state == "stop"] == []
    text = "Fable lämp 🪔 " + "x" * 300
    changes = {"fields": {"title": ["Fable Lamp", text[:200]]}}
    sent = parts(changes, size=7)
    first = dict(list(sent.items())[:5])
    await submit(desk, "gather", first)
    await submit(desk, "save", {name: part for name, part in sent.items() if name not in first})
    assert (stored().title, desk.form.title, desk.saves) == (text[:200].strip(), text[:200].strip(), 1)
    assert desk.errors == {}


async def test_a_cell_that_is_no_amount_is_said_at_the_cell(desk):
    changes = {"variants": [{"key": str(moss_id()), "cells": {"price": ["49.00", "much"]}}]}
    await submit(desk, "save", parts(changes))
    assert json.loads(desk.cell_errors) == {f"{moss_id()}.price": "Enter an amount such as 24.00."}
    assert (desk.saves, stored().version) == (0, 1)


async def test_both_values_are_shown_where_somebody_was_faster(desk, open_tab):
    other = await open_tab(ProductDesk, LAMP)
    await other.load()
    await submit(other, "save", parts({"fields": {"title": ["Fable Lamp", "Fable A"]}}))
    await submit(desk, "save", parts({"fields": {"title": ["Fable Lamp", "Fable B"]}}))
    assert [(each.yours, each.theirs) for each in desk.conflicts] == [("Fable B", "Fable A")]
    assert (desk.form.title, stored().title) == ("Fable A", "Fable A")
    await submit(desk, "save", parts({"fields": {"title": ["Fable A", "Fable B"]}}))
    assert (desk.conflicts, stored().title) == ([], "Fable B")


@pytest.mark.parametrize(
    "junk",
    [
        {},
        {"part-0": ""},
        {"part-0": "{"},
        {"part-0": "[]"},
        {"part-0": '{"fields": {"version": ["1", "2"]}}'},
        {"part-0": '{"fields": {"title": "x"}}'},
        {"part-0": '{"variants": [{"key": "1; drop", "cells": {}}]}'},
        {"part-0": '{"variants": [{"key": "1", "cells": {"stock": ["1", "2"]}}]}'},
        {"part-0": '{"structure": {"seal": "", "options": [], "rows": [], "id": 1}}'},
        {"part-0": "[" * 5000},
        {"part-0": '{"fields": {"title": ["Fable Lamp", "\\ud800"]}}'},
        {"part-0": '{"fields": {"title": ["Fable Lamp", "\\u0000"]}}'},
        {f"part-{number}": "x" * 12_001 for number in range(3)},
        {"part-100": "1"},
    ],
)
async def test_junk_changes_nothing(desk, junk):
    await submit(desk, "save", junk)
    assert (stored().title, stored().version, desk.saves) == ("Fable Lamp", 1, 0)
    assert desk.refused or desk.errors


async def test_a_code_is_looked_up_while_it_is_typed(desk):
    await submit(desk, "ask", {"kind": "sku", "key": "7", "code": "SHOAL-BOWL"})
    assert json.loads(desk.asked) == ["sku", "7", "SHOAL-BOWL", "The SKU SHOAL-BOWL belongs to Shoal Bowl."]
    for kind, code, sentence in (
        ("sku", "FREE", ""),
        ("slug", "shoal-bowl", "Another product has this address already: Shoal Bowl."),
        ("slug", "Not so", "The address may have small letters, digits and hyphens only."),
        ("barcode", "4006381333931", ""),
    ):
        await submit(desk, "ask", {"kind": kind, "key": "", "code": code})
        assert json.loads(desk.asked)[3] == sentence


async def test_a_preview_is_sanitised(desk):
    await submit(desk, "show_preview", parts("**a**<script>alert(1)</script>[x](javascript:alert(1))"))
    assert desk.preview == "<p><strong>a</strong>[x](javascript:alert(1))</p>"


async def test_a_product_is_created_archived_and_brought_back(desk, open_tab):
    new = await open_tab(NewProduct, "/admin/products/new")
    await submit(new, "create", {"title": " "})
    assert new.errors == {"title": "Give the product a title."}
    assert await submit(new, "create", {"title": "Flute"})
    await desk.set_status("archived")
    assert (stored().status, desk.form.status_label) == ("archived", "Archived")
    await desk.set_status("active")
    with db.reading() as session:
        entries = session.exec(select(AuditEntry.action, AuditEntry.object_key)).all()
    assert entries == [("created", "flute"), ("changed", "fable-lamp"), ("changed", "fable-lamp")]


async def test_an_unknown_product_is_said_to_be_missing(desk, open_tab):
    tab = await open_tab(ProductDesk, "/admin/products/nothing")
    assert await tab.load() is None
    assert (tab.missing, tab.form.id) == (True, 0)


async def test_a_maker_is_written_in_its_dialog(desk, open_tab):
    maker = await open_tab(MakerDesk, LAMP)
    await maker.open("")
    await submit(maker, "save", {"was": "", "name": "Ohl", "address": "Hafen 1\nKiel", "version": "0"})
    assert not maker.is_open
    with db.reading() as session:
        assert session.exec(select(Maker.address)).one() == "Hafen 1\nKiel"
    await maker.open("Ohl")
    assert (maker.was, maker.maker.version) == ("Ohl", 1)
    await submit(maker, "save", {"was": "Ohl", "name": "", "version": "1"})
    assert maker.errors == {"name": "Give the maker a name."}


async def test_who_may_only_look_saves_nothing(desk):
    set_principal(VIEWER)
    for act in (
        submit(desk, "save", parts({"fields": {"title": ["Fable Lamp", "x"]}})),
        desk.duplicate(),
        desk.set_status("archived"),
        desk.delete(),
        desk.restore(1),
    ):
        with pytest.raises(Forbidden):
            await act
    assert (stored().title, stored().version) == ("Fable Lamp", 1)
