"""Colours by their names, for values of a colour facet that come without a swatch of their own."""

from __future__ import annotations

from . import words

FACETS = frozenset({"colour", "color"})
_PLAIN = {
    "amber": "#cf8f45",
    "anthracite": "#383e42",
    "ash": "#d8c7ab",
    "beech": "#d9b48a",
    "beige": "#d9c9ae",
    "birch": "#e3cfa9",
    "black": "#1f1f1f",
    "blue": "#3e5f94",
    "brass": "#b8924f",
    "bronze": "#8c6a43",
    "brown": "#6f4e37",
    "burgundy": "#6d2333",
    "chalk": "#eee8de",
    "charcoal": "#45413d",
    "cherry": "#8a3324",
    "chrome": "#c4c8cb",
    "clay": "#d57f61",
    "clear": "#e9f1ee",
    "copper": "#b87347",
    "coral": "#e07a5f",
    "cream": "#f3ead7",
    "fog": "#c9cdd0",
    "gold": "#c9a24b",
    "graphite": "#4b4d50",
    "gray": "#8d8f92",
    "green": "#5d7f52",
    "grey": "#8d8f92",
    "indigo": "#3a4576",
    "ink": "#3f4b5e",
    "ivory": "#f5efdf",
    "khaki": "#9b8f67",
    "lavender": "#b6a9cc",
    "lilac": "#bfa6c9",
    "maple": "#dcb583",
    "mint": "#a9cfb6",
    "moss": "#71804f",
    "mustard": "#cfa02f",
    "natural": "#dccbb0",
    "navy": "#26344f",
    "oak": "#d5ae7f",
    "oat": "#e0d0b8",
    "ochre": "#dd9f55",
    "olive": "#7b7a45",
    "orange": "#d9803a",
    "peach": "#efb798",
    "pine": "#e0bf8a",
    "pink": "#dea4a4",
    "plum": "#6d3f5b",
    "purple": "#74508a",
    "red": "#b13a32",
    "rose": "#d9a5a0",
    "rust": "#b8573a",
    "sage": "#b4bda0",
    "sand": "#d8c3a0",
    "sea": "#7fb0a6",
    "silver": "#b9bdc1",
    "slate": "#77818a",
    "smoke": "#8d8f92",
    "steel": "#9aa1a6",
    "stone": "#b5aea3",
    "taupe": "#8f8073",
    "teal": "#3d7d7a",
    "terracotta": "#c2694a",
    "turquoise": "#58aeb0",
    "violet": "#6f5a96",
    "walnut": "#7a5440",
    "white": "#fafafa",
    "yellow": "#e4c04d",
}
_UNKNOWN = "#d9cfc3"


def swatch(facet: str, label: str, own: str) -> str:
    """The colour that is shown beside a value, as #rrggbb: its own, else that of its name's last known word.

    Every value of a colour facet has one; a value of another facet has none.

    >>> swatch("colour", "Dark navy", ""), swatch("colour", "Mirage", ""), swatch("size", "Sand", "")
    ('#26344f', '#d9cfc3', '')
    """
    if facet not in FACETS:
        return ""
    known = (_PLAIN[word] for word in reversed(words.of(label)) if word in _PLAIN)
    return own or next(known, _UNKNOWN)
