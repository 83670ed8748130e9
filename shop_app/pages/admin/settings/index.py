"""The list of settings: what each page is for, and who sees what it changes."""

from __future__ import annotations

from dataclasses import dataclass

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import panel
from shop_app.components.icons import icon
from shop_app.components.kit import Component, Text, contains, el, fragment, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin import shell
from shop_app.state.admin.shell import BackOffice

ROUTE = "/admin/settings"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the settings; it is listed where the application has it."""

    href: str
    label: Text
    text: Text
    seen_by: Text


GROUPS: tuple[tuple[Text, tuple[Entry, ...]], ...] = (
    (
        _("Your shop"),
        (
            Entry(
                f"{ROUTE}/shop",
                _("Shop"),
                _("Name, logo, address, contact, the words around every page, currency and language."),
                _("Shoppers, on every page and in every letter"),
            ),
            Entry(
                f"{ROUTE}/legal",
                _("Legal texts"),
                _("Imprint, privacy, terms, withdrawal, delivery, returns, about and contact."),
                _("Shoppers, from the foot of every page and at checkout"),
            ),
            Entry(
                f"{ROUTE}/letters",
                _("Letters"),
                _("Which letters go out, how each reads, and whether mail works."),
                _("Whoever orders, in their mailbox"),
            ),
        ),
    ),
    (
        _("Selling"),
        (
            Entry(
                f"{ROUTE}/checkout",
                _("Checkout"),
                _("What is asked, how long units are kept, and when cards are charged."),
                _("Shoppers, at checkout"),
            ),
            Entry(
                f"{ROUTE}/payments",
                _("Payments"),
                _("The payment provider: its mode, its ways to pay, and what was last heard of it."),
                _("Shoppers, as the ways to pay"),
            ),
            Entry(
                f"{ROUTE}/delivery",
                _("Delivery"),
                _("Where you send to, how, and what it costs."),
                _("Shoppers, on product pages, in the cart and at checkout"),
            ),
            Entry(
                f"{ROUTE}/taxes",
                _("Taxes"),
                _("Rates for each country, with the day from which they hold."),
                _("Shoppers, on orders and invoices"),
            ),
            Entry(
                f"{ROUTE}/reasons",
                _("Reasons"),
                _("What can be chosen as the reason of a refund, a return or a cancellation."),
                _("Staff; shoppers where they return something"),
            ),
        ),
    ),
    (
        _("People"),
        (
            Entry(
                "/admin/staff", _("Staff and roles"), _("Who works here, and what each may do."), _("Staff")
            ),
            Entry("/admin/audit", _("Audit"), _("Every change by anyone, before and after."), _("Staff")),
        ),
    ),
    (
        _("Running"),
        (
            Entry(
                f"{ROUTE}/letters-sent",
                _("Letters sent"),
                _("Each letter: when it went out, or why it couldn't."),
                _("Staff"),
            ),
            Entry(
                f"{ROUTE}/events",
                _("Received events"),
                _("What the payment provider has reported."),
                _("Staff"),
            ),
            Entry(f"{ROUTE}/jobs", _("Jobs"), _("Work in the background, and its last result."), _("Staff")),
            Entry(f"{ROUTE}/database", _("Data"), _("The database, and its backups."), _("Staff")),
        ),
    ),
)


def page() -> Component:
    return desk(
        lambda: el.div(*(_group(title, entries) for title, entries in GROUPS), class_name=look.STACK),
        title=_("Settings"),
        current=ROUTE,
    )


def _group(title: Text, entries: tuple[Entry, ...]) -> Component:
    there = shell.pages()
    lines = [_entry(entry, there[entry.href]) for entry in entries if entry.href in there]
    if not lines:
        return fragment()
    return panel(title, el.ul(*lines), plain=True)


def _entry(entry: Entry, needs: str) -> Component:
    line = el.li(
        el.a(
            el.span(
                el.span(entry.label, class_name="block font-medium"),
                el.span(entry.text, class_name="block text-ink-2"),
                class_name="min-w-0",
            ),
            el.span(entry.seen_by, class_name="text-xs text-ink-3 md:text-end"),
            icon("right", "icon size-4 text-ink-3 max-md:hidden"),
            href=entry.href,
            class_name=(
                "grid gap-x-6 gap-y-1 border-t border-line px-4 py-3 hover:bg-paper "
                "md:grid-cols-[minmax(0,1fr)_minmax(0,280px)_16px] md:items-center"
            ),
        )
    )
    return when(contains(of(BackOffice).rights, needs), line) if needs else line


PAGE = Page(
    ROUTE,
    page,
    _("Settings"),
    needs="settings.view",
    menu=MenuItem(_("Settings"), "gear", keys="g s", foot=True),
)
