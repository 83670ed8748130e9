"""The words of one letter; all else in it comes from the order, where it is about one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of letter says, as its templates show it."""

    subject: str
    headline: str
    paragraphs: list[str]
    code: str = ""
    """What the letter brings: large, and easy to copy."""
    rows: list[tuple[str, str]] = field(default_factory=list)
    """What the shopper needs at hand, such as where to transfer the money to."""
    items_title: str = ""
    items: list[str] = field(default_factory=list)
    """The part of the order that it is about, "2 × Dune Mug, Moss"; the whole order then stays out."""
    after: list[str] = field(default_factory=list)
    """What follows, below the rows and items."""
    button: str = ""
    link: str = ""
    """Where the button leads, where that isn't the order's page."""
    why: str = ""
    """Why someone gets it, where that isn't an order."""
