"""The first page of the back office: open work, each count a link to its list."""

from __future__ import annotations

from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import panel
from shop_app.components.kit import Component, Text, contains, el, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.shell import BackOffice

WORK = (
    ("orders_to_pack", _("To pack"), "/admin/orders?tab=to-pack"),
    ("orders_unpaid", _("Not paid yet"), "/admin/orders?tab=unpaid"),
    ("orders_attention", _("Need attention"), "/admin/orders?tab=attention"),
    ("returns_open", _("Returns open"), "/admin/orders?tab=returns"),
    ("stock_low", _("Low in stock"), "/admin/inventory?tab=low"),
)


def home() -> Component:
    return desk(_open_work, title=_("Home"), current="/admin")


def _open_work() -> Component:
    lines = el.ul(*(_work(*entry) for entry in WORK), class_name="grid gap-px")
    return panel(_("Open work"), lines, plain=True)


def _work(name: str, label: Text, href: str) -> Component:
    counts = of(BackOffice).counts

    def line() -> Component:
        return el.li(
            el.a(
                el.strong(text(counts[name]), class_name="min-w-8 font-medium tabular-nums"),
                el.span(label),
                href=href,
                class_name="flex min-h-11 items-center gap-3 border-t border-line px-4 hover:bg-paper",
                data_testid="kpi",
                data_name=name,
            )
        )

    return when(contains(counts, name), line)


PAGE = Page(
    "/admin",
    home,
    _("Home"),
    needs="",
    menu=MenuItem(_("Home"), "home", keys="g h"),
)
