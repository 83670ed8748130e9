"""Commands that write the whole shop into one file, and bring it back: database and pictures."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, needs_a_schema


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@needs_a_schema
def backup(file: Path) -> None:
    """Write database and pictures as they are at this moment into FILE, while the shop sells.

    Before an update too: a database that waits to be migrated is written as it is.

    The file has orders and addresses in it: it is readable by you alone. Not in it: the settings with their
    keys, the sandbox's books, letters that were written to files.
    """
    from . import snapshot

    taken = snapshot.take(file)
    click.echo(f"{taken.rows:,} rows and {taken.pictures:,} pictures were written to {file}.")
    if taken.missing:
        click.echo(f"{taken.missing:,} pictures are in the catalogue and not in the storage.", err=True)


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace all that is in the database.")
def restore(file: Path, force: bool) -> None:
    """Bring database and pictures back from FILE, into an empty database, of either kind.

    A backup of an earlier version is brought up to the newest schema. Where anything is wrong with the file,
    nothing is changed.

    Whom the shop has erased since then is erased again: `erased.jsonl` in the data folder has the list, which
    has to be brought along to another machine.
    """
    from . import snapshot

    restored = snapshot.put_back(file, force=force)
    click.echo(
        f"{restored.rows:,} rows and {restored.pictures:,} pictures of {restored.made_at} are back."
        " `python -m shop_app check-books` proves them."
    )
    if restored.erased_again:
        click.echo(f"{restored.erased_again:,} people who were erased since then are erased again.")
