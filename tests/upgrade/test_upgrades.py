"""Shops of earlier releases, brought to this one: nothing is lost, the books are right, and they sell on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from shop_app import prepare
from shop_app.core import db, migrate
from shop_app.core.settings import ROOT, settings
from shop_app.core.version import VERSION
from shop_app.models import Order
from shop_app.providers.payments import registry
from shop_app.providers.payments.manual import MANUAL
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.workflows import pay
from tests import postgres
from tests.conftest import forget_caches
from tests.factories import key_hash
from tests.selling import LATER
from tests.upgrade import dumps

SOMEBODY = key_hash("somebody new")
HEADING = re.compile(r"^## (.+?)(?: - \d{4}-\d\d-\d\d)?$", re.M)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The shop's own engine on a database with nothing in it."""
    if request.param == "sqlite":
        settings().data_dir.mkdir()
        yield db.engine()
        return
    server = request.getfixturevalue("postgres_server")
    name = f"u{abs(hash(request.node.nodeid)) % 10**12}"
    postgres.execute(server, f"CREATE DATABASE {name}")
    monkeypatch.setenv("SHOP_DATABASE_URL", server.format(database=name))
    forget_caches()
    yield db.engine()
    db.engine().dispose()
    postgres.execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("name", dumps.names())
def test_a_shop_of_this_release_comes_to_the_newest_schema(empty: Engine, name: str):
    dumps.bring_back(empty, name)
    about = dumps.about(name)
    assert dumps.figures_of(empty, about["figures"]) == about["figures"], "the dump is what its JSON says"
    assert prepare.bring_up_to_date() == (about["revision"], migrate.newest())
    assert dumps.figures_of(empty, about["figures"]) == about["figures"]
    with db.reading() as session:
        assert books.check(session).violations == ()
        orders = _count(session)
        released_by = migrate.release_of(session.connection())
    assert (orders, released_by) == (about["figures"]["customer_order"]["rows"], VERSION)
    # And it sells on.
    registry.offer([MANUAL])
    with db.transaction() as session:
        cart_commands.add(session, SOMEBODY, "DUNE-MUG", 2)
        total_minor = checkout.save(session, SOMEBODY, LATER).total_minor
    asyncio.run(pay.pay(SOMEBODY, LATER, total_minor))
    with db.reading() as session:
        assert (_count(session), books.check(session).violations) == (orders + 1, ())


def _count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Order)).one()


def test_every_release_has_its_dump_and_none_is_forgotten():
    """Where this fails: `python -m tests.upgrade.make`, as docs/releasing.md says."""
    newest, *_others = HEADING.findall((ROOT / "CHANGELOG.md").read_text())
    if newest == "Unreleased":
        newest = _others[0]
    else:
        assert dumps.about(VERSION)["revision"] == migrate.newest(), "a release's dump is of its schema"
    assert newest == VERSION, "the newest release of CHANGELOG.md is the version in pyproject.toml"
    assert VERSION in dumps.names()


def test_what_was_released_stays_as_it_is():
    """Migrations of a release are in others' databases: a change of one is a new migration."""
    now = dumps.digests()
    for name in dumps.names():
        released = dumps.about(name).get("migrations", {})
        changed = {file for file, digest in released.items() if now.get(file) != digest}
        assert not changed, f"{changed} went out with {name}"


def test_dumps_stay_small():
    large = {path.name for path in dumps.DUMPS.iterdir() if path.stat().st_size > 150_000}
    assert large == set()
