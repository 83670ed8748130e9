"""The page for an address where nothing is, as a placeholder."""

import reflex as rx


def page() -> rx.Component:
    return rx.el.main(
        rx.el.h1("This shelf is bare", class_name="font-serif text-d2"),
        rx.el.a("Go to the shop", href="/"),
        class_name="mx-auto max-w-page px-gutter pt-section",
        custom_attrs={"data-ready": "true"},
    )
