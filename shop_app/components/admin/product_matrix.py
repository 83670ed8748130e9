"""The variants of a product as a sheet, and the fields of its one variant: drawn by `assets/admin-matrix.js`.

The script is given texts, columns and class names here, and the values by the State.
"""

from __future__ import annotations

import json
from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.product import CELL_LABELS, ProductDesk
from shop_app.state.admin.shell import BackOffice

from ..kit import Component, contains, el, of, text, when
from .product_look import SHEET

_KINDS = {
    "price": "amount",
    "compare_at": "amount",
    "cost": "amount",
    "shipping": "flag",
    "active": "flag",
}
_HINTS = {"weight": _("g"), "contents": _("500 g")}
_OWN_TO_EACH = ("sku", "barcode")
"""Cells that a new variant doesn't take over from the one it is like."""
VIEWS = (
    ("prices", _("Prices"), ("sku", "price", "compare_at", "cost")),
    ("codes", _("Codes"), ("sku", "barcode", "active")),
    ("delivery", _("Delivery"), ("sku", "weight", "contents", "shipping")),
)
WORDS = {
    "variant": _("Variant"),
    "stock": _("In stock"),
    "margin": _("Margin"),
    "percent": _("{percent} %"),
    "below": _("The price is below the cost"),
    "more": _("Actions"),
    "filter": _("Find variants"),
    "columns": _("Columns"),
    "all": _("Choose all variants"),
    "choose": _("Choose {name}"),
    "remove": _("Remove {name}"),
    "removeShort": _("Remove. A variant that was sold is kept, and no longer for sale"),
    "keep": _("Keep {name}"),
    "keepShort": _("Keep"),
    "removed": _("goes"),
    "fresh": _("new"),
    "made": _("made for you"),
    "added": _("{count} new variants"),
    "gone": _("{count} variants go"),
    "options": _("Options"),
    "undo": _("Undo"),
    "undone": _("Taken back: {count}"),
    "fill": _("Fill {count} down"),
    "filled": _("Filled: {count}"),
    "pasted": _("Pasted: {count}"),
    "set": _("Set: {count}"),
    "twice": _("The SKU {code} stands on two variants."),
    "page": _("{first} to {last} of {count}"),
    "retired": _("{count} earlier variants are kept for their orders"),
    "previous": _("Previous"),
    "next": _("Next"),
    "chosen": _("{count} chosen"),
    "field": _("What to set"),
    "value": _("New value"),
    "valueHint": _("24.00 or +10 %"),
    "setAll": _("Set"),
    "removeAll": _("Remove"),
    "noOptions": _("Options, such as colour or size"),
    "option": _("Option"),
    "optionName": _("Name of the option"),
    "optionHint": _("Colour"),
    "names": [_("Colour"), _("Size"), _("Material")],
    "addOption": _("Add an option"),
    "addValue": _("Add a value, Enter"),
    "newValue": _("New value of {name}"),
    "valueOf": _("Value of {name}"),
    "colourOf": _("Colour of {name}, such as #71804f"),
    "up": _("Move {name} up"),
    "down": _("Move {name} down"),
    "removeValue": _("Remove {name}"),
    "removeOption": _("Remove {name}"),
    "tooMany": _("A product has at most {most} variants"),
}


def _columns() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": label,
            "kind": _KINDS.get(name, "text"),
            "hint": _HINTS.get(name, ""),
            "fresh": name in _OWN_TO_EACH,
        }
        for name, label in CELL_LABELS.items()
    ]


def _views() -> list[dict[str, Any]]:
    return [{"name": name, "label": label, "columns": columns} for name, label, columns in VIEWS]


def matrix() -> Component:
    """The place of the sheet, with what it is drawn from."""
    desk = of(ProductDesk)
    may_edit = contains(of(BackOffice).rights, "products.edit")
    return el.div(
        data_matrix="true",
        data_rows=desk.form.rows,
        data_options=desk.form.options,
        data_seal=desk.form.seal,
        data_locked=when(may_edit, "false", "true"),
        data_decimals=text(desk.form.decimals),
        data_words=json.dumps(WORDS),
        data_columns=json.dumps(_columns()),
        data_views=json.dumps(_views()),
        data_classes=json.dumps(SHEET),
        data_testid="variants",
    )
