"""The command line: `python -m shop_app COMMAND`. A refusal is one sentence on stderr and exit code 1.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from .core.errors import ShopError

NEEDS_MIGRATION = "The database isn't at the newest schema. Run `python -m shop_app migrate` first."


class Command(click.Command):
    """A command whose refusals are sentences: a traceback here is a bug."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ShopError as refusal:
            _stop(refusal.message)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)


class Commands(click.Group):
    command_class = Command


def _stop(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)


def _needs_schema(command: Callable[..., Any]) -> Callable[..., Any]:
    """Have the command end with one sentence while the database lacks the newest schema."""

    @wraps(command)
    def checked(*args: Any, **kwargs: Any) -> Any:
        from .core import db, migrate

        with db.reading() as session:
            if migrate.current(session.connection()) != migrate.newest():
                _stop(NEEDS_MIGRATION)
        return command(*args, **kwargs)

    return checked


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """The shop's command line. Settings come from the environment or `.env`."""


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from . import models  # noqa: F401
    from .core.migrate import migrate as run

    before, after = run()
    click.echo(
        f"The database is at {after} already."
        if before == after
        else f"Migrated from {before or 'empty'} to {after}."
    )


@main.command()
@click.option(
    "--scale", type=click.IntRange(0, 2_000_000), default=0, metavar="N", help="Also generate N products."
)
@click.option(
    "--seed",
    "seed_",
    type=int,
    default=7,
    show_default=True,
    metavar="S",
    help="The same S gives the same shop.",
)
@_needs_schema
def seed(scale: int, seed_: int) -> None:
    """Load the demo catalogue with two years of orders; with --scale, a generated catalogue beside it."""
    from .demo import load

    if loaded := load.fill(seed=seed_):
        click.echo(
            f"{loaded.products} products with {loaded.variants} variants, {loaded.reviews} reviews,"
            f" {loaded.orders} orders, {loaded.customers} customers."
        )
    elif not scale:
        click.echo("There is a catalogue here already; nothing was added.")
    if scale:
        from .demo import scale as generated

        with _progress(scale, "Products") as bar:
            added = generated.grow(scale, seed=seed_, progress=bar.update)
        click.echo(f"{added} generated products were added." if added else "They are all here already.")


@main.command("import-products")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--no-pictures", is_flag=True, help="Leave the addresses of pictures alone.")
@_needs_schema
def import_products(file: Path, dry_run: bool, no_pictures: bool) -> None:
    """Import Shopify's product CSV: products by handle, variants by SKU.

    Rows that can't be taken are reported with their line and the reason, and the others go in. The
    exit code is 1 when there was one.
    """
    from .services.product_files import csv_import

    with _progress(csv_import.count_rows(file), "Rows") as bar:
        report = csv_import.import_file(file, dry_run=dry_run, pictures=not no_pictures, progress=bar.update)
    for problem in report.problems:
        click.echo(str(problem), err=True)
    click.echo(("Nothing was written. " if dry_run else "") + report.summary)
    if any(not problem.warning for problem in report.problems):
        sys.exit(1)


@main.command("export-products")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@_needs_schema
def export_products(file: Path) -> None:
    """Write all products as Shopify's product CSV; importing it again changes nothing."""
    from .core import db
    from .services.product_files import csv_export

    with db.reading() as session:
        total = csv_export.count_products(session)
        with _progress(total, "Products") as bar:
            written = csv_export.export_file(session, file, progress=bar.update)
    click.echo(f"{written} products were written to {file}.")


@main.command("create-staff")
@click.argument("email")
@click.option("--role", type=click.Choice(["owner", "manager", "clerk"]), required=True)
@click.option("--name", default="", help="How colleagues see them.")
@_needs_schema
def create_staff(email: str, role: str, name: str) -> None:
    """Make a member of staff. The password is asked for, or read from SHOP_STAFF_PASSWORD."""
    from .core import db
    from .services.accounts import sessions
    from .services.accounts.passwords import hash_password

    sessions.clean_email(email)
    password = os.environ.get("SHOP_STAFF_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    hashed = hash_password(password)
    with db.transaction() as session:
        person = sessions.create_staff(session, email, hashed, role, name=name, actor="command line")
    click.echo(f"{person.email} is now {'an' if role == 'owner' else 'a'} {role}.")


@main.command("check-books")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@_needs_schema
def check_books(as_json: bool) -> None:
    """Prove that orders, payments, refunds, stock and discounts add up; list what doesn't."""
    from .core import db
    from .services.books import check as books

    with db.reading() as session:
        result = books.check(session)
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=1, ensure_ascii=False))
    else:
        for violation in result.violations:
            click.echo(violation.sentence)
        click.echo(result.summary)
    sys.exit(1 if result.violations else 0)


@main.command()
@_needs_schema
def reconcile() -> None:
    """Compare open and recent payments with the payment company and settle what was missed."""
    from .worker import jobs

    lines = jobs.reconcile(say=click.echo)
    click.echo("Everything agrees." if not lines else f"{len(lines)} settled or to look at.")


@main.command()
def doctor() -> None:
    """Say what is configured, what is missing, and what would fail."""
    from . import check_up

    findings = check_up.examine()
    for finding in findings:
        click.echo(f"{finding.mark:8} {finding.subject}: {finding.text}")
    sys.exit(1 if any(finding.mark == "fails" for finding in findings) else 0)


@main.command()
def setup() -> None:
    """Migrate, and load the demo when the database is empty."""
    migrate_to_newest()
    seed_if_empty()


@main.command()
def serve() -> None:
    """Serve shop, back office and webhooks on one port."""
    from . import serve as server

    server.run()


def migrate_to_newest() -> None:
    """Bring the database to the newest schema; says so when there was something to do."""
    from . import models  # noqa: F401
    from .core.migrate import migrate as run

    before, after = run()
    if before != after:
        click.echo(f"The database is now at {after}.")


def seed_if_empty() -> None:
    """In demo mode, fill an empty database with the demo shop."""
    from .core.settings import settings

    if settings().mode != "demo":
        return
    from .demo import load

    if loaded := load.fill():
        click.echo(
            f"Loaded the demo: {loaded.products} products, {loaded.reviews} reviews, {loaded.orders} orders."
        )


def _progress(length: int, label: str) -> Any:
    # Without a terminal there is nobody to watch, and nothing of it in a log.
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
