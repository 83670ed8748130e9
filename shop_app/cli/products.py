"""Commands for products: in and out as Shopify's CSV."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .command import Command, needs_schema, progress


@click.command("import-products", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--no-pictures", is_flag=True, help="Leave the addresses of pictures alone.")
@click.option("--locale", default="", help="Whose amounts the file has where they don't tell: en, de, fr-CH.")
@click.option("--encoding", default="", help="What the file's characters are in, where it is taken wrongly.")
@needs_schema
def import_products(file: Path, dry_run: bool, no_pictures: bool, locale: str, encoding: str) -> None:
    """Import Shopify's product CSV, with its present or older columns: products by handle, variants by SKU.

    Rows that can't be taken are reported with their line and the reason, and the others go in. The
    exit code is 1 when there was one.
    """
    from ..services.product_files import csv_file, csv_import

    with progress(csv_file.count_lines(file), "Rows") as bar:
        report = csv_import.import_file(
            file,
            dry_run=dry_run,
            pictures=not no_pictures,
            locale=locale,
            encoding=encoding,
            progress=bar.update,
        )
    for note in report.notes:
        click.echo(note)
    for problem in report.problems:
        click.echo(str(problem), err=True)
    click.echo(("Nothing was written. " if dry_run else "") + report.summary)
    if any(not problem.warning for problem in report.problems):
        sys.exit(1)


@click.command("export-products", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@needs_schema
def export_products(file: Path) -> None:
    """Write all products as Shopify's product CSV; importing it again changes nothing."""
    from ..core import db
    from ..services.product_files import csv_export

    with db.reading() as session:
        total = csv_export.count_products(session)
        with progress(total, "Products") as bar:
            written = csv_export.export_file(session, file, progress=bar.update)
    click.echo(f"{written} products were written to {file}.")
