"""The frame of the pages before the back office: the sign-in and what belongs to it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.shell import Shell

from .. import styles
from ..badges import note
from ..controls import button, here_link
from ..kit import Component, Text, el, fragment, of, when
from ..layout import connection_banner
from . import look


def entrance(title: Text, *body: Any, problem: Text = "", done: Text = "", foot: Any = None) -> Component:
    """One narrow column: the shop's name, the heading, what went wrong or was done, and `body`."""
    return el.div(
        here_link(_("Skip to content"), href="#main", class_name=styles.SKIP, data_skip="true"),
        el.main(
            el.p(of(Shell).shop.name, class_name="mb-8 font-serif text-[26px] leading-8"),
            el.h1(title, class_name=look.TITLE, tab_index=-1),
            el.div(
                when(problem, note(problem, kind="bad", role="alert", data_testid="login-problem")),
                when(done, note(done, kind="good", role="status", data_testid="login-done")),
                el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_passkey_says="true"),
                class_name="mt-4 grid gap-3 *:mb-0! empty:hidden",
            ),
            *body,
            fragment() if foot is None else el.div(foot, class_name="mt-6 text-sm text-ink-2"),
            id="main",
            tab_index=-1,
            class_name="mx-auto w-full max-w-[400px] px-4 py-12 outline-none md:py-[12vh]",
        ),
        connection_banner(),
        class_name="min-h-dvh bg-paper text-md text-ink",
        data_ready=when(of(rx.State).is_hydrated, "true", "false"),
    )


def passkey_button(label: Text, purpose: str, **props: Any) -> Component:
    """A button that assets/passkeys.js shows where the browser knows passkeys, and answers."""
    return button(label, kind="outline", hidden=True, data_passkey=purpose, **props)
