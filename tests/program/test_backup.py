"""Backup and restore: the shop of one moment, whole or not at all, out of either database and into either."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import delete, insert, inspect, select, text

from shop_app import prepare
from shop_app.cli import archive, tables
from shop_app.cli.main import main
from shop_app.core import db, live_hosts, migrate
from shop_app.core.clock import now
from shop_app.core.settings import ROOT, settings
from shop_app.core.version import VERSION
from shop_app.models import Counter, Picture, table_of
from shop_app.services.catalog import pictures
from shop_app.services.search import queries
from shop_app.services.staff import audit
from tests import postgres, racing
from tests.factories import make_basics, make_customer, make_product
from tests.migrating import FORMER, to
from tests.prepared import put_demo_into_place

Enter = Callable[..., None]


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(args))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


@pytest.fixture
def enter(configure, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Enter]:
    """Go to another machine with an empty database: enter("two", "postgres")."""
    names: list[str] = []

    def go(folder: str, kind: str = "sqlite") -> None:
        if db.engine.cache_info().currsize:
            db.engine().dispose()
        url = ""
        if kind == "postgres":
            server = request.getfixturevalue("postgres_server")
            names.append(f"b{abs(hash(f'{tmp_path}{folder}')) % 10**12}")
            postgres.execute(server, f"CREATE DATABASE {names[-1]}")
            url = server.format(database=names[-1])
        configure(SHOP_DATA_DIR=str(tmp_path / folder), SHOP_DATABASE_URL=url)

    yield go
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    for name in names:
        postgres.execute(
            request.getfixturevalue("postgres_server"), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        )


@pytest.fixture
def shop(enter: Enter, _sqlite_template: Path) -> str:
    """A small shop on SQLite; the key of its picture."""
    enter("shop")
    settings().data_dir.mkdir()
    shutil.copyfile(_sqlite_template, settings().data_dir / "shop.db")
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Dune Mug", sku="MUG")
        audit.record(session, "staff:ada@example.com", "product.add", "product", "dune-mug")
    prepare.bring_up_to_date()
    return add_picture()


def add_picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (700, 500), "#a04020").save(out, "PNG")
    with db.transaction() as session:
        return pictures.keep(session, pictures.take_in(out.getvalue()), "lamp.png").key


def everything() -> dict[str, list[str]]:
    """All rows of all tables as text, but what says that the search index was made anew."""
    with db.reading() as session:
        return {
            table.name: sorted(
                json.dumps([_plain(value) for value in row], sort_keys=True)
                for row in session.connection().execute(select(table))
            )
            for table in tables.all_tables()
            if table.name != "listing_change"
        }


def _plain(value: Any) -> Any:
    return value if isinstance(value, (dict, list, str, int, float, bool, type(None))) else value.isoformat()


def found(words: str) -> list[int]:
    with db.reading() as session:
        return sorted(queries.find(session, words).product_ids)


def row_count(table: str) -> int:
    with db.reading() as session:
        return session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


@pytest.mark.timeout(400)
def test_a_whole_shop_moves_to_postgresql_and_back(enter: Enter, tmp_path: Path):
    enter("demo")
    put_demo_into_place()
    key = add_picture()
    before, lamps = everything(), found("lamp")
    assert len(lamps) > 1
    original = (settings().data_dir / "media" / f"originals/{key}.jpg").read_bytes()
    file = tmp_path / "shop.backup"
    code, said = run("backup", str(file))
    assert (code, "and 1 pictures were written" in said) == (0, True)
    for kind in ("postgres", "sqlite"):
        enter(kind, kind)
        code, said = run("restore", str(file))
        assert (code, "check-books" in said) == (0, True), said
        assert everything() == before
        assert found("lamp") == lamps
        assert (settings().data_dir / "media" / f"originals/{key}.jpg").read_bytes() == original
        with db.reading() as session:
            assert migrate.current(session.connection()) == migrate.newest()
        if kind == "postgres":
            file = tmp_path / "grown.backup"
            assert run("backup", str(file))[0] == 0
    assert run("check-books")[0] == 0


def test_a_restored_postgresql_gives_out_no_id_twice(enter: Enter, tmp_path: Path):
    enter("one", "postgres")
    migrate.migrate()
    picture = table_of(Picture)

    def add() -> int:
        values = {"key": os.urandom(12).hex(), "source": "", "width": 1, "height": 1, "colour": "#000000"}
        with db.transaction() as session:
            statement = insert(picture).values(**values, created_at=now())
            return session.connection().execute(statement.returning(picture.c.id)).scalar_one()

    first, second = add(), add()
    with db.transaction() as session:
        session.connection().execute(delete(picture).where(picture.c.id == second))
    run("backup", str(tmp_path / "shop.backup"))
    enter("two", "postgres")
    assert run("restore", str(tmp_path / "shop.backup"))[0] == 0
    assert row_count("picture") == 1
    assert add() > second > first


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_backup_while_buyers_place_orders_is_of_one_moment(kind: str, enter: Enter, tmp_path: Path):
    enter("shop", kind)
    migrate.migrate()
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Dune Mug", sku="MUG", stock=100_000)
    buyers = [f"buyer {number}" for number in range(400)]
    racing.fill_many({buyer: {"MUG": 1} for buyer in buyers})
    waiting, begun, over = iter(buyers), threading.Event(), threading.Event()

    def sell() -> None:
        for buyer in waiting:
            racing.place(buyer)
            begun.set()
            if over.is_set():
                return

    seller = threading.Thread(target=sell)
    seller.start()
    assert begun.wait(30)
    orders_before = racing.count("customer_order")
    code, said = run("backup", str(tmp_path / "shop.backup"))
    assert code == 0, said
    orders_after = racing.count("customer_order")
    over.set()
    seller.join()
    assert orders_before < orders_after < len(buyers)
    enter("restored", kind)
    assert run("restore", str(tmp_path / "shop.backup"))[0] == 0
    assert orders_before <= racing.count("customer_order") <= orders_after
    code, said = run("check-books")
    assert code == 0, said


def test_a_backup_is_its_owner_s_alone_and_takes_no_file_s_place(shop: str, tmp_path: Path):
    file = tmp_path / "shop.backup"
    run("backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    code, said = run("backup", str(file))
    assert (code, said) == (1, f"{file} is there already; choose another name.\n")
    assert file.read_bytes() == before
    code, said = run("backup", str(tmp_path / "nowhere" / "shop.backup"))
    assert (code, "No such file or directory." in said) == (1, True)


KILLED = """
import os, signal, sys
from shop_app.cli import snapshot
from shop_app.cli.main import main

where, _, name = sys.argv.pop(1).rpartition(".")
module = getattr(snapshot, where) if where else snapshot
whole = getattr(module, name)

def and_die(*args):
    whole(*args)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, name, and_die)
main()
"""


def killed(at: str, *args: str) -> None:
    """Run a command in a process that dies where that function of `snapshot` would return."""
    process = subprocess.run([sys.executable, "-c", KILLED, at, *args], cwd=ROOT, capture_output=True)
    assert process.returncode == -9, process.stderr


def test_a_backup_that_is_killed_leaves_nothing_that_looks_whole(shop: str, enter: Enter, tmp_path: Path):
    file = tmp_path / "backups" / "shop.backup"
    file.parent.mkdir()
    killed("_write_pictures", "backup", str(file))
    assert not file.exists()
    (unfinished,) = file.parent.iterdir()
    assert unfinished.name.startswith(".")
    enter("two")
    assert run("restore", str(unfinished)) == (1, DAMAGED)
    assert not (settings().data_dir / "shop.db").exists() or not tables_there()


def test_a_restore_that_is_killed_changes_nothing(shop: str, enter: Enter, tmp_path: Path):
    run("backup", str(tmp_path / "shop.backup"))
    with db.transaction() as session:
        session.connection().execute(text("UPDATE shop_profile SET name = 'Still here'"))
    before = everything()
    db.engine().dispose()
    killed("tables.load", "restore", "--force", str(tmp_path / "shop.backup"))
    assert everything() == before
    enter("two")
    killed("tables.load", "restore", str(tmp_path / "shop.backup"))
    assert tables_there() == []
    assert run("restore", str(tmp_path / "shop.backup"))[0] == 0


def tables_there() -> list[str]:
    with db.engine().connect() as connection:
        return inspect(connection).get_table_names()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_there_is_replaced_by_force_alone(shop: str, enter: Enter, tmp_path: Path, kind: str):
    file, wanted = str(tmp_path / "shop.backup"), everything()
    run("backup", file)
    enter("other", kind)
    migrate.migrate()
    with db.transaction() as session:
        session.add(Counter(name="one too many", value=5))
    before = everything()
    code, said = run("restore", file)
    assert (code, said) == (1, "The database isn't empty. --force replaces all that is in it.\n")
    assert everything() == before
    assert run("restore", "--force", file)[0] == 0
    assert everything() == wanted
    # The audit lasts here too.
    with pytest.raises(Exception, match="audit"), db.transaction() as session:
        session.connection().execute(text("DELETE FROM audit_entry"))


def test_nothing_is_restored_under_a_running_shop(shop: str, enter: Enter, tmp_path: Path):
    file = str(tmp_path / "shop.backup")
    run("backup", file)
    refused = (1, "The shop is running on this database. Stop it first.\n")
    with db.make_engine(settings().sqlalchemy_url).connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        db.engine().dispose()
        assert run("restore", "--force", file) == refused
    enter("two", "postgres")
    live_hosts.claim()
    try:
        assert run("restore", file) == refused
    finally:
        live_hosts.resign()
    assert run("restore", file)[0] == 0


DAMAGED = "The file is no whole backup of a shop: it is damaged, cut off, or something else.\n"
OTHER_VERSION = "The backup is of another version of the shop.\n"
NEWER = "The backup is of release 9.9.9 of the shop, which is newer; install that first.\n"


def _rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)


def _manifest_with(**changed: Any) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | changed).encode() if name == archive.MANIFEST else content

    return change


def _elsewhere(name: str, content: bytes) -> bytes:
    return content.replace(b"originals/", b"../originals/") if name == archive.MANIFEST else content


CHANGES: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "a row": (lambda name, old: old[:-2] + b" \n" if name == "tables/picture.jsonl" else old, DAMAGED),
    "a table away": (lambda name, old: None if name == "tables/variant.jsonl" else old, DAMAGED),
    "a picture": (lambda name, old: old[:-1] if name.startswith("media/") else old, DAMAGED),
    "no manifest": (lambda name, old: None if name == archive.MANIFEST else old, DAMAGED),
    "a manifest of nothing": (lambda name, old: b"[]" if name == archive.MANIFEST else old, DAMAGED),
    "a manifest with more": (_manifest_with(colour="red"), DAMAGED),
    "another format": (_manifest_with(format=2), OTHER_VERSION),
    "a newer schema": (_manifest_with(revision="9999", release="9.9.9"), NEWER),
    "an older schema": (_manifest_with(revision="0001"), OTHER_VERSION),
    "a picture elsewhere": (_elsewhere, OTHER_VERSION),
}


@pytest.fixture
def backup_of_shop(shop: str, tmp_path: Path) -> Path:
    run("backup", str(tmp_path / "shop.backup"))
    return tmp_path / "shop.backup"


def test_a_file_that_is_no_whole_backup_is_refused_and_changes_nothing(
    backup_of_shop: Path, enter: Enter, tmp_path: Path
):
    before = everything()
    files = tmp_path.glob("shop/media/**/*.*")
    media_before = sorted(path.name for path in files)
    size = backup_of_shop.stat().st_size
    bad = tmp_path / "bad.backup"
    for content in (b"", b"PK", b"x" * 5000, backup_of_shop.read_bytes()[: size - 1], b"x" * size):
        bad.write_bytes(content)
        assert run("restore", "--force", str(bad)) == (1, DAMAGED)
    flipped = bytearray(backup_of_shop.read_bytes())
    flipped[size // 2] ^= 0xFF
    bad.write_bytes(flipped)
    assert run("restore", "--force", str(bad)) == (1, DAMAGED)
    for what, (change, sentence) in CHANGES.items():
        _rewritten(backup_of_shop, bad, change)
        assert run("restore", "--force", str(bad)) == (1, sentence), what
    assert everything() == before
    assert sorted(path.name for path in tmp_path.glob("shop/media/**/*.*")) == media_before


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_backup_is_brought_up_to_the_newest_schema(kind: str, enter: Enter, tmp_path: Path):
    # By hand, as a shop of that time would have written it.
    file = tmp_path / "old.backup"
    columns = {"id": "plain", "slug": "plain", "title": "plain", "parent_id": "plain"}
    columns |= {"description": "plain", "picture_alt": "plain", "position": "plain"}
    with archive.written(file) as writer:
        manifest = archive.Manifest("0018", "2026-01-01T00:00:00+00:00")
        with writer.part("tables/category.jsonl", compressed=True) as part:
            # The child first: the rows refer to each other in any order.
            part.write(b'[2,"lamps","Lamps",1,"","",0]\n[1,"light","Light",null,"","",0]\n')
        manifest.tables.append(archive.TablePart("category", columns, 2, None, part.digest))
        writer.finish(manifest)
    enter("new", kind)
    code, said = run("restore", str(file))
    assert code == 0, said
    with db.reading() as session:
        rows = session.connection().execute(text("SELECT id, slug, version FROM category ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [(1, "light", 1), (2, "lamps", 1)]
        assert migrate.current(session.connection()) == migrate.newest()


def test_before_an_update_a_backup_is_of_what_is_there(enter: Enter, tmp_path: Path):
    enter("old", "postgres")
    migrate.migrate()
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Dune Mug", sku="MUG")
        make_customer(session, "ada@example.com", "Ada")
    with migrate.schema_transaction() as connection:
        # A column that this release knows nothing of.
        connection.execute(text("ALTER TABLE variant ADD COLUMN went_at TIMESTAMP"))
    to(db.engine(), FORMER)
    file = str(tmp_path / "old.backup")
    assert run("backup", file)[0] == 0
    with archive.opened(Path(file)) as reader:
        assert (reader.manifest.revision, reader.manifest.release) == (FORMER, VERSION)
        columns = {part.name: part.columns for part in reader.manifest.tables}
        assert (columns["variant"]["went_at"], "locale" in columns["customer"]) == ("moment", False)
    with migrate.schema_transaction() as connection:
        connection.execute(text("ALTER TABLE variant DROP COLUMN went_at"))
    run("backup", str(tmp_path / "same.backup"))
    prepare.bring_up_to_date()
    wanted = everything()
    enter("new")
    code, said = run("restore", str(tmp_path / "same.backup"))
    assert code == 0, said
    assert everything() == wanted


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_that_refer_to_nothing_are_refused(kind: str, enter: Enter, tmp_path: Path):
    file = tmp_path / "orphans.backup"
    with archive.written(file) as writer:
        manifest = archive.Manifest(migrate.newest(), "2026-01-01T00:00:00+00:00")
        with writer.part("tables/product_tag.jsonl", compressed=True) as part:
            part.write(b"[77,88]\n")
        columns = {"product_id": "plain", "tag_id": "plain"}
        manifest.tables.append(archive.TablePart("product_tag", columns, 1, None, part.digest))
        writer.finish(manifest)
    enter("new", kind)
    code, said = run("restore", str(file))
    assert (code, said.startswith("The database says: ")) == (1, True), said
    assert tables_there() == []


def test_without_a_database_a_restore_is_one_sentence(shop: str, configure, tmp_path: Path):
    run("backup", str(tmp_path / "shop.backup"))
    db.engine().dispose()
    configure(SHOP_DATABASE_URL=f"postgresql://shop@/shop?host={tmp_path}", SHOP_START_WAIT_SECONDS="0")
    code, said = run("restore", str(tmp_path / "shop.backup"))
    assert (code, said.startswith("PostgreSQL at /"), said.count("\n")) == (6, True, 1), said


def test_every_kind_of_value_is_known():
    kinds = {tables.kind_of(column) for table in tables.all_tables() for column in table.columns}
    assert kinds == tables.KINDS.keys()


def test_who_was_erased_since_the_backup_is_erased_again(enter: Enter, shop: str, tmp_path: Path):
    file = tmp_path / "shop.backup"
    with db.transaction() as session:
        make_customer(session, "canary@example.com", "Canary Person")
        make_customer(session, "stays@example.com", "Somebody else")
    assert run("backup", str(file))[0] == 0
    assert run("erase", "canary@example.com", "--yes")[0] == 0
    code, said = run("restore", str(file), "--force")
    assert (code, "1 people who were erased since then are erased again." in said) == (0, True)
    assert "canary" not in json.dumps(everything()).lower()
    assert "stays@example.com" in json.dumps(everything())
    # On another machine the list comes along as a file, with the key that it was made with.
    for name in ("erased.jsonl", "secret_key"):
        (tmp_path / "two").mkdir(exist_ok=True)
        shutil.copyfile(settings().data_dir / name, tmp_path / "two" / name)
    enter("two")
    assert run("restore", str(file))[0] == 0
    assert "canary" not in json.dumps(everything()).lower()
