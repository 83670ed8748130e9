"""What brings the first values of the back office's States to its pages (`web/back_office_states.py`)."""

from __future__ import annotations

import reflex as rx
from reflex_base.utils.imports import ImportVar

from ..kit import Component, fragment, is_html


class _BackOfficeStates(rx.Fragment):
    def add_imports(self) -> dict[str, ImportVar]:
        return {"$/utils/back-office": ImportVar(tag=None, install=False)}


def back_office_states(page: Component) -> Component:
    """The page, with the import."""
    return page if is_html() else fragment(_BackOfficeStates.create(), page)
