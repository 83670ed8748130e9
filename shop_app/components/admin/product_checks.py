"""What stands beside a product's form: what hinders selling, and what somebody else has saved meanwhile."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.product import ProductDesk

from .. import styles
from ..icons import icon
from ..kit import Component, each, el, fragment, length, match, of, when
from . import look, product_look
from .parts import panel


def checks_panel() -> Component:
    """Computed from facts: what hinders selling stands first."""
    desk = of(ProductDesk)
    sold = when(desk.form.shop_href != "", _("Open to customers"), _("Not open to customers"))
    return panel(
        _("Can customers buy this?"),
        el.ul(each(desk.checks, _check), data_testid="selling-checks"),
        note=sold,
    )


def _check(check: Any) -> Component:
    name = {"done": "done", "hint": "warning", "stop": "error"}
    states = {"done": _("done: "), "hint": _("hint: "), "stop": _("missing: ")}
    marks = {key: icon(name[key], style) for key, style in product_look.CHECK_ICONS.items()}
    words = when(
        check.href != "",
        el.a(check.text, href=check.href, class_name=styles.LINK, data_stays="true"),
        el.span(check.text, class_name=when(check.state == "done", "text-ink-2", "")),
    )
    return el.li(
        match(check.state, marks, marks["done"]),
        el.span(el.span(match(check.state, states, ""), class_name=styles.SR), words),
        class_name=product_look.CHECK_LINE,
        data_check=check.key,
        data_state=check.state,
    )


def conflicts_note() -> Component:
    """What somebody else saved in the fields that were changed here: both values, to choose from."""
    desk = of(ProductDesk)

    def one(conflict: Any) -> Component:
        theirs = when(conflict.theirs != "", conflict.theirs, _("nothing"))
        yours = when(conflict.yours != "", conflict.yours, _("nothing"))
        both = el.dl(
            _pair(_("Yours"), yours),
            _pair(_("Saved meanwhile"), theirs),
            class_name="grid gap-0.5",
        )
        reread = el.p(_("They were changed. What you changed in them has to be made again."))
        take = el.button(
            _("Take theirs"),
            type="button",
            data_takes=conflict.key,
            class_name=f"{styles.LINK} justify-self-start",
        )
        is_structure = conflict.key == "variants"
        return el.li(
            el.strong(conflict.label, class_name="font-medium"),
            when(is_structure, reread, both),
            when(is_structure, fragment(), take),
            class_name=product_look.CONFLICT,
            data_testid="conflict",
        )

    return when(
        length(desk.conflicts) > 0,
        el.div(
            el.h2(_("Somebody else has changed the same fields"), class_name=look.PANEL_TITLE),
            el.p(_("Nothing was saved yet. Save again to keep yours."), class_name="pb-1 text-ink-2"),
            el.ul(each(desk.conflicts, one)),
            class_name=product_look.CONFLICTS,
            role="alert",
        ),
    )


def _pair(name: Any, value: Any) -> Component:
    return el.div(
        el.dt(name, class_name="inline me-1.5 text-ink-3 after:content-[':']"),
        el.dd(value, class_name="inline break-words"),
    )
