"""The dialogs of saved views: to keep what is asked under a name, and to rename, share, pin or delete one."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.records import RecordList

from ..controls import button
from ..fields import checkbox
from ..forms import submit
from ..kit import Component, el, fragment, of, when
from ..overlays import CLOSES, dialog
from . import look
from .parts import text_field

SAVE = "list-save-view"
SETTINGS = "list-view-settings"


def view_dialogs() -> Component:
    saved = of(RecordList).saved
    return fragment(
        dialog(
            _("Save as a view"),
            el.form(
                _name("view-name", ""),
                checkbox(_("Share it with everybody who may see this list"), name="shared", value="1"),
                _error(),
                _buttons(_("Save view")),
                on_submit=submit(RecordList.save_view),
                class_name=look.FIELDS,
            ),
            id=SAVE,
            data_list_dialog="true",
        ),
        dialog(
            _("View settings"),
            el.form(
                _name("view-rename", saved.label),
                checkbox(
                    _("Share it with everybody who may see this list"),
                    name="shared",
                    value="1",
                    default_checked=saved.shared,
                ),
                checkbox(
                    _("Pin it to the navigation"), name="pinned", value="1", default_checked=saved.pinned
                ),
                _error(),
                _buttons(_("Save"), delete=True),
                on_submit=submit(RecordList.change_view),
                class_name=look.FIELDS,
                key=saved.href + saved.label,
            ),
            id=SETTINGS,
            data_list_dialog="true",
        ),
    )


def _name(id: str, value: Any) -> Component:
    return text_field(_("Name"), name="label", id=id, default_value=value, max_length=60, required=True)


def _error() -> Component:
    error = of(RecordList).error
    return when(error != "", el.p(error, class_name="text-xs text-coral", role="alert"))


def _buttons(save: str, *, delete: bool = False) -> Component:
    remove = (
        button(_("Delete view"), kind="plain", size="s", on_click=RecordList.delete_view, **CLOSES)
        if delete
        else fragment()
    )
    return el.div(
        remove,
        el.span(class_name="flex-1"),
        button(_("Cancel"), kind="outline", size="s", **CLOSES),
        button(save, type="submit", size="s"),
        class_name="flex items-center gap-2",
    )
