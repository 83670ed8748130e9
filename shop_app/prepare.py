"""What has to be done before a process serves: its language, the schema, base data, the demo, the token.

Of several servers that start at once on one database one does it, and the others wait and find it done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from shop_app.core.settings import settings

_data_folder: list[Any] = []
"""The lock of the data folder that `reflex run` holds until it ends."""


def begin_reflex_run() -> None:
    """Begin `reflex run` as `serve` begins: look, take the data folder, prepare the database. Once."""
    from shop_app.core import own_files, starting
    from shop_app.core.cant_start import CantStart

    if _data_folder:
        return
    own_files.make_private()
    try:
        starting.look(settings())
        _data_folder.append(starting.take_data_folder(settings()))
        speak()
        prepare_database()
    except CantStart as cant:
        cant.end()


def speak() -> None:
    """Take the shop's language from its row, for the texts of this process and of those that it starts.

    Before anything with texts is imported; a database without the row has the setting's.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from shop_app.core import db

    with suppress(SQLAlchemyError), db.engine().connect() as connection:
        if locale := connection.execute(text("SELECT locale FROM shop_profile")).scalar():
            os.environ["SHOP_LOCALE"] = locale
            settings.cache_clear()


def know_shop() -> None:
    """Read the shop's row into this process, for what is built at the import of the application."""
    from shop_app.core import db
    from shop_app.services.shop import profile

    db.read_here(profile.load)


def prepare_database() -> None:
    """Bring the schema to the newest, and fill an empty database with the demo catalogue."""
    from shop_app.core import migrate

    with migrate.one_at_a_time():
        _bring_up_to_date()
        _fill_demo()


def bring_up_to_date() -> tuple[str | None, str]:
    """Migrate, lay the base data, and project what a new schema needs; the revisions before and after."""
    from shop_app.core import migrate

    with migrate.one_at_a_time():
        return _bring_up_to_date()


def fill_demo() -> None:
    """In demo mode, fill an empty database with the demo shop, and say so."""
    from shop_app.core import migrate

    with migrate.one_at_a_time():
        _fill_demo()


def set_up_token() -> str | None:
    """A new token for who opens the shop, which counts alone from now on; None where it is open."""
    from shop_app.core import db, migrate
    from shop_app.services.opening import token

    with migrate.one_at_a_time(), db.transaction() as session:
        return token.renew(session)


def _bring_up_to_date() -> tuple[str | None, str]:
    from shop_app.core import db, migrate
    from shop_app.services.opening import base_data
    from shop_app.services.search import listing_index
    from shop_app.services.shop import profile

    revisions = migrate.migrate()
    with db.transaction() as session:
        base_data.lay(session)
        if settings().mode != "demo":
            profile.open_existing(session)
    last = None
    while last != 0:
        with db.transaction() as session:
            last = listing_index.complete(session, after=last or 0)
    know_shop()
    return revisions


def _fill_demo() -> None:
    if settings().mode != "demo":
        return
    from shop_app.core import db
    from shop_app.demo import identity, load

    loaded = load.fill()
    # A demo from before shops had a row.
    with db.transaction() as session:
        identity.open_shop(session)
    if loaded:
        print(
            f"Loaded the demo: {loaded.products} products, {loaded.reviews} reviews, {loaded.orders} orders."
        )
