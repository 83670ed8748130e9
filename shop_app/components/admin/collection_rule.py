"""The rule of a collection: its conditions, each with a value, added and taken out."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.collections import OneCollection

from .. import styles
from ..controls import button, icon_button
from ..forms import submit
from ..kit import Component, each, el, of, text, when
from ..parts import busy_button
from . import look
from .parts import panel

WHAT = (
    ("price-max", _("Price is at most")),
    ("price-min", _("Price is at least")),
    ("sale-is", _("Is reduced")),
    ("new-days", _("Went on sale in the last days")),
    ("category-is", _("Is in the category")),
    ("category-not", _("Isn't in the category")),
    ("tag-is", _("Has the tag")),
    ("tag-not", _("Hasn't the tag")),
    ("vendor-is", _("Is made by")),
    ("vendor-not", _("Isn't made by")),
    ("kind-is", _("Is of the kind")),
    ("kind-not", _("Isn't of the kind")),
    ("title-has", _("Title has the words")),
)


def rule_panel() -> Component:
    """The panel with the form of the conditions."""
    state = of(OneCollection)

    return panel(
        _("Rule"),
        el.form(
            el.label(
                el.span(_("A product is in it that fulfils")),
                el.select(
                    el.option(_("all conditions"), value="all"),
                    el.option(_("any condition"), value="any"),
                    name="match",
                    default_value=when(state.view.any, "any", "all"),
                    class_name=f"{look.INPUT} {styles.SELECT} w-44!",
                ),
                class_name="flex flex-wrap items-center gap-2",
            ),
            el.ul(each(state.conditions, _condition), class_name="grid gap-2"),
            el.p(
                _(
                    "It is kept up to date: products come and go with their price, tags and category."
                    " A reduced price needs no value."
                ),
                class_name="text-xs text-ink-2",
            ),
            el.div(
                busy_button(
                    _("Save the rule"),
                    type="submit",
                    answer=state.answers,
                    busy_label=_("Looking"),
                    size="s",
                    class_name="max-md:h-11",
                    data_testid="rule-save",
                ),
                button(
                    _("Add a condition"),
                    kind="outline",
                    size="s",
                    class_name="max-md:h-11",
                    on_click=OneCollection.add_condition,
                ),
                class_name="flex flex-wrap gap-2",
            ),
            on_submit=submit(OneCollection.set_rule),
            class_name=look.FIELDS,
            key=state.loaded + text(state.view.version),
        ),
    )


def _condition(row: Any) -> Component:
    return el.li(
        el.select(
            *(el.option(label, value=what) for what, label in WHAT),
            name="what-" + text(row.number),
            default_value=row.what,
            aria_label=_("Condition"),
            class_name=f"{look.INPUT} {styles.SELECT}",
        ),
        el.input(
            name="value-" + text(row.number),
            default_value=row.value,
            aria_label=_("Value"),
            placeholder=_("Value"),
            auto_complete="off",
            max_length=200,
            class_name=look.INPUT,
        ),
        icon_button("close", _("Remove this condition"), on_click=OneCollection.drop_condition(row.number)),
        class_name="grid grid-cols-[minmax(0,1fr)_minmax(0,1fr)_auto] items-center gap-2",
        key=text(row.number),
        data_testid="condition",
    )
