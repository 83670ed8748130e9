"""What the pages of the settings share: whether one may change them, hidden fields, the error of a group."""

from __future__ import annotations

from typing import Any

from shop_app.components.kit import Component, contains, el, of, text, when
from shop_app.state.admin.shell import BackOffice

SETTINGS = "/admin/settings"
NEEDS = "settings.view"


def may_edit() -> Any:
    """Whether the reader may change settings."""
    return contains(of(BackOffice).rights, "settings.edit")


def hidden(name: str, value: Any) -> Component:
    return el.input(type="hidden", name=name, value=text(value))


def error_line(sentence: Any) -> Component:
    return when(sentence != "", el.p(sentence, class_name="mt-2 text-sm text-coral", role="alert"))
