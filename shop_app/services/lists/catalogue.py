"""The lists that this process has, by name and by address; the composition root offers them."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import NotFound
from ...core.i18n import _
from .spec import ListSpec

_by_name: dict[str, ListSpec] = {}


def offer(specs: Iterable[ListSpec]) -> None:
    """Have these lists, and no others any more."""
    _by_name.clear()
    _by_name.update((spec.name, spec) for spec in specs)


def named(name: str) -> ListSpec:
    """Errors  NotFound for a list that there isn't."""
    if name not in _by_name:
        raise NotFound(_("There is no list of that name."))
    return _by_name[name]


def at(path: str) -> ListSpec:
    """The list whose page has this path.

    Errors  NotFound.
    """
    path = path.rstrip("/")
    for spec in _by_name.values():
        if spec.address == path:
            return spec
    raise NotFound(_("There is no list at this address."))


def everything() -> tuple[ListSpec, ...]:
    return tuple(_by_name.values())
