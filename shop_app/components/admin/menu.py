"""The navigation of the back office: which of its pages have an entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..kit import Text


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page's entry in the navigation of the back office.

    label  what the entry is called
    icon   a name of `components/icon_paths.py`
    keys   what opens it, one after the other, such as "g o"
    count  the name of a count of open work (`services/desk/counts.py`), "" for none
    foot   whether it stands at the foot, away from daily work
    """

    label: Text
    icon: str
    keys: str = ""
    count: str = ""
    foot: bool = False


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """An item with the address of its page, and the permission that the page needs."""

    item: MenuItem
    href: str
    needs: str


_entries: list[MenuEntry] = []


def offer(entries: Iterable[MenuEntry]) -> None:
    """Say which entries there are, in their order; called once, by the composition root, before pages are
    made."""
    _entries[:] = entries


def entries(*, foot: bool) -> list[MenuEntry]:
    """Those of the navigation's foot, or the others."""
    return [entry for entry in _entries if entry.item.foot == foot]
