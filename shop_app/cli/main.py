"""The group that all commands belong to.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import click

from ..core.version import VERSION
from . import backup, books, database, letters, people, products, reviews, server, staff

COMMANDS = (
    database.migrate,
    database.seed,
    database.setup,
    products.import_products,
    products.export_products,
    staff.create_staff,
    reviews.reviews,
    books.check_books,
    books.reconcile,
    people.export_person,
    people.erase,
    letters.letter,
    backup.backup,
    backup.restore,
    server.doctor,
    server.serve,
    server.work,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
def main() -> None:
    """The shop's command line. Settings come from the environment or `.env`."""


for command in COMMANDS:
    main.add_command(command)
