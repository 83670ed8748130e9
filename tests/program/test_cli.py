"""The command line: what it prints, its exit codes, and no traceback for anything a person can type."""

from __future__ import annotations

import json
import subprocess
import sys
from email import message_from_bytes, policy

import pytest
from click.testing import CliRunner, Result
from sqlmodel import func, select

from shop_app.cli.main import main
from shop_app.core import db
from shop_app.core.settings import ROOT
from shop_app.core.version import VERSION
from shop_app.models import Product, Review, Staff
from tests.factories import add, make_product
from tests.prepared import put_demo_into_place

COMMANDS = (
    "migrate",
    "seed",
    "import-products",
    "export-products",
    "create-staff",
    "reviews",
    "check-books",
    "reconcile",
    "letter",
    "doctor",
    "serve",
    "work",
    "setup",
    "backup",
    "restore",
)


@pytest.fixture
def demo() -> None:
    put_demo_into_place()


def run(*args: str, **kwargs) -> Result:
    result = CliRunner().invoke(main, list(args), **kwargs)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), (
        result.exception
    )
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = run(command, "--help")
    assert (result.exit_code, result.output.startswith(f"Usage: main {command}")) == (0, True)


def test_the_version_is_that_of_pyproject():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"{VERSION}\n")
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()


def test_migrate_says_what_it_did_and_twice_is_once():
    first, second = run("migrate"), run("migrate")
    assert first.output.startswith("Migrated from empty to ")
    assert second.output.startswith("The database is at ")
    assert (first.exit_code, second.exit_code) == (0, 0)


@pytest.mark.parametrize(
    "args",
    [
        ("seed",),
        ("import-products", __file__),
        ("export-products", "x.csv"),
        ("check-books",),
        ("reconcile",),
        ("create-staff", "a@example.com", "--role", "owner"),
    ],
    ids=lambda args: args[0],
)
def test_a_command_that_needs_the_schema_says_so(args):
    result = run(*args)
    assert result.exit_code == 1
    assert (
        result.stderr == "The database isn't at the newest schema. Run `python -m shop_app migrate` first.\n"
    )


def test_seed_loads_the_demo_once(engine):
    assert "Loaded the demo: 51 products, " in run("setup").stdout
    assert run("seed").stdout == "There is a catalogue here already; nothing was added.\n"
    assert run("seed", "--scale", "20").stdout == "20 generated products were added.\n"
    assert run("seed", "--scale", "20").stdout == "They are all here already.\n"
    assert run("check-books").exit_code == 0


def test_setup_leaves_a_database_alone_that_has_something(demo):
    assert run("setup").output == ""


def test_an_import_with_a_bad_row_ends_with_1_and_takes_the_rest(demo, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("Handle,Title,Variant Price\na,A,12\nb,B,twelve\n")
    dry = run("import-products", str(path), "--dry-run")
    assert dry.stdout == "Nothing was written. 1 new, 0 changed, 0 unchanged, 1 refused, 0 pictures.\n"
    result = run("import-products", str(path))
    assert result.stderr == "Line 3: Variant Price is twelve, which isn't an amount like 24.90.\n"
    assert result.stdout == "1 new, 0 changed, 0 unchanged, 1 refused, 0 pictures.\n"
    assert result.exit_code == 1
    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(Product)).one() == 52


def test_export_and_import_of_the_demo_change_nothing(demo, tmp_path):
    path = str(tmp_path / "out.csv")
    assert run("export-products", path).stdout == f"51 products were written to {path}.\n"
    result = run("import-products", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "0 new, 0 changed, 51 unchanged, 0 refused, 0 pictures.\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfeH\x00", "Line 1: the columns"),
        (b"PK\x03\x04", "This is an Excel workbook"),
    ],
)
def test_a_file_of_another_kind_is_one_sentence(engine, tmp_path, content, sentence):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    result = run("import-products", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_an_export_into_nowhere_is_one_sentence(engine, tmp_path):
    result = run("export-products", str(tmp_path / "no" / "such" / "folder.csv"))
    assert result.exit_code == 1
    assert result.stderr == "The file can't be written: No such file or directory.\n"


def test_create_staff_reads_the_password_from_the_environment(engine, monkeypatch):
    monkeypatch.setenv("SHOP_STAFF_PASSWORD", "a-long-password")
    assert (
        run("create-staff", "Boss@Example.com", "--role", "owner").stdout
        == "boss@example.com is now an owner.\n"
    )
    again = run("create-staff", "boss@example.com", "--role", "clerk")
    assert (again.exit_code, again.stderr) == (
        1,
        "There is a member of staff with this e-mail address already.\n",
    )
    with db.reading() as session:
        assert [(staff.email, staff.role) for staff in session.exec(select(Staff))] == [
            ("boss@example.com", "owner")
        ]


def test_create_staff_asks_twice_and_shows_nothing(engine):
    result = run(
        "create-staff", "a@example.com", "--role", "clerk", input="a-long-password\na-long-password\n"
    )
    assert result.exit_code == 0
    assert "a-long-password" not in result.output


@pytest.mark.parametrize(
    ("code", "args"),
    [
        (1, ("create-staff", "nobody", "--role", "owner")),
        (2, ("create-staff", "a@example.com", "--role", "king")),
        (2, ("create-staff", "a@example.com")),
        (2, ("seed", "--scale", "-1")),
        (2, ("seed", "--scale", "many")),
        (2, ("nonsense",)),
        (2, ("import-products", "/no/such/file.csv")),
    ],
)
def test_what_can_not_be_ends_with_a_code_and_a_sentence(engine, code, args, monkeypatch):
    monkeypatch.setenv("SHOP_STAFF_PASSWORD", "a-long-password")
    result = run(*args)
    assert result.exit_code == code
    assert result.stderr


def test_check_books_lists_what_is_wrong(demo):
    from sqlalchemy import text

    good = json.loads(run("check-books", "--json").stdout)
    assert (good["ok"], good["violations"]) == (True, [])
    with db.transaction() as session:
        session.connection().execute(
            text("UPDATE promotion_code SET used = used + 1 WHERE code = 'FREESHIP'")
        )
    result = run("check-books")
    assert result.exit_code == 1
    assert result.stdout.startswith("FREESHIP: ")
    wrong = json.loads(run("check-books", "--json").stdout)
    assert [violation["rule"] for violation in wrong["violations"]] == ["code-used"]


def test_doctor_says_what_is_missing(engine):
    result = run("doctor")
    assert result.exit_code == 0
    assert f"ok       release:           {VERSION}\n" in result.output
    assert (
        "missing  payments:          STRIPE_SECRET_KEY is not set; the built-in sandbox takes the cards"
        in result.output
    )
    assert "missing  products:          none yet" in result.output
    days = "days:              of the zone Europe/Berlin (by SHOP_COUNTRY), with the public holidays of DE"
    assert days in result.output


def test_doctor_finds_a_database_without_its_schema():
    result = run("doctor")
    assert (result.exit_code, "fails    database" in result.output) == (1, True)


def test_a_wrong_setting_is_one_sentence_and_no_traceback():
    completed = subprocess.run(
        [sys.executable, "-m", "shop_app", "migrate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "PORT": "eighty"},
        check=False,
    )
    assert completed.returncode == 3
    assert completed.stderr.startswith("The setting PORT can't be used: ")
    assert completed.stderr.count("\n") == 1


def test_help_needs_neither_database_nor_reflex():
    heavy = ("reflex", "sqlalchemy", "stripe", "PIL")
    code = f"import sys, shop_app.cli.main; sys.exit(any(n.split('.')[0] in {heavy} for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_reviews_are_listed_published_and_hidden(engine):
    with db.transaction() as session:
        product = make_product(session)
        words = {"author_name": "Marta L.", "title": "Quiet", "body": "It stands.\nIt glows."}
        id = add(session, Review(product_id=product.id or 0, stars=4, **words)).id
    assert run("reviews", "list").stdout.splitlines()[1:] == ["    Quiet", "    It stands.", "    It glows."]
    assert run("reviews", "publish", str(id)).stdout == f"Review {id} is published.\n"
    assert run("reviews", "publish", str(id)).stdout == f"Review {id} was published already.\n"
    assert run("reviews", "list").stdout == "No pending reviews.\n"
    assert f"{id}  Fable Lamp, 4 of 5, Marta L., " in run("reviews", "list", "--status", "published").stdout
    assert run("reviews", "hide", str(id)).stdout == f"Review {id} is hidden.\n"
    with db.reading() as session:
        assert session.get_one(Product, product.id).review_count == 0
    unknown = run("reviews", "hide", "999")
    assert (unknown.exit_code, unknown.stderr) == (1, "There is no such review.\n")


@pytest.mark.usefixtures("demo")
def test_a_letter_is_shown_as_it_would_read(tmp_path):
    shown = run("letter", "cart_reminder")
    assert (shown.exit_code, shown.output.split("\n")[0]) == (0, "Subject: Your cart is still there")
    out = tmp_path / "letter.eml"
    assert run("letter", "order_paid", "--order", "1001", "--out", str(out)).exit_code == 0
    message = message_from_bytes(out.read_bytes(), policy=policy.default)
    assert message["Subject"].startswith("Order 1001")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("nothing",), "There is no such letter. There are: "),
        (("order_paid", "--order", "999999999"), "There is no order with this number."),
        (("order_paid", "--order", "-1"), "Usage: "),
    ],
)
def test_a_letter_that_there_is_not_is_refused_with_a_sentence(args, sentence):
    result = run("letter", *args)
    assert result.exit_code != 0
    assert result.output.startswith(sentence)
