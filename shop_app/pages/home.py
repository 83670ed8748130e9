"""The home page, as a placeholder."""

import reflex as rx

from ..state.base import Notice


def page() -> rx.Component:
    return rx.el.main(
        rx.el.h1("Shop", class_name="font-serif text-d2"),
        rx.el.p(Notice.text, role="status", class_name="text-ink-2"),
        rx.el.button(
            "Close", on_click=Notice.dismiss, class_name="bg-green text-on-green focus-ring rounded-r2 px-5"
        ),
        class_name="mx-auto max-w-page px-gutter pt-section z-overlay",
        custom_attrs={"data-ready": rx.cond(rx.State.is_hydrated, "true", "false")},
    )
