"""Races of edits and pages: once an edit is answered, no page shows what was before it, on both databases."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.models import Product, Review, ReviewStatus
from shop_app.pages import home, listing, product
from shop_app.services.catalog import commands, reviews
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.search import index_cache, listing_index
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.shells import read_build
from tests.factories import make_basics, make_product, variant_with

pytestmark = pytest.mark.both

READERS = 6
ROUNDS = 300 if os.environ.get("SHOP_TESTS_LONG") == "1" else 12
SHELL = "<!DOCTYPE html><html><head></head><body></body></html>"
PATHS = ("/", "/products", "/products?category=lighting", "/products?q=number", "/products/lamp")


@dataclass(slots=True)
class Edits:
    """The edits of one kind, one after another; `shown` is what a page shows after each."""

    edit: Callable[[Session, int], object]
    shown: Callable[[int], str]
    pattern: str
    """What a page shows of this kind."""
    pages: tuple[str, ...] = ()
    """The pages that are looked at; () for all."""
    started: int = 0
    answered: int = 0
    wrong: list[str] = field(default_factory=list)

    def read(self, path: str, html: str) -> set[str]:
        return set(re.findall(self.pattern, html)) if path in (self.pages or PATHS) else set()

    def allowed(self, answered: int) -> set[str]:
        return {self.shown(number) for number in range(answered, self.started + 1)}


def _product(session: Session) -> Product:
    return session.exec(select(Product).where(Product.slug == "lamp")).one()


def _saved(session: Session, **changes: Any) -> None:
    draft, version = commands.draft_of(session, "lamp")
    commands.save(session, "lamp", replace(draft, **changes), version=version, actor="t")


def _priced(session: Session, number: int) -> None:
    commands.set_prices(session, {"LAMP": (10_000 + number, None)}, actor="t")


def _counted(session: Session, number: int) -> None:
    key = variant_with(session, "LAMP").id or 0
    inventory_commands.set_on_hand(session, key, 1 + number % 3, reason="t")


def _reviewed(session: Session, number: int) -> None:
    key = _product(session).id or 0
    session.add(Review(product_id=key, author_name=f"N{number}", stars=5, status=ReviewStatus.PUBLISHED))
    reviews.refresh(session, [key])


def _kinds() -> dict[str, Edits]:
    return {
        "price": Edits(_priced, lambda number: f"€{(10_000 + number) / 100:.2f}", r"€1\d\d\.\d\d"),
        "title": Edits(
            lambda session, number: _saved(session, title=f"Lamp number {number} end", subtitle=""),
            lambda number: f"number {number} end",
            r"number \d+ end",
        ),
        "stock": Edits(_counted, lambda number: f"Only {1 + number % 3} left", r"Only \d+ left"),
        "reviews": Edits(_reviewed, lambda number: f"{number} reviews", r"\b\d+ reviews\b"),
        "category": Edits(
            lambda session, number: _saved(session, category="table" if number % 2 else "lighting"),
            lambda number: "Table" if number % 2 else "Lighting",
            # In the product's crumbs, as machines read them.
            r'"name": ?"(Table|Lighting)"',
            pages=("/products/lamp",),
        ),
    }


@pytest.fixture
def app(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Documents:
    monkeypatch.setenv("SHOP_LOAD_TEST", "1")
    # Counts, and the bounds of prices beside them, may be a second old where renewing them takes long.
    monkeypatch.setattr(index_cache, "AT_ONCE_S", 60)
    with db.transaction() as session:
        make_basics(session)
        lamp = make_product(
            session, "Lamp number 0 end", slug="lamp", sku="LAMP", price_minor=10_000, stock=1
        )
        other = make_product(session, "Bowl", category="Table", price_minor=500)
        listing_index.refresh(session, [lamp.id or 0, other.id or 0])
        _counted(session, 0)
        for _review in range(2):
            _reviewed(session, 0)
    (tmp_path / "__spa-fallback.html").write_text(SHELL)
    build = read_build(tmp_path)
    assert build
    pages = (home.PAGE, listing.PAGE, product.PAGE)
    routes = [DocumentRoute(page.route, page.serve, page.shared) for page in pages]
    return Documents(Starlette(), build=build, routes=routes)


async def _get(app: Documents, address: str) -> str:
    path, _mark, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"shop.test"), (b"cookie", b"shop_visitor=" + b"a" * 43)],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, None, send)  # pyright: ignore[reportArgumentType]
    assert sent[0]["status"] == 200, sent
    return sent[1]["body"].decode()


def test_no_page_shows_what_was_before_an_answered_edit(engine: Engine, app: Documents):
    kinds, done = _kinds(), threading.Event()
    kinds["reviews"].started = kinds["reviews"].answered = 2
    tries, one_edit_at_a_time = [0] * READERS, threading.Lock()
    seen: dict[str, set[str]] = {name: set() for name in kinds}

    def edit(name: str) -> None:
        kind = kinds[name]
        for _round in range(ROUNDS):
            with one_edit_at_a_time:
                kind.started += 1
                if name == "stock":
                    asyncio.run(db.write(kind.edit, kind.started))
                else:
                    with db.transaction() as session:
                        kind.edit(session, kind.started)
                kind.answered = kind.started

    def read(number: int) -> None:
        with asyncio.Runner() as runner:
            while not done.is_set():
                path, before = PATHS[tries[number] % len(PATHS)], {n: k.answered for n, k in kinds.items()}
                html = runner.run(_get(app, path))
                tries[number] += 1
                for name, kind in kinds.items():
                    found = kind.read(path, html)
                    seen[name] |= found
                    if len(found) > 1 or found - kind.allowed(before[name]):
                        kind.wrong.append(f"{path} shows {found} after {kind.shown(before[name])}")

    with ThreadPoolExecutor(READERS + len(kinds)) as pool:
        readers = [pool.submit(read, number) for number in range(READERS)]
        try:
            for editor in [pool.submit(edit, name) for name in kinds]:
                editor.result()
        finally:
            done.set()
        for reader in readers:
            reader.result()

    assert {name: kind.wrong for name, kind in kinds.items() if kind.wrong} == {}
    assert all(len(values) > 1 for values in seen.values()), seen
    assert sum(tries) > 100
