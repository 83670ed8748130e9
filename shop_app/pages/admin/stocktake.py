"""Counting: scan or type a code, enter the units, look at what differs, book it together; or send a file."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import panel
from shop_app.components.badges import note
from shop_app.components.controls import button, icon_button
from shop_app.components.forms import submit
from shop_app.components.icons import icon
from shop_app.components.kit import Component, each, el, fragment, length, of, text, when
from shop_app.components.overlays import CLOSES, dialog, opens
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.stocktake import StocktakeDesk

INVENTORY = "/admin/inventory"
PATH = "/admin/stocktake"
DISCARD, BOOK = "stocktake-discard", "stocktake-book"
BIG = (
    "h-14 w-full rounded-r2 border border-line-strong bg-surface px-4 text-[20px] placeholder:text-ink-3 "
    "hover:border-ink-2 focus-visible:border-focus focus-visible:outline-offset-[-1px]"
)
LABEL = "grid gap-1.5 text-xs font-medium"


def page() -> Component:
    return desk(
        _content,
        title=_("Count stock"),
        current=INVENTORY,
        ready=of(StocktakeDesk).loaded,
        back=(_("Inventory"), INVENTORY),
    )


def _content() -> Component:
    state = of(StocktakeDesk)
    return el.div(
        el.div(
            _scan(),
            when(state.scanned.sku != "", _count),
            when(state.error != "", note(state.error, kind="bad", role="alert", data_testid="count-error")),
            _file(),
            class_name="grid min-w-0 content-start gap-3",
        ),
        el.div(_differences(), _problems(), class_name=look.STACK),
        dialog(
            _("Throw away what was counted?"),
            el.p(_("Nothing of it is booked, and it can't be brought back.")),
            id=DISCARD,
            actions=button(
                _("Throw away"), kind="danger", size="s", on_click=StocktakeDesk.discard, **CLOSES
            ),
        ),
        dialog(
            _("Book the differences?"),
            el.p(
                text(state.view.differences),
                _(" variants differ. Each gets a movement with the reason “Counted”."),
            ),
            id=BOOK,
            actions=button(
                _("Book"), size="s", on_click=StocktakeDesk.book, data_testid="stocktake-confirm", **CLOSES
            ),
        ),
        class_name="grid items-start gap-4 lg:grid-cols-[380px_minmax(0,1fr)]",
        data_stocktake="true",
        data_answers=state.answers,
    )


def _scan() -> Component:
    state = of(StocktakeDesk)
    return el.form(
        el.label(
            _("Scan a barcode, or type a SKU"),
            el.input(
                name="code",
                auto_complete="off",
                auto_capitalize="none",
                spell_check=False,
                enter_key_hint="search",
                class_name=BIG,
                data_scan="true",
                data_testid="scan",
                default_value="",
            ),
            class_name=LABEL,
        ),
        on_submit=submit(StocktakeDesk.scan),
        key="scan" + text(state.answers),
    )


def _count() -> Component:
    state = of(StocktakeDesk)
    scanned = state.scanned
    step = (
        "grid size-14 flex-none cursor-pointer place-items-center rounded-r2 border border-line-strong "
        "text-[22px] hover:border-ink"
    )
    return el.form(
        el.p(
            el.strong(scanned.title, class_name="block font-medium"),
            el.span(scanned.sku, when(scanned.variant != "", el.span(" · ", scanned.variant))),
            class_name="text-ink-2",
        ),
        el.label(
            el.span(_("Units counted"), class_name="text-xs font-medium"),
            el.span(
                el.button("−", type="button", class_name=step, data_steps="-1", aria_label=_("One less")),
                el.input(
                    name="units",
                    default_value=scanned.counted,
                    input_mode="numeric",
                    auto_complete="off",
                    enter_key_hint="done",
                    class_name=f"{BIG} text-center tabular-nums",
                    data_count="true",
                    data_testid="count-units",
                ),
                el.button("+", type="button", class_name=step, data_steps="1", aria_label=_("One more")),
                class_name="flex gap-2",
            ),
            class_name="grid gap-1.5",
        ),
        el.p(text(scanned.on_hand), _(" on hand by the ledger"), class_name="text-xs text-ink-2"),
        el.div(
            busy_button(
                _("Note the count"),
                type="submit",
                answer=state.answers,
                busy_label=_("Noting"),
                class_name="flex-1",
                data_testid="count-note",
            ),
            button(_("Skip"), kind="outline", on_click=StocktakeDesk.leave),
            class_name="flex gap-2",
        ),
        on_submit=submit(StocktakeDesk.count),
        class_name="grid gap-3 rounded-r2 border border-ink bg-surface p-4",
        key="count" + text(state.answers),
    )


def _file() -> Component:
    """A file of counts is sent by the script, which presses `data_sent` when it is there."""
    return el.details(
        el.summary(_("Count from a file"), class_name="min-h-11 cursor-pointer py-3 text-ink-2 md:min-h-9"),
        el.div(
            el.p(
                _(
                    "A CSV with a SKU or barcode and its units in each line, such as MUG-1;12. Nothing is"
                    " booked by sending it: look at the differences first. 2 MB at most."
                ),
                class_name="text-ink-2",
            ),
            el.label(
                icon("upload", styles.ICON_S),
                _("Choose a file"),
                el.input(
                    type="file",
                    accept=".csv,.txt,.tsv,text/csv,text/plain",
                    class_name="sr-only",
                    data_counts_file="true",
                    data_most=2 * 1024 * 1024,
                    data_too_large=_("A file of counts may have 2 MB at most."),
                    data_failed=_("The file couldn't be sent. Check the connection and try again."),
                ),
                class_name=(
                    f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_S} cursor-pointer justify-self-start "
                    "has-focus-visible:outline-2 max-md:h-11"
                ),
            ),
            el.p(class_name="text-coral empty:hidden", role="alert", data_counts_error="true"),
            el.button(
                type="button", hidden=True, aria_hidden="true", data_sent="true", on_click=StocktakeDesk.load
            ),
            class_name="grid gap-3 pb-3",
        ),
        class_name="border-t border-line",
    )


def _differences() -> Component:
    view = of(StocktakeDesk).view
    heads = (
        (_("Variant"), look.TH),
        (_("Ledger"), f"{look.TH} text-end! max-sm:hidden"),
        (_("Counted"), f"{look.TH} text-end!"),
        (_("Difference"), f"{look.TH} text-end!"),
        ("", f"{look.TH} w-12"),
    )
    lines = el.table(
        el.thead(el.tr(*(el.th(label, scope="col", class_name=look_of) for label, look_of in heads))),
        el.tbody(each(view.lines, _line)),
        class_name=look.TABLE,
    )
    counted = el.p(
        text(view.counted),
        _(" counted, "),
        text(view.differences),
        _(" differ"),
        class_name="text-ink-2",
        role="status",
        data_testid="count-summary",
    )
    acts = fragment(
        button(_("Throw away"), kind="plain", size="s", class_name="max-md:h-11", **opens(DISCARD)),
        button(
            _("Book differences"),
            size="s",
            disabled=view.differences == 0,
            class_name="max-md:h-11",
            data_testid="stocktake-book",
            **opens(BOOK),
        ),
    )
    return panel(
        _("Counted"),
        el.div(counted, class_name="px-4 pb-3"),
        when(
            view.counted > 0,
            el.div(lines, class_name=look.TABLE_BOX),
            el.p(_("What you count stands here until you book it."), class_name="px-4 pb-4 text-ink-2"),
        ),
        actions=when(view.counted > 0, acts),
        plain=True,
    )


def _line(line: Any) -> Component:
    quiet = " text-end tabular-nums"
    return el.tr(
        el.td(
            el.button(
                line.title,
                type="button",
                class_name=f"{styles.LINK} text-start",
                on_click=StocktakeDesk.again(line.sku),
            ),
            el.span(
                line.sku,
                when(line.variant != "", el.span(" · ", line.variant)),
                class_name="block text-xs text-ink-2",
            ),
            class_name=look.TD + " py-1.5",
        ),
        el.td(text(line.on_hand), class_name=look.TD + quiet + " max-sm:hidden"),
        el.td(text(line.units), class_name=look.TD + quiet),
        el.td(
            el.span(
                line.difference_text,
                class_name=when(line.difference == 0, "text-ink-3", "font-medium text-amber"),
            ),
            class_name=look.TD + quiet,
        ),
        el.td(
            icon_button(
                "close",
                _("Take out ") + line.sku,
                small=True,
                on_click=StocktakeDesk.drop(line.sku),
            ),
            class_name=look.TD + " text-end",
        ),
        data_testid="count-line",
        data_sku=line.sku,
    )


def _problems() -> Component:
    shown = of(StocktakeDesk).view.problems

    def one(problem: Any) -> Component:
        return el.li(
            el.span(problem.where, class_name="text-ink-2"),
            el.code(problem.code, class_name="min-w-0 truncate"),
            el.span(problem.text, class_name="text-coral max-sm:col-span-2"),
            class_name=(
                "grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 border-t border-line px-4 py-2 "
                "sm:grid-cols-[5rem_12rem_1fr]"
            ),
            data_testid="count-problem",
        )

    return when(
        length(shown) > 0,
        lambda: panel(_("Not taken"), el.ul(each(shown, one)), note=text(length(shown)), plain=True),
    )


PAGE = Page(PATH, page, _("Count stock"), load=(StocktakeDesk.load,), needs="inventory.adjust")
