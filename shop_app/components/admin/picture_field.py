"""The one picture of a record, sent by `assets/admin-pictures.js` and seen at once."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from .. import styles
from ..icons import icon
from ..kit import Component, el, not_, when
from .parts import text_field
from .product_pictures import ACCEPT, MOST_BYTES


def picture_field(view: Any, *, id: str) -> Component:
    """The fields "picture", a key, and "picture_alt" of a form, with what is there now (a PictureView)."""
    has_one = view.key != ""
    return el.fieldset(
        el.legend(_("Picture"), class_name="mb-1 text-xs font-medium"),
        el.input(type="hidden", name="picture", default_value=view.key, data_one_picture_key="true"),
        el.div(
            el.img(
                src=when(has_one, "/media/" + view.key + "/320.jpg", "data:,"),
                alt="",
                hidden=not_(has_one),
                class_name="h-24 w-auto rounded-r1",
            ),
            el.label(
                icon("upload", styles.ICON_S),
                _("Choose a picture"),
                el.input(
                    type="file", accept=ACCEPT, class_name="sr-only", custom_attrs={"data-loose": "true"}
                ),
                class_name=(
                    f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_S} cursor-pointer "
                    "has-focus-visible:outline-2 max-md:h-11"
                ),
            ),
            el.button(
                _("Without a picture"),
                type="button",
                hidden=not_(has_one),
                class_name=styles.LINK,
                data_one_picture_none="true",
            ),
            class_name="flex flex-wrap items-center gap-3",
        ),
        el.p(class_name="mt-1 text-xs text-coral empty:hidden", role="alert", data_one_picture_error="true"),
        text_field(
            _("Alt text"),
            name="picture_alt",
            id=f"{id}-alt",
            optional=True,
            default_value=view.alt,
            max_length=1000,
            class_name="mt-3",
        ),
        data_one_picture="true",
        data_most=MOST_BYTES,
        data_too_large=_("A picture may have 6 MB at most."),
        data_failed=_("It couldn't be sent. Check the connection and try again."),
        class_name="grid min-w-0 gap-1",
    )
