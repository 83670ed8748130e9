"""Elements, conditions and lists in their two readings: Reflex's components for Vars, HTML for values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import reflex as rx

from shop_app.components.kit import (
    as_html,
    both,
    contains,
    each,
    either,
    el,
    fragment,
    length,
    match,
    not_,
    of,
    painted,
    raw_html,
    text,
    values_of,
    when,
    without_scripts,
)

EVIL = '"><script>alert(1)</script>&'


@dataclass(frozen=True, slots=True)
class Row:
    name: str = ""
    tags: list[str] = field(default_factory=list)
    count: int = 0


class KitRows(rx.State):
    rows: list[Row] = []
    title: str = "A title"
    is_open: bool = False


def html(make: Any, values: dict[type, Any] | None = None) -> str:
    with as_html(values or {}):
        return str(make())


def script(component: Any) -> str:
    return str(component.render())


def test_texts_and_attributes_are_escaped():
    assert html(lambda: el.p(EVIL, title=EVIL)) == (
        '<p title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;">'
        "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;</p>"
    )
    assert html(lambda: el.ul(each([EVIL], el.li))).count("<script>") == 0
    assert html(lambda: fragment((EVIL, el.b(EVIL)))).count("<script>") == 0


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (lambda: el.br(), "<br>"),
        (lambda: el.input(default_value=3, read_only=True), '<input value="3" readonly="">'),
        (lambda: el.input(disabled=False, aria_invalid="false"), '<input aria-invalid="false">'),
        (lambda: el.label("x", html_for="y", class_name="z"), '<label for="y" class="z">x</label>'),
        (lambda: el.a("x", href="/y", replace=True, key="k"), '<a href="/y">x</a>'),
        (lambda: el.button("x", on_click=print, data_x=True), '<button data-x="true">x</button>'),
        (lambda: el.input(spell_check=False), '<input spellcheck="false">'),
        (lambda: el.img(alt="", custom_attrs={"width": 3}), '<img alt="" width="3">'),
        (lambda: el.textarea(default_value="<x>", name="n"), '<textarea name="n">&lt;x&gt;</textarea>'),
        (lambda: el.p("a", None, 3, ("b", "c")), "<p>a3bc</p>"),
        (
            lambda: el.select(el.option("A", value="a"), el.option("B", value="b"), value="b"),
            '<select><option value="a">A</option><option value="b" selected>B</option></select>',
        ),
        (lambda: el.p(**painted(background="#a1b2c3")), '<p style="background:#a1b2c3"></p>'),
        (lambda: el.p(**painted(background="red;position:fixed")), "<p></p>"),
        (lambda: raw_html("<b>x</b>", class_name="y"), '<div class="rx-Html y"><b>x</b></div>'),
        (lambda: without_scripts(lambda: el.b("x")), "<noscript><b>x</b></noscript>"),
    ],
)
def test_an_element_is_written_as_react_would_write_it(element, expected: str):
    assert html(element) == expected


def test_only_the_branch_that_is_shown_is_made():
    made: list[str] = []

    def branch(name: str):
        return lambda: made.append(name) or name

    assert html(lambda: when([], branch("yes"), branch("no"))) == "no"
    assert html(lambda: match("b", {"a": branch("a"), "b": branch("b")}, branch("c"))) == "b"
    assert html(lambda: when("", branch("never"))) == ""
    assert made == ["no", "b"]


def test_conditions_of_both_kinds_join():
    assert both(1, "x") is True
    assert either("", 0) is False
    assert not_("") is True
    assert contains({"a": 1}, "a") is True
    assert both(True, KitRows.is_open) is not True
    assert both(False, KitRows.is_open) is False
    assert either(True, KitRows.is_open) is True
    assert "is_open" in str(either("", KitRows.is_open))
    assert str(text(3)) + text(length([1, 2])) == "32"


def rows(view: Any) -> Any:
    def one(row: Any) -> Any:
        tags = each(row.tags, lambda row: el.i(row))
        return el.li(row.name, tags, when(row.count > 1, el.b(text(row.count))), class_name=f"r-{row.name}")

    return el.ul(each(view.rows, one), title=view.title)


def test_one_function_gives_components_and_html():
    view = values_of(KitRows)
    view.rows = [Row("a", ["x", "y"], 2), Row("<b>", [], 1)]
    assert html(lambda: rows(view)) == (
        '<ul title="A title"><li class="r-a">a<i>x</i><i>y</i><b>2</b></li>'
        '<li class="r-&lt;b&gt;">&lt;b&gt;</li></ul>'
    )
    component = script(rows(KitRows))
    # Lists inside of each other have items of different names, also where both rows call theirs alike.
    assert "item_1" in component
    assert "item_2" in component


def test_a_state_has_its_vars_or_the_values_that_html_is_made_with():
    assert of(KitRows) is KitRows
    assert html(lambda: of(KitRows).title) == "A title"
    shown = values_of(KitRows)
    shown.title = "Another"
    assert html(lambda: of(KitRows).title, {KitRows: shown}) == "Another"
    assert html(lambda: el.p(of(KitRows).title)) == "<p>A title</p>"


@pytest.mark.parametrize("make", [lambda: el.p(KitRows.title), lambda: el.p(title=KitRows.title)])
def test_a_var_in_html_is_an_error_that_names_it(make):
    with pytest.raises(TypeError, match=r"title.*of\(State\)|of\(…\)"):
        html(make)


def test_html_ends_with_its_block_also_after_an_error():
    with pytest.raises(TypeError):
        html(lambda: el.p(KitRows.title))
    assert not isinstance(el.p("x"), str)
