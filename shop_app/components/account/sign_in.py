"""What the pages of a customer's sign-in are made of: their frame, a password that can be shown, passkeys."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from .. import layout, styles
from ..badges import note
from ..controls import button, icon_button
from ..fields import field
from ..icons import icon
from ..kit import Component, Text, el, fragment, when

FORM = "grid gap-5"
MAX_PASSWORD = 1000
"""What is longer than a password may be is refused with a sentence, never cut."""
SCRIPTS = ("passkeys.js", "sign-in.js")


def sign_in_page(title: Text, lead: Any, *body: Any, problem: Text = "", done: Text = "") -> Component:
    """A column with the heading and `body`, and a picture beside it where there is room."""
    return layout.page(
        el.div(
            el.div(
                el.h1(title, class_name=styles.D2),
                el.p(lead, class_name="mt-3 text-ink-2"),
                el.div(
                    when(problem, note(problem, kind="bad", role="alert", data_testid="sign-in-problem")),
                    when(done, note(done, kind="good", role="status", data_testid="sign-in-done")),
                    el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_passkey_says="true"),
                    class_name="mt-5 grid gap-3 *:mb-0!",
                ),
                el.div(*body, class_name="mt-2 grid gap-6"),
                class_name="min-w-0",
            ),
            el.span(
                el.img(
                    src="/shelf.webp",
                    alt="",
                    class_name=styles.PICTURE_IMG,
                    custom_attrs={"width": 960, "height": 1200},
                ),
                class_name="relative hidden aspect-[4/5] overflow-hidden rounded-r1 bg-sunken md:block",
            ),
            class_name=_COLUMNS,
        ),
        sign_in_scripts(),
    )


_COLUMNS = (
    f"{styles.WRAP} grid items-start gap-8 pt-8 pb-section md:grid-cols-[minmax(0,440px)_minmax(0,1fr)] "
    "md:gap-16 md:pt-12 lg:gap-28"
)


def sign_in_scripts() -> Component:
    """The scripts of these pages alone. They stand last: React moves them, and nothing else with them."""
    return fragment(*(el.script(src=f"/{name}", custom_attrs={"async": True}) for name in SCRIPTS))


def password_field(
    label: Text, *, name: str = "password", hint: Text = None, error: Text = None, **props: Any
) -> Component:
    """A password, with a button that shows it; `props` go to the input."""
    id = f"field-{name}"
    wrong = {} if error is None else {"aria_invalid": when(error != "", "true", "false")}
    control = el.div(
        el.input(
            id=id,
            name=name,
            type="password",
            max_length=MAX_PASSWORD,
            class_name=f"{styles.INPUT} pe-12",
            aria_describedby=f"{id}-note",
            **wrong,
            **props,
        ),
        icon_button(
            "eye",
            _("Show the password"),
            small=True,
            class_name="absolute end-1 top-1 aria-pressed:text-ink",
            hidden=True,
            aria_pressed="false",
            data_reveals="true",
        ),
        class_name="relative",
    )
    return field(label, control, id=id, hint=hint, error=error)


def passkey_button(label: Text, purpose: str, **props: Any) -> Component:
    """A button that assets/passkeys.js shows where the browser knows passkeys, and answers."""
    return button(icon("key"), label, kind="outline", size="l", hidden=True, data_passkey=purpose, **props)


def divider() -> Component:
    """The word between two ways of which one is enough."""
    return el.div(
        el.span(class_name="h-px grow bg-line"),
        el.span(_("or")),
        el.span(class_name="h-px grow bg-line"),
        class_name="flex items-center gap-3 text-sm text-ink-3",
    )
