"""Shared views: what a query answers is kept until a fact empties it, for the documents of all visitors and
for the States of all tabs.

Only for queries whose answer is the same for everybody, that say what they depend on (`fact_cache.depends`),
and whose views nobody changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlmodel import Session

from . import db
from .fact_cache import FactCache

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Session, P], T]

MOST_VIEWS = 500
"""Of a list or a product, each some 30 to 70 KB."""

views: FactCache[object] = FactCache(MOST_VIEWS, lambda _view: 1)


async def read(query: Query[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The view that a query answers with, the kept one where there is one: like `db.read`.

    Errors  as `db.read`; refusals aren't kept.
    """
    key = _key(query, args, kwargs)
    view = views.find(key)
    if view is None:
        view = await db.on_thread(partial(views.get, key, partial(db.read_here, query, *args, **kwargs)))
    return view  # pyright: ignore[reportReturnType]


def read_here(query: Query[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for threads. Not inside of a session: the view has to see what is committed by now."""
    return views.get(_key(query, args, kwargs), partial(db.read_here, query, *args, **kwargs))  # pyright: ignore


def _key(query: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> Hashable:
    return db.engine(), query, args, tuple(sorted(kwargs.items()))
