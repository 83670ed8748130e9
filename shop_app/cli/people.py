"""Commands for whoever asks the shop about their own data: a file with all of it, and its erasure."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from .command import Command, needs_schema


@click.command("export-person", cls=Command)
@click.argument("email")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@needs_schema
def export_person(email: str, file: Path) -> None:
    """Write everything that the shop keeps about the person of EMAIL into FILE, a ZIP of JSON and CSV.

    Make sure first that it is their own address: the file has orders and addresses in it.
    """
    from ..core import db
    from ..core.errors import Conflict
    from ..core.i18n import _
    from ..services.personal import archive, person
    from ..services.staff import audit

    if file.exists():
        raise Conflict(_("{path} is there already; choose another name.").format(path=file))
    with db.transaction() as session:
        found = person.of_email(session, email)
        audit.record(session, "command line", "person.exported", "person", found.emails[0])
    with db.reading() as session:
        archive.write(session, found, file)
    click.echo(f"Everything about {found.emails[0]} is in {file}.")


@click.command(cls=Command)
@click.argument("email")
@click.option("--yes", is_flag=True, help="Don't ask.")
@needs_schema
def erase(email: str, yes: bool) -> None:
    """Erase the person of EMAIL: account, address, letters and what was written about them.

    Invoices stay with name and address for as long as the law asks. Nothing is erased while an order of
    theirs is under way. It can't be taken back.
    """
    from ..services.personal import person
    from ..workflows import erase_person

    if not yes:
        click.confirm(f"Erase everything about {email}? It can't be taken back.", abort=True)
    orders = erase_person.erase(partial(person.of_email, typed=email), by="command line")
    click.echo(f"{email} is erased. Orders of theirs: {orders:,}; invoices stay.")
