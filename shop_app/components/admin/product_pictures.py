"""A product's pictures: files sent with previews and progress, order by dragging and keys, focal points.

What the browser does is in `assets/admin-pictures.js`; it hands its results to the forms below.
"""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.pictures import Pictures
from shop_app.state.admin.shell import BackOffice

from .. import styles
from ..controls import button, icon_button
from ..forms import error_of, form_errors, submit
from ..icons import icon
from ..kit import Component, Text, contains, each, el, fragment, length, of, painted, text, when
from ..overlays import CLOSES, dialog
from ..parts import busy_button
from . import look
from .parts import panel, text_field

EDIT = "picture-edit"
ACCEPT = "image/jpeg,image/png,image/webp,image/avif,image/gif"
MOST_BYTES = 6 * 1024 * 1024

GRID = "grid grid-cols-3 gap-2 sm:grid-cols-4 xl:grid-cols-5"
TILE = (
    "group/tile relative aspect-[4/5] overflow-hidden rounded-r1 bg-sunken first:col-span-2 first:row-span-2 "
    "has-focus-visible:outline-2 has-focus-visible:outline-offset-2 data-dragged:opacity-40 "
    "data-over:outline-2 data-over:outline-focus"
)
TILE_IMAGE = "size-full cursor-pointer object-cover outline-none dark:brightness-90"
ON_TILE = "absolute rounded-r1 bg-surface/90"
UPLOAD = "relative aspect-[4/5] overflow-hidden rounded-r1 bg-sunken"
ADD = (
    "col-span-full grid min-h-16 cursor-pointer place-items-center gap-1 rounded-r1 border border-dashed "
    "border-line-strong p-3 text-center text-ink-2 hover:border-ink has-focus-visible:outline-2 "
    "data-over:border-ink data-over:bg-sunken"
)


def pictures_panel() -> Component:
    """The panel of the page of the product at hand, which loads `Pictures.load`.

    It may stand inside the product's form; `pictures_beside` goes outside of it, because it has forms.
    """
    view = of(Pictures).view
    may_edit = contains(of(BackOffice).rights, "products.edit")
    return panel(
        _("Pictures"),
        when(
            length(view.pictures) > 0,
            lambda: el.ul(
                each(view.pictures, _tile), class_name=GRID, data_pictures="true", aria_label=_("Pictures")
            ),
            el.p(
                _("Without a picture nobody buys it. JPEG, PNG, WebP, AVIF or GIF, 6 MB each."),
                class_name="text-ink-2",
            ),
        ),
        when(may_edit, _tools),
        note=when(length(view.pictures) > 0, text(length(view.pictures)), ""),
        actions=when(
            length(view.pictures) > 1,
            el.span(
                _("Drag to reorder, or use Alt and the arrow keys"),
                class_name="text-xs text-ink-3 max-md:hidden",
            ),
        ),
        data_picture_panel="true",
        data_product=view.slug,
        data_testid="pictures",
    )


def _tile(item: Any) -> Component:
    name = when(item.alt != "", item.alt, _("Picture") + " " + text(item.place))
    return el.li(
        el.button(
            el.img(
                src="/media/" + item.key + "/320.jpg",
                alt=name,
                loading="lazy",
                draggable=False,
                class_name=TILE_IMAGE,
                **painted(object_position=item.focus),
            ),
            type="button",
            class_name="block size-full outline-none",
            on_click=Pictures.open(item.key),
            data_picture_button="true",
            aria_keyshortcuts="Alt+ArrowLeft Alt+ArrowRight",
            aria_describedby="pictures-help",
        ),
        el.label(
            el.input(
                type="checkbox",
                value=item.key,
                aria_label=_("Choose picture ") + text(item.place),
                class_name="tick size-5",
                data_picture_check="true",
                default_checked=False,
            ),
            class_name=f"{ON_TILE} start-1.5 top-1.5 grid size-7 place-items-center",
        ),
        when(
            item.alt == "",
            el.span(
                _("No alt text"),
                class_name=f"{ON_TILE} end-1.5 top-1.5 px-1.5 py-0.5 text-xs text-amber max-sm:hidden",
            ),
        ),
        el.span(
            icon_button("left", _("Earlier"), small=True, data_shifts="-1"),
            icon_button("right", _("Later"), small=True, data_shifts="1"),
            class_name=(
                f"{ON_TILE} end-1.5 bottom-1.5 flex group-hover/tile:opacity-100 "
                "group-focus-within/tile:opacity-100 md:opacity-0 pointer-coarse:opacity-100"
            ),
        ),
        key=item.key,
        draggable=True,
        class_name=TILE,
        data_picture=item.key,
        data_testid="picture",
        data_key=item.key,
    )


def _tools() -> Component:
    return fragment(
        el.p(
            _("Alt and the arrow keys move the picture that has the focus."),
            id="pictures-help",
            class_name=styles.SR,
        ),
        # The script fills these two; React draws them empty.
        el.ul(
            class_name=f"{GRID} mt-2 empty:hidden",
            data_uploads="true",
            data_look=UPLOAD,
            data_look_image="size-full object-cover opacity-60",
            data_look_bar="absolute inset-x-2 bottom-2 w-[calc(100%-16px)]",
            aria_label=_("On their way"),
        ),
        el.div(
            el.ul(
                class_name="mt-2 grid gap-1 text-sm text-coral empty:hidden",
                data_upload_errors="true",
                aria_label=_("Refused"),
            ),
            role="alert",
        ),
        el.p(
            class_name=styles.SR,
            role="status",
            data_picture_says="true",
            data_moved=_("Picture moved to place {place} of {count}"),
        ),
        _files(),
        el.div(
            el.span(data_chosen_count="true", class_name="text-ink-2"),
            button(
                icon("trash", styles.ICON_S),
                _("Take off the product"),
                kind="outline",
                size="s",
                data_picture_remove="true",
                class_name="max-md:h-11",
            ),
            class_name="mt-3 hidden items-center gap-3 in-data-choosing:flex",
            data_words=_("{count} chosen"),
            data_picture_bar="true",
        ),
    )


def pictures_beside() -> Component:
    """What belongs to the panel and is no part of the product's form: one picture's dialog, hidden forms."""
    return fragment(
        _dialog(),
        _handed("arrange", Pictures.arrange, "keys"),
        _handed("remove", Pictures.remove, "keys"),
        _handed("arrived", Pictures.arrived, "taken", "refused"),
    )


def _files() -> Component:
    """Where files are chosen, or dropped."""
    return el.div(
        el.label(
            icon("plus", styles.ICON_S),
            el.span(_("Add pictures, or drop them here")),
            el.input(
                type="file",
                multiple=True,
                accept=ACCEPT,
                class_name="sr-only",
                data_picture_files="true",
                data_most=MOST_BYTES,
                data_too_large=_("A picture may have 6 MB at most."),
                data_failed=_("It couldn't be sent. Check the connection and try again."),
                data_testid="picture-files",
            ),
            class_name=ADD,
            data_picture_drop="true",
        ),
        class_name="mt-2 grid",
    )


def _handed(name: str, handler: Any, *fields: str) -> Component:
    """A form that the script fills and sends."""
    return el.form(
        *(el.input(type="hidden", name=one, default_value="") for one in fields),
        on_submit=submit(handler),
        hidden=True,
        data_hand=name,
    )


# --- One picture --------------------------------------------------------------------------------------


def _dialog() -> Component:
    state = of(Pictures)
    chosen = state.chosen
    return dialog(
        _("Picture"),
        el.form(
            form_errors(Pictures),
            el.input(type="hidden", name="key", value=chosen.key, read_only=True),
            _focal_point(chosen),
            text_field(
                _("Alt text"),
                name="alt",
                id="picture-alt",
                lines=True,
                default_value=chosen.alt,
                max_length=1000,
                hint=_("What it shows, for those who can't see it."),
                error=error_of(Pictures, "alt"),
            ),
            when(length(state.view.variants) > 0, _variants),
            el.div(
                busy_button(
                    _("Save picture"),
                    type="submit",
                    answer=state.answers,
                    busy_label=_("Saving"),
                    size="s",
                    class_name="max-md:h-11",
                    data_testid="picture-save",
                ),
                button(_("Cancel"), kind="plain", size="s", class_name="max-md:h-11", **CLOSES),
                class_name="flex gap-2",
            ),
            on_submit=submit(Pictures.save),
            class_name=look.FIELDS,
            key=chosen.key + text(state.answers),
        ),
        id=EDIT,
        is_open=state.is_open,
        on_close=Pictures.close,
    )


def _focal_point(chosen: Any) -> Component:
    def slider(label: Text, name: str, value: Any) -> Component:
        return el.label(
            el.span(label, class_name="text-xs font-medium"),
            el.input(
                type="range",
                name=name,
                default_value=text(value),
                class_name="w-full accent-green",
                data_focal_range=name,
                custom_attrs={"min": 0, "max": 100},
            ),
            class_name="grid gap-1",
        )

    return el.fieldset(
        el.legend(_("Focal point"), class_name="mb-1 text-xs font-medium"),
        el.p(
            _("Click what has to stay in view where the picture is cropped."),
            class_name="mb-2 text-xs text-ink-2",
        ),
        el.div(
            el.img(
                src=when(chosen.key != "", "/media/" + chosen.key + "/640.jpg", "data:,"),
                alt="",
                class_name="max-h-72 w-auto cursor-crosshair rounded-r1",
                draggable=False,
                data_focal_image="true",
            ),
            el.span(
                class_name=(
                    "pointer-events-none absolute size-5 -translate-1/2 rounded-full border-2 border-surface "
                    "bg-green/60 ring-1 ring-ink"
                ),
                data_focal_mark="true",
                **painted(left=text(chosen.focus_x) + "%", top=text(chosen.focus_y) + "%"),
            ),
            class_name="relative inline-block",
        ),
        el.div(
            slider(_("From the left"), "focus_x", chosen.focus_x),
            slider(_("From the top"), "focus_y", chosen.focus_y),
            class_name="mt-2 grid grid-cols-2 gap-3",
        ),
        data_focal="true",
    )


def _variants() -> Component:
    chosen = of(Pictures).chosen

    def one(variant: Any) -> Component:
        return el.label(
            el.input(
                type="checkbox",
                name="shows-" + text(variant.place),
                value=variant.sku,
                default_checked=contains(chosen.skus, variant.sku),
                class_name=styles.CHECK_BOX,
            ),
            el.span(variant.title),
            class_name=styles.CHECK,
        )

    return el.fieldset(
        el.legend(_("Shows these variants"), class_name="mb-1 text-xs font-medium"),
        el.div(
            each(of(Pictures).view.variants, one),
            class_name="grid max-h-48 gap-1 overflow-y-auto sm:grid-cols-2",
        ),
    )
