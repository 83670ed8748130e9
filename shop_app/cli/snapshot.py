"""The whole shop in one file, and back.

The rows are those of one moment. A picture is stored before its row is there and is never removed, so all the
pictures of that moment are there afterwards. Both databases write and read the same format.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from .. import prepare
from ..core import db, live_hosts, migrate
from ..core.clock import now
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.version import VERSION
from ..models import Erasure, Picture, table_of
from ..providers.storage import draft, storage
from ..services.bulk_jobs import runs
from ..services.catalog import pictures
from ..services.personal import digests
from ..services.personal.digests import Entry
from ..workflows import erase_person
from . import archive, tables
from .archive import Manifest, PicturePart, Reader
from .command import progress

PICTURES_AT_ONCE = 8
"""Fetched side by side; few enough for the copies of a bucket's pictures to stay until they are read."""
_PICTURE = re.compile(r"originals/[0-9a-f]{24}\.(jpg|png)")


@dataclass(frozen=True, slots=True)
class Taken:
    """What is in a backup: how many rows and pictures; `missing` pictures have a row and no file."""

    rows: int
    pictures: int
    missing: int


def take(file: Path) -> Taken:
    """Write the shop as it is at this moment into a new file; shows progress.

    Errors  Conflict where there is such a file; Invalid where it can't be written; ProviderDown.
    """
    started_at = now()
    with _failures_said(file), archive.written(file) as writer:
        with db.reading() as session:
            connection = session.connection()
            tables.without_limits(connection)
            manifest = _manifest(connection)
            there = tables.tables_of(connection)
            with progress(tables.count(connection, there), "Rows") as bar:
                for table in there:
                    with writer.part(f"tables/{table.name}.jsonl", compressed=True) as part:
                        manifest.tables.append(tables.write(connection, table, part, bar.update))
            keys = _picture_keys(session)
        missing = _write_pictures(writer, manifest, keys)
        writer.finish(manifest)
    _note(started_at)
    return Taken(manifest.rows, len(manifest.pictures), missing)


def put_back(file: Path, *, force: bool) -> Restored:
    """Restore a backup into an empty database, or with `force` in place of all that is there; shows progress.

    Errors  Invalid for a file that is damaged, no backup, or of a newer version; Conflict where the database
            isn't empty, doesn't answer, or the shop runs on it; ProviderDown. No row is changed then.
    """
    with _failures_said(file), archive.opened(file) as reader:
        _refuse_other_versions(reader.manifest)
        _refuse_while_selling()
        with db.engine().connect() as connection:
            _refuse_what_is_there(connection, force)
        with progress(reader.bytes, "Checking") as bar:
            for read_bytes in reader.verify():
                bar.update(read_bytes)
        erased = _known_as_erased()
        # First: without their rows they do no harm.
        _put_pictures(reader)
        _restore_rows(reader, force)
        manifest = reader.manifest
    # The search index, and what else a start makes; where this is cut off, the next start does it.
    prepare.bring_up_to_date()
    again = erase_person.erase_again(erased, datetime.fromisoformat(manifest.made_at))
    return Restored(manifest.rows, len(manifest.pictures), manifest.made_at, again)


@dataclass(frozen=True, slots=True)
class Restored:
    rows: int
    pictures: int
    made_at: str
    """When the backup was written, ISO 8601."""
    erased_again: int = 0
    """People whose data was erased after that, and is again."""


def _note(started_at: datetime) -> None:
    """Write down that a backup was made, which is whole without it: of an earlier schema, or a database that
    can only be read."""
    took_ms = int((now() - started_at).total_seconds() * 1000)
    with suppress(SQLAlchemyError, db.Unavailable):
        with db.reading() as session:
            is_known = migrate.suits(session.connection())
        if is_known:
            with db.transaction() as session:
                runs.note_backup(session, started_at, took_ms)


def _known_as_erased() -> list[Entry]:
    """Whom the database that is replaced, and the list beside it, know as erased."""
    with db.reading() as session:
        there = inspect(session.connection()).has_table(table_of(Erasure).name)
        return [*erase_person.known(), *(digests.listed(session) if there else [])]


@contextmanager
def _failures_said(file: Path) -> Iterator[None]:
    """What files and the database can't do, as refusals."""
    try:
        yield
    except OSError as error:
        # A backup has another name until it is whole.
        is_draft = error.filename is not None and Path(error.filename).parent == file.parent
        name = error.filename if error.filename is not None and not is_draft else file
        raise Invalid(f"{name}: {error.strerror or error}.") from error
    except (SQLAlchemyError, psycopg.Error, migrate.Orphans) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise Conflict(_("The database says: {reason}").format(reason=reason)) from error


def _manifest(connection: Connection) -> Manifest:
    revision = migrate.current(connection)
    assert revision
    release = migrate.release_of(connection) or VERSION
    return Manifest(revision, now().isoformat(timespec="seconds"), release)


def _picture_keys(session: Session) -> list[str]:
    """Of all pictures but those that the shop itself brings along."""
    keys = session.exec(select(Picture.key).order_by(col(Picture.id))).all()
    return [key for key in keys if key not in pictures.shipped()]


def _write_pictures(writer: archive.Writer, manifest: Manifest, keys: Sequence[str]) -> int:
    """Write the originals, which all sizes are made of; returns how many aren't in the storage."""
    stored = {name.rpartition("/")[2].partition(".")[0]: name for name in storage().names(pictures.ORIGINALS)}
    names = [stored[key] for key in keys if key in stored]
    with ThreadPoolExecutor(PICTURES_AT_ONCE) as pool, progress(len(names), "Pictures") as bar:
        for start in range(0, len(names), PICTURES_AT_ONCE):
            some = names[start : start + PICTURES_AT_ONCE]
            for name, path in zip(some, pool.map(storage().fetch, some), strict=True):
                if path is None:
                    continue
                content = path.read_bytes()
                with writer.part(f"media/{name}", compressed=False) as part:
                    part.write(content)
                manifest.pictures.append(PicturePart(name, len(content), part.digest))
            bar.update(len(some))
    return len(keys) - len(manifest.pictures)


def _refuse_other_versions(manifest: Manifest) -> None:
    if not migrate.knows(manifest.revision):
        sentence = _("The backup is of release {release} of the shop, which is newer; install that first.")
        raise Invalid(sentence.format(release=manifest.release or "?"))
    if not all(_PICTURE.fullmatch(picture.name) for picture in manifest.pictures):
        raise Invalid(_("The backup is of another version of the shop."))


def _refuse_while_selling() -> None:
    selling = live_hosts.any_live()
    if db.engine().dialect.name == "sqlite":
        try:
            # SQLite leaves this mode for a connection that is alone, and it comes back with the next one.
            with db.engine().connect() as connection:
                driver = connection.connection.driver_connection
                assert driver
                selling = driver.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete"
        except sqlite3.OperationalError:
            selling = True
        db.engine().dispose()
    if selling:
        raise Conflict(_("The shop is running on this database. Stop it first."))


def _refuse_what_is_there(connection: Connection, force: bool) -> None:
    if not force and not tables.is_empty(connection):
        raise Conflict(_("The database isn't empty. --force replaces all that is in it."))


def _restore_rows(reader: Reader, force: bool) -> None:
    """All of them in one transaction."""
    manifest = reader.manifest
    with migrate.schema_transaction() as connection:
        _refuse_what_is_there(connection, force)
        tables.drop_all(connection)
        migrate.upgrade(connection, manifest.revision)
        with progress(manifest.rows, "Rows") as bar:
            tables.load(connection, manifest.tables, reader.lines, bar.update)
        migrate.upgrade(connection)


def _put_pictures(reader: Reader) -> None:
    def put(picture: PicturePart) -> None:
        with draft(storage()) as path:
            reader.copy(picture, path)
            storage().put(picture.name, path)

    there = set(storage().names(pictures.ORIGINALS))
    missing = [picture for picture in reader.manifest.pictures if picture.name not in there]
    with ThreadPoolExecutor(PICTURES_AT_ONCE) as pool, progress(len(missing), "Pictures") as bar:
        for _done in pool.map(put, missing):
            bar.update(1)
