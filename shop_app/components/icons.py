"""Icons, each one path on a ground of 24 by 24, drawn in the colour of the text around it."""

from __future__ import annotations

from . import styles
from .icon_paths import PATHS
from .kit import Component, el, kept


@kept
def icon(name: str, class_name: str = styles.ICON) -> Component:
    """An icon says nothing by itself: its button or link carries the name."""
    return el.svg(el.path(d=PATHS[name]), view_box="0 0 24 24", class_name=class_name, aria_hidden="true")
